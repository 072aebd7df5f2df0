"""New sessions laid over a stored market: what market data says of its names on its days stands, all else stays as it was."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.store import frames
from springback.data.store.frames import ENDING_NAMES, Tables
from springback.data.store.pack import COLUMNS
from springback.data.store.rows import StoreRows, known_since, together
from springback.market.bars import Dates
from springback.market.market_data import TRADING, MarketData


def overlay(old: Tables, market_data: MarketData, all_rows: Callable[[], Iterable[StoreRows]]) -> Tables:
    """`old` with the names of `market_data` replaced on the days from its first to its last session.

    `old.years` holds the years of these days; the same years come back. Sessions and names that `market_data` does not have stay, with a
    value of VIX, benchmark or rate that it does not know. A name ends as it was known to unless `market_data` has a bar of it or says how
    it ends; membership goes on until `market_data` says otherwise. `all_rows` gives every year's bars, asked only when a name's first or
    last bar vanished."""
    made = frames.tables_of(market_data)
    first, last = (int(market_data.bars.sessions[k].astype(np.int64)) for k in (0, -1))
    years = {}
    for year in sorted(set(old.years) | set(made.years)):
        parts = [one for one in (made.years.get(year),) if one is not None]
        if year in old.years:
            stored = old.years[year]
            ours = np.isin(np.array(stored.symbols, dtype=object), np.array(market_data.bars.symbols, dtype=object))
            parts.append(stored.at(~((stored.day >= first) & (stored.day <= last) & ours[stored.code])))
        years[year] = together([known_since(part, 0) for part in parts])
    inside = np.datetime64(first, "D"), np.datetime64(last, "D")
    out = {"sessions": _sessions(old.frames["sessions"], made.frames["sessions"])}
    out["securities"] = _securities(old, made, market_data, years, all_rows)
    left = out["securities"]["symbol"]  # of a name whose last bar vanished nothing is left
    for name in ("splits", "dividends"):
        kept = _outside(old.frames[name], tuple(made.frames["securities"]["symbol"]), *inside)
        out[name] = kept[kept["symbol"].isin(left)]
    out |= _events(out, made.frames, old.frames)
    ends = pd.concat([one[list(COLUMNS["delistings"])] for one in (old.frames["delistings"], made.frames["delistings"])])
    out["delistings"] = ends[ends["symbol"].isin(left)].drop_duplicates("symbol", keep="last")
    members = _members(old, made, market_data, out["sessions"]["date"].to_numpy().astype("datetime64[D]"))
    out["members"] = members[members["symbol"].isin(left)]
    return Tables(years, {name: frames.in_order(name, out[name][list(COLUMNS[name])]) for name in COLUMNS}, old.has | made.has)


def _sessions(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    indexed = [one[list(COLUMNS["sessions"])].set_index("date") for one in (new, old)]
    return indexed[0].combine_first(indexed[1]).reset_index()


def _outside(frame: pd.DataFrame, symbols: tuple[str, ...], first: np.datetime64, last: np.datetime64) -> pd.DataFrame:
    days = frame["date"].to_numpy().astype("datetime64[D]")
    return frame[~((days >= first) & (days <= last) & frame["symbol"].isin(symbols).to_numpy())]


def _events(tables: dict[str, pd.DataFrame], new: dict[str, pd.DataFrame], old: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Splits and dividends with their places within a day: as they were stored, and what was not stored after that."""
    parts = []
    for name in ("splits", "dividends"):
        known = [column for column in COLUMNS[name] if column != "place"]
        numbered = [one.assign(copy=one.groupby(known).cumcount()) for one in (new[name], old[name])]
        stored = numbered[0].merge(numbered[1][[*known, "copy", "place"]], "left", [*known, "copy"], suffixes=("", "_stored"))[
            "place_stored"
        ]
        behind = stored.isna().to_numpy()
        place = np.where(behind, new[name]["place"].to_numpy(), stored.to_numpy(dtype=float))
        parts.append(new[name].assign(table=name, behind=behind, place=place))
        parts.append(tables[name].assign(table=name, behind=False))
    filled = [part for part in parts if len(part)]
    if not filled:
        return {name: new[name] for name in ("splits", "dividends")}
    every = pd.concat(filled).sort_values(["date", "behind", "place"], kind="stable")
    every["place"] = every.groupby("date").cumcount().astype(np.int64)
    every = every.reindex(columns=[*every.columns, *({"old_shares_per_new", "dollars"} - set(every.columns))])
    return {name: every[every["table"] == name][list(COLUMNS[name])] for name in ("splits", "dividends")}


