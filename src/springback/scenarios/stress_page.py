"""stress.html: one file that opens without a network, in the manner of the report."""

from springback.analytics import page as pages
from springback.analytics.cells import Cell, Table
from springback.analytics.evidence import settings_table
from springback.analytics.figures import shown
from springback.scenarios import stress_words
from springback.scenarios.resample import LEVELS, Spread
from springback.scenarios.stress_charts import TITLES, charts
from springback.scenarios.stress_study import StressStudy
from springback.scenarios.windows import Slice

ROOM = "springback.scenarios"


def page(study: StressStudy) -> str:
    """The whole page as text; the same bytes for the same study."""
    drawn = charts(study)
    return pages.render(
        "stress.html",
        ROOM,
        study=study,
        flags=stress_words.flags(study),
        finding=stress_words.finding(study),
        scatter=stress_words.scatter(study),
        base=stress_words.base(study),
        warnings=stress_words.warnings(study),
        uncovered=stress_words.uncovered(study),
        ledger=stress_words.LEDGER,
        tiles=_tiles(study),
        charts=drawn,
        tables={"shocks": _shocks(study), "windows": _windows(study), "luck": _luck(study), "settings": settings_table(study.provenance)},
        courses=[_course(one) for one in study.slices if one.days],
        regimes=[stress_words.regime(one) for one in study.slices if one.days],
    )


def _tiles(study: StressStudy) -> list[tuple[str, str, str]]:
    spread, found = study.by_day, study.figures
    touched = [one for one in study.outcomes if one.run.touched]
    worst = min(touched, key=lambda one: -1.0 if one.figures.lost_on else one.figures.annual_return, default=None)
    deepest = max(touched, key=lambda one: one.figures.max_drawdown, default=None)
    nothing = "–"
    return [
        ("Base run, a year", shown(found.annual_return, "fraction"), f"Sharpe {shown(found.sharpe, 'ratio')}, {study.profile} costs"),
        (
            "Costliest scenario, a year",
            nothing if worst is None else "all" if worst.figures.lost_on else shown(worst.figures.annual_return, "fraction"),
            "no scenario touched anything" if worst is None else worst.scenario.name,
        ),
        (
            "Deepest fall of a scenario",
            nothing if deepest is None else shown(deepest.figures.max_drawdown, "fraction"),
            f"base run {shown(found.max_drawdown, 'fraction')}",
        ),
        (
            "Histories that lose money",
            nothing if spread is None else shown(spread.losing, "fraction"),
            stress_words.scatter(study).rstrip(".").lower() if spread is None else f"of {spread.draws:,} made of the same days",
        ),
    ]


def _shocks(study: StressStudy) -> Table:
    rows = []
    for one in (None, *study.outcomes):
        name, year, less, sharpe, deep, day, water, touched = stress_words.row(study, one)
        tone = "bad" if less.startswith("\u2212") else "good" if less.startswith("+") else ""
        idle = one is not None and not one.run.touched
        figures = (Cell(year), Cell(less, tone), Cell(sharpe), Cell(deep), Cell(day), Cell(water))
        rows.append((Cell(name, left=True), *figures, Cell(touched, "bad" if idle else "quiet", left=True)))
    heads = (
        *(("Scenario", True), ("A year", False), ("Points", False), ("Sharpe", False), ("Deepest fall", False)),
        *(("Worst day", False), ("Under water, sessions", False), ("It touched", True)),
    )
    note = "Each scenario is the whole base run again with one thing changed, on the same forecasts. Under water: the longest spell below "
    note += "an earlier high. A scenario may help by chance: once a book differs, it meets other names."
    return Table("Scenarios against the base run", note, heads, tuple(rows), (0,))


def _windows(study: StressStudy) -> Table:
    rows = []
    for one in study.slices:
        told = stress_words.window(one)
        tone = "quiet" if one.covered == "not" else ""
        rows.append((Cell(told[0], tone, True), Cell(told[1], "quiet", True), *(Cell(cell, tone) for cell in told[2:])))
    heads = (
        *(
            ("Window", True),
            ("Days", True),
            ("Sessions", False),
            ("Return", False),
            (study.provenance.origin.benchmark, False),
            ("Deepest fall", False),
        ),
        *(("Worst day", False), ("Trades", False), ("Won", False), ("Bear sessions", False)),
    )
    note = "Cut out of the base run: returns of the window, the fall counted from its first day; trades are those entered in it."
    return Table("Named windows", note, heads, tuple(rows))


def _course(one: Slice) -> Table:
    rows = tuple(
        (
            Cell(day.date, left=True),
            Cell(shown(day.vix, "ratio")),
            Cell(shown(day.mean, "ratio")),
            Cell("bear", "bad", left=True) if day.bear else Cell("bull", "quiet", left=True),
            Cell(shown(day.long, "fraction")),
            Cell(shown(day.short, "fraction")),
            Cell(shown(day.long - day.short, "fraction")),
            Cell(shown(day.worth, "three")),
        )
        for day in one.days
    )
    heads = (
        *(("Session", True), ("VIX", False), ("Its mean", False), ("Regime", True)),
        *(("Long", False), ("Short", False), ("Gross", False), ("Equity", False)),
    )
    note = "The regime of a session sizes the entries decided after its close, which fill at the next open. "
    note += f"{one.bear} of {one.sessions} sessions saw the bear regime; it turned {one.flips} times."
    return Table(f"{one.window.name}, session by session", note, heads, rows)


def _luck(study: StressStudy) -> Table | None:
    if study.by_day is None:
        return None
    rows: list[tuple[Cell, ...]] = []
    for label, spread in (("days", study.by_day), ("trades", study.by_trade)):
        rows += [] if spread is None else _quantiles(label, spread, study)
    heads = (("Figure", True), ("Resampled", True), *((f"{level:.0%}".replace("%", " %"), False) for level in LEVELS), ("Base run", False))
    return Table("Quantiles over the resampled histories", _how(study), heads, tuple(rows))


def _quantiles(label: str, spread: Spread, study: StressStudy) -> list[tuple[Cell, ...]]:
    rows = []
    for name, (title, _, unit) in TITLES.items():
        if name in spread.quantiles:
            told = [Cell(shown(value, unit)) for value in spread.quantiles[name]]  # type: ignore[arg-type]
            own = Cell(shown(float(getattr(study.figures, name)), unit), "quiet")  # type: ignore[arg-type]
            rows.append((Cell(title, left=True), Cell(label, "quiet", True), *told, own))
    return rows


def _how(study: StressStudy) -> str:
    spread = study.by_day
    assert spread is not None
    how = f"{spread.draws:,} histories each, seed {spread.seed}. Days: whole sessions in blocks of {spread.block} on average (stationary "
    how += "bootstrap, Politis and Romano 1994), so that all that was held together stays together. "
    if study.by_trade is None:
        how += "Trades: none was closed. "
    else:
        how += "Trades: entry sessions in such blocks, each with all trades entered on it; profits count on the session of the exit, "
        how += "interest is left out (no risk-free rate is taken off their Sharpe ratio), "
        how += f"and so are the {study.open_positions:,} positions still open at the end. "
    return how + "Neither knows a shock that is not in the record."
