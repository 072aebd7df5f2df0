"""Today: how it stands in one sentence, what comes next, tomorrow's orders, and whatever keeps the account from trading."""

from collections.abc import Sequence
from datetime import datetime

from springback.data.hours import NEW_YORK
from springback.errors import MissingData
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.order_sheet import OrderSheet, order_sheet
from springback.web.page import Act, Block, Column, Line, Page, Picture, Sheet, Tile, Tiles, Words
from springback.web.pages.parts import bear_spells, halts_sheet, session_links
from springback.web.visit import Visit
from springback.workflow import halting as halts
from springback.workflow.positions import holdings
from springback.workflow.trade_status import status_of
from springback.workflow.upcoming import Upcoming, upcoming

SHOWN = 252
"""Sessions of the curve of equity."""
ACTS = {"night": "reconcile in the night", "morning": "reconcile in the morning", "page": "ask for what is unknown"}
"""What the trader does next, by the names of the timetable; the others say it themselves."""
ORDERS = (
    Column("symbol", "Symbol", link="symbol?symbol={symbol}"),
    Column("action", "Order"),
    Column("send", "Shares", "shares"),
    Column("last_close", "Last close", "cents"),
    Column("dollars", "Worth", "dollars"),
    Column("share", "Of mean volume", "share"),
    Column("reason", "Why"),
    Column("rank", "Rank", "count"),
    Column("score", "Score", "share"),
)


def today(visit: Visit) -> Page:
    """The page. Raises `MissingData` before the first evening."""
    if not visit.sessions:
        raise MissingData("nothing is decided yet: 'springback daily' decides the first evening")
    decision = visit.decision
    sheet = order_sheet(decision)
    coming = upcoming(visit.account.folder, visit.settings, visit.now)
    in_force = visit.account.state.halts(visit.account.name)
    blocks: list[Block] = [*_at_the_broker(visit)]
    if decision.session != visit.sessions[-1]:
        blocks.append(Words(f"The decision in view is an older one; equity, what is held and what comes next are of {visit.sessions[-1]}."))
    blocks += [Words(one.text, tone="warn" if decision.exits_only else "quiet") for one in decision.reasons if not one.symbol]
    blocks += [
        _tiles(visit, decision, coming),
        orders_sheet(sheet),
        *([halts_sheet(in_force)] if in_force else ()),
        *_troubles(visit),
        _curve(visit),
        session_links(visit, "today"),
    ]
    return Page("Today", _sentence(decision, sheet, coming), tuple(blocks))


def _at_the_broker(visit: Visit) -> tuple[Block, ...]:
    """How the account at a broker stands, in one sentence, and what its trader does next."""
    if visit.desk is None or not visit.desk.broker:
        return ()
    found = status_of(visit.desk.folder, visit.settings, visit.now, visit.account.folder, visit.account.state)
    calm = found.state.startswith(("Trading", "Nothing"))
    next_at = "" if found.next_at is None else f"{datetime.fromisoformat(found.next_at).astimezone(NEW_YORK):%a %Y-%m-%d %H:%M} New York"
    act = ACTS.get(found.next_act, found.next_act)
    ours, theirs = found.positions, found.broker_positions
    apart = [
        {"symbol": one, "ours": ours.get(one, 0), "theirs": theirs.get(one, 0)}
        for one in sorted({*ours, *theirs})
        if found.asked_at and ours.get(one, 0) != theirs.get(one, 0)
    ]
    columns = (Column("symbol", "Symbol"), Column("ours", "By our book", "shares"), Column("theirs", "At the broker", "shares"))
    note = f"The broker was asked last on {found.asked_at}." if found.asked_at else ""
    return (
        Words(f"{found.state} The trader's next act: {act}, {next_at}.", tone="quiet" if calm else "bad"),
        *(Words(f"Nobody knows what became of {one}.", tone="bad") for one in found.unknown_orders),
        *((Sheet("apart", "Positions that differ", columns, apart, note),) if apart else ()),
    )


def halting(visit: Visit) -> tuple[Act, ...]:
    """Pause, and where a halt is in force resume: of those that are shown."""
    if visit.desk is None:
        return ()
    pause = Act("pause", "Pause", "No entries until somebody resumes; exits go on.", "Pause", {"why": ("Why", "", ())})
    known, folder = halts.liftable(visit.account), visit.account.folder.path
    file = any(one is not None for one in halts.marks(folder)) and visit.desk.broker
    if not known and not file:
        return (pause,)
    names = ("all of them", *(f"{one.n} {one.code}{f' {one.symbol}' if one.symbol else ''}" for one in known))
    fields: dict[str, tuple[str, str, Sequence[str]]] = {"only": ("Lift", names[0], names), "why": ("Why", "", ())}
    words = "Lifts the halts that a person lifts, the kill switch too; nothing is sent late for it."
    if visit.desk.broker:
        words += " The trader does it, after it has laid the account beside the broker's word; what nobody can explain stays halted."
    fixed = {"known": " ".join(str(one.n) for one in known), "file": "yes" if file else ""}
    return pause, Act("resume", "Resume", words, "Resume", fields, fixed)


