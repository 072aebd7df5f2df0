"""What the scores of the forecasts are called, and what each says."""

from collections.abc import Mapping

from springback.analytics.cells import Cell, Table
from springback.analytics.figures import Unit, shown
from springback.analytics.report_data import ReportData

SCORES: Mapping[str, tuple[str, Unit, str]] = {
    "auc": (
        "AUC, all rows together",
        "three",
        "chance that a row that came true had a higher probability than one that did not; 0.5: a coin. The gate judges the mean",
    ),
    "auc_by_day": ("AUC by day", "three", "the same among the names of one session, mean over sessions: free of the market's moves"),
    "accuracy": ("Accuracy", "fraction", "share of rows on the right side of 50 %; the gate judges the mean of both"),
    "fired": ("Rows above the threshold", "count", "rows whose probability is over the one that the rule asks for (0.60)"),
    "precision": ("Of them came true", "fraction", "share of those rows that rose (long) or fell (short) in six sessions"),
    "signals": ("Signals", "count", "of those rows, the ones with an extreme QPI too: what the rule may trade"),
    "signal_precision": ("Signals that came true", "fraction", "share of the signals that rose (long) or fell (short) in six sessions"),
    "signal_return": ("Mean return of a signal", "percent2", "in the side's direction, from close to close, before costs"),
    "signal_tradable": ("Mean return, tradable", "percent2", "in the side's direction, from the next open to the open six sessions later"),
    "brier": ("Brier score", "three", "mean squared error of the probability; 0.25 is always saying 50 %"),
    "base_rate": ("Base rate", "fraction", "share of all rows that came true"),
}  # fmt: skip
"""Score of a side -> its name, its unit, what it says."""


def scores(report_data: ReportData) -> Table | None:
    """The scores out of sample: `long_NAME` and `short_NAME` side by side, NAME their mean."""
    known = report_data.scores
    if not known:
        return None
    names = dict.fromkeys(name.removeprefix("long_").removeprefix("short_") for name in known)
    rows = []
    for name in names:
        label, unit, meaning = SCORES.get(name, (name.replace("_", " "), "three", ""))
        sides = [Cell(shown(known[key], unit)) if key in known else Cell("") for key in (f"long_{name}", f"short_{name}", name)]
        rows.append((Cell(label, left=True), *sides, Cell(meaning, "quiet", left=True)))
    heads = (("Score", True), ("Long", False), ("Short", False), ("Mean of both", False), ("What it says", True))
    return Table("Scores of the forecasts", "On rows that the models had not seen.", heads, tuple(rows))
