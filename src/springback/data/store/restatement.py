"""What a vendor says differently of the past: found by laying what is new over what is stored, told with counts and examples.

New rows are no restatement: a session after the last or before the first, a name nobody had with all its past, VIX where there was none,
a name that ends. Restated is, of a stored name, a bar that changed, vanished or turned up before its last one, a split or dividend of the
stored sessions that changed, vanished or turned up, an ending or a sector that is another; and a changed VIX close, benchmark or rate (not
one that was only carried on to the newest sessions), and a changed membership of the stored sessions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from springback.data.store.frames import ENDING_NAMES, Tables, tables_of
from springback.data.store.rows import Pairs, StoreRows, pairs
from springback.market.bars import FIELDS
from springback.market.market_data import TRADING, MarketData

EXAMPLES, EVERY = 5, 1 << 40
DELISTING = ["symbol", "date", "reason", "value"]
KINDS = {
    "bar": "{n} bars changed",
    "bar gone": "{n} bars vanished",
    "bar late": "{n} bars turned up in the past",
    "split": "{n} changes of the split history",
    "dividend": "{n} changes of past dividends",
    "series": "{n} values of VIX, benchmark or rate changed",
    "member": "{n} changes of past membership",
    "ending": "{n} names end otherwise than they did",
    "sector": "{n} names changed their sector",
}


@dataclass(frozen=True)
class Change:
    """One number that is another now; `before` None where there was nothing, `after` None where nothing is left."""

    kind: str
    symbol: str
    date: str
    field: str
    before: float | str | None
    after: float | str | None

    def __str__(self) -> str:
        before, after = ("none" if one is None else f"{one:g}" if isinstance(one, float) else one for one in (self.before, self.after))
        return f"{f'{self.symbol} ' if self.symbol else ''}{self.date} {self.field} {before} -> {after}"


@dataclass(frozen=True)
class Restatement:
    """Kinds of change with their counts, how many names they touch, and the first few of each kind. False when nothing was restated.

    Where all were asked for, `examples` are every change, of a bar each field of it.
    """

    counts: dict[str, int]
    names: int
    examples: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __str__(self) -> str:
        if not self.counts:
            return "nothing of the past changed"
        told = ", ".join(KINDS[kind].format(n=f"{self.counts[kind]:,}") for kind in KINDS if kind in self.counts)
        return f"{told}, in {self.names:,} names (such as {self.examples[0]})"


NOTHING = Restatement({}, 0, ())


def restatement(before: MarketData, after: MarketData) -> Restatement:
    """What `after` says differently of what `before` said."""
    return compare(tables_of(before), tables_of(after))


def compare(before: Tables, after: Tables, most: int = EXAMPLES) -> Restatement:
    """The same for long tables, with `most` examples of each kind; years that are in neither, or are one and the same object, are not
    looked at.
    """
    counts: Counter[str] = Counter()
    names: set[str] = set()
    examples: list[Change] = []
    securities = before.frames["securities"]
    ends = dict(zip(securities["symbol"], securities["last"].to_numpy().astype("datetime64[D]").astype(np.int64), strict=True))
    days = before.frames["sessions"]["date"]
    for year in sorted(before.years):
        old, new = before.years[year], after.years.get(year)
        if old is not new:
            found = pairs(old, new) if new is not None else None
            _bars(old, new, found, most, counts, names, examples)
            if new is not None and found is not None and len(days):
                begun = int(days.min().to_datetime64().astype("datetime64[D]").astype(np.int64))
                _late(new, found, ends, (begun, most), counts, names, examples)
    last = days.max()
    past = {name: _past(after.frames[name], before.frames[name], ends) for name in ("splits", "dividends")}
    for kind, changes in (
        ("split", _events(before.frames["splits"], past["splits"], "old_shares_per_new", "split", last)),
        ("dividend", _events(before.frames["dividends"], past["dividends"], "dollars", "dividend", last)),
        ("series", _series(before, after)),
        ("member", _members(before, after)),
        ("ending", (*_securities(before, after, "ending"), *_delistings(before, after))),
        ("sector", _securities(before, after, "sector")),
    ):
        told = list(changes)
        if told:
            counts[kind] = len(told)
            names.update(one.symbol for one in told if one.symbol)
            examples += told[:most]
    return Restatement(dict(counts), len(names), tuple(examples))


def _bars(
    old: StoreRows,
    new: StoreRows | None,
    matches: Pairs | None,
    most: int,
    counts: Counter[str],
    names: set[str],
    examples: list[Change],
) -> None:
    gone = np.ones(len(old), dtype=bool)
    if new is not None and matches is not None:
        gone[matches.before] = False
        changed = np.flatnonzero(matches.changed)
        if len(changed):
            counts["bar"] += len(changed)
            names.update(old.symbols[code] for code in np.unique(old.code[matches.before[changed]]))
        for k in changed[: _room("bar", most, examples)]:
            fields = [name for name in FIELDS if matches.differs[name][k]]
            i, j = matches.before[k], matches.after[k]
            examples += [
                Change("bar", *_of(old, i), field, _number(old.values[field][i]), _number(new.values[field][j]))
                for field in (fields if most == EVERY else fields[:1])
            ]
    lost = np.flatnonzero(gone)
    if len(lost):
        counts["bar gone"] += len(lost)
        names.update(old.symbols[code] for code in np.unique(old.code[lost]))
    few = lost[: _room("bar gone", most, examples)]
    examples += [Change("bar gone", *_of(old, i), "close", _number(old.values["close"][i]), None) for i in few]


def _late(
    new: StoreRows,
    matches: Pairs,
    ends: dict[str, int],
    limits: tuple[int, int],
    counts: Counter[str],
    names: set[str],
    examples: list[Change],
) -> None:
    """Bars of stored names that nobody had, on days from the first stored session to before the name's last stored bar; `limits` are that
    session and the most examples.
    """
    first, most = limits
    last = np.array([ends.get(symbol, -(1 << 30)) for symbol in new.symbols], dtype=np.int64)
    fresh = np.ones(len(new), dtype=bool)
    fresh[matches.after] = False
    late = np.flatnonzero(fresh & (new.day >= first) & (new.day < last[new.code])) if len(new) else np.empty(0, np.int64)
    if len(late):
        counts["bar late"] += len(late)
        names.update(new.symbols[code] for code in np.unique(new.code[late]))
    few = late[: _room("bar late", most, examples)]
    examples += [Change("bar late", *_of(new, i), "close", None, _number(new.values["close"][i])) for i in few]


def _past(new: pd.DataFrame, old: pd.DataFrame, ends: Mapping[str, int]) -> pd.DataFrame:
    """The events of stored names up to their last stored bar, and those of days on which they had one before: the others are news."""
    days = new["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    last = new["symbol"].map(ends).fillna(-(1 << 30)).to_numpy()
    stored = pd.MultiIndex.from_frame(new[["date", "symbol"]]).isin(pd.MultiIndex.from_frame(old[["date", "symbol"]]))
    return new[(days <= last) | stored]


def _securities(before: Tables, after: Tables, column: str) -> Iterator[Change]:
    """Stored names without a new bar that end otherwise than they did, or whose sector is another."""
    both = before.frames["securities"].merge(after.frames["securities"], on="symbol", suffixes=("", "_new"))
    if column == "ending":
        odd = both[(both["ending"] != ENDING_NAMES[TRADING]) & (both["ending"] != both["ending_new"]) & (both["last"] == both["last_new"])]
    else:
        has = both["sector"].fillna("").ne("") & both["sector_new"].fillna("").ne("")
        odd = both[has & (both["sector"] != both["sector_new"])]
    for symbol, last, old, new in zip(odd["symbol"], odd["last"], odd[column], odd[f"{column}_new"], strict=True):
        yield Change(column, symbol, str(last)[:10], column, str(old), str(new))


def _delistings(before: Tables, after: Tables) -> Iterator[Change]:
    """What is told otherwise of how names ended that had ended already."""
    securities = before.frames["securities"]
    gone = set(securities["symbol"][securities["ending"] != ENDING_NAMES[TRADING]])
    sides = [
        {
            symbol: (str(day)[:10], why, _number(value))
            for symbol, day, why, value in one.frames["delistings"][DELISTING].itertuples(index=False)
        }
        for one in (before, after)
    ]
    for symbol in sorted(gone & {*sides[0], *sides[1]}):
        old, new = (side.get(symbol) for side in sides)
        if old != new:
            day = (old or new or ("",))[0]
            words = (None if one is None else f"{one[1] or 'reason unknown'} {one[2]}" for one in (old, new))
            yield Change("ending", symbol, day, "delisting", *words)


def _events(old: pd.DataFrame, new: pd.DataFrame, value: str, kind: str, last: pd.Timestamp) -> Iterator[Change]:
    """Events up to the last stored session that only one side has; equal ones of one day are told apart by how many they are."""
    before, after = (one.loc[one["date"] <= last, ["date", "symbol", value]] for one in (old, new))
    every = pd.concat([one.assign(copy=one.groupby(["date", "symbol", value]).cumcount()) for one in (before, after)])
    odd = every[~every.duplicated(keep=False)].set_index(["date", "symbol"]).index.unique()
    sides = [_numbered(one[one.set_index(["date", "symbol"]).index.isin(odd)], value) for one in (before, after)]
    for key in sorted(set(sides[0]) | set(sides[1]), key=str):
        one, other = sides[0].get(key), sides[1].get(key)
        if one != other:
            yield Change(kind, key[1], str(key[0])[:10], kind, one, other)


def _numbered(frame: pd.DataFrame, value: str) -> dict[tuple[pd.Timestamp, str, int], float]:
    ordered = frame.sort_values(["date", "symbol", value])
    number = ordered.groupby(["date", "symbol"]).cumcount()
    return dict(zip(zip(ordered["date"], ordered["symbol"], number, strict=True), ordered[value], strict=True))


def _series(before: Tables, after: Tables) -> Iterator[Change]:
    both = before.frames["sessions"].merge(after.frames["sessions"], on="date", suffixes=("", "_new"))
    for name in ("vix", "benchmark", "risk_free"):
        old, new = both[name].to_numpy(), both[f"{name}_new"].to_numpy()
        told = ~np.isnan(old)
        if name == "risk_free" and told.any():  # published a day late: what is the same up to the end may have been carried on
            told &= np.logical_or.accumulate((told & (old != old[told][-1]))[::-1])[::-1]
        for k in np.flatnonzero(told & ~(old == new)):
            yield Change("series", "", str(both["date"].iloc[k])[:10], name, _number(old[k]), _number(new[k]))


def _members(before: Tables, after: Tables) -> Iterator[Change]:
    if "members" not in before.has:
        return
    last = before.frames["sessions"]["date"].max()
    known = set(before.frames["securities"]["symbol"])
    old, new = (_clipped(one.frames["members"], known, last) for one in (before, after))
    for symbol, start, end in sorted(old ^ new):
        words = f"member until {end}"
        sides: Sequence[str | None] = (words, None) if (symbol, start, end) in old else (None, words)
        yield Change("member", symbol, start, "membership", *sides)


def _clipped(frame: pd.DataFrame, symbols: set[str], last: pd.Timestamp) -> set[tuple[str, str, str]]:
    kept = frame[(frame["start"] <= last) & frame["symbol"].isin(symbols)]
    ends = ["the end" if pd.isna(end) or end > last else str(end)[:10] for end in kept["end"]]
    return set(zip(kept["symbol"], [str(start)[:10] for start in kept["start"]], ends, strict=True))


def _room(kind: str, most: int, examples: Sequence[Change]) -> int:
    """How many examples of `kind` may still be added."""
    return max(0, most - sum(one.kind == kind for one in examples))


def _of(rows: StoreRows, place: np.int64) -> tuple[str, str]:
    return rows.symbols[rows.code[place]], str(np.datetime64(int(rows.day[place]), "D"))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
