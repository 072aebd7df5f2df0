"""One backtest: market data, forecasts and settings in; orders, fills, account and trades out."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np

from springback.backtest.loop import (
    DAILY_COLUMNS,
    FILL_COLUMNS,
    ORDER_COLUMNS,
    POSITION_COLUMNS,
    STAGES,
    TRADE_COLUMNS,
    Floats,
    Lives,
    Log,
    Market,
    Open,
    replay,
)
from springback.backtest.result import Result
from springback.errors import MissingData, SettingsError
from springback.market.account import HISTORY, Account, usual_start
from springback.market.bars import Dates
from springback.market.book import Book, empty_book
from springback.market.costs import Costs, Profile, charges
from springback.market.forecasts import Forecasts
from springback.market.liquidity import mean_dollar_volume, mean_volume
from springback.market.market_data import MarketData, payouts
from springback.market.quarantine import barred
from springback.strategy.decide import empty_orders
from springback.strategy.knobs import Regime, Strategy, knobs
from springback.strategy.lookback import trend_mean, yesterday
from springback.strategy.rule import vix_mean

STANDARD = Strategy()


@dataclass(frozen=True)
class Backtest:
    """The account, its span, and the cost profile it is charged by.

    An empty `start` is `usual_start` of the bars, an empty `end` their last session; see `Account` for the rest.
    """

    start: date | Literal[""] = field(default="", metadata={"moves": "forecasts"})
    end: date | Literal[""] = field(default="", metadata={"moves": "forecasts"})
    cash: float = Account.cash
    profile: Profile = "realistic"

    def __post_init__(self) -> None:
        Account(self.start or date.min, self.end or date.max, self.cash)

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day. Raises `SettingsError` where the bars were not asked yet."""
        if not (self.start and self.end):
            raise SettingsError("backtest.start and backtest.end are empty, and no bars are at hand to take them from: set both")
        return self.start, self.end

    def on(self, sessions: Dates, history: int = HISTORY) -> "Backtest":
        """The same with both days known. Raises `MissingData` where the bars are too short to have a usual window."""
        if self.start and self.end:
            return self
        end = self.end or (sessions[-1].astype("datetime64[D]").item() if len(sessions) else "")
        return replace(self, start=self.start or usual_start(sessions, history), end=end)


def prepare(market_data: MarketData, forecasts: Forecasts, regime: Regime, strategy: Strategy = STANDARD) -> Market:
    """The market data and the forecasts as the loop reads them; made once, used for many backtests with the same regime window and
    variants.

    A forecast of a row in quarantine is none, wherever it comes from: nothing is bought there, what is held goes on to its exit.
    """
    bars = market_data.bars
    sessions, names = bars.shape
    for label, panel in (("qpi", forecasts.qpi), ("p_long", forecasts.p_long), ("p_short", forecasts.p_short), ("adv", forecasts.adv)):
        if panel.shape != (sessions, names):
            raise MissingData(f"forecasts: {label} has shape {panel.shape}, the bars say {(sessions, names)}")
    means = np.array([vix_mean(market_data.vix, row, regime.window) for row in range(sessions)])
    unused = np.empty((0, names))
    beyond = strategy.exit_rule == "above_yesterday_high"
    high_before, low_before = yesterday(bars, market_data.actions) if beyond else (unused, unused)
    nights = np.zeros(sessions)
    nights[1:] = np.diff(bars.sessions).astype(np.float64)
    return Market(
        open=bars.printed("open"),
        high=bars.high,
        low=bars.low,
        close=bars.printed("close"),
        mark=bars.close,
        qpi=np.where(barred(bars, market_data.quarantine), np.nan, forecasts.qpi) if market_data.quarantine else forecasts.qpi,
        p_long=forecasts.p_long,
        p_short=forecasts.p_short,
        adv=forecasts.adv,
        mean_volume=mean_volume(bars),
        mean_dollars=mean_dollar_volume(bars),
        high_before=high_before,
        low_before=low_before,
        trend=trend_mean(bars, market_data.actions) if strategy.trend == "sma200" else unused,
        vix=market_data.vix,
        vix_mean=means,
        risk_free=np.zeros(sessions) if market_data.risk_free is None else np.nan_to_num(market_data.risk_free),
        nights=nights,
        last=market_data.last,
        ending=market_data.ending,
        payout=payouts(market_data),
        action_row=market_data.actions.row,
        action_name=market_data.actions.name,
        action_kind=market_data.actions.kind,
        action_value=market_data.actions.value,
        recall_row=np.empty(0, np.int64),
        recall_name=np.empty(0, np.int64),
    )


