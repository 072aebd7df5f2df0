"""Market data that goes on where a store ends: no session between them is missing, and whoever fell silent is told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.files import series
from springback.data.sessions import exchange_days
from springback.errors import InputError
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import DELISTED, TRADING, MarketData

SILENT = 5
"""Sessions without a bar after which a name counts as delisted; until then it is halted."""


def continued(
    market_data: MarketData, stored: pd.DataFrame, last: np.datetime64, symbols: Collection[str] | None = None, members: Path | None = None
) -> MarketData:
    """`market_data` as what comes after a store whose last session is `last` and whose names are `stored` (symbol, last, ending).

    `symbols` are the names it speaks of, all of the store's where None: those whose bars ended before it are there as columns without one,
    and a name is delisted once it has had no bar for `SILENT` sessions, counted from its last stored one. `members` is the file its
    membership is from: it speaks of all names of the store. Raises `InputError` where a session between the two would be missing.
    """
    first = market_data.bars.sessions[0]
    check_hole(last, first)
    symbols = symbols if symbols is None else set(symbols)
    known = dict(zip(stored["symbol"], stored["last"].to_numpy().astype("datetime64[D]"), strict=True))
    trading = dict(zip(stored["symbol"], stored["ending"] == "trading", strict=True))
    spoken = {one for one, day in known.items() if day < first and (symbols is None or members is not None or one in symbols)}
    wide = with_names(market_data, spoken)
    present, ends = set(market_data.bars.symbols), {one.symbol for one in wide.delistings}
    heard = [symbol in present or ((symbols is None or symbol in symbols) and trading[symbol]) for symbol in wide.bars.symbols]
    ending = np.where(heard & silent(wide, known), DELISTED, TRADING)
    known_end = np.array([symbol in ends for symbol in wide.bars.symbols], dtype=bool)
    told = ~np.isin(wide.ending, (TRADING, DELISTED)) | (known_end & (wide.ending == DELISTED))
    return replace(
        wide,
        ending=np.where(told, wide.ending, ending).astype(np.int8),
        members=wide.members if members is None else series.read_members(members, wide.bars),
    )


def check_hole(last: np.datetime64, first: np.datetime64, closed: Sequence[str] = ()) -> None:
    """Refuses to go on from `first` with a store whose last session is `last` where one between them, the days `closed` apart, is left out.
    Raises `InputError`."""
    between = exchange_days(last + 1, first - 1, closed) if first > last + 1 else np.empty(0, "datetime64[D]")
    if len(between):
        raise InputError(
            f"the store ends on {last} and these prices begin on {first}: {len(between):,} sessions between them would be missing, with "
            f"any split in them: begin on {between[0]} or before"
        )


def joined(market_data: MarketData, last: np.datetime64) -> MarketData:
    """`market_data` of names that join a store whose last session is `last`, up to which silence is counted.

    Raises `InputError` beyond it.
    """
    if market_data.bars.sessions[-1] > last:
        raise InputError(f"the store ends on {last}, names that join it may not reach beyond: fetch the names it has first")
    ending = np.where(
        np.isin(market_data.ending, (TRADING, DELISTED)), np.where(silent(market_data, {}, last), DELISTED, TRADING), market_data.ending
    )
    return replace(market_data, ending=ending.astype(np.int8))


def with_names(market_data: MarketData, symbols: Collection[str]) -> MarketData:
    """`market_data` with a column for each of `symbols`: without a bar, trading, in no index where it had none."""
    names = tuple(sorted({*market_data.bars.symbols, *symbols}))
    place = np.searchsorted(np.array(names, dtype=object), np.array(market_data.bars.symbols, dtype=object))

    def wide(values: NDArray[Any], empty: object) -> NDArray[Any]:
        out = np.full((*values.shape[:-1], len(names)), empty, dtype=values.dtype)
        out[..., place] = values
        return out

    acts = market_data.actions
    sectors = dict(zip(market_data.bars.symbols, market_data.sectors, strict=True)) if market_data.sectors is not None else {}
    return replace(
        market_data,
        bars=Bars(market_data.bars.sessions, names, **{name: wide(getattr(market_data.bars, name), np.nan) for name in FIELDS}),
        actions=Actions(acts.row, place[acts.name].astype(acts.name.dtype), acts.kind, acts.value),
        last=wide(market_data.last, -1),
        ending=wide(market_data.ending, TRADING),
        members=None if market_data.members is None else wide(market_data.members, False),
        sectors=None if market_data.sectors is None else tuple(sectors.get(name, "") for name in names),
    )


def silent(market_data: MarketData, stored: Mapping[str, np.datetime64], until: np.datetime64 | None = None) -> NDArray[np.bool_]:
    """True, (N,), where a name has had no bar for `SILENT` sessions up to the end of the market data, or `until`; `stored` is the day of
    its last bar before them.
    """
    days = market_data.bars.sessions
    end = days[-1] if until is None else until
    lasts = np.array([stored.get(symbol, days[0] - 1) for symbol in market_data.bars.symbols], dtype="datetime64[D]")
    lasts = np.where(market_data.last >= 0, np.maximum(lasts, days[market_data.last]), lasts)
    calendar = exchange_days(lasts.min(), end)
    calendar = calendar[(calendar < days[0]) | (calendar > days[-1]) | np.isin(calendar, days)]  # an unannounced closure is no session
    return np.asarray(np.searchsorted(calendar, end, "right") - np.searchsorted(calendar, lasts, "right") >= SILENT)
