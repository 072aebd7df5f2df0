"""Pictures of the gate's page: coverage, counts by severity, the worst example of each kind."""

from typing import Any

import numpy as np

from springback.analytics import palette
from springback.analytics.charts import DOLLARS, Chart, axis, dots, layout, rounded
from springback.analytics.plots import shaded
from springback.market.bars import Bars, Panel
from springback.market.market_data import MarketData
from springback.market.quarantine import inside
from springback.quality.quality_finding import Flags, QualityFinding, Severity
from springback.quality.quality_study import QualityStudy

COLOURS: dict[Severity, str] = {"error": palette.BAD, "warning": palette.NET, "info": palette.BENCHMARK}
BANDS = 120
"""Most rows of the heat map: a row is one name, or the mean of some."""
AROUND = 40
MOST = 12


def coverage(market_data: MarketData) -> Chart:
    """Names, by the day of their last bar, by months: the share of sessions with a bar."""
    has = ~np.isnan(market_data.bars.close)
    months = market_data.bars.sessions.astype("datetime64[M]")
    labels, first = np.unique(months, return_index=True)
    by_month = np.add.reduceat(has.astype(np.float64), first, axis=0) / np.diff([*first, len(months)])[:, None]
    order = np.lexsort([np.argmax(has, axis=0), -market_data.last])
    groups = np.array_split(order, min(BANDS, len(order)))
    shares = np.array([by_month[:, group].mean(axis=1) for group in groups])
    first_month, after = str(labels[0]), str(labels[-1] + 1)
    spanned = (np.datetime64(after, "D") - np.datetime64(first_month, "D")).astype(int) * 86_400_000
    stretched = np.repeat(shares, np.diff([*labels.astype("datetime64[D]"), np.datetime64(after, "D")]).astype(int), axis=1)
    place = {"xref": "x", "yref": "y", "x": f"{first_month}-01", "y": 0, "sizex": float(spanned), "sizey": len(order)}
    image = {"source": shaded(stretched, palette.SECOND), **place, "yanchor": "top", "sizing": "stretch", "layer": "below"}
    frame = layout(
        340,
        images=[image],
        xaxis=axis(type="date", nticks=8, range=[f"{first_month}-01", f"{after}-01"]),
        yaxis=axis(range=[len(order), 0], nticks=5, title={"text": "names"}),
    )
    caption = (
        "A row is a name, or the mean of some neighbours; those that last are at the top, below them the others by their last day. "
        "Dark: a bar on every session of the month. A step on one day across many rows is a source that ends there."
    )
    return Chart("coverage", "Who has bars when", caption, [_ghost(first_month)], frame)


def _ghost(x: str) -> dict[str, Any]:
    """A trace that shows nothing: an image alone makes no axes."""
    return {"type": "scatter", "mode": "lines", "x": [x], "y": [0], "hoverinfo": "skip", "showlegend": False}


def counts(findings: tuple[QualityFinding, ...]) -> Chart:
    """How much each check found, by severity, on a logarithmic scale."""
    traces: list[dict[str, Any]] = []
    shown = [one for one in reversed(findings) if one.count]
    for severity, colour in COLOURS.items():
        mine = [one for one in shown if one.severity == severity]
        if mine:
            traces.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": severity,
                    "y": [words(one.check) for one in mine],
                    "x": [one.count for one in mine],
                    "text": [f"{one.count:,}" for one in mine],
                    "textposition": "outside",
                    "textangle": 0,
                    "cliponaxis": False,
                    "marker": {"color": colour},
                    "hovertemplate": "%{y}: %{x:,}<extra></extra>",
                }
            )
    frame = layout(
        70 + 24 * len(shown),
        xaxis=axis(type="log", showticklabels=False, range=[-0.3, np.log10(max([one.count for one in shown], default=1)) * 1.35 + 0.3]),
        yaxis=axis(categoryorder="array", categoryarray=[words(one.check) for one in shown]),
        hovermode="closest",
        bargap=0.3,
    )
    return Chart("counts", "How much was found", "On a logarithmic scale: the same step to the right is the same multiple.", traces, frame)


def examples(study: QualityStudy) -> list[Chart]:
    """The worst example of each kind that is not only told: closes around it."""
    market_data = study.market_data
    if market_data is None:
        return []
    shut = inside(market_data.bars, study.spans)
    out: list[Chart] = []
    for one in study.findings:
        spots = [spot for spot in one.rows if spot[0] and spot[1] in market_data.bars.symbols and _drawn(market_data, spot)]
        if one.severity != "info" and spots and len(out) < MOST:
            out.append(_example(market_data, one, spots[0], shut))
    return out


def _drawn(market_data: MarketData, spot: tuple[str, str]) -> bool:
    """Whether there are closes around `spot` to be drawn: a member without a bar may have none."""
    row, column = market_data.bars.row(spot[0]), market_data.bars.symbols.index(spot[1])
    return int((~np.isnan(market_data.bars.close[max(0, row - AROUND) : row + AROUND + 1, column])).sum()) > 1


def _example(market_data: MarketData, one: QualityFinding, spot: tuple[str, str], shut: Flags) -> Chart:
    """The closes around `spot`, day and symbol, the accused bars marked; `shut` (T, N) is in quarantine."""
    bars = market_data.bars
    day, symbol = spot
    row, column = bars.row(day), bars.symbols.index(symbol)
    near = slice(max(0, row - AROUND), min(len(bars.sessions), row + AROUND + 1))
    days, close = [str(session) for session in bars.sessions[near]], bars.close[near, column]
    out = np.flatnonzero(shut[near, column])
    shapes = [_shade(days[out[0]], days[out[-1]])] if len(out) else []
    known = close[~np.isnan(close)]
    wide = len(known) > 0 and known.max() / known.min() > 8
    frame = layout(
        220,
        xaxis=axis(type="date", nticks=4),
        yaxis=axis(type="log" if wide else "linear", nticks=4, tickformat=DOLLARS, **({"dtick": 1} if wide else {})),
        hovermode="closest",
        showlegend=False,
        shapes=shapes,
    )
    caption = f"{one.count:,} of this kind" + (", shaded: in quarantine." if shapes else ".")
    traces = [_closes(days, close), _accused(bars, one, column, near)]
    return Chart(f"example_{one.check}", f"{words(one.check).capitalize()}: {symbol}, {day}", caption, traces, frame)


def _closes(days: list[str], close: Panel) -> dict[str, Any]:
    shape = {"type": "scatter", "mode": "lines", "line": {"color": palette.SECOND, "width": 1.6}}
    return shape | {"x": days, "y": rounded(close, 4), "name": "close"}


def _accused(bars: Bars, one: QualityFinding, column: int, near: slice) -> dict[str, Any]:
    mine = (one.places[:, 1] == column) & (one.places[:, 0] >= near.start) & (one.places[:, 0] < near.stop)
    rows = one.places[mine][:, 0]
    days, closes = [str(bars.sessions[row]) for row in rows], rounded(bars.close[rows, column], 4)
    return {"type": "scatter", **dots(7, COLOURS[one.severity]), "x": days, "y": closes, "name": words(one.check)}


def _shade(first: str, last: str) -> dict[str, Any]:
    box = {"type": "rect", "x0": first, "x1": last, "yref": "paper", "y0": 0, "y1": 1}
    return box | {"fillcolor": palette.BEAR, "line": {"width": 0}, "layer": "below"}


def words(check: str) -> str:
    """The key of a check as words."""
    return check.replace("ohlc", "order of prices").replace("_", " ").replace("vix", "VIX")
