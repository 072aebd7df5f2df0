"""Installed from a wheel, in an empty folder: the package carries the LEAN project, lays it out and runs it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from springback.errors import InputError
from springback.lean import project as projects
from tests.lean import fakes
from tests.terminal import TINY

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "springback"
PROJECT = tuple(f"lean/{name}" for name in projects.FILES)
BUILT_FROM = ("src", *PROJECT, "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the wheel in it, as pip unpacks it."""
    work = tmp_path_factory.mktemp("wheel")
    made = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in BUILT_FROM:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, work / "source" / name, ignore=made)
        else:
            (work / "source" / name).parent.mkdir(exist_ok=True)
            shutil.copy(source, work / "source" / name)
    words = ["pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(work), "."]
    built = subprocess.run([sys.executable, "-m", *words], cwd=work / "source", capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = work.glob("springback-*.whl")
    zipfile.ZipFile(wheel).extractall(work / "site")
    return work / "site"


@pytest.mark.slow
def test_a_wheel_in_an_empty_folder_runs_the_algorithm_it_carries(installed: Path, shop: Path, tmp_path: Path) -> None:
    work = tmp_path / "empty"
    work.mkdir()
    fakes.executable(tmp_path / "bin" / "dotnet", fakes.STANDIN_ENGINE)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(installed),
        "PYTHONNET_PYDLL": "libpython3.11.so",
        "FAKE_REPOSITORY": str(REPOSITORY),
        "FAKE_STORE": str(shop / "store"),
    }

    def python(*words: object) -> str:
        command = [sys.executable, *(str(word) for word in words)]
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert python("-c", "import springback; print(springback.__file__)").startswith(str(installed))
    words = ["lean", "backtest", "--store", shop / "store", "--models-dir", shop / "models", "--launcher", fakes.checkout(tmp_path), *TINY]
    said = python("-m", "springback", *words)
    assert "the LEAN project is laid out" in said and "runs/lean/report.html" in said
    assert (work / "lean" / "ml_mean_reversion_main.py").read_bytes() == (REPOSITORY / "lean" / "ml_mean_reversion_main.py").read_bytes()
    assert (work / "lean" / "lean.json").is_file() and (work / "lean" / "requirements.txt").is_file()
    assert "laid out" not in python("-m", "springback", *words, "--dry-run")


def test_a_project_is_laid_out_once_and_renewed_until_it_is_changed(tmp_path: Path) -> None:
    project = tmp_path / "lean"
    (project / "data").mkdir(parents=True)  # an export came first
    assert projects.lay_project(project, PACKAGE) and not projects.lay_project(project, PACKAGE)
    newer = tmp_path / "newer" / "springback"
    shutil.copytree(REPOSITORY / "lean", newer / projects.CARRIED, ignore=lambda _, names: [n for n in names if n not in projects.FILES])
    algorithm = newer / projects.CARRIED / "ml_mean_reversion_main.py"
    algorithm.write_text(algorithm.read_text() + "# newer\n")
    assert projects.lay_project(project, newer)
    assert (project / "ml_mean_reversion_main.py").read_text().endswith("# newer\n")
    (project / "ml_mean_reversion_main.py").write_text("mine")
    assert not projects.lay_project(project, PACKAGE)
    assert (project / "ml_mean_reversion_main.py").read_text() == "mine"


def test_the_project_of_a_checkout_is_left_alone(project: Path) -> None:
    before = sorted(project.iterdir())
    assert not projects.lay_project(project, PACKAGE)
    assert sorted(project.iterdir()) == before


def test_a_folder_of_other_programs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("mine")
    with pytest.raises(InputError, match="give --project"):
        projects.lay_project(tmp_path, PACKAGE)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["main.py"]
