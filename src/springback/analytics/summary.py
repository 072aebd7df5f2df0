"""Every figure of a run, computed once from its material: for summary.json, for the page and for the picture."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from springback.analytics import orders
from springback.analytics.figures import Figure, as_json, figure
from springback.analytics.gates import Verdict, judge
from springback.analytics.lean_statistics import DEFINITIONS, lean_statistics, printed
from springback.analytics.performance import BAND_SEED, account_figures
from springback.analytics.report_data import Account, ReportData
from springback.analytics.trades import re_entries, trade_figures
from springback.analytics.verdict import flags, verdict

COUNTED = ("fired", "signals")
"""How scores are called that are numbers of rows."""


@dataclass(frozen=True, eq=False)
class Summary:
    """`figures` and `lean` by profile, the headline first; `gates` of the headline; `flags` stand before everything; `verdict` in words."""

    figures: dict[str, dict[str, Figure]]
    lean: dict[str, dict[str, float]]
    gates: tuple[Verdict, ...]
    flags: tuple[str, ...]
    verdict: tuple[str, ...]
    warnings: tuple[str, ...]


def summarise(report_data: ReportData) -> Summary:
    """All figures of all accounts."""
    figures = {account.profile: _figures(account, report_data) for account in report_data.accounts}
    lean = {account.profile: _lean(account, report_data) for account in report_data.accounts}
    first = figures[report_data.headline.profile]
    gates = judge(first)
    return Summary(figures, lean, gates, flags(report_data), verdict(report_data, first, gates), warnings(report_data))


def warnings(report_data: ReportData) -> tuple[str, ...]:
    """What looks wrong in the run itself: parts of the rule that were due and did nothing, no trade at all, slots that waited."""
    said = []
    if report_data.ledger_fault:
        said.append(f"The trial ledger was changed by hand ({report_data.ledger_fault}): the number of trials cannot be trusted.")
    if report_data.headline.trades.empty:
        said.append("No position was closed: every figure of trades is empty. The entry funnel says where the names went.")
    if waits := orders.warning(report_data.headline.daily):
        said.append(waits)
    if report_data.ablations is not None:
        idle = [
            str(row["overlay"]) for _, row in report_data.ablations.iterrows() if row["touched"] == 0 and row.get("could", row["among"]) > 0
        ]
        said += [f"The part '{name}' was due and changed no decision: check that it is applied." for name in idle]
    return tuple(said)


def summary_json(report_data: ReportData, summary: Summary) -> dict[str, Any]:
    """What summary.json holds; NaN has become None."""
    first, stands_on = report_data.headline.profile, report_data.provenance.facts()
    return {
        "headline": [*summary.flags, *summary.verdict],
        "in_sample": report_data.in_sample,
        "demo": stands_on["demo"],
        "window": {"start": report_data.start, "end": report_data.end},
        "profile": first,
        "figures": as_json(summary.figures[first]),
        "profiles": {name: as_json(figures) for name, figures in summary.figures.items() if name != first},
        "lean": {name: _lean_json(figures) for name, figures in summary.lean.items()},
        "gates": [{**asdict(one.gate), "value": one.value, "passed": one.passed} for one in summary.gates],
        **{name: stands_on[name] for name in ("universe", "origin")},
        "models": report_data.models,
        **{name: stands_on[name] for name in ("biases", "findings")},
        "warnings": list(summary.warnings),
        **{name: stands_on[name] for name in ("command", "seed")},
        "trials": report_data.search and asdict(report_data.search),
        **{name: stands_on[name] for name in ("data_hash", "versions", "settings")},
    }


def _lean_json(figures: dict[str, float]) -> dict[str, dict[str, Any]]:
    texts = printed(figures)
    return {name: {"value": value, "printed": texts.get(name), "definition": DEFINITIONS[name]} for name, value in figures.items()}


def _figures(account: Account, report_data: ReportData) -> dict[str, Figure]:
    figures = account_figures(account.daily, account.cash, report_data.risk_free, report_data.benchmark, BAND_SEED, report_data.search)
    scores = {
        name: figure(float("nan") if value is None else value, _score(name), "count" if name.endswith(COUNTED) else "ratio")
        for name, value in (report_data.scores or {}).items()
    }
    again = "closed trades that opened a name on the side it had left at most 6 sessions before"
    figures["re_entries"] = figure(re_entries(account.trades, account.daily["date"]), again, "count")
    sent = orders.order_figures(account.orders, account.fills, account.daily, account.positions)
    return figures | trade_figures(account.trades) | sent | scores


def _score(name: str) -> str:
    known = {
        "auc": "area under the ROC curve over all rows the models never saw together (pooled, not by day or quarter), mean of both sides",
        "accuracy": "share of those rows called right at a probability of 0.5, mean of both sides",
    }
    return known.get(name, f"{name.replace('_', ' ')}, on rows the models never saw")


def _lean(account: Account, report_data: ReportData) -> dict[str, float]:
    rates = report_data.risk_free
    if rates is not None:
        rates = pd.Series(rates.to_numpy(), index=pd.DatetimeIndex(pd.to_datetime(rates.index))).dropna()
    return lean_statistics(
        account.daily,
        account.fills,
        account.orders,
        start=report_data.start,
        cash=account.cash,
        rates=rates,
        events=report_data.events,
        extra_days=report_data.vix_days,
    )
