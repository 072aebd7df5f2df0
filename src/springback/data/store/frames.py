"""MarketData <-> the long tables of the store."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.store.pack import ORDER
from springback.data.store.rows import StoreRows, rows_of
from springback.errors import StoreError
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.bars import FIELDS, Bars, Dates
from springback.market.market_data import BANKRUPT, DELISTED, END_OF_DATA, TRADING, Delisting, MarketData
from springback.market.membership import Membership

ENDINGS = {"trading": TRADING, "delisted": DELISTED, "end_of_data": END_OF_DATA, "bankrupt": BANKRUPT}
ENDING_NAMES = {code: name for name, code in ENDINGS.items()}
DERIVED = ("first", "last")
"""Columns of the securities that the bars say already: a new bar changes them and restates nothing."""
OPTIONAL = ("members", "benchmark", "risk_free", "sectors")
"""What market data may not have."""


@dataclass(frozen=True, eq=False)
class Tables:
    """Market data as long tables.

    `years` calendar year -> bars; `frames` the small tables by name, rows in their `ORDER`; `has` those of OPTIONAL that the market data
    has: the column or table of another is empty."""

    years: dict[int, StoreRows]
    frames: dict[str, pd.DataFrame]
    has: frozenset[str]


def tables_of(market_data: MarketData) -> Tables:
    """The long tables of market data; a name without any bar is left out."""
    market_data = _with_bars(market_data)
    bars = market_data.bars
    number = years_of(bars.sessions)
    edges = [(int(year), np.flatnonzero(number == year)) for year in np.unique(number)]
    years = {year: rows_of(bars, int(rows[0]), int(rows[-1]) + 1) for year, rows in edges}
    return Tables(years, frames_of(market_data), has_of(market_data))


def years_of(sessions: Dates) -> NDArray[np.int64]:
    """The calendar year of each of `sessions` (T,), (T,)."""
    return np.asarray(sessions.astype("datetime64[Y]").astype(np.int64) + 1970)


def has_of(market_data: MarketData) -> frozenset[str]:
    """Those of OPTIONAL that the market data has."""
    return frozenset(name for name in OPTIONAL if getattr(market_data, name) is not None)


def frames_of(market_data: MarketData) -> dict[str, pd.DataFrame]:
    """The small tables of market data whose names all have a bar."""
    bars, symbols = market_data.bars, np.array(market_data.bars.symbols, dtype=object)
    days = bars.sessions.astype("datetime64[s]")
    listed = ~np.isnan(bars.close)
    unknown = np.full(len(days), np.nan)
    series = {name: unknown if (one := getattr(market_data, name)) is None else one for name in ("benchmark", "risk_free")}
    securities = {
        "symbol": symbols,
        "first": days[np.argmax(listed, axis=0)] if len(symbols) else days[:0],
        "last": days[len(days) - 1 - np.argmax(listed[::-1], axis=0)] if len(symbols) else days[:0],
        "ending": np.array([ENDING_NAMES[int(code)] for code in market_data.ending], dtype=object),
        "sector": np.array(market_data.sectors if market_data.sectors is not None else [None] * len(symbols), dtype=object),
    }
    place = _places(market_data.actions.row)
    out = {"sessions": pd.DataFrame({"date": days, "vix": market_data.vix, **series}), "securities": pd.DataFrame(securities)}
    for name, kind, value in (("splits", SPLIT, "old_shares_per_new"), ("dividends", DIVIDEND, "dollars")):
        k = np.flatnonzero(market_data.actions.kind == kind)
        data = {
            "date": days[market_data.actions.row[k]],
            "symbol": symbols[market_data.actions.name[k]],
            value: market_data.actions.value[k],
        }
        out[name] = pd.DataFrame(data | {"place": place[k]})
    names = set(bars.symbols)
    ends = [(one.symbol, one.day.astype("datetime64[s]"), one.reason, one.value) for one in market_data.delistings if one.symbol in names]
    out["delistings"] = delistings_frame(ends)
    panel = market_data.members if market_data.members is not None else np.zeros((len(days), 0), dtype=bool)
    out["members"] = intervals(panel, days, symbols)
    return {name: in_order(name, frame) for name, frame in out.items()}


def delistings_frame(rows: Sequence[tuple[str, np.datetime64, str, float]]) -> pd.DataFrame:
    """The table of what is known of delistings."""
    symbols, days, reasons, values = zip(*rows, strict=True) if rows else ((), (), (), ())
    texts = {name: np.array(column, dtype=object) for name, column in (("symbol", symbols), ("reason", reasons))}
    told = {"symbol": texts["symbol"], "date": np.array(days, dtype="datetime64[s]"), "reason": texts["reason"]}
    return pd.DataFrame(told | {"value": np.array(values, dtype=np.float64)})


def delistings(frame: pd.DataFrame, symbols: Collection[str]) -> tuple[Delisting, ...]:
    """The stored ones of `symbols`."""
    days = frame["date"].to_numpy().astype("datetime64[D]")
    rows, wanted = zip(frame["symbol"], days, frame["reason"], frame["value"], strict=True), set(symbols)
    return tuple(Delisting(str(symbol), day, str(why or ""), float(value)) for symbol, day, why, value in rows if symbol in wanted)


def in_order(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of their keys."""
    return frame.sort_values(ORDER[name], kind="stable", ignore_index=True)


