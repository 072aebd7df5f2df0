"""The account by session of a run of LEAN: from the record our algorithm leaves, else from LEAN's equity chart.

What neither holds stays NaN: cash (dividends are in no result of LEAN) and the regime.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import time
from pathlib import Path

import numpy as np
import pandas as pd

from springback.analytics.report_data import GOLDEN_COLUMNS
from springback.analytics.run_folder import read_frame
from springback.errors import BadTable
from springback.lean.results import LeanResult
from springback.lean.round_trips import DELISTING, RESTING, RoundTrips

RECORD = Path("storage") / "springback" / "daily.csv"
LEVELS = 3
CLOSES = (time(12, 30), time(16, 5))
"""LEAN samples equity at the close (13:00 on half days); at 16:15 only because VIX arrived, on some holidays too."""
CENT = 0.01
LONGEST_BREAK = 5
COUNTS = ("long_positions", "long_waiting", "short_positions", "short_waiting")
"""What the algorithm's record holds beyond the golden columns, since entries are day orders."""


@dataclass(frozen=True, eq=False)
class Days:
    """`daily` with the golden columns, traded, fees and `from_chart` (1: equity from LEAN's chart, to 4 decimals, cash unknown);
    `sampled` days without a session on which LEAN sampled all the same, ISO; `findings` one line each, for the reader."""

    daily: pd.DataFrame
    sampled: tuple[str, ...]
    findings: tuple[str, ...]


def find_record(result: Path) -> Path | None:
    """`daily.csv` beside the result (but not a run folder's own), or `storage/springback/daily.csv` there or up to three levels above."""
    folder = result.absolute().parent
    beside = folder / "daily.csv"
    if beside.is_file() and not (folder / "summary.json").is_file():
        return beside
    above = [folder, *list(folder.parents)[:LEVELS]]
    return next((one / RECORD for one in above if (one / RECORD).is_file()), None)


def days_of(result: LeanResult, trips: RoundTrips, record: Path | None) -> Days:
    """Every session of the run. Raises `BadTable` where the record is damaged or LEAN's chart has no close at all."""
    closes = _closes(result)
    if closes.empty:
        raise BadTable(f"{result.file}: the equity chart has no sample at a close: only runs on daily bars can be read")
    findings: list[str] = []
    account = None if record is None else _read(record)
    if record is not None and account is not None:
        stranger = _other_run(account, closes)
        if stranger:
            findings.append(
                f"{record.name} of {record.parent.name or record.parent} is the record of another run and was not used: {stranger}."
            )
            account = None
    if account is None:
        findings.append(
            "The algorithm's daily record was not found: equity is that of LEAN's chart, to 4 decimals; cash, VIX and regime are unknown."
        )
        account = pd.DataFrame({name: [] for name in GOLDEN_COLUMNS["daily"]}).astype({"date": "datetime64[ns]"})
    rest = closes[closes.index > account["date"].max()] if len(account) else closes
    if len(account) and len(rest):
        many = f"{len(rest)} session{'s' if len(rest) > 1 else ''} after the last decision"
        findings.append(f"Equity of the {many} is that of LEAN's chart, to 4 decimals; cash and the regime are not known there.")
    longest = int(np.diff(closes.index.to_numpy().astype("datetime64[D]")).astype(np.int64).max(initial=0))
    if longest > LONGEST_BREAK and account.empty:
        findings.append(f"LEAN's chart is thinner than one close a session: the longest break is {longest} days.")
    daily = _joined(account, rest, result, trips)
    return Days(daily, _sampled(result, daily), tuple(findings))


def _closes(result: LeanResult) -> "pd.Series[float]":
    """Equity at the close of each session by date."""
    index = pd.DatetimeIndex(result.curve.index)
    at = np.array([CLOSES[0] <= one <= CLOSES[1] for one in index.time], dtype=np.bool_)
    kept = result.curve[at]
    closes: pd.Series[float] = kept.groupby(pd.DatetimeIndex(kept.index).normalize()).last()
    return closes


def _sampled(result: LeanResult, daily: pd.DataFrame) -> tuple[str, ...]:
    index = pd.DatetimeIndex(result.curve.index)
    days = index[index != index.normalize()].normalize().unique()
    return tuple(days[~days.isin(daily["date"])].strftime("%Y-%m-%d"))


