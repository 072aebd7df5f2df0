"""What stands above every page: which account in which mode, of when the data are, and whether its trader lives."""

from dataclasses import dataclass, replace
from datetime import datetime

from springback.errors import SpringbackError
from springback.state.rows import Halt
from springback.web.visit import Visit
from springback.workflow import halting
from springback.workflow.trade_service import last_beat
from springback.workflow.trade_status import Mode, alive, mode_of


@dataclass(frozen=True)
class Header:
    """The line above a page. `trader` says in words whether the trader runs, `heard_at` when it was last heard of (None: never); `flags`
    are what everybody must see.
    """

    mode: Mode
    account: str
    page: str
    now: datetime
    accounts: tuple[str, ...] = ()
    session: str = ""
    trader: str = ""
    trader_tone: str = "quiet"
    heard_at: datetime | None = None
    flags: tuple[str, ...] = ()


def header_of(visit: Visit, page: str) -> Header:
    """The line above `page`; what cannot be read is said in it, and stops no page."""
    if visit.desk is None:
        return Header("NO BROKER", "", page, visit.now)
    bare = Header("NO BROKER", visit.desk.name, page, visit.now, tuple(one.name for one in visit.desks.all()))
    try:
        return _full(visit, bare)
    except SpringbackError as error:
        mode: Mode = mode_of(visit.desk.folder) if visit.desk.broker else "NO BROKER"
        there = [f"KILLED: the file {one} is there" for one in halting.kill_files(visit.desk.folder) if visit.desk.broker and one.exists()]
        return replace(bare, mode=mode, flags=(*there, str(error)))


def _full(visit: Visit, bare: Header) -> Header:
    account, desk = visit.account, visit.desk
    flags = tuple(f"{one.code.upper()}: {one.why}" for one in account.state.halts(account.name) if _shouts(one))
    found = replace(bare, session=visit.sessions[-1] if visit.sessions else "", flags=flags)
    if desk is None or not desk.broker:
        return replace(found, trader="No trader: orders are placed by hand")
    switch = halting.killed(account)
    beat = last_beat(desk.folder)
    heard = None if beat is None else datetime.fromisoformat(beat["at"])
    found = replace(
        found, mode=mode_of(desk.folder, account.state), flags=(f"KILLED: {switch}", *flags) if switch else flags, heard_at=heard
    )
    if alive(desk.folder, visit.now):
        return replace(found, trader="Trader runs, heard", trader_tone="good")
    return replace(found, trader=f"THE TRADER IS NOT RUNNING{'; heard' if heard else ''}", trader_tone="alarm")


def _shouts(halt: Halt) -> bool:
    return halt.scope != "name" and halt.code != halting.KILL
