"""One session of an account, played by the backtest's own loop: what happened until its close, and what is decided after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from springback.backtest.decision import order
from springback.backtest.loop import until_close
from springback.backtest.run import Backtest, prepare
from springback.backtest.state import CANCELLED, DROPPED, REPLACED, Account, Row, Rows, Rules, empty_paper
from springback.backtest.tickets import drop, place
from springback.errors import MissingData
from springback.market.book import ORDERED, Event, apply
from springback.market.costs import Costs, charges
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, WorkingOrder, laid_out, taken_up
from springback.strategy.knobs import Regime, Strategy, rule_parameters
from springback.strategy.rule import ENTRY, REASONS


@dataclass(frozen=True)
class Terms:
    """What an account goes by: the rule, the regime, the charges, and cash and profile of the account."""

    strategy: Strategy = field(default_factory=Strategy)
    regime: Regime = field(default_factory=Regime)
    costs: Costs = field(default_factory=Costs)
    account: Backtest = field(default_factory=Backtest)


@dataclass(frozen=True)
class Curbs:
    """What keeps a decision from entering: without `entries` nothing is opened or increased; the names in `barred` are no candidates;
    `factor` multiplies the gross of what is opened.
    """

    entries: bool = True
    barred: frozenset[str] = frozenset()
    factor: float = 1.0


FREE = Curbs()


@dataclass(frozen=True, eq=False)
class Evening:
    """What a session was for an account: its state before the orders of the decision and `after` them, and as structured rows of the log
    (`backtest.state`) the `orders` that were decided, the `ended` ones of earlier evenings, `fills`, `trades` and the `daily` row;
    `funnel` (2, len(FUNNEL)). The columns `name` are columns of `symbols`.
    """

    symbols: tuple[str, ...]
    before: AccountState
    after: AccountState
    orders: Rows
    ended: Rows
    fills: Rows
    trades: Rows
    daily: Row
    funnel: NDArray[np.int64]


def play(
    state: AccountState,
    market_data: MarketData,
    forecasts: Forecasts,
    terms: Terms,
    curbs: Curbs | None = FREE,
    orders: Sequence[WorkingOrder] = (),
) -> Evening:
    """Plays the newest session of `market_data` (T, N), a window that ends with it, on an account that has closed the session before.

    `forecasts` (T, N) matter on that session alone. The fills of what waited are the loop's own law. Without `curbs` nothing is decided,
    and the `orders` that were frozen for that session are placed. Dollars and shares. Raises `MissingData` where the window has
    not two sessions or does not follow the state.
    """
    bars = market_data.bars
    row, first = len(bars.sessions) - 1, not state.session
    _check(state, market_data)
    rules = rules_of(terms, curbs)
    inputs = prepare(
        market_data, _curbed(forecasts, bars.symbols, curbs), terms.regime, terms.strategy, terms.account.endings, _factor(curbs, row)
    )
    account, begin = laid_out(state, bars.symbols, terms.strategy.slots), row if first else row - 1
    paper, daily = empty_paper(len(bars.symbols), terms.strategy.slots), account.log.daily[row - begin]
    until_close(inputs, row, first, rules, account, paper, daily)
    seen = partial(taken_up, account, state, bars.sessions, bars.symbols, terms.strategy.cool_down)
    before = seen()
    if curbs is not None:
        order(inputs, begin, row, rules, account, paper, daily)
    for one in orders:
        _place(account, row, bars.symbols.index(one.symbol), one)
    return _evening(bars.symbols, before, seen(), account, len(state.working), row - begin)


def _check(state: AccountState, market_data: MarketData) -> None:
    sessions = market_data.bars.sessions
    if len(sessions) < 2:
        raise MissingData(f"an evening needs bars of two sessions at least, was given {len(sessions)}: fetch more")
    if state.session and str(sessions[-2]) != state.session:
        raise MissingData(
            f"the account has closed {state.session}, the session before {sessions[-1]} is {sessions[-2]}: play them one after the other",
            session=state.session,
        )


def rules_of(terms: Terms, curbs: Curbs | None) -> Rules:
    """The numbers that the loop goes by, shares and dollars: without entries there are no slots and no changes of size."""
    charged = charges(terms.costs, terms.account.profile, 0.0)
    parameters = rule_parameters(terms.strategy, terms.regime, charged.no_short_price, charged.no_short_dollar_volume)
    if curbs is not None and not curbs.entries:
        parameters = parameters._replace(slots=0, resize=False)
    return Rules(parameters, charged, float(terms.regime.multiple))


def _curbed(forecasts: Forecasts, symbols: Sequence[str], curbs: Curbs | None) -> Forecasts:
    """`forecasts` in which what is barred is not ranked on the newest session."""
    if curbs is None or not curbs.barred:
        return forecasts
    qpi = forecasts.qpi.copy()
    qpi[-1, [column for column, symbol in enumerate(symbols) if symbol in curbs.barred]] = np.nan
    return replace(forecasts, qpi=qpi)


def _factor(curbs: Curbs | None, row: int) -> NDArray[np.float64] | None:
    return None if curbs is None or curbs.factor == 1.0 else np.full(row + 1, curbs.factor)


def _place(account: Account, row: int, column: int, one: WorkingOrder) -> None:
    """An order that was frozen for this session goes to the market, as the decision would have sent it."""
    if one.reason != REASONS[ENTRY]:
        drop(account, column, CANCELLED, row, REPLACED)
    place(account, row, column, one.quantity, REASONS.index(one.reason), one.level)
    apply(account.book, Event(ORDERED, column, one.quantity, 0.0, 0.0))


def _evening(symbols: tuple[str, ...], before: AccountState, after: AccountState, account: Account, waited: int, day: int) -> Evening:
    """What the log tells, apart for the orders that `waited` and the new ones."""
    log, counts = account.log, account.counts[0]
    orders = log.orders[waited : int(counts["orders"])]
    earlier = log.orders[:waited]
    return Evening(
        symbols=symbols,
        before=before,
        after=after,
        orders=orders.copy(),
        ended=earlier[np.isin(earlier["status"], (CANCELLED, DROPPED))].copy(),
        fills=log.fills[: int(counts["fills"])].copy(),
        trades=log.trades[: int(counts["trades"])].copy(),
        daily=log.daily[day].copy(),
        funnel=log.funnel[day].copy(),
    )
