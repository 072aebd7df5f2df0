"""One session of an account, played by the backtest's own loop: what happened until its close, and what is decided after it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from springback.backtest.decision import beyond, describe, order
from springback.backtest.loop import until_close
from springback.backtest.run import Backtest, prepare
from springback.backtest.state import CANCELLED, DROPPED, REPLACED, WAITING, Account, Row, Rows, Rules, empty_paper
from springback.backtest.tickets import drop, place
from springback.errors import MissingData
from springback.market.book import ORDERED, Event, apply
from springback.market.costs import Costs, charges
from springback.market.forecasts import Forecasts
from springback.market.limits import UNLIMITED, Limits
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, Correction, WorkingOrder, corrected, laid_out, taken_up
from springback.operation.outcomes import Outcomes
from springback.operation.settlement import told_of, until_close_as_told
from springback.strategy.knobs import Regime, Strategy, rule_parameters
from springback.strategy.rule import ENTRY, FLATTEN, REASONS


@dataclass(frozen=True)
class Terms:
    """What an account goes by: the rule, the regime, the charges, cash and profile of the account, and the limits on its entries."""

    strategy: Strategy = field(default_factory=Strategy)
    regime: Regime = field(default_factory=Regime)
    costs: Costs = field(default_factory=Costs)
    account: Backtest = field(default_factory=Backtest)
    limits: Limits = UNLIMITED


@dataclass(frozen=True)
class Curbs:
    """What keeps a decision from entering: without `entries` nothing is opened or increased; the names in `barred` are no candidates, those
    in `not_short` none for a short, and without `shorts` nobody is; `factor` multiplies the gross of what is opened. With `flatten` all
    that is held is closed.

    Sizes are worked out on the `share` of equity, at most on `capital` dollars.
    """

    entries: bool = True
    barred: frozenset[str] = frozenset()
    factor: float = 1.0
    not_short: frozenset[str] = frozenset()
    capital: float = math.inf
    share: float = 1.0
    flatten: bool = False
    shorts: bool = True

    def sized_on(self, equity: float) -> float:
        """The dollars that sizes are worked out on."""
        return min(equity * self.share, self.capital)


FREE = Curbs()


@dataclass(frozen=True, eq=False)
class Evening:
    """What a session was for an account: its state before the orders of the decision and `after` them, and as structured rows of the log
    (`backtest.state`) the `orders` that were decided, the `ended` ones of earlier evenings, `fills`, `trades` and the `daily` row;
    `funnel` (2, len(FUNNEL)). The columns `name` are columns of `symbols`. `losses` are the limits on entries that the account's equity
    has passed (day_loss, drawdown). `assumed`: nobody said what was filled.
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
    losses: tuple[str, ...] = ()
    assumed: bool = True


@dataclass(frozen=True)
class Corrections:
    """What persons said of the account since its last evening: `earlier` than the session's open, and `later`."""

    earlier: tuple[Correction, ...] = ()
    later: tuple[Correction, ...] = ()


NONE = Corrections()


def play(
    state: AccountState,
    market_data: MarketData,
    forecasts: Forecasts,
    terms: Terms,
    curbs: Curbs | None = FREE,
    orders: Sequence[WorkingOrder] = (),
    corrections: Corrections = NONE,
    outcomes: Outcomes | None = None,
) -> Evening:
    """Plays the newest session of `market_data` (T, N), a window that ends with it, on an account that has closed the session before.

    `forecasts` (T, N) matter on that session alone. The fills of what waited are the loop's own law; `corrections` stand before the
    decision. Without `curbs` nothing is decided, and the `orders` that were frozen for that session are placed. With `outcomes` nothing is
    assumed: they say what was filled, and how the account stands before the decision. Dollars and shares. Raises `MissingData` where the
    window has not two sessions or does not follow the state.
    """
    _check(state, market_data)
    stage = _Stage(market_data, forecasts, terms, curbs, first=not state.session, assumed=outcomes is None)
    start = corrected(state, corrections.earlier)
    closed = stage.closed(start, outcomes)
    before, account = stage.state(closed, start), closed
    later = [_resumed(one, start, stage, closed) for one in corrections.later]
    if outcomes is not None:
        later += told_of(outcomes, corrected(before, later))
    if later:
        before = corrected(before, later)
        account = stage.laid_out(before)
        stage.mark(account, closed)
        before = stage.state(account, before)
    if curbs is not None:
        _order(account, stage, curbs)
    if curbs is not None and curbs.flatten:
        _flatten(account, stage)
    for one in orders:
        _place(account, stage, one)
    return stage.evening(start, before, closed, account)


