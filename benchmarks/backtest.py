"""One warm backtest, forecasts ready: W4 (3,000 names, 1,006 sessions) and W20 (5,040 sessions), beside the same rule in plain Python.

The market data is a random walk whose QPI is drawn so that some 45 names a day lie beyond each threshold and half of them pass the model:
slots are full all the time. The yardstick runs the very same lines without numba (NUMBA_DISABLE_JIT=1) on the first 126 sessions of W4,
scaled to all of them. Run: python benchmarks/backtest.py [--names 3000]"""

import argparse
import os
import resource
import subprocess
import sys
import time
from datetime import date

import numpy as np

from springback.backtest.run import Backtest, backtest, prepare
from springback.market.actions import Actions
from springback.market.bars import Bars
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.strategy.knobs import Regime, Strategy

W4, W20, PLAIN = 1006, 5040, 126


def random_walk(names: int, sessions: int) -> tuple[MarketData, Forecasts]:
    """A market without halts or actions, and forecasts that fire about as often as on 3,000 real names."""
    draw = np.random.default_rng(0)
    shape = (sessions, names)
    close = 50 * np.exp(np.cumsum(draw.normal(0, 0.02, shape), axis=0))
    open_ = close * np.exp(draw.normal(0, 0.005, shape))
    volume = np.full(shape, 1e6)
    days = np.datetime64("2000-01-03") + np.arange(2 * sessions)
    days = days[np.is_busday(days)][:sessions]
    symbols = tuple(f"N{k:05d}" for k in range(names))
    bars = Bars(days, symbols, open_, np.maximum(open_, close), np.minimum(open_, close), close, volume)
    vix = 20 * np.exp(draw.normal(0, 0.1, sessions))
    market_data = MarketData(bars, Actions.none(), vix, np.full(names, sessions - 1), np.zeros(names, np.int8))
    chance = draw.random(shape)
    qpi = np.where(chance < 0.015, 1000 * chance, np.where(chance > 0.985, 100 - 1000 * (1 - chance), 50.0))
    return market_data, Forecasts(qpi, draw.random(shape), draw.random(shape), volume)


def warm(names: int, sessions: int, repeats: int) -> tuple[float, int]:
    """Best seconds of `repeats` backtests after one to warm up, and the orders of each."""
    market_data, forecasts = random_walk(names, sessions)
    inputs = prepare(market_data, forecasts, Regime())
    first, last = (market_data.bars.sessions[k].astype(date) for k in (0, -1))
    account, best, orders = Backtest(first, last), np.inf, 0
    for _ in range(repeats + 1):
        started = time.perf_counter()
        result = backtest(market_data, forecasts, account, Strategy(probability=0.5), Regime(), Costs(), inputs=inputs)
        best, orders = min(best, time.perf_counter() - started), len(result.orders["row"])
    return best, orders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=3000)
    parser.add_argument("--plain", action="store_true", help="print the seconds of the short run and nothing else")
    arguments = parser.parse_args()
    if arguments.plain:
        print(warm(arguments.names, PLAIN, 0)[0])
        return
    four, orders = warm(arguments.names, W4, 5)
    twenty, more = warm(arguments.names, W20, 3)
    command = [sys.executable, __file__, "--plain", "--names", str(arguments.names)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "NUMBA_DISABLE_JIT": "1"})
    plain = float(done.stdout) * W4 / PLAIN
    print(f"W4   {1000 * four:7.1f} ms  {orders:7,} orders   (target 50 ms)")
    print(f"W20  {1000 * twenty:7.1f} ms  {more:7,} orders   (target 300 ms)")
    print(f"plain Python, W4 from {PLAIN} sessions: {plain:.1f} s, {plain / four:.0f} times as long")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB, the market data of W20 in it")


if __name__ == "__main__":
    main()
