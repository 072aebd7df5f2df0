"""The funnel of an evening: at which stage each name left, on both sides, and which was the best one lost there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from springback.backtest.endings import ends_of
from springback.market.bars import Panel
from springback.market.forecasts import Forecasts
from springback.market.liquidity import latest_mean
from springback.market.market_data import TRADING, MarketData
from springback.market.quarantine import barred
from springback.operation.evening import Curbs, Evening, Terms, rules_of
from springback.strategy import decide
from springback.strategy.knobs import RuleParameters
from springback.strategy.lookback import trend_mean
from springback.strategy.rule import ENTRY, rank
from springback.strategy.universe import Universe, tests_of

Side = Literal["long", "short"]
SIDES: tuple[Side, Side] = ("long", "short")
EARLY = ("untraded", "not_member", "low_price", "illiquid", "quarantined", "barred", "unscored")
"""Where names without a forecast leave: no bar today, the three tests of the universe, the quarantine, the curbs of the evening, and
whatever else left them without one, a missing feature above all."""
STAGES = (*EARLY, "not_extreme", *decide.FUNNEL[1:])
"""All stages, in the order in which names leave; the last one, `entered`, is what was ordered."""
CROWDS = ("not_member", "not_extreme")
"""Stages at which thousands leave: a frozen decision keeps their count and their best, not the names. Who was ranked and left nowhere else
was not extreme; who was neither was no member.
"""
NOT_EXTREME = len(EARLY)
LATE = NOT_EXTREME  # of a stage of `decide.FUNNEL`, whose first is the count of all


@dataclass(frozen=True)
class Funnel:
    """The names of an evening by side and by the stage of `STAGES` they left at, the best one first.

    Best: by the side's probability, then by the indicator, then by symbol; of names without a forecast by mean dollar volume.
    """

    names: Mapping[Side, Mapping[str, tuple[str, ...]]]

    def count(self, side: Side) -> int:
        """How many names it began with."""
        return sum(len(names) for names in self.names[side].values())

    def plain(self) -> dict[str, Any]:
        """By side: the `universe`, and of every stage the count, the best name lost and, but for `CROWDS`, all of them."""
        return {side: {"universe": {"count": self.count(side)}} | self._stages(side) for side in self.names}

    def _stages(self, side: Side) -> dict[str, Any]:
        return {
            stage: {"count": len(names), "best": names[0] if names else None} | ({} if stage in CROWDS else {"names": list(names)})
            for stage, names in self.names[side].items()
        }


@dataclass(frozen=True, eq=False)
class _Today:
    """The newest session, columns (N,): prices in dollars, NaN without a bar; what is True keeps a name from its next stage."""

    close: Panel
    dollars: Panel
    qpi: Panel
    volume: Panel
    presence: NDArray[np.bool_]
    final: NDArray[np.bool_]
    quarantined: NDArray[np.bool_]
    barred: NDArray[np.bool_]
    not_short: NDArray[np.bool_]
    trend: Panel


def funnel(evening: Evening, market_data: MarketData, forecasts: Forecasts, universe: Universe, terms: Terms, curbs: Curbs) -> Funnel:
    """The funnel of `evening`, which `play` made of the window `market_data` (T, N), `forecasts` (T, N), `terms` and `curbs`.

    The names are those with a row in the newest session, and those with a forecast; dollars and shares, NaN as in `Forecasts`.
    """
    today = _today(market_data, forecasts, terms, curbs)
    rules = rules_of(terms, curbs)
    parameters = rules.parameters if rules.entries else rules.parameters._replace(slots=0)
    early = _early(today, market_data, universe)
    by_side = {}
    for side, panel in zip(SIDES, (forecasts.p_long, forecasts.p_short), strict=True):
        stage = _late(side, today, panel[-1], parameters, evening)
        stage = np.where(np.isnan(today.qpi), early, stage)
        by_side[side] = _named(stage, _order(side, today, panel[-1], forecasts.qpi[-1]), today.presence, evening.symbols)
    return Funnel(by_side)


def _today(market_data: MarketData, forecasts: Forecasts, terms: Terms, curbs: Curbs) -> _Today:
    bars, row = market_data.bars, market_data.bars.shape[0] - 1
    shut = barred(bars, market_data.quarantine)[-1] if market_data.quarantine else np.zeros(bars.shape[1], bool)
    curbed = np.array([one in curbs.barred for one in bars.symbols], bool)
    ends = ends_of(market_data, terms.account.endings)
    final = np.zeros(bars.shape[1], bool)
    final[ends.name[ends.row == row]] = True
    printed = bars.printed("close")
    trend = trend_mean(bars, market_data.actions, row)[0] if terms.strategy.trend == "sma200" else np.full(bars.shape[1], np.nan)
    return _Today(
        close=printed[-1],
        dollars=latest_mean(printed * bars.volume),
        qpi=np.where(shut | curbed, np.nan, forecasts.qpi[-1]),
        volume=forecasts.adv[-1],
        presence=~np.isnan(bars.close[-1]) | ~np.isnan(forecasts.qpi[-1]),
        final=final & (ends.ending != TRADING),
        quarantined=shut,
        barred=curbed,
        not_short=np.array([not curbs.shorts or one in curbs.not_short for one in bars.symbols], bool),
        trend=trend,
    )


def _early(today: _Today, market_data: MarketData, universe: Universe) -> NDArray[np.int64]:
    """The stage of `EARLY` of each name (N,), as if it had no forecast."""
    bars, members = market_data.bars, market_data.members
    dollars = latest_mean(bars.printed("close") * bars.volume, universe.window)
    tests = tests_of(today.close[None], dollars[None], None if members is None else members[-1:], universe)
    failed = (np.isnan(today.close), ~tests.member[0], ~tests.priced[0], ~tests.liquid[0], today.quarantined, today.barred)
    return np.asarray(np.select(failed, range(len(failed)), EARLY.index("unscored")))


def _late(side: Side, today: _Today, probability: Panel, parameters: RuleParameters, evening: Evening) -> NDArray[np.int64]:
    """The stage of each name (N,), as if all had a forecast: the stages of `decide`, in its order."""
    sign = 1 if side == "long" else -1
    beyond = today.qpi < parameters.qpi_low if sign > 0 else today.qpi > parameters.qpi_high
    lines = evening.before.lines
    since = np.array([getattr(lines[one], f"since_{side}") if one in lines else np.inf for one in evening.symbols])
    held = np.array([one in lines and (lines[one].quantity != 0 or lines[one].waiting != 0) for one in evening.symbols], bool)
    with_trend = today.close > today.trend if sign > 0 else today.close < today.trend
    failed = {
        NOT_EXTREME: ~beyond,
        LATE + decide.NO_BAR: np.isnan(today.close),
        LATE + decide.LAST_SESSION: today.final,
        LATE + decide.IN_BOOK: held,
        LATE + decide.NOT_SHORTABLE: ~_shortable(today, parameters) if sign < 0 else np.zeros(len(beyond), bool),
        LATE + decide.COOLING: (since <= parameters.cool_down) & (parameters.cool_down > 0),
        LATE + decide.AGAINST_TREND: ~with_trend & parameters.trend,
        LATE + decide.BELOW_PROBABILITY: ~(probability > parameters.probability),
    }
    stage = np.select(list(failed.values()), list(failed), LATE + decide.ENTERED)
    _rank_out(stage, sign, today, probability, parameters, evening)
    return stage


def _shortable(today: _Today, parameters: RuleParameters) -> NDArray[np.bool_]:
    lent = today.dollars >= parameters.short_min_dollars if parameters.short_min_dollars > 0 else np.ones(len(today.close), bool)
    return ~(today.close < parameters.short_min_price) & lent & ~today.not_short


def _rank_out(stage: NDArray[np.int64], sign: int, today: _Today, probability: Panel, parameters: RuleParameters, evening: Evening) -> None:
    """Walks down the candidates as `decide` does: a slot less for every one that was ordered; without a slot nobody is."""
    wanted = np.flatnonzero(stage == LATE + decide.ENTERED)
    new = evening.orders[evening.orders["reason"] == ENTRY]
    entered = {int(one["name"]) for one in new if one["quantity"] * sign > 0}
    free = parameters.slots - _occupied(evening, sign) + len(entered)
    for name in rank(wanted, probability[wanted], -sign * today.qpi[wanted]):
        if free <= 0:
            stage[name] = LATE + decide.NO_SLOT
        elif int(name) not in entered:
            stage[name] = LATE + decide.NO_SHARES
        else:
            free -= 1


def _occupied(evening: Evening, sign: int) -> int:
    """Slots of the side that are taken after the decision, its entries included."""
    sizes = (one.waiting if one.quantity == 0 or one.closing else one.quantity for one in evening.after.lines.values())
    return sum(1 for size in sizes if size * sign > 0)


def _order(side: Side, today: _Today, probability: Panel, qpi: Panel) -> NDArray[np.int64]:
    """All columns, the best first; NaN stands behind every number."""
    sign = 1 if side == "long" else -1
    unscored = np.where(np.isnan(probability), -today.dollars, 0.0)
    return np.asarray(np.lexsort((unscored, sign * qpi, -probability)))


def _named(
    stage: NDArray[np.int64], order: NDArray[np.int64], presence: NDArray[np.bool_], symbols: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    ranked = order[presence[order]]
    return {name: tuple(symbols[one] for one in ranked[stage[ranked] == k]) for k, name in enumerate(STAGES)}
