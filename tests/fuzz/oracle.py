"""What a file says, read the slow way: the csv module, `float` and `date`, a cell at a time. Shares no line with the readers."""

import csv
import gzip
import io
import math
import re
from datetime import date
from pathlib import Path

csv.field_size_limit(1 << 30)
Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    """The rows of a CSV or gzipped CSV by column; empty lines count for nothing. Raises on what is no table."""
    content = path.read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    table = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig", "replace"), newline=""), strict=True) if row]
    header, *body = table
    ragged = [row for row in body if len(row) != len(header)]
    if ragged:
        raise ValueError(f"a row of {len(ragged[0])} cells under a header of {len(header)}: {ragged[0]}")
    return [dict(zip(header, row, strict=True)) for row in body]


def number(cell: str) -> float:
    """The number in a cell, NaN where it is empty."""
    if cell.strip() == "":
        return math.nan
    if not cell.isascii() or "_" in cell:
        raise ValueError(f"no number: {cell!r}")
    return float(cell)


def day(cell: str) -> date | None:
    """The date in a cell, None where it is empty."""
    cell = cell.strip()
    if cell == "":
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        raise ValueError(f"no date: {cell!r}")
    return date.fromisoformat(cell)


def same(a: float, b: float) -> bool:
    """Equal to the last bit, or both NaN."""
    return a == b or (math.isnan(a) and math.isnan(b))
