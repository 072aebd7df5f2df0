"""The laws that all that comes in obeys, whatever door it comes by, and the words in which a door tells what it left out.

`docs/data.md` has them as a table. A door of rows asks `judge`, one of events `again`, one of names `roster`; what they leave out goes into
the market data's findings through `lines_of`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import FIELDS, Dates
from springback.market.symbols import spellings

PRICES = FIELDS[:4]
LEAST = 0.0001
"""Dollars of the least price: no exchange quotes in finer steps (Regulation NMS, rule 612), LEAN holds no finer one."""
MOST = 1e18
"""No price or volume is larger."""
OLDEST = np.datetime64("1900-01-01", "D")
FEW, TENTH = 5, 0.1
"""A name with at least FEW rows that are in doubt, and more of them than this part of its rows, is left out as a whole."""
SAME = 1e-6
"""Relative: two amounts of one day and kind that are one event, told under two headings (4 for 1, and 3 more for each)."""
NO_DAY = np.datetime64("NaT", "D")
BANKRUPT = re.compile(r"bankrupt|chapter\s*(7|11|vii|xi)\b|\bch\.?\s*(7|11)\b|insolven|receivership|worthless", re.IGNORECASE)

LAWS: Mapping[str, str] = {
    "unnamed": "{n} [row is|rows are] of no symbol and left out",
    "no_close": "{n} [row has no close and is no row|rows have no close and are no rows]",
    "to_come": "{n} [row is of a day|rows are of days] to come and left out",
    "closed": "{n} [row is of a day|rows are of days] on which the exchange was closed and left out",
    "cannot_be": "{n} [row has|rows have] a price, a volume or a day that cannot be and [is|are] left out",
    "row_again": "{n} [row is|rows are] there twice, the same each time: one is kept",
    "row_otherwise": "{n} [row is|rows are] there twice, and otherwise: of a day the one with an open and the larger volume is kept",
    "in_doubt": "{n} [name has|names have] more than a tenth of rows that cannot be, differ or are of closed days: left out as a whole",
    "after_end": "{n} [row comes after its|rows come after their] name's delisting and [is|are] left out",
    "event_again": "{n} [split or dividend is|splits and dividends are] told twice, the same each time: one is kept",
    "event_astray": "{n} [split or dividend is of a name or day|splits and dividends are of names or days] without bars and passed over",
    "event_lost": "{n} [split or dividend|splits and dividends] cannot be worked out for want of a close, and [is|are] left out",
    "end_again": "{n} [delisting is|delistings are] told twice, the same each time: one is kept",
    "end_astray": "{n} [delisting is of a name or day|delistings are of names or days] without bars and passed over",
    "barless": "{n} [member has|members have] no bar while [it was|they were] in the index: survivorship bias",
    "succeeded": "{n} [member was|members were] not asked for: another company has [its|their] ticker now",
    "spelled": "{n} [name is|names are] spelled otherwise in the bars and taken for [that one|those]",
    "two_spellings": "{n} [company is|companies are] there under two spellings, as two names",
    "no_symbol": "{n} [name is|names are] no symbol and left out",
    "no_share": "{n} [name is|names are] no share (a right, a warrant, a unit) and left out",
    "name_again": "{n} [name is|names are] there twice and [is|are] taken once",
    "other_owner": "{n} [ticker|tickers] had another owner in the span: the bars are those of the present one",
    "one_company": "{n} [row is|rows are] of a company that is there already under the same ticker",
    "unknown": "{n} [name is|names are] not known to the source, or no longer; bars kept from before stay",
    "unreadable": "{n} [name|names] cannot be read at the source and [is|are] left out",
    "file_unreadable": "{n} [file|files] cannot be read and [is|are] left out",
    "empty": "{n} [name has|names have] no bar in the span",
    "no_ticker": "{n} [name|names] cannot be a ticker in LEAN and [is|are] left out",
    "forecast_astray": "{n} [forecast is of a name or day|forecasts are of names or days] without bars and passed over",
}
"""What is left out, or taken for something else -> how it is told, [of one|of many]; an example stands behind it."""
NUMBER = re.compile(r"\[([^|\]]*)\|([^|\]]*)\]")


@dataclass(frozen=True)
class LeftOut:
    """What a door left out under one of LAWS: `count` of a kind (of `whole`, if that is said), one of them by name and day (NaT: of no
    day), and what it says.
    """

    law: str
    name: str
    day: np.datetime64 = NO_DAY
    note: str = ""
    count: int = 1
    whole: int = 0

    def __str__(self) -> str:
        return f"{self.name}{'' if np.isnat(self.day) else f' on {self.day}'}{f': {self.note}' if self.note else ''}"


def lines_of(left: Iterable[LeftOut]) -> tuple[str, ...]:
    """One line for each law that left something out, in the order of LAWS: how many, and the first of them."""
    by_law: dict[str, list[LeftOut]] = {}
    for one in left:
        by_law.setdefault(one.law, []).append(one)
    return tuple(_line(text, by_law[law]) for law, text in LAWS.items() if law in by_law)


def _line(text: str, left: Sequence[LeftOut]) -> str:
    count, whole = sum(one.count for one in left), sum(one.whole for one in left)
    said = NUMBER.sub(lambda match: match[1 if max(count, whole) == 1 else 2], text)
    return f"{said.format(n=f'{count:,}' + (f' of {whole:,}' if whole else ''))} (such as {left[0]})"


@dataclass(frozen=True, eq=False)
class LawfulRows:
    """`rows` that count (K,), rising, and their `values` by field, each (K,): open, high and low NaN together, volume a number. `broken`:
    law -> the rows that it leaves out, or for `in_doubt` the first row of each name.
    """

    rows: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    broken: dict[str, NDArray[np.int64]]


def judge(
    names: NDArray[np.int64], days: Dates, values: Mapping[str, NDArray[np.float64]], latest: np.datetime64, is_open: NDArray[np.bool_]
) -> LawfulRows:
    """The rows (R,) of `names` (a number each) on `days` that count; at most one a name and day. The order of the rows does not matter.

    `latest` is the last day that can be, `is_open` (R,) whether the exchange was open. A row without a close is none; one with a price
    that is not above LEAST (but an open, high or low that is 0: it is missing), infinite, a high below its low or a volume below 0 cannot
    be; one whose open, high or low is missing keeps its close alone, and a missing volume is 0. Of two rows of a day the one with an open
    counts, then the larger volume, then the first. A name too many of whose rows are in doubt is left out as a whole.
    """
    close = values["close"]
    prices = {name: values[name] for name in PRICES}
    absent = np.isnan(close)
    to_come = ~absent & (days > latest)
    rest = ~absent & ~to_come
    wrong = rest & (impossible(values) != "") if rest.any() else rest
    wrong |= rest & (days < OLDEST)
    closed = rest & ~wrong & ~is_open
    rest &= ~wrong & ~closed
    hollow = ~((prices["open"] > 0) & (prices["high"] > 0) & (prices["low"] > 0))
    out = {name: np.where(hollow, np.nan, values[name]) for name in PRICES[:3]} | {"close": close}
    out["volume"] = np.nan_to_num(values["volume"], nan=0.0)
    kept, same, other, doubtful = _one_a_day(names, days, out, np.flatnonzero(rest))
    doubt = wrong | closed
    doubt[doubtful] = True
    broken = {
        "no_close": np.flatnonzero(absent),
        "to_come": np.flatnonzero(to_come),
        "cannot_be": np.flatnonzero(wrong),
        "closed": np.flatnonzero(closed),
        "row_again": same,
        "row_otherwise": other,
    }
    if doubt.any():
        bad = _in_doubt(names, doubt, ~absent & ~to_come)
        kept = kept[~np.isin(names[kept], bad)]
        firsts = np.flatnonzero(doubt & np.isin(names, bad))
        broken = {law: rows[~np.isin(names[rows], bad)] for law, rows in broken.items()}
        broken["in_doubt"] = firsts[np.unique(names[firsts], return_index=True)[1]]
    return LawfulRows(kept, {name: column[kept] for name, column in out.items()}, {law: rows for law, rows in broken.items() if len(rows)})


def _in_doubt(names: NDArray[np.int64], doubt: NDArray[np.bool_], counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The names of which too many of the `counted` rows are in `doubt`, rising."""
    most = int(names.max()) + 1
    odd, whole = np.bincount(names[doubt], minlength=most), np.bincount(names[counted], minlength=most)
    return np.flatnonzero((odd >= FEW) & (odd > TENTH * whole))


