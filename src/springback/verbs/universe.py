"""What `springback universe` does: who was in the index on a day, by what was known then, and who says so."""

from dataclasses import asdict
from pathlib import Path

from springback.errors import InputError
from springback.verbs.console import Console
from springback.workflow import universe as workflow
from springback.workflow.settings import Settings, choose

__all__ = ["choose"]
SHOWN = 12  # symbols on a line


def alone(store: Path | None, settings: Path | None, sets: list[str] | None) -> None:
    """Raises `InputError` on what means nothing beside a folder of fund holdings."""
    for option, given in {"--store": store, "--settings": settings, "--set": sets}.items():
        if given:
            raise InputError(f"{option} goes with a store: --holdings reads files, and lists what they list")


def universe(
    console: Console,
    settings: Settings,
    on: str | None,
    store: Path,
    files: Path | None = None,
    out: Path | None = None,
    as_of: str | None = None,
) -> None:
    """Lists the index on a day, or writes membership by permanent id from a folder of fund holdings.

    Raises `InputError` on options that mean nothing together, `MissingData` where there is no store.
    """
    if on is None and (files is None or out is None):
        raise InputError("say --on DATE to list the index of a day, or --holdings DIR --out members.csv to write membership")
    if files is not None and as_of is not None:
        raise InputError("--as-of goes with a store: --holdings reads files, whose own dates say when they were known")
    if files is None and out is not None:
        raise InputError("--out goes with --holdings DIR: a store's membership is not written to a file")
    day = None if on is None else workflow.day_named(on)
    listed = None if files is None else workflow.read_holdings(files)
    if listed is not None and out is not None:
        _say_members(console, workflow.write_members(listed, out))
    if day is None:
        return
    answer = workflow.from_store(settings, store, day, as_of) if listed is None else workflow.from_holdings(listed, day)
    console.say(f"{len(answer.symbols):,} names in the index on {answer.on}, by the {answer.source}")
    age = "" if answer.lag is None else f", {answer.lag} days old on that day"
    console.say(f"  confidence: {answer.confidence}{age}")
    for note in answer.notes:
        console.say(f"  {note}")
    for first in range(0, len(answer.symbols), SHOWN):
        console.say("  " + " ".join(f"{symbol:<9}" for symbol in answer.symbols[first : first + SHOWN]).rstrip())
    console.payload["universe"] = {**asdict(answer), "on": str(answer.on)}


def _say_members(console: Console, members: workflow.MembersFile) -> None:
    console.say(f"{members.companies:,} companies in {members.files} files, {members.first} to {members.last}: {members.file}")
    for line in members.left:
        console.say(f"  {line}")
    console.payload["members"] = {"file": str(members.file), "companies": members.companies, "files": members.files}
