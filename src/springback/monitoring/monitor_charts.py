"""The charts of the monitor: the account beside its backtests, rank IC added up, the watch, reliability, what the regime gained."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from springback.analytics import palette
from springback.analytics.charts import DOLLARS, NUMBER, PERCENT, Chart, axis, layout, level, line, reliability, rounded, shading
from springback.monitoring.beside import Beside
from springback.monitoring.monitor_study import MonitorStudy
from springback.validation.validation_charts import bins_frame

WASH = palette.wash(palette.MUTED, 0.14)


def charts(study: MonitorStudy) -> dict[str, list[Chart]]:
    """The charts by where they stand on the page."""
    drawn = reliability(bins_frame(study.accuracy.long.calibration, study.accuracy.short.calibration))
    return {
        "account": [_equity(study.beside), _profit(study.beside)],
        "watch": [*_ranks(study), *_watch(study)],
        "reliability": [] if drawn is None else [drawn],
        "regime": _regime(study),
    }


def _dates(sessions: Sequence[Any] | Any) -> list[str]:
    return [str(one) for one in sessions]


def _equity(beside: Beside) -> Chart:
    dates, traces = _dates(beside.sessions), []
    if beside.low is not None and beside.high is not None:
        edge = {"width": 0.0, "hoverinfo": "skip", "showlegend": False}
        traces.append(line(dates, beside.low, "", palette.MUTED, **edge))
        fill = {"fill": "tonexty", "fillcolor": WASH, "hoverinfo": "skip"}
        traces.append(line(dates, beside.high, "days out of sample, 95 %", palette.MUTED, width=0.0, **fill))
    for name, values, colour, width in (
        ("today's data", beside.today, palette.SECOND, 1.4),
        ("frozen decisions, replayed", beside.replayed, palette.BENCHMARK, 1.4),
        ("the desk", beside.equity, palette.NET, 2.0),
    ):
        if values is not None:
            traces.append(line(dates, values, name, colour, width=width, hovertemplate="$%{y:,.0f}"))
    frame = layout(360, xaxis=axis(), yaxis=axis(showgrid=True, tickformat=DOLLARS))
    caption = "Two backtests of the same days: the frozen orders on today's prices, and the same models asked again on today's data. "
    caption += "Shaded: what blocks of days out of sample would have given, each session looked at alone."
    return Chart("equity", "Equity", caption, traces, frame)


def _profit(beside: Beside) -> Chart:
    colours = [palette.GOOD if one >= 0 else palette.BAD for one in beside.profit]
    bars = {"type": "bar", "x": _dates(beside.sessions), "y": rounded(beside.profit, 2), "marker": {"color": colours}}
    bars |= {"name": "the desk", "hovertemplate": "$%{y:,.0f}"}
    traces: list[dict[str, Any]] = [bars]
    if beside.replayed is not None:
        own = np.diff(beside.replayed, prepend=beside.cash)
        traces.append(line(_dates(beside.sessions), own, "replayed", palette.BENCHMARK, hovertemplate="$%{y:,.0f}"))
    frame = layout(220, xaxis=axis(), yaxis=axis(showgrid=True, zeroline=True, zerolinecolor=palette.INK, tickformat=DOLLARS))
    return Chart("profit", "Profit and loss by session", "", traces, frame)


def _ranks(study: MonitorStudy) -> list[Chart]:
    days = study.accuracy.days
    if not len(days.row):
        return []
    dates = _dates(study.days)
    traces = [line(dates, np.nancumsum(days.rank_ic), "the desk", palette.NET, width=2.0, hovertemplate="%{y:.3f}")]
    if study.watch is not None:
        expected = study.watch.mean * np.arange(1, len(dates) + 1)
        traces.append(line(dates, expected, "as before", palette.MUTED, dash="dot", hovertemplate="%{y:.3f}"))
    frame = layout(300, xaxis=axis(), yaxis=axis(showgrid=True, zeroline=True, zerolinecolor=palette.MUTED, tickformat=NUMBER))
    caption = "The rank correlation of forecast and return of each session whose labels are known, added up."
    return [Chart("ranks", "Rank IC, added up day by day", caption, traces, frame)]


def _watch(study: MonitorStudy) -> list[Chart]:
    if study.watch is None or not len(study.path):
        return []
    traces = [line(_dates(study.path_days), study.path, "shortfall", palette.BAD, width=2.0, hovertemplate="%{y:.2f}")]
    top = max(float(study.path.max()), study.watch.limit) * 1.08
    shapes = [level(study.watch.limit, palette.INK, "dot")]
    frame = layout(
        300, xaxis=axis(), yaxis=axis(showgrid=True, tickformat=NUMBER, range=[0, round(top, 2)]), shapes=shapes, showlegend=False
    )
    caption = "The sum as it would be had nobody cleared it; dotted: the limit."
    return [Chart("watch", "The watch over the champion", caption, traces, frame)]


def _regime(study: MonitorStudy) -> list[Chart]:
    effect = study.regime
    if not len(effect.difference):
        return []
    sums = line(_dates(effect.sessions), np.cumsum(effect.difference), "gained", palette.NET, width=2.0, hovertemplate="%{y:.2%}")
    spells = shading((str(one.first), str(one.last)) for one in effect.episodes)
    yaxis = axis(showgrid=True, zeroline=True, zerolinecolor=palette.MUTED, tickformat=PERCENT)
    frame = layout(260, xaxis=axis(), yaxis=yaxis, shapes=spells, showlegend=False)
    caption = "Daily returns of the frozen forecasts with the regime less those without it, added up. Shaded: sessions in the bear regime."
    return [Chart("regime_gain", "What the regime gained", caption, [sums], frame)]
