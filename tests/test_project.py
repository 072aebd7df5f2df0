"""The working folder: its project file, its runs, and what is there and what is missing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from springback.errors import SettingsError
from springback.forecasting.archive import Archive
from springback.project import FILE, Paths, project, template
from springback.settings import flat, load
from springback.workflow.settings import Settings
from tests.terminal import COMMAND, TINY, done, springback

KNOBS = """
[demo]
names = 40
start = "2018-01-02"
end = "2020-12-31"
[backtest]
start = 2020-01-01
end = 2020-12-31
[training]
trees = 20
"""
PLACES = '[paths]\nstore = "data/market"\nmodels = "shelf"\nruns = "history"\nledger = "count.sqlite"\n'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project file, in which `springback run` ended well; what it said is in said.txt."""
    folder = tmp_path_factory.mktemp("project")
    (folder / FILE).write_text(PLACES + KNOBS)
    (folder / "said.txt").write_text(done(springback(folder, "run")).stdout)
    return folder


def test_every_place_is_the_projects_and_nothing_lies_elsewhere(home: Path) -> None:
    assert (home / "data" / "market" / "manifest.json").is_file()
    assert (home / "shelf" / "card.json").is_file()
    assert (home / "history" / "latest" / "report.html").is_file()
    assert (home / "count.sqlite").is_file()
    assert {path.name for path in home.iterdir()} == {"data", "shelf", "history", "count.sqlite", FILE, "said.txt"}


def test_the_first_line_and_the_record_name_the_project(home: Path) -> None:
    assert (home / "said.txt").read_text().startswith(f"project: {FILE}\n")
    summary = json.loads((home / "history" / "latest" / "summary.json").read_text())
    assert FILE in summary["command"]
    assert (summary["settings"]["training.trees"], summary["settings"]["demo.names"]) == (20, 40)
    assert json.loads(done(springback(home, "ledger", "--json")).stdout)["project"] == FILE


def test_defaults_give_way_to_the_project_it_to_settings_and_they_to_set(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[strategy]\nslots = 7\nprobability = 0.7\nqpi_low = 7\n")
    (tmp_path / "more.toml").write_text("[strategy]\nslots = 8\nprobability = 0.8\n")
    here = project(tmp_path)
    found = load(Settings, [(str(here.file), here.knobs), tmp_path / "more.toml"], ["strategy.slots=9"]).strategy
    assert (found.slots, found.probability, found.qpi_low, found.qpi_high) == (9, 0.8, 7, 85)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[strategy]\nslots = 0\n", "strategy.slots must be at least 1, was 0"),
        ("[strategy]\nslotz = 3\n", "did you mean 'strategy.slots'?"),
        ("[paths]\nstor = 'x'\n", "did you mean 'paths.store'?"),
        ("[paths]\nstore = ''\n", "paths.store must name a folder, was empty"),
        ("[paths]\nstore = 3\n", "paths.store"),
        ("slots = 3\n", "outside any table"),
        ("[strategy\n", "is not TOML"),
    ],
)
def test_a_wrong_project_file_is_one_line_that_names_it(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text)
    told = springback(tmp_path, "backtest")
    assert told.returncode == 2 and told.stderr.count("\n") == 1
    assert FILE in told.stderr and said in told.stderr, told.stderr


def test_init_writes_a_file_that_changes_nothing_until_a_line_is_set_free(tmp_path: Path) -> None:
    done(springback(tmp_path, "init"))
    here = project(tmp_path)
    at_home = Paths(*(str(tmp_path / name) for name in ("store", "models", "runs", "downloads")))
    assert here.paths == at_home and load(Settings, [(str(here.file), here.knobs)]) == Settings()
    text = (tmp_path / FILE).read_text()
    free = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.split("\n"))
    (tmp_path / FILE).write_text(free)
    here = project(tmp_path)
    assert here.paths == at_home and flat(load(Settings, [(str(here.file), here.knobs)])) == flat(Settings())
    again = springback(tmp_path, "init")
    assert again.returncode == 2 and "is there" in again.stderr and (tmp_path / FILE).read_text() == free