def values_of(frame: pd.DataFrame) -> list[str]:
    """The columns that say something of their own."""
    return [name for name in frame.columns if name not in ("known_at", "superseded_at", *DERIVED)]


def settle(before: pd.DataFrame, after: pd.DataFrame, at: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`after` with the time each row was first learned as it stands, and the rows of `before` that are no more."""
    columns = values_of(after)
    if len(before) == 0:
        return after.assign(known_at=np.int64(at)), before
    known = after[columns].merge(before[[*columns, "known_at"]], how="left", on=columns)["known_at"]
    left = before[columns].merge(after[columns].assign(stays=True), how="left", on=columns)["stays"].isna().to_numpy()
    return after.assign(known_at=known.fillna(0).where(known.notna(), at).astype(np.int64).to_numpy()), before[left]


def actions(bars: Bars, splits: pd.DataFrame, dividends: pd.DataFrame) -> Actions:
    """The stored corporate actions on the panel `bars`, in their stored order."""
    first, last = bars.sessions[0], bars.sessions[-1]
    splits, dividends = (one[((one["date"] >= first) & (one["date"] <= last)).to_numpy()] for one in (splits, dividends))
    dates = np.concatenate([splits["date"].to_numpy(), dividends["date"].to_numpy()]).astype("datetime64[D]")
    symbols = [*splits["symbol"], *dividends["symbol"]]
    kinds = ["split"] * len(splits) + ["dividend"] * len(dividends)
    values = [*splits["old_shares_per_new"], *dividends["dollars"]]
    order = np.lexsort((np.concatenate([splits["place"], dividends["place"]]), dates))
    return Actions.align(bars, dates[order], [symbols[k] for k in order], [kinds[k] for k in order], [values[k] for k in order])


def members(sessions: Dates, symbols: tuple[str, ...], frame: pd.DataFrame) -> NDArray[np.bool_]:
    """The stored membership intervals as a panel (T, N)."""
    return membership(frame).panel(sessions, symbols)


def membership(frame: pd.DataFrame) -> Membership:
    """The stored membership intervals."""
    starts, ends = (frame[name].to_numpy().astype("datetime64[D]") for name in ("start", "end"))
    return Membership(tuple(frame["symbol"]), starts, ends)


def intervals(panel: NDArray[np.bool_], days: NDArray[np.datetime64], symbols: NDArray[np.object_]) -> pd.DataFrame:
    """Runs of True in each column of `panel` (T, N) as symbol, start, end (exclusive, NaT when it reaches the last session)."""
    runs = Membership.of(panel, days, symbols.tolist())
    return pd.DataFrame({"symbol": np.array(runs.symbols, dtype=object), "start": runs.starts, "end": runs.ends})


def endings(securities: pd.DataFrame) -> NDArray[np.int8]:
    """Codes of the column `ending`, (N,). Raises `StoreError` on an unknown one."""
    unknown = set(securities["ending"]) - set(ENDINGS)
    if unknown:
        raise StoreError(f"securities of the store have an unknown ending '{sorted(unknown)[0]}': run 'springback fetch' again")
    return securities["ending"].map(ENDINGS).to_numpy().astype(np.int8)


def _places(row: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 ... within each session, for rows in their order of effect."""
    first = np.searchsorted(row, row, side="left")
    return np.asarray(np.arange(len(row)) - first, dtype=np.int64)


def _with_bars(market_data: MarketData) -> MarketData:
    listed = ~np.isnan(market_data.bars.close).all(axis=0)
    if listed.all():
        return market_data
    bars, acts, column = market_data.bars, market_data.actions, np.cumsum(listed) - 1
    kept = listed[acts.name] if len(acts.name) else np.zeros(0, dtype=bool)
    names = tuple(symbol for symbol, has in zip(bars.symbols, listed, strict=True) if has)
    return replace(
        market_data,
        bars=Bars(bars.sessions, names, **{name: getattr(bars, name)[:, listed] for name in FIELDS}),
        actions=Actions(acts.row[kept], column[acts.name[kept]], acts.kind[kept], acts.value[kept]),
        last=market_data.last[listed],
        ending=market_data.ending[listed],
        members=None if market_data.members is None else market_data.members[:, listed],
        sectors=None if market_data.sectors is None else tuple(one for one, has in zip(market_data.sectors, listed, strict=True) if has),
    )
