"""Splits on read and a restatement of history, beside pandas, in one run.

    python benchmarks/actions.py [--names 3000] [--years 6]

The yardstick for adjusting is a cumulative product of a pivoted table of ratios times five panels; for a restatement an outer merge of both
versions' rows on date and symbol, which tells changed bars and no more. Ours also tells splits, dividends, series, membership and endings.
"""

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from springback.data.store.frames import tables_of
from springback.data.store.restatement import compare
from springback.market.actions import Actions, split_scale
from springback.market.bars import FIELDS, Panel
from springback.market.market_data import MarketData
from store import draw


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of one call, the better of two, and what it gave."""
    took = []
    for _ in range(2):
        begun = time.perf_counter()
        given = work()
        took.append(time.perf_counter() - begun)
    return min(took), given


def with_splits(market_data: MarketData) -> MarketData:
    """The drawn market data with a 2-for-1 of each name on a session of its own."""
    sessions, names = market_data.bars.shape
    row = np.sort(np.random.default_rng(2).integers(1, sessions, names))
    return replace(market_data, actions=Actions(row, np.arange(names), np.ones(names, np.int64), np.full(names, 0.5)))


def ours(market_data: MarketData) -> list[Panel]:
    """Open, high, low and close on the scale of the first session."""
    scale = split_scale(market_data.actions, market_data.bars.shape)
    assert scale is not None
    return [getattr(market_data.bars, name) / scale for name in FIELDS[:4]]


def plain(panels: dict[str, pd.DataFrame], events: pd.DataFrame) -> list[pd.DataFrame]:
    """The same by pandas."""
    ratios = events.pivot(index="row", columns="name", values="value").reindex(index=panels["close"].index, columns=panels["close"].columns)
    scale = ratios.fillna(1.0).cumprod()
    return [panels[name] / scale for name in FIELDS[:4]]


def long(panels: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a session and name."""
    return pd.DataFrame({name: panels[name].stack() for name in FIELDS}).reset_index(names=["row", "name"])


def changed(before: pd.DataFrame, after: pd.DataFrame) -> int:
    """How many bars are others."""
    both = before.merge(after, "outer", ["row", "name"])
    return int(np.any([both[f"{name}_x"].ne(both[f"{name}_y"]).to_numpy() for name in FIELDS], axis=0).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=3000)
    parser.add_argument("--years", type=int, default=6)
    asked = parser.parse_args()
    market_data = with_splits(draw(asked.names, asked.years))
    bars, acts = market_data.bars, market_data.actions
    panels = {name: pd.DataFrame(getattr(bars, name)) for name in FIELDS}
    events = pd.DataFrame({"row": acts.row, "name": acts.name, "value": acts.value})
    mine, other = timed(lambda: ours(market_data)), timed(lambda: plain(panels, events))
    for one, two in zip(mine[1], other[1], strict=True):
        np.testing.assert_allclose(one, two.to_numpy())
    close = bars.close.copy()
    close[100, ::10] += 0.01
    restated = replace(market_data, bars=replace(bars, close=close))
    tables = [tables_of(one) for one in (market_data, restated)]
    versions = [long({**panels, "close": pd.DataFrame(one)}) for one in (bars.close, close)]
    found = timed(lambda: compare(*tables))
    merged = timed(lambda: changed(*versions))
    assert found[1].counts["bar"] == merged[1]
    print(f"{asked.names:,} names, {bars.shape[0]:,} sessions, {len(acts.row):,} splits; {merged[1]:,} closes restated")
    for label, one, two in (("adjusting", mine, other), ("restatement", found, merged)):
        print(f"{label:12} {one[0]:6.2f} s; pandas {two[0]:.2f} s: {one[0] / two[0]:.2f} times its time")
    print(f"peak memory of all of it {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB")


if __name__ == "__main__":
    main()
