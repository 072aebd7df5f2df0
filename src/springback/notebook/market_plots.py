"""Pictures of a market, its features and its labels for the notebook: the title of each is computed from what it shows."""

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator

from springback.analytics import palette
from springback.analytics.figures import shown
from springback.analytics.plots import WIDE, Exhibit, dated, legend, named, percent, quiet, sheet

TINTS = LinearSegmentedColormap.from_list("springback", [palette.SHORT, palette.PAPER, palette.NET])


def market(days: pd.DataFrame, level: str) -> Exhibit:
    """The market's level, VIX and the size of the universe; `days` (date, level, vix, bear, ranked), `level` what the first line is."""
    grown, bear = float(days["level"].iloc[-1]), shown(float(days["bear"].mean()), "fraction")
    median = float(days["ranked"][days["ranked"] > 0].median())
    title = f"{level} ended at {grown:.2f} times its start; {bear} of the sessions were bear, and the median one ranked {median:,.0f} names"
    page, axes = sheet(title, "Shaded: VIX closed above its own mean by the regime's multiple.", 4.6, 3, heights=[2, 1, 1], hspace=0.45)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], days["bear"].to_numpy(np.int64), [0]])))
    for one, column, colour, name in zip(
        axes,
        ("level", "vix", "ranked"),
        (palette.NET, palette.BENCHMARK, palette.SECOND),
        (f"{level}, start = 1", "VIX", "Names in the universe"),
        strict=True,
    ):
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            one.axvspan(days["date"].iloc[first], days["date"].iloc[min(end, len(days) - 1)], color=palette.BEAR, linewidth=0)
        one.plot(days["date"], days[column], color=colour, linewidth=1.2)
        named(one, name)
        dated(one, labels=one is axes[-1])
    return Exhibit(title, page)


def one_name(frame: pd.DataFrame, symbol: str, low: float, high: float) -> Exhibit:
    """Close and QPI of one name with the sessions past the marks; `frame` (date, close, qpi)."""
    known = frame.dropna(subset=["close"])
    under, over = known[known["qpi"] < low], known[known["qpi"] > high]
    title = f"{symbol} was oversold (QPI < {low:g}) on {len(under):,} and overbought (> {high:g}) on {len(over):,} "
    title += f"of {int(known['qpi'].notna().sum()):,} sessions"
    page, (price, index) = sheet(title, "Dots: sessions past a mark.", 4.0, 2, heights=[2, 1], hspace=0.35)
    price.plot(known["date"], known["close"], color=palette.MUTED, linewidth=0.9)
    index.plot(known["date"], known["qpi"], color=palette.SECOND, linewidth=0.6)
    for part, colour in ((under, palette.LONG), (over, palette.SHORT)):
        price.scatter(part["date"], part["close"], s=11, color=colour, linewidth=0, zorder=3)
        index.scatter(part["date"], part["qpi"], s=7, color=colour, linewidth=0, zorder=3)
    named(price, "Close, dollars, on the last split scale")
    named(index, "3-day QPI, 0 to 100")
    dated(price, labels=False)
    dated(index)
    return Exhibit(title, page)


def firing(days: pd.DataFrame, low: float, high: float) -> Exhibit:
    """How many names are past the QPI marks each session; `days` (date, ranked, low, high)."""
    ranked = days[days["ranked"] > 0]
    most = ranked.loc[ranked["low"].idxmax()]
    title = f"QPI < {low:g} holds for {ranked['low'].median():,.0f} names on the median day, "
    title += f"and for {most['low']:,.0f} of {most['ranked']:,.0f} on {most['date']:%Y-%m-%d}"
    page, (one,) = sheet(title, "Names past the marks, each session; overbought ones are drawn downwards.", 2.8)
    for column, colour, sign in (("low", palette.LONG, 1), ("high", palette.SHORT, -1)):
        mark = f"QPI < {low:g}" if sign > 0 else f"QPI > {high:g}"
        one.fill_between(ranked["date"], sign * ranked[column], 0, color=colour, alpha=0.85, linewidth=0, step="mid", label=mark)
    one.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.0f}"))
    named(one, "Names")
    legend(one)
    dated(one)
    return Exhibit(title, page)


