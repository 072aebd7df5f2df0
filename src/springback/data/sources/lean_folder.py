"""LEAN's data folder as a source: `equity/usa/daily/TICKER.zip`, `factor_files`, `map_files`.

Prices are raw, in 1/10,000 dollar. Splits and dividends are read out of the ratio of two rows of the factor file, as LEAN does
(Common/Data/Auxiliary/CorporateFactorRow.cs); they take effect on the name's session after the row's date. Bars of a renamed name lie in
the zip of the ticker of their day, as the map file says. A name's life ends on its map file's last day, whether it has bars until then or
is halted.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from springback.data.files.packed import unzip
from springback.data.laws import LeftOut
from springback.data.roster import Roster, roster
from springback.data.sources import Event, History, history, nothing
from springback.errors import BadTable, MissingData, OddName
from springback.market.symbols import check_symbols

DECI_CENTS = 10_000
FOREVER = date(2050, 1, 1)
"""Dates from here on are LEAN's end of time."""
SAME = 1e-9
DAY = re.compile(r"[0-9]{8}")
ROW = re.compile(r"[0-9]{8} [0-9]{2}:[0-9]{2}(,[0-9]{1,18}){4},[0-9.eE+]{1,25}")
Factor = tuple[date, float, float, float]
"""Date, price factor, split factor, reference close."""


class LeanFolder:
    """The American equities of a LEAN data folder."""

    name = "lean"
    batch = 1

    def __init__(self, folder: Path) -> None:
        self.base = Path(folder) / "equity" / "usa"
        if not (self.base / "daily").is_dir():
            raise MissingData(f"{folder} is no LEAN data folder: it has no equity/usa/daily; give --path the folder that holds 'equity'")

    def histories(self, symbols: Sequence[str], start: date, end: date) -> Iterator[History]:
        """See `Source`. Raises `OddName` on a file that cannot be read."""
        check_symbols(symbols, self.base)
        for symbol in symbols:
            try:
                yield self._one(symbol, start, end)
            except BadTable as error:
                raise OddName(str(error)) from None

    def listing(self, start: date, end: date) -> Roster:
        """The names with a map file, or where there are none with a zip, whose map file's span touches `start` to `end`."""
        maps = sorted((self.base / "map_files").glob("*.csv"))
        if not maps:
            return roster(path.stem for path in sorted((self.base / "daily").glob("*.zip")))
        names, odd = [], []
        for path in maps:
            try:
                rows = _spans(path)
            except BadTable as error:
                odd.append(LeftOut("unreadable", path.stem.upper(), note=str(error)[:120]))
                continue
            if rows[0][0] <= end and rows[-1][0] >= start:
                names.append(path.stem)
        found = roster(names)
        return Roster(tuple(sorted(found.symbols)), (*found.left, *odd))

    def _one(self, symbol: str, start: date, end: date) -> History:
        rows: list[tuple[date, ...]] = []
        found = False
        tickers = self._tickers(symbol)
        for first, last, ticker in tickers:
            path = self.base / "daily" / f"{ticker.lower()}.zip"
            if path.is_file():
                found = True
                rows += [row for row in _bars(path) if first <= row[0] <= last]
        if not found:
            return nothing(symbol, gone=True)
        closes = {row[0]: float(row[4]) for row in sorted(rows)}  # type: ignore[arg-type]
        events, lost = self._events(symbol, closes)
        told = history("The LEAN folder", symbol, rows, events, start, end)
        inside = tuple(one for one in lost if np.datetime64(start) <= one.day <= np.datetime64(end))
        told = replace(told, left=(*told.left, *inside))
        return replace(told, until=tickers[-1][1]) if self._map_file(symbol).is_file() else told

    def _map_file(self, symbol: str) -> Path:
        return self.base / "map_files" / f"{symbol.lower()}.csv"

    def _tickers(self, symbol: str) -> list[tuple[date, date, str]]:
        """(first day, last day, ticker) of each ticker of the name, in time.

        Bars before the map file's first day are those of another company that had the ticker: LEAN does not read them either
        (Common/Data/Auxiliary/MapFile.cs, HasData).
        """
        path = self._map_file(symbol)
        if not path.is_file():
            return [(date.min, date.max, symbol)]
        rows = _spans(path)
        if len(rows) == 1:
            return [(date.min, *rows[0])]
        nexts = [rows[0][0], *(last if last == date.max else last + timedelta(days=1) for last, _ in rows[1:])]
        return [(first, *row) for first, row in zip(nexts, rows[1:], strict=False)]

    def _events(self, symbol: str, closes: Mapping[date, float]) -> tuple[list[Event], list[LeftOut]]:
        """The events of its factor file, `closes` by rising day; and those that cannot be worked out.

        The dividend is the reference price times what the price factor rises by. LEAN's reference is the close of the row's day; files of
        before August 2018 have none (three columns), others 0 (Lean #2378): the bar of the day, or the last before, has it.
        """
        path = self.base / "factor_files" / f"{symbol.lower()}.csv"
        rows = _factors(path) if path.is_file() else []
        days = list(closes)
        events, lost = list[Event](), list[LeftOut]()
        for before, after in pairwise(rows):
            at = bisect_right(days, before[0])
            when = days[at] if at < len(days) else before[0] + timedelta(days=1)
            close = before[3] or (closes[days[at - 1]] if at else 0.0)
            fallen = 1 - before[1] / after[1]
            paid = round(close * fallen, 4)
            if paid > 0:
                events.append(Event(np.datetime64(when), "dividend", paid))
            elif fallen > SAME and not close:
                lost.append(LeftOut("event_lost", symbol, np.datetime64(when), f"price factor {before[1]:g} to {after[1]:g}"))
            if abs(before[2] / after[2] - 1) > SAME:
                events.append(Event(np.datetime64(when), "split", float(f"{before[2] / after[2]:.9g}")))
        return events, lost


