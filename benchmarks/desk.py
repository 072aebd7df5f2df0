"""The strategy's own time on LEAN: 3,000 names, four years, session by session - bars in, features, models, rule - beside the engine.

The market is a random walk; every session all names get features, the names beyond a QPI threshold are put to a pair of LightGBM models
of 100 trees, and the rule decides. LEAN's own loop takes 85 to 120 s for as many names (measured on the engine), to which the bridge's
reading of 3 million bars comes. The yardstick asks the models about all names instead, the first 100 sessions scaled to all.

What the bridge adds cannot be timed without an engine, but it can be counted: the algorithm runs on the stand-in of tests/lean, and every
property or method of LEAN's that it reads for a bar counts. Times what each costs on the engine, that is the bridge's share.
Run: python benchmarks/desk.py [--names 3000]
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from backtest import W4, random_walk
from lightgbm import LGBMClassifier

from springback.forecasting.boosted import Boosted
from springback.forecasting.card import Card
from springback.forecasting.models import Models
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe
from springback.trading.day_forecasts import FixedModelForecasts
from springback.trading.desk import Desk

LIMIT = 40.0
REPOSITORY = Path(__file__).resolve().parents[1]
COSTS = {"Security": 0.92, "TradeBars.get": 5.4, "TradeBars.items": 5.2, "DataDictionary.items": 5.2, "Symbol": 6.7, "TradeBar": 1.4}
"""Microseconds a call on the engine (2 cores, 3,000 names); `items` is a bar's share, `Symbol` a hash of one."""


def pair() -> Models:
    """Two models of the specified size, taught noise: only their speed is wanted."""
    draw = np.random.default_rng(0)
    rows, target = draw.normal(size=(20_000, 8)), draw.random(20_000) < 0.5
    made = [
        Boosted(LGBMClassifier(n_estimators=100, max_depth=4, num_leaves=15, verbosity=-1, random_state=k).fit(rows, target).booster_, 0.0)
        for k in (1, 2)
    ]
    return Models(*made, Card((), "", "", "", 0, 6, {}, 0, "", ""))


def seconds(names: int, sessions: int, low: float, high: float, models: Models) -> float:
    """Seconds of `sessions` decisions after 64 to warm up; names with QPI under `low` or over `high` are put to the models."""
    market_data, _ = random_walk(names, sessions + 64)
    desk = Desk(market_data.bars.symbols, FixedModelForecasts(models, Universe(), low, high), Strategy(), Regime(), Universe())
    started = 0.0
    for row, session in enumerate(market_data.bars.sessions):
        if row == 64:
            started = time.perf_counter()
        desk.close(session, market_data.bars.close[row], market_data.bars.volume[row])
        decision = desk.decide(market_data.vix[row], 1_000_000.0)
        for order in decision.orders:  # filled at once: the book stays full
            desk.fill(order.symbol, order.quantity, market_data.bars.close[row, desk.columns[order.symbol]])
    return time.perf_counter() - started


def calls(names: int, sessions: int) -> tuple[Counter[tuple[str, str]], int, int]:
    """Calls of the algorithm into LEAN's objects by (function, kind), and the bars looked back on and delivered; 2 % are halts."""
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "lean" / "standin")]
    from lean_standin import World, data, securities
    from lean_standin.hours import trading_days

    from tests.lean import replays

    found: Counter[tuple[str, str]] = Counter()

    def count(kind: type, hashed: bool = False) -> None:
        read, hash_of = kind.__getattribute__, kind.__hash__

        def heard(own: Any, name: str) -> Any:
            frame = sys._getframe(1)
            if frame.f_code.co_filename == str(replays.ALGORITHM):
                found[frame.f_code.co_name, f"{kind.__name__}.{name}"] += len(own) if name == "items" else 1
            return read(own, name)

        def hashing(own: Any) -> int:
            if sys._getframe(1).f_code.co_filename == str(replays.ALGORITHM):
                found[sys._getframe(1).f_code.co_name, kind.__name__] += 1
            return hash_of(own)

        kind.__getattribute__ = heard  # type: ignore[assignment,method-assign]
        if hashed:
            kind.__hash__ = hashing  # type: ignore[assignment,method-assign]

    draw, known = np.random.default_rng(0), trading_days()
    first = int(np.searchsorted(known, np.datetime64("2020-01-02")))
    days, symbols = known[first - 64 : first + sessions].astype(str), [f"N{k:04d}" for k in range(names)]
    real = draw.random((len(days), names)) < 0.98
    at, name = np.nonzero(real)
    bars = pd.DataFrame({"date": days[at], "symbol": np.array(symbols)[name], "volume": draw.integers(1, 10**7, len(at)).astype(float)})
    world = World(bars.assign(open=10.0, high=10.0, low=10.0, close=10.0), delistings={})
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "springback"
        ours.mkdir()
        (ours / "symbols.csv").write_text("\n".join(["symbol", *symbols]))
        (ours / "vix.csv").write_text("\n".join(["date,close", *(f"{day},15" for day in days)]))
        (ours / "forecasts.csv").write_text(f"date,symbol,qpi,p_long,p_short,adv_63\n{days[0]},{symbols[0]},50,0.5,0.5,1000\n")
        for kind in (securities.Security, data.TradeBar, data.TradeBars, data.DataDictionary):
            count(kind)
        count(data.Symbol, hashed=True)
        span = {"backtest.start": days[64], "backtest.end": days[-1], "lean.models": "forecasts"}
        replays.run(world, span, Path(folder))
    return found, int(real[:64].sum()), int(real[64:].sum())


def bridge(names: int, sessions: int) -> None:
    """Says how many calls a bar costs, looking back and session by session, and what that is on the engine."""
    found, back, delivered = calls(names, sessions)
    for function, bars in (("_look_back", back), ("_read", delivered)):
        counted = {kind: count / bars for (where, kind), count in found.items() if where == function and count > bars / 1000}
        micro = sum(each * COSTS.get(kind, COSTS.get(kind.partition(".")[0], 0.0)) for kind, each in counted.items())
        told = ", ".join(f"{kind} {each:.2f}" for kind, each in sorted(counted.items(), key=lambda one: -one[1]))
        print(f"{function}: {sum(counted.values()):.2f} calls a bar, {micro:.1f} us on the engine ({told})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=3000)
    names, models = parser.parse_args().names, pair()
    own = seconds(names, W4, 15.0, 85.0, models)
    everyone = seconds(names, 100, 50.0, 50.0, models) * W4 / 100
    each = 1000 * own / W4
    print(f"{names:,} names, {W4:,} sessions: {own:.1f} s of Python ({each:.1f} ms a session; target {LIMIT:.0f} s, bridge included)")
    print(f"all names put to the models: {everyone:.1f} s, {everyone / own:.1f} times as long")
    bridge(100, 60)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB")


if __name__ == "__main__":
    main()