def _order(account: Account, stage: "_Stage", curbs: Curbs) -> None:
    """The decision, sized on what the curbs leave of the equity."""
    daily = stage.daily(account)
    equity = float(daily["equity"])
    daily["equity"] = curbs.sized_on(equity)
    order(stage.inputs, stage.begin, stage.row, stage.rules, account, stage.paper, daily)
    daily["equity"] = equity


def _flatten(account: Account, stage: "_Stage") -> None:
    """An exit of every position that is not closing and has a session to be closed in."""
    book = account.book
    for name in np.flatnonzero((book.quantity != 0) & ~book.closing & ~stage.paper.final):
        quantity = -int(book.quantity[name])
        drop(account, name, CANCELLED, stage.row, REPLACED)
        place(account, stage.row, name, quantity, FLATTEN, np.nan)
        apply(book, Event(ORDERED, int(name), quantity, 0.0, 0.0))


class _Stage:
    """What one session is played on: the loop's inputs and rules, the newest row, and the row at which the log begins."""

    def __init__(
        self, market_data: MarketData, forecasts: Forecasts, terms: Terms, curbs: Curbs | None, first: bool, assumed: bool
    ) -> None:
        self.assumed = assumed
        self.sessions, self.symbols = market_data.bars.sessions, market_data.bars.symbols
        self.row, self.first = len(self.sessions) - 1, first
        self.begin = self.row if first else self.row - 1
        self.rules, self.strategy = rules_of(terms, curbs), terms.strategy
        said, factor = _curbed(forecasts, self.symbols, curbs), _factor(curbs, self.row + 1)
        self.inputs = prepare(market_data, said, terms.regime, terms.strategy, terms.account.endings, factor, terms.limits, self.begin)
        self.paper = empty_paper(len(self.symbols), terms.strategy.slots)

    def laid_out(self, state: AccountState) -> Account:
        return laid_out(state, self.symbols, self.strategy.slots)

    def daily(self, account: Account) -> Row:
        return account.log.daily[self.row - self.begin]

    def state(self, account: Account, earlier: AccountState) -> AccountState:
        return taken_up(account, earlier, self.sessions, self.symbols, self.strategy.cool_down, self.assumed)

    def closed(self, start: AccountState, outcomes: Outcomes | None) -> Account:
        """The account after the close, the session played from `start` by the loop's own law, or by what became of its orders."""
        account = self.laid_out(start)
        rest = self.rules, account, self.paper, self.daily(account)
        if outcomes is None:
            until_close(self.inputs, self.row, self.first, *rest)
        else:
            until_close_as_told(self.inputs, self.first, *rest, outcomes.fills)
        return account

    def mark(self, account: Account, closed: Account) -> None:
        """Marks what is said to be held, and describes the account by it."""
        daily = self.daily(account)
        account.log.daily[self.row - self.begin] = self.daily(closed)
        describe(self.inputs, self.row, self.rules, account, daily)
        account.heights[:] = closed.heights + (daily["equity"] - closed.heights[1])

    def evening(self, start: AccountState, before: AccountState, closed: Account, account: Account) -> Evening:
        """What the logs tell: of the session from `start` until its close in `closed`, of the orders in `account`."""
        log, counts = closed.log, closed.counts[0]
        waiting = [one.order_id for one in start.working]
        orders = account.log.orders[: int(account.counts[0]["orders"])]
        new = orders[~np.isin(orders["order_id"], waiting)].copy()
        new["row"] = self.row
        return Evening(
            symbols=self.symbols,
            before=before,
            after=self.state(account, before),
            orders=new,
            ended=_ended(closed, account, len(waiting)),
            fills=log.fills[: int(counts["fills"])].copy(),
            trades=log.trades[: int(counts["trades"])].copy(),
            daily=self.daily(account).copy(),
            funnel=account.log.funnel[self.row - self.begin].copy(),
            assumed=self.assumed,
            losses=self.losses(account),
        )

    def losses(self, account: Account) -> tuple[str, ...]:
        """The limits on entries that the equity has passed."""
        heights, inputs = account.heights, self.inputs
        limits = {"day_loss": (heights[0], inputs.day_loss), "drawdown": (heights[2], inputs.drawdown)}
        return tuple(name for name, (height, limit) in limits.items() if beyond(heights[1], height, limit))


