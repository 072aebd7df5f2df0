"""What each part of the rule did: the same backtest once more without it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from springback.backtest.loop import Market
from springback.backtest.result import Result
from springback.backtest.run import Backtest, backtest
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.tape import Tape
from springback.strategy.decide import FUNNEL
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.rule import BEYOND_YESTERDAY, ENTRY, REGIME, STOP_LOSS, TIME_STOP

NEVER = 1e9


@dataclass(frozen=True, eq=False)
class Overlay:
    """One part of the rule: how many decisions it touched, out of how many, and the run without it.

    `touched` 0 means that the part did nothing at all: a warning, not a success.
    """

    name: str
    touched: int
    among: int
    of_what: str
    without: Result


def overlays(
    base: Result,
    tape: Tape,
    forecasts: Forecasts,
    account: Backtest,
    strategy: Strategy,
    regime: Regime,
    costs: Costs,
    market: Market | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> list[Overlay]:
    """Model, regime, stop, time stop and ADV cap, then the variants that are on, each taken away in turn from the run `base`.

    `count(strategy)` says how many they are.
    """

    def run(name: str, forecasts: Forecasts = forecasts, strategy: Strategy = strategy, regime: Regime = regime) -> Result:
        report(name)
        ready = market
        if ready is not None:
            ready = ready._replace(p_long=forecasts.p_long, p_short=forecasts.p_short, adv=forecasts.adv)
        return backtest(tape, forecasts, account, strategy, regime, costs, market=ready)

    reasons = base.orders["reason"]
    entries = int(np.sum(reasons == ENTRY))
    resized = int(np.sum(reasons == REGIME))
    exits = len(reasons) - entries - resized
    stops = int(np.sum(base.fills["reason"] == STOP_LOSS))
    timed = int(np.sum(reasons == TIME_STOP))
    asked = int(base.funnel[:, :, FUNNEL.index("below_probability") :].sum())
    refused = int(base.funnel[:, :, FUNNEL.index("below_probability")].sum())
    always = replace(strategy, holding_sessions=int(NEVER))
    found = [
        Overlay("model", refused, asked, "candidates it refused", run("model", forecasts=unmodelled(forecasts))),
        Overlay(
            "regime",
            _bear_entries(base) + resized,
            entries + resized,
            "entries it sized for a bear" if regime.scope == "entries" else "entries it sized for a bear, and sizes it changed",
            run("regime", regime=replace(regime, multiple=NEVER)),
        ),
        Overlay("time stop", timed, exits, "exits by time", run("time stop", strategy=always)),
        Overlay(
            "ADV cap",
            _capped(base, forecasts, strategy),
            entries,
            "entries it made smaller",
            run("ADV cap", strategy=replace(strategy, max_adv_fraction=NEVER)),
        ),
    ]
    if strategy.stop_mode != "none":
        found.insert(2, Overlay("stop", stops, exits, "exits at the stop", run("stop", strategy=replace(strategy, stop_mode="none"))))
    if strategy.exit_rule != "none":
        beyond = int(np.sum(reasons == BEYOND_YESTERDAY))
        plain = run("yesterday's range", strategy=replace(strategy, exit_rule="none"))
        found.append(Overlay("yesterday's range", beyond, exits, "exits beyond yesterday's range", plain))
    if strategy.trend != "off":
        against = int(base.funnel[:, :, FUNNEL.index("against_trend")].sum())
        found.append(
            Overlay("trend", against, against + asked, "candidates it refused", run("trend", strategy=replace(strategy, trend="off")))
        )
    if strategy.cool_down:
        cooling = int(base.funnel[:, :, FUNNEL.index("cooling")].sum())
        warm = run("cool-down", strategy=replace(strategy, cool_down=0))
        found.append(Overlay("cool-down", cooling, cooling + asked, "candidates it refused", warm))
    return found


def count(strategy: Strategy) -> int:
    """How many overlays there are: four parts of the rule, the stop, and the variants that are on."""
    return 4 + (strategy.stop_mode != "none") + (strategy.exit_rule != "none") + (strategy.trend != "off") + (strategy.cool_down > 0)


def unmodelled(forecasts: Forecasts) -> Forecasts:
    """The QPI rule alone: every ranked name passes, and QPI alone ranks."""
    sure = np.where(np.isnan(forecasts.p_long), np.nan, 1.0)
    return replace(forecasts, p_long=sure, p_short=np.where(np.isnan(forecasts.p_short), np.nan, 1.0))


def _bear_entries(base: Result) -> int:
    rows = base.orders["row"][base.orders["reason"] == ENTRY].astype(np.int64) - base.first
    return int(np.sum(base.daily["bear"][rows] == 1))


def _capped(base: Result, forecasts: Forecasts, strategy: Strategy) -> int:
    entry = base.orders["reason"] == ENTRY
    rows, names = base.orders["row"][entry].astype(np.int64), base.orders["name"][entry].astype(np.int64)
    sizes = np.abs(base.orders["quantity"][entry])
    caps = np.floor(strategy.max_adv_fraction * forecasts.adv[rows, names])
    return int(np.sum(sizes >= caps))