def _securities(
    old: Tables, new: Tables, market_data: MarketData, years: dict[int, StoreRows], all_rows: Callable[[], Iterable[StoreRows]]
) -> pd.DataFrame:
    """The names that have a bar, each with the days of its first and last one."""
    before = old.frames["securities"].set_index("symbol")
    after = new.frames["securities"].set_index("symbol")
    names = before.index.union(after.index).sort_values()
    out = before.reindex(names)[["first", "last", "ending", "sector"]]
    touched = [out[name].dt.year.isin(years).to_numpy() for name in ("first", "last")]
    low, high = _ends(list(years.values()), names)
    stored = [out[name].to_numpy().astype("datetime64[D]").astype(np.float64) for name in ("first", "last")]
    unknown = [np.isnat(out[name].to_numpy()) for name in ("first", "last")]
    first, last = (np.where(at | nat, np.nan, days) for at, nat, days in zip(touched, unknown, stored, strict=True))
    shrunk = (touched[0] & ~(low <= stored[0])) | (touched[1] & ~(high >= stored[1]))
    if shrunk.any():
        untouched = [
            rows for rows in all_rows() if len(rows) and int(frames.years_of(rows.day[:1].astype("datetime64[D]"))[0]) not in years
        ]
        first, last = _ends(untouched, names)
    out["first"], out["last"] = (_days(one) for one in (np.fmin(first, low), np.fmax(last, high)))
    ends = {symbol: ENDING_NAMES[int(code)] for symbol, code in zip(market_data.bars.symbols, market_data.ending, strict=True)}
    said = out.index.map(ends)
    trading = ENDING_NAMES[TRADING]
    newest = out["last"].to_numpy().astype("datetime64[D]") <= market_data.bars.sessions[-1]
    heard = said.notna() & newest & ((said != trading) | out.index.isin(after.index))
    out["ending"] = np.where(heard, said, out["ending"])
    if "sectors" in old.has | new.has:
        out["sector"] = after["sector"].reindex(names).where(lambda one: one.notna(), out["sector"]).fillna("")
    return out[out["last"].notna()].rename_axis("symbol").reset_index()


def _ends(years: Iterable[StoreRows], names: pd.Index) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last day of each name in `years`, NaN where it has no bar; (N,) each."""
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for rows in years:
        at = names.get_indexer(pd.Index(rows.symbols))[rows.code]
        np.minimum.at(low, at, rows.day)
        np.maximum.at(high, at, rows.day)
    return np.where(np.isinf(low), np.nan, low), np.where(np.isinf(high), np.nan, high)


def _days(values: NDArray[np.float64]) -> NDArray[np.datetime64]:
    known = np.where(np.isnan(values), 0, values).astype(np.int64).astype("datetime64[D]").astype("datetime64[s]")
    return np.where(np.isnan(values), np.datetime64("NaT", "s"), known)


def _members(old: Tables, new: Tables, market_data: MarketData, days: Dates) -> pd.DataFrame:
    stored = old.frames["members"]
    if "members" not in new.has or market_data.members is None:
        return stored
    symbols = tuple(sorted({*stored["symbol"], *market_data.bars.symbols}))
    panel = frames.members(days, symbols, stored)
    rows = np.searchsorted(days, market_data.bars.sessions)
    columns = np.searchsorted(np.array(symbols, dtype=object), np.array(market_data.bars.symbols, dtype=object))
    inside = np.arange(rows[0], rows[-1] + 1)
    panel[np.ix_(inside, columns)] = False
    panel[np.ix_(rows, columns)] = market_data.members
    return frames.intervals(panel, days.astype("datetime64[s]"), np.array(symbols, dtype=object))