def _ended(closed: Account, account: Account, waiting: int) -> Rows:
    """The first orders of `closed`, so many as were `waiting`, that ended without a whole fill there or by the decision in `account`."""
    rows, later = closed.log.orders[:waiting].copy(), account.log.orders[: int(account.counts[0]["orders"])]
    for row in rows:
        for one in later[(later["order_id"] == row["order_id"]) & (later["status"] != WAITING)]:
            for name in ("status", "ended", "why"):
                row[name] = one[name]
    ended: Rows = rows[np.isin(rows["status"], (CANCELLED, DROPPED))]
    return ended


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
    """The numbers that the loop goes by, shares and dollars: without entries nothing is opened or increased."""
    charged = charges(terms.costs, terms.account.profile, 0.0)
    parameters = rule_parameters(terms.strategy, terms.regime, charged.no_short_price, charged.no_short_dollar_volume)
    return Rules(parameters, charged, float(terms.regime.multiple), curbs is None or curbs.entries)


def _curbed(forecasts: Forecasts, symbols: Sequence[str], curbs: Curbs | None) -> Forecasts:
    """`forecasts` in which what is barred is not ranked on the newest session, and what cannot be shorted has no chance as a short."""
    if curbs is None or (curbs.shorts and not (curbs.barred or curbs.not_short)):
        return forecasts
    qpi, p_short = forecasts.qpi.copy(), forecasts.p_short.copy()
    qpi[-1, [column for column, symbol in enumerate(symbols) if symbol in curbs.barred]] = np.nan
    p_short[-1, [column for column, symbol in enumerate(symbols) if not curbs.shorts or symbol in curbs.not_short]] = np.nan
    return replace(forecasts, qpi=qpi, p_short=p_short)


def _factor(curbs: Curbs | None, sessions: int) -> NDArray[np.float64] | None:
    return None if curbs is None or curbs.factor == 1.0 else np.full(sessions, curbs.factor)


def _resumed(one: Correction, start: AccountState, stage: _Stage, closed: Account) -> Correction:
    """What a person says of a position that only assumed fills of the session have closed: it goes on at its price and from its opening."""
    held = start.positions.get(one.symbol)
    if held is None or held.quantity * one.quantity <= 0 or one.symbol not in stage.symbols:
        return one
    column = stage.symbols.index(one.symbol)
    trades = closed.log.trades[: int(closed.counts[0]["trades"])]
    own = trades[trades["name"] == column]
    if len(own) == 0:
        return one
    price = float(own[-1]["entry_price"]) if np.isnan(one.price) else one.price
    if one.dated:
        return replace(one, price=price)
    return replace(one, price=price, opened=start.lives[one.symbol].opened, age=held.age + 1, dated=True)


def _place(account: Account, stage: _Stage, one: WorkingOrder) -> None:
    """An order that was frozen for this session goes to the market under its own number, as the decision would have sent it; the exit of a
    position is one of all that is held, and of none where nothing is held any more.
    """
    if one.symbol not in stage.symbols:
        return
    column, quantity, counts = stage.symbols.index(one.symbol), one.quantity, account.counts[0]
    if one.reason != REASONS[ENTRY]:
        quantity = -int(account.book.quantity[column])
        if quantity * one.quantity <= 0:
            return
        drop(account, column, CANCELLED, stage.row, REPLACED)
    newest, counts["order_id"] = int(counts["order_id"]), one.order_id - 1
    place(account, stage.row, column, quantity, REASONS.index(one.reason), one.level)
    counts["order_id"] = max(newest, one.order_id)
    apply(account.book, Event(ORDERED, column, quantity, 0.0, 0.0))
