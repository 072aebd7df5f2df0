"""The tables of the page, as rows of ready-made cells."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from springback.analytics.cells import Cell, Table
from springback.analytics.course import benchmark_figures
from springback.analytics.figures import Figure, Unit, shown, tight
from springback.analytics.lean_statistics import printed
from springback.analytics.performance import COSTS
from springback.analytics.report_data import ReportData
from springback.analytics.summary import Summary
from springback.analytics.tables import by_reason, by_regime, by_side, by_year
from springback.analytics.trades import extremes
from springback.statistics.overfitting import FEWEST_SESSIONS, FEWEST_TRIALS, Search
from springback.statistics.significance import SESSIONS

REASONS: Mapping[str, str] = {"Liquidate from delisting": "delisting"}
"""Reasons that files give in words of LEAN, as a person reads them."""
Column = tuple[str, str, Unit | Callable[[Any], Cell]]


def text(value: Any) -> Cell:
    """A word on the left."""
    return Cell(str(value).replace("_", " "), left=True)


def day(value: Any) -> Cell:
    """A date on the left."""
    return Cell(str(value)[:10], left=True)


def reason(value: Any) -> Cell:
    """Why a trade ended, on the left."""
    return text(REASONS.get(value, value))


def signed(unit: Unit) -> Callable[[Any], Cell]:
    """A number that is red below zero."""
    return lambda value: Cell(shown(float(value), unit), "bad" if float(value) < 0 else "")


def table(frame: pd.DataFrame, columns: Iterable[Column], title: str, note: str = "", strong: tuple[int, ...] = ()) -> Table:
    """`frame` as a table: column, heading and how to show it."""
    kept = [column for column in columns if column[0] in frame]
    rows = tuple(tuple(_cell(row[name], how) for name, _, how in kept) for _, row in frame.iterrows())
    return Table(title, note, tuple((head, how in (text, day, reason)) for _, head, how in kept), rows, strong)


def _cell(value: Any, how: Unit | Callable[[Any], Cell]) -> Cell:
    return how(value) if callable(how) else Cell(shown(value if isinstance(value, str) else float(value), how))


TRADE_COLUMNS: tuple[Column, ...] = (
    ("trades", "Trades", "count"),
    ("win_rate", "Win rate", "fraction"),
    ("average_trade", "Mean trade", signed("percent2")),
    ("profit", "Profit", signed("dollars")),
)


def years(report_data: ReportData) -> Table:
    """By calendar year, the whole, and without 2020."""
    account = report_data.headline
    frame = by_year(account.daily, account.trades, account.cash, report_data.risk_free, report_data.benchmark)
    if frame["benchmark"].isna().all():
        frame = frame.drop(columns="benchmark")
    totals = tuple(k for k, period in enumerate(frame["period"]) if not period.isdigit())
    return table(
        frame,
        [
            ("period", "Period", text),
            ("return", "Return", signed("fraction")),
            ("benchmark", report_data.benchmark_name, signed("fraction")),
            ("annual_return", "A year", signed("fraction")),
            ("volatility", "Volatility", "fraction"),
            ("sharpe", "Sharpe", signed("ratio")),
            ("max_drawdown", "Deepest fall", "fraction"),
            *(column for column in TRADE_COLUMNS if column[0] != "average_trade"),
        ],
        "By year",
        "“Without 2020” leaves out that year's sessions and the trades closed in it.",
        totals,
    )


def regimes(report_data: ReportData) -> Table:
    """By the regime in force."""
    account = report_data.headline
    frame = by_regime(account.daily, account.trades, account.cash, report_data.risk_free)
    mean: Column = ("annual_mean", "Mean a year", signed("fraction"))
    head: list[Column] = [("regime", "Regime", text), ("sessions", "Sessions", "count"), mean, ("volatility", "Volatility", "fraction")]
    return table(
        frame,
        [*head, ("sharpe", "Sharpe", signed("ratio")), *TRADE_COLUMNS],
        "By regime",
        "Sessions by the regime their orders were decided in; trades by the regime at entry.",
    )


def sides(report_data: ReportData) -> Table:
    """Long and short apart."""
    account = report_data.headline
    share: Column = ("share", "Of start equity", signed("fraction"))
    return table(
        by_side(account.trades, account.cash),
        [("side", "Side", text), *TRADE_COLUMNS, share, ("holding", "Held, sessions", "one")],
        "Long and short apart",
        "Closed trades, net of every cost charged to them.",
    )


def reasons(report_data: ReportData) -> Table:
    """By how trades ended."""
    return table(
        by_reason(report_data.headline.trades),
        [("reason", "Left by", reason), *TRADE_COLUMNS, ("holding", "Held, sessions", "one")],
        "By way of leaving",
    )


def best_and_worst(report_data: ReportData) -> tuple[Table, Table]:
    """The best and the worst trades in dollars."""
    best, worst = extremes(report_data.headline.trades)
    columns: list[Column] = [
        ("symbol", "Name", text),
        ("side", "Side", text),
        ("entry_date", "Entry", day),
        ("exit_date", "Exit", day),
        ("sessions", "Held", "count"),
        ("reason", "Left by", reason),
        ("return", "Return", signed("fraction")),
        ("profit", "Profit", signed("dollars")),
    ]
    return table(best, columns, "Best trades"), table(worst, columns, "Worst trades")


def gates(summary: Summary) -> Table:
    """Each gate beside claim and realistic band."""
    rows = []
    for one in summary.gates:
        sign = ">" if one.gate.side == "above" else "<"
        limit = f"{sign} {shown(one.gate.limit, one.gate.unit).replace('.0 %', ' %')}"
        value = shown(one.value, "three" if one.gate.name == "auc" else one.gate.unit)
        tone = {"PASS": "good", "FAIL": "bad"}.get(one.word, "quiet")
        cells = (text(one.gate.label), Cell(value), Cell(limit, "quiet"), Cell(one.word, "badge " + tone))
        rows.append((*cells, Cell(one.gate.claimed, "quiet"), Cell(one.gate.realistic, "quiet")))
    heads = (("Gate", True), ("This run", False), ("Gate at", False), ("Verdict", False), ("Source claims", False), ("Realistic", False))
    return Table("Success gates", "Shown, never tuned to. Judged on the headline profile.", heads, tuple(rows))


LUCK = (
    ("trials", "different runs that saw this period, this one among them; the same run again is the same trial"),
    ("independent_trials", "what they are worth in families, their daily returns being alike on the sessions they share"),
    ("best_by_luck", "annual Sharpe that the best of so many trials without any skill is expected to show"),
    ("sharpe", "of this run, net of its costs"),
    ("probabilistic_sharpe", "probability that its true value is above 0, were this the only trial"),
    ("deflated_sharpe", "probability that its true value is above what luck shows; 95 % is the usual bar"),
    ("min_track_record", "length of record that this Sharpe ratio needs to be above 0 with 95 %; this one has {years}"),
    ("overfitting", "how often the best trial of one half of the sessions falls to the lower half on the others; 50 % is noise"),
)


LUCK_WORDS = {
    "trials": "Trials so far on this period",
    "independent_trials": "Independent among them",
    "best_by_luck": "What luck would show",
    "sharpe": "Sharpe ratio",
    "probabilistic_sharpe": "Probabilistic Sharpe",
    "deflated_sharpe": "Deflated Sharpe",
    "min_track_record": "Minimum track record",
    "overfitting": "Probability of overfitting",
}


def luck(summary: Summary, report_data: ReportData) -> Table | None:
    """How far the headline's Sharpe ratio may come from having tried."""
    found = report_data.search
    if found is None:
        return None
    figures = summary.figures[report_data.headline.profile]
    rows = []
    for name, meaning in LUCK:
        one = figures[name]
        words = meaning.format(years=shown(figures["sessions"].number() / SESSIONS, "years"))
        if one.value is None:
            words = "the account was lost" if figures["lost_on"].value and name != "overfitting" else _why_unknown(name, found)
        rows.append((text(LUCK_WORDS[name]), Cell(shown(one.value, one.unit)), Cell(tight(words), "quiet", left=True)))
    note = f"{found.families:,} famil{'y' if found.families == 1 else 'ies'} of trials that are alike." if found.families else ""
    if found.hopeless:
        note += f" Trials that lose more than luck takes, {found.hopeless:,}, count as tried but do not widen what luck can do."
    idle = found.trials - found.peers
    if idle:
        note += f" {idle:,} of the trials had no account that traded and was not lost: each counts as one."
    return Table("How much of it may be luck", note.strip(), (("Figure", True), ("Found", False), ("What it says", True)), tuple(rows))


