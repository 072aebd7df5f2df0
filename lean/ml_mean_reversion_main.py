"""ML mean reversion on LEAN: its bars, VIX and portfolio go to the desk, the desk's orders go to the market. Nothing is decided here.

Settings are LEAN parameters with the names of settings/default.toml (`strategy.probability`) and of the table `lean`: see docs/lean.md.
"""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
from AlgorithmImports import *

try:
    from springback.errors import MissingData
    from springback.lean import parameters, stored
    from springback.trading import desk, resume
except ImportError as error:
    raise ImportError(
        f"the package 'springback' is neither installed in LEAN's Python nor bundled beside this file ({error}): "
        "run 'springback lean backtest --dry-run', which lays it there, or 'springback lean bundle'"
    ) from error

BOOK, DAILY = "springback/book.json", "springback/daily.csv"
DONE = (OrderStatus.CANCELED, OrderStatus.INVALID)
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
    """One session: corporate actions at midnight, fills, bars at the close, VIX at 16:15, the decision at 16:30."""

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
        self._look_back()

        self.close = np.full(len(self.symbols), np.nan)
        self.volume = np.full(len(self.symbols), np.nan)
        self.high, self.low = self.close.copy(), self.close.copy()
        self.vix, self.session = np.nan, np.datetime64("NaT")
        self.stops: dict[str, OrderTicket] = {}
        self.sent: dict[str, OrderTicket] = {}
        self.unheard: set[int] = set()
        self.days: list[str] = []
        self.recovered = not self.live_mode
        self.schedule.on(self.date_rules.every_day(self.symbols[0]), self.time_rules.at(16, 30), self._decide)
        self.log(f"{len(self.symbols)} names, {self.settled.lean.models} models; settings: {self.settled}")

    # What LEAN tells us

    def on_data(self, data: Slice) -> None:
        self._recover()
        today = np.datetime64(self.time.date())
        for symbol, split in data.splits.items():
            if split.type == SplitType.SPLIT_OCCURRED and symbol in self.columns:
                self._split(today, self._name(symbol), float(split.split_factor))
        for symbol, delisting in data.delistings.items():
            if symbol in self.columns:
                told = self.desk.last_session if delisting.type == DelistingType.WARNING else self._delisted
                told(self._name(symbol))
        if data.contains_key(self.vix_symbol):
            point: Any = data[self.vix_symbol]
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
        if np.isnan(self.close).all():
            return  # the exchange was open, but no bar of ours came
        session = self.session
        if np.isnan(self.vix) and not self.live_mode:
            raise MissingData(f"no VIX for session {session}: the regime is not known; export a VIX that covers the backtest")
        ranges = (self.high, self.low) if self.hears_range else ()
        self.desk.close(session, self.close, self.volume, *ranges)
        self._reconcile()
        last = not self.live_mode and self.hours.get_next_market_open(self.time, False) > self.end_date
        decision = self.desk.decide(self.vix, float(self.portfolio.total_portfolio_value), last)
        for name in decision.cancelled:
            self._take_back(self.sent.pop(name, None))
        for order in decision.orders:
            self._send(order)
        for name in self.desk.held():
            self._guard(name)
        self._show(decision)
        self._remember()
        for column in (self.close, self.volume, self.high, self.low):
            column[:] = np.nan
        self.vix = np.nan

    def _send(self, order: desk.Order) -> None:
        symbol = self.symbols[self.desk.columns[order.symbol]]
        if not order.is_entry:
            self._clear(order.symbol)
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
        """Keeps one stop order at the market for each filled position that is not closing, where stops rest, and none for any other."""
        column = self.desk.columns[name]
        quantity = int(self.desk.book.quantity[column])
        if quantity == 0 or self.desk.book.closing[column]:
            self._lift(name)
        elif self.settled.strategy.stop_mode == "intraday" and name not in self.stops:
            level = self.desk.stop_of(name)
            ticket = self.stop_market_order(self.symbols[column], -quantity, level, tag=f"resting_stop@{level}")
            self.stops[name] = ticket
            self.unheard.add(ticket.order_id)  # the book knows of no stops

    def _lift(self, name: str) -> None:
        self._take_back(self.stops.pop(name, None))

    def _split(self, today: np.datetime64, name: str, factor: float) -> None:
        column = self.desk.columns[name]
        held = self.desk.book.quantity[column]
        self.desk.split(today, name, factor)
        if held and not self.desk.book.quantity[column]:
            self._clear(name)  # no whole share is left

    def _delisted(self, name: str) -> None:
        self.living = [(column, security) for column, security in self.living if column != self.desk.columns[name]]
        self.stops.pop(name, None)
        self.sent.pop(name, None)
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
                if row is None:
                    row = rows.setdefault(bar.end_time.date(), np.full((fields, len(self.symbols)), np.nan))
                traded = bar.volume
                if traded:  # otherwise a mark, or the copy of the last bar
                    row[:, self.columns[symbol]] = (bar.close, traded, bar.high, bar.low) if self.hears_range else (bar.close, traded)
        if rows:
            days = sorted(rows)
            panels = np.stack([rows[day] for day in days], axis=1)
            self.desk.rolling.fill(np.array(days, "datetime64[D]"), *panels)
            splits = self.history(Split, self.symbols, datetime.combine(days[0], datetime.min.time()), self.time)
            found = zip(splits.index, splits["type"], splits["splitfactor"], strict=True) if len(splits) else ()
            for (symbol, moment), kind, factor in found:
                if kind == SplitType.SPLIT_OCCURRED:
                    self.desk.rolling.split(np.datetime64(moment.date()), self._name(symbol), float(factor))
        since = self.time - timedelta(days=14 + 2 * self.settled.regime.window)  # custom data counts periods in calendar days
        vix = self.history([self.vix_symbol], since, self.time, Resolution.DAILY)
        if len(vix):
            self.desk.see_vix(vix["value" if "value" in vix else "close"].astype(float))

    def _recover(self) -> bool:
        """After a restart in live mode: the book from the object store, corrected by what the broker holds. True if that was now."""
        if self.recovered:
            return False
        self.recovered = True
        state, damaged = resume.read(self.object_store.read(BOOK)) if self.object_store.contains_key(BOOK) else ({}, [])
        held = {
            self._name(symbol): resume.Holding(int(own.quantity), float(own.average_price), float(own.price))
            for symbol, own in ((one, self.portfolio[one]) for one in self.symbols)
            if own.invested
        }
        orders = [one for one in self.transactions.get_open_orders() if one.symbol in self.columns]
        waiting = [self._name(one.symbol) for one in orders if one.type != OrderType.STOP_MARKET]
        for line in [*damaged, *resume.restore(self.desk, state, held, waiting)]:
            self.error(line)
        for one in orders:
            resting = one.type == OrderType.STOP_MARKET
            (self.stops if resting else self.sent)[self._name(one.symbol)] = self.transactions.get_order_ticket(one.id)
            if resting:
                self.unheard.add(one.id)
        return True

    def _reconcile(self) -> None:
        """The book says what the portfolio says; a difference is followed and never silent."""
        for name, quantity in self.desk.held().items():
            own = self.portfolio[self.symbols[self.desk.columns[name]]]
            found = int(own.quantity)
            if found != quantity:
                self.error(f"{name}: the book holds {quantity} shares, the portfolio {found}: the portfolio is followed")
                self.desk.correct(name, found, float(own.average_price))

    def _remember(self) -> None:
        if self.live_mode:
            self.object_store.save(BOOK, json.dumps(resume.state_of(self.desk)))

    def _name(self, symbol: Symbol) -> str:
        return self.desk.symbols[self.columns[symbol]]
