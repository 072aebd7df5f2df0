"""Reading a CSV file and asking the quality gate, beside pandas, in one run.

The yardstick for the reader is `pandas.read_csv` and five pivots, which check nothing; for the gate a plain pandas version of five of its
checks (missing days in a name's life, closes that stand still, open-high-low-close order, zero volume, moves over half): the gate asks all.
Run: python benchmarks/gate.py [--names 1000] [--years 2]
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from springback.data.files import csv_file
from springback.market.bars import FIELDS
from springback.market.market_data import MarketData
from springback.quality.gate import examine
from springback.quality.quality_settings import Quality
from store import draw


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds by the clock and of CPU of one call, and what it gave."""
    clock, cpu = time.perf_counter(), time.process_time()
    given = work()
    return time.perf_counter() - clock, time.process_time() - cpu, given


def plain_read(path: Path) -> dict[str, pd.DataFrame]:
    """The same panels, unchecked."""
    frame = pd.read_csv(path, parse_dates=["date"])
    return {field: frame.pivot(index="date", columns="symbol", values=field) for field in FIELDS}


def plain_gate(panels: dict[str, pd.DataFrame]) -> list[int]:
    """Five of the gate's counts."""
    close, volume = panels["close"], panels["volume"]
    first, last = close.apply(pd.Series.first_valid_index), close.apply(pd.Series.last_valid_index)
    gaps = sum(int(close.loc[first[name] : last[name], name].isna().sum()) for name in close)
    still = int((close.diff().eq(0).rolling(4).sum() == 4).sum().sum())
    odd = int(((panels["high"] < panels["open"]) | (panels["low"] > close)).sum().sum())
    moved = int((close.pct_change(fill_method=None).abs() > 0.5).sum().sum())
    return [gaps, still, odd, int((volume == 0).sum().sum()), moved]


def write(market_data: MarketData, path: Path) -> None:
    """The market data's bars as a CSV file."""
    parts = {
        field: pd.DataFrame(getattr(market_data.bars, field), market_data.bars.sessions, list(market_data.bars.symbols)).stack()
        for field in FIELDS
    }
    frame = pd.DataFrame(parts)
    frame.index.names = ["date", "symbol"]
    frame.reset_index().to_csv(path, index=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1000)
    parser.add_argument("--years", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "bars.csv"
        write(draw(asked.names, asked.years), path)
        size = path.stat().st_size / 1e6
        ours = timed(lambda: csv_file.read(path))
        theirs = timed(lambda: plain_read(path))
        gate = timed(lambda: examine(ours[2], Quality()))
        plain = timed(lambda: plain_gate(theirs[2]))
    print(f"{asked.names:,} names, {asked.years} years, {size:.0f} MB of CSV")
    for label, mine, other in (("reader", ours, theirs), ("gate", gate, plain)):
        print(
            f"{label:7} {mine[0]:6.2f} s ({mine[1]:.2f} s CPU); pandas {other[0]:.2f} s ({other[1]:.2f} s CPU): "
            f"{mine[0] / other[0]:.2f} times its time"
        )
    print(f"peak memory of all of it {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB")


if __name__ == "__main__":
    main()
