"""Which column of a table is meant by which name: without case and by synonym, told in words; all that is missing in one error."""

import csv
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from springback.errors import BadTable
from springback.market.prose import Prose

SEPARATORS = (",", ";", "\t", "|")
DECORATION = re.compile(r"^\d+\.|[\s_\-./<>*?]+")
"""What may stand in and around a name without changing it: `<CLOSE>`, `Adj Close**`, `1. open`, `p_long`."""
SYNONYMS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "date": (
        ("datetime", "timestamp", "tradedate", "tradingdate", "tradingday", "day", "quotedate", "observationdate"),
        ("time", "session"),
    ),
    "symbol": (("ticker", "tickersymbol", "actsymbol", "sym"), ("name", "code")),
    "open": (("openprice", "openingprice", "priceopen", "o"),),
    "high": (("highprice", "pricehigh", "dayhigh", "h"),),
    "low": (("lowprice", "pricelow", "daylow", "l"),),
    "close": (("closelast", "closeprice", "closingprice", "priceclose", "c"), ("last", "price", "lastprice", "vixcls")),
    "adj_close": (("adjustedclose", "closeadj", "closeadjusted", "adjcloseprice"),),
    "volume": (("vol", "v", "tradevolume", "tradedvolume", "sharevolume", "sharestraded", "totalvolume"),),
    "start": (("startdate", "from", "added", "dateadded"),),
    "end": (("enddate", "to", "removed", "dateremoved"),),
    "event": (("type", "action"),),
}
"""By column, in ranks: of the first rank that is there one is meant; two of one rank are refused. Written without case and `DECORATION`."""
QUOTED = frozenset(
    ("open", "high", "low", "close", "adjclose", "volume", "dividends", "stocksplits", "capitalgains", "repaired"),
)
"""What yfinance has a column of for each name, without case and `DECORATION`."""
_UNDERSTOOD: ContextVar[list["ReadAs"] | None] = ContextVar("understood", default=None)


@dataclass(frozen=True)
class Columns:
    """The columns a table must have, by what they hold; all others are passed over.

    `optional` may be absent. Dates and texts are never empty but for those in `sparse`; an empty number is NaN.
    """

    dates: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    sparse: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, dates first."""
        return self.dates + self.texts + self.numbers

    def arrow(self) -> dict[str, Any]:
        """Name -> Arrow type."""
        kinds = dict.fromkeys(self.dates, pa.date32()) | dict.fromkeys(self.texts, pa.dictionary(pa.int32(), pa.string()))
        return kinds | dict.fromkeys(self.numbers, pa.float64())


@dataclass(frozen=True)
class ReadAs:
    """What the `table` of that name was taken for, `words` in its order, where it was not laid out as ours are."""

    table: str
    words: str

    @property
    def line(self) -> Prose:
        """The same as a finding."""
        return Prose(f"{self.table} read as: {self.words}", "tables")


@contextmanager
def understanding() -> Iterator[list[ReadAs]]:
    """What the tables read in this block were taken for, a line for each that was not laid out as ours are."""
    heard: list[ReadAs] = []
    token = _UNDERSTOOD.set(heard)
    try:
        yield heard
    finally:
        _UNDERSTOOD.reset(token)


def say(where: object, words: Iterable[str]) -> None:
    """Tells what a table was taken for; nothing where `words` are none."""
    told, heard = ", ".join(words), _UNDERSTOOD.get()
    if told and heard is not None:
        heard.append(ReadAs(str(getattr(where, "name", where)), told))


def bare(name: str) -> str:
    """`name` without case and decoration; empty where it is not plain ASCII."""
    short = DECORATION.sub("", name.strip().lower())
    return short if short.isascii() and short.isalnum() else ""


def separator(line: str) -> str:
    """What stands between the cells of a header: of `SEPARATORS` the one that makes most of them."""
    return max(SEPARATORS, key=lambda one: len(cells(line, one)))


def cells(line: str, between: str) -> list[str]:
    """The cells of one line; the whole line where it is no row."""
    try:
        return next(csv.reader([line], delimiter=between, strict=True))
    except (csv.Error, StopIteration):
        return [line]


def match(where: object, header: Sequence[str], columns: Columns) -> dict[str, int]:
    """Place in `header` of each wanted column that is there. Raises one `BadTable` on all that are missing, or on two that mean one."""
    found, absent = {}, []
    for name in columns.names:
        places = means(where, header, name)
        if places:
            found[name] = places[0]
        elif name not in columns.optional:
            absent.append(name)
    taken = {place: name for name, place in found.items()}
    if len(taken) < len(found):
        lost = next(name for name in found if taken[found[name]] != name)
        raise BadTable(f"{where}: the column '{header[found[lost]]}' cannot be both '{lost}' and '{taken[found[lost]]}': name them so")
    if absent:
        raise BadTable(f"{where} has no column{'s' if len(absent) > 1 else ''} {_listed(absent)}{_hint(absent, header, found)}")
    return found


def words(header: Sequence[str], places: Mapping[str, int]) -> list[str]:
    """Which columns of a header were taken for another name's, and which were passed over beside those."""
    told = [f"'{header[place].strip()}' as {name}" for name, place in places.items() if bare(header[place]) != bare(name)]
    over = [name.strip() for place, name in enumerate(header) if place not in places.values() and name.strip()]
    if told and over:
        told.append(f"passed over {', '.join(over[:5])}{f' and {len(over) - 5} more' if len(over) > 5 else ''}")
    return told


def means(where: object, header: Sequence[str], name: str) -> list[int]:
    """Where `name` stands: as it is, else without case and decoration, else by the first rank of its synonyms that is there.

    Raises `BadTable` where two columns may be meant.
    """
    exact = [k for k, have in enumerate(header) if have == name]
    if len(exact) > 1:
        raise BadTable(f"{where} has the column '{name}' twice")
    if exact:
        return exact
    short = [bare(have) for have in header]
    for rank in ((bare(name),), *SYNONYMS.get(name, ())):
        places = [k for k, have in enumerate(short) if have in rank]
        if len(places) > 1:
            raise BadTable(f"{where}: {name} may be {_listed([header[k] for k in places], ' or ')}: call the one that is meant '{name}'")
        if places:
            return places
    return []


def quoted(names: Sequence[str]) -> bool:
    """Whether all `names` are of `QUOTED`."""
    return all(bare(one) in QUOTED for one in names)


def _hint(absent: Sequence[str], header: Sequence[str], places: Mapping[str, int]) -> str:
    free = {have.strip().lower(): have for place, have in enumerate(header) if place not in places.values()}
    near = [close[0] for name in absent if (close := difflib.get_close_matches(name, list(free), n=1, cutoff=0.6))]
    if len(near) == len(absent):
        return f": did you mean {_listed([free[one] for one in near])}?"
    return f": it has {', '.join(header)}"


def _listed(names: Sequence[str], last: str = " and ") -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + last + quoted[-1]
