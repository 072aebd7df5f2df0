"""What a page is asked with: the accounts and settings of a dashboard, and one look at one of them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, urlencode

from springback.errors import MissingData, SpringbackError
from springback.forecasting import Models
from springback.operation.attribution_study import AttributionStudy
from springback.operation.explanation import Explanation, explained
from springback.operation.frozen_decision import FrozenDecision
from springback.project import FILE, project, usual
from springback.state.chain import Fault
from springback.state.state import State
from springback.state.trading_rows import Attribution
from springback.web.access import Role
from springback.workflow import ledger_place
from springback.workflow.accounts import account_of
from springback.workflow.attribution import study_of
from springback.workflow.desks import Desk, desks_in
from springback.workflow.evening import LiveAccount, trusted
from springback.workflow.history import History, SessionLine
from springback.workflow.order_journal import journal_of
from springback.workflow.orders import champion
from springback.workflow.settings import DEFAULTS, Settings, choose
from springback.workflow.symbol_view import Symbols
from springback.workflow.trials import Trials, trials_of
from springback.workflow.version_file import folder_of

NOBODY = "-"
"""What an address says for the account where there is none."""
PAIRS = 3
"""Pairs of models that are remembered."""


class Desks:
    """The accounts in `folders` and the settings they go by, as the files say now; `now` gives the time. For any number of threads."""

    def __init__(self, folders: tuple[Path, ...], now: Callable[[], datetime]) -> None:
        self.folders, self.now = folders, now
        self.history, self.symbols = History(), Symbols()
        self._trials: tuple[tuple[object, ...], Trials] | None = None
        self._pairs: OrderedDict[str, Models | None] = OrderedDict()
        self._accounts: dict[Path, tuple[Settings, LiveAccount]] = {}
        self._studies: dict[Path, tuple[tuple[State, int], AttributionStudy]] = {}
        self._settings: tuple[tuple[int, ...], Settings] | None = None
        self._lock = threading.RLock()

    def all(self) -> tuple[Desk, ...]:
        """Those at brokers first."""
        return desks_in(self.folders)

    def named(self, name: str) -> Desk | None:
        """The account of that name; None where there is none."""
        return next((one for one in self.all() if one.name == name), None)

    def settings(self) -> Settings:
        """Read again where a file of them was written since. Raises `SettingsError`."""
        files = (DEFAULTS, Path(FILE), folder_of(project()))
        stamp = tuple(one.stat().st_mtime_ns if one.exists() else 0 for one in files)
        with self._lock:
            if self._settings is None or self._settings[0] != stamp:
                self._settings = stamp, choose()
            return self._settings[1]

    def explanation(self, account: LiveAccount, decision: FrozenDecision) -> Explanation:
        """Why each order of `decision` was given; the pair of models is read once. Raises `BadTable`."""
        digest = str(decision.hashes.get("models", {}).get(decision.champion, ""))
        with self._lock:
            if digest not in self._pairs:
                self._pairs[digest] = champion(account.models, decision)
                while len(self._pairs) > PAIRS:
                    self._pairs.popitem(last=False)
            return explained(decision, self._pairs[digest])

    def trials(self, store: Path) -> Trials:
        """The trials of the ledger beside `store`, read again where it was written since. Raises `LedgerError`."""
        file = ledger_place.place(store)
        logs = (file, file.with_name(f"{file.name}-wal"))
        stamp = tuple(one.stat().st_mtime_ns if one.exists() else 0 for one in logs)
        with self._lock:
            if self._trials is None or self._trials[0] != (store, *stamp):
                self._trials = (store, *stamp), trials_of(store)
            return self._trials[1]

    def study(self, account: LiveAccount) -> AttributionStudy:
        """The attribution of every session, as it is kept; laid out again where a row was added, for none is ever changed."""
        newest = account.state.newest(account.name, Attribution)
        stamp = account.state, 0 if newest is None else newest.n
        with self._lock:
            known = self._studies.get(account.folder.path)
            if known is None or known[0] != stamp:
                rows = account.state.kept(account.name, Attribution)
                known = self._studies[account.folder.path] = stamp, study_of(account.name, "", rows)
            return known[1]

    def read_ahead(self) -> None:
        """Reads once what is frozen, of every account, so that no visitor waits for it: years of decisions, orders and attributions."""
        for desk in self.all():
            with suppress(SpringbackError):
                account = self.account(desk)
                self.history.of(self.history.listed(account.folder))
                if desk.broker:
                    journal_of(desk.folder, state=account.state).orders()
                    self.study(account)

    def faults(self, desk: Desk, account: LiveAccount) -> tuple[Fault, ...]:
        """What is wrong with the order journal of `desk`, read whole."""
        return journal_of(desk.folder, state=account.state).verify()

    def account(self, desk: Desk) -> LiveAccount:
        """The account of `desk`, opened once. Raises as `account_of` does."""
        settings = self.settings()
        with self._lock:
            known = self._accounts.get(desk.folder)
            if known is None or known[0] is not settings or not Path(known[1].state.name).exists():
                known = self._accounts[desk.folder] = settings, account_of(desk.folder, settings, begins=desk.broker)
                known[1].state.stay_open()
            return known[1]


@dataclass(frozen=True, eq=False)
class Visit:
    """One look: at which `desk` (None: no account is open), by whom, with which fields of the query."""

    desks: Desks
    desk: Desk | None
    role: Role
    query: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def now(self) -> datetime:
        """When it is."""
        return self.desks.now()

    @cached_property
    def account(self) -> LiveAccount:
        """The account. Raises `MissingData` where none is open."""
        if self.desk is None:
            raise MissingData("no account is open yet: 'springback book init --cash 1000000' opens one")
        account = self.desks.account(self.desk)
        return replace(account, folder=self.desks.history.listed(account.folder))

    @contextmanager
    def moment(self) -> Iterator[None]:
        """What the account's state says in the block is of one moment, where it can be read."""
        with ExitStack() as held:
            with suppress(SpringbackError):
                held.enter_context(self.account.state.moment())
            yield

    @property
    def settings(self) -> Settings:
        """Every knob."""
        return self.desks.settings()

    @property
    def store(self) -> Path:
        """The folder of the store."""
        return usual("store") if self.desk is None else self.account.store

    @property
    def models(self) -> Path:
        """The folder of the models; a rehearsal has its own."""
        own = None if self.desk is None else self.desk.folder / "models"
        return own if own is not None and own.is_dir() else usual("models")

    @property
    def name(self) -> str:
        """The account's, as it stands in addresses."""
        return NOBODY if self.desk is None else self.desk.name

    @cached_property
    def sessions(self) -> tuple[str, ...]:
        """The sessions of its decisions, oldest first."""
        return () if self.desk is None else self.account.folder.sessions()

    @cached_property
    def lines(self) -> tuple[SessionLine, ...]:
        """Every session in short."""
        return self.desks.history.of(self.account.folder)

    @cached_property
    def decision(self) -> FrozenDecision:
        """The decision that the query names by its `session`, else the newest. Raises `MissingData`, `BadTable`."""
        if not self.sessions:
            raise MissingData("nothing is decided yet: 'springback daily' decides the first evening")
        return trusted(self.account, self.query.get("session") or self.sessions[-1])

    def address(self, page: str, **query: str) -> str:
        """Where a page of this account lies."""
        words = urlencode({key: value for key, value in query.items() if value})
        return f"/a/{quote(self.name)}/{page}{f'?{words}' if words else ''}"
