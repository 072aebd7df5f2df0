"""The charts of a stress test: what each scenario does to equity, the regime's path through a window, histories that might have been."""

from itertools import pairwise

import numpy as np

from springback.analytics import palette
from springback.analytics.charts import NUMBER, PERCENT, Chart, axis, layout, level, line, rounded, shading
from springback.analytics.figures import shown
from springback.market.bars import Dates
from springback.scenarios.resample import Spread
from springback.scenarios.scenario_run import Numbers
from springback.scenarios.stress_study import StressStudy
from springback.scenarios.windows import Slice, spells
from springback.statistics.returns import account_returns

COLOURS = (palette.SHORT, palette.BAD, palette.LONG, *palette.OTHER, palette.SECOND, palette.INK)
TITLES = {
    "annual_return": ("Return a year", ".2%", "fraction"),
    "sharpe": ("Sharpe ratio", ".2f", "ratio"),
    "max_drawdown": ("Deepest fall", ".2%", "fraction"),
    "under_water": ("Longest under water, sessions", ",.0f", "count"),
}


def charts(study: StressStudy) -> dict[str, list[Chart]]:
    """The charts by where they stand on the page."""
    paths = [chart for one in study.slices if one.days for chart in path(one)]
    found = {name: getattr(study.figures, name) for name in TITLES}
    luck = [] if study.by_day is None else [histogram(study.by_day, study.by_trade, name, float(found[name])) for name in TITLES]
    return {"shocks": [growth(study)], "path": paths, "luck": luck}


def growth(study: StressStudy) -> Chart:
    """One dollar in the base run and in every scenario, weekly points."""
    traces = []
    for one, colour in zip(study.outcomes, COLOURS * 3, strict=False):
        dates, worth = _course(one.run.sessions, one.run.returns)
        traces.append(line(dates, worth, one.scenario.name, colour, width=1.2, hovertemplate="%{y:.4f}"))
    dates, worth = _course(study.base.result.sessions, account_returns(study.base.result))
    traces.append(line(dates, worth, "base run", palette.NET, width=2.4, hovertemplate="%{y:.4f}"))
    frame = layout(420, xaxis=axis(), yaxis=axis(showgrid=True, tickformat=NUMBER), shapes=[level(1.0, palette.MUTED, "dot")])
    frame["legend"] |= {"traceorder": "reversed"}
    return Chart("growth", "Growth of one dollar", "Each scenario runs the whole window; every fifth session is drawn.", traces, frame)


def _course(sessions: Dates, returns: Numbers) -> tuple[list[str], list[float | None]]:
    worth = np.cumprod(1 + returns)
    kept = np.unique(np.append(np.arange(0, len(worth), 5), len(worth) - 1))
    return [str(sessions[k]) for k in kept], rounded(worth[kept])


def path(one: Slice) -> list[Chart]:
    """The regime through a window, day by day: VIX and its mean over exposure over equity, bear sessions shaded."""
    dates = [day.date for day in one.days]
    traces = [
        line(dates, [day.mean for day in one.days], "its mean", palette.MUTED, width=1.2, dash="dot", hovertemplate="%{y:.1f}"),
        line(dates, [day.vix for day in one.days], "VIX", palette.BAD, width=1.8, hovertemplate="%{y:.1f}"),
        line(dates, [day.long for day in one.days], "long", palette.LONG, width=1.4, yaxis="y2", hovertemplate="%{y:.1%}"),
        line(dates, [day.short for day in one.days], "short", palette.SHORT, width=1.4, yaxis="y2", hovertemplate="%{y:.1%}"),
        line(dates, [day.worth for day in one.days], "equity", palette.NET, width=2.0, yaxis="y3", hovertemplate="%{y:.4f}"),
    ]
    shapes = shading((first, after or one.days[-1].date) for first, after in spells(one.days))
    frame = layout(
        520,
        shapes=shapes,
        xaxis=axis(anchor="y3"),
        yaxis=axis(domain=[0.68, 1], showgrid=True, nticks=5, title={"text": "VIX", "font": {"size": 11}}),
        yaxis2=axis(domain=[0.35, 0.62], showgrid=True, tickformat=PERCENT, nticks=4, title={"text": "of equity", "font": {"size": 11}}),
        yaxis3=axis(domain=[0, 0.29], showgrid=True, tickformat=NUMBER, nticks=4, title={"text": "equity", "font": {"size": 11}}),
    )
    caption = (
        "Shaded: the decision after that close saw the bear regime. Exposure is market value at the close; equity is 1 before the window."
    )
    return [Chart("path", f"{one.window.name}, day by day", caption, traces, frame)]


def histogram(days: Spread, trades: Spread | None, name: str, own: float) -> Chart:
    """One figure over all resampled histories; the base run's own is the vertical line."""
    title, tick, unit = TITLES[name]
    traces = []
    for spread, label, colour in ((trades, "trades resampled", palette.BENCHMARK), (days, "days resampled", palette.NET)):
        if spread is None or name not in spread.bins:
            continue
        edges, counts = spread.bins[name]
        middles = [(a + b) / 2 for a, b in pairwise(edges)]
        shares = [count / spread.draws / (edges[1] - edges[0]) for count in counts]
        area = {"fill": "tozeroy", "line": {"color": colour, "width": 1.4, "shape": "hvh"}, "hovertemplate": "%{x:" + tick + "}"}
        traces.append(line([], shares, label, colour) | {"x": rounded(middles), **area})
    mark = {"type": "line", "x0": own, "x1": own, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": palette.BAD, "width": 1.4}}
    frame = layout(
        210,
        xaxis=axis(tickformat=PERCENT if unit == "fraction" else NUMBER, nticks=6, zeroline=False),
        yaxis=axis(showticklabels=False),
        shapes=[mark] if np.isfinite(own) else [],
        hovermode="closest",
    )
    return Chart(f"luck_{name}", title, f"Red line: the base run, {shown(own, unit)}.", traces, frame)  # type: ignore[arg-type]
