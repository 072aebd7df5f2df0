"""What is missing for LEAN is said in one line each, with the way to get it."""

import os
import sysconfig
from pathlib import Path

import pytest

from springback.lean import engines
from springback.lean.engines import Cli, Native
from tests.lean import fakes


def find(launcher: Path | None = None) -> tuple[Native | Cli, list[str]]:
    return engines.find(launcher, dict(os.environ))


def test_nothing_there_is_two_lines(path: Path) -> None:
    engine, missing = find()
    assert isinstance(engine, Cli)
    assert [line.split(":")[0] for line in missing] == ["the lean CLI is not on the PATH", "docker is not on the PATH"]
    assert "pip install lean" in missing[0] and "SPRINGBACK_LEAN_LAUNCHER" in missing[0]


@pytest.mark.parametrize(
    ("how", "said"),
    [("up", None), ("down", "the docker daemon is not running ('docker info' fails)"), ("denied", "docker may not be used by this user")],
)
def test_docker_is_asked_whether_it_answers(path: Path, how: str, said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.executable(path / "docker", fakes.DOCKER)
    fakes.executable(path / "lean", fakes.ENGINE)
    monkeypatch.setenv("FAKE_DOCKER", how)
    _, missing = find()
    assert len(missing) == (said is not None)
    if said:
        assert missing[0].startswith(said)


def test_a_docker_that_does_not_answer_is_not_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.executable(path / "docker", "import time\ntime.sleep(60)")
    monkeypatch.setattr(engines, "DOCKER_PATIENCE", 0.3)
    assert "daemon is not running" in find()[1][1]


def test_a_native_build_needs_launcher_dotnet_and_libpython(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "libpython", lambda _: "")
    _, missing = find(tmp_path / "typo.dll")
    assert len(missing) == 3
    assert missing[0].startswith(f"the launcher {tmp_path}/typo.dll is not there: give --launcher")
    assert missing[1].startswith("dotnet is not on the PATH: install the .NET runtime")
    assert missing[2].startswith("no shared libpython of this Python was found: set PYTHONNET_PYDLL")


def test_a_native_build_that_is_whole(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher, dotnet = fakes.checkout(tmp_path), fakes.executable(path / "dotnet", fakes.ENGINE)
    monkeypatch.setenv("SPRINGBACK_LEAN_LAUNCHER", str(launcher.parent))  # the folder will do
    monkeypatch.setenv("PYTHONNET_PYDLL", "/opt/libpython3.11.so")
    engine, missing = find()
    assert isinstance(engine, Native) and not missing
    assert engine.command(Path("c.json")) == [str(dotnet), str(launcher), "--config", "c.json"]
    assert engine.env["PYTHONNET_PYDLL"] == "/opt/libpython3.11.so"
    assert "PYTHONPATH" not in engine.env or engine.env["PYTHONPATH"] == os.environ.get("PYTHONPATH")  # their Python, their packages


def test_the_running_python_is_handed_to_lean(path: Path, tmp_path: Path) -> None:
    """Its library, and the packages of its virtual environment, which the library alone does not see."""
    if ".so" not in str(sysconfig.get_config_var("INSTSONAME")):
        pytest.skip("this Python has no shared library")
    fakes.executable(path / "dotnet", fakes.ENGINE)
    engine, missing = find(fakes.checkout(tmp_path))
    assert isinstance(engine, Native) and not missing
    assert Path(engine.env["PYTHONNET_PYDLL"]).name.startswith("libpython3")
    assert engine.env["PYTHONPATH"].split(os.pathsep)[0] == sysconfig.get_path("purelib")


def test_dotnet_is_found_by_its_root(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dotnet = fakes.executable(tmp_path / "net" / "dotnet", fakes.ENGINE)
    monkeypatch.setenv("DOTNET_ROOT", str(dotnet.parent))
    engine, _ = find(fakes.checkout(tmp_path))
    assert isinstance(engine, Native) and engine.dotnet == str(dotnet)


def test_leans_databases_come_from_its_checkout(tmp_path: Path) -> None:
    launcher, data = fakes.checkout(tmp_path), tmp_path / "data"
    (data / "market-hours").mkdir(parents=True)
    (data / "market-hours" / "market-hours-database.json").write_text("mine")
    assert engines.databases(data, launcher) == []
    assert (data / "market-hours" / "market-hours-database.json").read_text() == "mine"
    assert (data / "symbol-properties" / "symbol-properties-database.csv").read_text() == "symbol-properties/symbol-properties-database.csv"


def test_a_data_folder_without_leans_databases_is_refused(tmp_path: Path) -> None:
    missing = engines.databases(tmp_path / "data", fakes.checkout(tmp_path, data=False))
    assert [line.split(",")[0] for line in missing] == [f"{tmp_path / 'data'} has no {name}" for name in engines.DATABASES]
    assert "Data folder of the LEAN checkout" in missing[0]
    assert "'lean init'" in missing[0]


@pytest.mark.parametrize(
    ("config", "removed"),
    [('{"container": "lean_cli_0123"}', ["rm --force lean_cli_0123"]), ('{"container": "mine"}', []), ("{", []), ("[]", [])],
)
def test_the_container_of_a_stopped_run_is_removed(path: Path, tmp_path: Path, config: str, removed: list[str]) -> None:
    fakes.executable(path / "docker", fakes.DOCKER)
    (tmp_path / "config").write_text(config)
    engines.remove_container(tmp_path, dict(os.environ))
    seen = tmp_path / "seen"
    assert (seen.read_text().splitlines() if seen.exists() else []) == removed
