"""A run of LEAN as the material of a run folder: the same tables, the same report, and what LEAN itself printed beside it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback import __version__
from springback.analytics import encode, report, run_folder
from springback.analytics.report_data import GOLDEN_COLUMNS, Account, ReportData
from springback.analytics.summary import Summary
from springback.data.files.series import read_rates
from springback.lean.days import days_of, find_record
from springback.lean.results import LeanResult
from springback.lean.round_trips import DELISTING, RESTING, RoundTrips, round_trips
from springback.market.origin import FUND, Origin, Provenance
from springback.market.prose import Prose, prose

PROFILE = "lean"
STATISTICS = "lean_statistics.json"
WITHOUT_RATE = (
    "No interest rate was given: the Sharpe and Sortino ratios computed here are over 0, those that LEAN printed over its own rate."
)
MISSING = {
    "benchmark": "LEAN's result holds no benchmark.",
    "cost_sweep": "The cost sweep is not run inside LEAN.",
    "overlays": "The runs without each part of the rule are not made inside LEAN.",
    "funnel": "LEAN's result does not say where candidates left.",
} | dict.fromkeys(("scores", "quarters", "reliability", "importance"), "How the models do on rows they never saw is not in LEAN's result.")
"""Part of the report -> why it is not there."""
CENT = 0.01


def write(result: LeanResult, folder: Path, rates: Path | None = None, warnings: tuple[str, ...] = ()) -> tuple[ReportData, Summary]:
    """Writes the run folder of `result`, LEAN's own statistics in it as lean_statistics.json, `warnings` first among its findings.

    Raises as `as_run` does, and `Unwritable`.
    """
    report_data = as_run(result, find_record(result.file), rates)
    told = report_data.provenance
    report_data = replace(report_data, provenance=replace(told, findings=(*prose(warnings), *told.findings)))

    def draw(report_data: ReportData, summary: Summary, part: Path) -> None:
        report.draw(report_data, summary, part)
        told = {"statistics": result.printed, **result.performance}
        (part / STATISTICS).write_text(encode.text(told), encoding="utf-8")

    return report_data, run_folder.write(folder, report_data, draw)


def as_run(result: LeanResult, record: Path | None = None, rates: Path | None = None) -> ReportData:
    """The material of `result`. `record` the daily rows our algorithm left, `rates` a file of the risk-free rate.

    Raises `BadTable` where the record, the rates or the chart are not usable.
    """
    fills = _fills(result)
    trips = round_trips(fills)
    days = days_of(result, trips, record)
    orders = _orders(result)
    account = Account(PROFILE, result.cash, days.daily, fills, orders, _trades(trips, orders, days.daily))
    names = fills["symbol"].nunique()
    return ReportData(
        accounts=(account,),
        start=result.start,
        end=result.end,
        provenance=Provenance(
            origin=_origin(result),
            universe=Prose(f"{names:,} name{'s' if names != 1 else ''} traded"),
            settings={f"lean.{name}": value for name, value in sorted(result.parameters.items())},
            data_hash=result.digest,
            versions={"springback": __version__},
            seed=0,
            findings=prose((*days.findings, *_doubts(result, account, trips), *(() if rates else (WITHOUT_RATE,)))),
        ),
        models="Forecasts were made inside LEAN.",
        risk_free=None if rates is None else _rates(rates, result),
        events=trips.splits if len(trips.splits) else None,
        vix_days=days.sampled,
        printed_by_lean=dict(result.printed),
        missing=MISSING,
    )


def _origin(result: LeanResult) -> Origin:
    words = Prose(f"Run by LEAN; its result {result.file.name} was turned into these tables.")
    return Origin("recorded", "LEAN", words, biases=(), benchmark=FUND)


def _orders(result: LeanResult) -> pd.DataFrame:
    """As they were sent, and what became of each; the one with which LEAN closes a delisted name is only a fill, as with us.

    LEAN says that an order was cancelled or refused, not why: at midnight its name was delisted, otherwise an entry had lived its life, and
    an exit took the place of a resting stop.
    """
    told = result.orders[result.orders["tag"] != DELISTING]
    filled = told["order_id"].map(result.fills.groupby("order_id")["time"].max())
    ended = filled.fillna(told["ended"])
    away = filled.isna() & ended.notna()
    midnight = away & (ended == ended.dt.normalize())
    status = np.select([filled.notna(), midnight, away], ["filled", "dropped", "cancelled"], "waiting")
    why = np.select([midnight, away & told["tag"].str.startswith(RESTING), away], ["delisted", "replaced", "unfilled"], "")
    frame = told[["order_id", "symbol", "quantity"]].assign(decided=told["sent"].dt.normalize(), reason=told["tag"])
    frame = frame.assign(status=status, ended=ended.dt.normalize(), why=why)
    return frame[[*GOLDEN_COLUMNS["orders"], "status", "ended", "why"]].reset_index(drop=True)


def _fills(result: LeanResult) -> pd.DataFrame:
    tags = dict(zip(result.orders["order_id"], result.orders["tag"], strict=True))
    reasons = [str(tags.get(one, "")) for one in result.fills["order_id"]]
    return result.fills.assign(reason=["stop_loss" if one.startswith(RESTING) else one for one in reasons])


def _trades(trips: RoundTrips, orders: pd.DataFrame, daily: pd.DataFrame) -> pd.DataFrame:
    """Without dividends: LEAN's result does not say whom they were paid for. `bear` by the decision of the entry, NaN where unknown."""
    decided = dict(zip(orders["order_id"], orders["decided"], strict=True))
    bear = dict(zip(daily["date"], daily["bear"].astype("float64"), strict=True))
    sessions = daily["date"].to_numpy()
    trades = trips.trades
    held = np.searchsorted(sessions, trades["exit_date"].to_numpy()) - np.searchsorted(sessions, trades["entry_date"].to_numpy())
    flags = [bear.get(decided.get(int(one), pd.NaT), np.nan) for one in trades["entry_order"]]
    return trades.assign(sessions=held.astype(np.int64), bear=np.array(flags, dtype=np.float64)).drop(columns="entry_order")


