"""What a file says, read the slow way: the csv module, `float` and `date`, a cell at a time. Shares no line with the readers."""

import csv
import gzip
import io
import math
import re
from datetime import date, datetime
from pathlib import Path

csv.field_size_limit(1 << 30)
Row = dict[str, str]


NAMES = {
    "date": ("date",),
    "symbol": ("symbol", "ticker"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "closelast", "c"),
    "volume": ("volume", "vol", "v"),
    **{name: (name.lower().replace("_", ""),) for name in ("start", "end", "event", "value", "DATE", "PCREDIT8", "old", "new")},
    **{name: (name.replace("_", ""),) for name in ("qpi", "p_long", "p_short", "adv_63")},
}
"""How our columns may be called by others, without case and signs."""
LOOKS = (("[0-9]{8}", "%Y%m%d"), ("[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}", "%Y/%m/%d"), ("[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%m/%d/%Y"))


def rows(path: Path) -> list[Row]:
    """The rows of a CSV or gzipped CSV by column; empty lines count for nothing. Raises on what is no table."""
    content = path.read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    text = content.decode("utf-8-sig", "replace")
    first = re.split("[\r\n]", text, maxsplit=1)[0]
    between = max(",;\t|", key=lambda one: len(next(csv.reader([first], delimiter=one))))
    table = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=between) if row]
    header, *body = table
    ragged = [row for row in body if len(row) != len(header)]
    if ragged:
        raise ValueError(f"a row of {len(ragged[0])} cells under a header of {len(header)}: {ragged[0]}")
    short = [re.sub(r"[\s_\-./<>*?]", "", name.strip().lower()) for name in header]
    called = {name: short.index(word) for name, words in NAMES.items() for word in words[::-1] if name not in header and word in short}
    return [dict(zip(header, row, strict=True)) | {name: row[k] for name, k in called.items()} for row in body]


def bars(path: Path, symbol: str = "") -> dict[tuple[str, str], Row]:
    """The rows of bars by day and name, their columns called as ours; rows without any price are none."""
    told = rows(path)
    suffix = ".US" if all(row.get("symbol", symbol).upper().endswith(".US") for row in told) else ""
    found = {}
    for row in told:
        prices = [number(row[name]) for name in ("open", "high", "low", "close", "volume")]
        if not all(map(math.isnan, prices[:4])) or not (math.isnan(prices[4]) or prices[4] == 0):
            found[str(day(row["date"])), row.get("symbol", symbol).removesuffix(suffix)] = row
    return found


def number(cell: str) -> float:
    """The number in a cell, NaN where it says nothing."""
    cell = cell.strip().lower()
    if cell in ("", "null", "n/a", "#n/a"):
        return math.nan
    cell = re.sub(r"^([+-]?)\$ ?", r"\1", cell)
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", cell):
        cell = cell.replace(",", "")
    if not cell.isascii() or "_" in cell:
        raise ValueError(f"no number: {cell!r}")
    return float(cell)


def day(cell: str) -> date | None:
    """The date in a cell, None where it is empty."""
    cell = cell.strip()
    if cell == "":
        return None
    for look, form in LOOKS:
        if re.fullmatch(look, cell):
            return datetime.strptime(cell, form).date()  # noqa: DTZ007
    stamp = re.fullmatch("([0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9]{2}:[0-9]{2}.*", cell)
    cell = stamp[1] if stamp else cell
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        raise ValueError(f"no date: {cell!r}")
    return date.fromisoformat(cell)


def same(a: float, b: float) -> bool:
    """Equal to the last bit, or both NaN."""
    return a == b or (math.isnan(a) and math.isnan(b))
