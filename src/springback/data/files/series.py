"""Small files beside the bars: VIX, rates, membership, corporate actions."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.files.reading import Columns, line, read_table
from springback.data.laws import LeftOut, again
from springback.errors import BadTable
from springback.market.actions import KINDS, Actions
from springback.market.bars import Bars, Dates
from springback.market.market_data import Delisting, align_series
from springback.market.membership import Membership
from springback.market.symbols import found_in

DELISTING = "delisting"
MOST = 10.0
"""Largest return on the last close that a delisting may have paid."""


def read_closes(path: Path, sessions: Dates) -> NDArray[np.float64]:
    """`close` of a file with the columns date, close on `sessions`, (T,); NaN where a session has no row.

    Raises `BadTable` on dates that do not rise or a close that is not above 0.
    """
    frame = read_table(path, Columns(("date",), (), ("close",)))
    dates, closes = _rising(path, frame["date"]), frame["close"].to_numpy()
    bad = np.flatnonzero(~(np.isfinite(closes) & (closes > 0)))
    if len(bad):
        raise BadTable(f"{path}: line {line(bad[0])}: close must be above 0 and finite, was {closes[bad[0]]:g}", limit=0)
    return align_series(sessions, dates, closes)


def read_rates(path: Path, sessions: Dates) -> NDArray[np.float64]:
    """Annual risk-free rate as a fraction on `sessions`, (T,), carried from its last change; NaN before the first.

    The file is LEAN's `interest-rate.csv`: DATE, PCREDIT8 in percent, changes only. Raises `BadTable` on a rate that is none.
    """
    frame = read_table(path, Columns(("DATE",), (), ("PCREDIT8",)))
    dates, rates = _rising(path, frame["DATE"]), frame["PCREDIT8"].to_numpy() / 100
    bad = np.flatnonzero(~np.isfinite(rates))
    if len(bad):
        raise BadTable(f"{path}: line {line(bad[0])}: PCREDIT8 must be a rate in percent, was {rates[bad[0]]:g}")
    return align_series(sessions, dates, rates, carry=True)


def read_members(path: Path, bars: Bars, since: str | None = None) -> NDArray[np.bool_]:
    """True where a name of `bars`, whatever its price, was in the index on that session, (T, N); see `enrol`."""
    return enrol(path, bars, since)[0]


def enrol(path: Path, bars: Bars, since: str | None = None) -> tuple[NDArray[np.bool_], tuple[LeftOut, ...]]:
    """True where a name was in the index on that session, (T, N), of a file symbol, start, end (exclusive, empty = still in); and of whom
    it is told that they have no bar, or are spelled otherwise in the bars. Of `bars` the names and sessions count, no price.

    Intervals that start on `since` reach back to the first session: the oldest list stands in for what came before it. Raises `BadTable`
    where the file names nobody of the bars.
    """
    tenures = read_tenures(path)
    if since is not None:
        oldest = tenures.starts == np.datetime64(since, "D")
        tenures = replace(tenures, starts=np.where(oldest, np.minimum(tenures.starts, bars.sessions[0]), tenures.starts))
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    names = {symbol: found_in(symbol, columns) for symbol in dict.fromkeys(tenures.symbols)}
    present = [symbol for symbol, first, stop in zip(tenures.symbols, *tenures.rows(bars.sessions), strict=True) if first < stop]
    members = replace(tenures, symbols=tuple(names[symbol] or symbol for symbol in tenures.symbols)).panel(bars.sessions, bars.symbols)
    if not members.any():
        raise BadTable(f"{path} names no member among the symbols and sessions of the bars")
    seen = (members & ~np.isnan(bars.close)).any(axis=0)
    without = [one for one in dict.fromkeys(present) if (name := names[one]) is None or not seen[columns[name]]]
    left = [LeftOut("barless", without[0], count=len(without), whole=len(set(present)))] if without else []
    return members, (*left, *_respelled(names))


def _respelled(names: Mapping[str, str | None]) -> tuple[LeftOut, ...]:
    """What is told of names that the bars spell otherwise; `names`: as it is told -> as the bars have it."""
    other = [(told, name) for told, name in names.items() if name not in (None, told)]
    return (LeftOut("spelled", other[0][0], note=f"{other[0][1]} in the bars", count=len(other)),) if other else ()


def read_tenures(path: Path) -> Membership:
    """Who was in an index from when to when (exclusive, NaT: still in), a row of the file each. Raises `BadTable`."""
    frame = read_table(path, Columns(("start", "end"), ("symbol",), sparse=("start", "end")))
    starts, ends = frame["start"].to_numpy().astype("datetime64[D]"), frame["end"].to_numpy().astype("datetime64[D]")
    wrong = np.flatnonzero(np.isnat(starts) | (ends <= starts))
    if len(wrong):
        raise BadTable(f"{path}: line {line(wrong[0])}: start must be a date before end, was {starts[wrong[0]]}, end {ends[wrong[0]]}")
    return Membership(tuple(frame["symbol"]), starts, ends)


def read_tickers(path: Path) -> dict[str, str]:
    """Every ticker that a membership file has for a company under another id (column `tickers`, if it is there): ticker -> that id."""
    frame = read_table(path, Columns((), ("symbol", "tickers"), optional=("tickers",), sparse=("tickers",)))
    words = frame["tickers"] if "tickers" in frame else [""] * len(frame)
    return {word: str(symbol) for symbol, told in zip(frame["symbol"], words, strict=True) for word in str(told).split() if word != symbol}


def read_actions(path: Path, bars: Bars) -> tuple[Actions, tuple[LeftOut, ...]]:
    """Splits (old shares for a new one) and dividends (dollars a share) of a file date, symbol, event, value, and what of them is left out:
    what is told twice, and what has no place in the bars.

    Raises `BadTable` on an unknown event and a value that is not above 0.
    """
    frame = _read_events(path)
    events, values = frame["event"].astype(str), frame["value"].to_numpy()
    bad = np.flatnonzero((events != DELISTING) & ~(np.isfinite(values) & (values > 0)))
    if len(bad):
        raise BadTable(f"{path}: line {line(bad[0])}: value must be above 0 and finite, was {values[bad[0]]:g}", limit=0)
    frame = frame[(events != DELISTING).to_numpy()]
    columns = set(bars.symbols)
    names = {word: found_in(word, columns) for word in dict.fromkeys(frame["symbol"].astype(str))}
    symbols = [names[word] or word for word in frame["symbol"].astype(str)]
    days, kinds, values = frame["date"].to_numpy().astype("datetime64[D]"), list(frame["event"].astype(str)), frame["value"].to_numpy()
    twice = again(days, symbols, kinds, values)
    astray = ~twice & (~np.isin(symbols, list(columns)) | (days < bars.sessions[0]) | (days > bars.sessions[-1]))
    kept = np.flatnonzero(~twice & ~astray)
    actions = Actions.align(bars, days[kept], [symbols[k] for k in kept], [kinds[k] for k in kept], list(values[kept]))
    left = (
        LeftOut(law, symbols[rows[0]], days[rows[0]], f"{kinds[rows[0]]} {values[rows[0]]:g}", len(rows))
        for law, rows in (("event_again", np.flatnonzero(twice)), ("event_astray", np.flatnonzero(astray)))
        if len(rows)
    )
    return actions, (*left, *_respelled(names))


def rows_of_events(path: Path) -> dict[tuple[str, str, float], list[tuple[int, np.datetime64]]]:
    """Place in the file and day of every split and dividend, by symbol, kind and value."""
    frame = _read_events(path)
    out: dict[tuple[str, str, float], list[tuple[int, np.datetime64]]] = {}
    days = frame["date"].to_numpy().astype("datetime64[D]")
    for k, (day, symbol, event, value) in enumerate(zip(days, frame["symbol"], frame["event"], frame["value"], strict=True)):
        out.setdefault((str(symbol), str(event), float(value)), []).append((k, day))
    return out


def read_delistings(path: Path, bars: Bars) -> tuple[tuple[Delisting, ...], tuple[LeftOut, ...]]:
    """The rows `delisting` of the same file, by symbol: `value` is what a holder got as a return on the last close, a fraction (-1 nothing,
    0 the last close; empty: unknown), a column `reason` says why, if it is there; and what of them is left out: of names that have no bar,
    of days before the first, told twice. Raises `BadTable` on a return below -1 and two different ends of one name.
    """
    frame = _read_events(path)
    places = np.flatnonzero((frame["event"].astype(str) == DELISTING).to_numpy())
    frame = frame.iloc[places]
    values = frame["value"].to_numpy()
    bad = np.flatnonzero(~(np.isnan(values) | ((values >= -1) & (values <= MOST))))
    if len(bad):
        where = line(places[bad[0]])
        raise BadTable(f"{path}: line {where}: value of a delisting must be a return from -1 to {MOST:g}, or empty, was {values[bad[0]]:g}")
    reasons = frame["reason"].astype(str) if "reason" in frame else [""] * len(frame)
    days = frame["date"].to_numpy().astype("datetime64[D]")
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    begun = np.argmax(~np.isnan(bars.close), axis=0)
    ends: dict[str, Delisting] = {}
    left: list[LeftOut] = []
    for k, (word, day, why, value) in enumerate(zip(frame["symbol"].astype(str), days, reasons, values, strict=True)):
        name = found_in(word, columns)
        one = Delisting(name or word, day, str(why), float(value))
        before = ends.setdefault(one.symbol, one)
        if before is not one:
            if str(before) != str(one):
                raise BadTable(f"{path}: line {line(places[k])}: the delisting of {word} is there twice, and otherwise: leave one of them")
            left.append(LeftOut("end_again", word, day))
        elif name is None or day < bars.sessions[begun[columns[name]]]:
            left.append(LeftOut("end_astray", word, day))
    return tuple(sorted(ends.values(), key=lambda one: one.symbol)), tuple(left)


def _read_events(path: Path) -> "pd.DataFrame":
    frame = read_table(path, Columns(("date",), ("symbol", "event", "reason"), ("value",), optional=("reason",), sparse=("reason",)))
    events, kinds = frame["event"].astype(str), (*KINDS, DELISTING)
    unknown = np.flatnonzero(~events.isin(kinds).to_numpy())
    if len(unknown):
        raise BadTable(f"{path}: line {line(unknown[0])}: event must be one of {', '.join(kinds)}, was '{events.iloc[unknown[0]]}'")
    return frame


def _rising(path: Path, dates: "pd.Series[pd.Timestamp]") -> Dates:
    days = dates.to_numpy().astype("datetime64[D]")
    bad = np.flatnonzero(np.diff(days) <= np.timedelta64(0, "D"))
    if len(bad):
        k = int(bad[0]) + 1
        word = "is there twice" if days[k] == days[k - 1] else "comes after a later date: sort the file by date"
        raise BadTable(f"{path}: line {line(k)}: {days[k]} {word}")
    return days
