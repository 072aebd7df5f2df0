"""Features of 3,000 names x 20 years against pandas' groupby-rolling, in one run.

    python benchmarks/features.py [--quick]

Ours runs on the whole panel, pandas on 1 name in 30 (for all of them it needs tens of GiB); the ratio is per row. `--quick` takes a
tenth of the sessions.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd

from springback import features
from springback.market.actions import Actions
from springback.market.bars import Bars

NAMES, SESSIONS, ONE_IN = 3_000, 5_040, 30


def draw_bars(sessions: int) -> Bars:
    """Random walks with volumes."""
    draw = np.random.default_rng(1)
    close = draw.normal(0.0, 0.02, (sessions, NAMES))
    np.cumsum(close, axis=0, out=close)
    np.exp(close, out=close)
    close *= 30.0
    volume = draw.lognormal(12.0, 1.0, (sessions, NAMES))
    return Bars(
        np.datetime64("2004-01-01") + np.arange(sessions), tuple(f"N{k:04d}" for k in range(NAMES)), close, close, close, close, volume
    )


def pandas_features(bars: Bars) -> pd.DataFrame:
    """The same eight, as one would write them on a long table."""
    sessions, names = bars.shape
    table = pd.DataFrame({"name": np.repeat(np.arange(names), sessions), "close": bars.close.T.ravel(), "volume": bars.volume.T.ravel()})
    table["change"] = table.groupby("name")["close"].diff()
    table["gain"], table["loss"] = table["change"].clip(lower=0), (-table["change"]).clip(lower=0)
    table["return"] = table.groupby("name")["close"].pct_change()
    by_name = table.groupby("name")

    def rolling(column: str, window: int, what: str) -> pd.Series:
        found: pd.Series = getattr(by_name[column].rolling(window), what)().reset_index(level=0, drop=True)
        return found

    def over(lag: int) -> pd.Series:
        return table["close"] / by_name["close"].shift(lag) - 1

    ratio = table["volume"] / rolling("volume", 20, "mean")
    qpi = 50 + 10 * over(3) / (rolling("return", 20, "std") + 1e-6) - 5 * (ratio - 1)
    rsi = 100 - 100 / (1 + rolling("gain", 14, "mean") / (rolling("loss", 14, "mean") + 1e-6))
    band = (table["close"] - rolling("close", 20, "mean")) / (rolling("close", 20, "std") + 1e-6)
    surge = table["volume"] / rolling("volume", 5, "mean")
    return pd.DataFrame(dict(zip(features.FEATURES, (qpi.clip(0, 100), rsi, band, surge, over(5), over(10), over(20), ratio), strict=True)))


def peak_gib() -> float:
    """Largest resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    bars = draw_bars(SESSIONS // 10 if options.parse_args().quick else SESSIONS)
    features.panel(bars.between(0, 30), Actions.none())  # compiles, or reads what was compiled before
    rows = bars.close.size
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        panel = features.panel(bars, Actions.none())
        times.append(time.perf_counter() - begun)
        sample = panel[:, ::ONE_IN].copy()
        del panel
    ours, memory = min(times), peak_gib()
    begun = time.perf_counter()
    features.latest(bars, Actions.none())
    last = time.perf_counter() - begun
    few = bars.of(bars.symbols[::ONE_IN])
    begun = time.perf_counter()
    theirs = pandas_features(few)
    plain = time.perf_counter() - begun
    off = np.nanmax(np.abs(theirs.to_numpy().reshape(few.shape[1], few.shape[0], 8).transpose(1, 0, 2) - sample))
    each = ", ".join(f"{one:.2f}" for one in times)
    print(f"features of {rows:,} rows x 8: {ours:.2f} s (of three: {each}), peak {memory:.2f} GiB with the bars")
    print(f"features of the latest session, {bars.shape[1]:,} names: {last * 1e3:.1f} ms")
    print(f"pandas groupby-rolling, {few.close.size:,} rows: {plain:.2f} s; largest difference {off:.1e}")
    print(f"ratio per row: {(plain / few.close.size) / (ours / rows):.0f}x")


if __name__ == "__main__":
    main()
