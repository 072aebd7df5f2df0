"""FRED: a series of the St. Louis Fed as CSV, `observation_date,ID`; an empty cell or a dot is a day without a value."""

import csv
import io
import math
import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from springback.data.sources import day_of
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.line import Line
from springback.errors import SourceError

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
DATES = ("observation_date", "DATE")
"""What the first column is called, now and before 2025."""


def read_series(fetch: Fetch, series: str, start: date, end: date) -> dict[date, float]:
    """The values of `series` by day. Raises `SourceError`."""
    params = {"id": series, "cosd": str(start), "coed": str(end)}
    text = Line("FRED", fetch.fred_url, fetch).text("", params, f"the series {series}")
    head = text.lstrip("\ufeff").split(",", 1)[0].strip()
    rows = columns_of("FRED", text, (head if head in DATES else DATES[0], series))
    try:
        told = [(day_of(day), number(value)) for day, value in rows]
    except ValueError:
        raise SourceError(f"FRED's series {series} has a cell that is no date or number: its format may have changed") from None
    found = {day: value for day, value in by_day("FRED", told).items() if start <= day <= end}
    if not found:
        raise SourceError(f"FRED's series {series} has no value from {start} to {end}: choose another span")
    return found


def columns_of(vendor: str, text: str, names: Sequence[str]) -> list[tuple[str, ...]]:
    """The cells of the columns `names` of a CSV text, row by row. Raises `SourceError` on an absent column or a row cut short."""
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True) if row] or [[]]
    except csv.Error as error:
        raise SourceError(f"{vendor}'s CSV is no whole table ({error}): run again later") from None
    header = [name.strip() for name in header]
    for name in names:
        if header.count(name) != 1:
            what, shown = "no column" if name not in header else "twice the column", ", ".join(header)[:60]
            raise SourceError(f"{vendor}'s CSV has {what} '{name}', it has {shown}: its format may have changed")
    places = [header.index(name) for name in names]
    torn = [k for k, row in enumerate(rows) if len(row) != len(header)]
    if torn:
        raise SourceError(
            f"{vendor}'s CSV ends early or is torn: row {torn[0] + 1} has {len(rows[torn[0]])} of {len(header)} cells: run again later"
        )
    return [tuple(row[place].strip() for place in places) for row in rows]


def by_day(vendor: str, values: Sequence[tuple[date, float | None]]) -> dict[date, float]:
    """The values that are there. Raises `SourceError` on a day that is told twice."""
    if len({day for day, _ in values}) < len(values):
        days = sorted(day for day, _ in values)
        twice = next(one for one, other in pairwise(days) if one == other)
        raise SourceError(f"{vendor}'s CSV has {twice} twice: run again later")
    return {day: value for day, value in values if value is not None}


def number(cell: str) -> float | None:
    """A cell as a number; None where there is none. Raises `ValueError`, also on `nan`, `1_000` and digits that are not ASCII."""
    if cell in ("", "."):
        return None
    if not NUMBER.fullmatch(cell) or not math.isfinite(float(cell)):
        raise ValueError(f"'{cell}' is no number")
    return float(cell)
