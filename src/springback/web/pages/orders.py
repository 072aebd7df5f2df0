"""Orders: what was decided after a session, the way of each order at the broker, and what became of those before."""

from collections.abc import Iterable
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
    Column("assumed", "Assumed"),
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
    ended = [dict(one) | {"reason": str(one["reason"]).replace("_", " ")} for one in decision.ended]
    blocks: list[Block] = [session_links(visit, "orders"), orders_sheet(order_sheet(decision))]
    if visit.desk is not None and visit.desk.broker:
        blocks.append(_journal(visit))
    blocks += [
        Sheet("fills", f"Filled in the session of {decision.session}", FILLS, fills, _assumed(fills), "Nothing was filled."),
        Sheet("ended", "Ended without a fill", ENDED, ended, nothing="Every order of the evening before was filled, or none was due."),
        session_choice(visit),
    ]
    return Page("Orders", f"What the evening of {decision.session} decided, and what became of the orders before it.", tuple(blocks))


def _assumed(fills: list[dict[str, object]]) -> str:
    guesses = sum(bool(one.get("assumed")) for one in fills)
    return f"{guesses} fills are assumed by the backtest's law: nobody has said what was really filled." if guesses else ""


def _journal(visit: Visit) -> Sheet:
    known = visit.sessions[: visit.sessions.index(visit.decision.session) + 1]
    since = date.fromisoformat(known[-min(SESSIONS, len(known))])
    events = visit.account.state.order_events(visit.account.name, since)
    rows = [_row(one, events) for one in reversed(tuple(fold(events).values()))]
    note = f"Sent to the broker for the decisions since {since}, the newest first; instants are New York's."
    return Sheet("journal", "At the broker", JOURNAL, rows, note, "Nothing was sent.")


def _row(order: Order, events: Iterable[OrderEvent]) -> dict[str, object]:
    intent = order.intent
    way = [one.kind for one in events if one.client_id == order.client_id]
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
