"""What older versions of the program kept in sentences only: the one place where prose is read, for stores, ledgers and run folders that
were written before these facts had fields of their own.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from springback.market.origin import BENCHMARK, FUND, INDEX, Kind, Origin, Provenance, plain_findings, provenance_from
from springback.market.prose import About, Prose, prose

DRAWN, RECORDED, BUNDLE = "Demo market", "Prices of ", "Real prices "
BIASES, UPDATED, UPDATE = " Known biases: ", "; updated to ", "update "
LOOKED = "the held-back period, looked at once"
LIST, OLDEST = "the membership list of ", " is the oldest: "
READ_AS = " read as: "
HEADS: dict[str, About] = {"NOT USABLE": "unusable", "quarantine: ": "quarantine", "prices: ": "prices"}


def findings(lines: Iterable[str]) -> tuple[Prose, ...]:
    """The lines, with what each is about."""
    return tuple(Prose(line, _about(line)) for line in lines)


def _about(line: str) -> About:
    head = next((about for head, about in HEADS.items() if line.startswith(head)), None)
    return head or ("tables" if READ_AS in line else "")


def of_update(line: str) -> bool:
    """Whether a line of a store is of what was last laid over it."""
    return line.startswith(UPDATE)


def origin(text: str, lines: Iterable[str] = ()) -> Origin:
    """The origin of a store, from its text and the findings of the store."""
    whole, _, update = text.partition(UPDATED)
    words, known, biases = whole.partition(BIASES)
    day, _, continued = update.partition(" from ")
    member = next((line.removeprefix(LIST).partition(OLDEST)[0] for line in lines if line.startswith(LIST) and OLDEST in line), None)
    return Origin(
        kind=_kind(text),
        source=_source(text),
        words=Prose(words),
        biases=prose(biases.split("; ")) if known else None,
        updated=date.fromisoformat(day) if update else None,
        continued=Prose(continued),
        members_from=date.fromisoformat(member) if member else None,
        benchmark=INDEX if text.startswith(DRAWN) else FUND if text.startswith((RECORDED, BUNDLE)) else BENCHMARK,
    )


def provenance(facts: Mapping[str, Any]) -> Provenance:
    """What a run folder stands on that names it flat, among the rest: without the source, and with texts for all that was found.

    Raises `ValueError`, `TypeError`, `KeyError` on a fact that is not of its kind.
    """
    text = str(facts["origin"])
    origin = {
        "kind": "demo" if facts["demo"] else "file" if text.startswith(DRAWN) else _kind(text),
        "source": _source(text),
        "words": text,
        "biases": facts["biases"],
        "benchmark": facts["benchmark_name"],
    }
    plain = {name: facts[name] for name in ("universe", "settings", "data_hash", "versions", "seed", "command")}
    if facts["planted"] and "demo.reversal" not in plain["settings"]:
        plain["settings"] = {**plain["settings"], "demo.reversal": facts["planted"]}
    return provenance_from(plain | {"origin": origin, "findings": plain_findings(findings(map(str, facts["findings"])))})


def _kind(text: str) -> Kind:
    return "demo" if text.startswith(DRAWN) else "recorded" if text.startswith((RECORDED, BUNDLE)) else "file"


def _source(text: str) -> str:
    if text.startswith(RECORDED):
        return text.removeprefix(RECORDED).partition(",")[0]
    return "demo" if text.startswith(DRAWN) else "folder" if text.startswith(BUNDLE) else text.partition(": ")[0]


def hold_out_start(models: str, first: str) -> str:
    """The first day of the held-back period that a row of the ledger looked at, `first` its own; empty where it looked at none."""
    return first if models.startswith(LOOKED) else ""


def note(kind: Any, clause: Any) -> tuple[str, str]:
    """Kind and clause of a note that a vendor's download was kept with; an older one has both in a sentence, before a truth value."""
    if isinstance(clause, bool):
        kind, _, clause = str(kind).partition(": ")
    return str(kind), str(clause)
