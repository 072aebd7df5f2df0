"""Two runs side by side: orders in their order, fills by session and name, the account by day. Pure: tables in, findings out.

Sessions are compared, not times of day: LEAN stamps what daily bars fill with the close (13:00 on half days), the backtest with the open;
both close what was delisted at the midnight after.
"""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import pandas as pd

from springback.comparison.sides import Side
from springback.errors import InputError

AROUND = 5
CHART_CENTS = 1e-4
"""Dollars: LEAN rounds its equity chart to 4 decimals; a day that comes from there is compared no finer."""
STATE = ("n_long", "n_short", "bear")
Cell = tuple[str, str] | None


@dataclass(frozen=True)
class Tolerance:
    """Dollars by which a price or fee, and a day's equity or cash, may differ."""

    fill: float = 1e-9
    equity: float = 1e-6

    def __post_init__(self) -> None:
        for name, value in (("--fill-tolerance", self.fill), ("--equity-tolerance", self.equity)):
            if not value >= 0:
                raise InputError(f"{name} must be 0 or more dollars, was {value:g}", value=value)


@dataclass(frozen=True)
class Pair:
    """The orders of both runs that belong side by side, as text, and their places counted from 1; empty and None where one run has
    none. `same`: they agree."""

    a: str
    b: str
    place_a: int | None
    place_b: int | None
    session: str
    same: bool

    @property
    def place(self) -> int:
        """The place in A, or in B where A has none."""
        return self.place_a or self.place_b or 0


@dataclass(frozen=True, eq=False)
class Orders:
    """`first` the first place at which the runs differ, None where they do not; `context` the places around it; `only_a`, `only_b`
    orders that the other run does not have at all; `moved`: the same orders in another sequence; `renumbered`: only their numbers
    differ."""

    first: Pair | None
    context: tuple[Pair, ...]
    only_a: pd.DataFrame
    only_b: pd.DataFrame
    moved: bool
    renumbered: bool


@dataclass(frozen=True, eq=False)
class Comparison:
    """`fills` one row a fill that differs: session, symbol, what, and quantity, price, fee and reason of A and B (NaN where there is none).
    `days` one row a common session: date, equity_a, equity_b, equity, cash (B less A), allowed (dollars), and n_long, n_short, bear, vix
    of both. `absent` sessions that only one run has (date, missing: A or B), the last session of one run not counted.
    """

    a: Side
    b: Side
    tolerance: Tolerance
    orders: Orders
    fills: pd.DataFrame
    days: pd.DataFrame
    absent: pd.DataFrame
    notes: tuple[str, ...]

    def off(self, column: str) -> pd.DataFrame:
        """The common days on which `column` differs beyond its tolerance; a day on which a run does not know it is not one."""
        if column in ("equity", "cash"):
            return self.days[self.days[column].abs() > self.days["allowed"]]
        one, other = self.days[f"{column}_a"], self.days[f"{column}_b"]
        return self.days[(one != other) & one.notna() & other.notna()]

    @property
    def equal(self) -> bool:
        """Whether nothing differs beyond the tolerances."""
        days = ("equity", "cash", *STATE)
        return self.orders.first is None and self.fills.empty and self.absent.empty and all(self.off(one).empty for one in days)


def compare(a: Side, b: Side, tolerance: Tolerance) -> Comparison:
    """Lays run `b` beside run `a`. Raises `InputError` where they have no session in common."""
    days = _days(a, b, tolerance)
    absent, notes = _absent(a, b)
    return Comparison(a, b, tolerance, _orders(a, b), _fills(a, b, tolerance), days, absent, (*notes, *_notes(a, b, days)))


