"""The store of 3,000 names x 4 and 20 years against plain pandas and Parquet, in one run.

    python benchmarks/store.py [--names 3000] [--years 4 20]

Each side runs in a process of its own on the same drawn bars; seconds and memory of a load are those of a fresh process that does nothing
else. Pandas does less: `read_parquet` of the same columns in one file a year and `pivot` into five panels, without hashes, times of
learning, splits, membership or a manifest.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from springback.data.store.store import Store
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData

SESSIONS_A_YEAR = 252
TARGETS = {4: 2.0, 20: 10.0}
UPDATE = 5.0


def draw(names: int, years: int) -> MarketData:
    """Random walks on a grid of a cent with a dividend each quarter; one session more than `years` full ones."""
    sessions = years * SESSIONS_A_YEAR + 1
    rng = np.random.default_rng(1)
    close = rng.normal(0, 0.015, (sessions, names))
    np.cumsum(close, axis=0, out=close)
    np.exp(close, out=close)
    close = np.round(30 * close + 1, 2)
    open_ = np.round(close * (1 + rng.normal(0, 0.005, close.shape)), 2)
    volume = np.round(rng.lognormal(12, 1, close.shape))
    days = np.datetime64("2004-01-02") + np.arange(3 * sessions)
    days = days[np.is_busday(days)][:sessions]
    bars = Bars(
        days,
        tuple(f"N{k:04d}" for k in range(names)),
        open_,
        np.maximum(open_, close) + 0.05,
        np.minimum(open_, close) - 0.05,
        close,
        volume,
    )
    row = np.repeat(np.arange(63, sessions, 63), names)
    acts = Actions(row, np.tile(np.arange(names), len(row) // names), np.zeros(len(row), np.int64), np.full(len(row), 0.01))
    return MarketData(
        bars, acts, np.full(sessions, 20.0), np.full(names, sessions - 1), np.zeros(names, np.int8), np.ones(close.shape, bool)
    )


def write_plain(market_data: MarketData, folder: Path) -> None:
    """One Parquet file a year, as pandas writes it."""
    folder.mkdir()
    years = market_data.bars.sessions.astype("datetime64[Y]")
    for year in np.unique(years):
        rows = np.flatnonzero(years == year)
        count = len(market_data.bars.symbols)
        columns = {
            "date": np.repeat(market_data.bars.sessions[rows].astype("datetime64[s]"), count),
            "symbol": list(market_data.bars.symbols) * len(rows),
        }
        frame = pd.DataFrame(columns | {name: getattr(market_data.bars, name)[rows].ravel() for name in FIELDS})
        frame.to_parquet(folder / f"{year}.parquet", compression="zstd")


def read_plain(folder: Path) -> dict[str, pd.DataFrame]:
    """Five panels, as pandas makes them."""
    frame = pd.concat([pd.read_parquet(path) for path in sorted(folder.iterdir())])
    return {name: frame.pivot(index="date", columns="symbol", values=name) for name in FIELDS}


def side(which: str, folder: Path, names: int, years: int) -> None:
    """One side in this process: prints its seconds, its seconds of CPU and its peak memory in GiB."""
    if which == "make":
        market_data = draw(names, years)
        whole = len(market_data.bars.sessions)
        write_plain(market_data, folder / "plain")
        begun, worked = time.perf_counter(), time.process_time()
        Store(folder / "ours").write(market_data.until(whole - 1))
    elif which == "update":
        whole = years * SESSIONS_A_YEAR + 1
        made = draw(names, years)
        last = MarketData(
            made.bars.between(whole - 1, whole),
            Actions.none(),
            made.vix[-1:],
            np.zeros(names, np.int64),
            made.ending,
            np.ones((1, names), bool),
        )
        del made
        begun, worked = time.perf_counter(), time.process_time()
        Store(folder / "ours").update(last)
    else:
        begun, worked = time.perf_counter(), time.process_time()
        if which == "ours":
            assert Store(folder / "ours").read().bars.shape[1] == names
        elif which == "then":
            Store(folder / "ours").read(as_of=Store(folder / "ours").describe()["written_at"])
        else:
            assert read_plain(folder / "plain")["close"].shape[1] == names
    print(time.perf_counter() - begun, time.process_time() - worked, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def measured(which: str, folder: Path, names: int, years: int) -> tuple[float, ...]:
    """Seconds, seconds of CPU and GiB of one side in a process of its own."""
    command = [sys.executable, __file__, "--side", which, "--folder", str(folder), "--names", str(names), "--years", str(years)]
    return tuple(map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()))


def compare(names: int, years: int) -> None:
    """Measures and prints one size."""
    folder = Path(tempfile.mkdtemp())
    try:
        found = {which: measured(which, folder, names, years) for which in ("make", "update")}
        for which in ("ours", "plain", "then", "ours", "plain"):
            found[which] = min(found.get(which, (np.inf,)), measured(which, folder, names, years))
        size = sum(path.stat().st_size for path in (folder / "ours").rglob("*.parquet")) / 2**20
    finally:
        shutil.rmtree(folder)
    target = f"target {TARGETS[years]:g} s" if years in TARGETS and names == 3_000 else ""
    print(
        f"{names:,} names x {years} years, {names * (years * SESSIONS_A_YEAR + 1):,} bars, {size:,.0f} MiB on disk; the better of two loads"
    )
    for which, label, note in (
        ("make", "first write (memory with the drawing)", ""),
        ("update", "update of one session (likewise)", f"target {UPDATE:g} s"),
        ("ours", "full load", target),
        ("then", "full load as known on a day, hash proven", ""),
        ("plain", "pandas read_parquet and pivot", ""),
    ):
        took, cpu, memory = found[which]
        print(f"  {label:<42} {took:6.2f} s  {cpu:6.2f} s of CPU  {memory:5.2f} GiB  {note}")
    faster, leaner = (found["plain"][k] / found["ours"][k] for k in (0, 1))
    print(f"  ratio of the loads: {faster:.1f}x as fast as pandas, {leaner:.1f}x by CPU")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=3_000)
    parser.add_argument("--years", type=int, nargs="+", default=[4, 20])
    parser.add_argument("--side", choices=("make", "update", "ours", "then", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        side(options.side, options.folder, options.names, options.years[0])
        return
    for years in options.years:
        compare(options.names, years)


if __name__ == "__main__":
    main()
