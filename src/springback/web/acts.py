"""What an operator does: kept as begun before it is done, the password asked for again, by what the verb of its name calls."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from springback.errors import InputError, MissingData, SpringbackError
from springback.market.prose import Prose
from springback.state.rows import Attempt, Halt
from springback.web.dashboard import Dashboard, Outcome, lost
from springback.web.entrance import refusal
from springback.web.form import Form
from springback.web.page import Tone
from springback.web.visit import Visit
from springback.workflow import book, champions, halting, watch
from springback.workflow.book import Word
from springback.workflow.champions import Registry
from springback.workflow.champions import Word as Signature
from springback.workflow.evening import LiveAccount
from springback.workflow.halting import Claim
from springback.workflow.studies import studies
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_halting import traded, venue_of
from springback.workflow.trade_requests import ACT, ANSWERED, ASKED, REFUSED, ask
from springback.workflow.trade_service import last_beat
from springback.workflow.trade_status import alive
from springback.workflow.versions import asked, sign

ALL, DONE = "all of them", "done"
FRESH = timedelta(minutes=10)
"""How long a page says what came of an act: an address that somebody kept, or sent, tells of none that was just done."""
SIMULATED = "simulated"
"""The broker that is of this machine."""


@dataclass(frozen=True)
class Asked:
    """What the trader was asked to do, in words."""

    words: str


@dataclass(frozen=True)
class Deed:
    """An act: the page on which it stands and is answered, and its work, which says in words what came of it."""

    page: str
    work: Callable[[Visit, Form, Word], str | Asked]


async def act(dashboard: Dashboard, request: Request) -> Response:
    """One act of an operator."""
    form = await dashboard.form(request)
    return await run_in_threadpool(_act, dashboard, request, form)


def _act(dashboard: Dashboard, request: Request, form: Form) -> Response:
    session, deed = dashboard.session(request), DEEDS.get(request.path_params["name"])
    if session is None:
        return dashboard.way_in(request)
    visit = dashboard.visit(request, session)
    if visit is None or visit.desk is None or deed is None:
        return lost()
    if not session.operator:
        outcome = Outcome("Only an operator may do this: sign in as one.", "bad", 403)
    elif not form.ours:
        outcome = Outcome("Send the form again.", "bad", 403)
    else:
        done = refusal(dashboard, request, form, "operator") or _done(visit, request.path_params["name"], deed, form)
        if isinstance(done, Attempt):  # to a page that may be read again without doing it again
            return RedirectResponse(visit.address(deed.page, act=str(done.n)), 303)
        outcome = done
    after = Visit(dashboard.desks, visit.desk, visit.role)
    return dashboard.whole(request, after, deed.page, outcome)


def outcome_of(visit: Visit) -> Outcome:
    """What came of the act that the query names, as the trader answered where it was asked; nothing where it names none."""
    number = visit.query.get("act", "")
    known = visit.account.state.attempts(visit.account.name, begins=f"{ACT} ") if number.isdecimal() and visit.desk is not None else ()
    since = datetime.now(UTC) - FRESH
    rows = [one for one in known if str(one.n) == number and one.at > since]
    if rows and rows[0].outcome == ASKED:
        later = [one for one in known if one.n > rows[0].n and one.kind == rows[0].kind and one.outcome in (ANSWERED, REFUSED)]
        rows = later[:1] or rows
    tones: dict[str, Tone] = {DONE: "good", ASKED: "warn"}
    return Outcome(str(rows[0].detail), tones.get(rows[0].outcome, "bad")) if rows else Outcome()


def _done(visit: Visit, name: str, deed: Deed, form: Form) -> Attempt | Outcome:
    """Keeps that the act begins, does it, and keeps what came of it; why it was not done, where it was not."""
    try:
        word = Word(form.of("by") or "operator", datetime.now(UTC), form.of("why"))
        _keep(visit, name, "begun", f"by {word.by}{f': {word.why}' if word.why else ''}")
    except SpringbackError as error:
        return Outcome(f"Nothing was done: {error}", "bad", 500)
    try:
        done = deed.work(visit, form, word)
    except SpringbackError as error:
        with suppress(SpringbackError):
            _keep(visit, name, REFUSED, str(error))
        return Outcome(str(error), "bad", 409)
    words, outcome = (done.words, ASKED) if isinstance(done, Asked) else (done, DONE)
    try:
        return _keep(visit, name, outcome, words)
    except SpringbackError as error:
        return Outcome(f"{words} It is done, but that could not be kept: {error}", "warn")


def _keep(visit: Visit, name: str, outcome: str, words: str) -> Attempt:
    session = date.fromisoformat(visit.sessions[-1]) if visit.sessions else visit.now.date()
    row = Attempt(f"{ACT} {name}", datetime.now(UTC), session, outcome, Prose(words))
    return visit.account.state.attempt(visit.account.name, row)


def _pause(visit: Visit, _: Form, word: Word) -> str:
    book.paused(visit.account, word)
    return "No entries from now on; exits go on. Resume lifts it."


def _resume(visit: Visit, form: Form, word: Word) -> str | Asked:
    """Of the halts that the page showed those that are chosen. At a broker's account its trader lifts them: no page waits for a broker."""
    own, desk, only = visit.account, visit.desk, form.of("only").split()
    every = form.of("only") == ALL
    chosen = form.of("known").split() if every else only[:1]
    numbers, file = [one.n for one in halting.liftable(own) if str(one.n) in chosen], every and form.of("file") == "yes"
    venue = venue_of(own) if desk is not None and desk.broker else None
    if desk is not None and venue is not None and alive(desk.folder, visit.now):
        busy = (last_beat(desk.folder) or {}).get("act")
        if busy:
            raise InputError(f"the trader is at work ({busy}) and lifts nothing meanwhile: ask again in a minute")
        ask(own, numbers, file, word)
        return Asked("The trader was asked, and does it within seconds, once the broker said how the account stands.")
    if venue is None:
        return _lifted(own, halting.resumed(own, word, numbers, file=file))
    if venue[0] != SIMULATED:
        raise InputError(f"no trader runs that could ask the broker how the account stands: run 'springback resume --account {own.name}'")
    clock = TradeClock()
    trading = traded(own, venue, clock)
    check = None if trading is None else partial(halting.checked, trading, clock)
    return _lifted(own, halting.resumed(own, word, numbers, check, file))


