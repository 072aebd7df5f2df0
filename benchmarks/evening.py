"""One evening of 3,000 names, from stored bars to the decision that is told, beside what it would take to begin with all of the past.

A drawn market of four years in a store, a champion and a challenger of 100 trees a side taught noise, an account whose earlier evenings
were played; the newest evening is timed, as `springback daily` runs it, and by its parts, each without those inside it. The yardstick reads
the whole store and prepares every session, as a backtest does, and decides nothing: an evening that does not read by windows begins there.
Run: python benchmarks/evening.py [--names 3000] [--years 4] [--evenings 10]
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from desk import pair

from springback.data.demo.demo import Demo
from springback.data.hours import hours_of
from springback.features import FEATURES
from springback.forecasting.archive import Archive, write_timeline
from springback.forecasting.models import Models
from springback.forecasting.timeline import Timeline
from springback.operation.desk_folder import DeskFolder
from springback.quality import entry
from springback.state.state import State
from springback.strategy.knobs import Strategy
from springback.verbs.console import Console
from springback.verbs.daily import evening
from springback.workflow import daily
from springback.workflow.book import Word, opened
from springback.workflow.daily import Clock
from springback.workflow.evening import LiveAccount
from springback.workflow.inputs import Inputs, stored
from springback.workflow.prepare import prepare_world
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo

LIMIT = 20.0
LAST = date(2023, 3, 30)
PARTS = (
    ("windows read", LiveAccount, "window"),
    ("gate of the new session", daily, "data_faults"),
    ("models opened", daily, "models_in_use"),
    ("features and forecasts", daily, "session_forecasts"),
    ("decide", daily, "play"),
    ("hashes and settings", daily, "_around"),
    ("freeze", daily, "frozen"),
    ("contests and watch", daily, "governed"),
)


class Times:
    """Seconds by part, each without the parts inside it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside = [0.0]

    def around(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, timed as part `name`."""

        def timed(*words: Any, **named: Any) -> Any:
            self._inside.append(0.0)
            began = time.perf_counter()
            try:
                return work(*words, **named)
            finally:
                took = time.perf_counter() - began
                self.seconds[name] = self.seconds.get(name, 0.0) + took - self._inside.pop()
                self._inside[-1] += took

        return timed


@contextmanager
def parts(times: Times) -> Iterator[None]:
    """The parts of an evening, timed in the block."""
    with ExitStack() as stack:
        for name, of, function in PARTS:
            stack.enter_context(patch.object(of, function, times.around(name, getattr(of, function))))
        yield


def taught(models: Path, seed: int, known_by: str) -> tuple[str, str]:
    """Name and hash of a pair that is kept in the archive."""
    noise = pair()
    told = replace(
        noise.card, features=FEATURES, first=known_by, last=known_by, known_by=known_by, seed=seed, created="2023-01-01T00:00:00"
    )
    kept = Archive(models).save(Models(noise.long, noise.short, told))
    return kept.card.name, kept.card.hash


def begun(folder: Path, settings: Settings, after: str) -> LiveAccount:
    """An account with a million dollars, a champion and a challenger from the session after `after` on."""
    hashes = dict(taught(folder / "models", seed, after) for seed in (1, 2))
    champion, challenger = hashes
    timeline = Timeline(hashes=hashes, tried=after).begun(champion, after, "benchmark", "the first").registered(challenger, after)
    write_timeline(folder / "models", timeline)
    desk = folder / "desk"
    account = LiveAccount("desk", DeskFolder(desk), settings, State(desk / "state.sqlite"), folder / "store", folder / "models")
    opened(account, 1e6, Word("benchmark", moment(date.fromisoformat(after)) - timedelta(hours=1)))
    return account


def moment(session: date) -> datetime:
    """The end of the session's evening: half an hour after its close."""
    return hours_of(session).closes + timedelta(minutes=30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=3000)
    parser.add_argument("--years", type=int, default=4)
    parser.add_argument("--evenings", type=int, default=10)
    asked = parser.parse_args()
    demo = Demo(names=asked.names, start=str(LAST.replace(year=LAST.year - asked.years)), end=str(LAST))
    settings = Settings(strategy=Strategy(probability=0.5), demo=demo)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        market_data = draw_demo(settings)
        entry.fetch_over(market_data, folder / "store")
        days = [one.item() for one in market_data.bars.sessions[-asked.evenings :]]
        account = begun(folder, settings, str(market_data.bars.sessions[-asked.evenings - 1]))
        del market_data
        with Console(False, True) as console:
            for day in days[:-1]:
                evening(console, account, Clock(moment(day)), None, False)
            times, began = Times(), time.perf_counter()
            with parts(times):
                evening(console, account, Clock(moment(days[-1])), None, False)
            took = time.perf_counter() - began
        decision = account.folder.decision()
        for name, seconds in times.seconds.items():
            print(f"{name:<24} {seconds:6.2f} s")
        print(f"{'the rest':<24} {took - sum(times.seconds.values()):6.2f} s")
        ranked, orders = len(decision.forecasts()) // 2, len(decision.orders())
        print(f"an evening of {asked.names:,} names, {ranked:,} ranked by two models, {orders} orders: {took:.2f} s (limit {LIMIT:.0f} s)")
        began = time.perf_counter()
        loaded = stored(Inputs(store=folder / "store"))
        prepare_world(loaded.market_data, settings, loaded.hash)
        whole = time.perf_counter() - began
    print(f"the whole store read and every session of {asked.years} years prepared: {whole:.2f} s, {whole / took:.1f} times the evening")
    print(f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
