"""FRED: a series of the St. Louis Fed as CSV, `observation_date,ID`; an empty cell or a dot is a day without a value."""

import csv
import io
from collections.abc import Sequence
from datetime import date

from springback.data.sources.line import Line
from springback.data.sources.settings import Fetch
from springback.errors import SourceError

DATES = ("observation_date", "DATE")
"""What the first column is called, now and before 2025."""


def read_series(fetch: Fetch, series: str, start: date, end: date) -> dict[date, float]:
    """The values of `series` by day. Raises `SourceError`."""
    params = {"id": series, "cosd": str(start), "coed": str(end)}
    text = Line("FRED", fetch.fred_url, fetch).text("", params, f"the series {series}")
    head = text.lstrip("\ufeff").split(",", 1)[0].strip()
    rows = columns_of("FRED", text, (head if head in DATES else DATES[0], series))
    try:
        told = {date.fromisoformat(day): number(value) for day, value in rows}
    except ValueError:
        raise SourceError(f"FRED's series {series} has a cell that is no date or number: its format may have changed") from None
    found = {day: value for day, value in told.items() if value is not None and start <= day <= end}
    if not found:
        raise SourceError(f"FRED's series {series} has no value from {start} to {end}: choose another span")
    return found


def columns_of(vendor: str, text: str, names: Sequence[str]) -> list[tuple[str, ...]]:
    """The cells of the columns `names` of a CSV text, row by row. Raises `SourceError` on an absent column or a row cut short."""
    table = csv.reader(io.StringIO(text.lstrip("\ufeff")))
    header = [name.strip() for name in next(table, [])]
    for name in names:
        if name not in header:
            shown = ", ".join(header)[:60]
            raise SourceError(f"{vendor}'s CSV has no column '{name}', it has {shown}: its format may have changed")
    places = [header.index(name) for name in names]
    rows = [row for row in table if row]
    short = [k for k, row in enumerate(rows) if len(row) < len(header)]
    if short:
        raise SourceError(
            f"{vendor}'s CSV ends early: row {short[0] + 1} has {len(rows[short[0]])} of {len(header)} cells: run again later"
        )
    return [tuple(row[place].strip() for place in places) for row in rows]


def number(cell: str) -> float | None:
    """A cell as a number; None where there is none. Raises `ValueError`."""
    return None if cell in ("", ".") else float(cell)
