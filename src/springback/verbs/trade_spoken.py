"""What a step of trading and the standing of an account come to, in words and tables for a person."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from springback.verbs.console import Console, table
from springback.verbs.daily import say_decision
from springback.workflow.trade_clock import by_new_york, lasting
from springback.workflow.trade_outcome import ENDS, TradeOutcome
from springback.workflow.trade_status import DEAD, TradeStatus
from springback.workflow.trader import TradingAccount

ACTS = {
    "night": "reconcile with what the broker booked overnight",
    "page": "look for unknown orders",
    "morning": "reconcile with what the open made of it",
}
"""Acts and steps whose name is no word of their own."""
PHASES = {"night": "what the broker booked overnight", "morning": "what the open made of it"}
MOST_REASONS = 12


def say(console: Console, account: TradingAccount, outcome: TradeOutcome) -> None:
    """One step: what it came to, its orders one a line, and why something was left."""
    act, session = ACTS.get(outcome.step, outcome.step), outcome.session or "no session"
    console.say(f"{account.mode.upper()} {account.live.name}, {act} for {session}: {ENDS[outcome.code]}")
    if outcome.step == "decide":
        decided = outcome.facts.get("decisions", ())
        for session in decided:
            say_decision(console, account.live.folder.decision(session))
        if not decided and not outcome.code:
            console.say(f"{outcome.session} is decided: nothing is due")
        for line in () if decided else _reasons(outcome):
            console.say(f"  {line}")
    else:
        for line in _facts(outcome):
            console.say(f"  {line}")
        _orders(console, account, outcome)
        for line in _reasons(outcome):
            console.say(f"  {line}")


def _reasons(outcome: TradeOutcome) -> Iterator[str]:
    for one in outcome.reasons[:MOST_REASONS]:
        yield one.line
    if len(outcome.reasons) > MOST_REASONS:
        yield f"and {len(outcome.reasons) - MOST_REASONS} more: give --json"


def _explained(facts: Mapping[str, Any]) -> str:
    """Whether all is explained; else how many names are halted, and whether it is the cash too."""
    if not facts.get("unexplained"):
        return "everything is explained"
    names = f"{len(facts['names'])} names, which are halted" if facts.get("names") else ""
    cash = "the cash" if facts["unexplained"] > len(facts.get("names", ())) else ""
    return f"nobody explains {' and '.join(filter(None, (names, cash)))}"


def _facts(outcome: TradeOutcome) -> Iterator[str]:
    facts = outcome.facts
    if "phase" in facts:
        yield f"{PHASES.get(facts['phase'], facts['phase'])}: {_explained(facts)}"
    for symbol, factor in facts.get("splits", {}).items():
        yield f"{symbol} splits at this open, {factor:g} old for one new: its order was scaled"
    for name, state in facts.get("entries", {}).items():
        yield f"killed: {name} is taken back, {state.replace('_', ' ')}"
    if "lifted" in facts:
        yield f"halts that a person had lifted: {len(facts['lifted'])}"
    if stops := facts.get("stops"):
        yield f"stops that rest at the broker: {len(stops)}"
    if foreign := facts.get("foreign_orders"):
        yield f"orders of another hand at the broker, which are not touched: {len(foreign)}"
    if withheld := facts.get("withheld"):
        yield f"orders that were withheld: {len(withheld)}"


def _orders(console: Console, account: TradingAccount, outcome: TradeOutcome) -> None:
    """The orders of the step as the journal has them."""
    states = outcome.facts.get("orders")
    names = {name for group in states.values() for name in group} if isinstance(states, dict) else set()
    shown: Any = table("", "order", "symbol", "side", "shares", "filled", "price", "state")
    for one in account.journal.orders():
        if one.client_id in names:
            shown.add_row(*_cells(one))
    if shown.row_count:
        console.show(shown)


def _cells(order: Any) -> tuple[str, ...]:
    intent, price = order.intent, order.average_price
    filled = f"{order.filled_quantity:,}" if order.filled_quantity else ""
    paid = "" if price is None else f"{price:,.2f}"
    return intent.purpose, intent.symbol, intent.side, f"{intent.quantity:,}", filled, paid, order.state.replace("_", " ")


def show_status(console: Console, status: TradeStatus) -> None:
    """One screen: the worst first, then what comes next, halts, and positions here and at the broker."""
    console.say(f"{status.mode} {status.account}: {status.state}")
    if status.mode == "NO BROKER":
        console.say("this account is at no broker: 'springback book' shows it, 'springback trade --broker NAME' begins one that is")
    elif status.mode == "REHEARSAL" and (status.heartbeat_age is None or status.heartbeat_age > DEAD):
        console.say(f"no service runs; the broker was asked {_when(status.asked_at)}")
    else:
        act = ACTS.get(status.next_act, status.next_act)
        age = "no sign of life yet" if status.heartbeat_age is None else f"sign of life {lasting(status.heartbeat_age)} ago"
        console.say(f"next: {act}, {_when(status.next_at)}; {age}; the broker was asked {_when(status.asked_at)}")
    explained = {halt["code"] for halt in status.halts if halt.get("why")}
    for halt in (one for one in status.halts if one.get("why") or one["code"] not in explained):
        console.say(f"  halted {halt['symbol'] or halt['scope']}: {halt['code']}{': ' + halt['why'] if halt.get('why') else ''}")
    for name in status.unknown_orders:
        console.say(f"  unknown order {name}")
    names = sorted({*status.positions, *status.broker_positions})
    shown: Any = table("", "symbol", "ours", "at the broker", "difference")
    for symbol in names:
        ours, theirs = status.positions.get(symbol, 0.0), status.broker_positions.get(symbol, 0.0)
        shown.add_row(symbol, f"{ours:,g}", f"{theirs:,g}", "" if ours == theirs else f"{theirs - ours:+,g}")
    if names:
        console.show(shown)
    else:
        console.say("no position, neither ours nor at the broker")


def _when(instant: str | None) -> str:
    """An instant by New York's clock."""
    return "never" if instant is None else by_new_york(datetime.fromisoformat(instant))
