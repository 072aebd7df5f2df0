"""How the account went, as tables and charts of the report: months, falls, the rolling Sharpe ratio, the spread of its days."""

import calendar
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from springback.analytics import palette
from springback.analytics.cells import Cell, Table
from springback.analytics.charts import NUMBER, PERCENT, Chart, axis, days, layout, level, line, rounded
from springback.analytics.course import HALF_A_YEAR, beside, bins_of, by_month, excess_of, rolling_sharpe, worst_falls
from springback.analytics.figures import shown
from springback.analytics.performance import daily_rate, returns_of
from springback.analytics.report_data import ReportData
from springback.statistics.returns import sharpe

SHADES = (0.005, 0.015, 0.03)
"""A month's return, up or down, from which its cell is shaded stronger."""


def months(report_data: ReportData) -> Table:
    """Every month's return, a row a year, the benchmark's year beside it."""
    frame = by_month(returns_of(report_data.headline.daily, report_data.headline.cash))
    returns = beside(report_data)
    other = None if returns is None else dict(by_month(returns)["year"])
    rows = []
    for year, row in zip(map(int, frame.index), frame.to_dict("records"), strict=True):
        cells = [Cell(f"{year}", left=True), *(_month(row[month]) for month in range(1, 13)), _month(row["year"], "total")]
        rows.append((*cells, *(() if other is None else (_month(other[year], "quiet"),))))
    names = tuple((calendar.month_abbr[month], False) for month in range(1, 13))
    heads = (("Year", True), *names, ("Whole year", False), *(() if other is None else ((report_data.benchmark_name, False),)))
    return Table("Month by month", "Net return of each month; years that begin or end within the run are parts.", heads, tuple(rows))


def _month(value: float, tone: str = "") -> Cell:
    if not np.isfinite(value):
        return Cell("")
    strength = sum(abs(value) >= one for one in SHADES)
    shade = f"{'up' if value > 0 else 'down'}{strength}" if strength and not tone else ""
    return Cell(shown(float(value), "fraction"), tone or shade)


def falls(report_data: ReportData) -> Table:
    """The five deepest falls of the headline."""
    rows = tuple(
        (
            Cell(f"{number}", left=True),
            Cell(shown(one.depth, "fraction")),
            Cell(_day(one.peak, "the start"), left=True),
            Cell(_day(one.trough, ""), left=True),
            Cell(_day(one.recovery, "not yet"), "" if one.recovery is not None else "bad", left=True),
            Cell(shown(one.longest, "count")),
        )
        for number, one in enumerate(worst_falls(returns_of(report_data.headline.daily, report_data.headline.cash)), 1)
    )
    heads = (("Fall", True), ("Depth", False), ("High", True), ("Low", True), ("At the high again", True), ("Sessions below", False))
    return Table("The five deepest falls", "By closing equity.", heads, rows)


def _day(day: pd.Timestamp | None, otherwise: str) -> str:
    return otherwise if day is None else f"{day:%Y-%m-%d}"


def course_charts(report_data: ReportData) -> list[Chart]:
    """The rolling Sharpe ratio and the spread of daily returns, those that the run is long enough for."""
    return [chart for chart in (rolling(report_data), distribution(report_data)) if chart is not None]


def rolling(report_data: ReportData) -> Chart | None:
    """The Sharpe ratio of the last half year, of account and benchmark; None for runs not a month longer than that."""
    excess = excess_of(report_data)
    if len(excess) < HALF_A_YEAR + 21:
        return None
    dates = days(report_data.headline.daily)
    traces = []
    returns = beside(report_data)
    if returns is not None:
        other = rolling_sharpe(returns - daily_rate(report_data.risk_free, pd.DatetimeIndex(returns.index)))
        traces.append(line(dates, other, report_data.benchmark_name, palette.BENCHMARK, width=1.2, hovertemplate="%{y:.2f}"))
    name = f"{report_data.headline.profile} costs"
    traces.append(line(dates, rolling_sharpe(excess), name, palette.NET, width=1.8, hovertemplate="%{y:.2f}"))
    whole = sharpe(excess.to_numpy())
    lines = [level(0.0, palette.MUTED, "solid"), *([level(round(whole, 3), palette.NET, "dot")] if np.isfinite(whole) else [])]
    frame = layout(250, xaxis=axis(range=[dates[0], dates[-1]]), yaxis=axis(showgrid=True, tickformat=NUMBER, nticks=5), shapes=lines)
    caption = f"Of the last {HALF_A_YEAR} sessions, a year's scale. Dotted: of the whole run."
    return Chart("rolling", "Rolling Sharpe ratio", caption, traces, frame)


def distribution(report_data: ReportData) -> Chart | None:
    """How often a session returned how much, over a normal law of the same mean and spread; None where returns do not vary."""
    returns = returns_of(report_data.headline.daily, report_data.headline.cash).dropna()
    if len(returns) < 21 or returns.std() < 1e-12:
        return None
    edges, shares = bins_of(returns)
    wide = edges[1] - edges[0]
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    mean, spread = float(returns.mean()), float(returns.std(ddof=1))
    across = np.linspace(edges[0], edges[-1], 81)
    normal = wide * np.exp(-(((across - mean) / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))
    bars: dict[str, Any] = {"type": "bar", "x": rounded(middles, 7), "y": rounded(shares), "name": "sessions"}
    bars |= {"marker": {"color": palette.SECOND}, "width": round(0.94 * wide, 9), "hovertemplate": "%{y:.1%} at %{x:.2%}<extra></extra>"}
    law = line([], normal, "normal law", palette.INK, width=1.2, hoverinfo="skip") | {"x": rounded(across, 7)}
    frame = layout(
        250,
        xaxis=axis(tickformat=PERCENT, nticks=7),
        yaxis=axis(showgrid=True, tickformat=PERCENT, nticks=5),
        hovermode="closest",
        bargap=0,
    )
    worst, best = (shown(float(one), "percent2") for one in (returns.min(), returns.max()))
    caption = f"Share of sessions by their return; worst {worst}, best {best}. The line: a normal law of the same mean and spread."
    return Chart("distribution", "Spread of daily returns", caption, [bars, law], frame)
