"""Alpaca's trading API for one account: own client, for the vendor's has no time-out and repeats orders.

The verdict on an order is a 403 or 422 on its own POST, with code and message; 40010001 is looked up by the client id; everything else is a
question, and only a 404 to a question by client id says that there is none.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from springback.brokers import alpaca_words as words
from springback.brokers.alpaca_line import Line
from springback.brokers.broker import Account, Answer, Asset, Events, Fill, Mode, Order, OrderRequest, State
from springback.brokers.broker_settings import Brokers
from springback.errors import Disagrees, Refused, Unauthorized, Unreachable, WrongAccount
from springback.market.symbols import found_in

NOT_UNIQUE = "40010001"
MODES: dict[str, Mode] = {"paper-api.alpaca.markets": "paper", "api.alpaca.markets": "live"}
Value = TypeVar("Value")
MOST_ORDERS, MOST_ACTIVITIES, MOST_PAGES = 500, 100, 1000


class Alpaca:
    """One account. `keys` are the key's id and its secret; `live` says that real money is meant, and must agree with the host."""

    name = "alpaca"

    def __init__(self, settings: Brokers, keys: tuple[str, str], live: bool = False) -> None:
        """Nothing is asked yet. Raises `WrongAccount` where the host is Alpaca's live one and `live` is not meant, or the other way."""
        self.mode: Mode = MODES.get(urlsplit(settings.alpaca_url).hostname or "", "rehearsal")
        if (self.mode == "live") != live:
            way = "give --live, or Alpaca's paper host" if self.mode == "live" else "name https://api.alpaca.markets, or leave --live out"
            raise WrongAccount(f"brokers.alpaca_url is {settings.alpaca_url} ({self.mode}), {'live' if live else 'paper'} was meant: {way}")
        self.settings, self.line, self.pinned = settings, Line(settings, keys), False

    def submit(self, order: OrderRequest) -> Answer:
        """See `Broker`. Raises `WrongAccount` before anything is sent where the keys open another account than `brokers.account`."""
        self._pin()
        try:
            there = self._order(self.line.send("POST", "/v2/orders", words.order_body(order)))
        except Refused as verdict:
            if verdict.code != NOT_UNIQUE:
                raise
            found = self._find(order.client_id)
            if found is None:
                raise
            return Answer(self._ours(found, order), duplicate=True)
        return Answer(self._ours(there, order))

    def cancel(self, client_id: str) -> Answer:
        """See `Broker`. Raises `WrongAccount` as `submit` does, `Refused` where there is no such order or it cannot be cancelled now."""
        self._pin()
        found = self._find(client_id)
        if found is None:
            raise Refused(f"Alpaca has no order {client_id}: nothing to cancel", "404")
        if not found.live:
            return Answer(found)
        verdict: Refused | None = None
        try:
            self.line.send("DELETE", f"/v2/orders/{quote(found.broker_id, safe='')}")
        except Refused as error:
            verdict = error
        after = self._find(client_id)
        if verdict and (after is None or (after.live and after.state != "cancelling")):
            raise verdict
        return Answer(found if after is None else after)

    def events(self, since: datetime, client_ids: Collection[str] = ()) -> Events:
        """See `Broker`. Executions are read before the orders, so that no order lacks of which one is told."""
        start = _stamp(since)
        told = list(self._activities(start))
        corrections = self._corrections(start)
        orders = {one.broker_id: one for one in (*self._orders("open", None), *self._orders("all", start))}
        found = {one: self._find(one) for one in client_ids}
        orders |= {one.broker_id: one for one in found.values() if one is not None}
        return Events(
            tuple(orders.values()),
            (*self._read(words.fill_of, (one for one in told if _executed(one)), orders), *(corrections or ())),
            self._read(words.activity_of, (one for one in told if not _executed(one))),
            frozenset(one for one, order in found.items() if order is None),
            corrections is not None,
        )

    def state(self, symbols: Sequence[str] = ()) -> State:
        """See `Broker`. Raises `WrongAccount` where the keys open another account than `brokers.account`."""
        account = self._account()
        clock = self._asked("/v2/clock")
        time = words.instant(clock, "timestamp") if isinstance(clock, dict) else None
        if time is None:
            raise Unreachable("Alpaca's clock does not say what time it is: nothing is sent without")
        positions = self._read(words.position_of, self._asked("/v2/positions"))
        return State(account, positions, time, self._assets(symbols) if symbols else {}, words.instant(clock, "next_open"))

    def _pin(self) -> None:
        """Asked once: the account is the one that the settings name."""
        if not self.pinned:
            account = self._account()
            if not self.settings.account:
                raise WrongAccount(f"brokers.account is empty, these keys open {account.number}: name it there before anything is sent")
            self.pinned = True

    def _account(self) -> Account:
        (account,) = self._read(words.account_of, [self._asked("/v2/account")], self.mode)
        if self.settings.account and self.settings.account not in {account.number, words.text(account.record, "id")}:
            self.pinned = False
            raise WrongAccount(f"the keys open account {account.number}, brokers.account is {self.settings.account}: nothing is sent")
        return account

    def _ours(self, there: Order, order: OrderRequest) -> Order:
        if there.client_id not in {"", order.client_id} or not there.same(order):
            raise Disagrees(
                f"Alpaca has another order under {order.client_id}: {there.side} {there.quantity} {there.symbol} {there.time_in_force}, "
                f"ours is {order.side} {order.quantity} {order.symbol} {order.time_in_force}: look at the account before more is sent",
                symbol=order.symbol,
            )
        return there

    def _find(self, client_id: str) -> Order | None:
        """The order of this id, None where Alpaca says that there is none. Raises `Disagrees` where it tells of another."""
        record = self.line.ask("/v2/orders:by_client_order_id", {"client_order_id": client_id})
        if record is None:
            return None
        found = self._order(record)
        if found.client_id not in {"", client_id}:
            raise Disagrees(f"asked for order {client_id}, Alpaca tells of {found.client_id}: nothing is sent before a person looked")
        return found

    def _order(self, record: object) -> Order:
        (order,) = self._read(words.order_of, [record])
        return order

    def _orders(self, status: str, start: str | None) -> Iterator[Order]:
        """All orders, oldest first, page by page."""
        params: dict[str, str | int] = {"status": status, "limit": MOST_ORDERS, "direction": "asc", "nested": "false"}
        page = params | ({"after": start} if start else {})
        for _ in range(MOST_PAGES):
            orders = self._read(words.order_of, self._asked("/v2/orders", page))
            yield from orders
            if len(orders) < MOST_ORDERS:
                return
            page = params | {"after_order_id": orders[-1].broker_id}
        raise Unreachable(f"Alpaca's list of orders has no end after {MOST_PAGES} pages")

    def _activities(self, start: str) -> Iterator[dict[str, Any]]:
        """Records of activities, oldest first, page by page."""
        params: dict[str, str | int] = {"after": start, "direction": "asc", "page_size": MOST_ACTIVITIES}
        for _ in range(MOST_PAGES):
            page = self._asked("/v2/account/activities", params)
            yield from page
            if len(page) < MOST_ACTIVITIES:
                return
            params = params | {"page_token": words.text(page[-1], "id")}
        raise Unreachable(f"Alpaca's list of activities has no end after {MOST_PAGES} pages")

    def _corrections(self, start: str) -> tuple[Fill, ...] | None:
        """Busts and corrections, which the stream of activities alone tells; None where it does not answer: it is beta."""
        until = _stamp(self.line.time or datetime.now(UTC))  # the stream ends by itself where the broker's clock already is
        try:
            messages = list(self.line.events("/v2beta1/events/activities", {"since": start, "until": until}))
            return tuple(one for one in self._read(words.correction_of, messages) if one is not None)
        except Unauthorized:
            raise
        except Unreachable:
            return None

    def _assets(self, symbols: Sequence[str]) -> dict[str, Asset]:
        """Each of `symbols` that is exactly one US share there, whichever way it is spelled."""
        told = [one for one in self._asked("/v2/assets", {"status": "active", "asset_class": "us_equity"}) if isinstance(one, dict)]
        names = [words.text(one, "symbol") for one in told if words.text(one, "class") in {"", "us_equity"}]
        unique = {name for name in names if names.count(name) == 1} if len(set(names)) < len(names) else set(names)
        by_name = {words.text(one, "symbol"): one for one in told}
        spelled = {symbol: found_in(symbol, unique) for symbol in symbols}
        return {symbol: self._read(words.asset_of, [by_name[name]], symbol)[0] for symbol, name in spelled.items() if name}

    def _asked(self, path: str, params: dict[str, str | int] | None = None) -> Any:
        answer = self.line.ask(path, params)
        if answer is None:
            raise Unreachable(f"Alpaca knows no {path}: see brokers.alpaca_url")
        return answer

    def _read(self, read: Callable[..., Value], records: Iterable[Any], *more: object) -> tuple[Value, ...]:
        """Each record read by `read`. Raises `Unreachable` where one lacks what it is about: nothing is known then."""
        try:
            return tuple(read(one, *more) for one in records)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = error.args[0] if isinstance(error, KeyError | ValueError) and error.args else "its shape"
            raise Unreachable(f"Alpaca's answer is not the known one ({what}): its format may have changed, nothing is known") from None


def _executed(record: dict[str, Any]) -> bool:
    return words.text(record, "activity_type") == "FILL"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
