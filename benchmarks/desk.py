"""The strategy's own time on LEAN: 3,000 names, four years, session by session - bars in, features, models, rule - beside the engine.

The market is a random walk; every session all names get features, the names beyond a QPI threshold are put to a pair of LightGBM models
of 100 trees, and the rule decides. LEAN's own loop takes 85 to 120 s for as many names (measured on the engine, lean.md), to which the
bridge's reading of 3 million bars comes. The yardstick asks the models about all names instead, the first 100 sessions scaled to all.
Run: python benchmarks/desk.py [--names 3000]
"""

import argparse
import resource
import time

import numpy as np
from backtest import W4, random_walk
from lightgbm import LGBMClassifier

from springback.data.universe import Universe
from springback.forecasting.boosted import Boosted
from springback.forecasting.card import Card
from springback.forecasting.models import Models
from springback.strategy.knobs import Regime, Strategy
from springback.trading.desk import Desk
from springback.trading.outlook import FixedOutlook

LIMIT = 40.0


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
    tape, _ = random_walk(names, sessions + 64)
    desk = Desk(tape.bars.symbols, FixedOutlook(models, Universe(), low, high), Strategy(), Regime(), Universe())
    started = 0.0
    for row, session in enumerate(tape.bars.sessions):
        if row == 64:
            started = time.perf_counter()
        desk.close(session, tape.bars.close[row], tape.bars.volume[row])
        decision = desk.decide(tape.vix[row], 1_000_000.0)
        for order in decision.orders:  # filled at once: the book stays full
            desk.fill(order.symbol, order.quantity, tape.bars.close[row, desk.columns[order.symbol]])
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=3000)
    names, models = parser.parse_args().names, pair()
    own = seconds(names, W4, 15.0, 85.0, models)
    everyone = seconds(names, 100, 50.0, 50.0, models) * W4 / 100
    each = 1000 * own / W4
    print(f"{names:,} names, {W4:,} sessions: {own:.1f} s of Python ({each:.1f} ms a session; target {LIMIT:.0f} s, bridge included)")
    print(f"all names put to the models: {everyone:.1f} s, {everyone / own:.1f} times as long")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB")


if __name__ == "__main__":
    main()