def impossible(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.str_]:
    """Why each row (R,) cannot be, in a few words; "" where it can."""
    why = np.full(len(values["close"]), "", dtype="U6")
    for name in PRICES:
        value = values[name]
        with np.errstate(invalid="ignore"):
            missing = np.isnan(value) | ((value == 0) & (name != "close"))
            why[(why == "") & ~missing & ~((value >= LEAST) & (value < MOST))] = name
    volume = values["volume"]
    why[(why == "") & ~np.isnan(volume) & ~((volume >= 0) & (volume < MOST))] = "volume"
    whole = (values["open"] > 0) & (values["high"] > 0) & (values["low"] > 0)
    why[(why == "") & whole & (values["high"] < values["low"])] = "order"
    return why


def why(values: Mapping[str, NDArray[np.float64]], row: int) -> tuple[str, str]:
    """What is wrong with row `row` of `values` (R,) that cannot be: (the field, what it must be and was), such as ("close", "must be above
    0, was -1").
    """
    one = {name: values[name][row : row + 1] for name in FIELDS}
    field = str(impossible(one)[0])
    if field == "order":
        return "high", f"must not be below its low {one['low'][0]:g}, was {one['high'][0]:g}"
    if not field:
        return "date", f"must not be before {OLDEST}"
    small = 0 < one[field][0] < LEAST
    must = "a number, 0 or more" if field == "volume" else f"at least {LEAST:f}, the finest step" if small else "above 0 and finite"
    return field, f"must be {must}, was {one[field][0]:g}"


