"""The charts of a validation: rank IC added up by day, AUC by fold, reliability, rank IC of each part."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from springback.analytics import palette
from springback.analytics.charts import NUMBER, Chart, axis, dots, layout, level, line, reliability, rounded
from springback.training.judgement import Bin, Estimate, Judgement, Part

WASH = palette.wash(palette.MUTED, 0.14)
NORMAL = 1.959964  # of a 95 % interval


def charts(judgement: Judgement) -> dict[str, list[Chart]]:
    """The charts by where they stand on the page."""
    cuts, reach = dict.fromkeys(part.cut for part in judgement.parts), _reach(judgement)
    return {
        "days": [_days(judgement)],
        "folds": [_folds(judgement.folds)],
        "reliability": [
            one for one in [reliability(bins_frame(judgement.reliability_long, judgement.reliability_short))] if one is not None
        ],
        "parts": [_parts(cut, [part for part in judgement.parts if part.cut == cut], reach) for cut in cuts],
    }


def _days(judgement: Judgement) -> Chart:
    days = judgement.days
    dates = [str(one) for one in days.sessions]
    traces: list[dict[str, Any]] = []
    error = judgement.whole.rank_ic.error
    known = np.isfinite(days.rank_ic)
    if error is not None:
        wide = NORMAL * error * np.sqrt(known.sum() * np.cumsum(known))
        edge = {"width": 0.0, "hoverinfo": "skip", "showlegend": False}
        traces.append(line(dates, -wide, "", palette.MUTED, **edge))
        fill = {"fill": "tonexty", "fillcolor": WASH, "hoverinfo": "skip"}
        traces.append(line(dates, wide, "a coin, 95 %", palette.MUTED, width=0.0, **fill))
    for name, values, colour, width in (
        ("long", days.long, palette.LONG, 1.1),
        ("short", days.short, palette.SHORT, 1.1),
        ("both", days.rank_ic, palette.NET, 2.0),
    ):
        traces.append(line(dates, np.nancumsum(values), name, colour, width=width, hovertemplate="%{y:.3f}"))
    frame = layout(
        360, xaxis=axis(), yaxis=axis(showgrid=True, zeroline=True, zerolinecolor=palette.MUTED, zerolinewidth=1, tickformat=NUMBER)
    )
    caption = (
        "The rank correlation of forecast and return of each session, added up. A steady climb is skill; inside the band it is a coin."
    )
    return Chart("days", "Rank IC, added up day by day", caption, traces, frame)


def _folds(folds: Sequence[Part]) -> Chart:
    traces = []
    names = [one.name[:7] for one in folds]
    for side, colour in (("long", palette.LONG), ("short", palette.SHORT)):
        found = [getattr(one, side).auc for one in folds]
        marks = dots(7, colour) | {"error_y": _whiskers(found, colour)}
        traces.append(line(names, _values(found), side, colour) | marks | {"hovertemplate": "%{y:.3f}"})
    reach = [end for one in folds for side in (one.long, one.short) for end in (side.auc.value, side.auc.low, side.auc.high)]
    ends = [end for end in reach if end is not None]
    low, high = min([0.46, *ends]), max([0.62, *ends])
    frame = layout(
        300,
        xaxis=axis(type="category", tickangle=0, dtick=-(-len(folds) // 6)),
        yaxis=axis(showgrid=True, tickformat=NUMBER, range=[round(low - 0.005, 3), round(high + 0.005, 3)]),
        shapes=[level(0.5, palette.INK, "solid"), level(0.6, palette.MUTED, "dot")],
        scattermode="group",
    )
    caption = (
        "All rows of a fold together, by models that had not seen them; below: the month it begins; bars: 95 % intervals by blocks of "
    )
    return Chart("folds", "AUC by fold", caption + "sessions. 0.5 is a coin; dotted: the gate at 0.60.", traces, frame)


def _parts(cut: str, parts: Sequence[Part], reach: tuple[float, float]) -> Chart:
    """Rank IC of each part of one cut, the first on top; all cuts on one scale, and no bar without an interval."""
    shown = list(reversed(parts))
    found = [one.rank_ic if one.rank_ic.low is not None else Estimate(None, None, None, None) for one in shown]
    whiskers = _whiskers(found, palette.NET)
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": [one.name for one in shown],
        "x": _values(found),
        "marker": {"color": palette.SECOND},
        "width": 0.5,
        "error_x": whiskers,
        "customdata": [f"{one.rows:,}" for one in shown],
        "hovertemplate": "%{y}: %{x:.3f}, %{customdata} rows<extra></extra>",
    }
    frame = layout(
        56 + 34 * len(parts),
        xaxis=axis(
            showgrid=True, zeroline=True, zerolinecolor=palette.INK, zerolinewidth=1, range=list(reach), tickformat=NUMBER, nticks=6
        ),
        yaxis=axis(type="category"),
        showlegend=False,
        hovermode="closest",
    )
    return Chart(f"cut_{cut}", f"By {cut}", "", [bars], frame)


def _reach(judgement: Judgement) -> tuple[float, float]:
    """The scale that all cuts share: from the lowest to the highest end, zero among them."""
    ends = [end for part in judgement.parts for end in (part.rank_ic.low, part.rank_ic.high) if end is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    pad = max(0.06 * (high - low), 0.002)
    return round(low - pad, 4), round(high + pad, 4)


def _whiskers(estimates: Sequence[Estimate], colour: str) -> dict[str, Any]:
    up = [None if one.value is None or one.high is None else one.high - one.value for one in estimates]
    down = [None if one.value is None or one.low is None else one.value - one.low for one in estimates]
    sizes = {"array": _numbers(up), "arrayminus": _numbers(down)}
    return {"type": "data", "symmetric": False, **sizes, "thickness": 1.2, "width": 0, "color": colour}


def _values(estimates: Sequence[Estimate]) -> list[float | None]:
    return _numbers([one.value for one in estimates])


def _numbers(values: Sequence[float | None]) -> list[float | None]:
    return rounded([np.nan if one is None else one for one in values])


def bins_frame(long: Sequence[Bin], short: Sequence[Bin]) -> pd.DataFrame:
    """side, probability, came_true (both fractions) and rows of the bins that hold any: what the chart of reliability draws."""
    rows = [
        {"side": side, "probability": one.probability, "came_true": one.came_true, "rows": one.rows}
        for side, bins in (("long", long), ("short", short))
        for one in bins
        if one.rows
    ]
    return pd.DataFrame(rows, columns=["side", "probability", "came_true", "rows"])
