"""An account at a broker: who it is, its folder, its journal, and the broker behind it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from springback.backtest.fills import delisting_price, paid_price, stop_trigger
from springback.brokers.alpaca import Alpaca
from springback.brokers.broker import Answer, Broker, Events, Mode, OrderRequest, State
from springback.brokers.flex import Flex
from springback.brokers.interactive_brokers import InteractiveBrokers
from springback.brokers.simulated import NUMBER, Simulated
from springback.brokers.simulated import Terms as SimulatedTerms
from springback.brokers.simulated_market import Law
from springback.data.hours import Hours, between
from springback.data.sources.keys import broker_keys, read_table
from springback.data.store.store import Store
from springback.errors import InputError, SettingsError
from springback.market.costs import charges
from springback.workflow.accounts import account_of
from springback.workflow.daily import Clock
from springback.workflow.evening import LiveAccount
from springback.workflow.journal_trader import JournalTrader
from springback.workflow.order_journal import journal_of
from springback.workflow.settings import Settings
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trading_account import TradingAccount

__all__ = ("BROKERS", "Entrance", "TradingAccount", "trading_account")
BROKERS = ("simulated", "alpaca", "ib")
PAPER = "DU"
"""How the number of a paper account of IB begins; the Gateway's login must open that account."""
FLEX_KEYS = ("IB_FLEX_TOKEN", "IB_FLEX_QUERY")
"""Keys of the table [ib_flex]: the token of IB's Flex Web Service, and the number of the query."""
CALLS = "simulated.jsonl"
"""The file in an account's folder that keeps the calls of the simulated broker."""
AHEAD = timedelta(days=30)
"""How far beyond the stored sessions the simulated broker knows when the market opens."""


@dataclass(frozen=True)
class Entrance:
    """What leads to an account: the file of the broker's `keys` (None: the usual one), and a `gate` that raises where it is closed."""

    keys: Path | None = None
    gate: Callable[[], None] | None = None


def trading_account(
    desk: Path,
    settings: Settings,
    broker_name: str,
    live: bool,
    clock: Clock,
    store: Path | None = None,
    models: Path | None = None,
    entrance: Entrance = Entrance(),
) -> TradingAccount:
    """The account that the settings name at the broker, in its folder under `desk`; nothing is asked of the broker yet. What is
    refused here, or by the gate at the `entrance`, leaves no folder behind.

    Whoever takes it ends it by `with`. Raises `InputError` on a broker that is not known, or a set clock beside real money,
    `SettingsError` where no account is named, `WrongAccount` where the broker's address is not the one that is meant, and as `account_of`.
    """
    if broker_name not in BROKERS:
        raise InputError(f"--broker must be {' or '.join(BROKERS)}, was '{broker_name}'", value=broker_name)
    if live and (broker_name == "simulated" or _set(clock)):
        raise InputError("--live trades real money at the time it is: leave --broker simulated and --clock out")
    number = NUMBER if broker_name == "simulated" else settings.brokers.account
    if not number:
        raise SettingsError("brokers.account is empty, so that nothing is sent: name the number of the account that the keys open")
    if broker_name == "ib" and _set(clock) and not number.startswith(PAPER):
        raise InputError(f"--clock rehearses at IB on a paper account ({PAPER}...), brokers.account is {number}: leave --clock out")
    remote = None if broker_name == "simulated" else REMOTE[broker_name](settings, live, entrance.keys)
    if entrance.gate is not None:
        entrance.gate()
    account = account_of(desk / number, settings, store, models, begins=True)
    broker = remote or StoredMarket(account, clock.now)
    mode: Mode = broker.mode if isinstance(broker, Alpaca | InteractiveBrokers) else "rehearsal"
    rehearsal = mode == "rehearsal" or _set(clock)
    journal = replace(journal_of(account.folder.path, number, account.state, rehearsal), settle=settings.execution.settle)
    made = TradingAccount(account, broker, journal, mode, rehearsal)
    return replace(made, live=replace(account, trader=JournalTrader(made, clock)))


def _set(clock: Clock) -> bool:
    """Whether a person set what time it is."""
    return clock.fixed is not None or (isinstance(clock, TradeClock) and clock.jumps)


def _interactive_brokers(settings: Settings, live: bool, file: Path | None) -> Broker:
    """Behind the Gateway, with statements where the table [ib_flex] holds a token."""
    keys = broker_keys("ib_flex", file).of(*FLEX_KEYS) if read_table("ib_flex", file) else ()
    return InteractiveBrokers(settings.brokers, live, Flex(settings.brokers, *keys) if keys else None)


def _alpaca(settings: Settings, live: bool, file: Path | None) -> Broker:
    keys = broker_keys(settings.brokers.keys, file).of("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
    return Alpaca(settings.brokers, (keys[0], keys[1]), live)


REMOTE: Mapping[str, Callable[[Settings, bool, Path | None], Broker]] = {"alpaca": _alpaca, "ib": _interactive_brokers}
"""Brokers that are asked over a line: from the settings, whether real money is meant, and the file of keys."""


@dataclass(eq=False)
class StoredMarket:
    """The simulated broker on the market of the account's store, which is read again where the store has grown; its calls lie in the
    account's folder.
    """

    account: LiveAccount
    clock: Callable[[], datetime]
    name: str = "simulated"
    _market: tuple[str, Simulated] | None = field(default=None, repr=False)

    def submit(self, order: OrderRequest) -> Answer:
        """See `Broker`."""
        return self._broker().submit(order)

    def cancel(self, client_id: str) -> Answer:
        """See `Broker`."""
        return self._broker().cancel(client_id)

    def events(self, since: datetime, client_ids: Collection[str] = ()) -> Events:
        """See `Broker`."""
        return self._broker().events(since, client_ids)

    def state(self, symbols: Sequence[str] = ()) -> State:
        """See `Broker`."""
        return self._broker().state(symbols)

    def _broker(self) -> Simulated:
        store = Store(self.account.store)
        digest = store.hash
        if self._market is None or self._market[0] != digest:
            self._market = digest, self._on(store)
        return self._market[1]

    def _on(self, store: Store) -> Simulated:
        settings, market_data = self.account.settings, store.read()
        charged = charges(settings.costs, settings.backtest.profile, 0.0)
        law = Law(charged, stop_trigger, paid_price, delisting_price)
        told = settings.brokers
        terms = SimulatedTerms(
            cash=told.capital or settings.backtest.cash,
            seed=told.simulated_seed,
            partial=told.simulated_partial,
            refusal=told.simulated_refusal,
        )
        file = self.account.folder.path / CALLS
        file.parent.mkdir(parents=True, exist_ok=True)
        days = [one.item() for one in market_data.bars.sessions]
        hours = [(one.opens, one.closes) for one in _hours(days, self.account.closed)]
        return Simulated(market_data, hours, self.clock, law, terms, file)


def _hours(days: Sequence[date], closed: Sequence[str]) -> tuple[Hours, ...]:
    """When the sessions `days` open and close, and those that follow."""
    known = {one.day: one for one in between(days[0], days[-1], ())}
    return (*(known[one] for one in days), *between(days[-1] + timedelta(days=1), days[-1] + AHEAD, closed))
