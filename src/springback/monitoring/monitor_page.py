"""monitor.html: one file that opens without a network, in the manner of the report."""

from springback.analytics import page as pages
from springback.analytics.cells import Cell, Table
from springback.analytics.evidence import settings_table
from springback.analytics.figures import shown
from springback.monitoring import monitor_words as words
from springback.monitoring.drift import Drift
from springback.monitoring.monitor_charts import charts
from springback.monitoring.monitor_study import MonitorStudy
from springback.training.judgement import Bin


def page(study: MonitorStudy) -> str:
    """The whole page as text; the same bytes for the same study."""
    return pages.render(
        "monitor.html",
        "springback.monitoring",
        study=study,
        flags=words.flags(study),
        finding=words.finding(study),
        tone="bad" if study.alarm else "",
        lead=words.lead(study),
        resolve=words.resolve(study),
        watched=words.watched(study),
        regime=words.regime(study),
        missing=words.missing(study),
        tiles=_tiles(study),
        charts=charts(study),
        tables={
            "account": _account(study),
            "sides": _sides(study),
            "calibration": _calibration(study),
            "drift": _drift(study.drift),
            "episodes": _episodes(study),
            "settings": settings_table(study.provenance),
        },
    )


def _tiles(study: MonitorStudy) -> list[tuple[str, str, str]]:
    beside, days = study.beside, study.accuracy.days
    known = days.rank_ic[~(days.rank_ic != days.rank_ic)]
    rank = float(known.mean()) if len(known) else None
    return [
        ("Equity", shown(float(beside.equity[-1]), "dollars"), study.last),
        ("Last session", shown(float(beside.profit[-1]), "dollars"), "profit and loss"),
        ("Rank IC by day", shown(rank, "three"), shown(float(len(known)), "sessions")),
        ("New entries", f"{100 * study.alarm_factor:g} %", "of their size"),
    ]


def _account(study: MonitorStudy) -> Table:
    beside = study.beside
    rows = []
    for name, curve in (("The desk", beside.equity), ("Frozen decisions, replayed", beside.replayed), ("Today's data", beside.today)):
        gap = beside.gap(curve)
        last = shown(None if curve is None else float(curve[-1]), "dollars")
        rows.append((Cell(name, left=True), Cell(last), Cell("" if curve is beside.equity else shown(gap, "dollars"))))
    note = "The difference: what the desk has more than that backtest, by corrected fills, restated data or other models."
    return Table("On the newest session", note, (("Account", True), ("Equity", False), ("Difference", False)), tuple(rows))


def _sides(study: MonitorStudy) -> Table:
    rows = []
    for name, side in (("Long", study.accuracy.long), ("Short", study.accuracy.short)):
        odd = "bad" if side.firing is not None and side.firing.unusual else ""
        count, usual = words.fired(side.firing)
        hits, share, band = words.hits(side.rate)
        cells = (Cell(hits), Cell(share), Cell(band, "quiet"), Cell(count, odd), Cell(usual, "quiet"))
        rows.append((Cell(name, left=True), *cells, Cell(f"{side.waiting:,}"), Cell(f"{side.unknown:,}")))
    heads = (
        *(("Side", True), ("Fired, ripe", False), ("Came true", False), ("95 % interval", False), ("Fired, all", False)),
        *(("Expected", False), ("Waiting", False), ("Unknown", False)),
    )
    note = "The interval knows that the names of a day move together. Expected: the 95 % range of what fired on as many sessions before."
    return Table("Forecasts above the threshold", note, heads, tuple(rows))


def _calibration(study: MonitorStudy) -> Table:
    def cells(one: Bin) -> tuple[Cell, Cell, Cell]:
        return Cell(f"{one.rows:,}"), Cell(shown(one.probability, "ratio")), Cell(shown(one.came_true, "ratio"))

    both = zip(study.accuracy.long.calibration, study.accuracy.short.calibration, strict=True)
    rows = tuple((Cell(f"{long.low:.1f} to {long.high:.1f}", left=True), *cells(long), *cells(short)) for long, short in both)
    names = ("Long", "Mean P", "Came true", "Short", "Mean P", "Came true")
    return Table("Calibration", "", (("P", True), *((name, False) for name in names)), rows)


def _drift(drifts: tuple[Drift, ...]) -> Table:
    rows = []
    for one in drifts:
        marks = Cell(f"{one.index:.3f}", "bad" if one.drifts else ""), Cell(f"{one.limit:.3f}", "quiet")
        moves = Cell(f"{one.move:+.4f}", "bad" if one.moves else ""), Cell(f"{one.move_limit:.4f}", "quiet")
        shares = tuple(Cell(f"{100 * now:.1f} / {100 * was:.1f} %") for now, was in (one.missing, one.clipped, one.tied))
        rows.append((Cell(one.name, left=True), *marks, Cell(f"{one.shift:+.2f}"), *moves, *shares))
    heads = ("PSI", "Limit", "Shift", "Moves the score", "Limit", "Missing", "At its ends", "Tied")
    note = "A notice, never an act. Limits are what 99 % of windows of the past show against the past; shift in standard deviations; the "
    note += "shift times what one deviation is worth to the score, in points of probability. Shares: now / before."
    return Table("Against the sessions before the desk's first", note, (("Column", True), *((one, False) for one in heads)), tuple(rows))


def _episodes(study: MonitorStudy) -> Table:
    rows = tuple(
        (
            Cell(str(one.first), left=True),
            Cell(str(one.last), left=True),
            Cell(f"{one.sessions}"),
            Cell(shown(one.gain, "percent2"), "good" if one.gain > 0 else "bad" if one.gain < 0 else ""),
        )
        for one in study.regime.episodes
    )
    heads = (("From", True), ("To", True), ("Sessions", False), ("Gained until the next", False))
    return Table("By episode", "", heads, rows)