def _bars(path: Path) -> Iterator[tuple[date, ...]]:
    try:
        lines = unzip(path).decode().splitlines()
    except UnicodeDecodeError:
        raise BadTable(f"{path} is no zip with a CSV in it: copy it again") from None
    for k, line in enumerate(lines):
        cells = line.split(",")
        try:
            if not ROW.fullmatch(line):
                raise ValueError
            open_, high, low, close = (int(cell) / DECI_CENTS for cell in cells[1:5])
            yield date(int(line[:4]), int(line[4:6]), int(line[6:8])), open_, high, low, close, float(cells[5])  # type: ignore[misc]
        except (ValueError, IndexError):
            raise BadTable(f"{path}: line {k + 1}: expected 'YYYYMMDD 00:00,open,high,low,close,volume', was '{line[:60]}'") from None


def _spans(path: Path) -> list[tuple[date, str]]:
    """The rows of a map file in time, as LEAN takes them: the first day, then the last day of each ticker."""
    rows = [(_day(path, cells[0]), cells[1]) for cells in _cells(path, 2)]
    check_symbols((ticker for _, ticker in rows), path)
    if not rows:
        raise BadTable(f"{path} is empty: a map file has a row for the first day and one for the last")
    return sorted(rows)


def _factors(path: Path) -> list[Factor]:
    try:
        rows = [(_day(path, a), float(b), float(c), float(d or 0)) for a, b, c, d, *_ in ([*cells, "0"] for cells in _cells(path, 3))]
    except ValueError:
        raise BadTable(f"{path}: a row must be date,price factor,split factor,reference close") from None
    for when, price, split, close in rows:
        if not (0 < price < math.inf and 0 < split < math.inf and 0 <= close < math.inf):
            raise BadTable(
                f"{path}: the factors of {when} must be above 0 and finite, were {price:g}, {split:g} and a close of {close:g}",
                value=price,
                limit=0,
            )
    if any(a[0] >= b[0] for a, b in pairwise(rows)):
        raise BadTable(f"{path}: dates must rise from row to row")
    return rows


def _cells(path: Path, least: int) -> list[list[str]]:
    try:
        rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise BadTable(f"{path} is not UTF-8 text: copy it again") from None
    for k, row in enumerate(rows):
        if len(row) < least:
            raise BadTable(f"{path}: line {k + 1}: expected at least {least} cells, was '{','.join(row)[:60]}'", limit=least)
    return rows


def _day(path: Path, word: str) -> date:
    try:
        if not DAY.fullmatch(word):
            raise ValueError
        day = date(int(word[:4]), int(word[4:6]), int(word[6:8]))
    except ValueError:
        raise BadTable(f"{path}: '{word[:20]}' is no date such as 20200831") from None
    return date.max if day >= FOREVER else day