def _doubts(result: LeanResult, account: Account, trips: RoundTrips) -> list[str]:
    """What does not add up, or was read between the lines."""
    said = []
    printed = result.printed
    fees = float(account.fills["fee"].sum())
    if "Total Fees" in printed and abs(_number(printed["Total Fees"]) - fees) > CENT:
        said.append(
            f"The fees of the fills add up to ${fees:,.2f}, LEAN printed {printed['Total Fees']}: are these the events of that run?"
        )
    count = len(result.orders)
    if "Total Orders" in printed and _number(printed["Total Orders"]) != count:
        said.append(f"The result holds {count:,} orders, LEAN printed {printed['Total Orders']}.")
    last = float(account.daily["equity"].iloc[-1])
    if "End Equity" in printed and abs(_number(printed["End Equity"]) - last) > CENT:
        said.append(f"Equity of the last session is {last:,.2f}, LEAN printed {printed['End Equity']}.")
    dividends = _paid(account)
    if dividends > CENT:
        said.append(
            f"Cash moved by ${dividends:,.2f} beside the fills on some days (dividends, fractions of split shares): it is in the equity, "
            "but in no trade's profit, since LEAN's result does not say whose it was."
        )
    if len(trips.splits):
        names = ", ".join(f"{one.symbol} {one.value:g}" for one in trips.splits.head(3).itertuples())
        said.append(
            f"{len(trips.splits)} position{'s were' if len(trips.splits) > 1 else ' was'} split while held, read from the quantities "
            f"(old shares per new share: {names}{', ...' if len(trips.splits) > 3 else ''}); their date is given as that of the exit."
        )
    return said


def _paid(account: Account) -> float:
    """Sum of the absolute daily changes of cash that no fill explains, dollars, over the days whose cash is known."""
    fills = account.fills
    flow = -(fills["quantity"] * fills["price"] + fills["fee"])
    days = flow.groupby(pd.to_datetime(fills["time"]).dt.normalize()).sum()
    sessions = pd.DatetimeIndex(account.daily["date"])
    at = sessions.searchsorted(pd.DatetimeIndex(days.index))  # the close of a delisted name comes at midnight, before the next session
    inside = at < len(sessions)
    moved = pd.Series(days.to_numpy()[inside]).groupby(at[inside]).sum().reindex(range(len(sessions)), fill_value=0.0)
    beside = account.daily["cash"].diff().to_numpy() - moved.to_numpy()
    return float(np.nansum(np.abs(beside[np.abs(beside) > CENT / 100])))


def _number(text: str) -> float:
    return float(text.replace("$", "").replace(",", "").replace("%", ""))


def _rates(file: Path, result: LeanResult) -> "pd.Series[float]":
    """The annual rate on every calendar day of the run."""
    days: Any = np.arange(np.datetime64(result.start), np.datetime64(result.end) + 1)
    return pd.Series(read_rates(file, days), index=pd.DatetimeIndex(days))
