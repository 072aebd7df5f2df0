"""What keeps an evening from entering: halts by persons, data that are not there or not to be believed, models without a voucher."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from springback.market.limits import moved
from springback.market.market_data import MarketData
from springback.operation.daily_settings import Daily
from springback.operation.evening import Curbs, Evening
from springback.operation.frozen_decision import Reason
from springback.operation.spoken import ModelsInUse
from springback.state.rows import Halt, Restriction
from springback.strategy.rule import FLATTEN as EXIT
from springback.strategy.rule import REASONS
from springback.trading.guard_settings import Guard
from springback.workflow.retrain import stale
from springback.workflow.settings import Settings

NO_BORROW, BOUGHT_BACK = NOT_SHORT = ("no_borrow", "bought_back")
"""Codes of a name that is no candidate for a short, and stays one for a long."""
NO_SHORTING = "no_shorting"
"""Code of an account in which nobody is a candidate for a short."""


@dataclass(frozen=True)
class DataFaults:
    """What is wrong with the data of a session: names `barred` and why; the share of names that failed, of last week's closes that are
    others now; the age of the membership in days (None: none is known, or it is not used) and how many members it names; and what is told
    of names without a bar, where they are too many.
    """

    barred: Mapping[str, str]
    failed_share: float = 0.0
    restated_share: float = 0.0
    membership_age: int | None = None
    members: int | None = None
    silent: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Forbidden:
    """What persons have forbidden, as the state database has it."""

    halts: tuple[Halt, ...] = ()
    restricted: tuple[Restriction, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What a broker's account leaves of a decision: why nothing is entered, which names are no candidates and which none for a short, each
    by its `symbol` (without one: all of them); sizes are worked out on the `share` of equity, at most on `capital` dollars. `facts` are
    frozen with the decision.
    """

    entries: tuple[Reason, ...] = ()
    barred: tuple[Reason, ...] = ()
    not_short: tuple[Reason, ...] = ()
    capital: float = math.inf
    share: float = 1.0
    facts: Mapping[str, Any] = field(default_factory=dict)


NO_LIMITS = Limits()
FLATTEN = REASONS[EXIT]
"""Code of the halt by which a person has every position closed, and of the exits."""


def curbs_of(
    market_data: MarketData,
    settings: Settings,
    models: ModelsInUse,
    faults: DataFaults,
    forbidden: Forbidden,
    factor: float = 1.0,
    limits: Limits = NO_LIMITS,
) -> tuple[Curbs, tuple[Reason, ...]]:
    """The curbs on the decision of the newest session of `market_data` (T, N), and the reasons for each."""
    stops = (
        *limits.entries,
        *_by_persons(forbidden),
        *_by_vix(market_data, settings.regime.window),
        *_by_data(faults, settings.daily),
        *_by_models(models, settings, str(market_data.bars.sessions[-1])),
    )
    names = (
        *(Reason("name_fault", why, symbol) for symbol, why in sorted(faults.barred.items())),
        *(Reason("restricted", str(one.why), one.symbol) for one in forbidden.restricted),
        *(Reason("halted", str(one.why), one.symbol) for one in forbidden.halts if one.scope == "name"),
        *_by_price(market_data, settings.guard.move),
        *limits.barred,
    )
    notices = (
        *_notices(faults, settings.daily),
        *((Reason("alarm", f"the gross of entries is multiplied by {factor:g}"),) if factor != 1 else ()),
    )
    curbs = Curbs(
        entries=not stops,
        barred=frozenset(one.symbol for one in names),
        factor=factor,
        not_short=frozenset(one.symbol for one in limits.not_short if one.symbol),
        shorts=all(one.symbol for one in limits.not_short),
        capital=limits.capital,
        share=limits.share,
        flatten=any(one.code == FLATTEN for one in forbidden.halts),
    )
    return curbs, (*stops, *names, *limits.not_short, *notices)


def _by_persons(forbidden: Forbidden) -> Iterable[Reason]:
    for one in forbidden.halts:
        if one.scope != "name":
            yield Reason(one.code, f"{one.code} by {one.by} since {one.at:%Y-%m-%d %H:%M} UTC: {one.why}")


def _by_price(market_data: MarketData, limit: float) -> Iterable[Reason]:
    bars = market_data.bars
    if limit:
        change = bars.close[-1] / bars.close[-2] - 1
        for name in np.flatnonzero(moved(bars, market_data.actions, limit)[-1] & ~np.isnan(change)):
            words = f"its close moved by {change[name]:+.1%} without a corporate action, limit {limit:.0%} (guard.move)"
            yield Reason("move", words, bars.symbols[name])


def by_losses(evening: Evening, guard: Guard) -> tuple[Reason, ...]:
    """Why nothing was entered in an evening whose equity lay beyond the limits of losses."""
    day = Reason("day_loss", f"equity lies more than {guard.day_loss:.1%} under the close before (guard.day_loss)")
    all_time = Reason("drawdown", f"equity lies more than {guard.drawdown:.1%} under its highest close (guard.drawdown)")
    return tuple(one for one in (day, all_time) if one.code in evening.losses)


def _by_vix(market_data: MarketData, window: int) -> Iterable[Reason]:
    missing = np.flatnonzero(~(market_data.vix[-window:] > 0))  # 0 is no VIX either
    if len(missing):
        days = market_data.bars.sessions[-window:][missing]
        yield Reason("vix_missing", f"no VIX for {days[0]}{f' and {len(days) - 1} more' if len(days) > 1 else ''}: the regime is not known")


def _by_data(faults: DataFaults, limits: Daily) -> Iterable[Reason]:
    yield from faults.silent
    if faults.failed_share > limits.max_failed:
        yield Reason("names_failed", f"{faults.failed_share:.1%} of the names failed, limit {limits.max_failed:.1%} (daily.max_failed)")
    if faults.restated_share > limits.max_restated:
        yield Reason(
            "restated",
            f"{faults.restated_share:.1%} of last week's closes are others now, limit {limits.max_restated:.1%} (daily.max_restated)",
        )
    if faults.members == 0:
        yield Reason("no_members", "the membership names nobody in this session: give a newer one with --members")
    elif faults.membership_age is not None and faults.membership_age > limits.membership_limit:
        yield Reason(
            "membership_old",
            f"the membership is {faults.membership_age} days old, limit {limits.membership_limit}: give a newer one with --members",
        )


def _by_models(models: ModelsInUse, settings: Settings, session: str) -> Iterable[Reason]:
    if not models.champion:
        yield Reason("no_model", models.fault or "no model is in use")
    elif models.tried and stale(settings, models.tried, session):
        yield Reason("models_stale", f"no retraining was tried since {models.tried}, one and a half intervals: run 'springback retrain'")


def _notices(faults: DataFaults, limits: Daily) -> Iterable[Reason]:
    age = faults.membership_age
    if age is not None and limits.membership_notice < age <= limits.membership_limit:
        yield Reason("membership_age", f"the membership is {age} days old: a newer one is due, entries stop at {limits.membership_limit}")


def plain(halts: Iterable[Halt]) -> tuple[dict[str, Any], ...]:
    """Halts as a file holds them."""
    return tuple(
        {"scope": one.scope, "symbol": one.symbol, "code": one.code, "why": str(one.why), "by": one.by, "at": one.at.isoformat()}
        for one in halts
    )
