"""TWS' messages as the desk's values. An order's state comes from the list it stands in and from its executions, never from a status."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from springback.brokers.broker import Account, Asset, Borrow, Fill, Mode, Order, OrderRequest, OrderState, Position

NEW_YORK = ZoneInfo("America/New_York")
LOST, RETURNED = frozenset((1100, 2110)), frozenset((1101, 1102))
"""The Gateway lost IB's servers, and has them again: until then nothing that it says is whole."""
REFUSALS = frozenset((110, 111, 200, 201, 203, 321, 387, 434, 10052, 10243))
"""The order is not there: rejected, a price or time in force that cannot be, no such contract, a request that cannot be read."""
UNSENT = frozenset((103, 104))
"""The message did nothing, for another order has, or had, its number: it is looked up."""
CANCELLED = 202
SIDES = {"BUY": "buy", "SELL": "sell", "SSHORT": "sell", "BOT": "buy", "SLD": "sell"}
TYPES, TIMES = {"MKT": "market", "STP": "stop"}, {"OPG": "opg", "DAY": "day"}
LISTED = ("NASDAQ", "NYSE", "AMEX", "ARCA", "BATS", "IEX")
"""How the names of the primary exchanges begin on which a US share is listed."""
SHARE_CLASS = re.compile(r"([A-Z0-9]+)[.\-/ ]([A-Z])")


@dataclass(frozen=True)
class Found:
    """A name as it resolved: the asset, and its sessions in the exchange's own words."""

    asset: Asset
    hours: str
    zone: str


def number(value: float) -> Decimal:
    """The float that TWS' text was read into, exact to its digits."""
    whole = int(value) if value == int(value) else None
    return Decimal(repr(value)) if whole is None else Decimal(whole)


def dollars(text: str | None) -> Decimal | None:
    """A figure of the account; None where it is gone or none."""
    try:
        found = Decimal(text or "")
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def record_of(*values: Any) -> dict[str, object]:
    """The fields of TWS' objects as plain values."""
    plain: dict[str, object] = {}
    for value in values:
        for one in fields(value) if is_dataclass(value) else ():
            found = getattr(value, one.name)
            plain[one.name] = found if isinstance(found, str | bool | int | float | datetime | None) else str(found)
    return plain


def spelled(symbol: str) -> str:
    """Our symbol as IB spells it: BRK.B and BRK-B are "BRK B"."""
    found = SHARE_CLASS.fullmatch(symbol)
    return f"{found[1]} {found[2]}" if found else symbol


def order_words(order: OrderRequest, account: str) -> dict[str, Any]:
    """What TWS is told of an order."""
    words: dict[str, Any] = {
        "action": "BUY" if order.side == "buy" else "SELL",
        "totalQuantity": int(order.quantity),
        "orderType": next(word for word, ours in TYPES.items() if ours == order.type),
        "tif": next(word for word, ours in TIMES.items() if ours == order.time_in_force),
        "orderRef": order.client_id,
        "account": account,
    }
    return words if order.stop_price is None else {**words, "auxPrice": float(order.stop_price)}


def order_of(contract: Any, order: Any, state: Any, fills: Iterable[Fill], ended: OrderState | None = None) -> Order:
    """One order with its executions. `ended` is how it is over, None where the open orders have it."""
    standing = list(fills)
    filled = sum((one.quantity for one in standing), Decimal(0))
    paid = sum((one.quantity * one.price for one in standing), Decimal(0))
    quantity = number(order.totalQuantity) or number(order.filledQuantity if order.filledQuantity < 1e300 else 0.0)
    told = number(order.filledQuantity) if ended and order.filledQuantity < 1e300 else Decimal(0)
    live: OrderState = "cancelling" if state.status == "PendingCancel" else "partly_filled" if filled else "accepted"
    return Order(
        client_id=order.orderRef,
        broker_id=str(order.permId or ""),
        asset_id=str(contract.conId),
        symbol=contract.symbol,
        side=SIDES.get(order.action, order.action.lower()),
        quantity=quantity,
        state="filled" if quantity and max(filled, told) >= quantity else ended or live,
        word=state.completedStatus or state.status,
        filled_quantity=max(filled, told),
        average_price=paid / filled if filled else None,
        time_in_force=TIMES.get(order.tif, order.tif.lower()),
        type=TYPES.get(order.orderType, order.orderType.lower()),
        stop_price=number(order.auxPrice) if order.orderType == "STP" else None,
        submitted_at=None,
        record=record_of(contract, order, state),
    )


def ending(state: Any) -> OrderState:
    """How a completed order ended, where its executions are not all of it."""
    return {"Filled": "filled", "Inactive": "refused"}.get(state.status, "cancelled")  # type: ignore[return-value]


