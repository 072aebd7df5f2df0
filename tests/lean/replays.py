"""The LEAN algorithm on the stand-in: loaded as LEAN loads it, in the market of a golden run or of market data."""

import gzip
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from springback.market.actions import KINDS
from springback.market.market_data import BANKRUPT, DELISTED, MarketData
from tests.lean.recorded import file_of, recorded

REPOSITORY = Path(__file__).resolve().parents[2]
ALGORITHM = REPOSITORY / "lean" / "ml_mean_reversion_main.py"
DELISTING = "Liquidate from delisting"


def load(file: Path = ALGORITHM) -> ModuleType:
    """The algorithm's module, its `AlgorithmImports` being the stand-in."""
    spec = importlib.util.spec_from_file_location("ml_mean_reversion_main", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def golden_world(run: str, marks: bool = True) -> Any:
    """The market of a recorded run; without marks as the export writes it, where the engine would fill on a row of volume 0."""
    load()
    from lean_standin.world import World

    found = recorded(run)
    bars = pd.read_csv(file_of(found.market, "bars"), keep_default_na=False)
    bars = bars if marks else bars[bars["volume"] > 0]
    return World(bars, None if found.events is None else pd.read_csv(found.events, keep_default_na=False))


def golden_parameters(run: str) -> dict[str, str]:
    """The settings of a recorded run under the names of our own."""
    said = recorded(run).said
    names = {knob: f"{'backtest' if knob in ('start', 'end', 'cash') else 'strategy'}.{knob}" for knob in said}
    return {names[knob]: str(value) for knob, value in said.items()} | {"lean.models": "forecasts"}


def golden_store(run: str, folder: Path) -> Path:
    """An object store that holds what a recorded run reads."""
    ours = folder / "springback"
    ours.mkdir(parents=True)
    market = recorded(run).market
    for name in ("forecasts", "vix"):
        content = file_of(market, name).read_bytes()
        (ours / f"{name}.csv").write_bytes(gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content)
    symbols = sorted(pd.read_csv(file_of(market, "bars"), usecols=["symbol"], keep_default_na=False)["symbol"].unique())
    (ours / "symbols.csv").write_text("\n".join(["symbol", *symbols, ""]))
    return folder


def assert_recorded(result: Any, run: str, store: Path) -> None:
    """The orders, fills and account of `result` are those that the engine recorded; `store` holds the record of the algorithm."""
    known = recorded(run)
    orders, expected = result.orders[result.orders["tag"] != DELISTING], known.table("orders")
    assert orders["order_id"].tolist() == expected["order_id"].tolist()
    assert pd.to_datetime(orders["time"]).dt.strftime("%Y-%m-%d").tolist() == expected["decided"].tolist()
    for column, theirs in (("symbol", "symbol"), ("quantity", "quantity"), ("tag", "reason")):
        assert orders[column].tolist() == expected[theirs].tolist(), column

    fills, real = result.fills, known.table("fills")
    assert fills["order_id"].tolist() == real["order_id"].tolist()
    assert fills["quantity"].tolist() == real["quantity"].tolist()
    for column in ("price", "fee"):
        assert np.abs(fills[column].to_numpy(float) - real[column].to_numpy()).max() <= 1e-9, column

    written = pd.read_csv(store / "springback" / "daily.csv")
    account = known.table("daily")
    assert written["date"].tolist()[:-1] == account["date"].tolist()  # LEAN's own ends with the last decision
    for column in ("equity", "cash"):
        assert np.abs(written[column].iloc[:-1] - account[column]).max() <= 1e-6, column
    for column in ("n_long", "n_short", "bear", "vix"):
        assert written[column].iloc[:-1].tolist() == account[column].tolist(), column


def run(world: Any, parameters: Mapping[str, str], store: Path, data: Path | None = None, **options: Any) -> Any:
    """One run of the algorithm; `options` as `Engine` takes them."""
    module = load()
    from lean_standin.engine import Engine

    return Engine(world, parameters, store, data or store, **options).run(module.MlMeanReversion)


def tape_world(market_data: MarketData) -> Any:
    """The market of market data."""
    load()
    from lean_standin.world import World

    row, name = np.nonzero(~np.isnan(market_data.bars.open) & (market_data.bars.volume > 0))  # LEAN has no marks
    days, symbols = market_data.bars.sessions.astype(str), np.array(market_data.bars.symbols, dtype=object)
    bars = pd.DataFrame({"date": days[row], "symbol": symbols[name]})
    for field in ("open", "high", "low", "close", "volume"):
        bars[field] = getattr(market_data.bars, field)[row, name]
    actions = market_data.actions
    events = pd.DataFrame(
        {
            "date": days[actions.row],
            "symbol": symbols[actions.name],
            "event": [KINDS[kind] for kind in actions.kind],
            "value": actions.value,
        }
    )
    gone = np.flatnonzero(np.isin(market_data.ending, (DELISTED, BANKRUPT)))
    return World(bars, events, {symbols[k]: str(days[market_data.last[k]]) for k in gone})
