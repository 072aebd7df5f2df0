"""The evening's last step: it says what is due, gives a sign of life, shows no key and stops nothing."""

import json
import logging
import os
from datetime import timedelta
from pathlib import Path

import pytest

from springback.alerting.alert_settings import Alerts
from springback.alerting.channels import Channels
from springback.data.sources.keys import read_keys
from springback.errors import InputError
from springback.project import FILE
from springback.state.state import State
from springback.workflow.alerts import CAUSE, alert
from tests.alerting.listeners import Mail, Web, free_port, mail, web
from tests.alerting.test_notices import AT, LATE, ME, NEWS
from tests.terminal import done, springback

QUICK = Alerts(timeout=0.5)


def keys(folder: Path, *urls: str, heartbeat: str = "") -> Path:
    """A project whose file of keys names these channels."""
    file = folder / "keys.toml"
    file.write_text(f'TIINGO_API_KEY = "k"\n[alerts]\nurls = {json.dumps(list(urls))}\nheartbeat = "{heartbeat}"\n')
    file.chmod(0o600)
    (folder / FILE).write_text('[paths]\nkeys = "keys.toml"\n')
    return file


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.chdir(tmp_path)
    return State(tmp_path / "state.sqlite")


def test_the_evening_speaks_and_gives_a_sign_of_life(state: State, tmp_path: Path) -> None:
    with mail() as letters, web() as clock:
        keys(tmp_path, letters.url, heartbeat=f"{clock.address}/ping/uuid")
        state.open_incident(ME, LATE)
        notices = alert(state, ME, QUICK, AT, NEWS)
        assert (notices.sent, notices.faults, clock.asked) == (2, (), ["GET /ping/uuid"])
        assert alert(state, ME, QUICK, AT, NEWS, alive=False).sent == 0 and len(clock.asked) == 1


def test_a_channel_or_clock_that_fails_is_an_incident_until_it_works(
    state: State, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mail() as letters, web() as clock:
        keys(tmp_path, letters.url, f"json://ann:s3cret@127.0.0.1:{free_port()}/s3cret", heartbeat=f"{clock.address}/s3cret")
        clock.code = 500
        with caplog.at_level(logging.DEBUG):
            faults = alert(state, ME, QUICK, AT, NEWS).faults
        assert len(faults) == 2 and "HTTP 500" in faults[0] and "channel 2 (json)" in faults[1]
        (incident,) = state.incidents(ME)
        assert incident.cause == CAUSE and incident.verb == "springback alert"
        assert "s3cret" not in "".join([*faults, incident.words, caplog.text])
        keys(tmp_path, letters.url, heartbeat=f"{clock.address}/s3cret")
        clock.code = 200
        assert alert(state, ME, QUICK, AT + timedelta(minutes=10)).faults == ()
        assert state.incidents(ME) == ()
        alert(state, ME, QUICK, AT + timedelta(minutes=20))
        assert [title.rpartition(": ")[2] for title, _ in letters.letters] == ["all is well", CAUSE, f"{CAUSE} is over"]


def test_no_fault_of_alerts_stops_the_evening(state: State, tmp_path: Path) -> None:
    file = keys(tmp_path, f"mailto://127.0.0.1:{free_port()}", heartbeat=f"http://127.0.0.1:{free_port()}/s3cret")
    assert len(alert(state, ME, QUICK, AT, NEWS).faults) == 2
    file.chmod(0o644)
    (fault,) = alert(state, ME, QUICK, AT).faults
    assert "may be read by others" in fault
    file.unlink()
    assert "does not exist" in alert(state, ME, QUICK, AT).faults[0]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"url": "s3cret"}, "has 'url', known are urls, heartbeat"),
        ({"urls": "mailto://s3cret"}, "must be a list"),
        ({"urls": [3]}, "must be a list"),
        ({"heartbeat": "ftp://s3cret"}, "begins with https"),
        ({"heartbeat": "https://[s3cret"}, "begins with https"),
        ({"heartbeat": 3}, "begins with https"),
    ],
)
def test_a_table_of_other_things_is_refused_without_showing_it(table: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        Channels(table)
    assert "s3cret" not in str(refused.value)


def test_channels_are_shown_nowhere() -> None:
    channels = Channels({"urls": ["mailto://s3cret"], "heartbeat": "https://s3cret"})
    assert repr(channels) == "Channels(1 channels, a heartbeat)" and not hasattr(channels, "__dict__")


def test_the_keys_of_vendors_are_read_past_the_table(tmp_path: Path) -> None:
    assert read_keys(keys(tmp_path, "mailto://x"), {}).of("TIINGO_API_KEY") == ("k",)
    (tmp_path / "keys.toml").write_text("alerts = 3\n")
    (tmp_path / "keys.toml").chmod(0o600)
    told = springback(tmp_path, "alert")
    assert told.returncode == 2 and "alerts must be a table" in told.stderr


def test_the_verb_tries_each_channel(tmp_path: Path) -> None:
    def tried(letters: Mail, clock: Web) -> None:
        keys(tmp_path, letters.url, heartbeat=f"{clock.address}/ping")
        told = json.loads(done(springback(tmp_path, "alert", "--json")).stdout)["alert"]
        assert told == {"channels": 1, "faults": []} and clock.asked == ["GET /ping"]
        assert letters.letters == [("Springback: a test", "This channel works. Nothing is to be done.")]

    with mail() as letters, web() as clock:
        tried(letters, clock)
        clock.code = 404
        told = springback(tmp_path, "alert", "--set", "alerts.timeout=1")
        assert (told.returncode, told.stderr) == (1, "") and "HTTP 404" in told.stdout and "/ping" not in told.stdout


def test_without_channels_the_verb_says_where_they_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "[alerts]" in done(springback(tmp_path, "alert")).stdout
    assert os.environ["HOME"] == str(tmp_path)