def fills_of(executions: Mapping[str, tuple[Any, Any]], commissions: Mapping[str, Any], account: str) -> tuple[Fill, ...]:
    """The executions of an account. One whose id ends in a higher number than another's corrects that one."""
    found: dict[str, list[str]] = {}
    for identity in sorted(executions):
        found.setdefault(identity.rpartition(".")[0] or identity, []).append(identity)
    former = {later: earlier for ids in found.values() for earlier, later in pairwise(ids)}
    own = {name: pair for name, pair in executions.items() if pair[1].acctNumber in {"", account}}
    return tuple(_fill(contract, one, commissions.get(name), former.get(name, "")) for name, (contract, one) in own.items())


def _fill(contract: Any, execution: Any, report: Any, former: str) -> Fill:
    return Fill(
        execution_id=execution.execId,
        broker_id=str(execution.permId or ""),
        client_id=execution.orderRef,
        symbol=contract.symbol,
        side=SIDES.get(execution.side, execution.side.lower()),
        quantity=number(execution.shares),
        price=number(execution.price),
        at=execution.time.astimezone(UTC),
        execution="correction" if former else "fill",
        previous_id=former,
        fee=number(report.commission) if report is not None and report.currency in {"", "USD"} else None,
        record=record_of(contract, execution),
    )


def found_in(details: Iterable[Any], symbol: str) -> Found | None:
    """The one US share in dollars among what fits `symbol`; None where there is none, or are several."""
    fitting = {
        one.contract.conId: one
        for one in details
        if one.contract.secType == "STK" and one.contract.currency == "USD" and one.contract.primaryExchange.startswith(LISTED)
    }
    if len(fitting) != 1:
        return None
    ((con_id, one),) = fitting.items()
    asset = Asset(symbol, str(con_id), one.contract.symbol, "SMART" in one.validExchanges.split(","), exchange=one.contract.primaryExchange)
    return Found(asset, one.liquidHours or one.tradingHours, one.timeZoneId)


def next_open(name: Found, now: datetime) -> datetime | None:
    """The first opening after `now` in the sessions of a name, UTC; None where they do not say."""
    try:
        zone = ZoneInfo(name.zone)
    except (ValueError, OSError):
        zone = NEW_YORK
    starts = [datetime.strptime(one, "%Y%m%d:%H%M").replace(tzinfo=zone) for one in re.findall(r"(\d{8}:\d{4})-", name.hours)]
    return min((one.astimezone(UTC) for one in starts if one > now), default=None)


def account_of(values: Mapping[tuple[str, str], str], account: str, mode: Mode) -> Account:
    """The account, in dollars if those are its currency. Margin shows in the buying power, which is a multiple of the funds; cash has 1."""
    currency = next((unit for tag, unit in values if tag == "NetLiquidation" and unit not in {"", "BASE"}), "")
    told = {tag: dollars(values.get((tag, currency))) for tag in ("NetLiquidation", "TotalCashValue", "BuyingPower", "AvailableFunds")}
    power, free = told["BuyingPower"], told["AvailableFunds"]
    multiplier = round(power / free, 2) if power is not None and free is not None and free > 0 else None
    return Account(
        number=account,
        mode=mode,
        currency=currency,
        equity=told["NetLiquidation"],
        cash=told["TotalCashValue"],
        buying_power=power,
        multiplier=multiplier,
        shorting=None if multiplier is None else multiplier > 1,
        blocked=False,
        record={f"{tag} {unit}".strip(): value for (tag, unit), value in values.items()},
    )


def position_of(contract: Any, shares: float, cost: float, price: float | None, closing: Decimal) -> Position:
    """One position; `closing` shares are held by open orders that close it."""
    quantity = number(shares)
    free = max(abs(quantity) - closing, Decimal(0))
    return Position(
        asset_id=str(contract.conId),
        symbol=contract.symbol,
        quantity=quantity,
        available=free if quantity > 0 else -free,
        average_price=number(cost),
        market_price=None if price is None else number(price),
        record=record_of(contract),
    )


def instant(text: str) -> datetime | None:
    """A time as TWS writes it, "20260304 09:30:00 US/Eastern", as an instant in UTC; None where it is none."""
    found = re.match(r"(\d{8})[ -]+(\d\d:\d\d:\d\d)(?: (\S+))?", text)
    if not found:
        return None
    try:
        zone = ZoneInfo(found[3]) if found[3] else NEW_YORK
    except (ValueError, OSError):
        zone = NEW_YORK
    return datetime.strptime(f"{found[1]} {found[2]}", "%Y%m%d %H:%M:%S").replace(tzinfo=zone).astimezone(UTC)


def borrowing(available: Decimal | None, fee: Decimal | None, most: float) -> Borrow:
    """What IB's list says of a share: easy with 1,000 to borrow, as IB itself has it, at no more than `most` percent a year."""
    if available is None or fee is None:
        return "unknown"
    return "easy" if available >= 1000 and fee <= Decimal(repr(most)) else "hard"
