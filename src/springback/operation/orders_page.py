"""orders.html: tomorrow's orders on one page that opens without a network, in the manner of the report."""

from collections.abc import Sequence
from dataclasses import dataclass

from springback.analytics import page as pages
from springback.analytics.cells import Cell, Table
from springback.analytics.figures import shown
from springback.operation import orders_words as words
from springback.operation.explanation import EntryWhy
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.morning import Morning
from springback.operation.order_sheet import OrderLine, OrderSheet
from springback.operation.orders_charts import funnel_chart

ROOM = "springback.operation"
HEADS = (
    *(("Name", True), ("Order", True), ("Why", True)),
    *(("Last close", False), ("Dollars", False), ("Of mean volume", False), ("Limit", False)),
)
ENTRIES = "In the order of their rank on each side. Limit: the shares of the mean volume of 63 sessions that an entry may take."


@dataclass(frozen=True)
class EntryTable:
    """Why one name is entered, as a table."""

    why: EntryWhy
    table: Table


def page(morning: Morning) -> str:
    """The whole page as text; the same bytes for the same morning."""
    sheet, decision = morning.sheet, morning.sheet.decision
    return pages.render(
        "orders.html",
        ROOM,
        title=words.title(morning),
        when=words.when(decision),
        decision=decision,
        flags=words.flags(morning),
        regime=words.regime(decision),
        splits=words.splits(morning),
        reasons=words.reasons(decision),
        tiles=_tiles(sheet),
        tables={
            "entries": _orders("Entries", ENTRIES, morning, sheet.entries),
            "exits": _orders("Exits", "An exit is sent whole, whatever the volume.", morning, sheet.exits),
            "stops": _stops(sheet),
            "ended": _ended(sheet),
            "funnel": funnel_table(decision),
        },
        entries=[EntryTable(one, _why(one)) for one in morning.explanation.entries],
        charts={"funnel": [funnel_chart(decision)] if any(one["universe"]["count"] for one in decision.funnel.values()) else []},
        ground=_ground(decision),
    )


def _tiles(sheet: OrderSheet) -> list[tuple[str, str, str]]:
    after, decision = sheet.after, sheet.decision
    largest = f"largest {after.largest}, {shown(after.largest_share, 'fraction')} of equity" if after.largest else "nothing is held"
    unknown = f"; no price of {', '.join(after.unknown)}" if after.unknown else ""
    sales = f"sales bring {shown(sheet.sold, 'dollars')}; cash {shown(decision.cash, 'dollars')}"
    return [
        ("Cash needed at the open", shown(sheet.bought, "dollars"), sales),
        ("Gross after the fills", shown(after.gross, "fraction"), f"of equity {shown(decision.equity, 'dollars')}{unknown}"),
        ("Net after the fills", shown(after.net, "fraction"), f"cash {shown(after.cash, 'dollars')}"),
        ("Positions after the fills", shown(after.long + after.short, "count"), f"{after.long} long, {after.short} short; {largest}"),
    ]


def _orders(name: str, note: str, morning: Morning, lines: Sequence[OrderLine]) -> Table:
    return Table(name, note, HEADS, tuple(_cells(morning, line) for line in lines))


def _cells(morning: Morning, line: OrderLine) -> tuple[Cell, ...]:
    close = words.NOTHING if line.last_close is None else f"${line.last_close:,.2f}"
    size = Cell(shown(line.dollars, "dollars")), Cell(shown(line.share, "percent2")), Cell(shown(line.limit, "count"), "quiet")
    told = Cell(line.symbol, left=True), Cell(words.order(line), left=True), Cell(words.reason(morning, line), left=True)
    return (*told, Cell(close), *size)


def _stops(sheet: OrderSheet) -> Table:
    rows = [(Cell(one.symbol, left=True), Cell(f"{one.quantity:+,}"), Cell(f"${one.level:,.2f}")) for one in sheet.stops]
    return Table("Stops at the market", "", (("Name", True), ("Shares", False), ("Level", False)), tuple(rows))


def _ended(sheet: OrderSheet) -> Table:
    rows = [
        (Cell(one["symbol"], left=True), Cell(f"{one['quantity']:+,}"), Cell(words.ENDED_WORDS.get(one["why"], one["why"]), left=True))
        for one in sheet.decision.ended
    ]
    rows += [(Cell(symbol, left=True), Cell(f"{quantity:+,}"), Cell("still waits", left=True)) for symbol, quantity in sheet.wait.items()]
    return Table("Earlier orders that were not filled", "", (("Name", True), ("Shares", False), ("Why", True)), tuple(rows))


def funnel_table(decision: FrozenDecision) -> Table:
    """How many names left at each stage of both sides, and the best of them."""
    sides = list(decision.funnel.values())
    rows: list[tuple[Cell, ...]] = []
    strong: list[int] = []
    for stage, (label, _) in {"universe": ("names with a row", ""), **words.STAGE_WORDS}.items():
        found = [one.get(stage, {}) for one in sides]
        if not any(one.get("count") for one in found) and stage != "entered":
            continue
        strong += [len(rows)] if stage in ("universe", "entered") else []
        cells = [cell for one in found for cell in (Cell(f"{one.get('count', 0):,}"), Cell(one.get("best") or "", "quiet", left=True))]
        rows.append((Cell(label[:1].upper() + label[1:], left=True), *cells))
    heads = (("Stage", True), *((head, left) for side in decision.funnel for head, left in ((side.capitalize(), False), ("Best", True))))
    note = "Each name is counted once on each side, where it left. Best: by the side's probability, or without one by mean dollar volume."
    return Table("The funnel", note, heads, tuple(rows), tuple(strong))


def _why(why: EntryWhy) -> Table:
    rows = tuple(tuple(Cell(text, left=k == 0) for k, text in enumerate(words.part(one))) for one in why.parts)
    heads = (("Feature", True), ("Value", False), ("Median of the day", False), ("Adds to the log-odds", False))
    return Table(f"{why.symbol}, {why.side}, rank {why.rank}: {words.entry(why)}", words.sum_of(why), heads, rows)


def _ground(decision: FrozenDecision) -> dict[str, str]:
    hashes, version = decision.hashes, decision.settings_version
    return {
        "Decided after": decision.session,
        "Frozen at": f"{decision.frozen_at[:16].replace('T', ' ')} UTC",
        "Models": f"{decision.champion or 'none'}, {hashes.get('models', {}).get(decision.champion, '')[:12]}",
        "Challengers": ", ".join(decision.challengers),
        "Settings": f"version {version}" if version else f"unversioned, {hashes.get('settings', '')[:12]}",
        "Program": str(hashes.get("program", ""))[:12],
        "Data": str(hashes.get("data", "")),
        "Fills": f"assumed by the profile {decision.profile} until told otherwise",
    }