def _orders(a: Side, b: Side) -> Orders:
    keys_a, keys_b = _keys(a.orders), _keys(b.orders)
    count = min(len(keys_a), len(keys_b))
    first = next((k for k in range(count) if keys_a[k] != keys_b[k]), count)
    ids = a.orders["order_id"].tolist() != b.orders["order_id"].tolist()
    if first == len(keys_a) == len(keys_b):
        return Orders(None, (), a.orders.iloc[:0], b.orders.iloc[:0], False, ids)
    only_a, only_b = _only(a.orders, keys_a, keys_b), _only(b.orders, keys_b, keys_a)
    context = _context(a.orders, b.orders, keys_a, keys_b, first)
    pair = next(one for one in context if not one.same)
    return Orders(pair, context, only_a, only_b, not len(only_a) and not len(only_b), False)


def _keys(orders: pd.DataFrame) -> list[tuple[str, str, float, str]]:
    """What makes an order: session, name, quantity, reason; the level of a resting stop as a number, not as it was written."""
    days = orders["decided"].dt.strftime("%Y-%m-%d")
    return [
        (day, str(symbol), float(quantity), _reason(str(reason)))
        for day, symbol, quantity, reason in zip(days, orders["symbol"], orders["quantity"], orders["reason"], strict=True)
    ]


def _reason(text: str) -> str:
    word, at, level = text.partition("@")
    try:
        return f"{word}@{float(level)}" if at else text
    except ValueError:
        return text


def _only(orders: pd.DataFrame, keys: list[tuple[str, str, float, str]], others: list[tuple[str, str, float, str]]) -> pd.DataFrame:
    left: dict[tuple[str, str, float, str], int] = {}
    for key in others:
        left[key] = left.get(key, 0) + 1
    kept = []
    for key in keys:
        left[key] = left.get(key, 0) - 1
        kept.append(left[key] < 0)
    return orders[np.array(kept, dtype=np.bool_)]


def _context(
    a: pd.DataFrame, b: pd.DataFrame, keys_a: list[tuple[str, str, float, str]], keys_b: list[tuple[str, str, float, str]], first: int
) -> tuple[Pair, ...]:
    """The orders from 5 before the first difference to 5 after it, those that agree on one line."""
    start, end = max(0, first - AROUND), first + 4 * AROUND
    near_a, near_b = keys_a[start:end], keys_b[start:end]
    pairs = []
    for _, i, i_end, j, j_end in SequenceMatcher(None, near_a, near_b, autojunk=False).get_opcodes():
        for k in range(max(i_end - i, j_end - j)):
            at_a, at_b = start + i + k, start + j + k
            one = near_a[i + k] if i + k < i_end else None
            other = near_b[j + k] if j + k < j_end else None
            session = one[0] if one else other[0] if other else ""
            texts = (order_text(a.iloc[at_a]) if one else "", order_text(b.iloc[at_b]) if other else "")
            pairs.append(Pair(*texts, at_a + 1 if one else None, at_b + 1 if other else None, session, one == other))
    at = next(k for k, pair in enumerate(pairs) if not pair.same)
    return tuple(pairs[: at + AROUND + 1])


def order_text(row: Any) -> str:
    """`buy 2,227 STWD, entry`."""
    return f"{turn_text(row)}, {row['reason']}"


def turn_text(row: Any) -> str:
    """`buy 2,227 STWD`."""
    quantity = float(str(row["quantity"]))
    return f"{'buy' if quantity > 0 else 'sell'} {abs(quantity):,.10g} {row['symbol']}"


def _fills(a: Side, b: Side, tolerance: Tolerance) -> pd.DataFrame:
    """Matched by session, name and side: numbers of orders shift when one is missing."""
    joined = _keyed(a.fills).merge(_keyed(b.fills), on=["session", "symbol", "side", "turn"], how="outer", suffixes=("_a", "_b"), sort=True)
    apart = {name: (joined[f"{name}_a"] - joined[f"{name}_b"]).abs() for name in ("quantity", "price", "fee")}
    alone = joined["quantity_a"].isna() | joined["quantity_b"].isna()
    differs = {
        "quantity": apart["quantity"] > 0,
        "price": apart["price"] > tolerance.fill,
        "fee": apart["fee"] > tolerance.fill,
        "reason": (joined["reason_a"] != joined["reason_b"]) & ~alone,
    }
    what = [" and ".join(name for name in differs if differs[name].iloc[k]) for k in range(len(joined))]
    joined["what"] = np.where(joined["quantity_a"].isna(), "only in B", np.where(joined["quantity_b"].isna(), "only in A", what))
    return joined[joined["what"] != ""].reset_index(drop=True)


