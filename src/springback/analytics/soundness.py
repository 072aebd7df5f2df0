"""Whether the tables and facts of a run can be those of a run: judged at the door, before a figure is made of them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback.errors import BadTable

DAYS = {"daily": ("date",), "orders": ("decided",), "fills": ("time",), "trades": ("entry_date", "exit_date")}
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+(Z|[+-][0-9:]+)?)?"
PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""A cost profile is the name of a folder too: no path."""
AMOUNTS = {"daily": ("equity",), "fills": ("quantity", "price", "fee"), "orders": ("quantity",)}
FRAMES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "events": (("date", "symbol", "event"), ("value",)),
    "quarters": (("quarter", "side"), ("auc", "error", "rows")),
    "reliability": (("side",), ("probability", "came_true", "rows")),
    "importance": (("side", "feature"), ("auc_lost", "spread")),
    "cost_sweep": ((), ("bp", "annual_return", "sharpe")),
    "overlays": (("overlay", "of_what"), ("touched", "among", "annual_return", "sharpe")),
    "funnel": (("side",), ("extreme", "entered")),
}
"""Columns of text and of numbers that a frame of report.json must have; all others are numbers too."""
LARGEST = 1e300  # an integer beyond it is no float
NOT_ZERO = ("equity", "quantity")
TEXTS = ("start", "end", "origin", "models", "ledger_fault", "benchmark_name")
TABLES = ("missing", "printed_by_lean", "scores")


def check_table(file: Path, name: str, frame: pd.DataFrame) -> None:
    """Raises `BadTable` on a table `name` (daily, orders, fills, trades) with a date, an amount or an order of days that cannot be."""
    for column in DAYS[name]:
        cells = frame[column].astype(str)
        moments = cells.where(cells.str.fullmatch(MOMENT), "no date")
        known = pd.to_datetime(moments, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
        _refuse(file, frame, column, known.isna().to_numpy() | (cells.str.len() != cells.str.len().max()).to_numpy(), "a date")
        if name == "daily":
            late = np.flatnonzero(np.diff(known.to_numpy()) <= np.timedelta64(0))
            if len(late):
                raise BadTable(f"{file}: row {late[0] + 2}: {cells.iloc[late[0] + 1]} must come after the row before: write the run again")
    for column in AMOUNTS.get(name, ()):
        values = frame[column].to_numpy(dtype=np.float64)
        _refuse(file, frame, column, ~np.isfinite(values), "a finite number")
        _refuse(file, frame, column, (values == 0) & (column in NOT_ZERO), "other than 0")
        _refuse(file, frame, column, (values < 0) & (column == "price"), "0 or more")
    for column in map(str, frame.select_dtypes("number")):
        _refuse(file, frame, column, np.isinf(frame[column].to_numpy(dtype=np.float64)), "a finite number")


def check_facts(facts: Mapping[str, Any]) -> None:
    """Raises `ValueError` on facts of report.json that are not of their kind."""
    _check_accounts(facts["accounts"])
    for name in ("start", "end"):
        check_day(name, facts[name])
    for name in TEXTS:
        if not isinstance(facts.get(name, ""), str):
            raise ValueError(f"{name} must be a text")
    for name in TABLES:
        if not isinstance(facts.get(name), Mapping | None):
            raise ValueError(f"{name} must be a table")
    for name in ("scores", "search"):
        if wrong := [one for one in (facts.get(name) or {}).values() if one is not None and not _is_number(one)]:
            raise ValueError(f"{name} must hold numbers, not '{str(wrong[0])[:40]}'")
    ranked = facts.get("ranked")
    if ranked is not None and (not isinstance(ranked, int) or isinstance(ranked, bool)):
        raise ValueError("ranked must be a count of names")
    if not all(isinstance(one, str) for one in (facts.get("printed_by_lean") or {}).values()):
        raise ValueError("printed_by_lean must hold texts")


def _check_accounts(accounts: Sequence[Mapping[str, Any]]) -> None:
    profiles = [account["profile"] for account in accounts]
    for profile in profiles:
        if not isinstance(profile, str) or not PROFILE.fullmatch(profile):
            raise ValueError(f"'{str(profile)[:40]}' is no name of a cost profile")
    if not profiles or len(set(profiles)) < len(profiles):
        raise ValueError("each account must have a cost profile of its own")
    for account in accounts:
        check_cash(account["cash"])


def check_frame(name: str, frame: pd.DataFrame | None) -> None:
    """Raises `ValueError` on a frame of report.json without its columns, or with a text where a number belongs."""
    if frame is None:
        return
    texts, numbers = FRAMES[name]
    missing = [one for one in (*texts, *numbers) if list(frame.columns).count(one) != 1]
    if missing:
        raise ValueError(f"{name} must have one column '{missing[0]}'")
    for column in frame.columns:
        good = all(isinstance(cell, str) for cell in frame[column]) if column in texts else _numeric(frame[column])
        if not good:
            raise ValueError(f"{name}: the column '{column}' must hold {'texts' if column in texts else 'finite numbers'}")


def _numeric(column: "pd.Series[Any]") -> bool:
    return all(cell is None or _is_number(cell) or cell != cell for cell in column)  # noqa: PLR0124 (NaN, which stands for null)


def _is_number(value: Any) -> bool:
    told: Any = value
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(abs(told) < LARGEST)


def check_cash(cash: Any) -> None:
    """Raises `ValueError` on cash at the start that is not above 0."""
    if not _is_number(cash) or not cash > 0:
        raise ValueError(f"cash at the start must be above 0 and finite, was {str(cash)[:40]}")


def check_day(name: str, day: Any) -> None:
    """Raises `ValueError` on what is no ISO day."""
    if not isinstance(day, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) or pd.isna(pd.to_datetime(day, errors="coerce")):
        raise ValueError(f"{name} must be a date such as 2020-03-31, was '{str(day)[:40]}'")


def check_series(name: str, series: "pd.Series[float] | None") -> None:
    """Raises `ValueError` on a series whose days do not rise or which has an infinite value."""
    if series is not None and (not series.index.is_monotonic_increasing or series.index.has_duplicates or series.index.hasnans):
        raise ValueError(f"the days of {name} must rise")
    if series is not None and np.isinf(series.to_numpy()).any():
        raise ValueError(f"{name} must be finite")


def _refuse(file: Path, frame: pd.DataFrame, column: str, bad: Any, must: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise BadTable(f"{file}: row {row + 1}: {column} must be {must}, was '{str(frame[column].iloc[row])[:40]}': write the run again")
