"""The timetable by New York's clock: half days, daylight saving between decision and open, closures, and the quiet before every open."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as draw

from springback.data.hours import between, following, hours_of
from springback.errors import SettingsError
from springback.trading.execution_settings import Execution
from springback.trading.timetable import Timetable, timetable

NEW_YORK = ZoneInfo("America/New_York")
DAYS = [one.day for one in between(date(2024, 1, 2), date(2026, 12, 30))]


def table(session: str | date, at_once: bool = False, closed: tuple[str, ...] = (), **knobs: object) -> Timetable:
    """The timetable of a session by the exchange's calendar."""
    own = hours_of(date.fromisoformat(str(session)))
    after = following(own.day, closed)
    return timetable(own.day, own.closes, after.opens, after.closes, Execution(**knobs), 30, at_once)  # type: ignore[arg-type]


def clock(instant: datetime) -> str:
    """Day and time in New York."""
    return f"{instant.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def utc(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_ordinary_evening_and_morning() -> None:
    one = table("2026-03-03")
    assert [clock(act.start)[5:] for act in one.acts()] == [
        *("03-03 16:30", "03-03 19:05", "03-04 03:00", "03-04 08:30", "03-04 09:20", "03-04 09:30", "03-04 10:00"),
    ]
    assert (clock(one.quiet), clock(one.collected), clock(one.end)) == ("2026-03-04 09:26", "2026-03-04 09:45", "2026-03-04 16:30")


def test_orders_go_out_at_once_where_the_broker_takes_them() -> None:
    assert clock(table("2026-03-03", at_once=True).send) == "2026-03-03 16:30"


def test_row_39_after_a_half_day_alpaca_still_waits_for_the_evening() -> None:
    one = table("2026-11-27")  # the day after Thanksgiving closes at 13:00
    assert (clock(one.decide), clock(one.send), clock(one.opens)) == ("2026-11-27 13:30", "2026-11-27 19:05", "2026-11-30 09:30")
    assert clock(table("2026-11-27", at_once=True).send) == "2026-11-27 13:30"
    assert clock(table("2026-11-25").end) == "2026-11-27 13:30"


def test_row_39_before_a_holiday_the_orders_are_for_the_session_after_it() -> None:
    one = table("2026-12-24")  # a half day, then Christmas and a weekend
    assert clock(one.send) == "2026-12-24 19:05" and clock(one.check) == "2026-12-28 08:30"


def test_row_39_an_unscheduled_closure_moves_the_morning() -> None:
    one = table("2026-03-03", closed=("2026-03-04",))
    assert clock(one.send) == "2026-03-03 19:05" and clock(one.opens) == "2026-03-05 09:30" and clock(one.night) == "2026-03-05 03:00"


@pytest.mark.parametrize(
    ("session", "send", "opens"),
    [("2026-03-06", "2026-03-07T00:05", "2026-03-09T13:30"), ("2026-10-30", "2026-10-30T23:05", "2026-11-02T14:30")],
)
def test_row_38_daylight_saving_begins_or_ends_between_decision_and_open(session: str, send: str, opens: str) -> None:
    one = table(session)
    assert (one.send, one.opens, one.quiet) == (utc(send), utc(opens), utc(opens) - timedelta(minutes=4))
    assert clock(one.check)[11:] == "08:30" and clock(one.night)[11:] == "03:00"


@given(draw.sampled_from(DAYS), draw.integers(-1, 1441 * 4))
def test_nothing_may_be_sent_in_the_minutes_before_any_open(day: date, minutes: int) -> None:
    one = table(day)
    now = one.decide + timedelta(minutes=minutes)
    if "09:26" <= clock(now)[11:] < "09:30" and clock(now)[:10] == clock(one.opens)[:10]:
        assert one.phase(now) == "quiet" and one.due(now, ("decide",)) is None and not one.collecting(now)
    if one.phase(now) == "sending":
        assert one.send <= now < one.quiet


@given(draw.sampled_from(DAYS))
def test_a_day_s_acts_follow_each_other_and_the_next_one_s(day: date) -> None:
    one = table(day)
    starts = [act.start for act in one.acts()]
    assert starts == sorted(starts) and all(act.start < act.end for act in one.acts())
    assert one.end == table(following(day).day).decide


def test_what_is_done_is_not_due_again_and_what_is_too_late_never() -> None:
    one = table("2026-03-03")
    evening = one.send + timedelta(minutes=1)
    assert [act and act.name for act in (one.due(evening), one.due(evening, ("decide",)), one.due(evening, ("decide", "send")))] == [
        *("decide", "send", None),
    ]
    late = one.opens + timedelta(minutes=1)
    assert one.due(late) is not None and {act.name for act in one.acts() if act.start <= late < act.end} == {"collect"}
    after = one.following(evening, ("decide",))
    assert after is not None and after.name == "night"


@pytest.mark.parametrize(
    "knobs", [{"open": "close"}, {"unfilled": "x"}, {"send_at": "18:59"}, {"check_at": "late"}, {"quiet": 1}, {"page_at": "08:00"}]
)
def test_what_cannot_be_is_refused(knobs: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=r"execution\."):
        Execution(**knobs)  # type: ignore[arg-type]
