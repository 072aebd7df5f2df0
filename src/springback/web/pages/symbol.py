"""One name: its bars, what the champion said of it with the features it saw, and what was bought and sold."""

from typing import Any

from springback.errors import MissingData
from springback.market.symbols import is_symbol
from springback.web.page import Block, Choice, Column, Line, Links, Page, Picture, Sheet, Words
from springback.web.pages.why import FEATURE
from springback.web.visit import Visit
from springback.workflow.positions import holdings
from springback.workflow.symbol_view import SymbolBars

FILLS = (
    Column("session", "Session", "session"),
    Column("quantity", "Shares", "shares", signed=True),
    Column("price", "Price", "cents"),
    Column("fee", "Fee", "cents"),
    Column("reason", "Why"),
)
BARS = (
    Column("session", "Session", "session"),
    *(Column(name, name.capitalize(), "cents") for name in ("open", "high", "low", "close")),
    Column("volume", "Volume", "shares"),
)
SAID = (
    Column("session", "Session", "session"),
    Column("qpi", "QPI", "number"),
    Column("p_long", "P(up)", "share"),
    Column("p_short", "P(down)", "share"),
    *(Column(name, head, "number" if name in ("qpi_3day", "rsi_14") else "score") for name, head in FEATURE.items()),
)


def symbol(visit: Visit) -> Page:
    """The page. Raises `MissingData` where the name is none, or the store has no bar of it."""
    name = visit.query.get("symbol", "").strip().upper()
    choice = Choice({"symbol": ("Symbol", name, ())}, "Show")
    if not name:
        return Page("One symbol", "", (choice, *_held(visit)))
    if not is_symbol(name):
        raise MissingData(f"'{name[:32]}' is no symbol: give one such as AAPL")
    bars = visit.desks.symbols.bars(visit.store, name)
    fills = [{**one, "session": line.session} for line in visit.lines for one in line.fills if one["symbol"] == name]
    said = visit.desks.symbols.forecasts(visit.account, name)
    rows = [{"session": day} | {key: values[k] for key, values in bars.values.items()} for k, day in enumerate(bars.sessions)]
    blocks: list[Block] = [
        choice,
        _prices(bars, fills),
        *([_chances(said, visit.settings.strategy.probability)] if said else ()),
        Sheet("fills", "Bought and sold", FILLS, [one | {"reason": str(one["reason"]).replace("_", " ")} for one in fills[::-1]]),
        Sheet("forecasts", "What the champion said, and what it saw", SAID, said[::-1], nothing="It was not ranked.", most=20),
        Sheet("bars", "Bars", BARS, [one for one in rows[::-1] if one["close"] is not None], "As printed, unadjusted.", most=20),
    ]
    lead = f"{len(bars.sessions)} sessions to {bars.sessions[-1]}; ranked in {len(said)} of the newest evenings, {len(fills)} fills."
    return Page(name, lead, tuple(blocks))


def _held(visit: Visit) -> tuple[Block, ...]:
    """A way to each name that is held."""
    held = [one.symbol for one in holdings(visit.account, visit.now).positions] if visit.sessions else []
    if not held:
        return (Words("Give a name; nothing is held.", tone="absent"),)
    return (Links("Held", tuple((one, visit.address("symbol", symbol=one), False) for one in held)),)


def _prices(bars: SymbolBars, fills: list[dict[str, Any]]) -> Picture:
    at = {str(one["session"]): one for one in fills}
    bought, sold = (
        [float(at[day]["price"]) if day in at and sign * at[day]["quantity"] > 0 else None for day in bars.sessions] for sign in (1, -1)
    )
    lines = (
        Line("close", bars.values["close"], "net"),
        Line("bought", bought, "good", points=True),
        Line("sold", sold, "bad", points=True),
    )
    return Picture(
        "prices", "Closes, and what was bought and sold", "Closes as printed in dollars; a dot is a fill of ours.", bars.sessions, lines
    )


def _chances(forecasts: list[dict[str, Any]], needed: float) -> Picture:
    days = [one["session"] for one in forecasts]
    lines = (Line("P(up)", [one["p_long"] for one in forecasts], "good"), Line("P(down)", [one["p_short"] for one in forecasts], "bad"))
    words = "The champion's probabilities in the sessions in which it ranked the name; dashed: what an entry needs."
    return Picture("chances", "Forecasts", words, days, lines, "share", level=needed)
