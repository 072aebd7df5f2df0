"""Who is on a channel hears of each evening: that it is decided, what stopped entries, that it failed, and when that is over."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from springback.errors import SourceError, StoreError, Taken
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import ORDER_COLUMNS, FrozenDecision, Kind, Reason, freeze
from springback.state.state import State
from springback.workflow.daily import DailyOutcome
from springback.workflow.evening import LiveAccount
from springback.workflow.settings import Settings
from springback.workflow.watched import watched
from tests.alerting.listeners import Mail, Web, mail, web
from tests.alerting.test_alert import keys

FRIDAY, MONDAY = "2026-11-27", "2026-11-30"
EVENING = datetime(2026, 11, 27, 22, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 28, 5, 30, tzinfo=UTC)
"""After midnight in New York."""
NO_VIX = Reason("vix_missing", "no VIX for 2026-11-27: the regime is not known")
NEW_YORKS_EVENING = datetime(2026, 11, 28, 4, 30, tzinfo=UTC)


@pytest.fixture
def letters() -> Iterator[Mail]:
    with mail() as server:
        yield server


@pytest.fixture
def clock() -> Iterator[Web]:
    with web() as server:
        yield server


@pytest.fixture
def account(tmp_path: Path, letters: Mail, clock: Web, monkeypatch: pytest.MonkeyPatch) -> LiveAccount:
    monkeypatch.chdir(tmp_path)
    keys(tmp_path, letters.url, heartbeat=f"{clock.address}/ping")
    desk = tmp_path / "paper"
    return LiveAccount("paper", DeskFolder(desk), Settings(), State(desk / "state.sqlite"), tmp_path / "store", tmp_path / "models")


def decided(account: LiveAccount, session: str, reasons: Sequence[Reason] = (), kind: Kind = "frozen") -> FrozenDecision:
    """A frozen decision of one entry, or of one exit where it is exits only."""
    order = [1, session, "AAA", 100 if not reasons else -100, "entry" if not reasons else "stop", "long", 10.0, 1000.0, 1.0, 0.5]
    decision = FrozenDecision(
        session=session,
        kind=kind,
        frozen_at=EVENING.isoformat(),
        next_open=NIGHT.isoformat(),
        account="paper",
        profile="realistic",
        regime={"vix": 15.0, "mean": 15.0, "bear": False},
        equity=1e6,
        cash=1e6,
        exits_only=bool(reasons),
        reasons=tuple(reasons),
        halts=(),
        restricted=(),
        alarm_factor=1.0,
        settings={},
        settings_version=None,
        champion="m",
        challengers=(),
        hashes={},
        book={},
        fills=(),
        ended=(),
        daily={},
        funnel={},
    )
    orders = pd.DataFrame([order], columns=list(ORDER_COLUMNS))
    return freeze(decision, account.folder.place(session), orders, pd.DataFrame({"symbol": ["AAA"]}), None)


def titles(letters: Mail) -> list[str]:
    """What was said, without whose account it is; and forgotten."""
    said = [title.partition("account paper")[2].lstrip(":, ") for title, _ in letters.letters]
    letters.letters.clear()
    return said


def evening(account: LiveAccount, now: datetime, *decisions: FrozenDecision, waits: tuple[Reason, ...] = ()) -> None:
    """A call of the evening that ends well."""
    with watched(account, now) as watch:
        watch.outcome = DailyOutcome(decisions[-1].session if decisions else FRIDAY, decisions, waits)
    assert watch.faults == ()


def test_a_decided_session_is_said_once_and_each_call_is_a_sign_of_life(account: LiveAccount, letters: Mail, clock: Web) -> None:
    evening(account, EVENING, decided(account, FRIDAY))
    assert letters.letters[0][1] == "1 entry, 0 exits: equity $1,000,000"
    assert titles(letters) == [f"{FRIDAY}: all is well"]
    evening(account, EVENING + timedelta(minutes=10))
    assert titles(letters) == [] and clock.asked == ["GET /ping"] * 2


def test_a_call_that_was_killed_before_it_spoke_is_made_up_for(account: LiveAccount, letters: Mail) -> None:
    decided(account, FRIDAY, [NO_VIX])
    evening(account, EVENING)
    assert titles(letters) == ["entries.vix_missing", f"{FRIDAY}: 1 incident is open"]


def test_what_stopped_entries_is_an_incident_until_a_decision_without_it(account: LiveAccount, letters: Mail) -> None:
    name, notice = Reason("name_fault", "a spike", "BBB"), Reason("alarm", "multiplied by 0.5")
    pause = Reason("pause", "pause by ann")
    evening(account, EVENING, decided(account, FRIDAY, [NO_VIX, pause, name, notice]))
    bodies = [body for _, body in letters.letters]
    assert "no VIX for 2026-11-27" in bodies[0] and "what resolves it: springback orders" in bodies[0]
    assert "what resolves it: springback resume" in bodies[1]
    assert titles(letters) == ["entries.vix_missing", "entries.pause", f"{FRIDAY}: 2 incidents are open"]
    evening(account, EVENING + timedelta(days=3), decided(account, MONDAY))
    assert titles(letters) == ["entries.vix_missing is over", "entries.pause is over", f"{MONDAY}: all is well"]


def test_a_late_record_stops_nothing(account: LiveAccount, letters: Mail) -> None:
    evening(account, EVENING, decided(account, FRIDAY, [Reason("late", "the open had passed")], "late"))
    assert titles(letters) == [f"{FRIDAY}: all is well"]


def test_waiting_is_an_incident_from_midnight_in_new_york_on(account: LiveAccount, letters: Mail) -> None:
    waits = (Reason("bars", f"the bars of {FRIDAY} are not there yet"),)
    for now in (EVENING, NEW_YORKS_EVENING):
        evening(account, now, waits=waits)
        assert titles(letters) == []
    evening(account, NIGHT, waits=waits)
    assert "the bars of 2026-11-27 are not there yet" in letters.letters[0][1] and titles(letters) == ["daily.waiting"]
    evening(account, NIGHT + timedelta(hours=1), decided(account, FRIDAY))
    assert titles(letters) == ["daily.waiting is over", f"{FRIDAY}: all is well"]


@pytest.mark.parametrize("error", [StoreError("the store is damaged: run 'springback data verify'"), ZeroDivisionError("division by zero")])
def test_an_evening_that_fails_says_so_and_gives_no_sign_of_life(account: LiveAccount, letters: Mail, clock: Web, error: Exception) -> None:
    for _ in range(2):
        with pytest.raises(type(error)), watched(account, EVENING):
            raise error
    assert str(error) in letters.letters[0][1] and titles(letters) == ["daily.failed"] and clock.asked == []
    evening(account, EVENING + timedelta(minutes=10))
    assert titles(letters) == ["daily.failed is over"]


def test_a_lease_of_another_is_no_incident(account: LiveAccount, letters: Mail) -> None:
    with pytest.raises(Taken), watched(account, EVENING):
        raise Taken("account paper is worked on by another")
    assert account.state.incidents("paper", history=True) == () and titles(letters) == []


def test_what_fails_in_telling_hides_nothing_of_the_evening(account: LiveAccount, tmp_path: Path) -> None:
    (tmp_path / "paper" / "state.sqlite").write_bytes(b"no database " * 100)
    for suffix in ("-wal", "-shm"):
        (tmp_path / "paper" / f"state.sqlite{suffix}").unlink(missing_ok=True)
    with pytest.raises(SourceError, match="does not answer"), watched(account, EVENING) as watch:
        raise SourceError("the vendor does not answer")
    assert "not a database" in watch.faults[0]
    with watched(account, EVENING) as watch:
        watch.outcome = DailyOutcome(FRIDAY)
    assert "not a database" in watch.faults[0]
