"""ML mean reversion on LEAN: its bars, VIX and portfolio go to the desk, the desk's orders go to the market. Nothing is decided here.

Settings are LEAN parameters with the names of settings/default.toml (`strategy.probability`) and of the table `lean`: see docs/lean.md.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from AlgorithmImports import *

try:
    from springback.errors import MissingData, SettingsError
    from springback.lean import live, parameters, stored
    from springback.trading import desk, resume
except ImportError as error:
    raise ImportError(
        f"the package 'springback' is neither installed in LEAN's Python nor bundled beside this file ({error}): "
        "run 'springback lean backtest --dry-run', which lays it there, or 'springback lean bundle'"
    ) from error

BOOK, DAILY = "springback/book.json", "springback/daily.csv"
DONE = (OrderStatus.CANCELED, OrderStatus.INVALID)
STOPS = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)  # Alpaca makes stop-limits of stops that buy
SENDING = (
    (BrokerageName.DEFAULT, "16:31"),  # LEAN's own paper account
    (BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, "16:31"),
    (BrokerageName.ALPACA, "19:05"),  # takes orders for the open from 19:00 on (AlpacaBrokerageModel.cs)
)
DECIDED, MORNING = time(16, 30), time(8, 30)
UNREAD = -1.0


class Vix(PythonData):
    """The VIX closes that `springback lean export` wrote, known at 16:15 New York."""

    file = ""

    def get_source(self, config: SubscriptionDataConfig, date: datetime, is_live_mode: bool) -> SubscriptionDataSource:
        return SubscriptionDataSource(Vix.file, SubscriptionTransportMedium.LOCAL_FILE)

    def reader(self, config: SubscriptionDataConfig, line: str, date: datetime, is_live_mode: bool) -> BaseData:
        if not line[:1].isdigit():
            return None  # type: ignore[return-value]  # LEAN's way to pass over a line
        day, close = line.split(",")[:2]
        point = Vix()
        point.symbol = config.symbol
        point.time = datetime.strptime(day, "%Y-%m-%d")
        point.end_time = point.time.replace(hour=16, minute=15)
        point.value = float(close)
        return point


class MlMeanReversion(QCAlgorithm):
    """One session: corporate actions at midnight, fills, bars at the close, VIX at 16:15, the decision at 16:30.

    Live, what was decided is kept and sent at `lean.send_at`; stops are placed at 08:30 of the sessions that follow the fill.
    """

    def initialize(self) -> None:
        names = [str(getattr(pair, "key", pair)) for pair in self.get_parameters()]  # pairs, or keys: LEAN's bridges differ
        self.settled = parameters.read({name: self.get_parameter(name) for name in names})
        account = self.settled.backtest
        self.set_start_date(account.start.year, account.start.month, account.start.day)
        self.set_end_date(account.end.year, account.end.month, account.end.day)
        self.set_cash(account.cash)
        self.settings.daily_precise_end_time = True

        symbols, members = stored.names(self.settled, self._find)
        outlook = stored.outlook(self.settled, self._find)
        barred = stored.barred(self.settled, self._find)
        floor = self.settled.short_floor(self.live_mode)
        self.desk = desk.Desk(symbols, outlook, self.settled.strategy, self.settled.regime, self.settled.universe, members, barred, floor)
        self.living = [(column, self._subscribe(name)) for column, name in enumerate(self.desk.symbols)]
        self.symbols = [security.symbol for _, security in self.living]
        self.columns = {symbol: column for column, symbol in enumerate(self.symbols)}
        self.last_volume = [UNREAD] * len(self.symbols)
        self.hours = self.securities[self.symbols[0]].exchange.hours
        self.vix_symbol = self._subscribe_vix()
        self.hears_range = self.settled.strategy.exit_rule != "none"  # a high and a low a bar cost time: only where the rule asks
        self.close = np.full(len(self.symbols), np.nan)
        self.volume = np.full(len(self.symbols), np.nan)
        self.high, self.low = self.close.copy(), self.close.copy()
        self.vix, self.session, self.closed = np.nan, np.datetime64("NaT"), np.datetime64("NaT")
        book = self.object_store.read(BOOK) if self.live_mode and self.object_store.contains_key(BOOK) else None
        self.memory = live.remembered(book)
        self._look_back()

        self.stops: dict[str, OrderTicket] = {}
        self.sent: dict[str, OrderTicket] = {}
        self.unheard: set[int] = set()
        self.days: list[str] = []
        self.recovered = not self.live_mode
        self.sheet, self.adopted = live.Sheet(), self.memory.adopted
        self.foreign: list[Symbol] = []
        self._every_session(DECIDED, self._decide)
        if self.live_mode:
            self._every_session(self._sending_time(), self._send_sheet)
            self._every_session(MORNING, self._before_open)
        self.log(f"{len(self.symbols)} names, {self.settled.lean.models} models; settings: {self.settled}")

    # What LEAN tells us

    def on_data(self, data: Slice) -> None:
        self._recover()
        today = np.datetime64(self.time.date())
        for symbol, split in data.splits.items():
            if symbol in self.columns:
                if split.type == SplitType.SPLIT_OCCURRED:
                    self._split(today, self._name(symbol), float(split.split_factor))
                else:
                    self.sheet = self.sheet.warned(self._name(symbol), self.time.date())
                    self._remember()
        for symbol, delisting in data.delistings.items():
            if symbol in self.columns:
                told = self.desk.last_session if delisting.type == DelistingType.WARNING else self._delisted
                told(self._name(symbol))
        if data.contains_key(self.vix_symbol):
            point: Any = data[self.vix_symbol]
            if point.end_time.date() == self.time.date():  # live, a file may be read late: yesterday's VIX says nothing of today
                self.vix = float(point.value)
        if data.bars.count > int(data.bars.contains_key(self.vix_symbol)):  # LEAN's VIX index is a bar too, in a slice of its own
            self.session = today
            self._read(data.bars)

    def _read(self, bars: TradeBars) -> None:
        """The session's bars, from the Security objects kept since the start: a property there costs a fifth of a look into the slice.

        A Security keeps the last volume that was not 0: where it moved, the name traded today. Where it stands still, the slice knows
        whether it is halted (a copy of its last bar, volume 0), has a mark (a bar of volume 0) or traded as many shares again.
        """
        last, close, volume = self.last_volume, self.close, self.volume
        for column, security in self.living:
            traded = security.volume
            if not traded:
                continue  # it has not traded since the start
            if last[column] in (traded, UNREAD):
                bar: Any = bars.get(self.symbols[column])
                if bar is None or bar.is_fill_forward or not bar.volume:
                    continue
            last[column] = traded
            close[column], volume[column] = security.close, traded
            if self.hears_range:
                self.high[column], self.low[column] = security.high, security.low

    def on_warmup_finished(self) -> None:
        self._recover()

    def on_order_event(self, order_event: OrderEvent) -> None:
        if self._recover() or order_event.symbol not in self.columns:
            return  # a book taken from the portfolio holds this fill already
        name = self._name(order_event.symbol)
        if self.desk.is_foreign(name):
            return  # somebody else's order
        status, number = order_event.status, order_event.order_id
        if status == OrderStatus.INVALID:
            self.error(f"{name}: order {number} was refused: {order_event.message}")
        if status in (OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED):
            self.desk.fill(name, int(order_event.fill_quantity), float(order_event.fill_price))
            if status == OrderStatus.FILLED:
                self._guard(name)
        elif status not in DONE:
            return
        elif number not in self.unheard:
            self.desk.drop(name, int(order_event.quantity))
        elif name in self.stops and self.stops[name].order_id == number:
            del self.stops[name]  # the broker ended the resting stop: the next decision places another
        else:
            return  # taken back by ourselves: the book knew at once, and another order of the name may be under way
        self._remember()

    def on_end_of_algorithm(self) -> None:
        if not self.live_mode:
            self._decide()  # LEAN ends after the last close, before 16:30: nothing is ordered, the day is recorded
        head = "date,equity,cash,n_long,n_short,bear,vix,vix_sma15,long_positions,long_waiting,short_positions,short_waiting"
        self.object_store.save(DAILY, "\n".join([head, *self.days, ""]))

    # What we tell LEAN

    def _decide(self) -> None:
        self._recover()
        barless = bool(np.isnan(self.close).all())
        if barless and not self.live_mode:
            return  # the exchange was open, but no bar of ours came
        session = np.datetime64(self.time.date()) if barless else self.session
        if np.isnan(self.vix) and not self.live_mode:
            raise MissingData(f"no VIX for session {session}: the regime is not known; export a VIX that covers the backtest")
        if not barless:
            ranges = (self.high, self.low) if self.hears_range else ()
            self.desk.close(session, self.close, self.volume, *ranges)
        if session != self.closed:
            self._order(session, barless)
        for column in (self.close, self.volume, self.high, self.low):
            column[:] = np.nan
        self.vix = np.nan

    def _order(self, session: np.datetime64, barless: bool) -> None:
        """The decision of `session`; live, at most one: bars that come after it are known to the windows, and nothing is decided anew."""
        self.closed = session
        self._reconcile()
        last = not self.live_mode and self.hours.get_next_market_open(self.time, False) > self.end_date
        self._drop(self.sheet.orders)
        decision = replace(self.desk.decide(self._known_vix(session, barless), self._equity(), last), session=session)
        for name in decision.cancelled:
            self._take_back(self.sent.pop(name, None))
        if self.live_mode:
            self.sheet = replace(self.sheet, opens=self._next_open().isoformat(), orders=decision.orders)
            for name in list(self.stops):
                self._lift(name)  # day orders are over; those of LEAN's own paper account end here
        for order in () if self.live_mode else decision.orders:
            self._send(order)
        for name in self.desk.held():
            self._guard(name)
        self._show(decision)
        self._remember(firm=True)

    def _known_vix(self, session: np.datetime64, barless: bool) -> float:
        """Today's VIX; live, NaN where bars, VIX or models are not today's: exits are decided then, entries are not."""
        age = self.desk.age_of_models() if self.live_mode else None
        most = self.settled.lean.model_days
        faults = {
            f"no bar came, the newest session is {self.desk.rolling.newest}": barless,
            "no VIX came": bool(np.isnan(self.vix)),
            f"the models are {age} days old, more than {most} (lean.model_days)": age is not None and age > most,
        }
        said = "; ".join(text for text, true in faults.items() if true)
        if said:
            self.error(f"{session}: exits only: {said}")
        return np.nan if said else self.vix

    def _equity(self) -> float:
        """Cash and our own positions, dollars: shares that are not ours count nothing."""
        return float(self.portfolio.total_portfolio_value) - sum(float(self.portfolio[one].holdings_value) for one in self.foreign)

    # What was decided live goes out later, once

    def _send_sheet(self) -> None:
        """Sends what was decided; decides first where that was missed, or where bars came late.

        An order leaves the sheet before it leaves for the market, and the sheet is kept between the two: a restart sends none twice. A name
        that splits before the open waits for 08:30.
        """
        self._recover()
        if not np.isnan(self.close).all():
            self._decide()
        if self._next_open().isoformat() != self.sheet.opens:
            self._drop(self.sheet.orders)
        today = self.time.date().isoformat()
        later = tuple(one for one in self.sheet.orders if self.sheet.splitting.get(one.symbol) == today < self.sheet.opens)
        due = tuple(one for one in self.sheet.orders if one not in later)
        if not due:
            return
        whole, self.sheet = self.sheet, replace(self.sheet, orders=later)
        if not self._remember(firm=True):
            self.sheet = whole
            self.error(f"{len(due)} orders are not sent: the object store does not keep the book")
            return
        for order in due:
            self._send(order)
        self._remember()

    def _before_open(self) -> None:
        """08:30 New York: what could not be sent in the evening, and the stops of what was held overnight and is not closing."""
        self._send_sheet()
        for name in self.desk.held() if self.settled.strategy.stop_mode == "intraday" else ():
            if name not in self.stops and not self.desk.book.closing[self.desk.columns[name]]:
                self._rest(name)

    def _drop(self, orders: Iterable[desk.Order]) -> None:
        """Orders whose open passed before they were sent: an entry is over, an exit is decided again."""
        for order in orders:
            self.error(f"{order.symbol}: {order.quantity} shares ({order.reason}) were never sent: their open has passed")
            self.desk.drop(order.symbol, order.quantity)
        self.sheet = replace(self.sheet, opens="", orders=())

    def _is_there(self, order: desk.Order) -> bool:
        """Whether an order of that name and side waits at the market."""
        waiting = self.transactions.get_open_orders(self.symbols[self.desk.columns[order.symbol]])
        return any(one.quantity * order.quantity > 0 and one.type not in STOPS and one.id not in self.unheard for one in waiting)

    def _send(self, order: desk.Order) -> None:
        symbol = self.symbols[self.desk.columns[order.symbol]]
        if not order.is_entry:
            self._clear(order.symbol)
        if self.live_mode and self._is_there(order):
            self.error(f"{order.symbol}: an order to {'buy' if order.quantity > 0 else 'sell'} is at the market already: none is sent")
            return
        self.sent[order.symbol] = self.market_on_open_order(symbol, order.quantity, tag=order.reason)

    def _clear(self, name: str) -> None:
        """Takes back what is at the market for a name: the resting stop, and the rest of an entry filled in part."""
        self._lift(name)
        self._take_back(self.sent.pop(name, None))

    def _take_back(self, ticket: OrderTicket | None) -> None:
        """Cancels an order whose end the book knows already. LEAN reports it when it likes, from a thread of its own, in the middle of a
        decision too: by its number such a report is told from one that concerns the book.
        """
        if ticket is not None and ticket.status not in (OrderStatus.FILLED, *DONE):
            self.unheard.add(ticket.order_id)
            ticket.cancel()

    def _guard(self, name: str) -> None:
        """Keeps one stop order at the market for each filled position that is not closing, where stops rest, and none for any other.

        Live, a position gets its stop at 08:30 of the next session: bars of the entry's own session fill none in a backtest either.
        """
        column = self.desk.columns[name]
        quantity = int(self.desk.book.quantity[column])
        if quantity == 0 or self.desk.book.closing[column]:
            self._lift(name)
        elif self.settled.strategy.stop_mode == "intraday" and name not in self.stops and not self.live_mode:
            self._rest(name)

    def _rest(self, name: str) -> None:
        """Places the stop of a position: live a day order, but on LEAN's own paper account, which ends day orders before it fills them
        with a daily bar (BacktestingBrokerage.cs): there the decision takes it back.
        """
        column = self.desk.columns[name]
        quantity, level = int(self.desk.book.quantity[column]), self.desk.stop_of(name)
        properties: Any = None  # as LEAN gives them
        if self.live_mode and self.brokerage_name != BrokerageName.DEFAULT:
            properties = OrderProperties()
            properties.time_in_force = TimeInForce.DAY
        ticket = self.stop_market_order(self.symbols[column], -quantity, level, tag=f"resting_stop@{level}", order_properties=properties)
        self.stops[name] = ticket
        self.unheard.add(ticket.order_id)  # the book knows of no stops

    def _lift(self, name: str) -> None:
        self._take_back(self.stops.pop(name, None))

    def _split(self, today: np.datetime64, name: str, factor: float) -> None:
        column = self.desk.columns[name]
        held = self.desk.book.quantity[column]
        self.desk.split(today, name, factor)
        self.sheet = self.sheet.split(name, factor)
        if held and not self.desk.book.quantity[column]:
            self._clear(name)  # no whole share is left

    def _delisted(self, name: str) -> None:
        self.living = [(column, security) for column, security in self.living if column != self.desk.columns[name]]
        self.stops.pop(name, None)
        self.sent.pop(name, None)
        self.sheet = self.sheet.without((name,))
        self.desk.delist(name)

    def _show(self, decision: desk.Decision) -> None:
        cash, equity, (long, short) = float(self.portfolio.cash), decision.equity, decision.positions
        month = str(decision.session)[:7]
        if not self.days or not self.days[-1].startswith(month):  # once a month: how far the run has come
            self.log(f"{decision.session}: equity {equity:,.0f}, {decision.n_long} long, {decision.n_short} short")
        self.days.append(
            f"{decision.session},{equity!r},{cash!r},{decision.n_long},{decision.n_short},"
            f"{int(decision.bear)},{decision.vix!r},{decision.vix_mean!r},"
            f"{long},{decision.n_long - long},{short},{decision.n_short - short}"
        )
        worth = np.nan_to_num(self.desk.book.quantity * self.desk.book.mark)
        shown: dict[str, dict[str, float]] = {
            "Regime": {"VIX": decision.vix, "bear above": decision.vix_mean * self.settled.regime.multiple},
            "Slots": {"long": decision.n_long, "short": decision.n_short},
            "Candidates": {"long": decision.candidates[0], "short": decision.candidates[1]},
            "Exposure %": {"long": 100 * worth[worth > 0].sum() / equity, "short": 100 * worth[worth < 0].sum() / equity},
        }
        for chart, series in shown.items():
            for name, value in series.items():
                if not np.isnan(value):
                    self.plot(chart, name, float(value))

    # Starting, and starting again

    def _every_session(self, at: time, callback: Any) -> None:
        self.schedule.on(self.date_rules.every_day(self.symbols[0]), self.time_rules.at(at.hour, at.minute), callback)

    def _sending_time(self) -> time:
        """When the evening's orders go out: as set, or when the brokerage takes orders for the open."""
        said = self.settled.lean.send_at or next((at for name, at in SENDING if name == self.brokerage_name), "")
        if not said:
            raise SettingsError(f"when {self.brokerage_name} takes orders for the open is not known here: set lean.send_at, New York time")
        return live.sending_time(said)

    def _next_open(self) -> date:
        return self.hours.get_next_market_open(self.time, False).date()

    def _find(self, key: str) -> Path | None:
        if self.object_store.contains_key(key):
            return Path(self.object_store.get_file_path(key))
        here = Path(__file__).resolve().parent
        for folder in (here, here.parent, Path(Globals.data_folder)):
            if (folder / key).is_file():
                return folder / key
        return None

    def _subscribe(self, name: str) -> Security:
        return self.add_equity(name, Resolution.DAILY, data_normalization_mode=DataNormalizationMode.RAW)

    def _subscribe_vix(self) -> Symbol:
        if self.settled.lean.vix == "index":
            return self.add_index("VIX", Resolution.DAILY).symbol
        found = self._find(self.settled.lean.vix_file)
        if found is None:
            raise MissingData(
                f"{self.settled.lean.vix_file} is not in LEAN's data folder: run 'springback lean export', or set lean.vix=index"
            )
        Vix.file = str(found)
        return self.add_data(Vix, "VIX", Resolution.DAILY).symbol

    def _look_back(self) -> None:
        """The sessions before the first decision: bars as typed history (as a DataFrame they cost LEAN five times as much), splits, VIX."""
        fields = 4 if self.hears_range else 2
        rows: dict[date, Any] = {}
        for bars in self.history[TradeBar](self.symbols, self.desk.rolling.length, Resolution.DAILY):
            row = None
            for symbol, bar in bars.items():
                if self.live_mode:
                    self.securities[symbol].set_market_price(bar)  # LEAN sends no order in a name that has no price since the start
                if row is None:
                    row = rows.setdefault(bar.end_time.date(), np.full((fields, len(self.symbols)), np.nan))
                traded = bar.volume
                if traded:  # otherwise a mark, or the copy of the last bar
                    row[:, self.columns[symbol]] = (bar.close, traded, bar.high, bar.low) if self.hears_range else (bar.close, traded)
        early = self._early(rows)
        if rows:
            days = sorted(rows)
            panels = np.stack([rows[day] for day in days], axis=1)
            self.desk.rolling.fill(np.array(days, "datetime64[D]"), *panels)
            splits = self.history(Split, self.symbols, datetime.combine(days[0], datetime.min.time()), self.time)
            found = zip(splits.index, splits["type"], splits["splitfactor"], strict=True) if len(splits) else ()
            for (symbol, moment), kind, factor in found:
                if kind == SplitType.SPLIT_OCCURRED:
                    self.desk.rolling.split(np.datetime64(moment.date()), self._name(symbol), float(factor))
        self._look_back_on_vix(early)

    def _look_back_on_vix(self, early: date | None) -> None:
        """The VIX of the regime's window; that of a session whose decision is still to come waits for it."""
        since = self.time - timedelta(days=14 + 2 * self.settled.regime.window)  # custom data counts periods in calendar days
        vix = self.history([self.vix_symbol], since, self.time, Resolution.DAILY)
        if len(vix):
            closes = vix["value" if "value" in vix else "close"].astype(float)
            if early and vix.index[-1][-1].date() == early:
                self.vix, closes = float(closes.iloc[-1]), closes.iloc[:-1]
            self.desk.see_vix(closes)

    def _early(self, rows: dict[date, Any]) -> date | None:
        """Takes the newest session out of history where its decision is still to come: at a start between close and decision, or after one
        that was missed, until 08:30. It waits as if it had come just now. None at any other start.
        """
        day = max(rows, default=None)
        if day is None or not self.live_mode:
            return None
        opens, now = self._next_open(), self.time
        ahead = day == now.date() and now.time() < DECIDED
        missed = str(day) > self.memory.state.get("session", "9999")
        coming = now.date() < opens or now.time() < MORNING
        if not (ahead or missed) or not coming or self.hours.get_next_market_open(datetime.combine(day, DECIDED), False).date() != opens:
            return None
        row, self.session = rows.pop(day), np.datetime64(day)
        self.close, self.volume = row[0].copy(), row[1].copy()
        if self.hears_range:
            self.high, self.low = row[2].copy(), row[3].copy()
        return day

    def _recover(self) -> bool:
        """At a start in live mode: the book from the object store, corrected by what the broker holds. True if that was now."""
        if self.recovered:
            return False
        self.recovered = True
        invested = [one for one in self.portfolio.values() if one.invested]
        held = {str(one.symbol.value): resume.Holding(int(one.quantity), float(one.average_price), float(one.price)) for one in invested}
        orders = self.transactions.get_open_orders()
        waiting = {str(one.symbol.value) for one in orders if one.type not in STOPS}
        if self.memory.damage:
            self.error(self.memory.damage)
        claims = live.claims(self.settled.lean.adopt)
        book = live.claimed(self.memory, claims, self.desk, held, {str(one.symbol.value) for one in orders})
        self.adopted = book.adopted
        known = book.sheet.opens == self._next_open().isoformat()
        self.sheet = book.sheet if known else live.Sheet(splitting=book.sheet.splitting)
        for line in resume.restore(self.desk, book.state, held, waiting | {one.symbol for one in self.sheet.orders}):
            self.error(line)
        ours = set(book.state.get("positions", ()))
        self.foreign = [one.symbol for one in invested if str(one.symbol.value) not in ours]
        for one in orders:
            self._take_up(one, ours)
        self._remember()
        return True

    def _take_up(self, order: Any, ours: set[str]) -> None:
        """Knows an order that was at the market at the start again, if it is in a name of ours; a stop without a position is taken back."""
        name = str(order.symbol.value)
        if name not in ours or order.symbol not in self.columns:
            return
        resting = order.type in STOPS
        (self.stops if resting else self.sent)[name] = self.transactions.get_order_ticket(order.id)
        if resting:
            self.unheard.add(order.id)
            if name not in self.desk.held():
                self._lift(name)

    def _reconcile(self) -> None:
        """The book says what the portfolio says; a difference is followed and never silent."""
        for name, quantity in self.desk.held().items():
            own = self.portfolio[self.symbols[self.desk.columns[name]]]
            found = int(own.quantity)
            if found != quantity:
                self.error(f"{name}: the book holds {quantity} shares, the portfolio {found}: the portfolio is followed")
                self.desk.correct(name, found, float(own.average_price))

    def _remember(self, firm: bool = False) -> bool:
        """Keeps the book, live; `firm`: on the disk before this returns (LEAN's store writes every few seconds, and what it is asked the
        path of at once: LocalObjectStore.cs). Whether it is kept.
        """
        if not self.live_mode or not self.desk.rolling.sessions:
            return not self.live_mode
        session = self.desk.rolling.newest if np.isnat(self.closed) else max(self.closed, self.desk.rolling.newest)
        if not self.object_store.save(BOOK, live.kept(self.desk, self.sheet, self.adopted, session)):
            return False
        if firm:
            self.object_store.get_file_path(BOOK)
        return True

    def _name(self, symbol: Symbol) -> str:
        return self.desk.symbols[self.columns[symbol]]
