"""validation.html: one file that opens without a network, in the manner of the report."""

from springback.analytics import page as pages
from springback.analytics.cells import Cell, Table
from springback.analytics.evidence import settings_table
from springback.analytics.figures import shown
from springback.training.judgement import Estimate, Part
from springback.validation import validation_words as words
from springback.validation.validation_charts import charts
from springback.validation.validation_study import ValidationStudy


def page(study: ValidationStudy) -> str:
    """The whole page as text; the same bytes for the same study."""
    drawn = charts(study.judgement)
    return pages.render(
        "validation.html",
        study=study,
        told=study.judgement,
        flags=words.flags(study),
        finding=words.finding(study.judgement),
        worth=words.worth(study.judgement),
        warning=words.warning(study.judgement),
        mirror=words.mirror(study.judgement),
        tiles=_tiles(study),
        charts=drawn,
        tables={"sides": _sides(study), "cuts": _cuts(study), "folds": _folds(study), "settings": settings_table(study.provenance)},
    )


def _tiles(study: ValidationStudy) -> list[tuple[str, str, str]]:
    told = study.judgement
    whole = told.whole
    gate = f"gate at {words.GATE:.2f}: {words.passed(told, 'auc')}"
    return [
        ("Rank IC by day", shown(whole.rank_ic.value, "three"), _band(whole.rank_ic)),
        ("AUC by day, long", shown(whole.long.auc_by_day.value, "three"), _band(whole.long.auc_by_day)),
        ("AUC pooled, long", shown(whole.long.auc.value, "three"), gate),
        ("AUC of a random split", shown(told.random_split_auc[0], "three"), "long side; leaks, not skill"),
    ]


def _band(one: Estimate) -> str:
    told = words.interval(one)
    return f"95 % interval {told}" if told else "too few sessions for an interval"


def _sides(study: ValidationStudy) -> Table:
    rows = []
    for name, long, long_band, short, short_band in words.sides(study.judgement):
        tone = "bad" if name == words.CARELESS else ""
        cells = (Cell(long, tone), Cell(long_band, "quiet"), Cell(short, tone), Cell(short_band, "quiet"))
        rows.append((Cell(name[:1].upper() + name[1:], tone, left=True), *cells))
    heads = (("Figure", True), ("Long", False), ("95 % interval", False), ("Short", False), ("95 % interval", False))
    note = "Intervals resample whole sessions in blocks: the names of a session move together and labels of neighbouring sessions overlap. "
    note += "Brier skill: what the probability gains on always saying the share that came true; below zero it is worse than that."
    return Table("Figures with their intervals", note, heads, tuple(rows))


def _cuts(study: ValidationStudy) -> Table:
    rows = [_row(part) for part in (study.judgement.whole, *study.judgement.parts)]
    note = "Rank IC: Spearman's correlation of P_long \u2212 P_short with the return, mean over sessions; "
    note += "in red or green where its interval leaves zero out, as one part in twenty does by luck. "
    note += f"A dash: too few sessions hold {study.provenance.settings.get('validation.names', 'enough')} names of that part."
    return Table("By year, regime, liquidity and price", note, HEADS, tuple(rows), (0,))


HEADS = (
    ("Part", True),
    ("Rows", False),
    ("Sessions", False),
    ("AUC by day, long", False),
    ("AUC by day, short", False),
    ("Rank IC", False),
    ("95 % interval", False),
)


def _row(part: Part) -> tuple[Cell, ...]:
    name, rows, sessions, long, short, ic, band = words.part(part)
    found = part.rank_ic
    tone = "" if not found.excludes(0.0) else "good" if (found.value or 0.0) > 0 else "bad"
    cells = (Cell(rows), Cell(sessions), Cell(long), Cell(short), Cell(ic, tone), Cell(band, "quiet"))
    return (Cell(name[:1].upper() + name[1:], left=True), *cells)


def _folds(study: ValidationStudy) -> Table:
    rows = tuple(
        (
            Cell(one.name, left=True),
            Cell(f"{one.rows:,}"),
            Cell(shown(one.long.auc.value, "three")),
            Cell(shown(one.short.auc.value, "three")),
            Cell(shown(one.long.auc_by_day.value, "three")),
            Cell(shown(one.short.auc_by_day.value, "three")),
            Cell(shown(one.rank_ic.value, "three")),
            Cell(words.interval(one.rank_ic), "quiet"),
        )
        for one in study.judgement.folds
    )
    heads = (
        ("Fold", True),
        ("Rows", False),
        ("AUC, long", False),
        ("AUC, short", False),
        ("By day, long", False),
        ("By day, short", False),
    )
    return Table("Fold by fold", "", (*heads, ("Rank IC", False), ("95 % interval", False)), rows)