def distributions(sample: pd.DataFrame) -> Exhibit:
    """A histogram of each feature between its 0.5 and 99.5 percentiles; `sample` one column a feature, QPI first."""
    first = sample.iloc[:, 0]
    ends = shown(float(((first <= 0) | (first >= 100)).mean()), "fraction")
    title = f"QPI lies at its ends, 0 or 100, in {ends} of the rows; {sample.skew().abs().idxmax()} has the longest tail"
    note = (
        f"{len(sample):,} rows, evenly taken in time. What lies beyond the 0.5 and 99.5 percentiles is in the outer bars. Line: the median."
    )
    page, axes = sheet(title, note, 3.6, 2, 4, hspace=0.55, wspace=0.12)
    for one, name in zip(axes, sample.columns, strict=True):
        low, high = sample[name].quantile([0.005, 0.995])
        one.hist(sample[name].clip(low, high), bins=40, color=palette.SECOND, linewidth=0)
        one.axvline(float(sample[name].median()), color=palette.INK, linewidth=0.9)
        named(one, str(name))
        one.yaxis.set_visible(False)
        one.xaxis.set_major_locator(MaxNLocator(4))
        if high - low < 2:
            one.xaxis.set_major_formatter(percent)
    return Exhibit(title, page)


def correlation(sample: pd.DataFrame) -> Exhibit:
    """Rank correlations of the features."""
    found = sample.corr(method="spearman").to_numpy()
    apart = np.abs(np.triu(found, 1))
    row, column = np.unravel_index(int(apart.argmax()), apart.shape)
    names = [str(name) for name in sample.columns]
    strong = int((apart > 0.5).sum())
    pairs = len(names) * (len(names) - 1) // 2
    closest = shown(float(found[row, column]), "ratio")
    title = f"The closest features are {names[row]} and {names[column]} ({closest}); {strong} of {pairs} pairs lie beyond 0.5"
    page, (one,) = sheet(
        title,
        "Spearman's rank correlation: eight features are fewer than eight opinions.",
        4.4,
        left=2.1 / WIDE,
        right=7.6 / WIDE,
        foot=0.75,
    )
    one.imshow(found, cmap=TINTS, vmin=-1, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(found):
        text = "" if i == j else shown(float(value), "ratio")
        one.text(j, i, text, ha="center", va="center", fontsize=8.5, color=palette.PAPER if abs(value) > 0.65 else palette.INK)
    one.set_xticks(range(len(names)), names, rotation=30, ha="right")
    one.set_yticks(range(len(names)), names)
    quiet(one)
    one.grid(visible=False)
    return Exhibit(title, page)


def labels(table: pd.DataFrame, horizon: int) -> Exhibit:
    """Mean forward return by bucket of QPI with its band; `table` (low, high, rows, mean, band_low, band_high, naive, everyone)."""
    first, last = table.iloc[0], table.iloc[-1]
    clear = int(((table["band_low"] > table["everyone"]) | (table["band_high"] < table["everyone"])).sum())
    title = (
        f"After QPI below {first['high']:g} the next {horizon} sessions brought {_signed(first['mean'])}, after QPI above {last['low']:g} "
        f"{_signed(last['mean'])}; {clear} of {len(table)} bands exclude the mean of all rows"
    )
    note = "Mean close-to-close return. Bars: 95 % of resamples of whole sessions in blocks of 20; thick: what independent rows would "
    note += "pretend. Dotted: the mean of all rows."
    page, (one,) = sheet(title, note, 3.2, foot=0.75)
    at = np.arange(len(table))
    one.axhline(0, color=palette.MUTED, linewidth=0.8)
    one.axhline(float(table["everyone"].iloc[0]), color=palette.INK, linewidth=0.9, linestyle=":")
    colours = [palette.LONG if mean > table["everyone"].iloc[0] else palette.SHORT for mean in table["mean"]]
    one.vlines(at, table["band_low"], table["band_high"], color=colours, linewidth=1.3)
    one.vlines(at, table["mean"] - table["naive"], table["mean"] + table["naive"], color=colours, linewidth=5, alpha=0.45)
    one.scatter(at, table["mean"], s=34, color=colours, zorder=3)
    one.set_xticks(at, [f"{row.low:g}–{row.high:g}\n{row.rows:,.0f} rows" for row in table.itertuples()])
    one.yaxis.set_major_formatter(percent)
    named(one, f"Return of the next {horizon} sessions, by QPI today")
    return Exhibit(title, page)


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + shown(float(value), "percent2")
