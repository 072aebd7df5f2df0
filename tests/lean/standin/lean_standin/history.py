"""`history(...)` as data frames: index (symbol, time) with the end time, lower-case columns, nothing after the moment.

`history[TradeBar](...)` as dictionaries of bars by symbol, one for each moment.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from lean_standin.data import DataDictionary, Dividend, Split, Symbol, TradeBar
from lean_standin.hours import MIDNIGHT
from lean_standin.names import DataNormalizationMode, Resolution, SecurityType, SplitType

if TYPE_CHECKING:
    from lean_standin.engine import Engine

COLUMNS = ("close", "high", "low", "open", "volume")
NAMES = ["symbol", "time"]


class Cells(NamedTuple):
    """`symbols` and their `columns`, the `rows` asked for, and in (rows, names) what is a `real` bar and what is given (`alive`)."""

    symbols: list[Symbol]
    columns: Any
    rows: Any
    real: Any
    alive: Any


class History:
    """`history([type,] symbols, periods | span | start, end [, resolution])`, options by LEAN's names."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    def __call__(self, *arguments: Any, **options: Any) -> pd.DataFrame:
        with self._engine.engine_time():
            return self._ask(list(arguments), options)

    def __getitem__(self, kind: type) -> Callable[..., list[DataDictionary[TradeBar]]]:
        if kind is not TradeBar:
            raise NotImplementedError("the stand-in's typed history is of bars")

        def typed(*arguments: Any, **options: Any) -> list[DataDictionary[TradeBar]]:
            with self._engine.engine_time():
                return self._typed(list(arguments), options)

        return typed

    def _typed(self, given: list[Any], options: dict[str, Any]) -> list[DataDictionary[TradeBar]]:
        """A dictionary for each session on which one of the names had a bar, or a copy of its last."""
        symbols, span, filled = self._asked(given, options)
        known, columns, rows, _, alive = self._cells(symbols, *self._rows(span), filled)
        found = []
        for k, row in enumerate(rows.tolist()):
            chosen = np.flatnonzero(alive[k])
            bars = self._engine.feed.values(columns[chosen], at=row)
            found.append(DataDictionary({known[j]: TradeBar(known[j], *fields) for j, fields in zip(chosen, bars, strict=True)}))
        return [bars for bars in found if bars]

    def _ask(self, given: list[Any], options: dict[str, Any]) -> pd.DataFrame:
        kind = options.pop("type", None)
        if kind is None and given and isinstance(given[0], type):
            kind = given.pop(0)
        symbols, span, filled = self._asked(given, options)
        if kind in (Split, Dividend):
            return self._actions(kind, symbols, *self._rows(span))
        if kind not in (None, TradeBar) or all(symbol.security_type == SecurityType.BASE for symbol in symbols):
            return self._custom(symbols, span)
        return self._bars(symbols, *self._rows(span), filled)

    def _asked(self, given: list[Any], options: dict[str, Any]) -> tuple[list[Symbol], list[Any], bool]:
        """The symbols, the span and whether copies of the last bar stand where a name had none."""
        symbols = self._symbols(given.pop(0) if given else options.pop("tickers", options.pop("symbol", None)))
        span = [options.pop(name) for name in ("periods", "span", "start", "end") if name in options]
        while given and not isinstance(given[0], Resolution):
            span.append(given.pop(0))
        resolution = given.pop(0) if given else options.pop("resolution", None)
        filled = given.pop(0) if given else options.pop("fill_forward", None)
        mode = options.pop("data_normalization_mode", None)
        options.pop("extended_market_hours", None)
        if given or options or mode not in (None, DataNormalizationMode.RAW) or resolution not in (None, Resolution.DAILY):
            raise NotImplementedError(f"the stand-in's history is daily and raw; it does not take {given or options or mode or resolution}")
        return symbols, span, True if filled is None else filled

    def _symbols(self, said: Any) -> list[Symbol]:
        many = [said] if isinstance(said, Symbol | str) else said
        if not isinstance(many, Iterable):
            raise NotImplementedError("history needs its symbols")
        return [self._engine.symbol_of(each) for each in many]

    def _rows(self, span: list[Any]) -> tuple[int, int]:
        """First row and the row after the last: bars that lie in the span and have ended."""
        now, world = self._engine.feed.now, self._engine.world
        if len(span) == 2:
            start, end = (moment if isinstance(moment, datetime) else datetime.combine(moment, MIDNIGHT) for moment in span)
            last = self._ended(min(end, now))
        else:
            last = self._ended(now)
            if isinstance(span[0], timedelta):
                start = now - span[0]
            else:
                return max(0, last - int(span[0])), last
        first = int(np.searchsorted(world.sessions, np.datetime64(start.date())))
        if first < len(world.sessions) and world.opening(first) < start:
            first += 1
        return first, max(first, last)

    def _ended(self, moment: datetime) -> int:
        world = self._engine.world
        row = int(np.searchsorted(world.sessions, np.datetime64(moment.date())))
        return row + 1 if row < len(world.sessions) and world.closing(row) <= moment else row

    def _cells(self, symbols: list[Symbol], first: int, last: int, filled: bool) -> Cells:
        """Real bars, and copies of the last one with volume 0 where a name had none, from its first bar in the span on."""
        world = self._engine.world
        known = [symbol for symbol in dict.fromkeys(symbols) if symbol.value in world.column]
        columns = np.array([world.column[symbol.value] for symbol in known], dtype=np.int64)
        rows = np.arange(first, max(first, last))
        source = world.last_bar[rows][:, columns]
        alive = (source >= first) & (rows[:, None] <= world.delisting[columns])
        real = source == rows[:, None]
        return Cells(known, columns, rows, real, alive if filled else real & alive)

    def _bars(self, symbols: list[Symbol], first: int, last: int, filled: bool) -> pd.DataFrame:
        world = self._engine.world
        known, columns, rows, real, alive = self._cells(symbols, first, last, filled)
        name, at = np.nonzero(alive.T)
        if not len(name):
            return pd.DataFrame()
        source = world.last_bar[rows][:, columns]
        picked = source[at, name]
        data = {field: getattr(world, field)[picked, columns[name]] for field in COLUMNS}
        data["volume"] = np.where(real[at, name], data["volume"], 0.0)
        times = pd.DatetimeIndex([world.closing(row) for row in rows])
        present = np.unique(name)
        index = pd.MultiIndex(
            [pd.Index([known[k] for k in present], dtype=object), times], [np.searchsorted(present, name), at], names=NAMES
        )
        return pd.DataFrame(data, index=index)

    def _actions(self, kind: type, symbols: list[Symbol], first: int, last: int) -> pd.DataFrame:
        """Splits, with their warning a session earlier, or dividends, at midnight of the session; those until now."""
        world, now = self._engine.world, self._engine.feed.now
        column = {world.column[symbol.value]: symbol for symbol in symbols if symbol.value in world.column}
        found = []
        for row in range(first, len(world.sessions)):
            midnight = datetime.combine(world.day(row), MIDNIGHT)
            if row > last or midnight > now:
                break
            found += [datum for datum in self._engine.actions_at(row, kind) if world.column[datum.symbol.value] in column]
        if not found:
            return pd.DataFrame()
        found.sort(key=lambda datum: (datum.symbol, datum.time))
        index = pd.MultiIndex.from_arrays([[datum.symbol for datum in found], [datum.time for datum in found]], names=NAMES)
        if kind is Dividend:
            fields = {"distribution": [d.distribution for d in found], "referenceprice": [d.reference_price for d in found]}
        else:
            fields = {
                "splitfactor": [d.split_factor for d in found],
                "referenceprice": [d.reference_price for d in found],
                "type": [SplitType(d.type) for d in found],
            }
        return pd.DataFrame(fields, index=index)

    def _custom(self, symbols: list[Symbol], span: list[Any]) -> pd.DataFrame:
        """Custom data trades around the clock: `periods` are calendar days."""
        now = self._engine.feed.now
        if len(span) == 2:
            start, end = (moment if isinstance(moment, datetime) else datetime.combine(moment, MIDNIGHT) for moment in span)
        else:
            back = span[0] if isinstance(span[0], timedelta) else timedelta(days=int(span[0]))
            start, end = now - back, now
        frames = {}
        for symbol in symbols:
            data = self._engine.custom[symbol].between(start, min(end, now))
            if data:
                times = pd.DatetimeIndex([datum.end_time for datum in data])
                frames[symbol] = pd.DataFrame([datum._columns() for datum in data], index=times)
        if not frames:
            return pd.DataFrame()
        return pd.concat(frames, names=NAMES)
