"""Charts of the page as plain Plotly figures (data and layout, nothing else): small, quiet, one idea each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from springback.analytics import palette
from springback.analytics.performance import benchmark_returns, returns_of, underwater
from springback.analytics.report_data import Account, ReportData

SIDES = (("long", palette.LONG, palette.wash(palette.LONG, 0.22), 1), ("short", palette.SHORT, palette.wash(palette.SHORT, 0.22), -1))
"""Side, its colour, the same as a wash, and whether it is drawn upwards or downwards."""


NUMBER, PERCENT, DOLLARS = ",~f", "~%", "$,~f"
"""How the labels of an axis are written: with as many decimals as tell them apart, however small the results."""


@dataclass(frozen=True, eq=False)
class Chart:
    """`key` its id on the page, `title` and `caption` in words, `traces` and `layout` as Plotly takes them."""

    key: str
    title: str
    caption: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any]


def axis(**more: Any) -> dict[str, Any]:
    """An axis without ornament."""
    quiet = {
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "fixedrange": True,
        "automargin": True,
        "ticklabelstandoff": 5,
    }
    return quiet | {"gridcolor": palette.RULE, "linecolor": palette.RULE} | more


def layout(height: int, **more: Any) -> dict[str, Any]:
    """The frame every chart shares: transparent, legend above, hover in one box."""
    return {
        "height": height,
        "margin": {"l": 4, "r": 8, "t": 8, "b": 4},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": palette.MUTED, "size": 12},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": palette.CARD, "bordercolor": palette.RULE, "font": {"color": palette.INK}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        "dragmode": False,
        **more,
    }


def dots(size: Any, colour: str, mode: str = "markers", **more: Any) -> dict[str, Any]:
    """What makes a line one of dots, none of them cut at the frame."""
    return {"mode": mode, "marker": {"size": size, "color": colour, **more}, "cliponaxis": False}


def counted(*values: Any) -> dict[str, Any]:
    """The labels of an axis that counts `values`: few, and never half a thing."""
    return {"dtick": 1} if max((np.abs(one).max() for one in values if len(one)), default=0) <= 4 else {"nticks": 5}


def line(x: Sequence[str], y: Any, name: str, colour: str, **more: Any) -> dict[str, Any]:
    """A thin line; `y` rounded to what can be seen."""
    style = {"color": colour, "width": more.pop("width", 1.6), "dash": more.pop("dash", "solid")}
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": rounded(y), "name": name, "line": style, **more}


def rounded(values: Any, digits: int = 6) -> list[float | None]:
    """Plain numbers with `digits` decimals; None where there is none."""
    return [None if not np.isfinite(value) else round(float(value), digits) for value in np.asarray(values, dtype=np.float64)]


def days(frame: pd.DataFrame) -> list[str]:
    """ISO dates of a daily frame."""
    return list(pd.to_datetime(frame["date"]).dt.strftime("%Y-%m-%d"))


def bear_spells(daily: pd.DataFrame) -> list[tuple[str, str]]:
    """(first, last) date of each run of sessions whose decision saw the bear regime."""
    flag = (daily["bear"].to_numpy(dtype=np.float64) == 1).astype(np.int64)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flag, [0]])))
    dates = days(daily)
    return [(dates[first], dates[min(end, len(dates) - 1)]) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def shading(spans: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """A shape behind the lines for each (first, last) date of `spans`: sessions in the bear regime."""
    place = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    shade = {**place, "fillcolor": palette.BEAR, "line": {"width": 0}, "layer": "below"}
    return [{**shade, "x0": first, "x1": last} for first, last in spans]


def equity(report_data: ReportData) -> Chart:
    """Growth of one dollar over drawdown, regime shaded, every profile and the benchmark."""
    return Chart(
        "equity",
        "Growth of one dollar, and how far below its high",
        "After all costs of each profile. Shaded: sessions in the bear regime (VIX above its own mean), when new positions are small.",
        [*_growth(report_data), *_falls(report_data)],
        layout(
            460,
            shapes=shading(bear_spells(report_data.headline.daily)),
            xaxis=axis(anchor="y2"),
            yaxis=axis(domain=[0.36, 1], showgrid=True, tickformat=NUMBER),
            yaxis2=axis(domain=[0, 0.28], showgrid=True, tickformat=PERCENT, nticks=4),
            legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom", "traceorder": "reversed"},
        ),
    )


def _growth(report_data: ReportData) -> list[dict[str, Any]]:
    """One dollar in the benchmark and under every cost profile, the headline last."""
    dates, benchmark = days(report_data.headline.daily), _benchmark(report_data)
    traces = []
    if benchmark is not None:
        name = report_data.benchmark_name
        traces.append(line(dates, (1 + benchmark).cumprod(), name, palette.BENCHMARK, width=1.4, hovertemplate="%{y:.4f}"))
    colours = [palette.NET, palette.SECOND, palette.MUTED]
    for account, colour in reversed(list(zip(report_data.accounts, colours, strict=False))):
        worth = (1 + returns_of(account.daily, account.cash)).cumprod()
        width = 2.0 if account is report_data.headline else 1.2
        traces.append(line(dates, worth, f"{account.profile} costs", colour, width=width, hovertemplate="%{y:.4f}"))
    return traces


def _falls(report_data: ReportData) -> list[dict[str, Any]]:
    """How far the headline and the benchmark lie below their highs."""
    first, benchmark = report_data.headline, _benchmark(report_data)
    dates, below = days(first.daily), {"yaxis": "y2", "showlegend": False, "hovertemplate": "%{y:.2%}"}
    fall, wash = underwater(returns_of(first.daily, first.cash)), palette.wash(palette.NET, 0.14)
    traces = [line(dates, fall, "fall", palette.NET, fill="tozeroy", fillcolor=wash, width=1.2, **below)]
    if benchmark is not None:
        name = f"{report_data.benchmark_name} fall"
        traces.append(line(dates, underwater(benchmark), name, palette.BENCHMARK, width=1.0, **below))
    return traces


def _benchmark(report_data: ReportData) -> "pd.Series[float] | None":
    return benchmark_returns(report_data.benchmark, pd.DatetimeIndex(pd.to_datetime(report_data.headline.daily["date"])))


def exposure(account: Account) -> Chart | None:
    """Long, short and net market value as fractions of equity; None where the frame does not hold them."""
    daily = account.daily
    if "long_value" not in daily or "short_value" not in daily:
        return None
    dates, held = days(daily), daily["equity"]
    traces = [
        line(dates, daily[f"{side}_value"] / held, side, colour, fill="tozeroy", fillcolor=fill, width=0.8, hovertemplate="%{y:.1%}")
        for side, colour, fill, _ in SIDES
    ]
    net = ((daily["long_value"] + daily["short_value"]) / held).rolling(21, min_periods=1).mean()
    traces.append(line(dates, net, "net, mean of 21 sessions", palette.INK, width=1.4, hovertemplate="%{y:.1%}"))
    chart = layout(230, xaxis=axis(), yaxis=axis(showgrid=True, tickformat=PERCENT, nticks=5))
    return Chart("exposure", "Exposure", "Market value at the close as a share of equity.", traces, chart)


def slots(account: Account, most: int | None) -> Chart:
    """Positions and waiting entries by number, not by dollars: long above, short below."""
    daily, dates = account.daily, days(account.daily)
    traces = []
    for side, colour, fill, sign in SIDES:
        count = daily[f"n_{side}"]
        area = {"fill": "tozeroy", "fillcolor": fill, "line": {"color": colour, "width": 0.8, "shape": "hv"}}
        traces.append(line(dates, sign * count, side, colour) | area | _counted(count))
    ceilings = [level(sign * most, palette.MUTED, "dot") for sign in (1, -1)] if most else []
    caption = "Positions and waiting entries, shorts below." + (f" Dotted: the {most} slots a side." if most else "")
    frame = layout(
        230, xaxis=axis(), yaxis=axis(showgrid=True, **counted(daily["n_long"], daily["n_short"], np.array([most or 0]))), shapes=ceilings
    )
    return Chart("slots", "Slots used", caption, traces, frame)


def turnover(account: Account) -> Chart | None:
    """Dollars traded a month over mean equity."""
    daily = account.daily
    if "traded" not in daily:
        return None
    months = monthly(daily, daily["traded"] / daily["equity"])
    bars = {"type": "bar", "x": list(months.index), "y": rounded(months), "marker": {"color": palette.SECOND}, "name": "turnover"}
    bars["hovertemplate"] = "%{y:.3~f} × equity<extra></extra>"
    frame = layout(230, xaxis=axis(), yaxis=axis(showgrid=True, ticksuffix=" ×", tickformat=NUMBER, nticks=5), bargap=0.25)
    return Chart("turnover", "Turnover a month", "Dollars bought and sold, as multiples of equity.", [bars], frame)


def firing(account: Account) -> Chart | None:
    """Names that passed every entry condition, a month, and how many of them were ordered: names, not shares."""
    daily = account.daily
    if "long_candidates" not in daily or "long_entries" not in daily:
        return None
    traces, reach = [], []
    for side, colour, sign in (("long", palette.LONG, 1), ("short", palette.SHORT, -1)):
        passed, sent = (monthly(daily, daily[f"{side}_{what}"]) for what in ("candidates", "entries"))
        reach.append(passed)
        bar = {"type": "bar", "x": list(passed.index), "marker": {"color": colour}}
        traces.append({**bar, "y": rounded(sign * passed, 0), "name": f"{side} signals", "opacity": 0.3, **_counted(passed)})
        traces.append({**bar, "y": rounded(sign * sent, 0), "name": f"{side} orders", "width": 14 * 86_400_000, **_counted(sent)})
    frame = layout(230, barmode="overlay", xaxis=axis(), yaxis=axis(showgrid=True, **counted(*reach)), bargap=0.25)
    return Chart(
        "firing",
        "Signals and orders a month",
        "Names that passed every condition (light) and those ordered (dark); shorts below.",
        traces,
        frame,
    )


def _counted(values: "pd.Series[float]") -> dict[str, Any]:
    return {"customdata": rounded(values, 0), "hovertemplate": "%{customdata:,}"}


def monthly(daily: pd.DataFrame, values: "pd.Series[float]") -> "pd.Series[float]":
    """Sums by calendar month, indexed by its middle, ISO."""
    months = pd.to_datetime(daily["date"]).dt.strftime("%Y-%m-15")
    total: pd.Series[float] = values.groupby(months.to_numpy()).sum()
    return total


def costs(report_data: ReportData, marks_at: Mapping[str, float]) -> list[Chart]:
    """Annual return and Sharpe by cost a side; empty without a sweep. `marks_at` the headline's own annual_return and sharpe, dotted."""
    sweep = report_data.cost_sweep
    if sweep is None or sweep.empty:
        return []
    charts, name = [], report_data.headline.profile
    wanted = (
        ("annual_return", "Annual return by cost a side", PERCENT, "%{y:.2%}"),
        ("sharpe", "Sharpe ratio by cost a side", NUMBER, "%{y:.3f}"),
    )
    for column, title, tick, hover in wanted:
        marks = dots(6, palette.NET, "lines+markers") | {"hovertemplate": hover + " at %{x} bp<extra></extra>"}
        lines = [level(0.0, palette.MUTED, "solid")]
        if np.isfinite(marks_at[column]):
            lines.append(level(round(marks_at[column], 5), palette.NET, "dot"))
        trace = line(rounded(sweep["bp"], 2), sweep[column], title, palette.NET) | marks  # type: ignore[arg-type]
        frame = layout(
            240,
            xaxis=axis(ticksuffix=" bp"),
            yaxis=axis(showgrid=True, tickformat=tick),
            shapes=lines,
            showlegend=False,
            hovermode="closest",
        )
        charts.append(
            Chart(
                f"cost_{column}", title, f"LEAN's costs plus this flat cost on every dollar traded. Dotted: {name} costs.", [trace], frame
            )
        )
    return charts


