"""All that a run folder and its report are made of, as plain frames, series and texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from springback.errors import BadTable
from springback.market.origin import Provenance
from springback.statistics.overfitting import Search

GOLDEN_COLUMNS: dict[str, tuple[str, ...]] = {
    "orders": ("order_id", "decided", "symbol", "quantity", "reason"),
    "fills": ("order_id", "time", "symbol", "quantity", "price", "fee", "reason"),
    "daily": ("date", "equity", "cash", "n_long", "n_short", "bear", "vix", "vix_sma15"),
    "trades": (
        *("symbol", "side", "entry_date", "exit_date", "quantity", "entry_price", "exit_price", "sessions", "reason"),
        *("profit", "return", "bear"),
    ),
}
"""Columns each frame must have; they are written first and in this order (those of LEAN's golden runs), the others after them."""


def file_name(part: str) -> str:
    """What report.json calls a part of the report."""
    return {"ablations": "overlays"}.get(part, part)


@dataclass(frozen=True, eq=False)
class Account:
    """One backtest under one cost profile: `profile` its name, `cash` at the start in dollars, the four frames, and `positions`, what is
    open at the end (`orders.POSITION_COLUMNS`; None: the run does not tell).

    `daily` has one row for every session of the run, the last one included; a cash or regime that is not known is NaN. Beyond the golden
    columns the report uses, where they are there: daily long_value, short_value, traded, fees, slippage, dividends, borrow, financing,
    long_candidates, short_candidates, long_entries, short_entries, long_positions, long_waiting, short_positions, short_waiting; orders
    status (filled, cancelled, dropped, waiting), ended (NaT: it waits), why; trades fees, slippage, dividends, borrow, probability, qpi.
    Raises `BadTable` where a golden column is missing.
    """

    profile: str
    cash: float
    daily: pd.DataFrame
    fills: pd.DataFrame
    orders: pd.DataFrame
    trades: pd.DataFrame
    positions: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        for name, columns in GOLDEN_COLUMNS.items():
            missing = [column for column in columns if column not in getattr(self, name)]
            if missing:
                raise BadTable(f"account {self.profile}: {name} has no column {', '.join(missing)}: it must have {', '.join(columns)}")
        if self.daily.empty:
            raise BadTable(f"account {self.profile}: daily has no session: a report needs at least one")


@dataclass(frozen=True, eq=False)
class ReportData:
    """What the report shows. A part that is None is left out, and the report says why: `missing[part]`, or a general reason.

    What was run
        `accounts` the headline first (`realistic`), then the others (`lean`), all over the same sessions. `start`, `end` the window asked
        for, ISO dates. `provenance` what they stand on. `models` how forecasts were made in words ("walk-forward, quarterly").
        `in_sample`: training and test overlap. `ranked` how many names were ranked, None where nobody counted. `search` the trials
        that saw this period, this run among them, None where the run is in no ledger; `ledger_fault` what is wrong with the ledger.
    Beside it
        `benchmark` total-return level by date; `risk_free` annual fraction by date; `events` (date, symbol, event,
        value), for splits in LEAN's statistics; `vix_days` days on which VIX is known (ISO), sessions or not, for LEAN's sampling;
        `printed_by_lean` the statistics that LEAN itself printed, by its names, where the run was LEAN's.
    The models, out of sample
        `scores` name -> value; `auc` and `accuracy` are what the gates judge. `quarters` (quarter, side, auc, error, rows): side
        long|short, error the standard error of auc. `reliability` (side, probability, came_true, rows). `importance` (side, feature,
        auc_lost, spread).
    The rule
        `cost_sweep` (bp, annual_return, sharpe): the `lean` profile plus this flat cost a side. `ablations` (overlay,
        touched, among, of_what, annual_return, sharpe): decisions it touched, out of how many of what, and the headline run without
        it. `funnel` one row a side: side, extreme, then one column a stage with the names that left there, and entered.
    """

    accounts: tuple[Account, ...]
    start: str
    end: str
    provenance: Provenance
    models: str = ""
    in_sample: bool = False
    ranked: int | None = None
    search: Search | None = None
    ledger_fault: str = ""
    benchmark: "pd.Series[float] | None" = None
    risk_free: "pd.Series[float] | None" = None
    events: pd.DataFrame | None = None
    vix_days: tuple[str, ...] = ()
    printed_by_lean: Mapping[str, str] | None = None
    scores: Mapping[str, float | None] | None = None
    quarters: pd.DataFrame | None = None
    reliability: pd.DataFrame | None = None
    importance: pd.DataFrame | None = None
    cost_sweep: pd.DataFrame | None = None
    ablations: pd.DataFrame | None = None
    funnel: pd.DataFrame | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def benchmark_name(self) -> str:
        """What the benchmark is called."""
        return self.provenance.origin.benchmark

    @property
    def headline(self) -> Account:
        """The account whose figures stand first, in dollars and at its own costs."""
        return self.accounts[0]
