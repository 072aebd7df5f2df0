"""What a broker's account knows of itself, out of its journal, its bookings and the broker's own word."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from springback.brokers.broker import Asset
from springback.data.hours import NEW_YORK, following
from springback.data.sessions import exchange_days
from springback.data.store.store import Store
from springback.errors import MissingData, Unreachable
from springback.operation.account_state import AccountState
from springback.operation.frozen_decision import Reason
from springback.operation.outcomes import Holding, OrderOutcome, Outcomes, purpose_of
from springback.state.trading_rows import Adoption
from springback.trading.journal import Order
from springback.trading.own_account import Beginning, Event, Held, OwnAccount, Sources, own_account
from springback.trading.paper_gate import capital_share
from springback.workflow.broker_events import Heard, heard, untold
from springback.workflow.broker_words import no_entries, no_shorting
from springback.workflow.curbs import BOUGHT_BACK, NO_BORROW, NO_SHORTING, Limits
from springback.workflow.daily import Clock
from springback.workflow.evening import CASH, LiveAccount
from springback.workflow.reconcile import names_now, not_short, remembered
from springback.workflow.trading_account import TradingAccount

LENT = {
    "hard": "{} is hard to borrow: it is not sold short",
    "unknown": "{} may not be lent, the broker does not say: it is not sold short",
}
"""Why a name is not sold short, by what the broker says of its shares."""


@dataclass(eq=False)
class JournalTrader:
    """The trader of an account at a broker; `silence` is why the broker was not heard, where it was waited for long enough."""

    account: TradingAccount
    clock: Clock
    silence: Unreachable | None = None

    @property
    def live(self) -> LiveAccount:
        """The account of its evenings."""
        return self.account.live

    def hear(self, symbols: Collection[str] = ()) -> Heard:
        """What the broker says now; `symbols` are names to be told of. Raises as `heard` does."""
        return heard(self.account, self.clock, "decide", symbols)

    def own(self, session: date, orders: Iterable[Order] | None = None) -> OwnAccount:
        """What is ours at the close of `session`, dollars and shares. Raises `MissingData` before the first contact."""
        state, name = self.live.state, self.live.name
        cash = [one for one in state.book_events(name) if one.kind == CASH]
        if not cash:
            raise MissingData(f"account {name} was never at its broker: run 'springback trade decide' first")
        known = self.account.journal.orders() if orders is None else tuple(orders)
        adoptions = state.kept(name, Adoption)
        renamed, changes = names_now(self.live, known), remembered(state, name).changes
        names = {one.intent.symbol for one in known} | {one.symbol for one in adoptions} | {one.symbol for one in changes if one.symbol}
        events = self._events(names | set(renamed.values()), cash[0].at.date())
        sources = Sources(known, events, state.bookings(name), adoptions, changes, renamed)
        return own_account(Beginning(Decimal(repr(cash[0].quantity)), cash[0].at), sources, session, self._session_of)

    def outcomes(self, session: str, state: AccountState) -> Outcomes:
        """See `Trader`: several executions are one at their mean price, in dollars."""
        orders, day = self.account.journal.orders(), date.fromisoformat(session)
        own = self.own(day, orders)
        filled: dict[tuple[str, str], list[Order]] = {}
        for one in orders:
            if one.fills and self._session_of(one.intent.session) == day:
                filled.setdefault((one.intent.symbol, one.intent.purpose), []).append(one)
        fills = {}
        for working in state.working:
            held = state.lines[working.symbol].quantity if working.symbol in state.lines else 0
            if done := filled.get((working.symbol, purpose_of(working, held))):
                fills[working.order_id] = _together(done)
        cash = float(own.cash_and_receivables)
        return Outcomes(fills, cash, {symbol: self._holding(held, day) for symbol, held in own.positions.items()})

    def limits(self, session: str, symbols: Collection[str]) -> Limits:  # noqa: ARG002 (what is known now counts)
        """See `Trader`."""
        capital, share = self._sized()
        if self.silence is not None:
            return Limits((Reason("unreachable", f"the broker was not heard: {self.silence}"),), capital=capital, share=share)
        hearing = self.hear(symbols)
        assets = hearing.state.assets
        barred = (*_unnamed(symbols, assets), *self._foreign(hearing))
        return Limits(tuple(_stops(hearing)), barred, self._not_short(hearing, symbols), capital, share, self._facts(hearing, symbols))

    def _events(self, names: Collection[str], since: date) -> list[Event]:
        rows = Store(self.live.store).actions(names).to_dict("records") if names else []
        events = (Event(one["date"].date(), one["symbol"], one["kind"], float(one["value"])) for one in rows)
        return [one for one in events if one.day > since]

    def _session_of(self, decided: date) -> date:
        return following(decided, self.live.closed).day

    def _holding(self, position: Held, day: date) -> Holding:
        age = len(exchange_days(position.opened, day, self.live.closed))
        return Holding(position.quantity, float(position.price), str(position.opened), age)

    def _sized(self) -> tuple[float, float]:
        """The capital in dollars and the share of equity that are sized on."""
        capital = self.live.settings.brokers.capital
        share = capital_share(capital, len(self.live.folder.sessions())) if self.account.mode == "live" else 1.0
        return capital or float("inf"), share

    def _foreign(self, hearing: Heard) -> Iterator[Reason]:
        """Names in which there are shares or orders that are not ours, or that no decision opened, on the day of the hearing."""
        own = self.own(hearing.at.astimezone(NEW_YORK).date(), hearing.orders.values())
        called, shares = names_now(self.live, hearing.orders.values()), {}
        for name, quantity in hearing.positions.items():
            symbol = called.get(name, name)
            held = own.positions[symbol].quantity if symbol in own.positions else 0
            shares[symbol] = int(quantity) - held - int(own.apart.get(symbol, 0))
        for symbol, part in own.apart.items():
            if int(part):
                yield Reason("arrival", f"shares of {symbol} came by booking and are sold first", symbol)
        names = {one.symbol: one.claim for one in self.live.state.kept(self.live.name, Adoption)}
        foreign = {symbol for symbol, rest in shares.items() if rest} | {symbol for symbol, one in names.items() if one == "foreign"}
        for symbol in sorted(foreign):
            yield Reason("foreign", f"{symbol} has shares that are not ours", symbol)
        spelled = {one.broker_symbol: symbol for symbol, one in hearing.state.assets.items()}
        for one in sorted({spelled.get(one.symbol, one.symbol) for one in hearing.foreign_orders if one.live}):
            yield Reason("foreign_order", f"{one} has an order that is not ours", one)

    def _not_short(self, hearing: Heard, symbols: Collection[str]) -> tuple[Reason, ...]:
        """Who is not sold short: nobody, where the account may not, else what is not lent or was bought back since the last decision."""
        theirs, live = hearing.state.account, self.live
        if words := no_shorting(theirs):
            return (Reason(NO_SHORTING, words),)
        assets = hearing.state.assets
        known = [one for one in sorted(symbols) if one in assets and assets[one].borrow != "easy"]
        bought = [one for day in live.folder.sessions()[-1:] for one in sorted(not_short(live, date.fromisoformat(day)))]
        return (
            *(Reason(NO_BORROW, LENT[assets[one].borrow].format(one), one) for one in known),
            *(Reason(BOUGHT_BACK, f"another hand bought back the short of {one}: it is not sold again yet", one) for one in bought),
        )

    def _facts(self, hearing: Heard, symbols: Collection[str]) -> Mapping[str, Any]:
        """What the decision stood on at the broker, plain."""
        account, assets = hearing.state.account, hearing.state.assets
        return {
            "at": hearing.at.isoformat(timespec="seconds"),
            "equity": None if account.equity is None else float(account.equity),
            "cash": None if account.cash is None else float(account.cash),
            "assets": {one: {"id": assets[one].asset_id, "borrow": assets[one].borrow} for one in sorted(symbols) if one in assets},
        }


def _together(orders: Iterable[Order]) -> OrderOutcome:
    """What orders of one purpose came to, signed whole shares and dollars."""
    fills = [(one.sign, fill) for one in orders for fill in one.fills]
    shares = sum((fill.quantity for _, fill in fills), Decimal(0))
    price = sum((fill.quantity * fill.price for _, fill in fills), Decimal(0)) / shares
    return OrderOutcome(fills[0][0] * int(shares), float(price), float(sum((fill.fee for _, fill in fills), Decimal(0))))


def _stops(hearing: Heard) -> Iterator[Reason]:
    """Why nothing is entered."""
    account = hearing.state.account
    for one in hearing.unknown:
        yield Reason("unknown_order", f"nobody knows what became of {one.client_id}")
    for one in (one for one in hearing.orders.values() if untold(one)):
        words = f"the broker counts {one.untold:f} more shares of {one.client_id} filled than it has told executions of"
        yield Reason("untold_fills", words, one.intent.symbol)
    if account.blocked:
        yield Reason("blocked", "the broker lets the account trade no more: ask it why")
    if unfit := no_entries(account):
        yield Reason(*unfit)


def _unnamed(symbols: Collection[str], assets: Mapping[str, Asset]) -> Iterator[Reason]:
    """Names that the broker does not know as exactly one, or does not trade."""
    for one in sorted(symbols):
        if one not in assets:
            yield Reason("no_asset", f"the broker knows no one asset {one}", one)
        elif not assets[one].tradable:
            yield Reason("not_tradable", f"the broker does not trade {one} now", one)
