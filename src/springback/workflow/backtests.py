"""The rule on market data: one backtest or many, each a trial in the ledger; and the runs that are shown beside one."""

import dataclasses
from collections.abc import Iterator, Sequence
from threading import Lock

from springback.backtest.result import Result
from springback.backtest.run import backtest as replay
from springback.backtest.run import prepare
from springback.backtest.state import Floats, LoopInputs
from springback.cluster import Workers
from springback.market.forecasts import Forecasts
from springback.market.limits import Limits
from springback.market.market_data import MarketData
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, dated


def run_backtest(
    market_data: MarketData,
    forecasts: Forecasts,
    settings: Settings,
    record: Recorder,
    flat_bp: float = 0.0,
    inputs: LoopInputs | None = None,
) -> Result:
    """The rule on `market_data` under `settings`, with `flat_bp` a side on top; a trial, which `record` writes down before it is returned.

    Raises `Unwritable`, `LedgerError` before the work.
    """
    record.ready()
    result = simulate(market_data, forecasts, settings, flat_bp, inputs)
    record.backtest(market_data, settings, result, flat_bp)
    return result


def simulate(
    market_data: MarketData, forecasts: Forecasts, settings: Settings, flat_bp: float = 0.0, inputs: LoopInputs | None = None
) -> Result:
    """`run_backtest` without the ledger, for runs shown beside one that is written down; `tests/test_architecture.py` says who may."""
    account, ready = dated(settings, market_data).backtest, inputs or loop_inputs(market_data, forecasts, settings)
    return replay(market_data, forecasts, account, settings.strategy, settings.regime, settings.costs, flat_bp, ready)


class BacktestCache:
    """LoopInputs data and its forecasts, on which many settings are run; what the loop reads is made once in each process for each kind of
    rule.
    """

    def __init__(self, market_data: MarketData, forecasts: Forecasts) -> None:
        self.market_data = market_data
        self.forecasts = forecasts
        self._inputs: dict[tuple[int | str | Limits, ...], LoopInputs] = {}
        self._lock = Lock()

    def inputs(self, settings: Settings) -> LoopInputs:
        """What the loop reads, for rules like that of `settings`."""
        kind = settings.regime.window, settings.strategy.exit_rule, settings.strategy.trend, settings.backtest.endings, settings.guard
        with self._lock:
            if kind not in self._inputs:
                self._inputs[kind] = loop_inputs(self.market_data, self.forecasts, settings)
            return self._inputs[kind]

    def __getstate__(self) -> tuple[MarketData, Forecasts]:
        return self.market_data, self.forecasts

    def __setstate__(self, state: tuple[MarketData, Forecasts]) -> None:
        BacktestCache.__init__(self, *state)


def run_backtests(backtest_cache: BacktestCache, many: Sequence[Settings], workers: Workers, record: Recorder) -> Iterator[Result]:
    """The rule under each of `many` settings, in order, side by side; each is written into the ledger before it is handed on.

    Of each run the account only, `daily` and `funnel`: orders, fills and trades would be most of what a cluster sends.
    """
    record.ready()
    for settings, result in zip(many, workers.each(_run_one, backtest_cache, many), strict=True):
        record.backtest(backtest_cache.market_data, settings, result)
        yield result


def _run_one(backtest_cache: BacktestCache, settings: Settings) -> Result:
    whole = simulate(backtest_cache.market_data, backtest_cache.forecasts, settings, inputs=backtest_cache.inputs(settings))
    return dataclasses.replace(whole, orders={}, fills={}, trades={})


def loop_inputs(market_data: MarketData, forecasts: Forecasts, settings: Settings, entry_factor: Floats | None = None) -> LoopInputs:
    """What the loop reads, made once for many backtests; `entry_factor` (T,) as in `backtest.run.prepare`."""
    return prepare(market_data, forecasts, settings.regime, settings.strategy, settings.backtest.endings, entry_factor, settings.guard)
