"""The LEAN algorithm on the stand-in: loaded as LEAN loads it, in the market of a golden run or of a tape."""

import gzip
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from springback.market.actions import KINDS
from springback.market.tape import BANKRUPT, DELISTED, Tape

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY.parent / "shared" / "lean-golden"
ALGORITHM = REPOSITORY / "lean" / "ml_mean_reversion_main.py"
RUNS = ("strategy/default", "strategy/busy", "strategy/resting", "corporate/busy")


def load(file: Path = ALGORITHM) -> ModuleType:
    """The algorithm's module, its `AlgorithmImports` being the stand-in."""
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


def run(world: Any, parameters: Mapping[str, str], store: Path, data: Path | None = None, **options: Any) -> Any:
    """One run of the algorithm; `options` as `Engine` takes them."""
    module = load()
    from lean_standin.engine import Engine

    return Engine(world, parameters, store, data or store, **options).run(module.MlMeanReversion)


def tape_world(tape: Tape) -> Any:
    """The market of a tape."""
    load()
    from lean_standin.world import World

    row, name = np.nonzero(~np.isnan(tape.bars.close))
    days, symbols = tape.bars.sessions.astype(str), np.array(tape.bars.symbols, dtype=object)
    bars = pd.DataFrame({"date": days[row], "symbol": symbols[name]})
    for field in ("open", "high", "low", "close", "volume"):
        bars[field] = getattr(tape.bars, field)[row, name]
    actions = tape.actions
    events = pd.DataFrame(
        {
            "date": days[actions.row],
            "symbol": symbols[actions.name],
            "event": [KINDS[kind] for kind in actions.kind],
            "value": actions.value,
        }
    )
    gone = np.flatnonzero(np.isin(tape.ending, (DELISTED, BANKRUPT)))
    return World(bars, events, {symbols[k]: str(days[tape.last[k]]) for k in gone})
