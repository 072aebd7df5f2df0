"""Where data come from, and what a figure stands on: facts as fields, so that no sentence has to be read for them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Literal, get_args

from springback.market.prose import ABOUTS, Prose, prose

Kind = Literal["recorded", "demo", "file"]
KINDS: tuple[str, ...] = get_args(Kind)
NOTHING = Prose("")
INVENTED = Prose("every price is invented: the edge was planted, the costs and the crashes are plausible, not observed")
UNSAID = Prose("the file does not say whether names that left the market are in it: without them results flatter")
BENCHMARK, INDEX, FUND = "Benchmark", "Demo index", "SPY"
"""What a benchmark is called: one that a file brought, that of the demo market, and the fund whose prices a source brings."""


@dataclass(frozen=True)
class Origin:
    """Where a market comes from: `kind` recorded by a source, drawn as a demo, or a user's `file`; `source` its name (yahoo, bars.csv) and
    `words` the same with names and span for people; `biases` one line each, None where the source says nothing of them; `updated` the
    session up to which it was continued, and the words of what `continued` it; `members_from` the day of the membership list that stands
    in for all sessions before it, None where none does; what the `benchmark` is called.
    """

    kind: Kind = "file"
    source: str = ""
    words: Prose = NOTHING
    biases: tuple[Prose, ...] | None = None
    updated: date | None = None
    continued: Prose = NOTHING
    members_from: date | None = None
    benchmark: str = BENCHMARK

    def __str__(self) -> str:
        return self.description + (f" Known biases: {'; '.join(self.biases)}" if self.biases else "")

    @property
    def demo(self) -> bool:
        """Whether the market was drawn, not recorded."""
        return self.kind == "demo"

    @property
    def description(self) -> Prose:
        """Its words, and up to when and from what it was continued."""
        return Prose(self.words + (f"; updated to {self.updated} from {self.continued}" if self.updated else ""))

    @property
    def known_biases(self) -> tuple[Prose, ...]:
        """The biases that a reader must know, one line each; a plain file says nothing about its own."""
        if self.biases is not None:
            return self.biases
        return (INVENTED if self.demo else UNSAID,)

    def updated_by(self, other: "Origin", last: date) -> "Origin":
        """This one, continued up to `last` by what `other` tells."""
        return replace(self, updated=last, continued=Prose(str(other)))


UNKNOWN = Origin()
"""Of a market of which nobody says where it comes from."""


@dataclass(frozen=True)
class Provenance:
    """What a figure stands on: the `origin` of its data, which names in words (`universe`), what was found in the data, every setting flat
    (`table.name`), the hash of the data, the `versions` of the libraries, the seed, and the `command` as typed.
    """

    origin: Origin
    universe: Prose
    settings: Mapping[str, Any]
    data_hash: str
    versions: Mapping[str, str]
    seed: int
    findings: tuple[Prose, ...] = ()
    command: str = ""

    @property
    def demo(self) -> bool:
        """Whether the market was drawn."""
        return self.origin.demo

    @property
    def planted(self) -> float:
        """The dose of reversal that a demo market was given; 0 for none, and for a recorded market."""
        return float(self.settings.get("demo.reversal", 0.0)) if self.demo else 0.0

    def facts(self) -> dict[str, Any]:
        """All of it by name, flat, as the JSON files beside a page hold it."""
        return {
            "universe": self.universe,
            "origin": self.origin.description,
            "biases": self.origin.known_biases,
            "findings": self.findings,
            "demo": self.demo,
            "planted": self.planted,
            "settings": self.settings,
            "data_hash": self.data_hash,
            "versions": self.versions,
            "seed": self.seed,
            "command": self.command,
        }


def plain(origin: Origin) -> dict[str, Any]:
    """`origin` as JSON knows it; what has not been told is left out."""
    told = {name: str(value) if isinstance(value, date) else value for name, value in asdict(origin).items()}
    return {name: value for name, value in told.items() if value is not None and value != ""}


def origin_from(fields: Any) -> Origin:
    """An origin from what `plain` made of it. Raises `ValueError`, `TypeError`, `KeyError` on anything else."""
    if fields["kind"] not in KINDS or not set(fields) <= set(Origin.__dataclass_fields__):
        raise ValueError(f"an origin is one of {', '.join(KINDS)}, was '{fields['kind']}'")
    biases, updated, members_from = (fields.get(name) for name in ("biases", "updated", "members_from"))
    return Origin(
        kind=fields["kind"],
        source=str(fields.get("source", "")),
        words=Prose(str(fields.get("words", ""))),
        biases=None if biases is None else prose(map(str, biases)),
        updated=None if updated is None else date.fromisoformat(updated),
        continued=Prose(str(fields.get("continued", ""))),
        members_from=None if members_from is None else date.fromisoformat(members_from),
        benchmark=str(fields.get("benchmark", BENCHMARK)),
    )


def plain_findings(findings: Iterable[Prose]) -> list[Any]:
    """Lines as JSON knows them: a text, or a text and what it is about."""
    return [{"about": line.about, "text": str(line)} if line.about else str(line) for line in findings]


def findings_from(lines: Iterable[Any]) -> tuple[Prose, ...]:
    """Lines from what `plain_findings` made of them. Raises `ValueError`, `TypeError`, `KeyError` on anything else."""
    return tuple(_finding(one) for one in lines)


def _finding(line: Any) -> Prose:
    if isinstance(line, str):
        return Prose(line)
    if line["about"] not in ABOUTS:
        raise ValueError(f"a finding is about one of {', '.join(filter(None, ABOUTS))}, was '{line['about']}'")
    return Prose(str(line["text"]), line["about"])


def plain_provenance(one: Provenance) -> dict[str, Any]:
    """`one` as JSON knows it, but for the values of the settings."""
    told = {name: getattr(one, name) for name in Provenance.__dataclass_fields__}
    return told | {"origin": plain(one.origin), "findings": plain_findings(one.findings)}


def provenance_from(fields: Any) -> Provenance:
    """A provenance from what `plain_provenance` made of it. Raises `ValueError`, `TypeError`, `KeyError` on anything else."""
    for kind, names in ((str, ("universe", "data_hash", "command")), (Mapping, ("settings", "versions")), (int, ("seed",))):
        if wrong := [name for name in names if not isinstance(fields[name], kind) or isinstance(fields[name], bool)]:
            raise ValueError(f"{wrong[0]} must be a {'text' if kind is str else 'table' if kind is Mapping else 'whole number'}")
    return Provenance(
        origin=origin_from(fields["origin"]),
        universe=Prose(fields["universe"]),
        settings=fields["settings"],
        data_hash=fields["data_hash"],
        versions=fields["versions"],
        seed=fields["seed"],
        findings=findings_from(fields["findings"]),
        command=fields["command"],
    )
