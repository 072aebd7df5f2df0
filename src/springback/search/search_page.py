"""optimise.html: one file that opens without a network, in the manner of the report."""

from springback.analytics import page as pages
from springback.analytics.cells import Cell, Table
from springback.analytics.evidence import settings_table
from springback.analytics.figures import shown
from springback.search import search_words
from springback.search.optimizer import plain
from springback.search.search_charts import charts
from springback.search.search_finding import SearchReport

MOST = 15
IMPORTANCE = (
    "Importance: share of each knob in how much the objective varies over the trials (fANOVA); the worst quarter counts as its best."
)


def page(report: SearchReport) -> str:
    """The whole page as text; the same bytes for the same report."""
    drawn = charts(report)
    return pages.render(
        "optimise.html",
        "springback.search",
        report=report,
        flags=search_words.flags(report),
        verdict=search_words.verdict(report.finding),
        worth=search_words.worth(report.finding),
        held=search_words.held(report),
        tiles=_tiles(report),
        charts=drawn,
        tables={
            "knobs": _knobs(report),
            "measures": _measures(report),
            "best": _best(report),
            "settings": settings_table(report.provenance),
        },
    )


def _tiles(report: SearchReport) -> list[tuple[str, str, str]]:
    found = report.finding
    band = f"95 % interval {shown(found.gain.low, 'ratio')} to {shown(found.gain.high, 'ratio')}"
    return [
        ("Gain on the specification", shown(found.gain.difference, "ratio"), band),
        ("As good without skill", shown(found.gain.chance, "fraction"), "of searches this wide; sure under 5 %"),
        ("Deflated Sharpe", shown(found.deflated, "fraction"), f"among {found.ledger_trials:,} trials; sure above 95 %"),
        ("Overfitting", shown(found.overfitting, "fraction"), "probability; noise: about 50 %"),
    ]


def _knobs(report: SearchReport) -> Table:
    rows = tuple(
        (Cell(name, left=True), Cell(searched, "quiet"), Cell(spec), Cell(winner), Cell(share))
        for name, searched, spec, winner, share in search_words.settings(report)
    )
    heads = (("Knob", True), ("Searched", False), ("Specification", False), ("Winner", False), ("Importance", False))
    return Table("What was searched", IMPORTANCE, heads, rows)


def _measures(report: SearchReport) -> Table:
    rows = tuple((Cell(name, left=True), Cell(value)) for name, value in search_words.measures(report.finding))
    note = "Sharpe ratios a year, net of realistic costs. Deflated: the probability that the true ratio is above what luck gives the best "
    note += "of so many trials."
    return Table("Every figure", note, (("Figure", True), ("Value", False)), rows)


def _best(report: SearchReport) -> Table:
    known = sorted((one for one in report.trials if one[2] is not None), key=lambda one: (-(one[2] or 0.0), one[0]))[:MOST]
    rows = tuple(
        (Cell(f"{number}", left=True), Cell(shown(ratio, "ratio")), *(Cell(plain(values[knob.name])) for knob in report.knobs))
        for number, values, _, ratio in known
    )
    heads = (("Trial", True), ("Net Sharpe", False), *((knob.name.split(".")[1].replace("_", " "), False) for knob in report.knobs))
    return Table(f"The best {len(rows)} of {len(report.trials)} trials", "", heads, rows, (0,) if rows else ())
