"""Every statistic of two runs side by side: by trading days, by LEAN's definitions, and as LEAN itself printed them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from springback.analytics.figures import Figure, shown
from springback.analytics.lean_statistics import DEFINITIONS, FORMATS, lean_statistics, printed
from springback.analytics.performance import BAND_SEED, account_figures
from springback.analytics.report_data import GOLDEN_COLUMNS
from springback.analytics.trades import trade_figures
from springback.comparison.compare import Comparison
from springback.comparison.sides import Side
from springback.lean.round_trips import round_trips

NEGLIGIBLE = 1e-9
"""Relative: what is smaller comes from the order of additions."""


@dataclass(frozen=True)
class Row:
    """One statistic: A, B and B less A as text, the values (None: not defined or no number), and whether they differ."""

    name: str
    a: str
    b: str
    difference: str
    values: tuple[float | None, float | None]
    differs: bool
    definition: str = ""


@dataclass(frozen=True)
class Statistics:
    """`trading` and `lean` over the common sessions of both runs; `itself` as LEAN printed it, over all sessions of each run, beside the
    other run's in the same definitions; empty where neither was LEAN's. `note` on what they were computed with."""

    trading: tuple[Row, ...]
    lean: tuple[Row, ...]
    itself: tuple[Row, ...]
    note: str


def statistics(comparison: Comparison) -> Statistics:
    """Both runs by the same code from the same rates, splits and extra days, so that only the runs can differ."""
    a, b = _alike(comparison.a, comparison.b)
    common = comparison.days["date"]
    regime = comparison.days.loc[comparison.days["bear_a"].notna() & comparison.days["bear_b"].notna(), "date"]
    near = [_within(one, common, regime) for one in (a, b)]
    sides = [_trading(one) for one in near]
    trading = [_figure_row(name, sides[0][name], sides[1][name]) for name in sides[0]]
    leans = [_lean(one) for one in near]
    lean = [_lean_row(name, leans[0][name], leans[1][name]) for name in DEFINITIONS]
    notes = ["Over the sessions both runs have."]
    if a.rates is None:
        notes.append("Without a risk-free rate: none of the runs holds one.")
    bare = [name for name, one in (("A", a), ("B", b)) if one.trades is None or one.printed is not None]
    if bare:
        notes.append(f"Trades of {' and '.join(bare)} are rebuilt from the fills, without dividends.")
    if len(bare) == 1:
        of_trades = {_figure_row(name, one, one).name for name, one in trade_figures(_trades(near[0])).items() if name != "trades"}
        trading = [replace(row, difference="–", differs=False) if row.name in of_trades else row for row in trading]
        notes.append("Each run's figures of trades are its report's own, and not compared.")
    return Statistics(
        tuple(row for row in trading if (row.a, row.b) != ("–", "–")),
        tuple(lean),
        _itself(comparison.a, comparison.b, a, b),
        " ".join(notes),
    )


def _alike(a: Side, b: Side) -> tuple[Side, Side]:
    """What a run does not hold is taken from the other: rates, splits, extra days, the first calendar day."""
    shared: dict[str, Any] = {
        "rates": a.rates if a.rates is not None else b.rates,
        "vix_days": a.vix_days or b.vix_days,
        "start": min(a.start, b.start),
    }
    events = [a.events if a.events is not None else b.events, b.events if b.events is not None else a.events]
    return replace(a, **shared, events=events[0]), replace(b, **shared, events=events[1])


def _within(side: Side, dates: "pd.Series[pd.Timestamp]", regime: "pd.Series[pd.Timestamp]") -> Side:
    """The run on `dates`; its regime only where both runs know it."""
    daily = side.daily[side.daily["date"].isin(dates)].reset_index(drop=True)
    daily["bear"] = daily["bear"].astype("float64").where(daily["date"].isin(regime))
    last = dates.iloc[-1]
    fills, orders = side.fills[side.fills["session"] <= last], side.orders[side.orders["decided"] <= last]
    trades = None if side.trades is None else side.trades[side.trades["exit_date"] <= last]
    return replace(side, daily=daily, fills=fills, orders=orders, trades=trades)


def _trading(side: Side) -> dict[str, Figure]:
    figures = account_figures(side.daily[list(GOLDEN_COLUMNS["daily"])], side.cash, side.rates, None, BAND_SEED)
    fees = Figure(float(side.fills["fee"].sum()), "commissions paid", "dollars")
    return figures | {"total_fees": fees} | trade_figures(_trades(side))


def _trades(side: Side) -> pd.DataFrame:
    """The closed trades as the run's own report counts them; rebuilt from the fills where the run has none."""
    if side.trades is not None:
        return side.trades
    trades = round_trips(side.fills).trades
    days = pd.DatetimeIndex(side.daily["date"])
    held = days.searchsorted(pd.DatetimeIndex(trades["exit_date"])) - days.searchsorted(pd.DatetimeIndex(trades["entry_date"]))
    return trades.assign(sessions=held)


