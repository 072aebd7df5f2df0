"""One session in the worlds between the backtest and an account, each played by the backtest's own loop."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from springback.backtest.fills import paid_price, stop_trigger
from springback.errors import BadTable
from springback.market.actions import SPLIT
from springback.market.costs import charges, commission
from springback.market.forecasts import Forecasts
from springback.market.liquidity import mean_dollar_volume, mean_volume
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, WorkingOrder
from springback.operation.evening import FREE, Curbs, Evening, Terms, play
from springback.operation.outcomes import OrderOutcome, Outcomes
from springback.strategy.rule import REASONS, RESTING_STOP, round_price
from springback.trading.attribution import PLAYED, exact

OWN = PLAYED - 1
"""Worlds that decide for themselves: W0 to W4."""


@dataclass(frozen=True, eq=False)
class View:
    """What a session is seen as: a window (T, N) that ends with it, what models said of it, and the terms of the account."""

    market_data: MarketData
    forecasts: Forecasts
    terms: Terms


@dataclass(frozen=True, eq=False)
class Seeing:
    """A session as the worlds see it: `today` as the store and the models have it now, `then` with the data of then, `frozen` with the
    forecasts of then; what keeps from entering (`curbs`, None where nothing could be decided), and the dollars that were sized on.
    """

    today: View
    then: View
    frozen: View
    curbs: Curbs | None
    sized_on: float


@dataclass(frozen=True)
class Worlds:
    """The account of each world that decides for itself, W0 to W4, after the decision of a session."""

    states: tuple[AccountState, ...]

    @staticmethod
    def of(state: AccountState) -> "Worlds":
        """All of them with one account."""
        return Worlds((state,) * OWN)

    @property
    def symbols(self) -> frozenset[str]:
        """Names that a window of them must hold."""
        return frozenset().union(*(one.symbols for one in self.states))

    def to_json(self) -> str:
        """As text, numbers to the last bit."""
        return json.dumps([json.loads(one.to_json()) for one in self.states])

    @staticmethod
    def from_json(text: str, where: str) -> "Worlds":
        """The worlds in `text`. Raises `BadTable` naming `where`."""
        try:
            states = tuple(AccountState.from_json(json.dumps(one), where) for one in json.loads(text))
        except (ValueError, TypeError) as error:
            raise BadTable(f"{where} is not the worlds of a session ({error}): delete it, it is made anew") from None
        return Worlds(states)


def free(curbs: Curbs) -> Curbs:
    """The money that `curbs` leave, and all names."""
    return replace(FREE, capital=curbs.capital, share=curbs.share)


def played(worlds: Worlds, session: Seeing) -> tuple[Worlds, tuple[Decimal, ...]]:
    """The worlds after `session`, and what each of W0 to W4 made in it, dollars.

    Where nothing could be decided the first three decide all the same.
    """
    curbs = session.curbs or FREE
    views = (session.today, session.then, session.frozen, session.frozen)
    rules: tuple[Curbs | None, ...] = (free(curbs), free(curbs), free(curbs), session.curbs)
    evenings = [
        play(state, view.market_data, view.forecasts, view.terms, rule)
        for state, view, rule in zip(worlds.states[:-1], views, rules, strict=True)
    ]
    evenings.append(_sized(worlds.states[-1], session))
    made = tuple(exact(float(one.daily["equity"])) - exact(state.equity) for one, state in zip(evenings, worlds.states, strict=True))
    return Worlds(tuple(one.after for one in evenings)), made


def _sized(state: AccountState, session: Seeing) -> Evening:
    """W4: sizes are worked out on the account's own dollars, whatever this world has made."""
    view, curbs = session.frozen, session.curbs
    if curbs is not None:
        curbs = replace(curbs, capital=session.sized_on, share=np.inf)
    return play(state, view.market_data, view.forecasts, view.terms, curbs)


@dataclass(frozen=True)
class Modelled:
    """What the backtest would have paid for signed `quantity` shares of an order: dollars a share, fee; `opening` the session's open (None:
    it was not traded).
    """

    quantity: int
    price: float
    fee: float
    opening: float | None


def modelled(view: View, order: WorkingOrder, quantity: int) -> Modelled | None:
    """The backtest's own fill of `quantity` of the shares of `order` in the newest session; None where it would not have filled."""
    bars, row = view.market_data.bars, len(view.market_data.bars.sessions) - 1
    if order.symbol not in bars.symbols:
        return None
    name, charged = bars.symbols.index(order.symbol), charges(view.terms.costs, view.terms.account.profile, 0.0)
    opening, close = float(bars.printed("open")[row, name]), float(bars.printed("close")[row, name])
    price, worth = opening, close
    if order.reason == REASONS[RESTING_STOP]:
        level = round_price(order.level * _factor(view.market_data, row, name))
        price = float(stop_trigger(quantity, level, opening, float(bars.high[row, name]), float(bars.low[row, name])))
        worth = max(level, close) if quantity < 0 else min(level, close)
    if np.isnan(price):
        return None
    before = max(0, row - 1)
    liquidity = [float(panel[row - 1, name]) for panel in (mean_volume(bars, since=before), mean_dollar_volume(bars, since=before))]
    paid = paid_price(charged, quantity, price, liquidity[0], liquidity[1], price == opening)
    return Modelled(quantity, float(paid), float(commission(charged, quantity, worth)), None if np.isnan(opening) else opening)


def _factor(market_data: MarketData, row: int, name: int) -> float:
    """Old shares per new one at the midnight before the session."""
    actions = market_data.actions
    own = (actions.row == row) & (actions.name == name) & (actions.kind == SPLIT)
    return float(np.prod(actions.value[own])) if own.any() else 1.0


def as_filled(state: AccountState, view: View, fills: Mapping[int, OrderOutcome]) -> Evening:
    """W5: the account's own session with what was filled, by the id of the working order, at the backtest's prices."""
    return play(state, view.market_data, view.forecasts, view.terms, None, outcomes=Outcomes(fills))


def unpaid(evening: Evening, start: AccountState, prices: Sequence[OrderOutcome]) -> Decimal:
    """Dollars that splits and ended names moved into the cash of an evening: what is left of it beside fills, dividends and financing."""
    daily = evening.daily
    moved = exact(evening.before.cash) - exact(start.cash)
    bought = sum((exact(one.quantity * one.price) + exact(one.fee) for one in prices), Decimal(0))
    charged = exact(float(daily["borrow"])) + exact(float(daily["financing"]))
    return moved + bought - exact(float(daily["dividends"])) + charged
