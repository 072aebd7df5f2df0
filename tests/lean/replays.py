"""The LEAN algorithm on the stand-in: loaded as LEAN loads it, in the market of a golden run or of a tape."""

import gzip
import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY.parent / "shared" / "lean-golden"
ALGORITHM = REPOSITORY / "lean" / "ml_mean_reversion_main.py"
STANDIN = Path(__file__).with_name("standin")
RUNS = ("strategy/default", "strategy/busy", "strategy/resting", "corporate/busy")


def load(file: Path = ALGORITHM) -> ModuleType:
    """The algorithm's module, its `AlgorithmImports` being the stand-in."""
    if str(STANDIN) not in sys.path:
        sys.path.insert(0, str(STANDIN))
    spec = importlib.util.spec_from_file_location("ml_mean_reversion_main", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def golden_world(world: str) -> Any:
    """The market of a golden run."""
    load()
    from lean_standin.world import World

    folder = GOLDEN / world
    bars = pd.read_csv(folder / "bars.csv.gz", keep_default_na=False)
    events = pd.read_csv(folder / "events.csv", keep_default_na=False) if world == "corporate" else None
    return World(bars, events)


def golden_parameters(run: str) -> dict[str, str]:
    """The settings of a golden run under the names of our own."""
    world, name = run.split("/")
    said = json.loads((GOLDEN / world / "runs" / name / "settings.json").read_text())
    names = {knob: f"{'backtest' if knob in ('start', 'end', 'cash') else 'strategy'}.{knob}" for knob in said}
    return {names[knob]: str(value) for knob, value in said.items()} | {"lean.models": "forecasts"}


def golden_store(world: str, folder: Path) -> Path:
    """An object store that holds what a run of `world` reads."""
    ours = folder / "springback"
    ours.mkdir(parents=True)
    source = GOLDEN / world
    (ours / "forecasts.csv").write_bytes(gzip.decompress((source / "forecasts.csv.gz").read_bytes()))
    (ours / "vix.csv").write_bytes((source / "vix.csv").read_bytes())
    symbols = sorted(pd.read_csv(source / "bars.csv.gz", usecols=["symbol"], keep_default_na=False)["symbol"].unique())
    (ours / "symbols.csv").write_text("\n".join(["symbol", *symbols, ""]))
    return folder


def run(world: Any, parameters: Mapping[str, str], store: Path, **options: Any) -> Any:
    """One run of the algorithm; `options` as `Engine` takes them."""
    module = load()
    from lean_standin.engine import Engine

    return Engine(world, parameters, store, store, **options).run(module.MlMeanReversion)
