"""review.html: one file that opens without a network, in the manner of the report; and review.md from the same values."""

import re
from collections.abc import Sequence
from html import escape

from springback.analytics import page as pages
from springback.analytics import palette
from springback.analytics.cells import Cell, Table
from springback.analytics.charts import NUMBER, PERCENT, Chart, axis, layout, line
from springback.analytics.figures import shown
from springback.grammar import agree
from springback.review.document import Curve, Figure, Grid, Review, Section, State
from springback.review.governance import shown as setting

ROOM = "springback.review"
TONES: dict[State, str] = {"green": "good", "amber": "warn", "red": "bad", "unknown": "quiet"}
COLOURS = {"account": palette.NET, "slots": palette.LONG, "gross": palette.SHORT, "Sharpe ratio": palette.NET}
HEADS = (("Figure", True), ("Value", False), ("95 % interval", False), ("Source", True), ("Meant as", True))


def title(review: Review) -> str:
    """The first line of the document."""
    state = {"unknown": "nothing is known", "green": "green"}.get(review.sections[0].state, review.sections[0].state)
    return f"Risk review {review.quarter}: {state}"


def page(review: Review) -> str:
    """The whole page as text; the same bytes for the same review."""
    drawn = {section.key: [_chart(one) for one in section.curves] for section in review.sections}
    tables = {section.key: [*_figures(section), *(_table(one) for one in section.grids)] for section in review.sections}
    return pages.render(
        "review.html",
        ROOM,
        review=review,
        title=title(review),
        flags=review.flags,
        tones=TONES,
        tiles=_tiles(review),
        charts=drawn,
        tables=tables,
        setting=setting,
        sources=_sources(review),
    )


def _tiles(review: Review) -> list[tuple[str, str, str]]:
    counts = {state: sum(section.state == state for section in review.sections[1:]) for state in TONES}
    fired = sum(bool(one.fired) for one in review.triggers)
    span = f"{review.first} to {review.last}" if review.first else "no decision in the quarter"
    return [
        ("Red and amber sections", f"{counts['red']} and {counts['amber']}", f"{counts['green']} green, {counts['unknown']} unknown"),
        ("Decisions asked", f"{len(review.proposals)}", "nothing is changed by this document"),
        ("Asks for an extra review", f"{fired}", f"of {len(review.triggers)} triggers"),
        ("Account", review.account or "–", span),
    ]


def interval(figure: Figure) -> str:
    """The 95 % interval as a person reads it: a dash where a figure is counted, "too few" where none can be given."""
    if figure.interval != "estimated":
        return "too few" if figure.interval == "too few" else "–"
    return f"{shown(figure.low, figure.unit)} to {shown(figure.high, figure.unit)}"


def cells(figure: Figure) -> tuple[str, str, str, str, str]:
    """A figure as a row of text."""
    mark = f" {figure.source.hash[:8]}" if figure.source.hash else ""
    return figure.name, shown(figure.value, figure.unit), interval(figure), figure.source.name + mark, str(figure.note)


def _figures(section: Section) -> list[Table]:
    if not section.figures:
        return []
    rows = tuple(
        (Cell(name, left=True), Cell(value), Cell(band, "quiet"), Cell(source, "quiet", left=True), Cell(note, "quiet", left=True))
        for name, value, band, source, note in map(cells, section.figures)
    )
    return [Table(f"{section.title}, figures", "", HEADS, rows)]


def _table(grid: Grid) -> Table:
    heads = tuple(zip(grid.heads, grid.text, strict=True))
    rows = tuple(tuple(Cell(text, left=left) for text, left in zip(row, grid.text, strict=True)) for row in grid.rows)
    return Table(grid.title, str(grid.note), heads, rows)


def _sources(review: Review) -> Table:
    rows = tuple((Cell(one.name, left=True), Cell(one.hash or "–", "hash", left=True)) for one in review.sources)
    return Table("Sources", "SHA-256 of what was read.", (("Source", True), ("Hash", True)), rows)


def _chart(one: Curve) -> Chart:
    tick = PERCENT if one.unit in ("fraction", "percent2") else NUMBER
    traces = [
        line(list(one.across), [float("nan") if y is None else y for y in values], name, COLOURS.get(name, palette.MUTED))
        for name, values in one.lines
    ]
    kind = {"type": "category"} if one.unit == "ratio" else {}
    frame = layout(240, xaxis=axis(**kind), yaxis=axis(showgrid=True, tickformat=tick), showlegend=len(traces) > 1)
    return Chart(one.key, one.title, str(one.note), traces, frame)


def markdown(review: Review) -> str:
    """The document as Markdown, from the same values as the page."""
    lines = [f"# {_plain(title(review))}", ""]
    lines += [f"**{_plain(flag)}**\n" for flag in review.flags]
    lines += [f"- {_plain(label)}: {_plain(value)} ({_plain(under)})" for label, value, under in _tiles(review)]
    for number, section in enumerate(review.sections, start=1):
        lines += ["", f"## {number}. {_plain(section.title)}: {section.state}", ""]
        lines += [f"{_plain(words)}\n" for words in section.words]
        lines += [f"- Missing: {_plain(one.words)} (`{one.what}`)" for one in section.absent]
        lines += [
            f"- Proposed: `{one.knob}` from {setting(one.current)} to {setting(one.value)}: {_plain(one.why)}" for one in section.proposals
        ]
        if section.figures:
            lines += _rows([head for head, _ in HEADS], [cells(one) for one in section.figures])
        for grid in section.grids:
            lines += ["", f"### {_plain(grid.title)}", *_rows(grid.heads, grid.rows), *([_plain(grid.note)] if grid.note else [])]
    lines += ["", "## Sources", *_rows(("Source", "SHA-256"), [(one.name, one.hash or "–") for one in review.sources])]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return ["", "Nothing to show.", ""]
    table = [heads, ["---"] * len(heads), *rows]
    return ["", *("| " + " | ".join(_plain(cell) if row is not table[1] else str(cell) for cell in row) + " |" for row in table), ""]


def _plain(text: object) -> str:
    """A text that is nothing but text in Markdown."""
    whole = " ".join(escape(agree(str(text)), quote=False).split())
    return "".join(f"\\{one}" if one in "|*_`[]\\" else one for one in whole)