def test_paths_are_seen_from_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[paths]\nstore = "s3://bucket/market"\nmodels = "/abs/models"\nruns = "mine"\n')
    paths = project(tmp_path).paths
    assert (paths.store, paths.models, paths.runs) == ("s3://bucket/market", "/abs/models", str(tmp_path / "mine"))
    assert "slots = 20" in template(flat(Settings()))
    with pytest.raises(SettingsError, match="paths"):
        Paths(runs="")


def test_runs_are_listed_with_what_their_summaries_say(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "history", tmp_path / "runs", symlinks=True)
    (tmp_path / "runs" / "torn").mkdir()
    (tmp_path / "runs" / "torn" / "summary.json").write_text("{")
    told = json.loads(done(springback(tmp_path, "runs", "--json")).stdout)["runs"]
    summary = json.loads((home / "history" / "latest" / "summary.json").read_text())
    assert [row["run"] for row in told["runs"]] == [told["latest"]] and told["damaged"] == ["torn"]
    for name in ("annual_return", "sharpe", "max_drawdown", "trades"):
        assert told["runs"][0][name] == summary["figures"][name]["value"]
    said = done(springback(tmp_path, "runs")).stdout
    assert "(latest)" in said and "1 folder" in said and "demo" in said
    empty = springback(tmp_path, "runs", "nowhere")
    assert empty.returncode == 2 and "nowhere holds no run" in empty.stderr


def doctor(folder: Path, code: int = 0) -> dict[str, dict[str, str]]:
    told = springback(folder, "doctor", "--json")
    assert told.returncode == code, told.stderr
    return {one["thing"]: one for one in json.loads(told.stdout)["doctor"]}


def test_the_doctor_says_what_is_there(home: Path) -> None:
    found = doctor(home)
    assert "the demo market" in found["store"]["found"] and "data/market" in found["store"]["found"]
    assert "5 pairs in the archive" in found["models"]["found"]
    assert found["ledger"]["found"].startswith("count.sqlite: 1 row")
    assert {found[name]["state"] for name in ("springback", "project", "libraries", "store", "models", "ledger")} == {"found"}
    assert "Nothing is broken." in done(springback(home, "doctor")).stdout


def test_the_doctor_says_what_is_missing_for_what(tmp_path: Path) -> None:
    found = doctor(tmp_path)
    assert {found[name]["state"] for name in ("store", "models", "keys", "desk", "state", "champion", "retraining")} == {"missing"}
    assert "springback book init" in found["desk"]["way"] and "springback retrain --now" in found["champion"]["way"]
    assert "springback fetch" in found["store"]["way"] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["store", "models", "ledger"])
def test_the_doctor_finds_what_is_broken(home: Path, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "ill"
    shutil.copytree(home, folder, symlinks=True)
    if what == "store":
        (folder / "data" / "market" / "manifest.json").write_text("{")
    elif what == "models":
        newest = max(Archive(folder / "shelf").names().items())[1] / "ml_mean_reversion_long.pkl"
        newest.write_bytes(b"another")
    else:
        (folder / "count.sqlite").write_bytes(b"no ledger")
    found = doctor(folder, code=1)
    assert found[what]["state"] == "BROKEN" and found[what]["way"]


def test_a_reader_that_leaves_stops_no_job(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "piped"
    shutil.copytree(home, folder, symlinks=True)
    words = " ".join([*COMMAND, "backtest", "--out", "piped"])
    subprocess.run(["bash", "-c", f"set -o pipefail; {words} | head -1; true"], cwd=folder, capture_output=True, check=True)
    assert (folder / "piped" / "report.html").is_file()


def test_the_usual_places_hold_without_a_project(tmp_path: Path) -> None:
    done(springback(tmp_path, "fetch", "--source", "demo", *TINY))
    assert (tmp_path / "store" / "manifest.json").is_file() and (project(tmp_path).file, project(tmp_path).paths) == (None, Paths())
