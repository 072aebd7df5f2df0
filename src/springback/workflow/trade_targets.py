"""What is to be at the market for a decision: which one is in force, its timetable, and its orders by purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from springback.data.hours import following, hours_of
from springback.errors import BadTable, InputError, MissingData
from springback.operation.account_state import WorkingOrder
from springback.operation.frozen_decision import FrozenDecision
from springback.strategy.rule import ENTRY, REASONS, REGIME
from springback.trading.timetable import Timetable, timetable
from springback.workflow.evening import LiveAccount, trusted
from springback.workflow.trade_clock import by_new_york
from springback.workflow.trader import TradingAccount

EVENING_ONLY = "alpaca"
"""The broker that takes orders for the open in the evening only."""


@dataclass(frozen=True)
class Target:
    """An order that a decision wants at the market: signed shares of `symbol`, its purpose, what it was sized on in dollars, the shares of
    its mean volume that it may take (None: nobody knows either), and the `level` of a stop in dollars.
    """

    symbol: str
    purpose: str
    quantity: int
    reason: str
    reference_close: float | None = None
    adv_limit: float | None = None
    level: float | None = None

    @property
    def side(self) -> str:
        """buy or sell."""
        return "buy" if self.quantity > 0 else "sell"

    @property
    def key(self) -> tuple[str, str]:
        """By which its orders are found again."""
        return self.symbol, self.purpose


def table_of(account: TradingAccount, session: date) -> Timetable:
    """The timetable of the decision of `session` by the exchange's calendar."""
    live = account.live
    own, after = hours_of(session), following(session, live.closed)
    at_once = account.broker.name != EVENING_ONLY
    return timetable(session, own.closes, after.opens, after.closes, live.settings.execution, live.settings.daily.earliest, at_once)


def in_force(account: TradingAccount, now: datetime, session: date | None = None, ahead: bool = False) -> FrozenDecision:
    """The newest frozen decision, whose open comes next or was today's; with `ahead` its open has not come.

    Raises `MissingData` where there is none yet, `InputError` where another `session` is asked for, and `BadTable` where the folder does
    not hold what was frozen for it.
    """
    live = account.live
    sessions = live.folder.sessions()
    newest = sessions[-1] if sessions else ""
    if session is not None and newest and str(session) != newest:
        raise InputError(f"the decision of {session} is not the newest, {newest} is: an older one is never sent", session=str(session))
    if not newest:
        raise MissingData(f"account {live.name} has no frozen decision yet: run 'springback trade decide'")
    decision = _vouched(live, newest)
    table = table_of(account, date.fromisoformat(newest))
    if now >= table.end or (ahead and now >= table.opens):
        words = f"the newest decision is of {newest}, its open was {by_new_york(table.opens)}"
        raise MissingData(f"{words}: run 'springback trade decide' once the session is over", session=newest)
    return decision


def _vouched(live: LiveAccount, session: str) -> FrozenDecision:
    """The decision in the folder of `session`, frozen for it and for this account, as the state database knows it. Raises `BadTable`."""
    decision = trusted(live, session)
    known = live.state.evening(live.name, date.fromisoformat(session))
    if known is None or decision.session != session or decision.account != live.name:
        words = f"{decision.folder} holds a decision of {decision.session} for account {decision.account}"
        raise BadTable(f"{words}, which nobody froze for {session} of {live.name}: it is not sent", session=session)
    return decision


def targets(decision: FrozenDecision) -> tuple[Target, ...]:
    """What `decision` wants at the market: exits before entries, entries as they are ranked, stops last."""
    if decision.kind == "late":
        return ()
    state, table = decision.state(), decision.orders()
    known = {str(one["symbol"]): one for one in table.to_dict("records")}
    held = {} if state is None else {symbol: one.quantity for symbol, one in state.positions.items()}
    working = decision.working() if state is None else state.working
    found = [_target(one, held, known.get(one.symbol, {})) for one in working]
    turn = {"exit": 0, "entry": 1, "stop": 2}
    return tuple(sorted(found, key=lambda one: turn[one.purpose]))


def _target(one: WorkingOrder, shares: Mapping[str, int], row: Mapping[object, object]) -> Target:
    stop = not np.isnan(one.level)
    grows = one.reason == REASONS[ENTRY] or (one.reason == REASONS[REGIME] and shares.get(one.symbol, 0) * one.quantity > 0)
    purpose = "stop" if stop else "entry" if grows else "exit"
    numbers = {name: _number(row.get(name)) for name in ("last_close", "adv_limit")}
    return Target(one.symbol, purpose, one.quantity, one.reason, numbers["last_close"], numbers["adv_limit"], one.level if stop else None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float | np.number) and np.isfinite(float(value)) else None
