"""Keys of a broker: the table that the settings name, else the environment; the data key stays where it was."""

from pathlib import Path

import pytest

from springback.brokers.broker_settings import Brokers
from springback.data.sources.keys import broker_keys, read_keys
from springback.errors import InputError, MissingData, SettingsError

NAMES = ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
FILE = """APCA_API_KEY_ID = "DATA"
APCA_API_SECRET_KEY = "data-secret"
[paper]
APCA_API_KEY_ID = "PAPER"
APCA_API_SECRET_KEY = "paper-secret"
[live]
APCA_API_KEY_ID = "LIVE"
APCA_API_SECRET_KEY = "live secret"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An owner-only file with keys for data, paper and live; the last has a blank in it."""
    path = tmp_path / "keys.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


def test_the_table_that_is_named_speaks_before_the_environment(file: Path) -> None:
    around = {"APCA_API_KEY_ID": "ENV", "APCA_API_SECRET_KEY": "env-secret"}
    assert broker_keys("paper", file, around).of(*NAMES) == ("PAPER", "paper-secret")
    assert broker_keys("", file, around).of(*NAMES) == broker_keys("ib_flex", file, around).of(*NAMES) == ("ENV", "env-secret")
    assert read_keys(file, {}).of(*NAMES) == ("DATA", "data-secret")


def test_keys_that_are_nowhere_are_named(file: Path) -> None:
    for table in ("", "ib_flex"):
        with pytest.raises(MissingData, match="APCA_API_KEY_ID is not set"):
            broker_keys(table, file, {}).of(*NAMES)


def test_no_error_shows_a_key(file: Path) -> None:
    with pytest.raises(InputError, match="holds a space") as error:
        broker_keys("live", file, {})
    assert "live secret" not in str(error.value) and "live secret" not in repr(error.value)
    assert "paper-secret" not in repr(broker_keys("paper", file, {}))
    file.chmod(0o644)
    with pytest.raises(InputError, match="0600"):
        broker_keys("paper", file, {})


def test_a_table_that_there_is_not_is_refused(file: Path) -> None:
    with pytest.raises(InputError, match="paper, live, ib_flex"):
        broker_keys("alerts", file, {})


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"alpaca_url": "http://paper-api.alpaca.markets"}, "https"),
        ({"alpaca_url": "https://me:key@paper-api.alpaca.markets"}, "without a user"),
        ({"alpaca_url": "paper-api.alpaca.markets"}, "an address"),
        ({"capital": -1.0}, "capital"),
        ({"timeout": 0.0}, "timeout"),
        ({"ib_port": 0}, "ib_port"),
    ],
)
def test_a_door_that_cannot_be_is_refused(knobs: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words) as error:
        Brokers(**knobs)  # type: ignore[arg-type]
    assert "key" not in str(error.value).replace("keys travel", "")
