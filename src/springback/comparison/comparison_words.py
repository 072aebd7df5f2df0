"""What a comparison says: the verdict in one line, what differs, and one object for `--json`."""

from typing import Any

import numpy as np

from springback.comparison.compare import Comparison
from springback.comparison.comparison_statistics import Row, Statistics
from springback.comparison.sides import Side

STATE_WORDS = {"bear": "Regime", "n_long": "Long positions", "n_short": "Short positions"}
MANY = 20


def headline(comparison: Comparison) -> str:
    """The first line: equal or not, and how much was looked at."""
    return f"{'EQUAL' if comparison.equal else 'NOT EQUAL'}: {lead(comparison)}"


def lead(comparison: Comparison) -> str:
    """How much was looked at, or what differs."""
    if comparison.equal:
        a, days = comparison.a, comparison.days
        return f"{_count(len(a.orders), 'order')}, {_count(len(a.fills), 'fill')} and {_count(len(days), 'session')} agree."
    return f"{', '.join(_parts(comparison))} differ."


def _parts(comparison: Comparison) -> list[str]:
    said = {
        "orders": comparison.orders.first is not None,
        "fills": not comparison.fills.empty,
        "equity": not comparison.off("equity").empty,
        "cash": not comparison.off("cash").empty,
        "regime": not comparison.off("bear").empty,
        "positions": not (comparison.off("n_long").empty and comparison.off("n_short").empty),
        "sessions": not comparison.absent.empty,
    }
    return [name for name, differs in said.items() if differs]


def differences(comparison: Comparison) -> list[str]:
    """One line for each kind of difference, the first cause first."""
    said = [*_orders(comparison), *_fills(comparison)]
    for column in ("equity", "cash"):
        off = comparison.off(column)
        if len(off):
            worst = off.iloc[int(off[column].abs().to_numpy().argmax())]
            said.append(
                f"{column.capitalize()}: {_differ(len(off), 'session', len(comparison.days))}, the first {_day(off.iloc[0])}; "
                f"the largest difference is {_money(worst[column])} on {_day(worst)}."
            )
    for column, word in STATE_WORDS.items():
        off = comparison.off(column)
        if len(off):
            row = off.iloc[0]
            sides = [_state(column, row[f"{column}_{side}"]) for side in "ab"]
            said.append(f"{word}: {_differ(len(off), 'session')}, the first {_day(row)}: A {sides[0]}, B {sides[1]}.")
    if len(comparison.absent):
        row = comparison.absent.iloc[0]
        said.append(
            f"Sessions: {_count(len(comparison.absent), 'session')} only one run has, the first {_day(row)}, missing in {row['missing']}."
        )
    return said


def _orders(comparison: Comparison) -> list[str]:
    first = comparison.orders.first
    if first is None:
        return []
    lines = [
        f"Orders: the first that differs is order {first.place:,}, session {first.session}. A: {first.a or 'none'}. B: {first.b or 'none'}."
    ]
    if comparison.orders.moved:
        lines.append("Orders: both runs send the same orders, in another sequence.")
    else:
        lines.append(f"Orders: {len(comparison.orders.only_a):,} only in A, {len(comparison.orders.only_b):,} only in B.")
    return lines


def _fills(comparison: Comparison) -> list[str]:
    if comparison.fills.empty:
        return []
    row = comparison.fills.iloc[0]
    lines = [f"Fills: {_differ(len(comparison.fills), 'fill')}, the first {_day(row, 'session')} {row['symbol']}: {fill_text(row)}."]
    for name in ("price", "fee"):
        apart = (comparison.fills[f"{name}_b"] - comparison.fills[f"{name}_a"]).abs()
        if len(comparison.fills) > 1 and apart.max() > comparison.tolerance.fill:
            worst = comparison.fills.iloc[int(np.nanargmax(apart))]
            lines.append(f"Fills: the largest difference of a {name} is {_money(apart.max())}, {worst['symbol']} {_day(worst, 'session')}.")
    return lines


def fill_text(row: Any) -> str:
    """What differs at a fill."""
    alone = [side for side, other in (("a", "b"), ("b", "a")) if np.isnan(row[f"quantity_{other}"])]
    if alone:
        side = alone[0]
        quantity = row[f"quantity_{side}"]
        turn = f"{'buy' if quantity > 0 else 'sell'} {abs(quantity):,.10g}"
        return f"{row['what']}: {turn} at {row[f'price_{side}']:.10g}, {row[f'reason_{side}']}"
    names = row["what"].split(" and ")
    return ", ".join(f"{name} A {_value(row[f'{name}_a'])}, B {_value(row[f'{name}_b'])}" for name in names)