def orders_sheet(sheet: OrderSheet) -> Sheet:
    """The orders of a decision."""
    when = datetime.fromisoformat(sheet.decision.next_open).astimezone(NEW_YORK)
    rows = [
        {name: getattr(one, name) for name in ("symbol", "action", "last_close", "dollars", "share", "rank", "score")}
        | {"send": abs(one.send), "reason": one.reason.replace("_", " ")}
        for one in sheet.lines
    ]
    note = f"Decided after the close of {sheet.decision.session}. "
    if sheet.lines:
        note += f"They need ${sheet.bought:,.0f} at the open, sales bring ${sheet.sold:,.0f}."
    return Sheet("orders", f"Orders for the open of {when:%a %Y-%m-%d %H:%M}", ORDERS, rows, note, "No order: nothing is bought or sold.")


def _sentence(decision: FrozenDecision, sheet: OrderSheet, coming: Upcoming) -> str:
    entries, exits = len(sheet.entries), len(sheet.exits)
    did = "exits only" if decision.exits_only else f"{entries} entries and {exits} exits"
    when = datetime.fromisoformat(decision.next_open).astimezone(NEW_YORK)
    regime = "the regime is not known" if decision.regime_name == "unknown" else f"a {decision.regime_name} regime"
    late = f" The evening of {coming.session} is due and has not run." if coming.overdue else ""
    return f"After the close of {decision.session}: {did} for the open of {when:%a %d %B}, in {regime}.{late}"


def _tiles(visit: Visit, decision: FrozenDecision, coming: Upcoming) -> Tiles:
    held, lines = holdings(visit.account, visit.now), visit.lines
    stands = held.stands
    before = lines[-2].equity if len(lines) > 1 else None
    change = None if before is None else stands.equity / before - 1
    names = {"decide": f"Evening of {coming.session}", "open": f"Open, orders of {coming.session}", "close": f"Close of {coming.session}"}
    vix, mean = decision.regime.get("vix"), decision.regime.get("mean")
    words = "VIX is missing" if vix is None or mean is None else f"VIX {vix:.1f}, its mean {mean:.1f}"
    since = "" if change is None else f"{change:+.2%} since the session before".replace("-", "−")
    sides = sum(one.quantity > 0 for one in held.positions), sum(one.quantity < 0 for one in held.positions)
    return Tiles(
        (
            Tile("Next", coming.at, "until", names[coming.what], "bad" if coming.overdue else ""),
            Tile("Equity", stands.equity, "dollars", since),
            Tile("Cash", stands.cash, "dollars", f"{stands.cash / stands.equity:.0%} of equity" if stands.equity else ""),
            Tile("Held", f"{sides[0]} long, {sides[1]} short", "text", f"open profit ${held.profit:,.0f}".replace("$-", "−$")),
            Tile("Regime", decision.regime_name, "text", words, "warn" if decision.regime_name != "bull" else ""),
        )
    )


def _troubles(visit: Visit) -> tuple[Block, ...]:
    """Incidents and alarms that are open."""
    state, name = visit.account.state, visit.account.name
    found = [{"what": one.cause, "since": one.opened_at, "words": str(one.words), "verb": one.verb} for one in state.incidents(name)]
    found += [
        {"what": f"alarm of {one.model}", "since": str(one.session), "words": f"{one.value:.1f} passed {one.limit:.1f}", "verb": "clear it"}
        for one in state.alarms(name)
    ]
    columns = (Column("what", "What"), Column("since", "Since", "instant"), Column("words", "In words"), Column("verb", "Way out", "code"))
    return (Sheet("troubles", "Open incidents and alarms", columns, found),) if found else ()


def _curve(visit: Visit) -> Picture:
    lines = visit.lines[-SHOWN:]
    words = f"Equity at each close from {lines[0].session} to {lines[-1].session}; shaded: bear regime."
    equity = Line("equity", [one.equity for one in lines], "net", filled=True)
    return Picture("equity", "Equity", words, [one.session for one in lines], (equity,), "dollars", bear_spells(lines))