def _why_unknown(name: str, search: Search) -> str:
    if name == "min_track_record":
        return "no length under 100 years is enough: the Sharpe ratio is hardly above 0, or not at all"
    if name == "overfitting":
        return (
            f"needs {FEWEST_TRIALS} trials that differ on all of these sessions and {FEWEST_SESSIONS} sessions; so far {search.different}"
        )
    return "the account did not vary"


PAIRS = (
    ("Annual return", "annual_return", "Compounding Annual Return"),
    ("Sharpe ratio", "sharpe", "Sharpe Ratio"),
    ("Sortino ratio", "sortino", "Sortino Ratio"),
    ("Volatility", "volatility", "Annual Standard Deviation"),
    ("Deepest fall", "max_drawdown", "Drawdown"),
    ("Probabilistic Sharpe (above 0; LEAN: above 1)", "probabilistic_sharpe", "Probabilistic Sharpe Ratio"),
    ("Win rate", "win_rate", "Win Rate"),
    ("Trades closed", "trades", "Closed Trades"),
    ("Total return", "total_return", "Net Profit"),
    ("End equity", "end_equity", "End Equity"),
    ("Fees", "total_fees", "Total Fees"),
)
"""The same idea in both definitions."""


def definitions(summary: Summary, itself: Mapping[str, str] | None = None) -> Table:
    """Both definitions side by side, for every profile; `itself`: what LEAN printed, where the run was LEAN's."""
    heads = [("Figure", True)]
    for profile in summary.figures:
        heads += [(f"{profile}: by trading days", False), (f"{profile}: LEAN's", False)]
    rows = []
    for label, ours, leans in PAIRS:
        cells = [text(label)]
        for profile, figures in summary.figures.items():
            one, other = figures[ours], summary.lean[profile][leans]
            cells += [Cell(shown(one.value, one.unit)), Cell(shown(other, one.unit))]
        rows.append((*cells, *_itself(itself, leans)))
    note = "LEAN annualises calendar-day returns with 252 days, so its Sharpe is about 0.83 of ours; it counts a win per closing fill, "
    note += "net of twice that fill's fee."
    return Table("Figures defined twice", note, (*heads, *_itself_head(itself)), tuple(rows))


