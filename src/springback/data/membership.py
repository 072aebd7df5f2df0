"""Who was in the index on a day, by what was known then: from fund holdings, from a membership list, or by the liquidity proxy."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.files.companies import follow
from springback.data.files.holdings import Holdings
from springback.data.files.reading import write_table
from springback.errors import MissingData
from springback.market.bars import Dates
from springback.market.market_data import MarketData
from springback.market.membership import Membership
from springback.market.prose import Prose, prose

Confidence = Literal["high", "medium", "low"]
PUBLISHED = 1
"""Business days from the close that a fund's holdings are of to the day on which they are on its page."""
FRESH, OLD = 31, 100  # days: a month's file, a quarter's
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Answer:
    """The index on the day `on`: permanent ids, alphabetical; what says so (`source`), its age in days (`lag`, None: it has no date, or one
    of later), how far it can be trusted, and why not further.
    """

    on: np.datetime64
    symbols: tuple[str, ...]
    source: str
    confidence: Confidence
    lag: int | None
    notes: tuple[Prose, ...] = ()


@dataclass(frozen=True)
class Interval:
    """A member from `start` to `end` (exclusive, NaT: still) under `ticker`."""

    symbol: str
    start: np.datetime64
    end: np.datetime64
    ticker: str


def stands_in(oldest: str, sessions: Dates) -> tuple[str, ...]:
    """The finding of market data on whose first `sessions` the `oldest` list stands in, of a later day."""
    before = int((sessions < np.datetime64(oldest, "D")).sum())
    if before == 0:
        return ()
    return (f"the membership list of {oldest} is the oldest: it stands in for the {before:,} sessions before it, which looks ahead",)


def known_from(as_of: np.datetime64) -> np.datetime64:
    """The first day whose session may use holdings of `as_of`: the business day on which they are published, the next after that close.

    They are on the fund's page by the close of that day, and a session's universe serves decisions after its own close, filled at a later
    open: nothing looks ahead. Holdings dated on a weekend are those of the Friday before. On a holiday of the exchange nothing is
    published; it is no session either, so the next one is the first to use them.
    """
    return np.datetime64(np.busday_offset(as_of, PUBLISHED, roll="backward"), "D")


def intervals(files: Sequence[Holdings]) -> tuple[Interval, ...]:
    """Membership by permanent id from dated holdings: from the day a file is known until the day one without the company is known.

    A tenure in a file that became known on the day of the one after it (of a Friday and of the Sunday after) never counted and is left out.
    """
    days = [one.as_of for one in files]
    following = {day: known_from(after) for day, after in pairwise(days)}
    found = (
        Interval(tenure.company, known_from(tenure.first), following.get(tenure.last, np.datetime64("NaT", "D")), tenure.ticker)
        for tenure in follow(files)
    )
    return tuple(one for one in found if one.start != one.end)


def newer(stored: Membership | None, files: Sequence[Holdings]) -> tuple[Interval, ...]:
    """Membership as it is `stored` until the first of the dated holdings `files` is known, and by these from then on."""
    day = known_from(files[0].as_of)
    before = () if stored is None else zip(stored.symbols, stored.starts, stored.ends, strict=True)
    kept = (Interval(name, start, day if np.isnat(end) else min(end, day), name) for name, start, end in before if start < day)
    return (*kept, *intervals(files))


def from_holdings(files: Sequence[Holdings], day: np.datetime64) -> Answer:
    """The index on `day` by the newest holdings known then. Raises `MissingData` before the first."""
    known = [one for one in files if known_from(one.as_of) <= day]
    if not known:
        raise MissingData(
            f"no holdings were known on {day}: the oldest file is of {files[0].as_of}, known from {known_from(files[0].as_of)}", session=day
        )
    used = known[-1].as_of
    lag = int((day - used) / DAY)
    present = [tenure for tenure in follow(files) if tenure.first <= used <= tenure.last]
    unsure = [tenure.company for tenure in present if not tenure.sure]
    notes = [f"{len(unsure)} recognised by their ticker though name or identifier changed, such as {unsure[0]}"] if unsure else []
    if lag > FRESH:
        notes.append(f"the file is {lag} days old: who joined or left since is not known")
    names = tuple(sorted(tenure.company for tenure in present))
    return Answer(day, names, f"fund holdings of {used}", _confidence(lag), lag, prose(notes))


