"""IB's Flex statement as the desk's values: executions with busts and corrections, cash, corporate actions, transfers.

A row of another level of detail than one execution or one booking is a sum of others, and is passed over.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from springback.brokers.broker import Activity, ActivityKind, Fill

NEW_YORK = ZoneInfo("America/New_York")
SINGLE = frozenset(("", "EXECUTION", "DETAIL"))
CANCELLED = "(Ca.)"
CASH: tuple[tuple[str, ActivityKind], ...] = (
    ("Dividend", "dividend"),
    ("Payment In Lieu", "dividend"),
    ("Withholding", "dividend"),
    ("871(m)", "dividend"),
    ("Broker Interest", "interest"),
    ("Bond Interest", "interest"),
    ("Deposits", "transfer"),
    ("Commission Adj", "fee"),
    ("Broker Fees", "fee"),
    ("Other Fees", "fee"),
    ("Advisor Fees", "fee"),
)
"""How a type of cash transaction begins, and what it is."""
_CODES: dict[ActivityKind, tuple[str, ...]] = {
    "split": ("FS", "RS", "FI", "SD"),
    "dividend": ("CD", "CH", "HD"),
    "merger": ("TC", "TO", "TI", "OR"),
    "reorganisation": ("DW", "BM", "RI", "SR", "PI", "GV"),
    "name_change": ("IC",),
    "spin_off": ("SO",),
}
ACTIONS: Mapping[str, ActivityKind] = {code: kind for kind, codes in _CODES.items() for code in codes}
"""Codes of corporate actions; every other one is `other`."""


@dataclass(frozen=True)
class Statement:
    """What was booked in `account` from the day `start` to the day `end`."""

    account: str
    start: date
    end: date
    fills: tuple[Fill, ...]
    activities: tuple[Activity, ...]


def statement_of(root: Element) -> Statement:
    """The one statement of an answer. Raises `KeyError` or `ValueError` that names what is not as known."""
    found = list(root.iter("FlexStatement"))
    if len(found) != 1:
        raise ValueError(f"must be one statement, was {len(found)}")
    (one,) = found
    start, end = _day(one.get("fromDate", "")), _day(one.get("toDate", ""))
    sections = {node.tag for node in one}
    lacking = sorted({"Trades", "CashTransactions", "CorporateActions"} - sections)
    if lacking:
        raise KeyError(f"section {lacking[0]}")
    activities = (
        *map(_cash, _rows(one, "CashTransactions", "CashTransaction")),
        *map(_action, _rows(one, "CorporateActions", "CorporateAction")),
        *map(_transfer, _rows(one, "Transfers", "Transfer")),
    )
    return Statement(one.attrib["accountId"], start, end, tuple(_fills(_rows(one, "Trades", "Trade"))), activities)


def _rows(statement: Element, section: str, tag: str) -> list[Mapping[str, str]]:
    nodes = [node.attrib for part in statement.iter(section) for node in part.iter(tag)]
    return [one for one in nodes if one.get("levelOfDetail", "") in SINGLE]


def _fills(rows: list[Mapping[str, str]]) -> Iterator[Fill]:
    """Executions in shares. A cancellation names the booking that it undoes; an execution booked anew after one is its correction."""
    trades = [one for one in rows if one.get("assetCategory", "STK") == "STK"]
    by_booking = {one["transactionID"]: one for one in trades if one.get("transactionID")}
    undone = {one["origTransactionID"] for one in trades if _is_cancellation(one)}
    anew = {
        one["ibExecID"] for one in trades if one.get("ibExecID") and one.get("transactionID") not in undone and not _is_cancellation(one)
    }
    seen: set[str] = set()
    for one in trades:
        if not _is_cancellation(one):
            first = one["ibExecID"] not in seen
            seen.add(one["ibExecID"])
            yield _fill(one, one["ibExecID"]) if first else _fill(one, f"{one['ibExecID']}/{one['transactionID']}", one["ibExecID"])
            continue
        former = by_booking.get(one["origTransactionID"], {}).get("ibExecID") or one.get("ibExecID", "")
        if not former:
            raise KeyError("ibExecID of a cancelled trade")
        if former not in anew:
            yield _fill(one, f"{former}/{one['transactionID']}", former, bust=True)


def _is_cancellation(row: Mapping[str, str]) -> bool:
    return CANCELLED in row.get("buySell", "") or row.get("transactionType") == "TradeCancel"


def _fill(row: Mapping[str, str], identity: str, former: str = "", bust: bool = False) -> Fill:
    side = row["buySell"].replace(CANCELLED, "").strip().lower()
    if side not in {"buy", "sell"} or not identity:
        raise ValueError(f"a trade {row['buySell']} '{identity}'")
    costs = [_number(row.get(name, "0") or "0") * _rate(row) for name in ("ibCommission", "taxes")]
    return Fill(
        execution_id=identity,
        broker_id=row.get("ibOrderID", ""),
        client_id=row.get("orderReference", ""),
        symbol=row["symbol"],
        side=side,
        quantity=abs(_number(row["quantity"])),
        price=_number(row["tradePrice"]),
        at=_instant(row["dateTime"]),
        execution="bust" if bust else "correction" if former else "fill",
        previous_id=former,
        fee=-sum(costs, Decimal(0)),
        record=dict(row),
    )


def _cash(row: Mapping[str, str]) -> Activity:
    word = row["type"]
    kind: ActivityKind = next((kind for start, kind in CASH if word.startswith(start)), "other")
    return _activity(row, kind, word, None, _number(row["amount"]) * _rate(row))


def _action(row: Mapping[str, str]) -> Activity:
    quantity, proceeds = _number(row.get("quantity", "0") or "0"), _number(row.get("proceeds", "0") or "0")
    return _activity(row, ACTIONS.get(row["type"], "other"), row["type"], quantity, proceeds * _rate(row))


def _transfer(row: Mapping[str, str]) -> Activity:
    cash, shares = (_number(row.get(name, "0") or "0") for name in ("cashTransfer", "quantity"))
    return _activity(row, "transfer", f"{row.get('type', '')}/{row.get('direction', '')}", shares, cash * _rate(row))


def _activity(row: Mapping[str, str], kind: ActivityKind, word: str, quantity: Decimal | None, amount: Decimal) -> Activity:
    at = _instant(row.get("dateTime") or row.get("date") or row.get("reportDate", ""))
    return Activity(row["transactionID"], kind, word, row.get("symbol", ""), quantity, amount, at, "executed", dict(row))


def _rate(row: Mapping[str, str]) -> Decimal:
    """Dollars for one of the row's currency."""
    if row.get("currency", "USD") == "USD":
        return Decimal(1)
    return _number(row["fxRateToBase"])


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise ValueError(f"the number '{text[:20]}'") from None
    if not found.is_finite():
        raise ValueError(f"the number '{text[:20]}'")
    return found


def _day(text: str) -> date:
    return _instant(text).astimezone(NEW_YORK).date()


def _instant(text: str) -> datetime:
    """20260304;093000, 2026-03-04;09:30:00 EST, or a day alone: New York's clock, as an instant in UTC."""
    digits = "".join(re.findall(r"\d", text)) if re.match(r"\d{4}-?\d\d-?\d\d", text) else ""
    if len(digits) not in {8, 14}:
        raise ValueError(f"the time '{text[:30]}', must be as 20260304;093000")
    return datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=NEW_YORK).astimezone(UTC)


def unread(fills: Iterable[Fill], others: Iterable[Fill]) -> tuple[Fill, ...]:
    """The fills whose executions are not among `others`."""
    known = {one.execution_id for one in others}
    return tuple(one for one in fills if one.execution_id not in known)
