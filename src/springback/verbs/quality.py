"""What `springback data check` does: every check on a store or on files, the verdict, the page, and the quarantine when asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from springback import wiring
from springback.analytics.evidence import pair
from springback.data.store.content_hash import content_hash
from springback.errors import InputError, MissingData, Unwritable
from springback.market.prose import those
from springback.market.tape import Tape
from springback.project import usual
from springback.quality import against as two
from springback.quality import gate, quarantine, raw
from springback.quality.quality_charts import words
from springback.quality.quality_finding import Finding
from springback.quality.quality_page import page, share
from springback.quality.quality_study import Study, as_json
from springback.settings import flat
from springback.verbs import places, steps
from springback.verbs.console import Voice, table

__all__ = ["Voice"]
PAGE = "check.html"
choose = steps.choose


@dataclass(frozen=True)
class Source:
    """What is looked at: a store (`store` where neither is named) as known on a day, or the files at `path` with those beside them."""

    store: Path | None = None
    path: Path | None = None
    vix: Path | None = None
    members: Path | None = None
    events: Path | None = None
    as_of: str | None = None
    prices: str | None = None
    benchmark: Path | None = None

    def __post_init__(self) -> None:
        if self.store is not None and self.path is not None:
            raise InputError("--store and --path both name the data: give one of them")
        if self.path is None and (self.vix or self.members or self.events or self.prices or self.benchmark):
            raise InputError("--vix, --members, --events, --prices and --benchmark stand beside a CSV file: name it with --path")
        if self.path is not None and self.as_of:
            raise InputError("--as-of reads a store as it was known, --path names a file: give one of them")

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        return self.store or usual("store")

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.path or self.folder) + (f" as known on {self.as_of}" if self.as_of else "")


def check(voice: Voice, chosen: wiring.Settings, source: Source, against: Path | None, out: Path | None, keep_out: bool) -> bool:
    """Whether no error stands; check.json and check.html in `out`, and the table. `keep_out` writes the quarantine beside the store.

    Where nobody named `out` and the usual place cannot be written, the verdict is told all the same, and why there is no page.
    """
    if keep_out and source.path is not None:
        raise InputError("--quarantine is written beside a store: 'springback fetch --source csv --path ...' first, then check the store")
    if keep_out and source.as_of:
        raise InputError("--quarantine is drawn up from all that is known now: leave --as-of out")
    folder = out or usual("runs") / "check"
    try:
        places.writable(folder)
    except Unwritable:
        if out is not None:
            raise
        return _checked(voice, chosen, source, against, None, keep_out)
    with places.held(folder):
        return _checked(voice, chosen, source, against, folder, keep_out)


def _checked(voice: Voice, chosen: wiring.Settings, source: Source, against: Path | None, out: Path | None, keep_out: bool) -> bool:
    step = voice.step("check")
    whole = len(gate.CHECKS) + 3
    step(0, whole, f"reading {source.name}")
    found, tape, digest = _read(source)
    if tape is not None:
        found += gate.examine(tape, chosen.quality, lambda done, _, name: step(done + 1, whole, name))
        if against is not None:
            step(whole - 2, whole, f"against {against}")
            found += two.compare(tape, _other(against), chosen.quality)
        if keep_out:
            tape = _put_in_quarantine(voice, tape, found, chosen, source.folder)
    step(whole - 1, whole, "page")
    study = _study(tape, found, digest, chosen, source, against)
    page_told = _write(voice, study, out)
    step(whole, whole, "done")
    _say(voice, study, page_told)
    return study.usable


def _read(source: Source) -> tuple[list[Finding], Tape | None, str]:
    """What is wrong with the files as they lie there, and the tape; none where they were refused and it is told already why."""
    if source.path is None:
        return [], *wiring.open_store(source.folder, source.as_of)
    if not source.path.exists():
        raise MissingData(f"{source.path} does not exist: give a CSV file or a folder of bars")
    found = list(raw.examine(raw.read_files(source.path)))
    try:
        tape = wiring.load_bars(source.path, source.vix, source.members, source.events, source.benchmark, source.prices)
    except InputError:
        if not any(one.severity == "error" for one in found):
            raise
        return found, None, ""
    return found, tape, content_hash(tape)


def _other(where: Path) -> Tape:
    return wiring.open_store(where)[0] if wiring.has_store(where) else wiring.load_bars(where)


def _put_in_quarantine(voice: Voice, tape: Tape, found: Iterable[Finding], chosen: wiring.Settings, store: Path) -> Tape:
    spans = quarantine.drawn_up(tape, found, chosen.quality, tape.quarantine)
    file = quarantine.write(store, spans)
    voice.told["quarantine"] = {"file": file, "spans": len(spans)}
    return quarantine.imposed(tape, spans)


def _study(
    tape: Tape | None, found: Iterable[Finding], digest: str, chosen: wiring.Settings, source: Source, against: Path | None
) -> Study:
    facts = {"Source": source.name if tape is None else str(tape.origin) or source.name, "Data": digest or "refused at the door"}
    if against is not None:
        facts["Against"] = str(against)
    facts["Thresholds"] = ", ".join(f"{name[8:]} = {value}" for name, value in flat(chosen).items() if name.startswith("quality."))
    facts["Command"] = steps.command()
    if tape is None:
        return Study(gate.ranked(found), None, (), facts)
    return Study(gate.ranked(gate.settled(found, tape)), tape, tape.quarantine, facts)


def _write(voice: Voice, study: Study, out: Path | None) -> str:
    """Where the page is, or why there is none."""
    told = as_json(study)
    voice.told["check"] = told
    voice.told["page"] = None
    if out is None:
        return f"no page: {usual('runs') / 'check'} cannot be written: name a folder with --out"
    places.write(out, pair("check", told, page(study)))
    voice.told["page"] = str(out / PAGE)
    return f"page: {out / PAGE}"


def _say(voice: Voice, study: Study, page_told: str) -> None:
    voice.say(study.verdict)
    for flag in study.flags:
        voice.say(flag)
    if study.tape is not None:
        sessions, names = study.tape.bars.shape
        voice.say(f"{names:,} names, {sessions:,} sessions, {study.tape.bars.sessions[0]} to {study.tape.bars.sessions[-1]}")
    shown: Any = table("", "", "", "found", "names", "share", "worst")
    shown.columns[1].justify, shown.columns[1].style, shown.columns[-1].justify = "left", "", "left"
    for one in study.findings:
        handled = one.severity == "error" and not one.stands
        such = " ".join(reversed(one.rows[0])).strip() if one.rows else ""
        shown.add_row("in quarantine" if handled else one.severity, words(one.check), f"{one.count:,}", f"{one.names:,}", share(one), such)
    if study.findings:
        voice.show(shown)
    for one in study.findings:
        if one.severity == "error":
            voice.say(f"  {one.check}: {one.said}")
    for line in those(study.tape.findings, "quarantine") if study.tape is not None else ():
        voice.say(f"  {line}")
    if "quarantine" in voice.told:
        voice.say(f"quarantine: {voice.told['quarantine']['file']}, {voice.told['quarantine']['spans']:,} spans; edit it as you like")
    voice.say(page_told)
