"""What is handed in beside a store for one run: VIX and membership laid over its own, and words that say what of the store gave way."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from springback.data.files.series import read_closes, read_members
from springback.errors import BadTable
from springback.market.origin import BENCHMARK
from springback.market.prose import Prose
from springback.market.tape import Tape


def laid_over(
    tape: Tape, vix: Path | None = None, members: Path | None = None, benchmark: Path | None = None
) -> tuple[Tape, tuple[Prose, ...]]:
    """`tape` with the closes of `vix` where it has a session, the membership of `members` and the level of `benchmark`; a line on each.

    The lines are findings of the tape as well. Raises `BadTable`, `MissingData`.
    """
    told = []
    if vix is not None:
        tape, line = with_vix(tape, vix)
        told.append(line)
    if members is not None:
        own = "it had none" if tape.members is None else "its own is not used"
        tape = replace(tape, members=read_members(members, tape.bars), origin=replace(tape.origin, members_from=None))
        told.append(f"membership is that of {members.name}, not the store's: {own}")
    if benchmark is not None:
        level = read_closes(benchmark, tape.bars.sessions)
        if np.isnan(level).all():
            raise BadTable(f"{benchmark} has no level on any session from {tape.bars.sessions[0]} to {tape.bars.sessions[-1]}")
        tape = replace(
            tape, benchmark=level, origin=replace(tape.origin, benchmark=tape.origin.benchmark if tape.origin.demo else BENCHMARK)
        )
        told.append(f"the benchmark is that of {benchmark.name} on {int((~np.isnan(level)).sum()):,} of {len(level):,} sessions")
    lines = tuple(Prose(line, "overrides") for line in told)
    return replace(tape, findings=(*tape.findings, *lines)), lines


def with_vix(tape: Tape, file: Path) -> tuple[Tape, str]:
    """`tape` with the closes of `file` where it has a session, and what that changed in words."""
    closes = read_closes(file, tape.bars.sessions)
    said, lacked = ~np.isnan(closes), np.isnan(tape.vix)
    other = said & ~lacked & (closes != tape.vix)
    line = (
        f"VIX is that of {file.name} on {int(said.sum()):,} of {len(closes):,} sessions: {int((said & lacked).sum()):,} had none, "
        f"{int(other.sum()):,} had another"
    )
    return replace(tape, vix=np.where(said, closes, tape.vix)), line
