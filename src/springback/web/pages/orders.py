"""Orders: what was decided after a session, the way of each order at the broker, and what became of those before."""

from collections.abc import Iterable, Mapping
from datetime import date

from springback.operation.order_sheet import order_sheet
from springback.state.order_rows import OrderEvent
from springback.trading.journal import Order, fold
from springback.web.page import Block, Column, Page, Sheet
from springback.web.pages.parts import session_choice, session_links
from springback.web.pages.today import orders_sheet
from springback.web.visit import Visit

SESSIONS = 5
"""Sessions whose orders at the broker are shown."""
JOURNAL = (
    Column("symbol", "Symbol", link="symbol?symbol={symbol}"),
    Column("side", "Side"),
    Column("purpose", "For"),
    Column("session", "Decided", "session"),
    Column("quantity", "Shares", "shares"),
    Column("filled", "Filled", "shares"),
    Column("price", "Mean price", "cents"),
    Column("state", "State", "tone"),
    Column("path", "Its way", wide=True),
    Column("reason", "Why"),
    Column("client_id", "Id", "code", wide=True),
)
FILLS = (
    Column("symbol", "Symbol", link="symbol?symbol={symbol}"),
    Column("quantity", "Shares", "shares", signed=True),
    Column("price", "Price", "cents"),
    Column("fee", "Fee", "cents"),
    Column("slippage", "Slippage", "cents"),
    Column("reason", "Why"),
)
ENDED = (
    Column("symbol", "Symbol", link="symbol?symbol={symbol}"),
    Column("quantity", "Shares", "shares", signed=True),
    Column("reason", "For"),
    Column("status", "What became of it"),
    Column("why", "Why"),
)
TONES = {"filled": "good", "refused": "bad", "unknown": "bad", "expired": "warn", "cancelled": "warn", "missed": "warn", "absent": "warn"}


def orders(visit: Visit) -> Page:
    """The page."""
    decision = visit.decision
    fills = [dict(one) | {"reason": str(one["reason"]).replace("_", " ")} for one in decision.fills]
    at_broker = visit.desk is not None and visit.desk.broker
    ended = [dict(one) | {"reason": str(one["reason"]).replace("_", " ")} for one in decision.ended]
    if at_broker:
        ended = [one | _told(visit, one) for one in ended]
    blocks: list[Block] = [session_links(visit, "orders"), orders_sheet(order_sheet(decision))]
    if at_broker:
        blocks.append(_journal(visit))
    blocks += [
        Sheet("fills", f"Filled in the session of {decision.session}", _columns(fills), fills, _assumed(fills), "Nothing was filled."),
        Sheet(
            "ended", "Ended without a whole fill", ENDED, ended, nothing="Every order of the evening before was filled, or none was due."
        ),
        session_choice(visit),
    ]
    return Page("Orders", f"What the evening of {decision.session} decided, and what became of the orders before it.", tuple(blocks))


def _columns(fills: list[dict[str, object]]) -> tuple[Column, ...]:
    """A broker's fills are told: where nothing is assumed the word stands in the CSV file alone."""
    return (*FILLS, Column("assumed", "Assumed", export=not any(one.get("assumed") for one in fills)))


def _told(visit: Visit, ended: Mapping[str, object]) -> dict[str, str]:
    """What the broker said of an order that the decision found without a fill; nothing where it was never sent."""
    known = visit.sessions[: visit.sessions.index(visit.decision.session)]
    if not known:
        return {}
    day = date.fromisoformat(known[-1])
    for one in fold(visit.account.state.order_events(visit.account.name, day)).values():
        if one.intent.session == day and one.intent.symbol == ended["symbol"] and one.closed:
            return {"status": one.state.replace("_", " "), "why": str(one.why) or one.code or str(ended["why"])}
    return {}


def _assumed(fills: list[dict[str, object]]) -> str:
    guesses = sum(bool(one.get("assumed")) for one in fills)
    return f"{guesses} fills are assumed by the backtest's law: nobody has said what was really filled." if guesses else ""


def _journal(visit: Visit) -> Sheet:
    known = visit.sessions[: visit.sessions.index(visit.decision.session) + 1]
    since = date.fromisoformat(known[-min(SESSIONS, len(known))])
    events = visit.account.state.order_events(visit.account.name, since)
    rows = [_row(one, events) for one in reversed(tuple(fold(events).values()))]
    note = f"Sent to the broker for the decisions since {since}, the newest first."
    return Sheet("journal", "At the broker", JOURNAL, rows, note, "Nothing was sent.")


def _row(order: Order, events: Iterable[OrderEvent]) -> dict[str, object]:
    intent = order.intent
    way: list[str] = []
    for one in events:
        if one.client_id == order.client_id and not (one.kind == "accepted" and "accepted" in way):  # said again after a fill: no news
            way.append(one.kind)
    return {
        "symbol": intent.symbol,
        "side": intent.side,
        "purpose": intent.purpose,
        "session": str(intent.session),
        "quantity": intent.quantity,
        "filled": order.filled_quantity,
        "price": order.average_price,
        "state": order.state.replace("_", " "),
        "path": " → ".join(one.replace("_", " ") for one in way),
        "reason": str(order.why) or order.code or intent.reason.replace("_", " "),
        "client_id": order.client_id,
        "_tone_state": TONES.get(order.state, ""),
    }
