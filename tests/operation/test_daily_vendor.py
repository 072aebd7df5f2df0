"""The evening by the command, against a vendor on this machine: what is not there yet is waited for, and nobody makes up the time."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from springback.data.store.store import Store
from springback.errors import InputError
from springback.forecasting.archive import read_timeline, write_timeline
from springback.forecasting.timeline import Timeline
from springback.workflow.accounts import clock_of, drawn, source_of
from springback.workflow.catch_up import catch_up
from springback.workflow.inputs import Inputs, Request
from springback.workflow.settings import choose
from tests.contracts.replay import KEY, Replay, day, market, serving
from tests.contracts.test_fetch import springback, write_settings
from tests.operation.live import Live

DAYS = [str(one) for one in market()["AAPL"].bars]
WORDS = ("--settings", "fetch.toml", "--set", "fetch.tiingo_settled=30", "--set", "fetch.fresh_hours=0")


@pytest.fixture(name="replay")
def _replay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, begun: Path) -> Iterator[Replay]:
    """A desk over the vendor's store of all but the last session, with a champion."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIINGO_API_KEY", KEY)
    shutil.copytree(begun / "models", "models")
    timeline = read_timeline(Path("models"))
    assert timeline is not None
    name = timeline.champion
    write_timeline(Path("models"), Timeline(hashes=timeline.hashes, tried=DAYS[0]).begun(name, DAYS[0], "a test", "the first"))
    with serving() as replay:
        write_settings(tmp_path, replay)
        settings = choose(Path("fetch.toml"), ["fetch.tiingo_settled=30"])
        request = Request(symbols="AAPL,BRK.B,GONE,REV", start=DAYS[0])
        asked = Inputs(store=Path("store"), request=request)
        catch_up(settings, asked, "tiingo", datetime.fromisoformat(f"{DAYS[8]}T16:40-04:00"))
        yield replay


def daily(capfd: pytest.CaptureFixture[str], clock: str, *more: str) -> tuple[int, dict[str, Any]]:
    code, said = springback(capfd, "daily", *WORDS, "--json", "--clock", f"{DAYS[9]}T{clock}-04:00", *more)
    return code, json.loads(said)["daily"] if said.startswith("{") else {"said": said}


def test_the_vendor_has_no_bar_at_16_40_and_has_it_later(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert springback(capfd, "book", "init", "--cash", "100000")[0] == 0
    held = {name: replay.names[name].bars.pop(day(DAYS[9])) for name in ("AAPL", "BRK.B", "REV")}
    code, told = daily(capfd, "16:29")
    assert code == 0 and [one["session"] for one in told["decisions"]] == [DAYS[8]], "the session of the day is not over"
    code, told = daily(capfd, "16:40")
    assert code == 3 and [one["code"] for one in told["waits"]] == ["bars"] and told["session"] == DAYS[9]
    replay.names["AAPL"].bars[day(DAYS[9])] = held["AAPL"]
    code, told = daily(capfd, "16:50")
    assert code == 3 and [one["code"] for one in told["waits"]] == ["names_failed"], "one name is not the evening"
    for name, bar in held.items():
        replay.names[name].bars[day(DAYS[9])] = bar
    replay.asked.clear()
    code, told = daily(capfd, "17:00", "--dry-run")
    assert code == 0 and told["dry"] and told["decisions"] == [] and replay.asked["REV"] == 1
    code, told = daily(capfd, "17:10")
    assert code == 0 and [(one["session"], one["kind"]) for one in told["decisions"]] == [(DAYS[9], "frozen")]
    replay.asked.clear()
    code, told = daily(capfd, "17:20")
    assert code == 0 and told["decisions"] == [] and not replay.asked
    assert Live(Path()).account.folder.sessions() == (DAYS[8], DAYS[9])


def test_a_clock_is_for_drawn_markets_and_loopback_sources_only(replay: Replay) -> None:
    account = Live(Path()).account
    assert source_of(account, None) == "tiingo" and not drawn(account, "tiingo")
    near = replace(account, settings=choose(Path("fetch.toml")))
    assert drawn(near, "tiingo") and replay.url.startswith("http://127.0.0.1")
    assert clock_of("2020-09-04T17:00", True).now() == datetime(2020, 9, 4, 21, 0, tzinfo=UTC)
    with pytest.raises(InputError, match="a real market has the time it has"):
        clock_of("2020-09-04T17:00", drawn(account, "tiingo"))
    with pytest.raises(InputError, match="must be an instant"):
        clock_of("tomorrow", True)
    with pytest.raises(InputError, match="must be yahoo"):
        source_of(account, "yahooo")
    market_data = Store("store").read()
    own = replace(market_data, origin=replace(market_data.origin, source="csv"))
    Store("own").write(own)
    assert not drawn(replace(account, store=Path("own")), None), "prices of one's own are real ones"
