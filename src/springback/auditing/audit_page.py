"""audit.html: every check with what was tried and what was found, in the manner of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from springback.analytics import evidence
from springback.analytics import page as pages
from springback.analytics.cells import Cell, Table
from springback.analytics.figures import Unit, shown, whole_dates
from springback.auditing.audit_finding import AuditFinding, Verdict, failed
from springback.auditing.delays import INPUTS, LATE_BY
from springback.market.origin import Provenance
from springback.market.prose import Prose

ROOM = "springback.auditing"
TONES: Mapping[Verdict, str] = {"PASS": "badge good", "FAIL": "badge bad", "WARN": "badge warn", "MEASURED": "badge", "SKIPPED": "badge"}
SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "Does it look ahead?",
        "Everything is worked out again on other futures and compared with the first run to the last bit.",
        ("truncated", "corrupted", "universe", "labels", "unlabelled", "vix"),
    ),
    (
        "Does it depend on what it should not?",
        "The length of the history, the order of the rows and the letters of a name must not matter.",
        ("warm-up", "shuffled", "renamed"),
    ),
    ("Is the account right?", "Kept a second time from the fills alone, by other code.", ("fills", "money", "slots")),
    ("Are the data whole?", "A history of today's names only is a history of winners.", ("survivors",)),
    (
        "Does it find an edge where one is, and only there?",
        "The same names with the signs of their returns drawn anew, a sign a session for the market and one a session and sector for the "
        "rest; then with a reversal planted.",
        ("noise", "planted"),
    ),
)
LATE = "How far the result falls when an input comes a session late. A real edge may fall; one that vanishes deserves a question."


@dataclass(frozen=True)
class Audit:
    """The findings, and what they stand on; `more` of it in pairs, and how long it took in `seconds`. The universe of the provenance says
    what was taken of the data.
    """

    findings: tuple[AuditFinding, ...]
    provenance: Provenance
    seconds: float
    more: Mapping[str, str]

    @property
    def flags(self) -> tuple[str, ...]:
        """What must be known before any verdict."""
        return evidence.flags(self.provenance, evidence.NO_EVIDENCE)

    @property
    def sampled(self) -> Prose:
        """What was taken of the data."""
        return self.provenance.universe

    @property
    def facts(self) -> dict[str, str]:
        """What it stands on, in pairs."""
        one = self.provenance
        return {"Data": one.data_hash, "Origin": str(one.origin), **self.more, "Command": one.command}


def as_json(audit: Audit) -> dict[str, Any]:
    """What audit.json holds."""
    return {
        "verdict": title(audit.findings),
        "failed": [one.check for one in failed(audit.findings)],
        "sampled": audit.sampled,
        "facts": audit.facts,
        "findings": [_finding(one) for one in audit.findings],
    }


def _finding(one: AuditFinding) -> dict[str, Any]:
    """As in the file, where the statement is called `said`."""
    return {("said" if name == "statement" else name): value for name, value in asdict(one).items()}


def title(findings: Sequence[AuditFinding]) -> str:
    """The verdict in one line."""
    bad = failed(tuple(findings))
    if bad:
        return f"{len(bad)} check{'' if len(bad) == 1 else 's'} of {len(findings)} fail{'s' if len(bad) == 1 else ''}"
    return "No look-ahead was found"


def page(audit: Audit) -> str:
    """The whole page as text; the same bytes for the same audit."""
    found = {one.check: one for one in audit.findings}
    groups = [(head, lead, _table(head, [found[key] for key in keys if key in found])) for head, lead, keys in SECTIONS]
    late = {one: found[LATE_BY[one]] for one in INPUTS if LATE_BY[one] in found}
    return pages.render(
        "audit.html",
        ROOM,
        audit=audit,
        sampled=whole_dates(audit.sampled),
        title=title(audit.findings),
        bad=[(one.check, whole_dates(one.statement)) for one in failed(audit.findings)],
        tiles=_tiles(audit),
        groups=[(head, lead, table) for head, lead, table in groups if table.rows],
        late=_late(late),
        late_lead=LATE,
    )


def _tiles(audit: Audit) -> list[tuple[str, str, str]]:
    count = {verdict: sum(one.verdict == verdict for one in audit.findings) for verdict in TONES}
    return [
        ("Passed", str(count["PASS"]), f"of {len(audit.findings)} checks"),
        ("Failed", str(count["FAIL"]), "must be none"),
        ("Warnings", str(count["WARN"]), "worth a look" if count["WARN"] else "none"),
        ("Measured or skipped", str(count["MEASURED"] + count["SKIPPED"]), "no verdict is due"),
    ]


def _table(head: str, findings: Sequence[AuditFinding]) -> Table:
    heads = (("Check", True), ("Verdict", True), ("Found", True), ("Tried", True))
    rows = tuple((Cell(_upper(one.does), left=True), _badge(one), Cell(_upper(one.statement), left=True), _tried(one)) for one in findings)
    return Table(head, "", heads, rows)


def _late(findings: Mapping[str, AuditFinding]) -> Table:
    heads = (
        ("One session late", True),
        ("Sharpe", False),
        ("Sharpe, late", False),
        ("Error", False),
        ("A year", False),
        ("A year, late", False),
    )
    rows = []
    for late, one in findings.items():
        cells = tuple(Cell(text) for text in _figures(one))
        odd = {"WARN": ", a suspicious collapse", "SKIPPED": f", skipped: {one.statement}"}.get(one.verdict, "")
        rows.append((Cell(_upper(late) + odd, "bad" if one.verdict == "WARN" else "", left=True), *cells))
    return Table("Delays", "", heads, tuple(rows))


def _figures(one: AuditFinding) -> list[str]:
    shapes: tuple[tuple[str, Unit], ...] = (("sharpe", "ratio"), ("sharpe_late", "ratio"), ("sharpe_error", "ratio"))
    return [shown(one.figures.get(name), unit) for name, unit in (*shapes, ("annual", "fraction"), ("annual_late", "fraction"))]


def _badge(one: AuditFinding) -> Cell:
    return Cell(one.verdict, TONES[one.verdict], left=True)


def _tried(one: AuditFinding) -> Cell:
    return Cell(_upper(one.tried), "quiet", left=True)


def _upper(text: str) -> str:
    return whole_dates(text[:1].upper() + text[1:])
