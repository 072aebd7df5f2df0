"""What `springback universe` does: who was in the index on a day, by what was known then, and who says so."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from springback import wiring
from springback.data import membership
from springback.data.files import holdings
from springback.data.laws import told
from springback.data.sources import day_of
from springback.errors import InputError
from springback.market.prose import Prose
from springback.strategy.universe import eligible
from springback.verbs.console import Voice
from springback.verbs.steps import choose

__all__ = ["Voice", "choose"]
SHOWN = 12  # symbols on a line


def alone(store: Path | None, settings: Path | None, sets: list[str] | None) -> None:
    """Raises `InputError` on what means nothing beside a folder of fund holdings."""
    for option, given in {"--store": store, "--settings": settings, "--set": sets}.items():
        if given:
            raise InputError(f"{option} goes with a store: --holdings reads files, and lists what they list")


def universe(
    voice: Voice,
    chosen: wiring.Settings,
    on: str | None,
    store: Path,
    files: Path | None = None,
    out: Path | None = None,
    as_of: str | None = None,
) -> None:
    """Lists the index on a day, or writes membership by permanent id from a folder of fund holdings."""
    if on is None and (files is None or out is None):
        raise InputError("say --on DATE to list the index of a day, or --holdings DIR --out members.csv to write membership")
    if files is not None and as_of is not None:
        raise InputError("--as-of goes with a store: --holdings reads files, whose own dates say when they were known")
    if files is None and out is not None:
        raise InputError("--out goes with --holdings DIR: a store's membership is not written to a file")
    day = None if on is None else _day(on)
    found = None if files is None else holdings.read_folder(files)
    if found is not None and out is not None:
        ranges = membership.intervals(found)
        membership.write(out, ranges)
        voice.say(f"{len({one.symbol for one in ranges}):,} companies in {len(found)} files, {found[0].as_of} to {found[-1].as_of}: {out}")
        for line in told(left for one in found for left in one.left):
            voice.say(f"  {line}")
        voice.told["members"] = {"file": str(out), "companies": len({one.symbol for one in ranges}), "files": len(found)}
    if day is None:
        return
    answer = membership.from_holdings(found, day) if found is not None else _stored(chosen, store, day, as_of)
    voice.say(f"{len(answer.symbols):,} names in the index on {answer.on}, by the {answer.source}")
    age = "" if answer.lag is None else f", {answer.lag} days old on that day"
    voice.say(f"  confidence: {answer.confidence}{age}")
    for note in answer.notes:
        voice.say(f"  {note}")
    for first in range(0, len(answer.symbols), SHOWN):
        voice.say("  " + " ".join(f"{symbol:<9}" for symbol in answer.symbols[first : first + SHOWN]).rstrip())
    voice.told["universe"] = {**asdict(answer), "on": str(answer.on)}


def _stored(chosen: wiring.Settings, store: Path, day: np.datetime64, as_of: str | None) -> membership.Answer:
    tape, _ = wiring.open_store(store, as_of)
    row = int(np.searchsorted(tape.bars.sessions, day, side="right")) - 1
    tradable = eligible(tape, chosen.universe)[row] if row >= 0 else None
    answer = membership.from_tape(tape, day, tradable)
    if tape.members is not None and tradable is not None:
        able = int((tradable & tape.members[row]).sum())
        answer = replace(answer, notes=(*answer.notes, Prose(f"{able:,} of them have the price and the volume to be traded")))
    return answer


def _day(text: str) -> np.datetime64:
    try:
        return np.datetime64(day_of(text), "D")
    except ValueError:
        raise InputError(f"--on must be a date such as 2020-03-23, was '{text}'") from None
