"""A person hears once of each incident and once of its end, once a day that all is well, and of no cause too often."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.alerting.alert_settings import Alerts
from springback.alerting.channels import Channels
from springback.alerting.notices import News, due, notify
from springback.errors import SettingsError
from springback.market.prose import Prose
from springback.state.rows import Incident
from springback.state.state import State
from tests.alerting.listeners import free_port, mail

AT = datetime(2026, 11, 27, 21, 30, tzinfo=UTC)
FRIDAY = date(2026, 11, 27)
HOUR = timedelta(hours=1)
ME, QUIET = "paper", 6 * HOUR
LATE = Incident("data.late", AT, FRIDAY, Prose("no bar of 2026-11-27 yet"), "springback daily")
NEWS = News(FRIDAY, Prose("5 entries, 3 exits"))


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


def test_an_incident_is_one_message_and_its_end_another(state: State) -> None:
    with mail() as server:
        channels = Channels({"urls": [server.url]})
        for k in range(3):  # an evening that asks every 10 minutes
            state.open_incident(ME, dataclasses.replace(LATE, opened_at=AT + k * HOUR))
            assert notify(state, ME, channels, Alerts(), AT + k * HOUR).sent == (k == 0)
        state.close_incident(ME, "data.late", AT + 3 * HOUR)
        assert [notify(state, ME, channels, Alerts(), AT + 3 * HOUR).sent for _ in range(2)] == [1, 0]
        (first, opening), (second, end) = server.letters
    assert (first, second) == ("Springback, account paper: data.late", "Springback, account paper: data.late is over")
    assert opening == ("no bar of 2026-11-27 yet\nsince 2026-11-27 21:30 UTC\nsession: 2026-11-27\nwhat resolves it: springback daily")
    assert "from 2026-11-27 21:30 UTC to 2026-11-28 00:30 UTC" in end


def test_once_a_session_it_is_said_that_all_is_well_or_what_is_open(state: State) -> None:
    with mail() as server:
        channels = Channels({"urls": [server.url]})
        assert [notify(state, ME, channels, Alerts(), AT, NEWS).sent for _ in range(3)] == [1, 0, 0]
        state.open_incident(ME, LATE)
        later = AT + 24 * HOUR
        assert notify(state, ME, channels, Alerts(), later, News(date(2026, 11, 30), Prose("nothing"))).sent == 2
        assert notify(state, ME, channels, Alerts(daily=False), later, News(date(2026, 12, 1), Prose("nothing"))).sent == 0
        titles, bodies = zip(*server.letters, strict=True)
    assert titles[0] == "Springback, account paper, 2026-11-27: all is well" and bodies[0] == "5 entries, 3 exits"
    assert titles[2] == "Springback, account paper, 2026-11-30: 1 incident is open" and "springback daily" in bodies[2]


def test_what_was_not_delivered_is_said_and_sent_at_the_next_call(state: State) -> None:
    port = free_port()
    channels = Channels({"urls": [f"mailto://ann:s3cret@127.0.0.1:{port}?from=desk@example.com&to=ann@example.com"]})
    state.open_incident(ME, LATE)
    notices = notify(state, ME, channels, Alerts(timeout=0.5), AT, NEWS)
    assert notices.sent == 0 and notices.faults == (
        "channel 1 (mailto) did not take the message: check its address, 'springback alert' tries it",
    )
    with mail(port) as server:
        channels = Channels({"urls": [server.url]})
        assert notify(state, ME, channels, Alerts(), AT + timedelta(minutes=10), NEWS).sent == 2
        assert len(server.letters) == 2
    assert state.incidents(ME)[0].notified_at == AT + timedelta(minutes=10)


def test_a_channel_that_fails_does_not_silence_the_other(state: State) -> None:
    with mail() as server:
        channels = Channels({"urls": [f"json://127.0.0.1:{free_port()}/s3cret", "nonsense://s3cret", server.url]})
        state.open_incident(ME, LATE)
        notices = notify(state, ME, channels, Alerts(timeout=0.5), AT)
        assert notices.sent == 1 and len(server.letters) == 1 and len(notices.faults) == 2
        assert "channel 1 (json)" in notices.faults[0] and "channel 2 (nonsense) is no address" in notices.faults[1]
        assert "s3cret" not in "".join(notices.faults)


def test_without_a_channel_nothing_is_due_and_nothing_lost(state: State) -> None:
    state.open_incident(ME, LATE)
    assert notify(state, ME, Channels({}), Alerts(), AT, NEWS) == notify(state, ME, Channels({}), Alerts(), AT)
    with mail() as server:
        assert notify(state, ME, Channels({"urls": [server.url]}), Alerts(), AT + HOUR, NEWS).sent == 2


def test_what_ended_before_it_was_told_is_one_message_unless_it_is_long_ago() -> None:
    closed = dataclasses.replace(LATE, closed_at=AT + HOUR)
    assert list(due([closed], AT + 2 * HOUR, QUIET)) == [(closed, "end")]
    assert list(due([closed], AT + 8 * HOUR, QUIET)) == []


STEPS = st.lists(st.tuples(st.sampled_from(["open", "close", "wait"]), st.integers(1, 90), st.booleans()), max_size=60)


@given(steps=STEPS)
def test_no_cause_is_told_too_often_and_none_is_forgotten(steps: Sequence[tuple[str, int, bool]]) -> None:
    """However an incident comes and goes and channels fail: a cause begins to speak every 6 hours, and what was told open is told ended."""
    at, incidents, messages = AT, list[Incident](), list[tuple[str, int, datetime]]()
    for act, minutes, works in [*steps, *[("wait", 90, True)] * 6]:
        at += timedelta(minutes=minutes)
        is_open = bool(incidents) and incidents[-1].closed_at is None
        if act == "open" and not is_open:
            incidents.append(dataclasses.replace(LATE, opened_at=at, n=len(incidents) + 1))
        if act == "close" and is_open:
            incidents[-1] = dataclasses.replace(incidents[-1], closed_at=at)
        for one, part in list(due(incidents, at, QUIET)) if works else []:
            incidents[one.n - 1] = dataclasses.replace(one, heard=part, notified_at=at)
            messages.append((part, one.n, at))
    assert len(set(messages)) == len(messages) == len({(part, n) for part, n, _ in messages})
    first = {n: at for _, n, at in reversed(messages)}
    times = sorted(first.values())
    assert all(later - earlier >= QUIET for earlier, later in pairwise(times))
    for one in incidents:
        assert one.heard in (("opening",) if one.closed_at is None else ("", "end"))


@pytest.mark.parametrize(("values", "said"), [({"quiet_hours": -1}, "0 to 168, was -1"), ({"timeout": 0}, "0.1 to 120, was 0")])
def test_a_setting_out_of_range_is_refused(values: dict[str, float], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Alerts(**values)  # type: ignore[arg-type]
