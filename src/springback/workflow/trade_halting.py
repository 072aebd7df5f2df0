"""The broker of an account that a person stops or starts again: which one it is, and the open entries that are taken back there."""

import json
from dataclasses import dataclass, fields, replace
from urllib.parse import urlsplit

from springback.brokers.alpaca import MODES
from springback.brokers.broker_settings import Brokers
from springback.brokers.interactive_brokers import KINDS
from springback.brokers.simulated import NUMBER
from springback.errors import InputError, SpringbackError, Taken
from springback.state.trading_rows import Reconciliation, Snapshot
from springback.workflow.broker_events import heard
from springback.workflow.evening import LiveAccount
from springback.workflow.progress import SILENT
from springback.workflow.settings import Settings
from springback.workflow.trade_batch import Batch, cancel_entries
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_service import current
from springback.workflow.trader import TradingAccount, trading_account
from springback.workflow.trading_account import holding

STEP = "kill"
TABLE = "brokers"
"""The settings' table of brokers."""
TRIES, PAUSE = 5, 2.0
"""How often, and after how many seconds, an account is asked for that a step still holds."""
Venue = tuple[str, bool]
"""The name of a broker, and whether the account there is of real money."""


def venue_of(account: LiveAccount) -> Venue | None:
    """Where the account is, as the newest reconciliation has it, else by its number and the settings. None: no broker was ever asked."""
    row, state = account.state.newest(account.name, Reconciliation), account.state
    place = {} if row is None else json.loads(row.body).get("venue", {})
    if place:
        return str(place["broker"]), place["mode"] == "live"
    if state.newest(account.name, Snapshot) is None:
        return None
    if account.name == NUMBER:
        return "simulated", False
    kind = KINDS.match(account.name)
    if kind is not None:
        return "ib", not kind["paper"]
    return "alpaca", MODES.get(urlsplit(account.settings.brokers.alpaca_url).hostname or "") == "live"


def door_of(account: LiveAccount) -> Brokers:
    """The broker's door: that of the account's settings, and where they name none, that of the newest decision, which its trader used."""
    chosen, sessions = account.settings.brokers, account.folder.sessions()
    if replace(chosen, account="", capital=0.0) != Brokers() or not sessions:
        return chosen
    table = f"{TABLE}."
    knobs = {one.name for one in fields(Brokers)} - {"account", "capital"}
    try:
        used = account.folder.decision(sessions[-1]).settings
        return replace(chosen, **{name: used[table + name] for name in knobs if table + name in used})
    except SpringbackError:
        return chosen


@dataclass(frozen=True)
class Entry:
    """An entry that was open at a kill: its state after it, and whether it is over."""

    client_id: str
    state: str
    over: bool


def traded(account: LiveAccount, named: Venue, clock: TradeClock) -> TradingAccount | None:
    """The account at the broker that is `named`, else at its own; None where it has none. Raises as `trading_account` does, and
    `InputError` where the simulated broker is named for an account of another.
    """
    account = replace(account, settings=replace(account.settings, brokers=door_of(account)))
    venue = named if named[0] else venue_of(account)
    if venue is None:
        return None
    if (venue[0] == "simulated") != (account.name == NUMBER):
        raise InputError(f"account {account.name} is not at the broker '{venue[0]}': name its own, or leave --broker out")
    settings: Settings = replace(account.settings, brokers=replace(account.settings.brokers, account=account.name))
    return trading_account(account.folder.path.resolve().parent, settings, *venue, clock, account.store, account.models)


def taken_back(account: TradingAccount, clock: TradeClock) -> tuple[Entry, ...]:
    """Cancels the open entries of an account that is killed, where that is allowed now; how each stands then.

    Raises `Taken` where a step does not let go of the account, and as `heard` does.
    """
    for _ in range(TRIES):
        try:
            return _taken_back(account, clock)
        except Taken as error:
            last = error
        clock.wait(PAUSE)
    raise last


def _taken_back(account: TradingAccount, clock: TradeClock) -> tuple[Entry, ...]:
    newest = account.live.folder.sessions()[-1:]
    if not newest:
        return ()
    with holding(account) as lease:
        hearing, decision = heard(account, clock, STEP), account.live.folder.decision(newest[0])
        batch = Batch(account, clock, lease, decision, current(account, clock.now()), STEP, SILENT, hearing)
        return tuple(Entry(name, one.state, one.closed) for name, one in cancel_entries(batch).items())