def model_charts(report_data: ReportData) -> list[Chart]:
    """AUC by quarter, reliability and feature importance, those that are known."""
    return [
        chart for chart in (_auc(report_data.quarters), reliability(report_data.reliability), _importance(report_data.importance)) if chart
    ]


def _sides(frame: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    return [(side, colour, frame[frame["side"] == side]) for side, colour in (("long", palette.LONG), ("short", palette.SHORT))]


def _auc(quarters: pd.DataFrame | None) -> Chart | None:
    if quarters is None or quarters.empty:
        return None
    traces = []
    for side, colour, part in _sides(quarters):
        bars = {"type": "data", "array": rounded(part["error"]), "thickness": 1, "width": 0, "color": colour}
        marks = dots(7, colour) | {"error_y": bars, "hovertemplate": "%{y:.3f}"}
        traces.append(line(list(part["quarter"].astype(str)), part["auc"], side, colour) | marks)
    lines = [level(0.5, palette.INK, "solid"), level(0.6, palette.MUTED, "dot")]
    known = quarters.dropna(subset=["auc"])
    reach = known["error"].astype(float).fillna(0.0)  # one name alone: a column of None
    low, high = min(0.46, float((known["auc"] - reach).min())), max(0.62, float((known["auc"] + reach).max()))
    frame = layout(
        280,
        xaxis=axis(type="category"),
        yaxis=axis(showgrid=True, tickformat=NUMBER, range=[round(low - 0.005, 3), round(high + 0.005, 3)]),
        shapes=lines,
        scattermode="group",
    )
    caption = (
        "Each quarter by a model that had not seen it; bars: one standard error, days taken as independent."
        " 0.5 is a coin; dotted: the gate at 0.60."
    )
    return Chart("auc", "AUC by quarter", caption, traces, frame)


def level(y: float, colour: str, dash: str) -> dict[str, Any]:
    """A line across the plot at `y`."""
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": {"color": colour, "width": 1, "dash": dash}}


def reliability(bins: pd.DataFrame | None) -> Chart | None:
    """Probability said against the share that came true: side, probability, came_true, rows; None without them."""
    if bins is None or bins.empty:
        return None
    known = bins[(bins["rows"] > 0) & bins["probability"].notna() & bins["came_true"].notna()]
    top = max(float(known["rows"].max()), 1.0) if len(known) else 1.0
    traces = []
    for side, colour, part in _sides(known):
        size = rounded(5 + 17 * np.sqrt(part["rows"] / top), 1)
        marks = dots(size, colour, "lines+markers", opacity=0.75) | {"customdata": rounded(part["rows"], 0)}
        trace = line(rounded(part["probability"]), part["came_true"], side, colour, width=1)  # type: ignore[arg-type]
        traces.append(trace | marks | {"hovertemplate": "said %{x:.0%}, came true %{y:.0%}, %{customdata:,} rows"})
    diagonal = {"type": "line", "x0": 0, "y0": 0, "x1": 1, "y1": 1, "line": {"color": palette.MUTED, "width": 1, "dash": "dot"}}
    scale = {"tickformat": PERCENT, "range": [-0.03, 1.03]}
    frame = layout(280, xaxis=axis(showgrid=True, **scale), yaxis=axis(showgrid=True, **scale), shapes=[diagonal], hovermode="closest")
    caption = "Probability said (across) against the share that came true (up); larger dots hold more rows. "
    caption += "Honest probabilities lie on the diagonal."
    return Chart("reliability", "Reliability", caption, traces, frame)


def _importance(table: pd.DataFrame | None) -> Chart | None:
    if table is None or table.empty:
        return None
    order = list(table.groupby("feature")["auc_lost"].mean().sort_values(kind="stable").index)
    traces = []
    for side, colour, part in _sides(table):
        ranked = part.set_index("feature").reindex(order)
        spread = {"type": "data", "array": rounded(ranked["spread"]), "thickness": 1, "width": 0, "color": palette.INK}
        bar = {"type": "bar", "orientation": "h", "y": order, "x": rounded(ranked["auc_lost"]), "name": side, "error_x": spread}
        traces.append({**bar, "marker": {"color": colour}, "hovertemplate": "%{x:.4f}"})
    frame = layout(
        300,
        barmode="group",
        xaxis=axis(showgrid=True, zeroline=True, zerolinecolor=palette.MUTED, tickformat=NUMBER, nticks=6),
        yaxis=axis(),
        hovermode="y unified",
    )
    caption = "AUC lost when a feature is shuffled in blocks of dates; line: spread over repeats. Near or below zero it carries nothing."
    return Chart("importance", "Feature importance", caption, traces, frame)
