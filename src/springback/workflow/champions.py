"""Who is champion of the desk: its timeline beside the models, what is written of it into the ledger, and a person's word.

A change is written in this order: the pairs into the archive, what happened into the ledger, the timeline in one step, the champion's copy.
A kill leaves the old timeline or the new one; the copy is made again by whoever comes next, and what the ledger has is not written twice.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from springback import __version__
from springback.errors import InputError, MissingData
from springback.forecasting.archive import Archive, read_timeline, write_timeline
from springback.forecasting.timeline import Contest, Timeline
from springback.ledger.book import Ledger
from springback.ledger.contest_entry import ContestEvent
from springback.statistics.contest import Retraining
from springback.workflow import ledger_place, places
from springback.workflow.models import EVALUATION
from springback.workflow.progress import SILENT, Progress


@dataclass(frozen=True)
class Registry:
    """Where champions are kept and what is told of them: the folder `models`, the `rules` of contests, the `store` beside which the ledger
    lies unless `ledger_file` is another, and on which `market` and data it is; both empty where they are not at hand.
    """

    models: Path
    rules: Retraining
    store: Path | None = None
    market: str = ""
    data_hash: str = ""
    ledger_file: Path | None = None

    @property
    def ledger(self) -> Ledger:
        """The trial ledger."""
        return Ledger(self.ledger_file or ledger_place.place(self.store))


@dataclass(frozen=True)
class Word:
    """Who says so, and why."""

    by: str
    why: str = ""

    def __post_init__(self) -> None:
        if not self.by.strip():
            raise InputError("a change of champion is signed: give --by WHO")


def timeline_of(models: Path) -> Timeline:
    """The timeline of the desk. Raises `MissingData` where there is none yet, `ModelError` where it is damaged."""
    found = read_timeline(models)
    if found is None:
        raise MissingData(f"{models} has no timeline of champions yet: run 'springback retrain --now'")
    return found


def where(models: Path, name: str) -> tuple[Path, str | None]:
    """The folder of the pair `name`, and the champion of the desk; None where it has no timeline yet."""
    timeline = read_timeline(models)
    return Archive(models).folder(name), None if timeline is None else timeline.champion


def keep(registry: Registry, old: Timeline, new: Timeline, session: str, word: Word, overridden: str = "") -> None:
    """Writes `new` in the place of `old`, what happened by the close of `session` first into the ledger; `overridden` is the challenger
    that took over before a verdict. The folder of models is held by the caller. Raises `Unwritable`, `LedgerError`.
    """
    if new != old:
        registry.ledger.note(_events(registry, old, new, session, word, overridden), __version__)
        write_timeline(registry.models, new)
    mend(registry.models, new)


def mend(models: Path, timeline: Timeline) -> None:
    """Makes `models/*.pkl` the champion's copy, with its evaluation, unless they are. Raises `ModelError`, `Unwritable`."""
    name = timeline.champion
    archive = Archive(models)
    archive.raise_copy(name, timeline.hashes.get(name, ""))
    kept = _text(archive.folder(name, timeline.hashes.get(name, "")) / EVALUATION)
    if kept is None:
        (models / EVALUATION).unlink(missing_ok=True)
    elif kept != _text(models / EVALUATION):
        places.write(models, {EVALUATION: kept})


def promote(registry: Registry, name: str, word: Word, override: str, session: str, progress: Progress = SILENT) -> Timeline:
    """`name`, or the one challenger whose name begins so, champion from the session after `session` on. Raises `InputError` where its
    contest is not won and nothing is given to `override` it, `MissingData`, `Unwritable`, `LedgerError`.
    """
    with places.filling(registry.models, progress):
        old = timeline_of(registry.models)
        contest = _contest(old, name)
        if contest.state != "won" and not override:
            raise InputError(
                f"the contest of {contest.challenger} is open ({contest.sessions} of {registry.rules.sessions} sessions): wait for the "
                "verdict, or say why it is overridden with --override WHY"
            )
        early = override if contest.state != "won" else ""
        new = old.promoted(contest.challenger, _day(old, session), word.by, early or word.why or contest.why)
        signed = Word(word.by, early or word.why)
        keep(registry, old, new, _day(old, session), signed, contest.challenger if early else "")
        return new


def roll_back(registry: Registry, word: Word, session: str, progress: Progress = SILENT) -> Timeline:
    """The champion before the newest, champion again from the session after `session` on.

    Raises `InputError` where there is none, `MissingData`, `Unwritable`, `LedgerError`.
    """
    with places.filling(registry.models, progress):
        old = timeline_of(registry.models)
        new = old.rolled_back(_day(old, session), word.by, word.why or "rolled back")
        keep(registry, old, new, _day(old, session), word)
        return new


def told(timeline: Timeline) -> dict[str, Any]:
    """Champion, previous, challengers, contests and tenures, as `springback models --json` has them."""
    return {
        "champion": timeline.champion,
        "previous": timeline.previous,
        "challengers": list(timeline.challengers),
        "hashes": dict(timeline.hashes),
        "tried": timeline.tried or None,
        "tenures": [dataclasses.asdict(one) for one in timeline.tenures],
        "contests": [dataclasses.asdict(one) for one in timeline.contests],
    }


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _contest(timeline: Timeline, name: str) -> Contest:
    """The contest of the one challenger whose name begins with `name`."""
    near = [one for one in timeline.challengers if one.startswith(name)] if name else []
    return timeline.of(near[0] if len(near) == 1 else name)


def _day(timeline: Timeline, session: str) -> str:
    """`session`, or the newest day that the timeline knows, whichever is later: a change is of today."""
    days = [one.after for one in timeline.tenures] + [max(one.after, one.decided) for one in timeline.contests]
    return max(session, timeline.tried, *days)


def _events(registry: Registry, old: Timeline, new: Timeline, session: str, word: Word, overridden: str) -> list[ContestEvent]:
    """What happened to the contests between `old` and `new`, in order."""
    found = []
    before = {(one.challenger, one.champion, one.after): one.state for one in old.contests}
    for one in new.contests:
        state = before.get((one.challenger, one.champion, one.after))
        if state is None:
            found.append(_event(registry, new, one, "registered", one.after, Word(word.by)))
        if one.state not in (state, "open"):
            kind = "overridden" if one.state == "promoted" and one.challenger == overridden else str(one.state)
            found.append(_event(registry, new, one, kind, one.decided, Word(word.by, word.why or one.why)))
    signed = any(one.event in ("promoted", "overridden") for one in found)
    if len(new.tenures) > len(old.tenures) and not signed:
        how = "rolled back" if new.champion == old.previous else "began"
        only = Contest(new.champion, old.champion if old.tenures else "", session, 1.0)
        found.insert(0, _event(registry, new, only, how, session, Word(word.by, word.why or new.tenures[-1].why)))
    return found


def _event(registry: Registry, timeline: Timeline, contest: Contest, event: str, session: str, word: Word) -> ContestEvent:
    return ContestEvent(
        event=event,
        challenger=contest.challenger,
        champion=contest.champion,
        challenger_hash=timeline.hashes.get(contest.challenger, ""),
        champion_hash=timeline.hashes.get(contest.champion, ""),
        after=contest.after,
        session=session,
        share=contest.share,
        rules=json.dumps(dataclasses.asdict(registry.rules), sort_keys=True),
        sessions=contest.sessions,
        gain=contest.gain,
        market=registry.market,
        data_hash=registry.data_hash,
        by=word.by,
        why=word.why,
    )
