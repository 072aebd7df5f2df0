"""What holds of an account's folder after every evening, whatever happened: checked session by session, each break in one line."""

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np

from springback.data.hours import between
from springback.errors import SpringbackError
from springback.market.actions import SPLIT
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.operation.frozen_decision import FrozenDecision
from springback.workflow.evening import LiveAccount


class DeskLaws:
    """The laws of one account, and what has been seen of it so far: its newest decision, what was held, which orders were given."""

    def __init__(self, account: LiveAccount) -> None:
        self.account = account
        self.newest, self.first = "", ""
        self.held: dict[str, int] = {}
        self.state_of = ""
        self.orders: set[int] = set()

    def broken(self, market_data: MarketData) -> tuple[Prose, ...]:
        """What the decisions since the last call break; splits are those of `market_data`."""
        return tuple(Prose(one) for one in self._broken(market_data))

    def _broken(self, market_data: MarketData) -> Iterator[str]:
        folder, state, name = self.account.folder, self.account.state, self.account.name
        known = folder.sessions()
        self.first = self.first or (known[0] if known else "")
        if known:
            days = between(date.fromisoformat(self.first), date.fromisoformat(known[-1]), self.account.closed)
            if known != tuple(str(one.day) for one in days):
                yield f"{folder.path} has {len(known)} evenings of {len(days)} sessions"
        yield from (f"{one} is half written" for one in folder.path.glob(".*.unfinished"))
        for session in known:
            if session > self.newest:
                yield from self._decision(session, market_data)
        rows = [str(one.session) for one in state.evenings(name)]
        if rows != list(known):
            yield f"the state knows {len(rows)} evenings, the folder {len(known)}"

    def _decision(self, session: str, market_data: MarketData) -> Iterator[str]:
        row = self.account.state.evening(self.account.name, date.fromisoformat(session))
        try:
            decision = self.account.folder.decision(session)
        except SpringbackError as error:
            yield str(error)
            return
        if row is None or row.hash != decision.hash:
            yield f"{session} is not what its row says"
        yield from self._orders(decision)
        if decision.state() is not None:
            yield from self._book(decision, market_data)
        self.newest = session

    def _orders(self, decision: FrozenDecision) -> Iterator[str]:
        own = decision.orders()
        ids = {int(one) for one in own["order_id"]}
        if len(ids) < len(own) or ids & self.orders:
            yield f"{decision.session} gives an order twice"
        if decision.exits_only and (own["reason"] == "entry").any():
            yield f"{decision.session} enters without leave"
        self.orders |= ids
        for one in decision.fills:
            if one["order_id"] > 0 and one["order_id"] not in self.orders:
                yield f"{decision.session} fills order {one['order_id']}, which was never given"

    def _book(self, decision: FrozenDecision, market_data: MarketData) -> Iterator[str]:
        """The shares before the decision are those after the one before, through splits, and its fills."""
        days = [str(one) for one in market_data.bars.sessions if self.state_of < str(one) <= decision.session] if self.state_of else []
        held = dict(self.held)
        for day in days or [decision.session]:
            for symbol, factor in _splits(market_data, day).items():
                held[symbol] = int(held.get(symbol, 0) / factor)
            for one in decision.fills:
                if one["session"] == day:
                    held[one["symbol"]] = held.get(one["symbol"], 0) + one["quantity"]
        ours = {line["symbol"]: line["quantity"] for line in decision.book["before"] if line["quantity"]}
        theirs = {symbol: quantity for symbol, quantity in held.items() if quantity}
        for symbol in sorted(ours.keys() | theirs.keys()):
            if ours.get(symbol) != theirs.get(symbol):
                yield f"{decision.session} holds {ours.get(symbol, 0)} {symbol}, its fills make {theirs.get(symbol, 0)}"
        self.held = {line["symbol"]: line["quantity"] for line in decision.book["after"]}
        self.state_of = decision.session


def _splits(market_data: MarketData, session: str) -> Mapping[str, float]:
    """Old shares per new one of the names that split on `session`."""
    actions, row = market_data.actions, market_data.bars.row(session)
    own = np.flatnonzero((actions.row == row) & (actions.kind == SPLIT))
    return {market_data.bars.symbols[int(actions.name[one])]: float(actions.value[one]) for one in own}
