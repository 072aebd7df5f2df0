"""What a stranger's clone must be: no trace of the machine it was made on, locks that hold, documents that tell the truth."""

import hashlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import springback

REPOSITORY = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
LEAN_PINS = {  # the versions of LEAN's own image: a model trained under them loads there
    "dask": "2025.7.0",
    "exchange-calendars": "4.11.1",
    "lightgbm": "4.6.0",
    "numba": "0.61.2",
    "numpy": "1.26.4",
    "optuna": "4.6.0",
    "pandas": "2.3.3",
    "pyarrow": "19.0.1",
    "scikit-learn": "1.6.1",
    "scipy": "1.13.1",
}
# Put together here, so that this file does not name what it forbids.
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry.npm" + "js",
    "registry.yarn" + "pkg",
    "deb" + "ian.org",
    "conda." + "anaconda",
]
MACHINE_PATHS = [f"/{top}/" for top in ("root", "work", "home", "Users")]


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(REPOSITORY), *arguments], capture_output=True, check=False)


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Every file that git keeps and that stands in the work tree."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout: what is tracked cannot be told")
    listed = git("ls-files", "-z")
    if listed.returncode:
        pytest.skip(f"git ls-files failed: {listed.stderr.decode().strip()}")
    files = [REPOSITORY / name for name in listed.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file()]


def read_pins(lock: str) -> dict[str, tuple[str, list[str]]]:
    """`{name: (version, hashes)}` of a lock file; a line that is not a plain pin fails."""
    text = (REPOSITORY / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    pins = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        found = re.fullmatch(r"([a-z0-9._-]+)==([A-Za-z0-9.+!]+)((?:\s+--hash=sha256:[0-9a-f]{64})*)", line)
        assert found, f"{lock}: '{line[:80]}' is not 'name==version --hash=sha256:...'"
        pins[canonicalize_name(found[1])] = (found[2], found[3].split())
    return pins


def sightings(file: Path, pattern: re.Pattern[bytes]) -> list[str]:
    """Where `pattern` stands in `file`, as `path:line: text`."""
    content = file.read_bytes()
    lines = ((content.count(b"\n", 0, one.start()) + 1, one.group().decode(errors="replace")) for one in pattern.finditer(content))
    return [f"{file}:{line}: {text}" for line, text in lines]


def registry_pattern() -> re.Pattern[bytes]:
    return re.compile("|".join(map(re.escape, REGISTRIES)).encode(), re.IGNORECASE)


def machine_pattern() -> re.Pattern[bytes]:
    """An absolute path of a machine; not the tail of a relative path or of an address."""
    return re.compile(rb"(?<![\w.~$})/-])(?:" + "|".join(map(re.escape, MACHINE_PATHS)).encode() + rb")[\w.-]")


def test_no_file_names_a_registry(tracked: list[Path]) -> None:
    found = [sight for file in tracked for sight in sightings(file, registry_pattern())]
    assert not found, "\n".join(["", *found])


def test_no_file_names_a_path_of_one_machine(tracked: list[Path]) -> None:
    found = [sight for file in tracked for sight in sightings(file, machine_pattern())]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"see https://{REGISTRIES[0]}/simple", True),
        (f"open('{MACHINE_PATHS[1]}main/x')", True),
        (f"{MACHINE_PATHS[0]}.cache", True),
        (f"../{MACHINE_PATHS[1][1:]}main", False),
        (f"https://example.com{MACHINE_PATHS[1]}paper", False),
    ],
)
def test_the_search_can_fail(text: str, seen: bool, tmp_path: Path) -> None:
    planted = tmp_path / "planted.md"
    planted.write_text(text)
    assert bool(sightings(planted, registry_pattern()) + sightings(planted, machine_pattern())) is seen


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes_and_no_address(lock: str) -> None:
    assert "://" not in (REPOSITORY / lock).read_text(encoding="utf-8")
    bare = [name for name, (_, hashes) in read_pins(lock).items() if not hashes]
    assert not bare, f"{lock}: no hash for {', '.join(bare)}"


def test_the_locks_agree() -> None:
    """What runs is what is tested."""
    run, test = map(read_pins, LOCKS)
    assert {name: test.get(name) for name in run} == run


def test_the_lock_holds_the_versions_of_lean() -> None:
    pins = read_pins("requirements.lock")
    assert {name: pins[name][0] for name in LEAN_PINS} == LEAN_PINS


def test_the_locks_satisfy_the_package() -> None:
    """Each range of pyproject.toml has a pin inside it; so does what builds the package."""
    document = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    ranges = {
        "requirements.lock": [*document["build-system"]["requires"], *document["project"]["dependencies"]],
        "requirements-dev.lock": document["project"]["optional-dependencies"]["dev"],
    }
    for lock, lines in ranges.items():
        pins = read_pins(lock)
        for requirement in map(Requirement, lines):
            version = pins.get(canonicalize_name(requirement.name), ("absent", []))[0]
            assert version != "absent" and requirement.specifier.contains(version), f"{lock}: {requirement} against {version}"


def test_the_licence_is_apache_2() -> None:
    """The Apache Software Foundation's own text, to the byte."""
    digest = hashlib.sha256((REPOSITORY / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["license"] == "Apache-2.0"


def test_the_changelog_knows_this_version() -> None:
    assert re.search(
        rf"^## \[{re.escape(springback.__version__)}\]", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_every_make_command_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    pages = [page for page in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), REPOSITORY / ".ci" / "run"] if page.is_file()]
    for page in pages:
        for command in re.findall(r"(?:^|`|&& )make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert command in targets, f"{page.name} says 'make {command}', the Makefile has {', '.join(sorted(targets))}"


def test_the_readme_opens_with_the_two_commands_and_ci_runs_its_test() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^make run\b", readme, re.MULTILINE)
    assert re.search(r"^make test\b", readme, re.MULTILINE)
    assert re.search(r"^\s*make test\b", (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for page in [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), REPOSITORY / "models" / "README.md"]:
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert "://" in link or (page.parent / link).exists(), f"{page.name} links to {link}, which is not there"


@pytest.mark.parametrize("path", [".venv/bin/python", "runs/x/report.html", "store/manifest.json", "models/card.json", "models/a.pkl"])
def test_git_leaves_out_what_is_made(path: str) -> None:
    if git("rev-parse").returncode:
        pytest.skip("not a git checkout: what is ignored cannot be told")
    assert git("check-ignore", "--quiet", path).returncode == 0, f".gitignore does not cover {path}"
    assert git("check-ignore", "--quiet", "models/README.md").returncode == 1
