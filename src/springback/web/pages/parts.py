"""What more than one page shows."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from springback.state.rows import Halt
from springback.web.page import Choice, Column, Links, Sheet
from springback.web.visit import Visit
from springback.workflow.history import SessionLine

HALTS = (
    Column("n", "No.", "count"),
    Column("scope", "Stops"),
    Column("symbol", "Symbol"),
    Column("code", "What"),
    Column("why", "Why"),
    Column("by", "By"),
    Column("at", "Since", "instant"),
    Column("lifted_by", "Lifted by"),
    Column("lifted_at", "Lifted", "instant"),
)


def halts_sheet(halts: Iterable[Halt], title: str = "Halts in force", history: bool = False, most: int = 200) -> Sheet:
    """Halts, the newest first."""
    columns = HALTS if history else HALTS[:-2]
    rows = [{one.key: getattr(halt, one.key) for one in columns} | {"why": str(halt.why)} for halt in reversed(tuple(halts))]
    return Sheet("halts", title, columns, rows, nothing="No halt.", most=most)


def bear_spells(lines: Sequence[SessionLine]) -> tuple[tuple[str, str], ...]:
    """First and last session of every run of the bear regime."""
    runs = (tuple(run) for bear, run in groupby(lines, lambda one: one.regime == "bear") if bear)
    return tuple((run[0].session, run[-1].session) for run in runs)


def session_links(visit: Visit, page: str) -> Links:
    """The decision before and after the one in view, and the newest."""
    known, here = visit.sessions, visit.decision.session
    at = known.index(here)
    found = [(f"← {known[at - 1]}", visit.address(page, session=known[at - 1]), False)] if at else []
    found.append((here, visit.address(page, session=here), True))
    found += [(f"{known[at + 1]} →", visit.address(page, session=known[at + 1]), False)] if at + 1 < len(known) else []
    found += [("newest", visit.address(page), False)] if at + 1 < len(known) else []
    return Links("Decision after", tuple(found))


def session_choice(visit: Visit) -> Choice:
    """Asks for another session."""
    return Choice({"session": ("Session", visit.decision.session, ())}, "Show")
