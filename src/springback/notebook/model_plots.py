"""Pictures of what two models learned and earned for the notebook: the title of each is computed from what it shows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, NullLocator

from springback.analytics import palette
from springback.analytics.figures import shown
from springback.analytics.gates import GATES
from springback.analytics.picture import curves
from springback.analytics.plots import SIDES, WIDE, Exhibit, legend, named, percent, sheet
from springback.analytics.report_data import ReportData
from springback.analytics.summary import summarise

GATE = next(gate.limit for gate in GATES if gate.name == "auc")
FEW = 30


def importance(table: pd.DataFrame) -> Exhibit:
    """AUC lost by shuffling each feature; `table` (side, feature, auc_lost, spread), not empty."""
    mean = table.groupby("feature")["auc_lost"].mean().sort_values(kind="stable")
    order, idle = [str(name) for name in mean.index], int((table["auc_lost"] <= table["spread"]).sum())
    title = f"{order[-1]} carries most: shuffled, it costs {mean.iloc[-1]:.3f} of AUC; "
    title += f"{idle} of {len(table)} bars are shorter than their spread"
    note = "AUC lost when a feature's blocks of 20 sessions change places; line: standard deviation over five shuffles."
    page, (one,) = sheet(title, note, 3.4, left=1.25 / WIDE)
    for (side, colour), shift in zip(SIDES, (0.19, -0.19), strict=True):
        part = table[table["side"] == side].set_index("feature").reindex(order)
        at = np.arange(len(order)) + shift
        one.barh(at, part["auc_lost"], height=0.36, color=colour, label=side)
        one.hlines(at, part["auc_lost"] - part["spread"], part["auc_lost"] + part["spread"], color=palette.INK, linewidth=1)
    one.axvline(0, color=palette.MUTED, linewidth=0.8)
    one.set_yticks(range(len(order)), order)
    named(one, "AUC lost")
    one.grid(visible=False, axis="y")
    one.grid(visible=True, axis="x", color=palette.RULE, linewidth=0.7)
    legend(one)
    return Exhibit(title, page)


def roc(curve: pd.DataFrame, scores: Mapping[str, float | None]) -> Exhibit:
    """The ROC curves over the newest rows; `curve` (side, false_rate, true_rate), `scores` side -> AUC."""
    known = [score for score in scores.values() if score is not None]
    reached = "passed" if known and min(known) > GATE else "not reached"
    told = {side: shown(scores.get(side), "three") for side, _ in SIDES}
    title = f"AUC on rows never seen: long {told['long']}, short {told['short']}; the gate of {GATE:.2f} is {reached}"
    note = "Dotted: a coin. The further above it, the better the ranking."
    page, (one,) = sheet(title, note, 4.0, left=2.4 / WIDE, right=6.8 / WIDE, foot=0.6)
    one.plot([0, 1], [0, 1], color=palette.MUTED, linewidth=1, linestyle=":")
    for side, colour in SIDES:
        part = curve[curve["side"] == side]
        one.plot(part["false_rate"], part["true_rate"], color=colour, linewidth=1.5, label=side)
    for axis in (one.xaxis, one.yaxis):
        axis.set_major_formatter(percent)
    named(one, "Right rows found")
    one.set_xlabel("wrong rows taken", color=palette.MUTED, fontsize=8.5)
    legend(one)
    return Exhibit(title, page)


def auc_over_time(table: pd.DataFrame, period: str, how: str) -> Exhibit:
    """AUC of each period with its standard error; `table` (side, period, auc, error), `period` its word, `how` it was made."""
    known = table.dropna(subset=["auc"])
    worst = known.groupby("period", sort=False)["auc"].min()
    title = (
        f"AUC by {period} lies between {known['auc'].min():.2f} and {known['auc'].max():.2f}: on both sides above a coin in "
        f"{int((worst > 0.5).sum())} of {len(worst)} {period}s, above the gate in {int((worst > GATE).sum())}"
    )
    page, (one,) = sheet(title, f"{how} Bars: one standard error, days taken as independent. Dotted: the gate of {GATE:.2f}.", 2.9)
    order = [str(name) for name in worst.index]
    for (side, colour), shift in zip(SIDES, (-0.12, 0.12), strict=True):
        part = known[known["side"] == side]
        at = np.array([order.index(str(name)) for name in part["period"]]) + shift
        one.vlines(at, part["auc"] - part["error"], part["auc"] + part["error"], color=colour, linewidth=1)
        one.scatter(at, part["auc"], s=26, color=colour, label=side, zorder=3)
    one.axhline(0.5, color=palette.INK, linewidth=0.9)
    one.axhline(GATE, color=palette.MUTED, linewidth=0.9, linestyle=":")
    step = max(1, int(np.ceil(len(order) / 10)))
    one.set_xticks(range(0, len(order), step), order[::step])
    named(one, "AUC")
    legend(one)
    return Exhibit(title, page)


def reliability(table: pd.DataFrame, threshold: float) -> Exhibit:
    """Said against came true, and how many rows each tenth holds; `table` (side, probability, came_true, rows)."""
    note = f"Tenths of probability, in the curve those of at least {FEW} rows. Honest probabilities lie on the dotted line."
    title = _sureness(table[table["probability"] > threshold], threshold, float(table["rows"].sum()))
    page, (one, many) = sheet(title, note, 3.2, columns=2, wspace=0.22, foot=0.6, right=1 - 0.4 / WIDE)
    one.plot([0, 1], [0, 1], color=palette.MUTED, linewidth=1, linestyle=":")
    for (side, colour), shift in zip(SIDES, (-0.018, 0.018), strict=True):
        part = table[table["side"] == side]
        curve = part[part["rows"] >= FEW]
        one.plot(curve["probability"], curve["came_true"], color=colour, linewidth=1.2, marker="o", markersize=5, label=side)
        many.bar(np.floor(part["probability"] * 10) / 10 + 0.05 + shift, part["rows"], width=0.034, color=colour, label=side)
    many.set_yscale("log")
    many.set_xlim(0, 1)
    many.yaxis.set_minor_locator(NullLocator())
    many.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    one.yaxis.set_major_formatter(percent)
    for each, name in ((one, "Share that came true"), (many, "Rows, logarithmic")):
        each.xaxis.set_major_formatter(percent)
        each.set_xlabel("probability said", color=palette.MUTED, fontsize=8.5)
        named(each, name)
        legend(each)
    return Exhibit(title, page)


def splits(table: pd.DataFrame) -> Exhibit:
    """AUC by the split in time beside that of a random split; `table` (side, by_time, random)."""
    gain = float((table["random"] - table["by_time"]).mean())
    told = f"{gain:.3f} more AUC: a leak, not skill" if gain > 0 else f"{-gain:.3f} less AUC: here the leak does not show"
    title = f"Split at random instead of by time, the rows show {told}"
    note = "Labels of several sessions overlap: a random split trains on the neighbours of what it tests. Solid: a coin. Dotted: the gate."
    page, (one,) = sheet(title, note, 1.5, left=0.9 / WIDE)
    time, chance, at = table["by_time"].to_numpy(), table["random"].to_numpy(), np.arange(len(table))[::-1]
    one.hlines(at, time, chance, color=palette.RULE, linewidth=5, zorder=1)
    one.scatter(time, at, s=70, color=palette.NET, label="split by time", zorder=3)
    one.scatter(chance, at, s=70, color=palette.BAD, label="split at random", zorder=3)
    one.axvline(0.5, color=palette.INK, linewidth=0.9)
    one.axvline(GATE, color=palette.MUTED, linewidth=0.9, linestyle=":")
    one.set_yticks(at, [str(side) for side in table["side"]])
    one.set_ylim(-0.6, len(table) - 0.4)
    named(one, "AUC")
    one.grid(visible=False)
    legend(one)
    return Exhibit(title, page)


def equity(report_data: ReportData) -> Exhibit:
    """Growth of one dollar under each cost profile, and the falls from its high."""
    summary = summarise(report_data)
    head = summary.figures[report_data.headline.profile]
    told = {name: shown(head[name].value, head[name].unit) for name in ("annual_return", "sharpe", "sharpe_low", "sharpe_high")}
    title = f"{told['annual_return']} a year after {report_data.headline.profile} costs"
    if head["sharpe_low"].value is not None:
        title += f" (Sharpe {told['sharpe']}, 95 % band {told['sharpe_low']} to {told['sharpe_high']})"
    for profile, figures in list(summary.figures.items())[1:]:
        title += f", {shown(figures['annual_return'].value, 'fraction')} under the profile {profile}"
    page, (grow, fall) = sheet(title, " ".join(summary.flags), 4.4, 2, heights=[2.4, 1], hspace=0.3)
    curves(grow, fall, report_data)
    return Exhibit(title, page)


def costs(sweep: pd.DataFrame) -> Exhibit:
    """Annual return by flat cost a side; `sweep` (bp, annual_return)."""
    lost = sweep[sweep["annual_return"] <= 0]
    end = f"nothing is left at {lost['bp'].iloc[0]:g} bp a side" if len(lost) else f"some is left at {sweep['bp'].iloc[-1]:g} bp a side"
    title = f"{shown(float(sweep['annual_return'].iloc[0]), 'fraction')} a year after commission alone; {end}"
    page, (one,) = sheet(title, "LEAN's fills and commission plus this flat cost on every dollar traded.", 2.4)
    one.axhline(0, color=palette.MUTED, linewidth=0.8)
    one.plot(sweep["bp"], sweep["annual_return"], color=palette.NET, linewidth=1.5, marker="o", markersize=5)
    one.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} bp"))
    one.yaxis.set_major_formatter(percent)
    named(one, "Annual return")
    return Exhibit(title, page)


def _sureness(sure: pd.DataFrame, threshold: float, rows: float) -> str:
    if sure.empty:
        return f"No tenth of probability lies above {threshold:g}: the models are never that sure"
    said, true = (float(np.average(sure[name], weights=sure["rows"])) for name in ("probability", "came_true"))
    share, words, truth = (shown(one, "fraction") for one in (float(sure["rows"].sum()) / rows, said, true))
    return f"Where the models say {words} on average, {truth} comes true; they are that sure of {share} of the rows"