def _read(record: Path) -> pd.DataFrame:
    try:
        frame = read_frame(record)
        missing = [name for name in GOLDEN_COLUMNS["daily"] if name not in frame]
        if missing:
            raise BadTable(f"{record} has no column '{missing[0]}': it must have {', '.join(GOLDEN_COLUMNS['daily'])}")
        kept = frame[[*GOLDEN_COLUMNS["daily"], *(name for name in COUNTS if name in frame)]]
        numbers = {name: "float64" for name in kept.columns if name != "date"}
        whole = [name for name in ("equity", "n_long", "n_short") if not np.isfinite(kept[name].astype("float64")).all()]
        if whole:
            raise ValueError(f"{whole[0]} is not a number in every row")
        kept = kept.astype(numbers).assign(date=pd.to_datetime(kept["date"], format="%Y-%m-%d"))
    except (ValueError, TypeError, UnicodeDecodeError) as error:
        raise BadTable(f"{record} is damaged ({error}): run the algorithm again, or move the file away to do without it") from None
    if not kept["date"].is_monotonic_increasing or kept["date"].duplicated().any():
        raise BadTable(f"{record}: dates must rise: run the algorithm again, or move the file away to do without it")
    return kept


def _other_run(account: pd.DataFrame, closes: "pd.Series[float]") -> str:
    """Why the record cannot be of this run; empty where it can."""
    ours = pd.Series(account["equity"].to_numpy(), index=pd.DatetimeIndex(account["date"]))
    both = ours.index.intersection(closes.index)
    if not len(both):
        return "it has no session in common with LEAN's chart"
    apart = (ours[both] - closes[both]).abs()
    if not apart.max() <= CENT:
        day = apart.index[int((~(apart <= CENT)).to_numpy().argmax())]
        return f"its equity of {day:%Y-%m-%d} is {ours[day]:,.2f}, LEAN's {closes[day]:,.2f}"
    return ""


def _joined(account: pd.DataFrame, rest: "pd.Series[float]", result: LeanResult, trips: RoundTrips) -> pd.DataFrame:
    added = pd.DataFrame({"date": rest.index, "equity": rest.to_numpy()}).reindex(columns=list(account.columns))
    counts = _counted(added["date"], result, trips)
    added["n_long"], added["n_short"] = [one[0] for one in counts], [one[1] for one in counts]
    parts = [one.assign(from_chart=flag) for one, flag in ((account, 0), (added, 1)) if len(one)]
    daily = pd.concat(parts, ignore_index=True).astype({"n_long": "int64", "n_short": "int64"})
    whole = [name for name in ("bear", *COUNTS) if name in daily and daily[name].notna().all()]
    daily = daily.astype(dict.fromkeys(whole, "int64"))
    return daily.assign(**_traded(daily, result.fills))


def _traded(daily: pd.DataFrame, fills: pd.DataFrame) -> dict[str, "pd.Series[float]"]:
    """Dollars traded and fees of each session; the close of a delisted name is no trade, as with us."""
    fills = fills[fills["time"] != fills["time"].dt.normalize()]
    days = fills["time"].dt.normalize()
    sums = {"traded": (fills["quantity"].abs() * fills["price"]).groupby(days).sum(), "fees": fills["fee"].groupby(days).sum()}
    return {name: daily["date"].map(values).fillna(0.0).astype("float64") for name, values in sums.items()}


def _counted(days: "pd.Series[pd.Timestamp]", result: LeanResult, trips: RoundTrips) -> list[tuple[int, int]]:
    """Names held or waiting to be entered at the close of each of `days`, long and short."""
    orders, fills = result.orders, result.fills
    filled = orders["order_id"].map(fills["time"].dt.normalize().groupby(fills["order_id"]).max())
    gone = filled.fillna(orders["ended"].dt.normalize()).fillna(pd.Timestamp.max.normalize()).to_numpy()
    sent = orders["sent"].dt.normalize().to_numpy()
    entry = ~(orders["tag"].eq(DELISTING) | orders["tag"].str.startswith(RESTING)).to_numpy(dtype=np.bool_)
    names, quantities = orders["symbol"].to_numpy(), orders["quantity"].to_numpy()
    known = sorted(trips.positions)
    counts = []
    for day in days:
        at = bisect_right(known, day)
        held = dict(trips.positions[known[at - 1]]) if at else {}
        for k in np.flatnonzero(entry & (sent < day.to_datetime64()) & (gone > day.to_datetime64())):
            held.setdefault(names[k], quantities[k])
        counts.append((sum(one > 0 for one in held.values()), sum(one < 0 for one in held.values())))
    return counts
