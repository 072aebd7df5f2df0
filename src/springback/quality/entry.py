"""The way into a store, with the quarantine around what a source says and its prices contradict."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from springback.data.store import intake
from springback.market.tape import Tape
from springback.quality import quarantine


def fetch(
    tape: Tape,
    store: Path,
    now: datetime | None = None,
    accept_restatement: bool = False,
    asked: Collection[str] | None = None,
    members: Path | None = None,
    joins: bool = False,
) -> dict[str, Any]:
    """`intake.fetch`; then the spans around events that were set aside on reading `tape` go into the file beside the store."""
    told = intake.fetch(tape, store, now, accept_restatement, asked, members, joins)
    quarantine.enter(store, tape)
    return told