def _lifted(own: LiveAccount, lifted: tuple[Halt, ...]) -> str:
    left = len(halting.liftable(own))
    return f"{len(lifted)} halts are lifted, {left} stay." if lifted else "No halt was lifted."


def _flatten(visit: Visit, form: Form, word: Word) -> str:
    if form.of("word").strip() != visit.account.name:
        raise InputError(f"to close every position type the account's name, {visit.account.name}")
    halting.flattened(visit.account, word)
    return "No entries, and an exit of every position at the next opens, until somebody resumes."


def _adopt(visit: Visit, form: Form, word: Word) -> str:
    try:
        shares = Decimal(form.of("quantity")) if form.of("quantity") else None
        price = float(form.of("price")) if form.of("price") else None
        opened = date.fromisoformat(form.of("opened")) if form.of("opened") else None
    except (InvalidOperation, ValueError):
        raise InputError("shares and price are numbers, the opening a date such as 2026-03-02") from None
    kept = halting.adopted(visit.account, Claim(form.of("symbol").strip().upper(), form.of("claim"), shares, price, opened), word)
    return f"{kept.symbol} is {kept.claim}: {kept.quantity:f} shares."


def _registry(visit: Visit) -> Registry:
    return Registry(visit.models, visit.settings.retraining, visit.store, ledger_file=visit.account.ledger)


def _promote(visit: Visit, form: Form, word: Word) -> str:
    newest = visit.sessions[-1] if visit.sessions else ""
    timeline = champions.promote(_registry(visit), form.of("name"), Signature(word.by, word.why), form.of("override"), newest)
    return f"{timeline.champion} is champion from the next session on."


def _roll_back(visit: Visit, _: Form, word: Word) -> str:
    newest = visit.sessions[-1] if visit.sessions else ""
    timeline = champions.roll_back(_registry(visit), Signature(word.by, word.why), newest)
    return f"{timeline.champion} is champion again from the next session on."


def _clear_alarm(visit: Visit, _: Form, word: Word) -> str:
    state = watch.clear(visit.account.folder.path, word.by, visit.account.state, word.at)
    return f"The alarm over {state.champion} is cleared: new entries have their whole size again."


def _apply_review(_: Visit, form: Form, word: Word) -> str:
    known, quarter, only = studies("review"), form.of("quarter"), form.of("only")
    if quarter not in known:
        raise MissingData(f"there is no review of {quarter[:16]}: choose one of the list")
    if not form.of("by").strip():
        raise InputError("a version of the settings is signed by a person: say who")
    signed = sign(asked(known[quarter].parent / "review.json", () if only == ALL else (only,)), word.by)
    return f"Settings version {signed.number} is signed by {signed.by}; it changes {', '.join(signed.changed) or 'nothing'}."


DEEDS: Mapping[str, Deed] = {
    "pause": Deed("today", _pause),
    "resume": Deed("today", _resume),
    "flatten": Deed("positions", _flatten),
    "adopt": Deed("positions", _adopt),
    "promote": Deed("models", _promote),
    "rollback": Deed("models", _roll_back),
    "clear-alarm": Deed("models", _clear_alarm),
    "apply-review": Deed("review", _apply_review),
}
"""Every act but kill, which has its own door."""
