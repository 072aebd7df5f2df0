"""LEAN's data folder of 3,000 names x 6 years against plain pandas and zipfile, in one run.

    python benchmarks/lean_export.py [--names 3000]

Each side runs in a process of its own on the same drawn bars; seconds are without drawing. Pandas does less: it writes the daily zips
only, has no map or factor files, no hashes, and does not wait for the disk.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from springback.lean.export import export
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import MarketData

SESSIONS = 1_510


def draw(names: int) -> MarketData:
    """Random walks on a grid of a cent, with a dividend each quarter and a split each third year."""
    rng = np.random.default_rng(1)
    shape = (SESSIONS, names)
    close = np.round(30 * np.exp(np.cumsum(rng.normal(0, 0.015, shape), axis=0)) + 1, 2)
    open_ = np.round(close * np.exp(rng.normal(0, 0.005, shape)), 2)
    high, low = np.maximum(open_, close) + 0.05, np.minimum(open_, close) - 0.05
    days = np.datetime64("2018-01-02") + np.arange(2 * SESSIONS)
    bars = Bars(
        days[np.is_busday(days)][:SESSIONS],
        tuple(f"N{k:04d}" for k in range(names)),
        *(open_, np.round(high, 2), np.round(low, 2), close, np.round(rng.lognormal(12, 1, shape))),
    )
    row = np.repeat(np.arange(63, SESSIONS, 63), names)
    kind = (row % (63 * 12) == 0).astype(np.int64)
    actions = Actions(row, np.tile(np.arange(names), len(row) // names), kind, np.where(kind == 1, 0.5, 0.01))
    return MarketData(bars, actions, np.full(SESSIONS, 20.0), np.full(names, SESSIONS - 1), np.zeros(names, np.int8))


def plain(table: pd.DataFrame, out: Path) -> None:
    """The daily zips, as one would write them."""
    for symbol, rows in table.groupby("symbol", sort=False):
        made = (rows[["open", "high", "low", "close"]] * 10_000).round().astype("int64")
        made.insert(0, "time", rows["date"].dt.strftime("%Y%m%d 00:00"))
        made["volume"] = rows["volume"].astype("int64")
        with zipfile.ZipFile(out / f"{str(symbol).lower()}.zip", "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(f"{str(symbol).lower()}.csv", made.to_csv(index=False, header=False))


def long_table(bars: Bars) -> pd.DataFrame:
    """The bars as the long table that a pandas user has."""
    sessions, names = bars.shape
    columns = {"date": np.tile(bars.sessions.astype("datetime64[s]"), names), "symbol": np.repeat(np.array(bars.symbols), sessions)}
    return pd.DataFrame(columns | {field: getattr(bars, field).T.ravel() for field in FIELDS})


def side(which: str, names: int) -> None:
    """One side in this process: prints its seconds, its seconds of CPU and its peak memory in GiB."""
    market_data = draw(names)
    with tempfile.TemporaryDirectory() as folder:
        table = long_table(market_data.bars) if which == "plain" else None
        begun, worked = time.perf_counter(), time.process_time()
        if table is None:
            export(market_data, Path(folder))
        else:
            plain(table, Path(folder))
        took, cpu = time.perf_counter() - begun, time.process_time() - worked
    print(took, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=3_000)
    parser.add_argument("--side", choices=("ours", "plain"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        side(options.side, options.names)
        return
    found: dict[str, tuple[float, ...]] = {}
    for which in ("ours", "plain", "ours", "plain"):
        command = [sys.executable, __file__, "--side", which, "--names", str(options.names)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        found[which] = min(found.get(which, (np.inf,)), tuple(map(float, said)))
    print(f"{options.names:,} names, {options.names * SESSIONS:,} bars; the better of two runs each; memory with the bars")
    for which, label in (("ours", "export"), ("plain", "pandas to_csv and zipfile, zips only")):
        took, cpu, memory = found[which]
        print(f"{label:<38} {took:6.1f} s   {cpu:6.1f} s of CPU   {memory:5.2f} GiB{'   (target 120 s)' * (which == 'ours')}")
    faster, leaner = (found["plain"][k] / found["ours"][k] for k in (0, 1))
    print(f"ratio: {faster:.1f}x as fast as pandas, {leaner:.1f}x by CPU")


if __name__ == "__main__":
    main()
