"""The comparison as one page that opens without a network, in the manner of the report."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.analytics import page as pages
from springback.analytics import palette
from springback.analytics.cells import Cell, Table
from springback.analytics.charts import DOLLARS, Chart, axis, bear_spells, days, layout, line, shading
from springback.comparison import comparison_words as words
from springback.comparison.compare import Comparison, Pair, turn_text
from springback.comparison.comparison_statistics import Row, Statistics
from springback.errors import Unwritable

SHOWN = 20
ROOM = "springback.lean"


def write(file: Path, comparison: Comparison, figures: Statistics) -> None:
    """Writes the page to `file`. Raises `Unwritable`."""
    text = page(comparison, figures)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Unwritable(f"{file} cannot be written ({error.strerror or error}): name another place with --out") from None


def page(comparison: Comparison, figures: Statistics) -> str:
    """The whole page as text; the same bytes for the same runs."""
    return pages.render(
        "compare.html",
        ROOM,
        found=comparison,
        told=figures,
        title="The two runs are equal" if comparison.equal else "The two runs differ",
        lead=words.lead(comparison),
        differences=words.differences(comparison),
        charts={"equity": [_equity(comparison)]},
        tiles=_tiles(comparison),
        tables=_tables(comparison, figures),
    )


def _tiles(comparison: Comparison) -> list[tuple[str, str, str]]:
    a, b = comparison.a, comparison.b
    apart = comparison.orders
    alone = len(apart.only_a) + len(apart.only_b)
    agree = "all agree" if apart.first is None else "in another sequence" if apart.moved else f"{alone:,} only in one run"
    fills = "all agree" if comparison.fills.empty else f"{len(comparison.fills):,} differ"
    equity, cash = (words.largest(comparison, name) for name in ("equity", "cash"))
    off = len(comparison.off("equity"))
    under = "no session beyond the tolerance" if not off else f"{off:,} session{'s' if off > 1 else ''} beyond the tolerance"
    return [
        ("Orders", f"{len(a.orders):,}" if len(a.orders) == len(b.orders) else f"{len(a.orders):,} / {len(b.orders):,}", agree),
        ("Fills", f"{len(a.fills):,}" if len(a.fills) == len(b.fills) else f"{len(a.fills):,} / {len(b.fills):,}", fills),
        ("Largest gap of equity", _dollars(equity), under),
        ("Largest gap of cash", _dollars(cash), f"on {cash[1]}" if cash and cash[0] else "over the sessions that both know"),
    ]


def _dollars(worst: tuple[float, str] | None) -> str:
    return "–" if worst is None else words.money_apart(worst[0]).lstrip("+").replace("$0.00", "$0") if worst[0] else "$0"


def _equity(comparison: Comparison) -> Chart:
    """Both lines over their difference; logarithms would hide the sign, so the difference is in dollars."""
    gap = comparison.days["equity"].to_numpy(dtype=np.float64)
    reach = max(float(np.nanmax(np.abs(gap), initial=0.0)), comparison.tolerance.equity, 1e-9) * 1.1
    marks = {"tickformat": DOLLARS} if reach >= 1e-3 else {"tickprefix": "$", "exponentformat": "power"}
    frame = layout(
        440,
        shapes=shading(bear_spells(comparison.days.rename(columns={"bear_a": "bear"}))),
        xaxis=axis(anchor="y2"),
        yaxis=axis(domain=[0.4, 1], showgrid=True, tickformat=DOLLARS),
        yaxis2=axis(domain=[0, 0.3], showgrid=True, nticks=5, range=[-reach, reach], zeroline=True, **marks),
        bargap=0,
    )
    caption = "Dollars at the close. Below: B less A, each session on its own. Shaded: the bear regime of A."
    return Chart("equity", "Equity of both, and what parts them", caption, _equity_traces(comparison, gap), frame)


def _equity_traces(comparison: Comparison, gap: NDArray[np.float64]) -> list[dict[str, Any]]:
    dates = days(comparison.days)
    thick = {"width": 3.6, "hovertemplate": "$%{y:,.2f}"}
    bars = {"type": "bar", "x": dates, "y": [None if np.isnan(one) else float(one) for one in gap], "name": "B less A", "yaxis": "y2"}
    return [
        line(dates, comparison.days["equity_a"], "A", palette.SECOND, **thick),
        line(dates, comparison.days["equity_b"], "B", palette.NET, **(thick | {"width": 1.4})),
        bars | {"marker": {"color": palette.SHORT}, "showlegend": False, "hovertemplate": "%{y:$,.6~g}"},
    ]


def _tables(comparison: Comparison, figures: Statistics) -> dict[str, Any]:
    return {
        "totals": Table("In numbers", "", _heads("Count", "A", "B", "B less A"), tuple(_total(row) for row in words.counts(comparison))),
        "orders": None if comparison.orders.first is None else _context(comparison),
        "alone": _alone(comparison),
        "fills": _fills(comparison),
        "days": _days(comparison),
        "trading": _statistics("By trading days", figures.trading, figures.note),
        "lean": _statistics("By LEAN's definitions", figures.lean, "The same sessions, rates and splits for both runs."),
        "itself": _itself(comparison, figures),
    }


def _heads(*names: str) -> tuple[tuple[str, bool], ...]:
    return tuple((name, k == 0) for k, name in enumerate(names))


def _total(row: tuple[str, str, str, str, bool]) -> tuple[Cell, ...]:
    name, one, other, apart, differs = row
    return Cell(name, left=True), Cell(one), Cell(other), Cell(apart, "bad" if differs else "quiet")


def _context(comparison: Comparison) -> Table:
    """Both runs around the first order that differs; a line each."""
    rows = [_pair(pair) for pair in comparison.orders.context]
    strong = tuple(k for k, pair in enumerate(comparison.orders.context) if not pair.same)
    heads = (("Place in A, B", True), ("Decided", True), ("A", True), ("B", True))
    note = "Five orders before the first that differs and five after it; those that agree stand on one line."
    return Table("Around the first order that differs", note, heads, tuple(rows), strong)


def _pair(pair: Pair) -> tuple[Cell, ...]:
    tone = "quiet" if pair.same else "bad"
    texts = [Cell(text or "none", tone, left=True) for text in (pair.a, pair.b)]
    places = ", ".join("–" if place is None else f"{place:,}" for place in (pair.place_a, pair.place_b))
    return Cell(places, "quiet", left=True), Cell(pair.session, "quiet", left=True), *texts


def _alone(comparison: Comparison) -> Table | None:
    """Orders that only one run has, the earliest of both."""
    rows = []
    for name, orders in (("A", comparison.orders.only_a), ("B", comparison.orders.only_b)):
        for _, row in orders.head(SHOWN).iterrows():
            rows.append((row["decided"], name, f"{row['order_id']}", turn_text(row), str(row["reason"])))
    if not rows:
        return None
    rows.sort(key=lambda row: row[0])
    cells = [(Cell(f"{day:%Y-%m-%d}", left=True), *(Cell(text, left=True) for text in rest)) for day, *rest in rows[:SHOWN]]
    count = len(comparison.orders.only_a) + len(comparison.orders.only_b)
    heads = (("Decided", True), ("Only in", True), ("Number", True), ("Order", True), ("Reason", True))
    return Table("Orders that only one run has", _first(len(cells), count), heads, tuple(cells))


def _fills(comparison: Comparison) -> Table | None:
    if comparison.fills.empty:
        return None
    rows = tuple(
        (Cell(f"{row['session']:%Y-%m-%d}", left=True), Cell(row["symbol"], left=True), Cell(words.fill_text(row), left=True))
        for _, row in comparison.fills.head(SHOWN).iterrows()
    )
    heads = (("Session", True), ("Name", True), ("What differs", True))
    return Table("Fills that differ", _first(len(rows), len(comparison.fills)), heads, rows)


def _days(comparison: Comparison) -> Table | None:
    """Sessions on which anything differs; the columns that do."""
    names = [name for name in ("equity", "cash", "bear", "n_long", "n_short") if not comparison.off(name).empty]
    if not names:
        return None
    wrong = {name: set(comparison.off(name).index) for name in names}
    at = sorted(set().union(*wrong.values()))
    rows = []
    for k in at[:SHOWN]:
        row = comparison.days.loc[k]
        cells = [Cell(f"{row['date']:%Y-%m-%d}", left=True)]
        for name in names:
            tone = "bad" if k in wrong[name] else "quiet"
            cells.append(Cell(words.day_text(row, name), tone))
        rows.append(tuple(cells))
    heads = {"equity": "Equity, B less A", "cash": "Cash, B less A", "bear": "Regime", "n_long": "Long, A / B", "n_short": "Short, A / B"}
    return Table("Sessions that differ", _first(len(rows), len(at)), _heads("Session", *(heads[name] for name in names)), tuple(rows))


def _first(some: int, count: int) -> str:
    return "" if some == count else f"The first {some} of {count:,}."


def _statistics(title: str, rows: tuple[Row, ...], note: str) -> Table:
    cells = tuple(
        (
            Cell(row.name, left=True),
            Cell(row.a),
            Cell(row.b),
            Cell(row.difference, "bad" if row.differs else "quiet"),
            Cell(row.definition, "quiet", left=True),
        )
        for row in rows
    )
    return Table(title, note, (*_heads("Figure", "A", "B", "B less A"), ("Definition", True)), cells)


def _itself(comparison: Comparison, figures: Statistics) -> Table | None:
    if not figures.itself:
        return None
    heads = [f"{name}, printed by LEAN" if side.printed is not None else name for name, side in (("A", comparison.a), ("B", comparison.b))]
    rows = tuple(
        (
            Cell(row.name, left=True),
            Cell(row.a),
            Cell(row.b),
            Cell({"0": "the same"}.get(row.difference, row.difference), "bad" if row.differs else "quiet"),
        )
        for row in figures.itself
    )
    note = "Over all sessions of each run. A run that LEAN did not print is computed here by LEAN's definitions; capacity is LEAN's alone."
    return Table("As LEAN itself printed them", note, _heads("Figure", *heads, "Apart"), rows)
