"""The golden LEAN runs as frames, with the last session's equity, which their `daily.csv` does not hold, added from bars and fills."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "lean-golden"
RUNS = ("strategy/default", "strategy/busy", "strategy/resting", "corporate/busy")

needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="../shared/lean-golden is absent")


@dataclass(frozen=True, eq=False)
class GoldenRun:
    settings: dict[str, Any]
    statistics: dict[str, Any]
    daily: pd.DataFrame
    fills: pd.DataFrame
    orders: pd.DataFrame
    events: pd.DataFrame | None
    vix_days: list[str]
    return_chart: pd.DataFrame
    equity_chart: pd.DataFrame


def load(name: str) -> GoldenRun:
    world, run = name.split("/")
    folder = GOLDEN / world / "runs" / run
    daily, fills = pd.read_csv(folder / "daily.csv"), pd.read_csv(folder / "fills.csv")
    events = pd.read_csv(GOLDEN / world / "events.csv")
    return GoldenRun(
        settings=json.loads((folder / "settings.json").read_text()),
        statistics=json.loads((folder / "statistics.json").read_text()),
        daily=_with_last_session(daily, fills, GOLDEN / world / "bars.csv.gz", events),
        fills=fills,
        orders=pd.read_csv(folder / "orders.csv"),
        events=events if "value" in events else None,
        vix_days=list(pd.read_csv(GOLDEN / world / "vix.csv")["date"]),
        return_chart=pd.read_csv(folder / "return_chart.csv"),
        equity_chart=pd.read_csv(folder / "equity_chart.csv.gz"),
    )


def rates() -> "pd.Series[float]":
    table = pd.read_csv(GOLDEN / "strategy" / "interest-rate.csv", parse_dates=["DATE"])
    return table.set_index("DATE")["PCREDIT8"] / 100


def _with_last_session(daily: pd.DataFrame, fills: pd.DataFrame, bars: Path, events: pd.DataFrame) -> pd.DataFrame:
    """Cash and positions carried over the last session: a ledger of its own, so that End Equity is not read from LEAN."""
    closes = pd.read_csv(bars, usecols=["date", "symbol", "close"])
    last = closes["date"].max()
    held: dict[str, float] = {}
    splits = events[events["event"] == "split"] if "value" in events else events.iloc[:0]
    moves = [(f"{row.date} 00:00:00", 0, row.symbol, row.value) for row in splits.itertuples()]
    moves += [(row.time, 1, row.symbol, row.quantity) for row in fills.itertuples()]
    for _, kind, symbol, value in sorted(moves, key=lambda move: move[:2]):
        held[symbol] = int(held.get(symbol, 0) / value) if kind == 0 else held.get(symbol, 0) + value
    today = fills[fills["time"].str.startswith(last)]
    cash = daily["cash"].iloc[-1] - (today["quantity"] * today["price"]).sum() - today["fee"].sum()
    if "value" in events:
        before = dict(held)
        for row in today.itertuples():
            before[row.symbol] -= row.quantity
        paid = events[(events["event"] == "dividend") & (events["date"] == last)]
        cash += sum(before.get(row.symbol, 0) * row.value for row in paid.itertuples())
    mark = closes[closes["date"] <= last].groupby("symbol")["close"].last()
    equity = cash + sum(quantity * mark[symbol] for symbol, quantity in held.items() if quantity)
    return pd.concat([daily, pd.DataFrame([{"date": last, "equity": equity, "cash": cash}])], ignore_index=True)
