"""What goes wrong on the line is one clear line, and nothing wrong gets in."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest

from springback.data.laws import lines_of
from springback.data.sources import Source
from springback.data.sources.alpaca import Alpaca
from springback.data.sources.cboe import read_vix
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.fred import read_series
from springback.data.sources.keys import Keys, read_keys
from springback.data.sources.line import Halt
from springback.data.sources.tiingo import Tiingo
from springback.data.sources.yahoo import Yahoo
from springback.errors import InputError, MissingData, SourceError, SpringbackError
from tests.contracts.replay import (
    IDENTITY,
    KEY,
    SECRET,
    Fault,
    Replay,
    cut_short,
    day,
    empty,
    half,
    late,
    other_clock,
    renamed,
    serving,
    status,
    web_page,
)
from tests.contracts.test_sources import END, KEYS, START, quick

VENDORS: dict[str, Callable[[Replay], Source]] = {
    "Yahoo": lambda replay: Yahoo(quick(replay, timeout=0.2)),
    "Tiingo": lambda replay: Tiingo(quick(replay, timeout=0.2), KEYS),
    "Alpaca": lambda replay: Alpaca(quick(replay, timeout=0.2), KEYS),
}


@pytest.fixture(name="replay")
def _replay() -> Iterator[Replay]:
    with serving() as replay:
        yield replay


@pytest.fixture(name="vendor", params=VENDORS)
def _vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(vendor: str, replay: Replay) -> int:
    """Bars of AAPL that the vendor gives."""
    return len(next(iter(VENDORS[vendor](replay).histories(["AAPL"], START, END))).days)


def complaint(vendor: str, replay: Replay) -> str:
    with pytest.raises(SpringbackError) as error:
        ask(vendor, replay)
    said = str(error.value)
    assert "\n" not in said and len(said) < 330 and vendor in said
    assert not any(secret in said for secret in (KEY, IDENTITY, SECRET))
    assert ": " in said  # what is wrong, and the way out
    return said


PASSING: dict[str, Fault] = {
    "busy": status(429),
    "busy for a while": status(429, Retry_After="0"),
    "in trouble": status(503),
    "bad gateway": status(502),
    "slow": late(0.5),
    "broken off": cut_short,
    "half of the JSON": half,
    "web page": web_page,
    "nothing": empty,
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_passes(vendor: str, fault: str, replay: Replay) -> None:
    replay.spoil("AAPL", PASSING[fault], times=2)
    assert ask(vendor, replay) == 10


LASTING: dict[str, tuple[Fault, str]] = {
    "busy": (status(429), "too many requests"),
    "in trouble": (status(503), "HTTP 503"),
    "slow": (late(0.4), "within 0.2 s"),
    "broken off": (cut_short, "broke off"),
    "half of the JSON": (half, "not whole JSON"),
    "web page": (web_page, "web page"),
    "nothing": (empty, "answers nothing"),
    "refused": (status(403), "refuses"),
    "moved": (status(302, Location="http://elsewhere.invalid/"), "HTTP 302"),
    "teapot": (status(418), "HTTP 418"),
    "clock": (other_clock(timedelta(days=3)), "clock"),
    "wrong columns": (renamed(("quote", "quota"), ("close", "clothes"), ("bars", "tars")), "not the known one"),
    "another shape": (lambda _, made: (200, b"[[1], 2]", made[2]), "not the known one"),
    "a word for a price": (renamed(("125.85749816894531", '"x"'), ("503.43", '"x"')), "no number"),
}


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_is_one_clear_line(vendor: str, fault: str, replay: Replay) -> None:
    spoil, word = LASTING[fault]
    replay.spoil("AAPL", spoil)
    said = complaint(vendor, replay)
    assert word in said or (fault == "a word for a price" and "not the known one" in said)


@pytest.mark.parametrize("pause", ["3600", "date"])
def test_a_vendor_that_wants_too_long_a_pause_is_not_waited_for(vendor: str, pause: str, replay: Replay) -> None:
    after = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True) if pause == "date" else pause
    replay.spoil("AAPL", status(429, Retry_After=after))
    began = time.monotonic()
    assert "asks to wait 3,6" in complaint(vendor, replay) or pause == "date"
    assert time.monotonic() - began < 2 and replay.asked["AAPL"] == 1


def test_a_pause_that_is_asked_for_is_kept(replay: Replay) -> None:
    replay.spoil("AAPL", status(429, Retry_After="1"), times=1)
    began = time.monotonic()
    assert ask("Tiingo", replay) == 10
    assert time.monotonic() - began >= 1


def test_bars_of_days_to_come_are_left_out_and_told(vendor: str, replay: Replay) -> None:
    replay.names["AAPL"].bars[day("2099-07-02")] = (1.0, 1.0, 1.0, 1.0, 1.0)
    found = next(iter(VENDORS[vendor](replay).histories(["AAPL"], START, day("2099-12-31"))))
    assert found.days[-1] < np.datetime64("2099-01-01")
    assert lines_of(found.left) == ("1 row is of a day to come and left out (such as AAPL on 2099-07-02)",)


@pytest.mark.parametrize(
    ("row", "word"), [((-1.0, 2.0, 1.0, 1.5, 10.0), "open"), ((1.0, 1.0, 2.0, 1.5, 10.0), "high"), ((1.0, 2.0, 1.0, -1.5, 1.0), "close")]
)
def test_a_price_that_cannot_be_is_left_out_and_told(
    vendor: str, row: tuple[float, float, float, float, float], word: str, replay: Replay
) -> None:
    replay.names["BRK.B"].bars[day("2020-09-01")] = row
    (found,) = VENDORS[vendor](replay).histories(["BRK.B"], START, END)
    assert len(found.days) == 9 and np.datetime64("2020-09-01") not in found.days
    (line,) = lines_of(found.left)
    assert line.startswith("1 row has a price, a volume or a day that cannot be and is left out (such as BRK.B on 2020-09-01: " + word)


def test_questions_keep_their_distance(replay: Replay) -> None:
    source = Yahoo(quick(replay, per_second=20))
    began = time.monotonic()
    list(source.histories(["AAPL", "SPY", "REV", "BRK.B", "GONE"], START, END))
    assert time.monotonic() - began >= 4 / 20


def test_vix_and_rates_in_their_vendors_csv(replay: Replay) -> None:
    vix = read_vix(quick(replay))
    assert vix[day("2020-08-24")] == 20.0 and len(vix) == 10
    rates = read_series(quick(replay), "DGS3MO", START, END)
    assert rates[day("2020-08-26")] == 0.1 and day("2020-08-25") not in rates


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (renamed(("CLOSE", "SHUT"), ("DGS3MO", "DGS3")), "no column"),
        (cut_short, "broke off"),
        (renamed((",20.0", ",twenty"), (",0.1", ",a tenth")), "no date or number"),
        (web_page, "web page"),
        (lambda _, made: (200, made[1][:-12], made[2]), "ends early|no date or number"),
    ],
)
def test_a_csv_that_is_not_the_known_one_is_refused(fault: Fault, word: str, replay: Replay) -> None:
    replay.spoil(".csv", fault)
    with pytest.raises(SourceError, match=word):
        read_vix(quick(replay))
    if "ends early" not in word:
        with pytest.raises(SourceError, match=word):
            read_series(quick(replay), "DGS3MO", START, END)


def test_nobody_at_home() -> None:
    with serving() as replay:
        fetch = quick(replay)
    with pytest.raises(SourceError, match="cannot be reached about AAPL"):
        list(Yahoo(fetch).histories(["AAPL"], START, END))


def test_the_keys_are_said_nowhere(replay: Replay, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """Every logger at its loudest, every fault, a vendor that says the keys back."""
    caplog.set_level(logging.DEBUG)
    told = [repr(KEYS)]
    for vendor in ("Tiingo", "Alpaca"):
        for fault in (
            status(401),
            status(418),
            status(503),
            status(429, Retry_After="9999"),
            web_page,
            half,
            other_clock(timedelta(days=9)),
        ):
            replay.spoil("AAPL", fault)
            with pytest.raises(SpringbackError) as error:
                ask(vendor, replay)
            told += [str(error.getrepr(style="long")), repr(error.value)]
    assert any("authorization" in headers for headers in replay.headers)  # they did travel
    everything = "\n".join([*told, caplog.text, *capfd.readouterr()])
    assert "httpx" in caplog.text and "HTTP 418" in everything
    assert not [secret for secret in (KEY, IDENTITY, SECRET) if secret in everything]


def test_keys_come_from_the_environment_or_a_file_of_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(f'TIINGO_API_KEY = "{KEY}"\n')
    file.chmod(0o640)
    with pytest.raises(InputError, match="rights 0640, must be 0600"):
        read_keys(file, {})
    file.chmod(0o600)
    assert read_keys(file, {}).of("TIINGO_API_KEY") == (KEY,)
    assert read_keys(file, {"TIINGO_API_KEY": "other"}).of("TIINGO_API_KEY") == ("other",)
    with pytest.raises(MissingData, match="APCA_API_KEY_ID is not set"):
        Alpaca(Fetch(), read_keys(file, {}))
    for text, word in (
        (f"TIINGO_API_KEY = {KEY}", "not TOML"),
        (f'TIINGO = "{KEY}"', "named 'TIINGO'"),
        ("TIINGO_API_KEY = 5", "in quotes"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=word) as error:
            read_keys(file, {})
        assert KEY not in str(error.getrepr(style="long"))
    with pytest.raises(MissingData, match="does not exist"):
        read_keys(tmp_path / "none.toml", {})


def test_a_refused_key_stops_everything(replay: Replay) -> None:
    wrong = Keys({"TIINGO_API_KEY": "expired"})
    with pytest.raises(InputError, match=r"refuses to tell of AAPL .HTTP 401.: check TIINGO_API_KEY"):
        list(Tiingo(quick(replay), wrong).histories(["AAPL", "SPY"], START, END))
    assert len(replay.headers) == 1
    assert issubclass(Halt, SourceError)
