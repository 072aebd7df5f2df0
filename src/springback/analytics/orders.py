"""What became of the orders: how many entries were filled, how many were not and why, and how long slots waited for them."""

import numpy as np
import pandas as pd

from springback.analytics.figures import Figure, figure

ENTRY = "entry"
POSITION_COLUMNS = (
    *("symbol", "side", "entry_date", "quantity", "entry_price", "last_close", "sessions", "value", "profit", "return", "closing"),
)
"""Columns of positions.csv, in order."""


def order_figures(orders: pd.DataFrame, fills: pd.DataFrame, daily: pd.DataFrame, positions: pd.DataFrame | None) -> dict[str, Figure]:
    """Counts of entries by what became of them, of open positions, and the share of the book's slots that waited.

    A table without `status` (a run recorded before orders told it) counts what was filled by the fills alone; what it does not tell is
    unknown.
    """
    entries = orders[orders["reason"] == ENTRY]
    filled = entries["order_id"].isin(fills["order_id"])
    told = "status" in orders

    def count(status: str) -> float:
        return float((entries["status"] == status).sum()) if told else float("nan")

    return {
        "entries": figure(len(entries), "entries that were ordered", "count"),
        "entries_filled": figure(int(filled.sum()), "entries that were filled", "count"),
        "entries_cancelled": figure(count("cancelled"), "entries that were taken back unfilled", "count"),
        "entries_dropped": figure(count("dropped"), "entries that a delisting or a split dropped", "count"),
        "entries_waiting": figure(count("waiting"), "entries that wait at the end of the run", "count"),
        "orders_delayed": figure(
            _delayed(orders, daily),
            "orders for the next open that were filled at a later one, for want of a bar; resting stops aside",
            "count",
        ),
        "slots_waiting": figure(
            waiting(daily), "share of the book (positions and waiting entries) that waited for a fill, mean over the sessions", "fraction"
        ),
        "open_positions": figure(float("nan") if positions is None else len(positions), "positions open at the end of the run", "count"),
    }


def _delayed(orders: pd.DataFrame, daily: pd.DataFrame) -> float:
    if "status" not in orders:
        return float("nan")
    sessions = pd.DatetimeIndex(pd.to_datetime(daily["date"]))
    sent = orders[(orders["status"] == "filled") & ~orders["reason"].astype(str).str.startswith("resting_stop")]
    decided, ended = (sessions.searchsorted(pd.DatetimeIndex(pd.to_datetime(sent[name]))) for name in ("decided", "ended"))
    return float((ended - decided > 1).sum())


def waiting(daily: pd.DataFrame) -> float:
    """Slots held by waiting entries over all slots held, summed over the sessions, after dead entries were taken back; NaN: not told."""
    if not {"long_waiting", "short_waiting"} <= set(daily.columns):
        return float("nan")
    held = float((daily["n_long"] + daily["n_short"]).sum())
    return float((daily["long_waiting"] + daily["short_waiting"]).sum()) / held if held else 0.0


def warning(daily: pd.DataFrame) -> str:
    """One line where entries held slots while they waited; empty where none did, or nobody counted."""
    share = waiting(daily)
    if np.isnan(share) or share == 0:
        return ""
    both = daily["long_waiting"] + daily["short_waiting"]
    worst = int(both.to_numpy().argmax())
    return (
        f"Entries waiting for a fill held slots on {int((both > 0).sum()):,} of {len(daily):,} sessions, up to {int(both.iloc[worst])} at "
        f"once ({str(daily['date'].iloc[worst])[:10]}), {share:.1%} of the book: strategy.entry_life = 1 takes them back after one opening."
    )
