"""A small market with models, made once; a LEAN project like ours; a PATH that holds what a test puts there.

`from AlgorithmImports import *` finds the stand-in here, as it finds the engine on LEAN.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from springback import settings
from springback.quality import entry
from springback.workflow.models import forecast_walk_forward, save_forecasts, save_models, train_models
from springback.workflow.prepare import prepare_world
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from tests.terminal import TINY

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent / "standin"))


@pytest.fixture(scope="session")
def tiny() -> Settings:
    """Settings of a market small enough to wait for."""
    return settings.load(Settings, [], TINY[1::2])


@pytest.fixture(scope="session")
def shop(tiny: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `store` and `models`: the fixed pair and one for each quarter of 2020."""
    folder = tmp_path_factory.mktemp("shop")
    market_data = draw_demo(tiny)
    entry.fetch(market_data, folder / "store")
    made = prepare_world(market_data, tiny)
    save_models(train_models(made, tiny), folder / "models")
    newest = settings.load(Settings, [], [*TINY[1::2], "walk_forward.policy=newest"])
    save_forecasts(made, forecast_walk_forward(made, newest, folder / "models"), folder / "models" / "walk_forward" / "forecasts.parquet")
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
