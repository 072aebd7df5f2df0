"""Who was in the index on a day, by what was known then: from fund holdings, from a membership list, or by the liquidity proxy."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from springback.data.companies import follow
from springback.data.files import write_table
from springback.data.holdings import Holdings
from springback.errors import MissingData
from springback.market.tape import Tape

Confidence = Literal["high", "medium", "low"]
PUBLISHED = 1  # business days after which a fund's holdings of a day are on its page
FRESH, OLD = 31, 100  # days: a month's file, a quarter's
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Answer:
    """The index on the day `on`: permanent ids, alphabetical; what says so (`source`), its age in days (`lag`, None: no date), how far it
    can be trusted, and why not further.
    """

    on: np.datetime64
    symbols: tuple[str, ...]
    source: str
    confidence: Confidence
    lag: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interval:
    """A member from `start` to `end` (exclusive, NaT: still) under `ticker`."""

    symbol: str
    start: np.datetime64
    end: np.datetime64
    ticker: str


def known_from(as_of: np.datetime64) -> np.datetime64:
    """The first day on which holdings of `as_of` can be used: the business day after they were published."""
    return np.datetime64(np.busday_offset(as_of, PUBLISHED, roll="backward"), "D")


def intervals(files: Sequence[Holdings]) -> tuple[Interval, ...]:
    """Membership by permanent id from dated holdings: from the day a file is known until the day one without the company is known."""
    days = [one.as_of for one in files]
    following = {day: known_from(after) for day, after in pairwise(days)}
    return tuple(
        Interval(stay.company, known_from(stay.first), following.get(stay.last, np.datetime64("NaT", "D")), stay.ticker)
        for stay in follow(files)
    )


def from_holdings(files: Sequence[Holdings], day: np.datetime64) -> Answer:
    """The index on `day` by the newest holdings known then. Raises `MissingData` before the first."""
    known = [one for one in files if known_from(one.as_of) <= day]
    if not known:
        raise MissingData(
            f"no holdings were known on {day}: the oldest file is of {files[0].as_of}, known from {known_from(files[0].as_of)}"
        )
    used = known[-1].as_of
    lag = int((day - used) / DAY)
    present = [stay for stay in follow(files) if stay.first <= used <= stay.last]
    unsure = [stay.company for stay in present if not stay.sure]
    notes = [f"{len(unsure)} recognised by their ticker alone, such as {unsure[0]}"] if unsure else []
    if lag > FRESH:
        notes.append(f"the file is {lag} days old: who joined or left since is not known")
    confidence: Confidence = "high" if lag <= FRESH else "medium" if lag <= OLD else "low"
    return Answer(day, tuple(sorted(stay.company for stay in present)), f"fund holdings of {used}", confidence, lag, tuple(notes))


def from_tape(tape: Tape, day: np.datetime64, proxy: Sequence[bool] | None = None) -> Answer:
    """The index on the last session up to `day` by the tape's membership, or where it has none by the `proxy` of that session (N,)."""
    row = int(np.searchsorted(tape.bars.sessions, day, side="right")) - 1
    if row < 0 or (row == len(tape.bars.sessions) - 1 and day - tape.bars.sessions[row] > np.timedelta64(7, "D")):
        raise MissingData(f"{day} is not covered: the bars run from {tape.bars.sessions[0]} to {tape.bars.sessions[-1]}")
    names = np.array(tape.bars.symbols, dtype=object)
    if tape.members is None:
        chosen = names[np.asarray(proxy, dtype=bool)] if proxy is not None else names[~np.isnan(tape.bars.close[row])]
        note = "no membership is known: the names with the largest mean dollar volume stand in"
        return Answer(day, tuple(sorted(chosen)), "liquidity proxy", "low", None, (note,))
    changed = np.flatnonzero((tape.members[1 : row + 1] != tape.members[:row]).any(axis=1))
    since = tape.bars.sessions[changed[-1] + 1] if len(changed) else tape.bars.sessions[0]
    lag = int((day - since) / DAY)
    confidence: Confidence = "high" if lag <= FRESH else "medium"
    notes = (f"the list last changed {lag} days before: takeovers and new listings since are in it only if the list says so",)
    return Answer(
        day, tuple(sorted(names[tape.members[row]])), f"membership list as of {since}", confidence, lag, notes if lag > FRESH else ()
    )


def write(path: Path, found: Sequence[Interval]) -> None:
    """Writes symbol, start, end (exclusive, empty: still in), tickers: the file that `--members` takes."""
    rows = [(one.symbol, str(one.start), "" if np.isnat(one.end) else str(one.end), one.ticker) for one in found]
    write_table(path, pd.DataFrame(rows, columns=["symbol", "start", "end", "tickers"]))
