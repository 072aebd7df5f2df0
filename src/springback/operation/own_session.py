"""The account's own session as the backtest's loop plays it once it knows what was filled: the last world that is played."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from springback.market.actions import DIVIDEND
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, WorkingOrder
from springback.operation.evening import Evening
from springback.operation.outcomes import OrderOutcome, purpose_of
from springback.operation.worlds import View, as_filled, modelled, unpaid
from springback.trading.attribution import Pair, exact
from springback.trading.booked import NOTHING
from springback.trading.session_books import Move, OwnSession


@dataclass(frozen=True)
class _Filled:
    """What was filled of a working order in whole shares, beside the backtest's own fill, and what the rest of a share moved; the ids."""

    order_id: int
    outcome: OrderOutcome
    pair: Pair
    rest: Decimal
    names: tuple[str, ...]


class Own:
    """The account's own session, the newest of `view`, played from `state` with what was filled in it: of `ledger`, by orders that are for
    (symbol, purpose) by `purposes`. `evening` is the loop's, `session` what the chain needs of it.
    """

    def __init__(self, state: AccountState, view: View, ledger: Iterable[Move], purposes: Mapping[str, tuple[str, str]]) -> None:
        self.state, self.view, self.purposes = state, view, purposes
        self.start, self.day = (one.astype("datetime64[D]").item() for one in view.market_data.bars.sessions[-2:])
        self.fills = [one for one in ledger if one.day == self.day and one.kind == "fill"]
        found = [one for one in map(self._filled, state.working) if one is not None]
        self.outcomes = {one.order_id: one.outcome for one in found}
        self.evening: Evening = as_filled(state, view, self.outcomes)
        self.session = self._session(found)

    @property
    def made(self) -> Decimal:
        """What the session made, dollars: W5."""
        return exact(float(self.evening.daily["equity"])) - exact(self.state.equity)

    def _filled(self, order: WorkingOrder) -> "_Filled | None":
        """What was filled of an order in whole shares, beside the backtest's own fill; and what the rest of a share moved."""
        held = self.state.lines[order.symbol].quantity if order.symbol in self.state.lines else 0
        wanted = (order.symbol, purpose_of(order, held))
        own = [one for one in self.fills if self.purposes.get(one.client_id) == wanted]
        shares = sum((one.shares for one in own), NOTHING)
        if not own or not int(shares):
            return None
        fee = sum((one.fee for one in own), NOTHING)
        price = -(sum((one.cash for one in own), NOTHING) + fee) / shares
        whole, model = int(shares), modelled(self.view, order, int(shares))
        outcome = OrderOutcome(whole, float(price), 0.0) if model is None else OrderOutcome(whole, model.price, model.fee)
        names = tuple(dict.fromkeys(one.client_id for one in own))
        paid = 0.0 if model is None else model.fee
        opened = None if model is None or model.opening is None else exact(model.opening)
        pair = Pair(names[0], *wanted, Decimal(whole), price, fee, exact(outcome.price), exact(paid), opened)
        return _Filled(order.order_id, outcome, pair, -(shares - whole) * price, names)

    def _session(self, fills: Sequence["_Filled"]) -> OwnSession:
        daily, before = self.evening.daily, self.evening.before
        last, first = _closes(self.view.market_data, -1), _closes(self.view.market_data, -2)
        return OwnSession(
            before=self.start,
            day=self.day,
            start={symbol: Decimal(one.quantity) for symbol, one in self.state.positions.items()},
            end={symbol: Decimal(one.quantity) for symbol, one in before.positions.items()},
            first_closes=first | {symbol: exact(one.mark) for symbol, one in self.state.positions.items()},
            closes=last | {symbol: exact(one.mark) for symbol, one in before.positions.items()},
            dividends=exact(float(daily["dividends"])),
            financing=-(exact(float(daily["borrow"])) + exact(float(daily["financing"]))),
            other=unpaid(self.evening, self.state, tuple(self.outcomes.values())),
            pairs=tuple(one.pair for one in fills),
            paired=frozenset(name for one in fills for name in one.names),
            rest=sum((one.rest for one in fills), NOTHING),
        )

    def dividends(self) -> Iterator[tuple[str, Decimal]]:
        """Dividends whose ex-date the session is, dollars a share."""
        market_data = self.view.market_data
        actions, row = market_data.actions, len(market_data.bars.sessions) - 1
        for k in np.flatnonzero((actions.row == row) & (actions.kind == DIVIDEND)):
            yield market_data.bars.symbols[int(actions.name[k])], exact(float(actions.value[k]))


def _closes(market_data: MarketData, row: int) -> dict[str, Decimal]:
    """The last close of each name up to a row, dollars."""
    close = market_data.bars.close[: len(market_data.bars.sessions) + row + 1]
    found: dict[str, Decimal] = {}
    for column, symbol in enumerate(market_data.bars.symbols):
        known = close[~np.isnan(close[:, column]), column]
        if len(known):
            found[symbol] = exact(float(known[-1]))
    return found
