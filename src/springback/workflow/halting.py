"""Halts: what is not to be ordered and who lifts it; the kill switch, as a file of this machine and a row for all; flatten and adopt."""

import json
import os
import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from springback.errors import InputError, SpringbackError, Unreachable, Unwritable
from springback.market.prose import Prose
from springback.market.symbols import check_symbols
from springback.state.rows import Halt
from springback.state.state import State
from springback.state.trading_rows import CLAIMS, Adoption, Snapshot
from springback.trading.accounted import ours_of
from springback.trading.guard import Verdict
from springback.workflow.book import Word
from springback.workflow.broker_events import heard
from springback.workflow.curbs import FLATTEN
from springback.workflow.daily import Clock
from springback.workflow.evening import HEAD, LiveAccount
from springback.workflow.order_journal import journal_of
from springback.workflow.reconcile import TAKEN, UNEXPLAINED, reconcile, remembered
from springback.workflow.trading_account import TradingAccount, holding

FILE = "KILL"
"""The file of the kill switch, in an account's folder, or beside the folders of all accounts of this machine."""
KILL = "kill"
"""Code of its row."""
BY = "springback"
EVENING = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ITSELF = frozenset(("clock", "disk"))
"""Codes of halts that lift themselves once their cause is gone; what stops an evening (`workflow.curbs`) is asked anew each evening."""
UNKEPT = frozenset((KILL, "lease"))
"""Codes of verdicts that are no halts: the kill switch is one already, and a lost lease is the process's own, not the account's."""


def kill_files(folder: Path) -> tuple[Path, Path]:
    """Where the kill switch of the account in `folder` may lie: its own, and that of every account beside it."""
    return folder / FILE, folder.parent / FILE


