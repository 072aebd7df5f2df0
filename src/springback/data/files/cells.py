"""Cells as they are written all over the world -> days and numbers. Where the way a column is written is not sure, it is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from springback.errors import BadTable

Seconds = NDArray[np.datetime64]
Fail = Callable[[int, str, str], BadTable]
"""Row, what its cell must be, what it was -> the error that says so."""
Reader = Callable[[list[str]], tuple[Any, str]]
"""Texts that are written alike -> their days, or as a text why they cannot be read; and words on how they are written."""
NEW_YORK = "America/New_York"
NOTHING = ("", "null", "n/a", "#n/a", "nan")
"""How a number that is not there is written, without case."""
MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"


@dataclass(frozen=True)
class Form:
    """A way to write days: what it looks like, pandas' format of it, and words where it is not ours."""

    look: re.Pattern[str]
    format: str
    words: str = ""


def _form(look: str, format_: str, words: str = "") -> Form:
    return Form(re.compile(look, re.ASCII), format_, words)


ISO = _form(r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d")
FORMS = (
    ISO,
    _form(r"\d{8}", "%Y%m%d", "YYYYMMDD"),
    _form(r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d", "YYYY/MM/DD"),
    _form(r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y", "DD.MM.YYYY"),
    _form(rf"{MONTHS} \d{{1,2}}, \d{{4}}", "%b %d, %Y", "month day, year"),
    _form(rf"\d{{1,2}}-{MONTHS}-\d{{4}}", "%d-%b-%Y", "day-month-year"),
    _form(rf"\d{{1,2}} {MONTHS} \d{{4}}", "%d %b %Y", "day month year"),
)
TWOFOLD = re.compile(r"\d{1,2}([/-])\d{1,2}\1\d{4}", re.ASCII)
STAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d{2}:?\d{2})?", re.ASCII)
PLAIN = r"(?i)^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$|^[+-]?(?:inf|infinity)$"
GROUPED = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?$"
GROUPED_TWICE = r"^[+-]?(?:[0-9]{1,3}(?:,[0-9]{3}){2,}(?:\.[0-9]*)?|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*)$"
COMMA = r"^[+-]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+$"
POINTS = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,}$"


def days(texts: Any, name: str, fail: Fail) -> tuple[Seconds, str]:
    """The days of a column of `texts` (R,) as datetime64[s] (R,), NaT where a cell is empty, and words on how they are written.

    Every cell must be written as the first one is. A stamp with a zone is New York's day of that moment, or the day written where all
    stamps are midnight; one without a zone is the day written. `01/03/2017` is refused where no row tells the month from the day.
    Raises what `fail` makes of the first cell that is no such day.
    """
    codes, found = pd.factorize(np.asarray(texts, dtype=object))
    words = [str(one).strip() for one in found]
    filled = [k for k, word in enumerate(words) if word]

    def wrong(k: int, must: str = "a date such as 2020-03-31") -> BadTable:
        return fail(int(np.argmax(codes == k)), must, words[k])

    if not filled:
        return np.full(len(codes), np.datetime64("NaT", "s")), ""
    reader = _reader(words[filled[0]])
    if reader is None:
        raise wrong(filled[0])
    look, read = reader
    odd = next((k for k in filled if not look.fullmatch(words[k])), None)
    if odd is not None:
        raise wrong(odd, "a date such as 2020-03-31, written as the others are" if _known(words[odd]) else "a date such as 2020-03-31")
    values, said = read([words[k] for k in filled])
    if isinstance(values, str):
        raise wrong(filled[0], values)
    bad = np.flatnonzero(np.isnat(values))
    if len(bad):
        raise wrong(filled[int(bad[0])])
    each = np.full(len(words) + 1, np.datetime64("NaT", "s"))
    each[filled] = values
    return each[codes], f"{name} written as {said}" if said else ""


def _reader(first: str) -> tuple[re.Pattern[str], Reader] | None:
    """What cells that are written as `first` look like, and what reads them; None where it is no day."""
    if STAMP.fullmatch(first):
        return STAMP, _stamps
    if TWOFOLD.fullmatch(first):
        return TWOFOLD, _twofold
    form = next((one for one in FORMS if one.look.fullmatch(first)), None)
    return None if form is None else (form.look, lambda texts: (_parsed(texts, form.format), form.words))


def _known(word: str) -> bool:
    return any(one.fullmatch(word) for one in (STAMP, TWOFOLD, *(form.look for form in FORMS)))


def _parsed(texts: list[str], form: str) -> Any:
    return pd.to_datetime(pd.Series(texts, dtype=object), format=form, errors="coerce").to_numpy().astype("datetime64[s]")


def _twofold(texts: list[str]) -> tuple[Any, str]:
    """Months and days that both are numbers: the reading in which all are days of a calendar, where there is only one."""
    between = "/" if "/" in texts[0] else "-"
    same = [one.replace("-", "/") for one in texts]
    american, other = _parsed(same, "%m/%d/%Y"), _parsed(same, "%d/%m/%Y")
    sure = [not np.isnat(one).any() for one in (american, other)]
    if all(sure) and not np.array_equal(american, other):
        return "a date whose month is sure (no row tells whether the month or the day comes first: write 2017-01-03)", ""
    if sure[1] and not sure[0]:
        return other, between.join(("DD", "MM", "YYYY"))
    if not any(sure) and not (np.isnat(american) & np.isnat(other)).any():
        return "a date whose month is sure (some rows have the month first and some the day: write 2017-01-03)", ""
    return american, between.join(("MM", "DD", "YYYY"))


def _stamps(texts: list[str]) -> tuple[Any, str]:
    """Days of time stamps."""
    parts = [STAMP.fullmatch(one) for one in texts]
    groups = [part.groups() for part in parts if part]
    zones = [zone for _, _, zone in groups]
    if any(zones) and not all(zones):
        return "a time stamp with a zone, as others are (or none of them)", ""
    written = _parsed([day for day, _, _ in groups], "%Y-%m-%d")
    walls = [f"{day} {clock}" for day, clock, _ in groups]
    moments = pd.to_datetime(pd.Series(walls, dtype=object), format="ISO8601", errors="coerce")
    written[moments.isna().to_numpy()] = np.datetime64("NaT")
    if not any(zones):
        return written, "time stamps, the day written"
    offsets = pd.to_timedelta([_offset(str(zone)) for zone in zones], unit="min")
    return of_moments(moments, pd.Series(offsets))


def of_moments(walls: "pd.Series[Any]", offsets: "pd.Series[Any]") -> tuple[Any, str]:
    """Days of moments told by their wall clock and how far that is before UTC's."""
    midnight = (walls.dt.normalize() == walls).to_numpy() | walls.isna().to_numpy()
    if midnight.all():
        return walls.to_numpy().astype("datetime64[D]").astype("datetime64[s]"), "midnights, the day written"
    if midnight.any() and not walls[midnight].isna().all():
        return "one of stamps that all are midnights, or all are not (which session is meant?)", ""
    here = (walls - offsets).dt.tz_localize("UTC").dt.tz_convert(NEW_YORK).dt.tz_localize(None)
    return here.to_numpy().astype("datetime64[D]").astype("datetime64[s]"), "time stamps, New York's day"


def _offset(zone: str) -> int:
    if zone in ("Z", "UTC"):
        return 0
    return (1 if zone[0] == "+" else -1) * (60 * int(zone[1:3]) + int(zone[-2:]))


def numbers(columns: Mapping[str, Any], fail: Callable[[str, int, str, str], BadTable]) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """The numbers (R,) of each of `columns` (R,) of texts, NaN where a cell says nothing, and in words how they are written where not
    plainly.

    A dollar sign before a number is passed over. A comma groups thousands or is the decimal mark of the whole table: the cells must show
    which; `1,234` beside nothing that tells is refused. Raises what `fail` makes of the first such cell, or of one that is no number.
    """
    cells = {name: _stripped(column) for name, column in columns.items()}
    money = _has(cells, r"^[+-]?\$")
    if money:
        cells = {name: pa.compute.replace_substring_regex(column, r"^([+-]?)\$ ?", r"\1") for name, column in cells.items()}
    marks = {look: _has(cells, look) for look in (GROUPED, GROUPED_TWICE, COMMA, POINTS)}
    told = ["$ passed over"] if money else []
    tens = _has(cells, r"^[+-]?[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})$")
    decimal = marks[POINTS] or _has(cells, r"^[+-]?[0-9.]*,(?:[0-9]{1,2}|[0-9]{4,})$")
    if decimal and not tens and not marks[GROUPED_TWICE]:
        told.append("comma as the decimal mark")
        dots = r"\."
        if not marks[POINTS] and not _has(cells, r"\.[0-9]{3},") and _has(cells, dots):
            name, row, cell = _first(cells, dots)
            raise fail(name, row, "a number whose decimal mark is sure (others have a comma)", cell)
        cells = {name: _swapped(column, name, fail) for name, column in cells.items()}
    elif marks[GROUPED]:
        if not tens and not marks[GROUPED_TWICE]:
            name, row, cell = _first(cells, GROUPED)
            raise fail(name, row, "a number whose comma is sure (thousands or decimals? write 1234 or 1.234)", cell)
        told.append("comma between thousands")
        cells = {name: _regrouped(column) for name, column in cells.items()}
    return {name: _plain(column, name, fail) for name, column in cells.items()}, told


def _stripped(column: Any) -> Any:
    """The texts without spaces around them; null where they say nothing."""
    texts = pa.compute.utf8_trim_whitespace(column.cast(pa.string()))
    return pa.compute.if_else(pa.compute.is_in(pa.compute.utf8_lower(texts), pa.array(NOTHING)), pa.scalar(None, pa.string()), texts)


def _any(column: Any, look: str) -> bool:
    return bool(pa.compute.any(pa.compute.match_substring_regex(column, look)).as_py())


def _has(cells: Mapping[str, Any], look: str) -> bool:
    return any(_any(column, look) for column in cells.values())


def _first(cells: Mapping[str, Any], look: str) -> tuple[str, int, str]:
    for name, column in cells.items():
        row = pa.compute.index(pa.compute.match_substring_regex(column, look), True).as_py()
        if row >= 0:
            return name, row, column[row].as_py()
    raise AssertionError(look)


def _regrouped(column: Any) -> Any:
    grouped = pa.compute.match_substring_regex(column, GROUPED)
    return pa.compute.if_else(grouped, pa.compute.replace_substring(column, ",", ""), column)


def _swapped(column: Any, name: str, fail: Callable[[str, int, str, str], BadTable]) -> Any:
    good = pa.compute.match_substring_regex(column, rf"{COMMA}|{POINTS}|^[+-]?[0-9]+$|^[+-]?[0-9]{{1,3}}(?:\.[0-9]{{3}})+$")
    row = pa.compute.index(good, False).as_py()
    if row >= 0:
        raise fail(name, row, "a number with a comma as the decimal mark, as others are", column[row].as_py())
    return pa.compute.replace_substring(pa.compute.replace_substring(column, ".", ""), ",", ".")


def _plain(column: Any, name: str, fail: Callable[[str, int, str, str], BadTable]) -> NDArray[np.float64]:
    row = pa.compute.index(pa.compute.match_substring_regex(column, PLAIN), False).as_py()
    if row >= 0:
        raise fail(name, row, "a number", column[row].as_py())
    bare = pa.compute.replace_substring_regex(column, r"^\+", "")
    return np.asarray(bare.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
