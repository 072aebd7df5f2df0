"""The state keeps what it is told, on either database, and gives back the same."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from springback.errors import InputError, StateError
from springback.market.prose import Prose
from springback.state.rows import Alarm, Attempt, BookEvent, Evening, Halt, Incident, Request, Restriction
from springback.state.state import State
from tests.state.samples import AT, FRIDAY, LATER, ME, MONDAY, TUESDAY, WHY, event


def test_what_is_kept_comes_back_by_another_hand(url: str) -> None:
    state = State(url)
    evening = state.freeze(ME, Evening(FRIDAY, "frozen", "ab" * 32, AT))
    events = state.record(ME, event(), event(kind="cash", symbol="", price=None, quantity=-1e9))
    halt = state.halt(ME, Halt("name", "unexplained", WHY, "ann", AT, "BRK.B"))
    restriction = state.restrict(ME, Restriction("AAPL", FRIDAY, None, WHY, "ann", AT))
    incident = state.open_incident(ME, Incident("data.late", AT, None, WHY, "springback daily"))
    alarm = state.raise_alarm(ME, Alarm("0a1b", FRIDAY, 5.25, 1 / 7))
    attempt = state.attempt(ME, Attempt("retraining", AT, FRIDAY, "kept", WHY))
    other = State(url)
    assert other.evenings(ME) == (evening,) and other.evening(ME, FRIDAY) == evening and other.evening(ME, MONDAY) is None
    assert other.book_events(ME) == events and [one.n for one in events] == [1, 2] and other.book_events(ME, after=1) == events[1:]
    assert other.halts(ME) == (halt,) and other.restrictions(ME) == (restriction,) and other.incidents(ME) == (incident,)
    assert other.alarms(ME) == (alarm,) and other.attempts(ME, "retraining") == (attempt,) and other.attempts(ME, "review") == ()
    for row in (evening, *events, halt, restriction, incident, alarm, attempt):
        for field in dataclasses.fields(row):
            kept = getattr(row, field.name)
            assert not isinstance(kept, datetime) or kept == AT
    found = other.book_events(ME)[0]
    assert isinstance(found.why, Prose) and found.at.utcoffset() == timedelta(0) and type(found.session) is date


def test_a_moment_shows_nothing_that_is_written_meanwhile(url: str) -> None:
    """Of one thread, by one connection; whoever reads elsewhere sees it, and so does the thread afterwards."""
    state, other = State(url), State(url)
    state.halt(ME, Halt("entries", "pause", WHY, "ann", AT))
    with state.moment():
        assert len(state.halts(ME)) == 1
        other.halt(ME, Halt("entries", "losses", WHY, "ann", AT))
        state.open_incident(ME, Incident("a", AT, None, WHY, "springback daily"))
        assert len(state.halts(ME)) == 1 and state.incidents(ME) == ()
        assert len(other.halts(ME)) == 2
        with ThreadPoolExecutor(1) as thread:
            assert len(thread.submit(state.halts, ME).result()) == 2
    assert len(state.halts(ME)) == 2 and len(state.incidents(ME)) == 1


def test_accounts_do_not_see_each_other(url: str) -> None:
    state = State(url)
    for account in ("paper", "live"):
        state.freeze(account, Evening(FRIDAY, "frozen", account, AT))
        assert [one.n for one in state.record(account, event(), event())] == [1, 2]
        state.halt(account, Halt("entries", "pause", WHY, "ann", AT))
    assert [one.hash for one in state.evenings("live")] == ["live"] and len(state.book_events("paper")) == 2
    state.lift("paper", 1, "ann", LATER)
    assert not state.halts("paper") and state.halts("live") and not state.halts("desk")
    with pytest.raises(InputError, match="the account must have a name"):
        state.record(" ", event())


def test_an_evening_is_frozen_once(url: str) -> None:
    state, first = State(url), Evening(FRIDAY, "frozen", "ab" * 32, AT)
    assert state.freeze(ME, first) == first
    assert state.freeze(ME, dataclasses.replace(first, frozen_at=LATER)) == first
    with pytest.raises(StateError, match="a decision is never changed") as refused:
        state.freeze(ME, Evening(FRIDAY, "late", "cd" * 32, LATER))
    assert refused.value.session == FRIDAY and "2026-11-27 21:30 UTC (frozen, hash abababababab)" in str(refused.value)
    assert state.evenings(ME) == (first,)


def test_a_halt_holds_until_it_is_lifted_and_stays_in_the_history(url: str) -> None:
    state = State(url)
    pause = state.halt(ME, Halt("entries", "pause", WHY, "ann", AT))
    assert state.halt(ME, Halt("entries", "pause", Prose("again"), "bob", LATER)) == pause
    other = state.halt(ME, Halt("name", "price", WHY, "guard", AT, "AAPL"))
    assert state.halts(ME) == (pause, other) and other.n == 2
    lifted = state.lift(ME, pause.n, "bob", LATER)
    assert (lifted.lifted_by, lifted.lifted_at) == ("bob", LATER)
    assert state.halts(ME) == (other,) and state.halts(ME, history=True) == (lifted, other)
    with pytest.raises(InputError, match="no halt 1 of account desk is in force"):
        state.lift(ME, pause.n, "bob", LATER)
    assert state.halt(ME, Halt("entries", "pause", WHY, "ann", LATER)).n == 3


def test_a_name_is_restricted_from_its_first_day_to_its_last(url: str) -> None:
    state = State(url)
    week = state.restrict(ME, Restriction("AAPL", FRIDAY, MONDAY, WHY, "ann", AT))
    ever = state.restrict(ME, Restriction("MSFT", MONDAY, None, WHY, "ann", AT))
    days = (date(2026, 11, 25), FRIDAY, MONDAY, TUESDAY)
    assert [state.restricted(ME, day) for day in days] == [(), (week,), (week, ever), (ever,)]
    gone = state.unrestrict(ME, ever.n, "bob", LATER)
    assert state.restricted(ME, TUESDAY) == () and state.restrictions(ME) == (week, gone)
    with pytest.raises(InputError, match="has no restriction 2"):
        state.unrestrict(ME, ever.n, "bob", LATER)


def test_one_cause_is_one_incident_until_it_ends(url: str) -> None:
    state = State(url)
    first = state.open_incident(ME, Incident("data.late", AT, FRIDAY, WHY, "springback daily"))
    assert state.open_incident(ME, Incident("data.late", LATER, MONDAY, Prose("still"), "springback daily")) == first
    assert state.notify(ME, first.n, "opening", LATER).heard == "opening"
    closed = state.close_incident(ME, "data.late", LATER)
    assert closed is not None and closed.closed_at == LATER and state.close_incident(ME, "data.late", LATER) is None
    assert state.open_incident(ME, Incident("data.late", LATER, MONDAY, WHY, "springback daily")).n == 2
    assert [one.n for one in state.incidents(ME)] == [2] and state.incidents(ME, history=True)[0] == closed
    with pytest.raises(InputError, match="no incident 9"):
        state.notify(ME, 9, "end", LATER)


def test_a_request_is_open_until_it_is_answered(url: str) -> None:
    state = State(url)
    one = state.ask(ME, Request("resume", "1 3", True, "ann", WHY, AT))
    other = state.ask(ME, Request("resume", "", False, "bob", WHY, LATER))
    assert State(url).requests(ME) == (one, other) and State(url).requests("another") == ()
    answered = state.answer(ME, one.n, "done", Prose("two are lifted"), LATER)
    assert (answered.outcome, str(answered.words), answered.answered_at) == ("done", "two are lifted", LATER)
    assert state.requests(ME) == (other,) and state.requests(ME, history=True) == (answered, other)
    with pytest.raises(InputError, match="no open request 1"):
        state.answer(ME, one.n, "done", WHY, LATER)


def test_an_alarm_is_in_force_until_it_is_cleared(url: str) -> None:
    state = State(url)
    alarm = state.raise_alarm(ME, Alarm("0a1b", FRIDAY, 5.25, 4.0))
    assert state.raise_alarm(ME, Alarm("0a1b", MONDAY, 6.0, 4.0)) == alarm
    assert state.clear_alarm(ME, "0a1b", "ann", LATER).cleared_by == "ann" and state.alarms(ME) == ()
    assert len(state.alarms(ME, history=True)) == 1
    with pytest.raises(InputError, match="no alarm of model 0a1b"):
        state.clear_alarm(ME, "0a1b", "ann", LATER)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: event(price=float("nan")), "price of bookevent must be finite, was nan"),
        (lambda: event(at=datetime(2026, 11, 27)), "must be an instant with its zone"),  # noqa: DTZ001
        (lambda: event(symbol="A\0"), "a character that no database keeps"),
        (lambda: event(why=Prose("\ud800")), "a character that no database keeps"),
        (lambda: Evening(FRIDAY, "lost", "", AT), "must be one of frozen, deadline, late, was 'lost'"),
        (lambda: Halt("names", "x", WHY, "ann", AT), "must be one of name, entries, all, was 'names'"),
        (lambda: Halt("name", "x", WHY, "ann", AT), "a halt of scope 'name' has a symbol"),
        (lambda: Halt("all", "x", WHY, "ann", AT, "AAPL"), "a halt of scope 'name' has a symbol"),
        (lambda: Restriction("AAPL", MONDAY, FRIDAY, WHY, "ann", AT), "the end must not lie before the start"),
    ],
)
def test_what_no_database_would_give_back_is_refused(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
ZONES = st.timezones() | st.just(timezone.utc)  # noqa: UP017
EVENTS = st.builds(
    BookEvent,
    at=st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=ZONES),  # noqa: DTZ001
    session=st.dates(date(1980, 1, 1), date(2100, 1, 1)),
    kind=WORDS,
    symbol=WORDS,
    quantity=NUMBERS,
    price=st.none() | NUMBERS,
    by=WORDS,
    why=WORDS.map(Prose),
    n=st.just(0),
)


@given(events=st.lists(EVENTS, min_size=1, max_size=4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_event_comes_back_to_the_last_bit(url: str, events: list[BookEvent]) -> None:
    shared = State(url)
    before = len(shared.book_events(ME))
    kept = shared.record(ME, *events)
    assert [dataclasses.replace(one, n=0) for one in kept] == events
    assert shared.book_events(ME, after=before) == kept


def test_a_database_that_is_kept_open_brings_its_log_in_once(new: Callable[[str], str]) -> None:
    file = new("sqlite")
    state, log = State(file), Path(f"{file}-wal")
    with state.kept_open():
        for _ in range(3):
            state.record(ME, event())
            assert log.stat().st_size > 0, "the log stays between two transactions"
        assert len(State(file).book_events(ME)) == 3
    assert not log.exists() and len(state.book_events(ME)) == 3


def test_what_cannot_be_kept_open_is_used_all_the_same(url: str) -> None:
    state = State(url)
    with state.kept_open(), state.kept_open():
        state.record(ME, event())
    assert len(state.book_events(ME)) == 1
