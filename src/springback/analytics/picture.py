"""report.png: the headline on one page."""

from pathlib import Path
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Sheet

from springback.analytics import palette, sections
from springback.analytics.cells import Table
from springback.analytics.charts import bear_spells
from springback.analytics.figures import tight
from springback.analytics.performance import benchmark_returns, returns_of, underwater
from springback.analytics.plots import dated, named, percent, quiet
from springback.analytics.report_data import ReportData
from springback.analytics.summary import Summary

TONES = {"good": palette.GOOD, "bad": palette.BAD, "quiet": palette.MUTED}


def picture(report_data: ReportData, summary: Summary, file: Path) -> None:
    """Writes the page as PNG, 1500 pixels wide and as tall as its years need, the same bytes for the same material and matplotlib."""
    years = sections.years(report_data)
    more = 0.3 * max(0, len(years.rows) - 6)
    words, head = _words(summary)
    head += 0.5
    tall = 9.1 + head + more
    sheet = Sheet(figsize=(10, tall), dpi=150, facecolor=palette.PAPER)
    canvas = FigureCanvasAgg(sheet)
    heights = [2.67, 1.02, 2.04, 2.43 + more]
    place = {"left": 0.065, "right": 0.965, "top": 1 - head / tall, "bottom": 0.35 / tall}
    grid = sheet.add_gridspec(4, 1, height_ratios=heights, hspace=0.49 / (sum(heights) / 4), **place)
    for down, told, style in words:
        sheet.text(place["left"], 1 - down / tall, told, va="top", **style)
    grow = sheet.add_subplot(grid[0])
    fall = sheet.add_subplot(grid[1], sharex=grow)
    curves(grow, fall, report_data)
    _table(sheet.add_subplot(grid[2]), sections.gates(summary))
    _table(sheet.add_subplot(grid[3]), years)
    canvas.print_figure(str(file), metadata={"Software": None}, facecolor=palette.PAPER)


def _words(summary: Summary) -> tuple[list[tuple[float, str, dict[str, Any]]], float]:
    """Flags and verdict as (inches from the top, words, style), and the inches they take."""
    title, numbers, *others = summary.verdict
    body = {"fontsize": 9.5, "linespacing": 1.5}
    parts: list[tuple[str, int, float, dict[str, Any]]] = [
        *((flag, 104, 0.17, {"color": palette.BAD, "fontsize": 10, "weight": "bold", "linespacing": 1.5}) for flag in summary.flags),
        (title, 62, 0.3, {"color": palette.INK, "fontsize": 21, "family": "serif"}),
        (numbers, 122, 0.14, {"color": palette.INK} | body),
        *((one, 122, 0.14, {"color": palette.MUTED} | body) for one in others),
    ]
    told, at = [], 0.37
    for words, width, after, style in parts:
        lines = fill(tight(words), width)
        told.append((at, _plain(lines), style))
        at += 0.2 * len(lines.splitlines()) + after
    return told, at


def _plain(words: str) -> str:
    return words.replace("$", r"\$")


def curves(grow: Axes, fall: Axes, report_data: ReportData) -> None:
    """Draws growth of one dollar and the falls from its high: every profile, the benchmark, the bear regime shaded."""
    dates = pd.DatetimeIndex(pd.to_datetime(report_data.headline.daily["date"]))
    for start, end in bear_spells(report_data.headline.daily):
        for one in (grow, fall):
            one.axvspan(pd.Timestamp(start), pd.Timestamp(end), color=palette.BEAR, linewidth=0)  # type: ignore[arg-type]
    beside = benchmark_returns(report_data.benchmark, dates)
    if beside is not None:
        grow.plot(dates, (1 + beside).cumprod(), color=palette.BENCHMARK, linewidth=1.1, label=report_data.benchmark_name)
        fall.plot(dates, underwater(beside), color=palette.BENCHMARK, linewidth=0.8)
    for account, colour, width in reversed(list(zip(report_data.accounts, (palette.NET, palette.SECOND), (1.6, 1.0), strict=False))):
        returns = returns_of(account.daily, account.cash)
        grow.plot(dates, (1 + returns).cumprod(), color=colour, linewidth=width, label=f"{account.profile} costs")
    deep = underwater(returns_of(report_data.headline.daily, report_data.headline.cash))
    fall.fill_between(dates, deep, 0, color=palette.NET, alpha=0.18, linewidth=0)
    fall.plot(dates, deep, color=palette.NET, linewidth=0.9)
    for one, name in ((grow, "Growth of one dollar (shaded: bear regime)"), (fall, "Below the highest close")):
        quiet(one)
        named(one, name)
        one.margins(x=0)
    grow.tick_params(labelbottom=False)
    grow.ticklabel_format(axis="y", useOffset=False)
    fall.yaxis.set_major_formatter(percent)
    dated(fall)
    handles, names = grow.get_legend_handles_labels()
    grow.legend(handles[::-1], names[::-1], frameon=False, fontsize=9, labelcolor=palette.INK, loc="upper left", ncols=4)


def _table(axes: Axes, table: Table) -> None:
    axes.axis("off")
    axes.set_xlim(0, 1)
    count = len(table.rows)
    axes.set_ylim(count + 0.6, -1.1)
    axes.text(0, -0.95, table.title, color=palette.INK, fontsize=12, family="serif", va="center")
    first = 0.25 if len(table.heads) < 8 else 0.13
    ends = [first + (1 - first) * (k + 1) / (len(table.heads) - 1) for k in range(len(table.heads) - 1)]
    for (head, _), x in zip(table.heads[1:], ends, strict=True):
        axes.text(x, 0, head, color=palette.MUTED, fontsize=8.5, ha="right", va="center")
    axes.plot([0, 1], [0.5, 0.5], color=palette.RULE, linewidth=0.8)
    for k, row in enumerate(table.rows):
        weight = "bold" if k in table.strong else "normal"
        for cell, x in zip(row, [0.0, *ends], strict=True):
            tone = TONES.get(cell.tone.split()[-1] if cell.tone else "", palette.INK)
            heavy = "bold" if "badge" in cell.tone else weight
            axes.text(x, k + 1, _plain(cell.text), color=tone, fontsize=9.2, ha="left" if x == 0 else "right", va="center", weight=heavy)