def _itself_head(itself: Mapping[str, str] | None) -> tuple[tuple[str, bool], ...]:
    return () if itself is None else (("LEAN itself printed", False),)


def _itself(itself: Mapping[str, str] | None, name: str) -> tuple[Cell, ...]:
    return () if itself is None else (Cell(itself.get(name, "–")),)


def profiles(summary: Summary, report_data: ReportData) -> Table:
    """The cost profiles side by side, headline first."""
    wanted = (
        ("Annual return", "annual_return"),
        ("Sharpe ratio", "sharpe"),
        ("95 % band of the Sharpe ratio", "sharpe_low"),
        ("Volatility", "volatility"),
        ("Deepest fall", "max_drawdown"),
        ("Longest under water", "longest_under_water"),
        ("Win rate of trades", "win_rate"),
        ("Trades", "trades"),
        ("Turnover a year, × equity", "annual_turnover"),
        ("Beta to the benchmark", "beta"),
        ("Deflated Sharpe: probability that it beats luck", "deflated_sharpe"),
        *((f"{name.capitalize()}, whole run", f"total_{name}") for name in COSTS),
    )
    market, first = benchmark_figures(report_data), summary.figures[report_data.headline.profile]
    rows = []
    for label, name in wanted:
        cells = [text(label)]
        cells += [
            Cell(_band(figures) if name == "sharpe_low" else shown(figures[name].value, figures[name].unit))
            for figures in summary.figures.values()
        ]
        if market:
            cells.append(Cell(shown(market.get(name), first[name].unit), "quiet"))
        if any(cell.text != "–" for cell in cells[1:]):
            rows.append(tuple(cells))
    heads = (("Figure", True), *((f"{account.profile} costs", False) for account in report_data.accounts))
    heads = (*heads, (report_data.benchmark_name, False)) if market else heads
    return Table("The same run under each cost profile", "", heads, tuple(rows))