def span(market_data: MarketData, account: Backtest) -> tuple[int, int]:
    """Rows `first <= row < end` of the backtest's sessions. Raises `MissingData` where the market data or its VIX does not cover them."""
    account = account.on(market_data.bars.sessions)
    first, end = (market_data.bars.row(day) for day in (np.datetime64(account.days[0]), np.datetime64(account.days[1]) + 1))
    if end - first < 2:
        known = f"{market_data.bars.sessions[0]} to {market_data.bars.sessions[-1]}" if market_data.bars.shape[0] else "nothing"
        raise MissingData(
            f"backtest {account.start} to {account.end} has {end - first} sessions, needs at least 2; the bars hold {known}: "
            "set backtest.start and backtest.end, or fetch more"
        )
    unknown = np.flatnonzero(np.isnan(market_data.vix[first:end]))
    if len(unknown):
        raise MissingData(
            f"no VIX for session {market_data.bars.sessions[first + unknown[0]]} ({len(unknown)} of {end - first} sessions lack it): "
            "give --vix a file that covers the backtest"
        )
    return first, end


def backtest(
    market_data: MarketData,
    forecasts: Forecasts,
    account: Backtest,
    strategy: Strategy,
    regime: Regime,
    costs: Costs,
    flat_bp: float = 0.0,
    market: Market | None = None,
) -> Result:
    """The rule of `strategy` and `regime` on `market_data`, from `account.cash`, charged as `account.profile` says plus `flat_bp` a side.

    `market` is `prepare(market data, forecasts, regime, strategy)` where it is known already. Raises `MissingData` where bars or VIX do not
    cover the span, `SettingsError` where `strategy` and `regime` do not go together."""
    first, end = span(market_data, account)
    charged = charges(costs, account.profile, flat_bp)
    turned = knobs(strategy, regime, charged.no_short_price, charged.no_short_dollar_volume)
    names = market_data.bars.shape[1]
    log, book, lives = _empty_log(end - first, names, strategy.slots), empty_book(names), _empty_lives(names)
    replay(
        prepare(market_data, forecasts, regime, strategy) if market is None else market,
        first,
        end,
        turned,
        charged,
        float(regime.multiple),
        float(account.cash),
        book,
        lives,
        _empty_market(names, strategy.slots),
        empty_orders(names, strategy.slots),
        log,
    )
    return Result(
        sessions=market_data.bars.sessions[first:end],
        symbols=market_data.bars.symbols,
        first=first,
        cash=account.cash,
        profile=account.profile,
        orders=_columns(ORDER_COLUMNS, log.orders[: log.counts[0]]),
        fills=_columns(FILL_COLUMNS, log.fills[: log.counts[1]]),
        trades=_columns(TRADE_COLUMNS, log.trades[: log.counts[2]]),
        daily=_columns(DAILY_COLUMNS, log.daily),
        positions=_open_positions(book, lives),
        funnel=log.funnel,
    )


def _open_positions(book: Book, lives: Lives) -> dict[str, Floats]:
    held = np.flatnonzero(book.quantity)
    quantity, mark = book.quantity[held].astype(np.float64), book.mark[held]
    columns = (held, lives.entry_row[held], quantity, lives.entry_price[held], mark, lives.flow[held] + quantity * mark, lives.value[held])
    return {name: column.astype(np.float64) for name, column in zip(POSITION_COLUMNS, (*columns, book.closing[held]), strict=True)}


def _columns(names: tuple[str, ...], table: Floats) -> dict[str, Floats]:
    return {name: np.ascontiguousarray(table[:, k]) for k, name in enumerate(names)}


def _empty_log(sessions: int, names: int, slots: int) -> Log:
    entries = sessions * 2 * min(slots, names)  # and as many exits, resting stops and, at most, changes of size
    return Log(
        orders=np.empty((4 * entries + 1, len(ORDER_COLUMNS))),
        fills=np.empty((3 * entries + 1, len(FILL_COLUMNS))),
        trades=np.empty((entries + 1, len(TRADE_COLUMNS))),
        daily=np.zeros((sessions, len(DAILY_COLUMNS))),
        funnel=np.zeros((sessions, 2, STAGES), np.int64),
        counts=np.zeros(3, np.int64),
    )


def _empty_lives(names: int) -> Lives:
    whole = [np.zeros(names, np.int64) for _ in range(2)]
    return Lives(whole[0], whole[1], *(np.zeros(names) for _ in range(10)))


def _empty_market(names: int, slots: int) -> Open:
    size = 2 * names + 2 * slots
    ints = [np.zeros(size, np.int64) for _ in range(6)]
    return Open(ints[0], ints[1], ints[2], ints[3], np.zeros(size), ints[4], ints[5], np.zeros(1, np.int64))
