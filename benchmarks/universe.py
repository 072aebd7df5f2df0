"""Membership by permanent id from dated fund holdings, and the universe of every session, beside pandas, in one run.

    python benchmarks/universe.py [--files 72] [--names 3000] [--years 6]

The yardstick for membership is `pandas.read_csv` of the same files and the first and last date of each ticker, which knows no company: a
change of ticker or a ticker given away again is wrong in it. For the universe it is `rolling().mean()` and `rank` on the same panels.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback.data import membership
from springback.data.files import holdings
from springback.market.bars import FIELDS
from springback.strategy.universe import Universe, eligible
from store import draw

HEAD = 'iShares Russell 3000 ETF\nFund Holdings as of,"{day:%b %d, %Y}"\n\n'


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of one call, and what it gave."""
    begun = time.perf_counter()
    given = work()
    return time.perf_counter() - begun, given


def write(folder: Path, files: int, names: int) -> None:
    """A file a month; each month one name in a hundred leaves, as many come, and a few change their ticker."""
    rng = np.random.default_rng(1)
    held = [(f"T{k}", f"Company {k} Inc", f"US{k:010d}") for k in range(names)]
    newest = names
    for month in range(files):
        day = date(2018 + month // 12, month % 12 + 1, 28)
        rows = [f'"{ticker}","{name}","Technology","Equity","{isin}"' for ticker, name, isin in held]
        text = HEAD.format(day=day) + "\n".join(["Ticker,Name,Sector,Asset Class,ISIN", *rows, ""])
        (folder / f"{day}.csv").write_text(text)
        for k in rng.choice(names, names // 100, replace=False):
            held[k] = (f"T{newest}", f"Company {newest} Inc", f"US{newest:010d}")
            newest += 1
        for k in rng.choice(names, 3, replace=False):
            held[k] = (f"R{month}{k}", *held[k][1:])


def plain_members(folder: Path) -> pd.DataFrame:
    """First and last date of each ticker."""
    parts = [pd.read_csv(path, skiprows=3).assign(date=path.stem) for path in sorted(folder.glob("*.csv"))]
    return pd.concat(parts).groupby("Ticker")["date"].agg(["min", "max"])


def plain_universe(panels: dict[str, pd.DataFrame], universe: Universe) -> pd.DataFrame:
    """The largest by mean dollar volume, above the least price and volume."""
    close = panels["close"]
    dollars = (close * panels["volume"]).rolling(universe.window, min_periods=universe.window // 3).mean()
    largest = dollars.rank(axis=1, ascending=False) <= universe.proxy_size
    return largest & (close > universe.min_price) & (dollars > universe.min_dollar_volume)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for word, value in (("--files", 72), ("--names", 3000), ("--years", 6)):
        parser.add_argument(word, type=int, default=value)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), asked.files, asked.names)
        ours = timed(lambda: membership.intervals(holdings.read_folder(Path(place))))
        theirs = timed(lambda: plain_members(Path(place)))
    companies = len({one.symbol for one in ours[1]})
    print(f"{asked.files} files of {asked.names:,} holdings: {companies:,} companies under {len(theirs[1]):,} tickers")
    print(f"membership {ours[0]:6.2f} s; pandas {theirs[0]:.2f} s: {ours[0] / theirs[0]:.2f} times its time")
    market_data = draw(asked.names, asked.years)
    market_data = market_data.until(len(market_data.bars.sessions))
    chosen = Universe(members="liquidity", proxy_size=max(1, asked.names // 2))
    panels = {name: pd.DataFrame(getattr(market_data.bars, name)) for name in FIELDS}
    mine, other = timed(lambda: eligible(market_data, chosen)), timed(lambda: plain_universe(panels, chosen))
    print(
        f"universe of {len(market_data.bars.sessions):,} sessions: {int(mine[1].sum()):,} rows, pandas {int(other[1].to_numpy().sum()):,}"
    )
    print(f"universe   {mine[0]:6.2f} s; pandas {other[0]:.2f} s: {mine[0] / other[0]:.2f} times its time")
    print(f"peak memory of all of it {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB")


if __name__ == "__main__":
    main()
