"""The report's tables of orders: what became of them, and what is open at the end."""

import pandas as pd

from springback.analytics.cells import Table
from springback.analytics.report_data import ReportData
from springback.analytics.sections import Column, day, signed, table, text

STATUSES = ("filled", "cancelled", "dropped", "waiting")
NOTE = (
    "Cancelled: an entry that lived its openings without a fill, or an order whose place an exit or another size took. Dropped: by a "
    "delisting, or a split that left no share. Waiting: at the end of the run."
)


def orders(report_data: ReportData) -> Table | None:
    """One row a kind of order: how many were sent and what became of them; None where the run does not tell."""
    told = report_data.headline.orders
    if "status" not in told or told.empty:
        return None
    kinds = told["reason"].astype(str).str.partition("@")[0]
    counts = pd.crosstab(kinds, told["status"]).reindex(columns=list(STATUSES), fill_value=0)
    counts.insert(0, "sent", counts.sum(axis=1))
    counts = counts.sort_values("sent", ascending=False, kind="stable").reset_index(names="kind")
    columns: list[Column] = [("kind", "Kind", text), ("sent", "Sent", "count"), *((one, one.capitalize(), "count") for one in STATUSES)]
    return table(counts, columns, "What became of the orders", NOTE)


def positions(report_data: ReportData) -> Table | None:
    """What is open at the end; None where the run does not tell, or nothing is."""
    held = report_data.headline.positions
    if held is None or held.empty:
        return None
    columns: list[Column] = [
        ("symbol", "Name", text),
        ("side", "Side", text),
        ("entry_date", "In", day),
        ("sessions", "Held", "count"),
        ("quantity", "Shares", "count"),
        ("value", "Worth", signed("dollars")),
        ("return", "Return", signed("fraction")),
        ("profit", "Profit so far", signed("dollars")),
    ]
    return table(
        held, columns, "Open at the end", "Valued at their last closes, net of what they cost so far; no trade, and in no figure of trades."
    )
