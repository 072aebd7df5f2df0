"""check.html: one file that opens without a network, in the manner of the report."""

from springback.analytics import page as pages
from springback.analytics.cells import Cell, Table
from springback.quality import quality_charts
from springback.quality.gate import standing
from springback.quality.quality_finding import QualityFinding
from springback.quality.quality_study import QualityStudy, bars_out

ROOM = "springback.quality"
TONES = {"error": "bad", "warning": "", "info": "quiet"}
MOST = 40
"""Spans that the page shows; the file has them all."""


def page(study: QualityStudy) -> str:
    """The whole page as text; the same bytes for the same study."""
    pictures = [] if study.market_data is None else [quality_charts.coverage(study.market_data)]
    drawn = {
        "whole": [*pictures, quality_charts.counts(study.findings)] if study.findings else pictures,
        "examples": quality_charts.examples(study),
    }
    return pages.render(
        "check.html",
        ROOM,
        study=study,
        title=study.verdict[:1].upper() + study.verdict[1:],
        tiles=_tiles(study),
        charts=drawn,
        errors=[one.sentence for one in standing(study.findings, "error")],
        tables={"findings": _findings(study), "quarantine": _quarantine(study)},
    )


def _tiles(study: QualityStudy) -> list[tuple[str, str, str]]:
    errors, warnings = standing(study.findings, "error"), standing(study.findings, "warning")
    held = len({span.symbol for span in study.spans})
    size = ("–", "the files were refused at the door")
    if study.market_data is not None:
        sessions, names = study.market_data.bars.shape
        size = (f"{names:,}", f"{sessions:,} sessions, {study.market_data.bars.sessions[0]} to {study.market_data.bars.sessions[-1]}")
    return [
        (
            "Errors that stand",
            f"{len(errors)}",
            "the data are not usable while one stands" if errors else "nothing keeps the data from use",
        ),
        ("Warnings", f"{len(warnings)}", "to be known before a result is believed"),
        ("Names in quarantine", f"{held:,}", f"{bars_out(study):,} bars left out" if held else "no bar is left out"),
        ("Names", *size),
    ]


def _findings(study: QualityStudy) -> Table:
    rows = tuple(_row(one) for one in study.findings)
    heads = (
        ("Check", True),
        ("Severity", True),
        ("Found", False),
        ("Names", False),
        ("Share", False),
        ("In words", True),
        ("Such as", True),
    )
    note = "Share: of all bars, or of all names where whole series are meant. An error whose rows are all in quarantine counts no more."
    return Table("Findings", note, heads, rows)


def _row(one: QualityFinding) -> tuple[Cell, ...]:
    handled = one.severity == "error" and not one.stands
    tone = "quiet" if handled else TONES[one.severity]
    word = "in quarantine" if handled else one.severity
    such = "; ".join(f"{name} {day}".strip().replace(" ", "\u00a0").replace("-", "\u2011") for day, name in one.rows[:3])
    return (
        Cell(quality_charts.words(one.check), tone, left=True),
        Cell(word, tone, left=True),
        Cell(f"{one.count:,}" if one.count else "–"),
        Cell(f"{one.names:,}" if one.names else "–"),
        Cell(share(one)),
        Cell(one.sentence, left=True),
        Cell(such, "quiet", left=True),
    )


def share(one: QualityFinding) -> str:
    """The share as a person reads it."""
    if not one.count:
        return "–"
    return "under 0.01 %" if one.share < 1e-4 else f"{100 * one.share:.2f} %"


def _quarantine(study: QualityStudy) -> Table | None:
    if not study.spans:
        return None
    ordered = sorted(study.spans, key=lambda span: (span.symbol, span.start))
    rows = tuple(
        (
            Cell(one.symbol, left=True),
            Cell(one.start or "first", left=True),
            Cell(one.end or "last", left=True),
            Cell(one.reason, left=True),
            Cell(one.by, "quiet", left=True),
        )
        for one in ordered[:MOST]
    )
    heads = (("Name", True), ("From", True), ("To", True), ("Why", True), ("Said by", True))
    more = f"The first {MOST} of {len(ordered):,} spans; quarantine.json beside the store has them all. " if len(ordered) > MOST else ""
    return Table("In quarantine", more + "Left out of training and of every order; what is held is still marked and closed.", heads, rows)
