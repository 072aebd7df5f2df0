"""The charts of a search: trials in order, importance, the winner's neighbours along each knob and over the two that matter most."""

import math
from typing import Any

import numpy as np

from springback.analytics import palette
from springback.analytics.charts import NUMBER, Chart, axis, dots, layout, level, line, rounded
from springback.search.optimizer import plain
from springback.search.search_finding import Line, Plane, SearchFinding, SearchReport

DEEP = 3.0  # below the specification's ratio: where the chart ends
DEEPEST = 0.55  # of a colour in a cell: the figure on it stays legible


def charts(report: SearchReport) -> dict[str, list[Chart]]:
    """The charts by where they stand on the page."""
    reach = _reach(report)
    plane = [] if report.plane is None else [_plane(report.plane, report)]
    return {"trials": [_trials(report)], "plane": plane, "lines": [_line(one, report, reach) for one in report.lines]}


def _trials(report: SearchReport) -> Chart:
    known = [(number, ratio) for number, _, _, ratio in report.trials if ratio is not None]
    numbers = [str(number) for number, _ in known]
    ratios = np.array([ratio for _, ratio in known])
    found = report.finding
    floor = _middle(found) - DEEP
    below = int((ratios < floor).sum())
    best = np.maximum.accumulate(ratios) if len(ratios) else ratios
    marks = dots(7, palette.SECOND) | {"customdata": rounded(ratios, 3)}
    marks["hovertemplate"] = "%{customdata:.2f}"
    traces = [
        line(numbers, np.maximum(ratios, floor), "trial", palette.SECOND) | marks,
        line(numbers, best, "best so far", palette.NET, hovertemplate="%{y:.2f}", width=2.0) | {"line": _steps()},
    ]
    for value, name, dash in (
        (_middle(found), "specification", "solid"),
        (found.luck, "best of so many without skill", "dot"),
    ):
        traces.append(line(numbers, np.full(len(numbers), value), name, palette.MUTED, width=1.2, dash=dash, hovertemplate="%{y:.2f}"))
    frame = layout(320, xaxis=axis(title="trial", nticks=8), yaxis=axis(showgrid=True, tickformat=NUMBER))
    caption = (
        "Net Sharpe ratio of each setting in the order it was tried. The dotted line is what the best of so many shows without any skill."
    )
    if below:
        caption += f" {below} of them lie below the chart and are drawn on its edge."
    return Chart("trials", "What each trial earned", caption, traces, frame)


def _middle(finding: SearchFinding) -> float:
    """The specification's ratio; 0 where it has none."""
    return finding.specified_sharpe if math.isfinite(finding.specified_sharpe) else 0.0


def _steps() -> dict[str, Any]:
    return {"color": palette.NET, "width": 2.0, "shape": "hv"}


def _line(one: Line, report: SearchReport, reach: tuple[float, float]) -> Chart:
    """The Sharpe ratio along one knob, on the scale of all."""
    values = [plain(value) for value in one.values]
    chosen = plain(report.finding.winner[one.name])
    sizes = [11 if value == chosen else 6 for value in values]
    marks = dots(sizes, palette.NET, "lines+markers") | {"hovertemplate": "%{x}: %{y:.2f}<extra></extra>"}
    trace = line(values, [np.nan if figure is None else figure for figure in one.figures], one.name, palette.NET) | marks
    frame = layout(
        190,
        xaxis=axis(type="category"),
        yaxis=axis(showgrid=True, tickformat=NUMBER, range=list(reach), nticks=5),
        shapes=[level(_middle(report.finding), palette.MUTED, "solid")],
        showlegend=False,
        hovermode="closest",
    )
    return Chart(f"knob_{one.name.replace('.', '_')}", one.name, "", [trace], frame)


def _plane(plane: Plane, report: SearchReport) -> Chart:
    """The winner's neighbours over two knobs, coloured by how far they are from the specification's ratio."""
    across, down = ([plain(value) for value in one.values] for one in (plane.across, plane.down))
    middle, winner = _middle(report.finding), report.finding.winner
    cells = [(column, row, figure) for row, line in enumerate(plane.figures) for column, figure in enumerate(line) if figure is not None]
    wide = max([0.05, *(abs(figure - middle) for _, _, figure in cells)])
    boxes = [_cell(column, row, (figure - middle) / wide) for column, row, figure in cells]
    trace = {
        "type": "scatter",
        "mode": "text",
        "x": [across[column] for column, _, _ in cells],
        "y": [down[row] for _, row, _ in cells],
        "text": [f"{figure:.2f}".replace("-", "\u2212") for _, _, figure in cells],
        "textfont": {"size": 11, "color": palette.INK},
        "hovertemplate": f"{plane.across.name} %{{x}}, {plane.down.name} %{{y}}: %{{text}}<extra></extra>",
    }
    place = across.index(plain(winner[plane.across.name])), down.index(plain(winner[plane.down.name]))
    frame = layout(
        120 + 38 * len(down),
        xaxis=_categories(plane.across.name, across, 8),
        yaxis=_categories(plane.down.name, down, 14),
        shapes=[*boxes, _frame(*place)],
        hovermode="closest",
    )
    caption = "Net Sharpe ratio of the winner's neighbours, the winner framed; blue is above the specification, red below. A winner on a "
    caption += "broad plateau is worth more than one on a needle."
    return Chart("plane", f"{plane.across.name} and {plane.down.name}", caption, [trace], frame)


def _categories(name: str, values: list[str], standoff: int) -> dict[str, Any]:
    return axis(type="category", categoryarray=values, range=[-0.5, len(values) - 0.5], title={"text": name, "standoff": standoff})


def _frame(column: int, row: int) -> dict[str, Any]:
    """A line around a cell of the plane."""
    box = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    return {"type": "rect", **box, "line": {"color": palette.INK, "width": 2}}


def _cell(column: int, row: int, strength: float) -> dict[str, Any]:
    """A box of the plane: blue above the middle, red below, the stronger the farther (-1 to 1)."""
    colour = palette.NET if strength > 0 else palette.SHORT
    box = {"x0": column - 0.48, "x1": column + 0.48, "y0": row - 0.47, "y1": row + 0.47, "line": {"width": 0}, "layer": "below"}
    return {"type": "rect", **box, "fillcolor": palette.wash(colour, DEEPEST * abs(strength))}


def _reach(report: SearchReport) -> tuple[float, float]:
    ends = [figure for one in report.lines for figure in one.figures if figure is not None]
    low, high = (min([_middle(report.finding), *ends]), max([_middle(report.finding), *ends]))
    pad = max(0.1 * (high - low), 0.05)
    return round(low - pad, 3), round(high + pad, 3)
