"""The trader's records only grow, and a booking that the broker changed stands as it is now."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from springback.errors import InputError, StateError
from springback.state.state import State
from springback.state.tables import TABLE_OF
from springback.state.trading_rows import Adoption, Step
from tests.state.samples import AT, BOOKED, FRIDAY, LATER, ME, MONDAY, RECORDS


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: type(one).__name__)
def test_a_record_is_kept_as_it_is_and_never_changed(url: str, record: Step) -> None:
    state = State(url)
    assert state.kept(ME, type(record)) == () and state.newest(ME, type(record)) is None
    first, second = state.keep(ME, record), state.keep(ME, replace(record, at=LATER))
    assert first == replace(record, n=1) and second == replace(record, at=LATER, n=2)
    assert State(url).kept(ME, type(record)) == (first, second) and state.newest(ME, type(record)) == second
    assert state.kept("other", type(record)) == ()
    table = TABLE_OF[type(record)]
    for statement in (table.update().values(at=LATER), table.delete()):
        with pytest.raises(StateError, match="never changed"), state._writing() as connection:
            connection.execute(statement)


def test_records_are_found_by_their_session(url: str) -> None:
    state = State(url)
    friday, monday = state.keep(ME, RECORDS[0]), state.keep(ME, replace(RECORDS[0], session=MONDAY))
    assert state.kept(ME, Step, FRIDAY) == (friday,) and state.kept(ME, Step, since=MONDAY) == (monday,)


def test_a_booking_counts_once_and_as_the_broker_has_it_now(url: str) -> None:
    state = State(url)
    assert state.book(ME, BOOKED, replace(BOOKED, heard_at=LATER)) == (replace(BOOKED, n=1),)
    assert state.book(ME, replace(BOOKED, heard_at=LATER + timedelta(days=1))) == ()
    (changed,) = state.book(ME, replace(BOOKED, status="canceled", heard_at=LATER))
    assert changed.n == 2 and state.bookings(ME) == (changed,)


def test_shares_are_ours_with_a_price_and_a_session_alone() -> None:
    with pytest.raises(InputError, match="give both"):
        Adoption("AAPL", "ours", Decimal(1), None, FRIDAY, AT, "ann")
    with pytest.raises(InputError, match="must be one of ours, foreign"):
        Adoption("AAPL", "mine", Decimal(1), 1.0, FRIDAY, AT, "ann")