def killed(account: LiveAccount) -> str:
    """Why nothing may be sent; empty where the switch is off. A file or row that cannot be read counts as on. Raises nothing."""
    for file in kill_files(account.folder.path):
        try:
            os.lstat(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{file} cannot be read ({error.strerror}), so that it counts as there: mend the folder"
        return f"the file {file} is there: 'springback resume' lifts it"
    try:
        halts = account.state.halts(account.name)
    except SpringbackError as error:
        return f"the kill switch cannot be read, so that it counts as on: {error}"
    return next((f"killed by {one.by} since {one.at:%Y-%m-%d %H:%M} UTC: {one.why}" for one in halts if one.code == KILL), "")


@dataclass(frozen=True)
class Killed:
    """What a kill did: the `file` (None: it could not be written), the accounts that have the row, and what did not work."""

    file: Path | None
    rows: tuple[str, ...] = ()
    faults: tuple[Prose, ...] = ()


def kill(desk: Path, number: str, word: Word, state: Callable[[Path], State]) -> Killed:
    """Stops the account `number` of `desk`, or each one there where it is empty: the file first, then the row where the database answers.
    What waits at the broker is `trade_halting.taken_back`'s; positions, exits and stops stay.

    What does not work keeps nothing else from being done. Raises `Unwritable` where neither file nor row could be written.
    """
    faults: list[Prose] = []
    names = (number,) if number else accounts(desk)
    files = [_marked(one / FILE, word, faults) for one in (*(() if number else (desk,)), *(desk / name for name in names))]
    file = next((one for one in files if one), None)
    rows = []
    for name in names:
        with _noted(faults, f"the row of {name}"):
            state(desk / name).halt(name, row(word))
            rows.append(name)
    if file is None and not rows:
        raise Unwritable(f"the kill switch of {desk} could not be written ({faults[0]}): stop the process, and call the broker")
    return Killed(file, tuple(rows), tuple(faults))


def row(word: Word) -> Halt:
    """The row of a kill."""
    return Halt("all", KILL, Prose(word.why or "a person says so"), word.by, word.at)


def accounts(desk: Path) -> tuple[str, ...]:
    """The numbers of the broker's accounts that have a folder in `desk`, beside those of its own evenings."""
    folders = desk.iterdir() if desk.is_dir() else ()
    return tuple(sorted(one.name for one in folders if one.is_dir() and not one.name.startswith(".") and not EVENING.fullmatch(one.name)))


class _noted(suppress):  # noqa: N801 (a context manager, like its base)
    """Goes on after an error, which is noted."""

    def __init__(self, faults: list[Prose], what: str) -> None:
        super().__init__(SpringbackError, OSError)
        self.faults, self.what = faults, what

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        """Whether the error was one to go on after."""
        if isinstance(error, SpringbackError | OSError):
            self.faults.append(Prose(f"{self.what}: {error}"))
            return True
        return False


def _marked(file: Path, word: Word, faults: list[Prose]) -> Path | None:
    """The file, on the disk; that it is there is all that counts, so a disk without room for its words is no fault."""
    with _noted(faults, "the file"):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            with suppress(OSError):
                os.write(handle, f"{word.at.isoformat()} {word.by}: {word.why}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        return file
    return None


def heeded(account: LiveAccount, verdicts: Iterable[Verdict], at: datetime, codes: Collection[str] = ITSELF) -> tuple[Halt, ...]:
    """Keeps `verdicts` as halts, and lifts those of `codes` that lift themselves and have no verdict any more; those in force.

    Raises as `State` does: what cannot be kept must not be forgotten, so nothing is sent then.
    """
    found = [one for one in verdicts if one.scope != "order" and one.code not in UNKEPT]
    for one in found:
        account.state.halt(account.name, Halt(one.scope, one.code, one.why, BY, at, one.symbol if one.scope == "name" else ""))
    for halt in account.state.halts(account.name):
        if halt.code in ITSELF & set(codes) - {one.code for one in found}:
            account.state.lift(account.name, halt.n, BY, at)
    return account.state.halts(account.name)


def liftable(account: LiveAccount) -> tuple[Halt, ...]:
    """The halts in force that a person lifts. Raises as `State` does."""
    return tuple(one for one in account.state.halts(account.name) if one.code not in ITSELF)


def resumed(
    account: LiveAccount,
    word: Word,
    numbers: Collection[int] | None = None,
    check: Callable[[], Collection[str]] | None = None,
    file: bool = False,
) -> tuple[Halt, ...]:
    """Lifts the halts that a person lifts, of these `numbers` alone where they are named; with the row of the kill switch, or where `file`
    says so, its files go.

    First `check` lays the account beside its journal, where there is a broker; the names that it finds stay halted. Other accounts that a
    file of the desk stopped have their own. Raises as it does, `InputError` where somebody kills meanwhile, and `Unwritable` where a file
    stays.
    """
    chosen = [one for one in liftable(account) if numbers is None or one.n in numbers]
    before = marks(account.folder.path)
    strange = check() if check is not None else ()
    chosen = [one for one in chosen if one.scope != "name" or one.symbol not in strange]
    if marks(account.folder.path) != before:
        raise InputError(f"account {account.name} was killed while the broker was asked: nothing is lifted, look at it again")
    if numbers is None or file or any(one.code == KILL for one in chosen):
        _unmarked(account.folder.path)
    return tuple(account.state.lift(account.name, one.n, word.by, word.at) for one in chosen)


def marks(folder: Path) -> tuple[datetime | None, ...]:
    """When each file of the kill switch was written last, by this machine's clock; None where it is not there."""
    found: list[datetime | None] = []
    for file in kill_files(folder):
        try:
            found.append(datetime.fromtimestamp(file.lstat().st_mtime, UTC))
        except OSError:
            found.append(None)
    return tuple(found)


def checked(account: TradingAccount, clock: Clock) -> frozenset[str]:
    """Asks the broker how the account stands, and lays it beside the journal; the names that are halted for what nobody can explain.

    Raises `Unreachable` where the broker does not answer, `Taken` where a step is at work, and as `heard` does.
    """
    sessions = account.live.folder.sessions()
    try:
        with holding(account):
            hearing = heard(account, clock, "resume")
            day = date.fromisoformat(sessions[-1]) if sessions else hearing.at.date()
            return frozenset(reconcile(account, hearing, day, "resume").halts) | {one.symbol for one in hearing.halts}
    except Unreachable as error:
        raise Unreachable(f"nothing is lifted before the broker said how the account stands: {error}") from None


def _unmarked(folder: Path) -> None:
    """Takes the files of the switch away, once every other account that one of them stopped has its own."""
    own, shared = kill_files(folder)
    try:
        for name in accounts(folder.parent) if shared.exists() else ():
            if name != folder.name and (folder.parent / name / HEAD).exists():
                (folder.parent / name / FILE).touch()
        for file in (own, shared):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise Unwritable(f"the kill switch of {folder} stays ({error}): nothing is sent while it is there") from None


def flattened(account: LiveAccount, word: Word) -> Halt:
    """No entries, and an exit of every position of ours at the next opens, until a person resumes. Raises `InputError` without a reason."""
    if not word.why.strip():
        raise InputError("to close every position needs a reason: give --why REASON")
    return account.state.halt(account.name, Halt("entries", FLATTEN, Prose(word.why), word.by, word.at))


@dataclass(frozen=True)
class Claim:
    """Whose shares of `symbol` are: "ours" or "foreign"; signed shares, of ours the mean price in dollars and the session of opening.

    Foreign ones without a number (None) are all that the broker had when it was last asked and that are not ours.
    """

    symbol: str
    claim: str
    quantity: Decimal | None
    price: float | None = None
    opened: date | None = None


def adopted(account: LiveAccount, claim: Claim, word: Word) -> Adoption:
    """A person's word on shares that nothing explains, kept; the halts of the name that asked for it are lifted. Raises `InputError`.

    In a rehearsal it is said at the instant at which the broker was last asked: the clock of the person is another one.
    """
    check_symbols([claim.symbol], "adopt")
    if claim.claim not in CLAIMS:
        raise InputError(f"--as must be {' or '.join(CLAIMS)}, was '{claim.claim}'", symbol=claim.symbol, value=claim.claim)
    snapshot = account.state.newest(account.name, Snapshot)
    at = snapshot.at if snapshot is not None and snapshot.rehearsal else word.at
    if claim.claim == "ours" and not claim.quantity:
        raise InputError(f"shares of {claim.symbol} that are ours have a number: give --quantity, signed", symbol=claim.symbol)
    if claim.price is not None and not claim.price > 0:
        raise InputError(f"--price must be above 0 dollars, was {claim.price:g}", symbol=claim.symbol, value=claim.price, limit=0)
    if claim.opened is not None and claim.opened > at.date():
        raise InputError(f"{claim.symbol} is opened on {claim.opened}, after {at:%Y-%m-%d}", symbol=claim.symbol)
    quantity = _not_ours(account, claim.symbol, snapshot) if claim.quantity is None else claim.quantity
    row = Adoption(claim.symbol, claim.claim, quantity, claim.price, claim.opened, at, word.by, Prose(word.why))
    kept = account.state.keep(account.name, row)
    for halt in account.state.halts(account.name):
        if halt.symbol == claim.symbol and halt.code in (UNEXPLAINED, TAKEN):
            account.state.lift(account.name, halt.n, word.by, word.at)
    return kept


def held(account: LiveAccount, symbol: str) -> bool:
    """Whether the broker had shares of `symbol` when it was last asked; True before it was."""
    snapshot = account.state.newest(account.name, Snapshot)
    return snapshot is None or symbol in json.loads(snapshot.positions)


def _not_ours(account: LiveAccount, symbol: str, snapshot: Snapshot | None) -> Decimal:
    """Signed shares of the name that the broker had and that neither our orders nor bookings nor adoptions explain."""
    there = Decimal(json.loads(snapshot.positions).get(symbol, "0")) if snapshot is not None else Decimal(0)
    orders, state = journal_of(account.folder.path, state=account.state).orders(), account.state
    ours = ours_of(orders, state.kept(account.name, Adoption)).shares.get(symbol, Decimal(0))
    changes = remembered(state, account.name).changes
    return there - ours - sum((one.quantity for one in changes if one.symbol == symbol), Decimal(0))
