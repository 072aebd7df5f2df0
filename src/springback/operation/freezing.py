"""From an evening to its frozen decision: the facts by symbol, in words that a file can hold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from springback.backtest.state import STATUSES, WHYS
from springback.operation.account_state import AccountState
from springback.operation.evening import Curbs, Evening, Terms
from springback.operation.frozen_decision import FrozenDecision, Kind, Reason
from springback.operation.spoken import SessionForecasts
from springback.strategy.rule import REASONS

AS_THEY_STOOD = (
    *("account", "reasons", "halts", "restricted", "settings", "settings_version", "challengers", "hashes", "book_event", "broker"),
)
"""Circumstances that a decision holds under the same name."""


@dataclass(frozen=True)
class Circumstances:
    """What a decision stood on beside the market: of which `account`, frozen when, for which open; the `reasons` for what was curbed, the
    `halts` in force and restricted names, all `settings` flat and the version they are of; `hashes` of data, settings, program and models;
    the number of the last event of the book that it knew; the `fills` and `ended` orders of sessions before, whose data came late;
    what the `broker` said.
    """

    account: str
    frozen_at: datetime
    next_open: datetime
    settings: Mapping[str, Any]
    hashes: Mapping[str, Any]
    settings_version: str | None = None
    reasons: tuple[Reason, ...] = ()
    halts: tuple[Mapping[str, Any], ...] = ()
    restricted: tuple[str, ...] = ()
    challengers: tuple[str, ...] = ()
    book_event: int = 0
    fills: tuple[Mapping[str, Any], ...] = ()
    ended: tuple[Mapping[str, Any], ...] = ()
    broker: Mapping[str, Any] = field(default_factory=dict)


def decision_of(
    evening: Evening,
    session: str,
    forecasts: SessionForecasts,
    terms: Terms,
    curbs: Curbs,
    around: Circumstances,
    kind: Kind,
    funnel: Mapping[str, Any],
) -> FrozenDecision:
    """The decision that `evening` was for `session`; dollars and shares."""
    daily = {name: float(evening.daily[name]) for name in evening.daily.dtype.names or ()}
    known = daily["vix"] == daily["vix"] and daily["vix_sma15"] == daily["vix_sma15"]
    return FrozenDecision(
        session=session,
        kind=kind,
        frozen_at=around.frozen_at.astimezone(UTC).isoformat(timespec="seconds"),
        next_open=around.next_open.astimezone(UTC).isoformat(timespec="seconds"),
        profile=terms.account.profile,
        regime={"vix": daily["vix"], "mean": daily["vix_sma15"], "bear": bool(daily["bear"]) if known else None},
        equity=daily["equity"],
        cash=daily["cash"],
        exits_only=not curbs.entries,
        alarm_factor=curbs.factor,
        champion=forecasts.champion,
        book={"before": lines(evening.before), "after": lines(evening.after)},
        fills=(*around.fills, *fills(evening, session)),
        ended=(*around.ended, *ended(evening)),
        daily=daily,
        funnel=funnel,
        sized_on=curbs.sized_on(daily["equity"]),
        **{name: getattr(around, name) for name in AS_THEY_STOOD},
    )


def lines(state: AccountState) -> tuple[dict[str, Any], ...]:
    """What is held and what waits, a name each, in alphabetical order; dollars (None: no price yet) and signed shares."""
    told = {symbol: line for symbol, line in sorted(state.lines.items()) if line.quantity or line.waiting}
    return tuple(
        {
            "symbol": symbol,
            "quantity": line.quantity,
            "waiting": line.waiting,
            "closing": line.closing,
            "age": line.age,
            "entry_price": _known(line.entry_price),
            "mark": _known(line.mark),
            "opened": state.lives[symbol].opened if symbol in state.lives else "",
            "assumed": state.lives[symbol].assumed if symbol in state.lives else True,
        }
        for symbol, line in told.items()
    )


def _known(price: float) -> float | None:
    """None for NaN, which JSON has not."""
    return None if math.isnan(price) else price


def fills(evening: Evening, session: str) -> tuple[dict[str, Any], ...]:
    """What was filled in the `session`, dollars and signed shares; assumed where it was by the loop's law."""
    return tuple(
        {
            "session": session,
            "order_id": int(one["order_id"]),
            "symbol": evening.symbols[int(one["name"])],
            "quantity": int(one["quantity"]),
            "price": float(one["price"]),
            "fee": float(one["fee"]),
            "slippage": float(one["slippage"]),
            "reason": REASONS[int(one["reason"])],
            "assumed": evening.assumed,
        }
        for one in evening.fills
    )


def ended(evening: Evening) -> tuple[dict[str, Any], ...]:
    """The orders of earlier evenings that ended in the session without a fill, signed shares."""
    return tuple(
        {
            "order_id": int(one["order_id"]),
            "symbol": evening.symbols[int(one["name"])],
            "quantity": int(one["quantity"]),
            "reason": REASONS[int(one["reason"])],
            "status": STATUSES[int(one["status"])],
            "why": WHYS[int(one["why"])],
        }
        for one in evening.ended
    )
