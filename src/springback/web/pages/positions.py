"""Positions: what is held, what it earns, how long it may stay and how far its stop is."""

from datetime import date

from springback.trading.journal import fold
from springback.web.page import Act, Block, Column, Line, Page, Picture, Sheet, Tile, Tiles
from springback.web.visit import Visit
from springback.workflow.positions import Position, holdings

COLUMNS = (
    Column("symbol", "Symbol", link="symbol?symbol={symbol}"),
    Column("side", "Side"),
    Column("quantity", "Shares", "shares", signed=False),
    Column("opened", "Opened", "session"),
    Column("age", "Sessions", "count"),
    Column("left", "Left", "count"),
    Column("entry_price", "Entry", "cents"),
    Column("mark", "Last", "cents"),
    Column("value", "Value", "dollars"),
    Column("share", "Of equity", "share"),
    Column("profit", "Profit", "dollars", signed=True),
    Column("gain", "Gain", "change"),
    Column("level", "Stop", "cents"),
    Column("room", "To the stop", "share"),
    Column("note", "Note"),
)


def positions(visit: Visit) -> Page:
    """The page."""
    found = holdings(visit.account, visit.now)
    stands, held = found.stands, [one for one in found.positions if one.quantity]
    lost = _lost(visit, stands.session)
    waiting = sum(not one.quantity and one.symbol not in lost for one in found.positions)
    lead = f"{len(held)} positions after the close of {stands.session}" if stands.session else "No evening yet"
    lead += f"; {waiting} entries wait for the open." if waiting else "."
    if stands.pending:
        lead += f" {stands.pending} corrections of the book stand until the next decision."
    rows = [_row(one, lost.get(one.symbol, "")) for one in found.positions]
    note = "Profit is without costs; sessions left until the rule closes it; the stop is looked at after each close."
    blocks: tuple[Block, ...] = (
        Tiles(
            (
                Tile("Equity", stands.equity, "dollars"),
                Tile("Cash", stands.cash, "dollars"),
                Tile("Long", found.long, "dollars", _share(found.long, stands.equity)),
                Tile("Short", found.short, "dollars", _share(-found.short, stands.equity)),
                Tile("Open profit", found.profit, "dollars", tone="good" if found.profit > 0 else "bad" if found.profit < 0 else ""),
            )
        ),
        Sheet("positions", "Held" if len(rows) == len(held) else "Held and ordered", COLUMNS, rows, note, "Nothing is held."),
        _exposure(visit),
    )
    return Page("Positions", lead, blocks)


def _share(value: float, equity: float) -> str:
    return f"{value / equity:.1%} of equity" if equity else ""


def _lost(visit: Visit, session: str) -> dict[str, str]:
    """By symbol, how the entries of a decision ended at the broker that will not be filled any more: refused, cancelled."""
    if not session or visit.desk is None or not visit.desk.broker:
        return {}
    day = date.fromisoformat(session)
    orders = fold(visit.account.state.order_events(visit.account.name, day)).values()
    own = [one for one in orders if one.intent.session == day and one.intent.purpose == "entry"]
    return {one.intent.symbol: one.state.replace("_", " ") for one in own if one.closed and not one.filled_quantity}


def _row(one: Position, lost: str = "") -> dict[str, object]:
    words = [
        *([lost or "waits for the open"] if not one.quantity else []),
        *(["closing"] if one.closing else []),
        *(["fill assumed"] if one.assumed and one.quantity else []),
    ]
    tones = {"_tone_profit": "good" if one.profit > 0 else "bad" if one.profit < 0 else "", "_tone": "" if one.quantity else "quiet"}
    tones |= {"_tone_room": "warn" if one.room is not None and one.room < 0.01 else ""}
    return {**vars(one), "quantity": one.quantity or one.waiting, "note": ", ".join(words), **tones}


def _exposure(visit: Visit) -> Picture:
    lines = visit.lines[-252:]
    days = [one.session for one in lines]
    long, short = ([getattr(one, name) / one.equity if one.equity else None for one in lines] for name in ("long_value", "short_value"))
    words = "What was held at each close, long above and short below zero, as a share of equity."
    parts = (Line("long", long, "good", filled=True), Line("short", short, "bad", filled=True))
    return Picture("exposure", "Exposure", words, days, parts, "share", level=0.0)


def closing(visit: Visit) -> tuple[Act, ...]:
    """What an operator may do about positions; of shares that nobody explains where there is a broker."""
    if visit.desk is None:
        return ()
    words = "No entries, and an exit of every position of ours at the next opens, until somebody resumes."
    flatten = Act("flatten", "Close every position", words, "Flatten", {"why": ("Why", "", ())}, word=visit.name)
    if not visit.desk.broker:
        return (flatten,)
    fields = {
        "symbol": ("Symbol", "", ()),
        "claim": ("They are", "foreign", ("foreign", "ours")),
        "quantity": ("Signed shares", "", ()),
        "price": ("Mean price, where ours", "", ()),
        "opened": ("Opened, where ours", "", ()),
        "why": ("Why", "", ()),
    }
    words = "Says whose the shares are that the account holds and no order of ours explains."
    return flatten, Act("adopt", "Adopt shares", words, "Adopt", fields)
