"""Small files beside the bars: VIX, rates, membership, corporate actions."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.files import Columns, line, read_table
from springback.errors import BadTable
from springback.market.actions import KINDS, Actions
from springback.market.bars import Bars, Dates
from springback.market.tape import Delisting, align_series

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
        raise BadTable(f"{path}: line {line(bad[0])}: close must be above 0 and finite, was {closes[bad[0]]:g}")
    return align_series(sessions, dates, closes)


def read_rates(path: Path, sessions: Dates) -> NDArray[np.float64]:
    """Annual risk-free rate as a fraction on `sessions`, (T,), carried from its last change; NaN before the first.

    The file is LEAN's `interest-rate.csv`: DATE, PCREDIT8 in percent, changes only.
    """
    frame = read_table(path, Columns(("DATE",), (), ("PCREDIT8",)))
    dates, rates = _rising(path, frame["DATE"]), frame["PCREDIT8"].to_numpy() / 100
    bad = np.flatnonzero(~np.isfinite(rates))
    if len(bad):
        raise BadTable(f"{path}: line {line(bad[0])}: PCREDIT8 must be a rate in percent, was {rates[bad[0]]:g}")
    return align_series(sessions, dates, rates, carry=True)


def read_members(path: Path, bars: Bars, since: str | None = None) -> NDArray[np.bool_]:
    """True where a name was in the index on that session, (T, N); columns symbol, start, end (exclusive, empty = still in).

    Intervals that start on `since` reach back to the first session: the oldest list stands in for what came before it.
    """
    symbols, starts, ends = read_stays(path)
    first = np.searchsorted(bars.sessions, starts)
    if since is not None:
        first[starts == np.datetime64(since, "D")] = 0
    end = np.where(np.isnat(ends), len(bars.sessions), np.searchsorted(bars.sessions, ends))
    members = np.zeros(bars.shape, dtype=bool)
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    for symbol, a, b in zip(symbols, first, end, strict=True):
        if symbol in columns:
            members[a:b, columns[symbol]] = True
    if not members.any():
        raise BadTable(f"{path} names no member among the symbols and sessions of the bars")
    return members


def read_stays(path: Path) -> tuple[tuple[str, ...], Dates, Dates]:
    """Who was in an index from when to when (exclusive, NaT: still in), a row of the file each, (M,). Raises `BadTable`."""
    frame = read_table(path, Columns(("start", "end"), ("symbol",), sparse=("start", "end")))
    starts, ends = frame["start"].to_numpy().astype("datetime64[D]"), frame["end"].to_numpy().astype("datetime64[D]")
    wrong = np.flatnonzero(np.isnat(starts) | (ends <= starts))
    if len(wrong):
        raise BadTable(f"{path}: line {line(wrong[0])}: start must be a date before end, was {starts[wrong[0]]}, end {ends[wrong[0]]}")
    return tuple(frame["symbol"]), starts, ends


def read_tickers(path: Path) -> dict[str, str]:
    """Every ticker that a membership file has for a company under another id (column `tickers`, if it is there): ticker -> that id."""
    frame = read_table(path, Columns((), ("symbol", "tickers"), optional=("tickers",), sparse=("tickers",)))
    words = frame["tickers"] if "tickers" in frame else [""] * len(frame)
    return {word: str(symbol) for symbol, told in zip(frame["symbol"], words, strict=True) for word in str(told).split() if word != symbol}


def read_actions(path: Path, bars: Bars) -> tuple[Actions, int]:
    """Splits and dividends of a file with the columns date, symbol, event, value, and how many had no place in the bars.

    Raises `BadTable` on an unknown event, a value that is not above 0, and a split that is there twice.
    """
    frame = _read_events(path)
    events, values = frame["event"].astype(str), frame["value"].to_numpy()
    bad = np.flatnonzero((events != DELISTING) & ~(np.isfinite(values) & (values > 0)))
    if len(bad):
        raise BadTable(f"{path}: line {line(bad[0])}: value must be above 0 and finite, was {values[bad[0]]:g}")
    twice = np.flatnonzero((frame.duplicated(["date", "symbol", "event"]) & (events == "split")).to_numpy())
    if len(twice):
        raise BadTable(f"{path}: line {line(twice[0])}: the split of {frame['symbol'].iloc[twice[0]]} is there twice")
    frame = frame[(events != DELISTING).to_numpy()]
    actions = Actions.align(bars, frame["date"].to_numpy(), list(frame["symbol"]), list(frame["event"]), list(frame["value"]))
    return actions, len(frame) - len(actions.row)


def rows_of_events(path: Path) -> dict[tuple[str, str, float], list[tuple[int, np.datetime64]]]:
    """Place in the file and day of every split and dividend, by symbol, kind and value."""
    frame = _read_events(path)
    out: dict[tuple[str, str, float], list[tuple[int, np.datetime64]]] = {}
    days = frame["date"].to_numpy().astype("datetime64[D]")
    for k, (day, symbol, event, value) in enumerate(zip(days, frame["symbol"], frame["event"], frame["value"], strict=True)):
        out.setdefault((str(symbol), str(event), float(value)), []).append((k, day))
    return out


def read_delistings(path: Path) -> tuple[Delisting, ...]:
    """The rows `delisting` of the same file, by symbol: `value` is what a holder got as a return on the last close (-1 nothing, 0 the last
    close; empty: unknown), a column `reason` says why, if it is there. Raises `BadTable` on a return below -1 and a name there twice.
    """
    frame = _read_events(path)
    places = np.flatnonzero((frame["event"].astype(str) == DELISTING).to_numpy())
    frame = frame.iloc[places]
    values = frame["value"].to_numpy()
    bad = np.flatnonzero(~(np.isnan(values) | ((values >= -1) & (values <= MOST))))
    if len(bad):
        where = line(places[bad[0]])
        raise BadTable(f"{path}: line {where}: value of a delisting must be a return from -1 to {MOST:g}, or empty, was {values[bad[0]]:g}")
    twice = np.flatnonzero(frame.duplicated("symbol").to_numpy())
    if len(twice):
        raise BadTable(f"{path}: line {line(places[twice[0]])}: the delisting of {frame['symbol'].iloc[twice[0]]} is there twice")
    reasons = frame["reason"].astype(str) if "reason" in frame else [""] * len(frame)
    days = frame["date"].to_numpy().astype("datetime64[D]")
    told = (
        Delisting(str(one), day, str(why), float(value))
        for one, day, why, value in zip(frame["symbol"], days, reasons, values, strict=True)
    )
    return tuple(sorted(told, key=lambda one: one.symbol))


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
