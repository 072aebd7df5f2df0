"""What `springback orders` says: what is sent at the next open, what it costs and leaves, and why."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from springback.analytics.figures import shown
from springback.operation import orders_words as words
from springback.operation.desk_folder import DeskFolder
from springback.operation.funnel import STAGES
from springback.operation.morning import Morning
from springback.operation.order_sheet import OrderLine
from springback.operation.orders_page import funnel_table
from springback.verbs.console import Console, table
from springback.workflow import orders as workflow
from springback.workflow.evening import LiveAccount, trusted


def session_of(desk: Path, day: datetime | None) -> str:
    """The session of the decision of `day` in the folder `desk`, the newest where none is named. Raises `MissingData`, `BadTable`."""
    return DeskFolder(desk).decision(str(day.date()) if day else None).session


def orders(console: Console, account: LiveAccount, session: str, csv: Path | None, out: Path | None) -> None:
    """Lists the orders decided after `session`; a table to `csv` and a page to `out` where they are named."""
    morning = workflow.orders(account, session, datetime.now(UTC))
    console.payload["orders"] = workflow.plain(morning)
    _say(console, morning)
    for name, file, write in (("csv", csv, workflow.write_table), ("page", out, workflow.write_page)):
        if file is not None:
            write(morning, file)
            console.payload[name] = str(file)
            console.say(f"{name}: {file}")


def _say(console: Console, morning: Morning) -> None:
    sheet, decision = morning.sheet, morning.sheet.decision
    for flag in words.flags(morning):
        console.say(flag)
    console.say(f"{words.title(morning)}, open of {words.when(decision)}. {words.regime(decision)}")
    if sheet.lines:
        listed = table("", "", "order", "last close", "dollars", "of volume", "limit", "why")
        listed.columns[1].justify = listed.columns[-1].justify = "left"
        listed.columns[-1].no_wrap = False
        for line in (*sheet.entries, *sheet.exits):
            listed.add_row(*_row(morning, line))
        console.show(listed)
    console.say(words.account(sheet))
    for one in decision.ended:
        console.say(f"  not filled: {one['symbol']} {one['quantity']:+,}: {words.ENDED_WORDS.get(one['why'], one['why'])}")
    for symbol, quantity in sheet.wait.items():
        console.say(f"  still waits: {symbol} {quantity:+,}")
    stages = funnel_table(decision)
    listed = table(stages.title, *(head for head, _ in stages.heads))
    for row in stages.rows:
        listed.add_row(*(cell.text for cell in row))
    console.show(listed)
    for reason in words.reasons(decision):
        console.say(f"  {reason}")
    console.say(words.splits(morning))


def _row(morning: Morning, line: OrderLine) -> tuple[str, ...]:
    close = shown(None, "dollars") if line.last_close is None else f"${line.last_close:,.2f}"
    rest = shown(line.dollars, "dollars"), shown(line.share, "percent2"), shown(line.limit, "count")
    return (line.symbol, words.order(line), close, *rest, words.reason(morning, line))


def why(console: Console, account: LiveAccount, session: str, symbol: str) -> None:
    """Says at which stage `symbol` left, or why it is ordered."""
    decision = trusted(account, session)
    found = workflow.why(decision, symbol)
    console.payload["why"] = asdict(found)
    chances = f"P(up) {shown(found.p_long, 'fraction')}, P(down) {shown(found.p_short, 'fraction')}"
    said = "" if found.qpi is None else f": QPI {found.qpi:.1f}, {chances}"
    console.say(f"{symbol} after {decision.session}{said}")
    if not found.departures:
        console.say(f"  not in the universe of {decision.session}, or no such name")
    for one in found.departures:
        place = f"stage {STAGES.index(one.stage) + 1} of {len(STAGES)}, {one.count:,} names left there, the best {one.best}"
        console.say(f"  {one.side}: {words.STAGE_WORDS[one.stage][0]} ({place})" if one.stage != STAGES[-1] else f"  {one.side}: ordered")
