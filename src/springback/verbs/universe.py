"""What `springback universe` does: who was in the index on a day, by what was known then, and who says so."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from springback import wiring
from springback.data import holdings, membership
from springback.data.universe import eligible
from springback.errors import InputError, SettingsError
from springback.verbs.steps import choose
from springback.voice import Voice

__all__ = ["Voice", "choose"]
SHOWN = 12  # symbols on a line


def universe(voice: Voice, chosen: wiring.Settings, on: str | None, store: Path, files: Path | None, out: Path | None) -> None:
    """Lists the index on a day, or writes membership by permanent id from a folder of fund holdings."""
    if on is None and (files is None or out is None):
        raise InputError("say --on DATE to list the index of a day, or --holdings DIR --out members.csv to write membership")
    found = None if files is None else holdings.read_folder(files)
    if found is not None and out is not None:
        ranges = membership.intervals(found)
        membership.write(out, ranges)
        voice.say(f"{len({one.symbol for one in ranges}):,} companies in {len(found)} files, {found[0].as_of} to {found[-1].as_of}: {out}")
        voice.told["members"] = {"file": str(out), "companies": len({one.symbol for one in ranges}), "files": len(found)}
    if on is None:
        return
    day = _day(on)
    answer = membership.from_holdings(found, day) if found is not None else _stored(chosen, store, day)
    voice.say(f"{len(answer.symbols):,} names in the index on {answer.on}, by the {answer.source}")
    age = "" if answer.lag is None else f", {answer.lag} days old on that day"
    voice.say(f"  confidence: {answer.confidence}{age}")
    for note in answer.notes:
        voice.say(f"  {note}")
    for first in range(0, len(answer.symbols), SHOWN):
        voice.say("  " + " ".join(f"{symbol:<9}" for symbol in answer.symbols[first : first + SHOWN]).rstrip())
    voice.told["universe"] = {**asdict(answer), "on": str(answer.on)}


def _stored(chosen: wiring.Settings, store: Path, day: np.datetime64) -> membership.Answer:
    tape, _ = wiring.open_store(store)
    row = int(np.searchsorted(tape.bars.sessions, day, side="right")) - 1
    tradable = eligible(tape, chosen.universe)[row] if row >= 0 else None
    answer = membership.from_tape(tape, day, tradable)
    if tape.members is not None and tradable is not None:
        answer = replace(answer, notes=(*answer.notes, f"{int(tradable.sum()):,} of them have the price and the volume to be traded"))
    return answer


def _day(text: str) -> np.datetime64:
    try:
        day = np.datetime64(text, "D")
    except ValueError:
        raise SettingsError(f"--on must be a date as 2020-03-23, was '{text}'") from None
    if np.isnat(day):
        raise SettingsError(f"--on must be a date as 2020-03-23, was '{text}'")
    return day
