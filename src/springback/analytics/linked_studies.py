"""What may lie beside the report in a run folder: a stress test of the same run."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from springback.analytics import encode
from springback.analytics.cells import Cell, Table
from springback.analytics.figures import shown
from springback.analytics.report_data import ReportData
from springback.market import recorded

STRESS_FIGURES, STRESS_PAGE = "stress.json", "stress.html"


@dataclass(frozen=True)
class LinkedStress:
    """`words` the finding, or why there is no `table`; `page` the file to link to."""

    words: str
    page: str
    table: Table | None


def stress_of(folder: Path, report_data: ReportData) -> LinkedStress | None:
    """The stress test whose figures lie in `folder`; None without one, and no figures where it is of another run or cannot be read."""
    file = folder / STRESS_FIGURES
    if not file.is_file():
        return None
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if not _same_run(document, report_data):
            words = "A stress test lies in this folder, but it is of another run: 'springback stress --out' this folder makes it anew."
            return LinkedStress(words, STRESS_PAGE, None)
        return LinkedStress(f"{document['finding']}.", STRESS_PAGE, _table(document))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return LinkedStress("A stress test lies in this folder, but its figures cannot be read.", STRESS_PAGE, None)


def _same_run(document: dict[str, Any], report_data: ReportData) -> bool:
    one = report_data.provenance
    ours = (one.data_hash, report_data.models, report_data.headline.profile, recorded.plain(encode.plain(one.settings)))
    return (document["data_hash"], document["models"], document["profile"], recorded.plain(document["settings"])) == ours


def _table(document: dict[str, Any]) -> Table:
    rows = []
    for one in (document["base"] | {"name": "This run"}, *document["scenarios"]):
        less = one.get("less_a_year")
        points = "" if less is None else f"{100 * less:+.1f}".replace("-", "\u2212")
        loss = Cell(points, "bad" if less is not None and less < 0 else "")
        figures = (Cell(shown(one["annual_return"], "fraction")), loss, Cell(shown(one["sharpe"], "ratio")))
        touched = f"{one['touched']:,} {one['touches']}" if "touched" in one else ""
        rows.append(
            (Cell(one["name"], left=True), *figures, Cell(shown(one["max_drawdown"], "fraction")), Cell(touched, "quiet", left=True))
        )
    heads = (("Scenario", True), ("A year", False), ("Points", False), ("Sharpe", False), ("Deepest fall", False), ("It touched", True))
    return Table("Scenarios against this run", "", heads, tuple(rows), (0,))
