"""The time loop: what happens inside one slice, in LEAN's order (lean.md §0), session by session."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lean_standin import custom
from lean_standin.account import Account, OpenOrder, Result
from lean_standin.algorithm import QCAlgorithm
from lean_standin.broker import Broker, Interference
from lean_standin.clock import ALGORITHM, ENGINE, Clock
from lean_standin.data import Delisting, Dividend, Slice, Split, Symbol, TradeBars
from lean_standin.feed import NEVER, Feed, decimal
from lean_standin.history import History
from lean_standin.host import AlgorithmSettings, ObjectStore, ScheduledEvent, ScheduleManager, SecurityTransactionManager, UniverseSettings
from lean_standin.hours import MIDNIGHT, OPENING, to_utc
from lean_standin.names import BrokerageName, DelistingType, Globals, OrderStatus, SecurityType, SplitType
from lean_standin.securities import Security, SecurityChanges, SecurityManager, SecurityPortfolioManager
from lean_standin.world import World

A_DAY = timedelta(days=1)
INDEX_TIME = timedelta(hours=16, minutes=15)


class Engine:
    """One run of an algorithm in a world.

    `live`: `first` and `last` bound the run instead of the algorithm's dates, `account` is what the broker reports after `initialize`,
    and events scheduled after the last slice still come; given as moments (naive New York) it starts and stops there, within a day. In a
    backtest `last` only shortens the run. `brokerage` is whose model checks and ends orders, LEAN's own paper account by default.
    `interfere(order, "submit" | "fill")` lets a test's broker refuse, cancel, partly fill or delay (see broker.py).
    """

    def __init__(
        self,
        world: World,
        parameters: Mapping[str, str] | None = None,
        object_store: Path | str | None = None,
        data_folder: Path | str | None = None,
        live: bool = False,
        first: date | datetime | None = None,
        last: date | datetime | None = None,
        account: Account | None = None,
        brokerage: BrokerageName = BrokerageName.DEFAULT,
        interfere: Interference | None = None,
    ) -> None:
        if live and first is None:
            raise ValueError("a live run needs its first day")
        self.world = world
        self.parameters = {name: str(value) for name, value in (parameters or {}).items()}
        self.live = live
        self._store = None if object_store is None else Path(object_store)
        self.object_store = ObjectStore(self._store)
        Globals.data_folder = f"{'no-data-folder' if data_folder is None else data_folder}/"
        self.brokerage = brokerage
        self._begin = first if isinstance(first, datetime) else datetime.combine(first or date.min, MIDNIGHT)
        self._stop = last if isinstance(last, datetime) else datetime.combine(date.max, MIDNIGHT)
        first, last = (one.date() if isinstance(one, datetime) else one for one in (first, last))
        self._first, self._last = first, last
        self._account = account
        self.start, self.end = world.day(0), world.day(len(world.sessions) - 1)
        self.feed = Feed(world, datetime.combine(first or self.start, MIDNIGHT))
        self.set_start(first or self.start)
        self.name = "algorithm"
        self.settings, self.universe_settings = AlgorithmSettings(), UniverseSettings()
        self.securities: dict[Symbol, Security] = {}
        self.security_manager = SecurityManager(self.securities)
        self.portfolio = SecurityPortfolioManager(self.securities)
        self.broker = Broker(self, interfere)
        self.transactions = SecurityTransactionManager(self)
        self.schedule_manager = ScheduleManager(self)
        self.history = History(self)
        self.custom: dict[Symbol, custom.CustomFeed] = {}
        self.running = False
        self.current_slice = Slice(self.feed.now, self.utc_now)
        self.statistics: dict[str, str] = {}
        self._indices: dict[str, Security] = {}
        self._by_column: dict[int, Security] = {}
        self._changes = SecurityChanges([], [])
        self._schedule: list[ScheduledEvent] = []
        self._agenda: list[tuple[datetime, ScheduledEvent]] = []
        self._message: str | None = None
        self._plots: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
        self._logs: list[tuple[datetime, str, str]] = []
        self._daily: list[tuple[date, float, float]] = []
        self._midnights: list[tuple[date, float]] = []
        self._clock = Clock()

    # The run.

    def run(self, kind: type[QCAlgorithm]) -> Result:
        """Initialises the algorithm, gives it every slice from its start to its end and returns what came of it."""
        self._clock.start()
        self._algorithm = kind()
        self._algorithm._engine = self
        self.name = kind.__name__
        self.tell("initialize")
        if self._last is not None:
            self.end = self._last if self.live else min(self.end, self._last)
        self.feed.now = max(datetime.combine(self.start, MIDNIGHT), self._begin)
        self.running = True
        for security in self.securities.values():
            self._subscribe(security)
        if self._account is not None:
            self._take_over(self._account)
        self.tell("on_warmup_finished")
        day = self.start
        while day <= self.end and self._message is None:
            self._day(day)
            day += A_DAY
        if self.live and self._message is None:
            self._fire(min(datetime.combine(day, MIDNIGHT), self._stop))
        self.broker.report(everything=True)
        self.tell("on_end_of_algorithm")
        self.object_store._persist()
        self._clock.switch()
        return self._result()

    def _day(self, day: date) -> None:
        self._midnights.append((day, self.portfolio.total_portfolio_value))
        self._agenda += [(event.times(day), event) for event in self._schedule if event.dates(day)]
        self._agenda = [entry for entry in self._agenda if entry[0] > entry[1].since]
        midnight = datetime.combine(day, MIDNIGHT)
        row = self._session(day)
        moments = {midnight} if day == self.start or self._has_events(day, row) else set()
        if row is not None:
            moments.add(self.world.closing(row))
            if self._indices:
                moments.add(midnight + INDEX_TIME)
        for feed in self.custom.values():
            moments.update(datum.end_time for datum in feed.between(midnight - timedelta(microseconds=1), midnight + A_DAY))
        for moment in sorted(moments):
            if self._begin <= moment < midnight + A_DAY and moment <= self._stop and self._message is None:
                self._step(moment, row)

    def _session(self, day: date) -> int | None:
        try:
            return self.world.row_of(day)
        except ValueError:
            return None

    def _step(self, moment: datetime, row: int | None) -> None:
        """One slice; the numbers are those of lean.md §0."""
        self._fire(moment)  # 1
        self.feed.now = moment  # 2
        arriving = row is not None and moment == self.world.closing(row)
        if arriving:
            assert row is not None
            self.feed.advance(row)  # 5, before the slice is made because its bars read the feed
        self.current_slice = data = self._slice(moment, row, arriving)  # 3
        changes, self._changes = self._changes, SecurityChanges([], [])  # 4
        self.portfolio._moved()
        self.broker.scan()  # 7
        for delisting in data.delistings.values():
            if delisting.type == DelistingType.DELISTED:
                security = self.securities[delisting.symbol]
                self.broker.delist(security)
                changes.removed_securities.append(security)
                self.feed.since[security._column] = NEVER
        self._fire(moment, including=True)  # 8
        self._margin()  # 9
        if changes.added_securities or changes.removed_securities:
            self.tell("on_securities_changed", changes)  # 10
        self._apply(data)  # 11
        for name in ("splits", "dividends", "delistings"):
            if getattr(data, name):
                self.tell(f"on_{name}", getattr(data, name))  # 13
        if data.has_data:
            self.tell("on_data", data)  # 14
        self.broker.scan()  # 15
        if arriving:
            self._daily.append((moment.date(), self.portfolio.total_portfolio_value, self.portfolio.cash))  # 16

    def _slice(self, moment: datetime, row: int | None, arriving: bool) -> Slice:
        data = Slice(moment, self.utc_now)
        if arriving:
            columns = {self._by_column[column].symbol: column for column in self.feed.arrived().tolist()}
            data.bars = TradeBars(columns, partial(self.feed.values, at=row))
        for symbol, feed in self.custom.items():
            for datum in feed.between(moment - timedelta(microseconds=1), moment):
                data._custom[symbol] = datum
                self.securities[symbol]._last = datum
        if row is not None and moment == datetime.combine(moment.date(), MIDNIGHT) + INDEX_TIME:
            self._index(data)
        if moment.time() == MIDNIGHT:
            self._events(data, moment.date(), row)
        return data

    def _index(self, data: Slice) -> None:
        """The bar of the VIX: a slice of its own, with a bar in `bars`."""
        close, security = self.world.vix.get(data.time.date()), self._indices.get("VIX")
        if security is not None and close is not None:
            opened = datetime.combine(data.time.date(), OPENING)
            fields = (opened, data.time, close, close, close, close, 0.0, False)
            data.bars = TradeBars({security.symbol: 0}, lambda _columns: [fields])
            security._last = data.bars[security.symbol]

    # Corporate actions and delistings, at midnight.

    def _has_events(self, day: date, row: int | None) -> bool:
        data = Slice(datetime.combine(day, MIDNIGHT), to_utc(datetime.combine(day, MIDNIGHT)))
        self._events(data, day, row)
        return data.has_data

    def _events(self, data: Slice, day: date, row: int | None) -> None:
        if row is not None:
            for kind, into in ((Split, data.splits), (Dividend, data.dividends)):
                for datum in self.actions_at(row, kind):
                    column = self.world.column[datum.symbol.value]
                    if self.feed.since[column] <= row <= self.world.delisting[column]:
                        into[datum.symbol] = datum
        yesterday = self._session(day - A_DAY)
        for ending, kind_ in ((row, DelistingType.WARNING), (yesterday, DelistingType.DELISTED)):
            for column in self.world.endings.get(ending, ()) if ending is not None else ():
                if self.feed.since[column] <= ending:
                    symbol = self._by_column[column].symbol
                    price = float(self._close_before(column, ending + (kind_ == DelistingType.DELISTED)))
                    data.delistings[symbol] = Delisting(symbol, data.time, price, kind_)

    def actions_at(self, row: int, kind: type) -> Iterator[Any]:
        """Splits (and warnings of the next session's) or dividends at midnight of a session, whatever is subscribed."""
        midnight = datetime.combine(self.world.day(row), MIDNIGHT)
        if kind is Dividend:
            for action in self.world.actions.get(row, ()):
                if action.event == "dividend":
                    symbol = Symbol(self.world.symbols[action.column])
                    yield Dividend(symbol, midnight, action.value, self._close_before(action.column, row))
            return
        for ahead, type_ in ((1, SplitType.WARNING), (0, SplitType.SPLIT_OCCURRED)):
            for action in self.world.actions.get(row + ahead, ()):
                if action.event == "split":
                    symbol = Symbol(self.world.symbols[action.column])
                    yield Split(symbol, midnight, self._close_before(action.column, row), action.value, type_)

    def _close_before(self, column: int, row: int) -> float:
        last = int(self.world.last_bar[row - 1, column]) if row else -1
        return float(self.world.close[last, column]) if last >= 0 else 0.0

    def _apply(self, data: Slice) -> None:
        """Dividends, then splits, on the portfolio and on open orders (lean.md §4)."""
        for dividend in data.dividends.values():
            self.portfolio._cash += self.securities[dividend.symbol].holdings._quantity * decimal(dividend.distribution)
        for split in data.splits.values():
            if split.type == SplitType.SPLIT_OCCURRED:
                self._split(self.securities[split.symbol], decimal(split.split_factor))
        self.portfolio._moved()

    def _split(self, security: Security, factor: Decimal) -> None:
        holding = security.holdings
        assert security._column is not None
        self.feed.rescale(security._column, factor)
        exact = holding._quantity / factor
        self.portfolio._set(holding, Decimal(int(exact)), holding._average * factor)
        self.portfolio._cash += (exact - holding._quantity) * security._price()
        self.broker.split(security.symbol, factor)

    def _margin(self) -> None:
        """The warning at 5 % of free margin; a margin call itself is not modelled and says so (lean.md §3)."""
        used, total = self.portfolio._margin_used(), self.portfolio._total()
        if used == 0:
            return
        if used > total * Decimal("1.1"):
            raise NotImplementedError("a margin call: LEAN would close positions here")
        if total - used <= total * Decimal("0.05"):
            self.tell("on_margin_call_warning")

    # The schedule.

    def schedule(self, event: ScheduledEvent) -> ScheduledEvent:
        self._schedule.append(event)
        if self.running and event.dates(event.since.date()):
            self._agenda.append((event.times(event.since.date()), event))
        return event

    def unschedule(self, event: ScheduledEvent) -> None:
        self._schedule.remove(event)
        self._agenda = [entry for entry in self._agenda if entry[1] is not event]

    def _fire(self, moment: datetime, including: bool = False) -> None:
        """Runs what was due before `moment`, at its own time."""
        while self._message is None:
            due = [entry for entry in self._agenda if entry[0] < moment or (including and entry[0] == moment)]
            if not due:
                return
            entry = min(due, key=lambda entry: entry[0])
            self._agenda.remove(entry)
            self.feed.now = entry[0]
            self.object_store._persist()
            self.broker.in_scheduled_event = True
            self._call(entry[1].callback)
            self.broker.in_scheduled_event = False
            self.broker.report()

    # Requests of the algorithm.

    def set_start(self, day: date) -> None:
        if self._first is not None and self.live:
            day = self._first
        self.start = day
        self.feed.now = max(datetime.combine(day, MIDNIGHT), self._begin)

    def set_end(self, day: date) -> None:
        self.end = day

    def set_cash(self, amount: float) -> None:
        self.portfolio._cash = decimal(amount)

    @property
    def utc_now(self) -> datetime:
        return to_utc(self.feed.now)

    def security(self, symbol: Any) -> Security:
        """The security an order is for: a symbol, a ticker or the security itself."""
        return symbol if isinstance(symbol, Security) else self.security_manager[symbol]

    def symbol_of(self, said: Any) -> Symbol:
        if isinstance(said, Symbol):
            return said
        found = self.security_manager.get(said)
        return Symbol(said) if found is None else found.symbol

    def add_equity(self, ticker: str) -> Security:
        symbol = Symbol(ticker)
        column = self.world.column.get(symbol.value)
        security = self._add(Security(symbol, self.feed, column))
        if column is not None and self.running:
            self._subscribe(security)
        return security

    def _subscribe(self, security: Security) -> None:
        """Bars that end from now on arrive."""
        if security._column is not None and self.feed.since[security._column] == NEVER and not security.is_delisted:
            self.feed.since[security._column] = self.history._ended(self.feed.now)

    def add_data(self, kind: type, ticker: str) -> Security:
        symbol = Symbol(ticker, SecurityType.BASE)
        self.custom[symbol] = custom.read(kind, symbol, self.world, self._store, self.live)
        return self._add(Security(symbol, self.feed, None))

    def add_index(self, ticker: str) -> Security:
        security = self._add(Security(Symbol(ticker, SecurityType.INDEX), self.feed, None))
        self._indices[ticker.upper()] = security
        return security

    def _add(self, security: Security) -> Security:
        known = self.securities.get(security.symbol)
        if known is not None:
            return known
        self.securities[security.symbol] = security
        if security._column is not None:
            self._by_column[security._column] = security
        self.portfolio._hold(security)
        if security.symbol.security_type != SecurityType.BASE:
            self._changes.added_securities.append(security)
        return security

    def remove_security(self, symbol: Symbol) -> bool:
        security = self.securities.get(symbol)
        if security is None:
            return False
        if security.invested:
            raise NotImplementedError(f"the stand-in does not remove a security that is held: close {symbol} first")
        self.transactions.cancel_open_orders(symbol)
        if security._column is not None:
            self.feed.since[security._column] = NEVER
        del self.securities[symbol], self.portfolio._data[symbol]
        self._changes.removed_securities.append(security)
        return True

    def plot(self, chart: str, series: Any, value: float | None) -> None:
        name, number = (series, value) if value is not None else (chart, series)
        self._plots.setdefault((chart if value is not None else "Strategy Equity", str(name)), []).append((self.feed.now, float(number)))

    def note(self, kind: str, message: Any) -> None:
        self._logs.append((self.feed.now, kind, str(message)))

    def quit(self, message: str) -> None:
        self._message = message

    # Restart.

    def _take_over(self, account: Account) -> None:
        """After `initialize` the broker reports cash, positions and open orders; orders get new numbers and have no tag."""
        self.portfolio._cash = account.cash
        row = self.history._ended(self.feed.now) - 1
        for ticker, (quantity, price) in account.positions.items():
            security = self.add_equity(ticker)
            self._seed(security, row)
            self.portfolio._set(security.holdings, quantity, price)
        for order in account.open_orders:
            security = self.add_equity(order.symbol)
            self._seed(security, row)
            self.broker.take_over(order.type, security, order.quantity, order.stop_price)
        self.portfolio._moved()

    def _seed(self, security: Security, row: int) -> None:
        if self.feed.row < 0:
            self.feed.advance(row)
        if security._column is not None:
            self.feed.seed(security._column, row)

    def account(self) -> Account:
        """What the broker holds now."""
        positions = {symbol.value: (holding._quantity, holding._average) for symbol, holding in self.portfolio.items() if holding._quantity}
        left = tuple(
            OpenOrder(order.symbol.value, order.type, order._quantity - order._filled, order._stop_price)
            for order in self.broker.open.values()
            if order.status != OrderStatus.CANCEL_PENDING
        )
        return Account(self.portfolio._cash, positions, left)

    # The clock: whose seconds are these?

    def tell(self, name: str, *arguments: Any) -> None:
        self._call(getattr(self._algorithm, name), *arguments)

    def _call(self, callback: Any, *arguments: Any) -> None:
        with self._clock.of(ALGORITHM):
            callback(*arguments)

    def engine_time(self) -> Any:
        return self._clock.of(ENGINE)

    @property
    def seconds_in_algorithm(self) -> float:
        return self._clock.seconds[ALGORITHM]

    def _result(self) -> Result:
        sent = [
            {
                "order_id": line["order"].id,
                "time": line["time"],
                "symbol": line["order"].symbol.value,
                "quantity": int(line["quantity"]),
                "type": line["order"].type.name,
                "stop_price": None if line["stop"] is None else float(line["stop"]),
                "tag": line["tag"],
                "status": line["order"].status.name,
            }
            for line in self.broker.sent
        ]
        return Result(
            self._algorithm,
            pd.DataFrame(sent, columns=["order_id", "time", "symbol", "quantity", "type", "stop_price", "tag", "status"]),
            pd.DataFrame(self.broker.fills, columns=["order_id", "time", "symbol", "quantity", "price", "fee", "tag"]),
            self.broker.events,
            pd.DataFrame(self._daily, columns=["date", "equity", "cash"]),
            pd.DataFrame(self._midnights, columns=["date", "equity"]),
            self._plots,
            self._logs,
            self.statistics,
            self.account(),
            self.broker.orders,
            self._message,
            sum(self._clock.seconds),
            self._clock.seconds[ALGORITHM],
        )
