"""Which account a verb works on, and who brings the data of its evenings."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from springback.data.hours import NEW_YORK
from springback.data.store.store import Store
from springback.errors import InputError, MissingData
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import FrozenDecision
from springback.project import usual
from springback.workflow.catch_up import Fetched, catch_up
from springback.workflow.daily import Clock, Fetch
from springback.workflow.evening import LiveAccount
from springback.workflow.inputs import Inputs
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings
from springback.workflow.sources import SOURCES
from springback.workflow.state_place import open_state, place

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def account_of(desk: Path, settings: Settings, store: Path | None = None, models: Path | None = None, begins: bool = False) -> LiveAccount:
    """The account whose folder is `desk`. Raises `MissingData` where it was never opened, unless it `begins`, and as `State` does."""
    folder, where = DeskFolder(desk), place(desk)
    known = begins or bool(folder.sessions())
    paths = usual("store") if store is None else store, usual("models") if models is None else models
    if not known and "://" not in where and not Path(where).exists():
        raise _unopened(desk)
    account = LiveAccount(desk.resolve().name, folder, settings, open_state(desk), *paths)
    if not known and not account.state.book_events(account.name):
        raise _unopened(desk)
    return account


def _unopened(desk: Path) -> MissingData:
    return MissingData(f"{desk} holds no account: open one with 'springback book init --cash 1000000', or name its folder with --desk")


def source_of(account: LiveAccount, named: str | None) -> str | None:
    """The vendor whom the evening asks: the one named, else the one that the store is of; None: the store is filled by others.

    Raises `InputError` on one that is not known.
    """
    return vendor_of(account.store, named)


def vendor_of(place: Path, named: str | None) -> str | None:
    """As `source_of`, by the folder of a store. Raises `InputError`."""
    if named is not None and named not in SOURCES:
        raise InputError(f"--source must be {', '.join(SOURCES[:-1])} or {SOURCES[-1]}, was '{named}'", value=named)
    if named is not None:
        return named
    store = Store(place)
    return store.origin.source if store.exists() and store.origin.source in SOURCES else None


def asking(account: LiveAccount, inputs: Inputs, source: str, clock: Clock, progress: Progress = SILENT) -> Fetch:
    """What asks the vendor `source` for the evening's data."""

    def fetch(names: frozenset[str]) -> Fetched:
        return catch_up(account.settings, inputs, source, clock.now(), names, progress)

    return fetch


def drawn(account: LiveAccount, source: str | None) -> bool:
    """Whether the time may be set: the market is drawn, or its vendor lives on this machine."""
    if source is None:
        store = Store(account.store)
        return not store.exists() or store.origin.demo
    address = getattr(account.settings.fetch, f"{source}_url", "")
    return (urlsplit(address).hostname or "") in LOOPBACK


def clock_of(text: str | None, settable: bool) -> Clock:
    """The clock that `--clock` sets, the system's without it. Raises `InputError` where it is no instant, or the market is a real one."""
    if text is None:
        return Clock()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--clock must be an instant such as 2026-11-27T17:00-05:00, was '{text}'", value=text) from None
    if not settable:
        raise InputError("--clock is for drawn markets and sources on this machine: a real market has the time it has")
    return Clock((instant if instant.tzinfo else instant.replace(tzinfo=NEW_YORK)).astimezone(UTC))


def opening(decision: FrozenDecision) -> datetime:
    """When the market opens for which `decision` was taken, in New York's time."""
    return datetime.fromisoformat(decision.next_open).astimezone(NEW_YORK)
