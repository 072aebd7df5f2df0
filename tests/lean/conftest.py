"""A small market with models, made once; a LEAN project like ours; a PATH that holds what a test puts there.

`from AlgorithmImports import *` finds the stand-in here, as it finds the engine on LEAN.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from springback import settings, wiring
from tests.terminal import TINY

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent / "standin"))


@pytest.fixture(scope="session")
def tiny() -> wiring.Settings:
    """Settings of a market small enough to wait for."""
    return settings.load(wiring.Settings, [], TINY[1::2])


@pytest.fixture(scope="session")
def shop(tiny: wiring.Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `store` and `models`: the fixed pair and one for each quarter of 2020."""
    folder = tmp_path_factory.mktemp("shop")
    tape = wiring.draw_demo(tiny)
    wiring.fetch(tape, folder / "store")
    made = wiring.world(tape, tiny)
    wiring.keep(wiring.train(made, tiny), folder / "models")
    wiring.keep_forecasts(made, wiring.forecast(made, tiny, folder / "models"), folder / "models" / "walk_forward" / "forecasts.parquet")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the LEAN project as git keeps it."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("ml_mean_reversion_main.py", "lean.json", "config.json", "requirements.txt"):
        shutil.copy(REPOSITORY / "lean" / name, folder / name)
    return folder


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH; and no LEAN is named by the environment."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("FAKE_SEEN", str(tmp_path / "seen"))
    for name in ("SPRINGBACK_LEAN_LAUNCHER", "PYTHONNET_PYDLL", "DOTNET_ROOT", "FAKE"):
        monkeypatch.delenv(name, raising=False)
    assert os.environ["PATH"] == str(folder)
    return folder