def _band(figures: Mapping[str, Figure]) -> str:
    low, high = figures["sharpe_low"], figures["sharpe_high"]
    return "–" if low.value is None else f"{shown(low.value, 'ratio')} to {shown(high.value, 'ratio')}"


def ablations(report_data: ReportData, summary: Summary) -> Table | None:
    """What each part of the rule changed; a part that was due and changed nothing is red."""
    if report_data.ablations is None:
        return None
    first = summary.figures[report_data.headline.profile]
    frame = report_data.ablations.copy()
    could = frame["could"] if "could" in frame else frame["among"]
    touched: Any = [
        Cell(f"{int(one):,}") if one else Cell("0: did nothing", "bad") if due else Cell("0: never due", "quiet")
        for one, due in zip(frame["touched"], could, strict=True)
    ]
    frame["touched"] = touched
    frame["return_effect"] = first["annual_return"].number() - frame["annual_return"].astype(float)
    frame["sharpe_effect"] = first["sharpe"].number() - frame["sharpe"].astype(float)

    columns: list[Column] = [
        ("overlay", "Part", text),
        ("touched", "Decisions touched", lambda cell: cell),
        ("among", "Out of", "count"),
        ("of_what", "Of what", text),
        ("return_effect", "Adds to annual return", signed("fraction")),
        ("sharpe_effect", "Adds to Sharpe", signed("ratio")),
    ]
    return table(frame, columns, "What each part changed", "Headline run less the same run without that part.")


FUNNEL_WORDS = {
    "extreme": "beyond the QPI threshold",
    "no_bar": "no bar that day",
    "last_session": "last session before delisting",
    "in_book": "already held or waiting",
    "not_shortable": "not shortable",
    "cooling": "left too few sessions ago",
    "against_trend": "against its trend",
    "below_probability": "model's probability too low",
    "no_slot": "no free slot",
    "no_shares": "under one share after the caps",
    "entered": "ordered",
}


def funnel(report_data: ReportData) -> Table | None:
    """What became of the names beyond the threshold."""
    if report_data.funnel is None or report_data.funnel.empty:
        return None
    sided = report_data.funnel.set_index("side")
    stages = list(sided.columns)
    rows, strong = [], []
    for k, stage in enumerate(stages):
        ends = stage in ("extreme", "entered")
        counts = [float(sided.loc[side, stage]) for side in sided.index]
        shown_counts = [Cell(shown(count if ends else -count, "count"), "" if ends else "quiet") for count in counts]
        rows.append((text(FUNNEL_WORDS.get(stage, stage)), *shown_counts))
        if ends:
            strong.append(k)
    heads = (("Name-sessions", True), *((str(side), False) for side in sided.index))
    return Table("Entry funnel", "Every name-session beyond the QPI threshold, and where it left.", heads, tuple(rows), tuple(strong))


def every_figure(summary: Summary, report_data: ReportData) -> Table:
    """All figures of the headline with definition."""
    figures = summary.figures[report_data.headline.profile]
    rows = [(text(name), Cell(shown(one.value, one.unit)), Cell(one.definition, "quiet", left=True)) for name, one in figures.items()]
    return Table("By trading days", "", (("Figure", True), ("Value", False), ("Definition", True)), tuple(rows))


def every_lean_figure(summary: Summary, report_data: ReportData, words: Mapping[str, str]) -> Table:
    """All of LEAN's figures of the headline, as LEAN prints them, with definition."""
    figures = summary.lean[report_data.headline.profile]
    texts = printed(figures)
    itself = report_data.printed_by_lean
    rows = [
        (text(name), Cell(texts.get(name, f"{value:.4g}")), *_itself(itself, name), Cell(words[name], "quiet", left=True))
        for name, value in figures.items()
    ]
    heads = (("Figure", True), ("Value", False), *_itself_head(itself), ("Definition", True))
    return Table("By LEAN's definitions", "", heads, tuple(rows))
