"""Trials a second of a search: on a ground prepared once, on all cores, on a cluster; and a plain loop that prepares the market each time.

    python benchmarks/optimise.py [--names 200] [--trials 40]

All in one run on the demo market, the same settings each way; the returns must be equal to the last bit. Beside it the walk-forward on
cores and on a cluster of two worker processes, and what a worker's memory grows by.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from springback import settings
from springback.cluster import Cores, Workers, workers_at
from springback.training.walk_forward import WalkForwardResult
from springback.workflow.backtests import BacktestCache, run_backtest, run_backtests
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import prepare_world
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo

SPAN = ("demo.start='2018-01-02'", "demo.end='2022-12-30'", "backtest.start=2020-01-01", "backtest.end=2022-12-31", "training.trees=20")


@contextmanager
def cluster(folder: Path) -> Iterator[Any]:
    """Two worker processes of one thread."""
    from distributed import LocalCluster

    made = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", local_directory=str(folder), silence_logs=60
    )
    try:
        yield made
    finally:
        made.close()


def timed(label: str, trials: int, work: Callable[[], list[np.ndarray[Any, Any]]]) -> tuple[float, list[np.ndarray[Any, Any]]]:
    """Trials a second."""
    started = time.perf_counter()
    found = work()
    rate = trials / (time.perf_counter() - started)
    print(f"{label:<44}{rate:8.1f} trials/s")
    return rate, found


def main() -> None:
    """Prints the rates and their ratios."""
    words = argparse.ArgumentParser()
    words.add_argument("--names", type=int, default=200)
    words.add_argument("--trials", type=int, default=40)
    told = words.parse_args()
    chosen = settings.load(Settings, [], [*SPAN, f"demo.names={told.names}"])
    made = prepare_world(draw_demo(chosen), chosen)
    draw = np.random.default_rng(1)
    many = [
        dataclasses.replace(chosen, strategy=dataclasses.replace(chosen.strategy, probability=float(p), slots=int(s)))
        for p, s in zip(draw.uniform(0.5, 0.65, told.trials), draw.integers(10, 40, told.trials), strict=True)
    ]
    with tempfile.TemporaryDirectory() as name, cluster(Path(name)) as dask, workers_at(dask.scheduler_address) as remote:
        store = Path(name) / "store"
        local: dict[str, WalkForwardResult] = {}
        for label, workers in (("walk-forward, cores", None), ("walk-forward, cluster, first call", remote), ("again", remote)):
            started = time.perf_counter()
            local[label] = forecast_walk_forward(made, chosen, workers=workers)
            print(f"{label:<44}{time.perf_counter() - started:8.1f} s")
        first, *others = (one.forecasts.p_long for one in local.values())
        assert all(np.array_equal(first, one, equal_nan=True) for one in others)
        said = local["walk-forward, cores"].forecasts
        ground = BacktestCache(made.market_data, said)
        run_backtest(made.market_data, said, chosen, Recorder(store, made.hash))

        def on(workers: Workers) -> Callable[[], list[Any]]:
            return lambda: [
                one.daily["equity"] for one in run_backtests(ground, many, workers, Recorder(store, made.hash, kind="optimise"))
            ]

        def naive() -> list[Any]:
            return [run_backtest(made.market_data, said, one, Recorder(store, made.hash)).daily["equity"] for one in many]

        size = sum(getattr(made.market_data.bars, field).nbytes for field in ("open", "high", "low", "close", "volume")) * 9 / 5
        before = [psutil.Process(nanny.process.pid).memory_full_info().uss for nanny in dask.workers.values()]
        plain, a = timed("plain loop, market prepared each time", told.trials, naive)
        one, b = timed("ground prepared once, one thread", told.trials, on(Cores(1)))
        all_, c = timed("ground prepared once, all cores", told.trials, on(Cores()))
        cold, d = timed("cluster of two, panel sent", told.trials, on(remote))
        warm, e = timed("cluster of two, panel there", told.trials, on(remote))
        assert all(np.array_equal(x, y) for other in (b, c, d, e) for x, y in zip(a, other, strict=True)), "the same to the last bit"
        after = [psutil.Process(nanny.process.pid).memory_full_info().uss for nanny in dask.workers.values()]
        print(f"ratios: once/plain {one / plain:.1f}, cores/plain {all_ / plain:.1f}", end=", ")
        print(f"cluster warm/cores {warm / all_:.2f}, cold/cores {cold / all_:.2f}")
        grown = ", ".join(f"{(y - x) / 2**20:.0f} MB" for x, y in zip(before, after, strict=True))
        print(f"panels {size / 2**20:.0f} MB; workers grew by {grown}")


if __name__ == "__main__":
    main()
