"""`springback lean backtest` and `bundle` as a user meets them, on machines that have this and lack that."""

import json
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from springback import settings
from springback.errors import EngineError, MissingData, SettingsError
from springback.lean import launch
from springback.verbs import lean
from springback.verbs.console import Console
from springback.workflow.forecasts import Choice
from springback.workflow.report import account
from springback.workflow.settings import Settings
from tests.lean import fakes, runs
from tests.terminal import COMMAND, springback

SETS = ["strategy.slots=7", "backtest.start=2020-02-03", "backtest.end=2020-12-31"]


class Desk:
    """A machine with a store, models and a project; `run` is the verb, `imported` what it would import."""

    def __init__(self, shop: Path, project: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop, self.project, self.out = shop, project, out
        self.imported: list[tuple[Path, Path]] = []
        monkeypatch.setattr(lean, "import_", lambda _, result, to, *__: self.imported.append((result, to)))
        self.chosen = settings.load(Settings, [], SETS)

    def run(
        self,
        launcher: Path | None = None,
        models: str = "fixed",
        forecasts: Path | None = None,
        limit: float = 1.0,
        dry: bool = False,
        data: Path | None = None,
    ) -> dict[str, object]:
        choice = Choice(self.shop / "models", models, forecasts)
        inputs = lean.Inputs(self.shop / "store")
        deployment = lean.Deployment(self.project, choice, inputs, data, launcher, limit, dry)
        with Console(as_json=False, quiet=True) as console:
            lean.backtest(
                console,
                self.chosen,
                deployment,
                self.out,
            )
        return dict(console.payload["lean"])


@pytest.fixture
def desk(shop: Path, project: Path, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(launch, "GRACE", 0.3)
    monkeypatch.setenv("PYTHONNET_PYDLL", "/opt/libpython3.11.so")
    fakes.executable(path / "dotnet", fakes.ENGINE)
    return Desk(shop, project, tmp_path / "run", monkeypatch)


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    return fakes.checkout(tmp_path)


def test_a_native_run_from_store_to_run_folder(desk: Desk, launcher: Path, tmp_path: Path) -> None:
    told = desk.run(launcher, "walk-forward")
    results = Path(str(told["results"]))
    assert desk.imported == [(results / "ml-mean-reversion.json", desk.out)]
    assert results.parent == desk.project / "backtests"
    assert (desk.project / "data" / "springback" / "export.json").is_file()
    assert (desk.project / "data" / "market-hours" / "market-hours-database.json").is_file()
    assert (desk.project / "springback" / "forecasting" / "boosted.py").is_file()
    assert (desk.project / "storage" / "models" / "walk_forward" / "folds.json").is_file()
    parameters = json.loads((results / "ml-mean-reversion.json").read_text())["parameters"]  # what the engine was handed
    assert parameters["strategy.slots"] == "7" and parameters["backtest.start"] == "2020-02-03"
    assert parameters["lean.models"] == "walk-forward" and parameters["lean.vix"] == "csv"
    assert "2020-12-31" in (results / "engine-output.txt").read_text()


def test_data_that_are_there_are_not_exported_again(desk: Desk, launcher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run(launcher)
    monkeypatch.setattr(lean, "export", lambda *_: pytest.fail("exported again"))
    desk.run(launcher)


def test_forecasts_of_a_file_take_the_place_of_models(desk: Desk, launcher: Path, tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text("date,symbol,qpi,p_long,p_short,adv_63\n2020-03-02,AAA,10,0.7,0.3,100000\n")
    told = desk.run(launcher, forecasts=tmp_path / "said.csv", dry=True)
    assert json.loads(Path(str(told["config"])).read_text())["parameters"]["lean.models"] == "forecasts"
    assert (desk.project / "storage" / "springback" / "forecasts.csv").read_bytes() == (tmp_path / "said.csv").read_bytes()
    assert not (desk.project / "storage" / "models").exists()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("crash", "LEAN ended with exit code 1: Engine.Run(): the disk is full; the whole output: "),
        (
            "runtime-error",
            "the algorithm failed in LEAN: KeyError: 'AAPL' at on_data in ml_mean_reversion_main.py: line 77; the whole output: ",
        ),
        ("nothing", "LEAN ended without a result in "),
        ("stopped", "LEAN left the backtest in state Stopped: "),
        ("hang", "LEAN was stopped after 1.2 seconds, the time limit, before its first session; its output: "),
    ],
)
def test_a_failed_engine_is_one_line_and_nothing_is_imported(
    how: str, said: str, desk: Desk, launcher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE", how)
    with pytest.raises(EngineError) as failed:
        desk.run(launcher, limit=0.02)
    assert said in str(failed.value) and "engine-output.txt" in str(failed.value) and "\n" not in str(failed.value)
    assert not desk.imported
    for pids in (desk.project / "backtests").glob("*/pids"):
        assert all(fakes.gone(int(pid)) for pid in pids.read_text().split())


def test_an_engine_that_aborts_after_its_result_is_a_run_with_a_warning(
    desk: Desk, launcher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE", "abort")
    told = desk.run(launcher)
    assert "exit code -6 (SIGABRT): System.ObjectDisposedException" in str(told["warning"]) and len(desk.imported) == 1


def test_docker_is_driven_through_the_cli(desk: Desk, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that names a native build is not set, so the CLI runs it; a hung container is removed by its name."""
    fakes.executable(path / "lean", fakes.ENGINE)
    fakes.executable(path / "docker", fakes.DOCKER)
    told = desk.run()
    parameters = json.loads((Path(str(told["results"])) / "ml-mean-reversion.json").read_text())["parameters"]
    assert parameters["strategy.slots"] == "7" and parameters["lean.models"] == "fixed"
    assert len(desk.imported) == 1
    monkeypatch.setenv("FAKE", "hang")
    with pytest.raises(EngineError, match="the time limit"):
        desk.run(limit=0.02)
    assert Path(os.environ["FAKE_SEEN"]).read_text().splitlines()[-1] == "rm --force lean_cli_0123"


def test_a_machine_without_lean_is_told_before_the_work(desk: Desk) -> None:
    with pytest.raises(MissingData, match=r"LEAN cannot run here: the lean CLI is not on the PATH: .*; docker is not on the PATH: "):
        desk.run()
    assert not (desk.project / "data").exists()


def test_a_data_folder_without_leans_databases_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "lone").mkdir()
    with pytest.raises(MissingData, match=r"has no market-hours/market-hours-database\.json, without which LEAN does not start"):
        desk.run(fakes.checkout(tmp_path / "lone", data=False))


def test_a_folder_that_is_no_data_folder_is_told(desk: Desk, launcher: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="holds no equity/usa/daily: run 'springback lean export --out"):
        desk.run(launcher, data=tmp_path)


def test_nonsense_is_refused_first(desk: Desk, launcher: Path) -> None:
    with pytest.raises(SettingsError, match="--time-limit must be above 0 minutes, was 0"):
        desk.run(launcher, limit=0)
    with pytest.raises(SettingsError, match="--models must be walk-forward or fixed, was 'best'"):
        desk.run(launcher, "best")


def test_a_dry_run_prepares_all_and_says_the_command(shop: Path, project: Path, path: Path, tmp_path: Path) -> None:
    """On a machine that has nothing: the folders are made, the command is shown, and so is what is missing. The command is the command."""
    words = ["lean", "backtest", "--dry-run", "--store", shop / "store", "--models-dir", shop / "models", "--project", project]
    words += ["--set", "backtest.start=2020-01-02"]
    done = springback(tmp_path, *words, "--set", "strategy.slots=7")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    command = shlex.split(next(line for line in lines if line.startswith("engine: "))[8:])
    assert command[:6] == ["cd", str(project), "&&", "lean", "backtest", "ml_mean_reversion_main.py"]
    assert command[command.index("strategy.slots") + 1] == "7"
    assert f"config: {project / '.springback-lean.json'}" in lines
    assert any("the lean CLI fetches them" in line for line in lines)
    assert [line.split(":")[1].split(" is ")[0].strip() for line in lines if line.startswith("missing: ")][:2] == ["the lean CLI", "docker"]
    assert (project / "springback" / "trading" / "desk.py").is_file() and (project / "storage" / "models").is_dir()
    told = json.loads(springback(tmp_path, *words, "--json").stdout)
    assert told["lean"]["command"][:2] == ["lean", "backtest"] and len(told["lean"]["missing"]) == 2


def test_an_engine_that_fails_ends_the_command_with_one(
    shop: Path, project: Path, path: Path, launcher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.executable(path / "dotnet", fakes.ENGINE)
    monkeypatch.setenv("FAKE", "crash")
    monkeypatch.setenv("PYTHONNET_PYDLL", "/opt/libpython3.11.so")
    words = ["--store", shop / "store", "--models-dir", shop / "models", "--models", "fixed", "--project", project, "--quiet"]
    done = springback(tmp_path, "lean", "backtest", "--launcher", launcher, *words)
    assert done.returncode == 1 and done.stdout == ""
    assert (
        done.stderr.startswith("springback: LEAN ended with exit code 1: Engine.Run(): the disk is full") and done.stderr.count("\n") == 1
    )


def test_ctrl_c_ends_the_engine_too(
    shop: Path, project: Path, path: Path, launcher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine stands in a process group of its own, so the terminal's Ctrl-C reaches it only through us."""
    fakes.executable(path / "dotnet", fakes.ENGINE)
    monkeypatch.setenv("FAKE", "sleep")
    monkeypatch.setenv("PYTHONNET_PYDLL", "/opt/libpython3.11.so")
    words = ["--store", shop / "store", "--models-dir", shop / "models", "--models", "fixed", "--project", project, "--launcher", launcher]
    command = [str(word) for word in (*COMMAND, "lean", "backtest", *words)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as verb:
        deadline = time.monotonic() + 90
        while not (found := list((project / "backtests").glob("*/pids"))) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.2)
        pid = int(found[0].read_text())
        assert fakes.alive(pid)
        verb.send_signal(signal.SIGINT)
        _, said = verb.communicate(timeout=60)
    assert verb.returncode == 1 and said.startswith("springback: interrupted after ") and said.count("\n") == 1
    assert fakes.gone(pid)


def test_the_result_of_the_engine_becomes_a_run_folder(
    shop: Path, project: Path, path: Path, launcher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole command: the engine leaves what LEAN leaves, a report stands at the end, and the account's record beside the result."""
    made = account(runs.random_result(3), "lean")
    first, last = str(made.daily["date"].iloc[0])[:10], str(made.daily["date"].iloc[-1])[:10]
    runs.theirs(tmp_path / "theirs", made, first, last)
    fakes.executable(path / "dotnet", fakes.ENGINE)
    monkeypatch.setenv("FAKE", "replay")
    monkeypatch.setenv("FAKE_RESULT", str(tmp_path / "theirs"))
    monkeypatch.setenv("PYTHONNET_PYDLL", "/opt/libpython3.11.so")
    words = ["--store", shop / "store", "--models-dir", shop / "models", "--models", "fixed", "--project", project]
    done = springback(tmp_path, "lean", "backtest", "--launcher", launcher, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "report: runs/lean/report.html"
    assert (tmp_path / "runs" / "lean" / "report.html").is_file()
    orders = pd.read_csv(tmp_path / "runs" / "lean" / "orders.csv", keep_default_na=False)
    assert orders["quantity"].tolist() == made.orders["quantity"].tolist()
    (kept,) = (project / "backtests").glob("*/daily.csv")
    assert kept.read_bytes() == (tmp_path / "theirs" / "storage" / "springback" / "daily.csv").read_bytes()


def test_the_bundle_verb_writes_a_project_and_says_so(shop: Path, project: Path, path: Path, tmp_path: Path) -> None:
    words = ["lean", "bundle", "--models-dir", shop / "models", "--project", project, "--set", "strategy.slots=7"]
    done = springback(tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "lean-bundle" in done.stdout and "no list of names goes along: run 'springback lean export" in done.stdout
    config = json.loads((tmp_path / "lean-bundle" / "config.json").read_text())
    assert config["parameters"]["strategy.slots"] == "7" and config["parameters"]["lean.vix"] == "index"
    (project / "data" / "springback").mkdir(parents=True)
    (project / "data" / "springback" / "symbols.csv").write_text("symbol\nAAA\n")
    again = springback(tmp_path, *words, "--models", "fixed", "--json")
    assert "storage/springback/symbols.csv" in json.loads(again.stdout)["bundle"]["files"]
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "x").touch()
    refused = springback(tmp_path, *words, "--out", tmp_path / "theirs")
    assert refused.returncode == 2 and "holds other files" in refused.stderr and refused.stderr.count("\n") == 1