def _one_a_day(
    names: NDArray[np.int64], days: Dates, values: Mapping[str, NDArray[np.float64]], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of `rows` the one of each name and day, rising; those left out that say the same; those that differ, and those of another close."""
    when = days[rows].astype(np.int64)
    key = names[rows].astype(np.int64) * (1 << 32) + (when - when.min(initial=0))
    empty = np.empty(0, dtype=np.int64)
    if np.all(np.diff(key) > 0) or len(np.unique(key)) == len(key):
        return rows, empty, empty, empty
    order = np.lexsort((rows, -values["volume"][rows], np.isnan(values["open"][rows]), key))
    first = np.append(True, np.diff(key[order]) != 0)
    best = rows[order][first][np.cumsum(first) - 1][~first]
    rest = rows[order][~first]
    equal = np.ones(len(rest), dtype=bool)
    for column in values.values():
        equal &= (column[rest] == column[best]) | (np.isnan(column[rest]) & np.isnan(column[best]))
    return np.sort(rows[order][first]), np.sort(rest[equal]), np.sort(rest[~equal]), rest[values["close"][rest] != values["close"][best]]


def again(days: Dates, names: Sequence[str], kinds: Sequence[str], values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.bool_]:
    """True for each event (E,) of which an earlier one in the list has the name, the day, the kind and, but for SAME, the value.

    Two rows of a day, a kind and an amount are one event; of other amounts, such as a dividend and a special one, they are two.
    """
    seen: dict[tuple[str, str, str], list[float]] = {}
    out = np.zeros(len(names), dtype=bool)
    for k, (day, name, kind, value) in enumerate(zip(days.astype(str), names, kinds, values, strict=True)):
        amounts = seen.setdefault((day, name, kind), [])
        out[k] = any(abs(value - one) <= SAME * abs(one) for one in amounts)
        amounts.append(value)
    return out


def two_spellings(symbols: Iterable[str]) -> tuple[LeftOut, ...]:
    """What is told of companies that stand among `symbols` as BRK.B and as BRK-B: two names, until someone takes one of them out."""
    names = set(symbols)
    both = [(one, other) for one in sorted(names) if one[-2:-1] == "-" for other in spellings(one) if other in names]
    return (LeftOut("two_spellings", both[0][0], note=f"{both[0][1]} too", count=len(both)),) if both else ()


def is_bankruptcy(reason: str) -> bool:
    """Whether the words of a delisting's `reason` say that the shares became worthless: "Bankruptcy", "filed for Chapter 11"."""
    return BANKRUPT.search(reason) is not None
