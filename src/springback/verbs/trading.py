"""What `springback trade` and `springback status` say."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from threading import Event, current_thread, main_thread

from springback.errors import InputError, MissingData, Taken, Unwritable
from springback.project import usual
from springback.verbs.book import word_of
from springback.verbs.console import Console
from springback.verbs.daily import check_files
from springback.verbs.trade_spoken import say, show_status
from springback.workflow.accounts import asking, vendor_of
from springback.workflow.inputs import Inputs, Request
from springback.workflow.places import models_folder
from springback.workflow.settings import Settings, choose
from springback.workflow.sources import has_store
from springback.workflow.trade_asked import check_clock, check_session
from springback.workflow.trade_check import check
from springback.workflow.trade_clock import Ended, TradeClock, by_new_york, instant
from springback.workflow.trade_collect import collect
from springback.workflow.trade_gate import OpenGate, Override, check_gate, check_unopened
from springback.workflow.trade_outcome import FAILED, TradeOutcome
from springback.workflow.trade_reconcile import reconcile
from springback.workflow.trade_requests import Attention
from springback.workflow.trade_send import send
from springback.workflow.trade_service import Acts, evening, page, serve
from springback.workflow.trade_status import account_folder, opened, status_of
from springback.workflow.trader import Entrance, TradingAccount, trading_account

STEPS: Mapping[str, Callable[..., TradeOutcome]] = {"send": send, "check": check, "collect": collect, "reconcile": reconcile}
"""Steps that need the account and a session alone; `decide` also asks for data."""


@dataclass(frozen=True)
class Options:
    """What was asked for: a `step` (empty: the service) of the account at a `broker`, with real money or not, for a `session`, at a time
    that is set (`clock`), and `until` when; the evening's data come from `source`, whose `keys` lie in a file.
    """

    step: str
    broker: str
    live: bool
    session: date | None
    clock: str | None
    until: str | None
    source: str | None
    keys: Path | None


@dataclass(frozen=True)
class Places:
    """Where store and models lie, where the options name them."""

    store: Path | None
    models: Path | None


def run(
    console: Console,
    options: Options,
    desk: Path,
    file: Path | None,
    sets: list[str] | None,
    places: Places,
    override: Override | None = None,
) -> int:
    """Does the step, or serves until it is ended; the exit code. Raises `InputError` on words that mean nothing."""
    if options.step not in {"", "decide", *STEPS}:
        raise InputError(f"trade takes decide, {', '.join(STEPS)} or nothing, was '{options.step}'", value=options.step)
    settings, over = choose(file, sets), Event()
    clock, until = TradeClock(instant("--clock", options.clock), over), instant("--until", options.until)
    models, vendor = models_folder(places.models), _vendor(options, places)
    check_session(options.session, settings, clock, options.step in {"", "decide"})
    gate = None
    if options.live and not opened(desk / settings.brokers.account):
        gate = partial(check_unopened, desk, settings, options.broker, models, override)
    entrance = Entrance(options.keys, gate)
    with _failing(), trading_account(desk, settings, options.broker, options.live, clock, places.store, models, entrance) as account:
        if options.live:
            _say_gate(console, check_gate(account, desk, settings, override))
        check_clock(account, clock)
        steps = _steps(console, account, clock, options, vendor)
        if options.step:
            return _said(console, account, steps[options.step]())
        with _ended_by(over):
            return _serve(console, account, clock, steps, until)


@contextmanager
def _failing() -> Iterator[None]:
    """A disk that takes nothing is a failure of the step and no wrong word of who called it; an account that another holds is."""
    try:
        yield
    except Taken:
        raise
    except Unwritable as error:
        error.exit_code = FAILED
        raise


def typed(account: str, by: str, why: str) -> Override | None:
    """What a person typed to open the gate of an account by hand; None where nothing was. Raises `InputError` where it is not signed."""
    if account and not why:
        raise InputError("an override is signed: say why with --why", value=account)
    return Override(account, word_of(by, why)) if account else None


def _say_gate(console: Console, gate: OpenGate) -> None:
    """What real money stands on."""
    verdict = gate.verdict
    told = {"champion": verdict.champion, "validation": verdict.validation, "audit": verdict.audit, "override": gate.override}
    console.payload["gate"] = told
    console.say(f"real money; champion {verdict.champion or '-'}: validation {verdict.validation}, audit {verdict.audit}")
    for text in gate.against:
        console.say(f"  opened by hand ({gate.override}): {text}")


def _vendor(options: Options, places: Places) -> str | None:
    """Who is asked for the evening's data. Raises `InputError`, `MissingData` on a store, vendor or file of keys that cannot be."""
    if places.store is not None and not has_store(places.store):
        raise MissingData(f"{places.store} holds no store: fill it with 'springback fetch --store {places.store}', or leave --store out")
    store = places.store or usual("store")
    vendor = vendor_of(store, options.source)
    if options.broker == "simulated":
        check_files({} if options.keys is None else {"keys": options.keys}, vendor)
    if not has_store(store) and (options.broker == "simulated" or (options.step in {"", "decide"} and vendor is None)):
        raise MissingData(f"{store} holds no store: run 'springback fetch' first")
    return vendor


def _steps(
    console: Console, account: TradingAccount, clock: TradeClock, options: Options, vendor: str | None
) -> dict[str, Callable[[], TradeOutcome]]:
    inputs = Inputs(store=account.live.store, request=Request(keys=options.keys))
    fetch = asking(account.live, inputs, vendor, clock, console) if vendor else None
    own = {name: partial(one, account, clock, options.session, console) for name, one in STEPS.items()}
    return {"decide": partial(evening, account, clock, fetch, console, options.session), **own}


def _serve(
    console: Console, account: TradingAccount, clock: TradeClock, steps: Mapping[str, Callable[[], TradeOutcome]], until: datetime | None
) -> int:
    code = 0
    acts: Acts = {
        "decide": steps["decide"],
        "send": steps["send"],
        "night": steps["reconcile"],
        "check": steps["check"],
        "page": partial(page, account, clock),
        "collect": steps["collect"],
        "morning": steps["reconcile"],
    }
    try:
        for outcome in serve(account, clock, acts, until, Attention(account, clock)):
            code = _said(console, account, outcome)
    except Ended:
        console.say(f"ended as asked, at {by_new_york(clock.now())}: nothing is half done, the same command goes on")
    return code


@contextmanager
def _ended_by(over: Event) -> Iterator[None]:
    """A request to end the process is heard at the next wait."""
    if current_thread() is not main_thread():
        yield
        return
    before = {one: signal.signal(one, lambda *_: over.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _said(console: Console, account: TradingAccount, outcome: TradeOutcome) -> int:
    console.payload["trade"] = {**asdict(outcome), "facts": dict(outcome.facts)}
    say(console, account, outcome)
    return outcome.code


def status(console: Console, desk: Path, file: Path | None, sets: list[str] | None) -> None:
    """One screen of how the account stands."""
    settings: Settings = choose(file, sets)
    found = status_of(account_folder(desk, settings, traded=True), settings, datetime.now(UTC))
    console.payload |= asdict(found)
    show_status(console, found)