def _keyed(fills: pd.DataFrame) -> pd.DataFrame:
    kept = fills[["session", "symbol", "quantity", "price", "fee", "reason"]].assign(side=np.sign(fills["quantity"]))
    return kept.assign(turn=kept.groupby(["session", "symbol", "side"]).cumcount())


def _days(a: Side, b: Side, tolerance: Tolerance) -> pd.DataFrame:
    joined = a.daily.merge(b.daily, on="date", suffixes=("_a", "_b"))
    if joined.empty:
        spans = [f"{one.daily['date'].iloc[0]:%Y-%m-%d} to {one.daily['date'].iloc[-1]:%Y-%m-%d}" for one in (a, b)]
        raise InputError(f"the runs have no session in common: {a.name} is {spans[0]}, {b.name} is {spans[1]}")
    charted = joined["date"].isin(_charted(a)) | joined["date"].isin(_charted(b))
    columns: dict[str, Any] = {"date": joined["date"], "equity_a": joined["equity_a"], "equity_b": joined["equity_b"]}
    columns |= {name: joined[f"{name}_b"] - joined[f"{name}_a"] for name in ("equity", "cash")}
    columns |= {"allowed": np.where(charted, max(tolerance.equity, CHART_CENTS), tolerance.equity), "charted": charted}
    columns |= {f"{name}_{side}": joined[f"{name}_{side}"] for name in (*STATE, "vix") for side in "ab"}
    return pd.DataFrame(columns)


def _charted(side: Side) -> list[pd.Timestamp]:
    """Days whose equity comes from LEAN's chart."""
    return list(side.daily.loc[side.daily["from_chart"] == 1, "date"]) if "from_chart" in side.daily else []


def _absent(a: Side, b: Side) -> tuple[pd.DataFrame, list[str]]:
    """Sessions of one run alone; LEAN writes no row for the last session, which takes no decision."""
    days_a, days_b = (pd.DatetimeIndex(one.daily["date"]) for one in (a, b))
    rows, notes = [], []
    for missing, have, lack in (("A", days_b, days_a), ("B", days_a, days_b)):
        gone = have.difference(lack)
        if len(gone) == 1 and gone[0] == have[-1]:
            notes.append(
                f"{missing} has no row for the last session, {gone[0]:%Y-%m-%d}, which takes no decision: the others are compared."
            )
        else:
            rows += [(day, missing) for day in gone]
    return pd.DataFrame(sorted(rows), columns=["date", "missing"]), notes


def _notes(a: Side, b: Side, days: pd.DataFrame) -> list[str]:
    notes = []
    hours = [set(one.fills["time"].dt.strftime("%H:%M")) for one in (a, b)]
    if hours[0] != hours[1]:
        notes.append(
            "Sessions are compared, not times of day: LEAN stamps what daily bars fill with the close, the backtest with the open."
        )
    unknown = int(days["cash"].isna().sum())
    if unknown:
        notes.append(f"Cash of {unknown:,} session{'s is' if unknown > 1 else ' is'} not known to one of the runs and not compared.")
    regime = int((days["bear_a"].isna() | days["bear_b"].isna()).sum())
    if regime:
        notes.append(f"The regime of {regime:,} session{'s is' if regime > 1 else ' is'} not known to one of the runs and not compared.")
    if days["charted"].any():
        many = int(days["charted"].sum())
        notes.append(
            f"Equity of {many:,} session{'s is' if many > 1 else ' is'} known from LEAN's chart only, to 4 decimals, and compared as such."
        )
    if a.cash != b.cash:
        notes.append(f"They start with different cash: A ${a.cash:,.2f}, B ${b.cash:,.2f}.")
    return notes
