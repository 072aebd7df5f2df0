"""The rule on a tape: one backtest or many, each a trial in the ledger; and the runs that are shown beside one."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

from springback.backtest.loop import Market
from springback.backtest.result import Result
from springback.backtest.run import backtest as replay
from springback.backtest.run import prepare
from springback.cluster import Workers
from springback.data.store.content_hash import content_hash
from springback.market.costs import Profile
from springback.market.forecasts import Forecasts
from springback.market.tape import Tape
from springback.settings import flat
from springback.workflow import record
from springback.workflow.settings import Settings, dated


def run_backtest(
    tape: Tape,
    forecasts: Forecasts,
    settings: Settings,
    profile: Profile | None = None,
    flat_bp: float = 0.0,
    market: Market | None = None,
    data_hash: str = "",
    kind: str = "backtest",
    command: str = "",
    models: str = "",
    store: Path | None = None,
) -> Result:
    """The rule on `tape` under one cost profile (default: `backtest.profile`), with `flat_bp` a side on top.

    It is a trial, and is written into the ledger beside `store` before it is returned (see `trials`); `kind` one of `ledger.look.KINDS`,
    `command` and `models` in words. Raises `Unwritable`, `LedgerError` before the work.
    """
    record.ready(store)
    result = simulate(tape, forecasts, settings, profile, flat_bp, market)
    note_backtest(tape, data_hash or content_hash(tape), settings, result, profile, flat_bp, kind, command, models, store)
    return result


def note_backtest(
    tape: Tape,
    data_hash: str,
    settings: Settings,
    result: Result,
    profile: Profile | None = None,
    flat_bp: float = 0.0,
    kind: str = "backtest",
    command: str = "",
    models: str = "",
    store: Path | None = None,
) -> None:
    """Writes into the ledger what `simulate` gave, under the settings it was given."""
    settings = dated(settings, tape)
    under = profile or settings.backtest.profile
    told = flat(settings) | {"backtest.profile": under} | ({"backtest.flat_bp": flat_bp} if flat_bp else {})
    record.note(tape, data_hash, told, under, result, kind, command, models, store)


def simulate(
    tape: Tape,
    forecasts: Forecasts,
    settings: Settings,
    profile: Profile | None = None,
    flat_bp: float = 0.0,
    market: Market | None = None,
) -> Result:
    """`run_backtest` without the ledger, for runs shown beside one that is written down; `tests/test_architecture.py` says who may."""
    account = dataclasses.replace(dated(settings, tape).backtest, profile=profile or settings.backtest.profile)
    return replay(tape, forecasts, account, settings.strategy, settings.regime, settings.costs, flat_bp, market)


class Ground:
    """A tape and its forecasts, on which many settings are run; what the loop reads is made once in each process for each kind of rule."""

    def __init__(self, tape: Tape, forecasts: Forecasts) -> None:
        self.tape = tape
        self.forecasts = forecasts
        self._markets: dict[tuple[int, str, str], Market] = {}
        self._lock = Lock()

    def market(self, settings: Settings) -> Market:
        """What the loop reads, for rules like that of `settings`."""
        kind = settings.regime.window, settings.strategy.exit_rule, settings.strategy.trend
        with self._lock:
            if kind not in self._markets:
                self._markets[kind] = prepared(self.tape, self.forecasts, settings)
            return self._markets[kind]

    def __getstate__(self) -> tuple[Tape, Forecasts]:
        return self.tape, self.forecasts

    def __setstate__(self, told: tuple[Tape, Forecasts]) -> None:
        Ground.__init__(self, *told)


def run_backtests(
    ground: Ground,
    many: Sequence[Settings],
    workers: Workers,
    data_hash: str,
    kind: str = "backtest",
    command: str = "",
    models: str = "",
    store: Path | None = None,
) -> Iterator[Result]:
    """The rule under each of `many` settings, in order, side by side; each is written into the ledger before it is handed on.

    Of each run the account only, `daily` and `funnel`: orders, fills and trades would be most of what a cluster sends.
    """
    record.ready(store)
    for settings, result in zip(many, workers.each(_run_one, ground, many), strict=True):
        note_backtest(ground.tape, data_hash, settings, result, kind=kind, command=command, models=models, store=store)
        yield result


def _run_one(ground: Ground, settings: Settings) -> Result:
    whole = simulate(ground.tape, ground.forecasts, settings, market=ground.market(settings))
    return dataclasses.replace(whole, orders={}, fills={}, trades={})


def prepared(tape: Tape, forecasts: Forecasts, settings: Settings) -> Market:
    """What the loop reads, made once for many backtests."""
    return prepare(tape, forecasts, settings.regime, settings.strategy)
