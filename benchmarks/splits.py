"""How many real splits the quality gate finds once their records are taken away, and whom it accuses while they are all there.

Run: python benchmarks/splits.py STORE   (a store of the real bundle: python benchmarks/bundle.py ../shared/data STORE;
without one a demo market is drawn, which shows that the script runs and nothing else). A split counts where its ratio is 5:4 or more and
the name has a bar on both sides of it.
"""

import argparse
import time
from dataclasses import replace

import numpy as np

from springback.data.demo.demo import Demo, draw
from springback.data.store.store import Store
from springback.market.actions import SPLIT, Actions
from springback.market.market_data import MarketData
from springback.quality.quality_settings import Quality
from springback.quality.splits import unrecorded_splits

Cells = set[tuple[int, int]]
GROUPS = (("5:4 up to 2:1", 0.2, 0.6), ("2:1 up to 4:1", 0.6, 1.3), ("4:1 and more", 1.3, 99.0))


def without_records(market_data: MarketData) -> MarketData:
    """`market_data` as if no split were known."""
    kept = market_data.actions.kind != SPLIT
    columns = (getattr(market_data.actions, name)[kept] for name in ("row", "name", "kind", "value"))
    return replace(market_data, actions=Actions(*columns))


def recorded(market_data: MarketData) -> dict[tuple[int, int], float]:
    """Row and column of each split that can be seen, and the logarithm of new shares for old."""
    actions, close, out = market_data.actions, market_data.bars.close, {}
    for k in np.flatnonzero(actions.kind == SPLIT):
        row, column, size = int(actions.row[k]), int(actions.name[k]), -float(np.log(actions.value[k]))
        if row > 0 and abs(size) > GROUPS[0][1] and not np.isnan(close[row - 1 : row + 1, column]).any():
            out[row, column] = size
    return out


def found(market_data: MarketData) -> tuple[Cells, Cells]:
    """What is called an error, and a warning."""
    told = {one.check: {(int(row), int(column)) for row, column in one.places} for one in unrecorded_splits(market_data, Quality())}
    return told.get("split_without_record", set()), told.get("split_or_move", set())


def _shares(places: Cells, errors: Cells, warnings: Cells) -> str:
    seen, sure = places & (errors | warnings), places & errors
    return f"{len(places):4}: {len(sure):4} errors ({len(sure) / len(places):.0%}), {len(seen):4} found ({len(seen) / len(places):.0%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", nargs="?")
    parser.add_argument("--list", action="store_true", help="name every accusation")
    asked = parser.parse_args()
    market_data = Store(asked.store).read() if asked.store else draw(Demo(names=200))
    known = recorded(market_data)
    errors, warnings = found(without_records(market_data))
    print(f"records taken away: {len(known)} splits that can be seen")
    for side, sign in (("forward", 1), ("reverse", -1)):
        for label, least, most in GROUPS:
            group = {place for place, size in known.items() if least < size * sign <= most}
            if group:
                print(f"  {side} {label:14} {_shares(group, errors, warnings)}")
    whole = set(known)
    print(f"  {'all':22} {_shares(whole, errors, warnings)}")
    begun = time.perf_counter()
    errors, warnings = found(market_data)
    print(f"all records there: {len(errors)} errors, {len(warnings)} warnings on {int((~np.isnan(market_data.bars.close)).sum()):,} bars")
    print(f"  {time.perf_counter() - begun:.1f} s")
    for label, places in (("error", errors), ("warning", warnings)):
        for row, column in sorted(places) if asked.list or label == "error" else ():
            print(f"  {label} {market_data.bars.symbols[column]} {market_data.bars.sessions[row]}")


if __name__ == "__main__":
    main()
