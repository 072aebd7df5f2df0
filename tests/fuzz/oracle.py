"""What a file says, read the slow way: the csv module, `float` and `date`, a cell at a time. Shares no line with the readers but the
exchange's calendar."""

import csv
import gzip
import io
import math
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from springback.data.sessions import open_on

csv.field_size_limit(1 << 30)
Row = dict[str, str]
Numbers = dict[str, float]
Panel = dict[tuple[str, str], Numbers]
PRICES = ("open", "high", "low", "close")


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
    table = [row for row in _table(text, between) if row]
    header, *body = table
    ragged = [row for row in body if len(row) != len(header)]
    if ragged:
        raise ValueError(f"a row of {len(ragged[0])} cells under a header of {len(header)}: {ragged[0]}")
    short = [re.sub(r"[\s_\-./<>*?]", "", name.strip().lower()) for name in header]
    called = {name: short.index(word) for name, words in NAMES.items() for word in words[::-1] if name not in header and word in short}
    return [dict(zip(header, row, strict=True)) | {name: row[k] for name, k in called.items()} for row in body]


def _table(text: str, between: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=between))
    except csv.Error as error:
        if "unexpected end" not in str(error):
            raise
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=between))  # a quotation mark before the last cell alone


def bars(path: Path, symbol: str = "") -> Panel:
    """The numbers of bars by day and name, under the laws of docs/data.md, worked out a row at a time."""
    told = rows(path)
    suffix = ".US" if all(row.get("symbol", symbol).upper().endswith(".US") for row in told) else ""
    return lawful([(day(row["date"]), row.get("symbol", symbol).removesuffix(suffix), row) for row in told])


def lawful(told: list[tuple[date | None, str, Row]]) -> Panel:
    """Of the rows of bars those that count, by day and name, and the numbers that they are taken for."""
    sound: dict[tuple[str, str], list[Numbers]] = {}
    doubt, whole = Counter[str](), Counter[str]()
    for when, name, row in told:
        cells = {field: number(row[field]) for field in (*PRICES, "volume")}
        if when is None or math.isnan(cells["close"]) or when > datetime.now(UTC).date() + timedelta(days=1):
            continue
        whole[name] += 1
        if _cannot_be(cells) or when < date(1900, 1, 1) or not _open(when):
            doubt[name] += 1
            continue
        if not all(cells[field] > 0 for field in PRICES[:3]):
            cells |= dict.fromkeys(PRICES[:3], math.nan)
        cells["volume"] = 0.0 if math.isnan(cells["volume"]) else cells["volume"]
        sound.setdefault((str(when), name), []).append(cells)
    found = {key: min(many, key=lambda one: (math.isnan(one["open"]), -one["volume"])) for key, many in sound.items()}
    for key, many in sound.items():
        doubt[key[1]] += sum(one["close"] != found[key]["close"] for one in many)
    out = {name for name in doubt if doubt[name] >= 5 and doubt[name] > 0.1 * whole[name]}
    return {key: one for key, one in found.items() if key[1] not in out}


def _cannot_be(cells: Numbers) -> bool:
    missing = {field: math.isnan(cells[field]) or (cells[field] == 0 and field != "close") for field in PRICES}
    if any(not missing[field] and not 0.0001 <= cells[field] < 1e18 for field in PRICES):
        return True
    if not math.isnan(cells["volume"]) and not 0 <= cells["volume"] < 1e18:
        return True
    return not any(missing[field] for field in PRICES[:3]) and cells["high"] < cells["low"]


def _open(when: date) -> bool:
    return bool(open_on(np.array([when], "datetime64[D]"))[0])


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
