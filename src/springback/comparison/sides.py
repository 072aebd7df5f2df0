"""The two runs of a comparison: a run folder of ours or of an import, or a bare folder of tables as the recorded runs of LEAN are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from springback.analytics import run_folder
from springback.analytics.report_data import GOLDEN_COLUMNS, Account, ReportData
from springback.analytics.soundness import check_cash, check_day, check_table
from springback.errors import BadTable, MissingData
from springback.lean.as_run import STATISTICS
from springback.lean.round_trips import session_of

TABLES = ("orders", "fills", "daily")


@dataclass(frozen=True, eq=False)
class Side:
    """One run. `orders` with `decided`, `fills` with `time` and `session`, `daily` with `date` as timestamps; `rates`, `events` and
    `vix_days` as in `ReportData`; `printed` what LEAN itself printed, where it did; `profile` of costs;
    `trades` as its run folder holds them, with `exit_date` as timestamps, None where it holds none."""

    name: str
    profile: str
    orders: pd.DataFrame
    fills: pd.DataFrame
    daily: pd.DataFrame
    cash: float
    start: str
    rates: "pd.Series[float] | None" = None
    events: pd.DataFrame | None = None
    vix_days: tuple[str, ...] = ()
    printed: Mapping[str, str] | None = None
    findings: tuple[str, ...] = ()
    trades: pd.DataFrame | None = None


def read_sides(a: Path, b: Path) -> tuple[Side, Side]:
    """Both runs, under a cost profile that both know: the headline's of A, else of B, else each its own.

    Raises `MissingData` where a folder holds no run, `BadTable` where one is damaged.
    """
    found = [read_side(a), read_side(b)]
    known = [[side.profile for side in sides] for sides in found]
    shared = [name for name in (known[0][0], known[1][0]) if name in known[0] and name in known[1]]
    first, second = (next((side for side in sides if side.profile in shared[:1]), sides[0]) for sides in found)
    if first.name == second.name:
        first, second = replace(first, name=f"{first.name} (A)"), replace(second, name=f"{second.name} (B)")
    return first, second


def read_side(folder: Path) -> list[Side]:
    """The run of `folder` under each of its cost profiles, the headline first; of a profile's own folder that one alone.

    Raises `MissingData` where the folder holds no run, `BadTable` where a table or file of it is damaged.
    """
    if (folder / "summary.json").is_file():
        report_data = run_folder.read(folder)
        return [_of_account(folder, report_data, account) for account in report_data.accounts]
    if folder.parent.name == "profiles" and (folder.parent.parent / "summary.json").is_file():
        report_data = run_folder.read(folder.parent.parent)
        named = [_of_account(folder, report_data, account) for account in report_data.accounts if account.profile == folder.name]
        if named:
            return named
    missing = [name for name in TABLES if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise MissingData(f"{folder} holds no run: it has no {missing[0]}.csv: give a run folder of 'springback'")
    try:
        return [_of_tables(folder)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise BadTable(f"{folder}: a table or file of it is damaged ({error})") from None


def _of_account(folder: Path, report_data: ReportData, account: Account) -> Side:
    return Side(
        name=str(folder),
        profile=account.profile,
        **_tables(folder, account.orders, account.fills, account.daily),
        cash=account.cash,
        start=report_data.start,
        rates=report_data.risk_free,
        events=report_data.events,
        vix_days=report_data.vix_days,
        printed=report_data.printed_by_lean,
        findings=report_data.provenance.findings if report_data.printed_by_lean is not None else (),
        trades=account.trades.assign(exit_date=pd.to_datetime(account.trades["exit_date"], format="ISO8601")),
    )


def _of_tables(folder: Path) -> Side:
    orders, fills, daily = (run_folder.read_frame(folder / f"{name}.csv") for name in TABLES)
    told = [_json(folder / name) for name in ("settings.json", "statistics.json", STATISTICS)]
    if daily.empty:
        raise ValueError("daily.csv has no row")
    printed = told[1].get("statistics") or told[2].get("statistics")
    if not all(isinstance(value, str) for value in (printed or {}).values()):
        raise ValueError("the statistics that LEAN printed must be texts by name")
    cash, start = told[0].get("cash", float(daily["equity"].iloc[0])), str(told[0].get("start", daily["date"].iloc[0]))[:10]
    check_cash(cash)
    check_day("start", start)
    return Side(
        name=str(folder),
        profile="lean",
        **_tables(folder, orders, fills, daily),
        cash=float(cash),
        start=start,
        printed=printed,
    )


def _tables(folder: Path, orders: pd.DataFrame, fills: pd.DataFrame, daily: pd.DataFrame) -> dict[str, Any]:
    for name, frame in zip(TABLES, (orders, fills, daily), strict=True):
        missing = [column for column in GOLDEN_COLUMNS[name] if column not in frame]
        if missing:
            raise BadTable(f"{folder / name}.csv has no column '{missing[0]}': it must have {', '.join(GOLDEN_COLUMNS[name])}")
        check_table(folder / f"{name}.csv", name, frame)
    fills = fills.assign(time=pd.to_datetime(fills["time"], format="ISO8601"))
    return {
        "orders": orders.assign(decided=pd.to_datetime(orders["decided"], format="ISO8601")),
        "fills": fills.assign(session=session_of(fills["time"])),
        "daily": daily.assign(date=pd.to_datetime(daily["date"], format="ISO8601")),
    }


def _json(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}
