"""The rule on a tape: one backtest or many, each a trial in the ledger; and the runs that are shown beside one."""

import dataclasses
from collections.abc import Iterator, Sequence
from threading import Lock

from springback.backtest.loop import Market
from springback.backtest.result import Result
from springback.backtest.run import backtest as replay
from springback.backtest.run import prepare
from springback.cluster import Workers
from springback.market.forecasts import Forecasts
from springback.market.tape import Tape
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, dated


def run_backtest(
    tape: Tape, forecasts: Forecasts, settings: Settings, record: Recorder, flat_bp: float = 0.0, market: Market | None = None
) -> Result:
    """The rule on `tape` under `settings`, with `flat_bp` a side on top; a trial, which `record` writes down before it is returned.

    Raises `Unwritable`, `LedgerError` before the work.
    """
    record.ready()
    result = simulate(tape, forecasts, settings, flat_bp, market)
    record.backtest(tape, settings, result, flat_bp)
    return result


def simulate(tape: Tape, forecasts: Forecasts, settings: Settings, flat_bp: float = 0.0, market: Market | None = None) -> Result:
    """`run_backtest` without the ledger, for runs shown beside one that is written down; `tests/test_architecture.py` says who may."""
    account = dated(settings, tape).backtest
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


def run_backtests(ground: Ground, many: Sequence[Settings], workers: Workers, record: Recorder) -> Iterator[Result]:
    """The rule under each of `many` settings, in order, side by side; each is written into the ledger before it is handed on.

    Of each run the account only, `daily` and `funnel`: orders, fills and trades would be most of what a cluster sends.
    """
    record.ready()
    for settings, result in zip(many, workers.each(_run_one, ground, many), strict=True):
        record.backtest(ground.tape, settings, result)
        yield result


def _run_one(ground: Ground, settings: Settings) -> Result:
    whole = simulate(ground.tape, ground.forecasts, settings, market=ground.market(settings))
    return dataclasses.replace(whole, orders={}, fills={}, trades={})


def prepared(tape: Tape, forecasts: Forecasts, settings: Settings) -> Market:
    """What the loop reads, made once for many backtests."""
    return prepare(tape, forecasts, settings.regime, settings.strategy)