def from_market_data(market_data: MarketData, day: np.datetime64, proxy: Sequence[bool] | None = None) -> Answer:
    """The index on the last session up to `day` by the market data's membership, or where it has none by the `proxy` of that session (N,).

    A list is of the session on which membership last changed; the one that the bars begin with is of unknown date, unless the origin of
    the market data dates it. Raises `MissingData` on a day that bars or lists do not cover.
    """
    sessions = market_data.bars.sessions
    row = int(np.searchsorted(sessions, day, side="right")) - 1
    if row < 0 or (row == len(sessions) - 1 and day - sessions[row] > np.timedelta64(7, "D")):
        raise MissingData(f"{day} is not covered: the bars run from {sessions[0]} to {sessions[-1]}", session=day)
    names = np.array(market_data.bars.symbols, dtype=object)
    if market_data.members is None:
        chosen = names[np.asarray(proxy, dtype=bool)] if proxy is not None else names[market_data.bars.traded[row]]
        note = "no membership is known: the names with the largest mean dollar volume stand in"
        return Answer(day, tuple(sorted(chosen)), "liquidity proxy", "low", None, (Prose(note),))
    _covered(market_data.members, sessions, row)
    oldest = _oldest(market_data)
    since = _changed(market_data.members, sessions, row) or oldest
    symbols, notes = tuple(sorted(names[market_data.members[row]])), _barless(market_data, market_data.members[row], row)
    if oldest is not None and day < oldest:
        return Answer(
            day, symbols, f"membership list of {oldest}, which is of later", "low", None, (*prose(stands_in(str(oldest), sessions)), *notes)
        )
    if since is None:
        note = "the list begins with the bars: when it was made is not known, it may be of later"
        return Answer(day, symbols, "membership list of unknown date", "low", None, (Prose(note), *notes))
    lag = int((day - since) / DAY)
    old = f"the list last changed {lag} days before: takeovers and new listings since are in it only if the list says so"
    return Answer(day, symbols, f"membership list as of {since}", _confidence(lag), lag, (Prose(old), *notes) if lag > FRESH else notes)


def _confidence(lag: int) -> Confidence:
    return "high" if lag <= FRESH else "medium" if lag <= OLD else "low"


def _covered(members: NDArray[np.bool_], sessions: Dates, row: int) -> None:
    """Raises `MissingData` on a session of which the lists know no member."""
    if members[row].any():
        return
    known = np.flatnonzero(members.any(axis=1))
    span = f"its lists run from {sessions[known[0]]} to {sessions[known[-1]]}" if len(known) else "its lists name nobody at all"
    raise MissingData(f"nothing is known of the index on {sessions[row]}: {span}")


def _oldest(market_data: MarketData) -> np.datetime64 | None:
    """The date of the list that stands in for sessions before it; None where the bars begin later."""
    day = None if market_data.origin.members_from is None else np.datetime64(market_data.origin.members_from, "D")
    return day if day is not None and market_data.bars.sessions[0] < day else None


def _changed(members: NDArray[np.bool_], sessions: Dates, row: int) -> np.datetime64 | None:
    """The session up to `row` on which membership last changed; None: it has not since the bars began."""
    rows = np.flatnonzero((members[1 : row + 1] != members[:row]).any(axis=1))
    return np.datetime64(sessions[rows[-1] + 1], "D") if len(rows) else None


def _barless(market_data: MarketData, members: NDArray[np.bool_], row: int) -> tuple[Prose, ...]:
    """How many `members` of a session have no bar on it: those whose bars ended before, and those that are silent."""
    ended = np.flatnonzero(members & (market_data.last >= 0) & (market_data.last < row))
    silent = np.flatnonzero(members & ~market_data.bars.traded[row] & ((market_data.last < 0) | (market_data.last >= row)))
    notes, sessions, names = [], market_data.bars.sessions, market_data.bars.symbols
    if len(ended):
        example = f"{names[ended[0]]} on {sessions[market_data.last[ended[0]]]}"
        notes.append(f"{len(ended):,} of them had their last bar before that session and are still listed, such as {example}")
    if len(silent):
        notes.append(f"{len(silent):,} of them have no bar on {sessions[row]}, such as {names[silent[0]]}")
    return prose(notes)


def write(path: Path, intervals: Sequence[Interval]) -> None:
    """Writes symbol, start, end (exclusive, empty: still in), tickers: the file that `--members` takes."""
    rows = [(one.symbol, str(one.start), "" if np.isnat(one.end) else str(one.end), one.ticker) for one in intervals]
    write_table(path, pd.DataFrame(rows, columns=["symbol", "start", "end", "tickers"]))