def _lean(side: Side) -> dict[str, float]:
    rates = side.rates
    if rates is not None:
        rates = pd.Series(rates.to_numpy(), index=pd.DatetimeIndex(pd.to_datetime(rates.index))).dropna()
    return lean_statistics(
        side.daily,
        side.fills,
        side.orders,
        start=side.start,
        cash=side.cash,
        rates=rates,
        events=side.events,
        extra_days=side.vix_days,
    )


def _figure_row(name: str, one: Figure, other: Figure) -> Row:
    label = name.replace("_", " ")
    label = label[:1].upper() + label[1:]
    texts = shown(one.value, one.unit), shown(other.value, other.unit)
    if isinstance(one.value, str) or isinstance(other.value, str):
        differs = one.value != other.value
        return Row(label, *texts, "other" if differs else "0", (None, None), differs, one.definition)
    percent = one.unit in ("fraction", "percent2")
    return _row(label, texts, (one.value, other.value), percent, one.definition)


def _lean_row(name: str, one: float, other: float) -> Row:
    kind = FORMATS.get(name, ("", 0))[0]
    texts = [printed_one(name, value) for value in (one, other)]
    known = [None if np.isnan(value) else value for value in (one, other)]
    return _row(name, (texts[0], texts[1]), (known[0], known[1]), kind == "%", DEFINITIONS[name])


def printed_one(name: str, value: float) -> str:
    """One of LEAN's figures as LEAN prints it; the others with four digits."""
    if name in FORMATS:
        return printed(dict.fromkeys(FORMATS, value))[name]
    return f"{value:,.0f}" if name == "Closed Trades" else f"{value:.4g}"


def _row(name: str, texts: tuple[str, str], values: tuple[float | None, float | None], percent: bool, definition: str) -> Row:
    one, other = values
    if one is None or other is None:
        return Row(name, *texts, "–", values, (one is None) != (other is None), definition)
    apart = other - one
    if abs(apart) <= NEGLIGIBLE * max(1.0, abs(one), abs(other)):
        return Row(name, *texts, "0", values, False, definition)
    text = f"{100 * apart:+.3g} %" if percent else f"{apart:+,.0f}" if abs(apart) >= 1000 else f"{apart:+.4g}"
    return Row(name, *texts, text.replace("-", "\u2212"), values, True, definition)


def _itself(first: Side, second: Side, a: Side, b: Side) -> tuple[Row, ...]:
    """LEAN's own text of the run that has it, beside the other's figures over all of its sessions."""
    if first.printed is None and second.printed is None:
        return ()
    texts = [dict(one.printed) if one.printed is not None else printed(_lean(one)) for one in (a, b)]
    names: Mapping[str, None] = dict.fromkeys([*texts[0], *texts[1]])
    rows = []
    for name in names:
        one, other = (text.get(name, "–") for text in texts)
        known = "–" not in (one, other)
        rows.append(Row(name, one, other, "–" if not known else "0" if one == other else "other", (None, None), known and one != other))
    return tuple(rows)
