"""Incidents and journal: what went wrong and how it ended, who halted what, what was said of the book, whether the chain is whole."""

from springback.state.rows import Incident
from springback.web.page import Block, Column, Facts, Links, Page, Sheet, Words
from springback.web.pages.parts import halts_sheet
from springback.web.visit import Visit
from springback.workflow.trade_requests import ACT

MOST = 50
"""Rows of a table that are shown; the years before stand in its CSV file."""
INCIDENTS = (
    Column("n", "No.", "count"),
    Column("cause", "Cause"),
    Column("opened_at", "Opened", "instant"),
    Column("closed_at", "Closed", "instant"),
    Column("words", "In words", wide=True),
    Column("verb", "Way out", "code"),
    Column("heard", "Told"),
)
ALARMS = (
    Column("model", "Model", "code"),
    Column("session", "Session", "session"),
    Column("value", "CUSUM", "number"),
    Column("limit", "Limit", "number"),
    Column("cleared_by", "Cleared by"),
    Column("cleared_at", "Cleared", "instant"),
)
BOOK = (
    Column("n", "No.", "count"),
    Column("at", "When", "instant"),
    Column("kind", "What"),
    Column("symbol", "Symbol"),
    Column("quantity", "Shares or dollars", "number"),
    Column("price", "Price", "cents"),
    Column("by", "By"),
    Column("why", "Why", wide=True),
)
RESTRICTED = (
    Column("symbol", "Symbol"),
    Column("start", "From", "session"),
    Column("end", "To", "session"),
    Column("why", "Why", wide=True),
    Column("by", "By"),
    Column("removed_by", "Removed by"),
)
ACTS = (
    Column("at", "When", "instant"),
    Column("kind", "Act"),
    Column("outcome", "Outcome"),
    Column("detail", "In words", wide=True),
)


def incidents(visit: Visit) -> Page:
    """The page."""
    state, name = visit.account.state, visit.account.name
    found, alarms, halts = state.incidents(name, history=True), state.alarms(name, history=True), state.halts(name, history=True)
    rows = [vars(one) | {"words": str(one.words), "_tone": "" if one.closed_at else "strong"} for one in sorted(found, key=_turn)]
    book = [vars(one) | {"why": str(one.why)} for one in reversed(state.book_events(name))]
    names = [vars(one) | {"why": str(one.why)} for one in reversed(state.restrictions(name))]
    open_ = sum(one.closed_at is None for one in found)
    blocks: list[Block] = [
        Sheet("incidents", "Incidents", INCIDENTS, rows, "What is open first, then the newest.", "Nothing has gone wrong.", MOST),
        halts_sheet(sorted(halts, key=lambda one: not one.lifted_by), "Halts, now and before", history=True, most=MOST),
        Sheet("alarms", "Alarms of the watch", ALARMS, [vars(one) for one in reversed(alarms)], nothing="None."),
        Sheet("restricted", "Names kept from entry", RESTRICTED, names, nothing="None."),
        Sheet("book", "What persons said of the book", BOOK, book, nothing="Nothing.", most=MOST),
        _acts(visit),
        *_journal(visit),
    ]
    lead = f"{open_} incidents are open, {len(found) - open_} are over; {sum(not one.lifted_by for one in halts)} halts are in force."
    return Page("Incidents and journal", lead, tuple(blocks))


def _turn(incident: Incident) -> tuple[bool, int]:
    """What is open first, then the newest."""
    return incident.closed_at is not None, -incident.n


def _acts(visit: Visit) -> Sheet:
    """What operators did on these pages."""
    found = visit.account.state.attempts(visit.account.name, begins=f"{ACT} ")
    rows = [{**vars(one), "kind": one.kind.partition(" ")[2], "detail": str(one.detail)} for one in found]
    note = "Each act is kept as begun before it is done."
    return Sheet("acts", "What was done on these pages", ACTS, rows[::-1], note, "Nothing.", MOST)


def _journal(visit: Visit) -> tuple[Block, ...]:
    """The chain of the order journal; it is read from its first event where that is asked for."""
    if visit.desk is None or not visit.desk.broker:
        return (Words("Without a broker there is no order journal.", "The order journal", "absent"),)
    links = Links("The order journal", (("verify the whole chain", visit.address("incidents", verify="1"), False),))
    if visit.query.get("verify") != "1":
        return (links,)
    faults = visit.desks.faults(visit.desk, visit.account)
    if not faults:
        return (Facts("The order journal", (("Chain", "whole, from its first event to its last"),)), links)
    columns = (Column("n", "Event", "count"), Column("code", "Fault"), Column("subject", "Order", "code"))
    return (Sheet("faults", "The order journal is not whole", columns, [vars(one) for one in faults]), links)
