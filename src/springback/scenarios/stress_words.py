"""A stress test in plain words: what hurts most, what luck alone may do, what did nothing."""

from collections.abc import Sequence

from springback.analytics import evidence
from springback.analytics.figures import shown
from springback.analytics.gates import few
from springback.scenarios.scenario_outcome import ScenarioOutcome
from springback.scenarios.stress_study import StressStudy
from springback.scenarios.windows import Slice, spells

LEDGER = (
    "The base run is in the trial ledger as any backtest is. Scenarios and resampled histories choose nothing, so they are no trials of "
    "their own."
)


def headline(study: StressStudy) -> tuple[str, ...]:
    """(flags if any, the finding, how the histories scatter, the base run)."""
    return (*flags(study), finding(study), scatter(study), base(study))


def flags(study: StressStudy) -> tuple[str, ...]:
    """What must be known before any figure."""
    words = "its dates are real, its prices are not. Nothing here is evidence about real markets."
    return evidence.flags(study.provenance, words, words, study.in_sample)


def finding(study: StressStudy) -> str:
    """The scenario that costs most a year, and the one with the deepest fall."""
    touched = [one for one in study.outcomes if one.run.touched]
    if not len(study.base.result.fills["row"]):
        return "Nothing was traded, so nothing can be stressed"
    if study.figures.lost_on:
        return f"The account is lost on {study.figures.lost_on} in the base run itself: no scenario can be set beside it"
    if too_few := few(len(study.base.result.sessions), study.figures.trades):
        return f"Too little to judge: {too_few}"
    return _hurts(study, touched) if touched else "No scenario touched anything"


def _hurts(study: StressStudy, touched: Sequence[ScenarioOutcome]) -> str:
    ruined = [one for one in touched if one.figures.lost_on]
    if ruined:
        more = f", and so do {len(ruined) - 1} more" if len(ruined) > 1 else ""
        return f"{ruined[0].scenario.name} loses the whole account, on {ruined[0].figures.lost_on}{more}"
    worst = min(touched, key=lambda one: one.figures.annual_return)
    lost = 100 * (study.figures.annual_return - worst.figures.annual_return)
    if lost <= 0:
        return "No scenario cost it anything"
    deepest = max(touched, key=lambda one: one.figures.max_drawdown)
    fall = f"{deepest.figures.max_drawdown:.0%}".replace("%", " %")
    if deepest is worst:
        return f"{worst.scenario.name} hurts most: {lost:.1f} points a year, and a fall of {fall}"
    return f"{worst.scenario.name} costs most, {lost:.1f} points a year; {_low(deepest)} falls deepest, {fall}"


def _low(one: ScenarioOutcome) -> str:
    name = one.scenario.name
    return name if name.startswith("VIX") else name[:1].lower() + name[1:]


def scatter(study: StressStudy) -> str:
    """What the resampled histories show."""
    spread = study.by_day
    if spread is None:
        return "A lost account cannot be resampled." if study.figures.lost_on else "Too few sessions to resample."
    low, high = spread.quantiles["annual_return"][0], spread.quantiles["annual_return"][-1]
    deep, long = spread.quantiles["max_drawdown"][-1], spread.quantiles["under_water"][-1]
    return (
        f"The same days in another order, {spread.draws:,} times: {shown(low, 'fraction')} to {shown(high, 'fraction')} a year in nine "
        "of ten, "
        f"{shown(spread.losing, 'fraction')} lose money; one in twenty falls deeper than {shown(deep, 'fraction')}, one in twenty stays "
        f"under water longer than {shown(round(long), 'sessions')}."
    )


def base(study: StressStudy) -> str:
    """The base run in a sentence."""
    found = study.figures
    return (
        f"Base run, {study.first} to {study.last}, {study.provenance.universe}: {shown(found.annual_return, 'fraction')} a year net of "
        f"{study.profile} costs, "
        f"Sharpe {shown(found.sharpe, 'ratio')}, deepest fall {shown(found.max_drawdown, 'fraction')}, {found.trades:,} trades, "
        f"{study.models}."
    )


def warnings(study: StressStudy) -> tuple[str, ...]:
    """Scenarios that touched nothing."""
    return tuple(one.warning for one in study.outcomes if one.warning)


def touched(one: ScenarioOutcome) -> str:
    """How much a scenario touched."""
    return f"{one.run.touched:,} {one.scenario.touches}"


def row(study: StressStudy, one: ScenarioOutcome | None) -> tuple[str, ...]:
    """(name, return a year, difference to the base in points, Sharpe, deepest fall, worst day, longest under water, touched); None: the
    base."""
    found = study.figures if one is None else one.figures
    less = "" if one is None else "lost" if one.figures.lost_on else points(found.annual_return - study.figures.annual_return)
    return (
        "Base run" if one is None else one.scenario.name,
        shown(found.annual_return, "fraction"),
        less,
        shown(found.sharpe, "ratio"),
        shown(found.max_drawdown, "fraction"),
        shown(found.worst_day, "fraction"),
        f"{found.under_water:,}",
        "" if one is None else touched(one),
    )


def points(value: float) -> str:
    """A difference of fractions, in points with its sign."""
    text = f"{100 * value:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", "\u2212")


def window(one: Slice) -> tuple[str, ...]:
    """(name, span, sessions, return, benchmark, deepest fall, worst day, trades, won, bear sessions); empty figures where it is not
    covered."""
    span = f"{one.window.start} to {one.window.end}"
    if one.covered == "not":
        return (one.window.name, span, "not covered", *[""] * 7)
    return (
        one.window.name,
        span,
        f"{one.sessions:,}" + (" (partly)" if one.covered == "partly" else ""),
        shown(one.total_return, "fraction"),
        shown(one.benchmark, "fraction"),
        shown(one.max_drawdown, "fraction"),
        shown(one.worst_day, "fraction"),
        f"{one.trades:,}",
        shown(one.win_rate, "fraction"),
        f"{one.bear:,}",
    )


def uncovered(study: StressStudy) -> tuple[str, ...]:
    """What to set for each window that is not, or only partly, covered."""
    return tuple(f"{one.window.name} is {one.covered} covered: {one.why}." for one in study.slices if one.why)


def regime(one: Slice) -> str:
    """The regime's path through a window: when it was bear, and how high VIX still stood when that ended."""
    found = spells(one.days)
    if not found:
        return f"{one.window.name}: the bear regime was never on."
    vix = {day.date: day.vix for day in one.days}
    said = [
        f"from {first}, still at the end" if after is None else f"from {first} until {after}, VIX then {shown(vix[after], 'ratio')}"
        for first, after in found
    ]
    return f"{one.window.name}: bear {'; '.join(said)}. The regime hears VIX rise over its own mean, not how high it stands."