def counts(comparison: Comparison) -> list[tuple[str, str, str, str, bool]]:
    """(what, A, B, B less A, whether it differs beyond the tolerance) of the plain totals."""
    a, b = comparison.a, comparison.b
    fees = [float(one.fills["fee"].sum()) for one in (a, b)]
    last = [float(comparison.days[f"equity_{side}"].iloc[-1]) for side in "ab"]
    bear = [int((comparison.days[f"bear_{side}"] == 1).sum()) for side in "ab"]
    whole = [
        ("Orders", len(a.orders), len(b.orders)),
        ("Fills", len(a.fills), len(b.fills)),
        ("Sessions", len(a.daily), len(b.daily)),
        ("Bear sessions, of the common ones", bear[0], bear[1]),
    ]
    rows = [(name, f"{one:,}", f"{other:,}", f"{other - one:+,}".replace("-", "\u2212"), other != one) for name, one, other in whole]
    rows = [(name, one, other, apart if differs else "0", differs) for name, one, other, apart, differs in rows]
    allowed = (comparison.tolerance.fill * max(1, len(a.fills)), float(comparison.days["allowed"].iloc[-1]))
    for (name, (one, other)), most in zip((("Total fees", fees), ("Equity, last common session", last)), allowed, strict=True):
        apart = other - one
        rows.append((name, f"${one:,.2f}", f"${other:,.2f}", money_apart(apart, most), abs(apart) > most))
    return rows


def largest(comparison: Comparison, column: str) -> tuple[float, str] | None:
    """The largest absolute difference of a day's equity or cash and its date; None where it is not known on any day."""
    apart = comparison.days[column].abs()
    if not apart.notna().any():
        return None
    at = int(np.nanargmax(apart))
    return float(apart.iloc[at]), _day(comparison.days.iloc[at])


def as_json(comparison: Comparison, figures: Statistics) -> dict[str, Any]:
    """One object of plain values."""
    return {
        "equal": comparison.equal,
        "headline": headline(comparison),
        "a": _side(comparison.a),
        "b": _side(comparison.b),
        "tolerance": {"fill": comparison.tolerance.fill, "equity": comparison.tolerance.equity},
        "differences": differences(comparison),
        "notes": list(comparison.notes),
        "orders": _orders_json(comparison),
        "fills": {
            "differing": len(comparison.fills),
            "shown": [
                {"session": _day(row, "session"), "symbol": row["symbol"], "what": fill_text(row)}
                for _, row in comparison.fills.head(MANY).iterrows()
            ],
        },
        "days": _days_json(comparison),
        "statistics": {name: [_row(one) for one in getattr(figures, name)] for name in ("trading", "lean", "itself")},
    }


def _orders_json(comparison: Comparison) -> dict[str, Any]:
    first = comparison.orders.first
    place = None if first is None else {"place": first.place, "session": first.session, "a": first.a or None, "b": first.b or None}
    return {"first": place, "only_a": len(comparison.orders.only_a), "only_b": len(comparison.orders.only_b)}


def _days_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "compared": len(comparison.days),
        "differing": {name: len(comparison.off(name)) for name in ("equity", "cash", *STATE_WORDS)},
        "largest": {name: _largest(comparison, name) for name in ("equity", "cash")},
        "absent": [{"date": _day(row), "missing": row["missing"]} for _, row in comparison.absent.head(MANY).iterrows()],
    }


def _side(side: Side) -> dict[str, Any]:
    fees = float(side.fills["fee"].sum())
    return {"run": side.name, "profile": side.profile, "orders": len(side.orders), "fills": len(side.fills), "fees": fees}


def _largest(comparison: Comparison, column: str) -> dict[str, Any] | None:
    worst = largest(comparison, column)
    return None if worst is None else {"dollars": worst[0], "date": worst[1]}


def _row(row: Row) -> dict[str, Any]:
    return {"name": row.name, "a": row.a, "b": row.b, "difference": row.difference, "differs": row.differs}


def money_apart(value: float, allowed: float = 0.0) -> str:
    """A difference of dollars: to the cent, or as small as it is; 0 within what is allowed."""
    if abs(value) <= allowed:
        return "0"
    sign = "+" if value > 0 else "\u2212"
    return f"{sign}${abs(value):,.2f}" if abs(value) >= 0.005 else f"{sign}${abs(value):.1e}"


def _money(value: float) -> str:
    return f"${abs(value):,.2f}" if abs(value) >= 0.005 else f"${abs(value):.1e}"


def day_text(row: Any, column: str) -> str:
    """One cell of a session: a difference in dollars, or the state of A and B."""
    if column in ("equity", "cash"):
        return "–" if np.isnan(row[column]) else money_apart(row[column], row["allowed"])
    sides = [row[f"{column}_{side}"] for side in "ab"]
    return " / ".join("unknown" if np.isnan(one) else _state(column, one) for one in sides)


def _value(value: Any) -> str:
    return str(value) if isinstance(value, str) else f"{value:,.10g}"


def _state(column: str, value: float) -> str:
    return ("bear" if value == 1 else "normal") if column == "bear" else f"{value:,.0f}"


def _day(row: Any, column: str = "date") -> str:
    return f"{row[column]:%Y-%m-%d}"


def _differ(count: int, word: str, among: int | None = None) -> str:
    """`1 session of 1,005 differs`."""
    return f"{_count(count, word)}{'' if among is None else f' of {among:,}'} differ{'s' if count == 1 else ''}"


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
