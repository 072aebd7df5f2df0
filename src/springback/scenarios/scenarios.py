"""The made-up scenarios by name, and how each is played: one line in `scenarios` is one more."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from springback.scenarios import shocks
from springback.scenarios.positions import fullest_of_each_year, worst_days
from springback.scenarios.prices import LOOK_BACK
from springback.scenarios.scenario_run import RuleRun, Runner, Scenario, ScenarioRun
from springback.scenarios.shocks import Struck
from springback.strategy.rule import ENTRY, RECALL

SHUT, FALL = 5, 0.10
HALTS, HALTED, APART, HALT = 5, 5, 10, 5
TIMES, CHANCE = 3.0, 0.05
FULL = "Once in each calendar year, after the close with the largest gross exposure of the base run"


def scenarios(stop: float, seed: int) -> tuple[Scenario, ...]:
    """All of them, for a rule whose stop lies `stop` from the entry price."""
    return (_gap("gap_10", 0.10, stop), _gap("gap_20", 0.20, stop), _halt(), _shut(), _costlier(), _recall(seed), _stale_vix())


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _gap(key: str, share: float, stop: float) -> Scenario:
    return Scenario(
        key,
        f"Gap {_percent(share)} through the stops",
        f"{FULL}, every position opens {_percent(share)} beyond its stop ({_percent(stop)} from its entry price), longs down and shorts "
        "up, and its prices stay there. Positions without a bar that day, and those already beyond, are left alone.",
        "",
        "positions gapped",
        lambda base, runner: _in_turn(
            base, runner, fullest_of_each_year(base.result), lambda run, day: shocks.gap(run, day, share, stop), 1
        ),
    )


def _halt() -> Scenario:
    return Scenario(
        "halt",
        "A week's halt",
        f"On the {HALTS} worst days of the base run, at least {APART} sessions apart, the {HALTED} positions that lost most that day "
        f"do not trade for {HALT} sessions, that day the first; they reopen at the recorded price and are not ranked for the "
        f"{LOOK_BACK} sessions after. The worst time was chosen knowing the future.",
        "",
        "positions halted",
        lambda base, runner: _in_turn(
            base, runner, worst_days(base.result, HALTS, APART), lambda run, day: shocks.halt(run, day, HALTED, HALT), 0
        ),
    )


def _shut() -> Scenario:
    return Scenario(
        "closed",
        "Market closed",
        f"{FULL}, the exchange is shut for {SHUT} sessions; all names then open {_percent(FALL)} under the recorded price and stay there, "
        "VIX is 1.31 times the recorded for 5 sessions. Shut sessions do not count as holding days; interest and borrow fees run on.",
        "11 to 14 September 2001: shut for 4 sessions, S&P 500 −4.9 % on reopening, VIX 31.84 to 41.76. Here a day longer and twice "
        "as deep.",
        "positions held through it",
        lambda base, runner: _in_turn(
            base, runner, fullest_of_each_year(base.result, SHUT + 2), lambda run, day: shocks.close_market(run, day, SHUT, FALL), 1
        ),
    )


def _costlier() -> Scenario:
    return Scenario(
        "costs",
        f"Costs × {TIMES:g}",
        f"Commission, half-spread, impact, borrow fee and the margins on interest are {TIMES:g} times the settings, on every session.",
        "",
        "fills",
        _costs,
    )


def _recall(seed: int) -> Scenario:
    return Scenario(
        "recall",
        "Borrow recalls",
        f"Each session each short is recalled with a chance of {_percent(CHANCE)} (drawn by name and session, seed {seed}), "
        "about a quarter of them within six sessions, and bought back by force at the next open at the usual costs. "
        "It may be borrowed again the next day.",
        "D'Avolio (2002), The market for borrowing stock, Journal of Financial Economics 66: about 2 % of stocks on loan are "
        "recalled in a month. Here about fifty times as many.",
        "shorts bought back",
        lambda base, runner: _recalls(base, runner, seed),
    )


def _stale_vix() -> Scenario:
    return Scenario(
        "late_vix",
        "VIX a day late",
        "The regime of each session reads the VIX close of the session before, and the mean that ends there.",
        "",
        "entries sized otherwise",
        _late_vix,
    )


def _in_turn(
    base: RuleRun, runner: Runner, days: tuple[np.datetime64, ...], strike: Callable[[RuleRun, np.datetime64], Struck], later: int
) -> ScenarioRun:
    """One event after the other, each on what is held after those before it; it is felt from `later` sessions after its day on."""
    bars = base.inputs.market_data.bars
    run, touched, first = base, 0, None
    for day in days:
        inputs, count = strike(run, day)
        if count and first is None:
            first = bars.sessions[bars.row(day) + later]
        touched += count
        run = runner(inputs)
    return ScenarioRun(run, touched, first, days)


def _costs(base: RuleRun, runner: Runner) -> ScenarioRun:
    run = runner(replace(base.inputs, costs=shocks.costlier(base.inputs.costs, TIMES)))
    count = len(run.result.fills["row"])
    return ScenarioRun(run, count, base.result.sessions[1] if count else None)  # interest differs from the first night on


def _recalls(base: RuleRun, runner: Runner, seed: int) -> ScenarioRun:
    run = runner(shocks.recalled(base.inputs, CHANCE, np.random.default_rng(seed)))
    rows = run.result.orders["row"][run.result.orders["reason"] == RECALL]
    first = run.result.sessions[int(rows[0]) - run.result.first] if len(rows) else None
    return ScenarioRun(run, len(rows), first)


def _late_vix(base: RuleRun, runner: Runner) -> ScenarioRun:
    run = runner(shocks.late_vix(base.inputs))
    differs = base.result.daily["bear"] != run.result.daily["bear"]
    entries = run.result.orders["row"][run.result.orders["reason"] == ENTRY].astype(np.int64) - run.result.first
    first = run.result.sessions[int(np.argmax(differs))] if differs.any() else None
    return ScenarioRun(run, int(differs[entries].sum()), first)
