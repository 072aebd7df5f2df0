"""What stands above every page: which account in which mode, of when the data are, and whether its trader lives."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from springback.errors import SpringbackError
from springback.web.visit import Visit

Mode = Literal["PAPER", "LIVE", "REHEARSAL", "NO BROKER"]


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
        return Header(bare.mode, bare.account, page, bare.now, bare.accounts, flags=(str(error),))


def _full(visit: Visit, bare: Header) -> Header:
    state, name = visit.account.state, visit.account.name
    session = visit.sessions[-1] if visit.sessions else ""
    flags = tuple(f"{one.code.upper()}: {one.why}" for one in state.halts(name) if one.scope != "name")
    trader = "No trader: orders are placed by hand"
    return Header("NO BROKER", bare.account, bare.page, bare.now, bare.accounts, session, trader, "quiet", None, flags)
