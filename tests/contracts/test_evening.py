"""What an evening's fetch brings, against the replayed vendors: settled sessions only, what fails as values, restatements listed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from springback.data.sessions import exchange_days
from springback.data.sources.downloads import Downloads
from springback.data.store.store import Store
from springback.errors import InputError, SourceError
from springback.workflow.catch_up import Fetched, catch_up, window
from springback.workflow.fetch import newest_session, plan, settled
from springback.workflow.inputs import Inputs, Request
from springback.workflow.settings import Settings, choose
from tests.contracts.replay import KEY, VIX, Name, Replay, day, half, market, serving, status, walk
from tests.contracts.test_fetch import write_settings
from tests.data.test_membership import write as holdings_file

DAYS = [str(one) for one in market()["AAPL"].bars]
NAMES = ("AAPL", "BRK.B", "GONE", "REV")


@pytest.fixture(name="replay")
def _replay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Replay]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIINGO_API_KEY", KEY)
    with serving() as replay:
        write_settings(tmp_path, replay)
        yield replay


def new_york(day: str, clock: str) -> datetime:
    """An instant of New York in summer."""
    return datetime.fromisoformat(f"{day}T{clock}-04:00")


def evening(day: str, clock: str = "16:40", *sets: str, **inputs: object) -> Fetched:
    settings = choose(Path("fetch.toml"), ["fetch.tiingo_settled=30", *sets])
    asked = Inputs(store=Path("store"), request=Request(symbols=None if inputs else ",".join(NAMES), start=None), **inputs)  # type: ignore[arg-type]
    return catch_up(settings, asked, "tiingo", new_york(day, clock))


def first_fetch(until: str) -> None:
    """The store as it was on the evening of `until`."""
    settings = choose(Path("fetch.toml"), ["fetch.tiingo_settled=30"])
    request = Request(symbols=",".join(NAMES), start=DAYS[0])
    catch_up(settings, Inputs(store=Path("store"), request=request), "tiingo", new_york(until, "16:40"))


def withheld(replay: Replay, day_: str, *names: str) -> dict[str, tuple[float, ...]]:
    """The bars of a session taken away from the vendor, to be given back later."""
    return {name: replay.names[name].bars.pop(day(day_)) for name in names if day(day_) in replay.names[name].bars}


@pytest.mark.parametrize(
    ("source", "clock", "known"),
    [
        *(("yahoo", "16:29", "2020-09-03"), ("yahoo", "16:30", "2020-09-04"), ("alpaca", "16:30", "2020-09-04")),
        *(("tiingo", "19:59", "2020-09-03"), ("tiingo", "20:00", "2020-09-04"), ("lean", "16:00", "2020-09-04")),
    ],
)
def test_each_source_has_its_own_time_after_the_close(source: str, clock: str, known: str) -> None:
    now = new_york("2020-09-04", clock)
    assert newest_session(source, now, Settings()) == date.fromisoformat(known)
    assert settled(source, "2020-09-04", now, Settings()) == (known == "2020-09-04")
    assert not settled(source, "2020-09-05", now + timedelta(days=3), Settings())


def test_a_half_day_is_settled_three_hours_earlier() -> None:
    assert settled("yahoo", "2026-11-27", datetime(2026, 11, 27, 18, 30, tzinfo=UTC), Settings())
    assert not settled("yahoo", "2026-11-27", datetime(2026, 11, 27, 18, 29, tzinfo=UTC), Settings())


def test_a_closure_that_nobody_announced_is_no_session() -> None:
    """2025-01-09, a day of mourning, is one that the calendar knows by now: a later day stands for what it does not know."""
    shut = choose(None, ['calendar.closed=["2026-09-03"]'])
    now = datetime(2026, 9, 3, 23, 0, tzinfo=UTC)
    assert newest_session("yahoo", now, Settings()) == date(2026, 9, 3) and newest_session("yahoo", now, shut) == date(2026, 9, 2)
    assert not settled("yahoo", date(2026, 9, 3), now, shut) and settled("yahoo", date(2026, 9, 3), now, Settings())
    assert len(exchange_days("2026-08-31", "2026-09-04", shut.calendar.closed)) == 4


def test_a_closure_leaves_no_session_in_the_store(replay: Replay) -> None:
    first_fetch(DAYS[4])
    for name in ("AAPL", "BRK.B", "REV", "SPY"):
        del replay.names[name].bars[day(DAYS[5])]
    told = evening(DAYS[6], "16:40", f'calendar.closed=["{DAYS[5]}"]')
    assert told.new == (day(DAYS[6]),) and told.failed == {}
    assert DAYS[5] not in Store("store").read().bars.sessions.astype(str)


def test_springback_fetch_asks_up_to_what_is_settled_for_the_source(replay: Replay) -> None:
    asked = plan(
        choose(Path("fetch.toml")), Inputs(store=Path("store"), request=Request("AAPL", DAYS[0])), "tiingo", new_york(DAYS[9], "19:59")
    )
    assert asked.last == day(DAYS[8])


def test_a_vendor_that_has_no_bar_of_today_is_asked_again_ten_minutes_later(replay: Replay) -> None:
    """An answer without the session asked for is not fresh; one that has it is not asked for again; nor is a name that ended long ago."""
    first_fetch(DAYS[8])
    held = withheld(replay, DAYS[9], "AAPL", "BRK.B", "REV")
    told = evening(DAYS[9], "16:40")
    assert told.session == day(DAYS[8]) and told.target == day(DAYS[9]) and told.new == ()
    assert set(told.stale) == {"AAPL", "BRK.B", "GONE", "REV"}  # GONE has been silent for four sessions: no delisting yet
    replay.names["AAPL"].bars[day(DAYS[9])] = held["AAPL"]  # type: ignore[assignment]
    replay.asked.clear()
    told = evening(DAYS[9], "16:50")
    assert told.new == (day(DAYS[9]),) and replay.asked["AAPL"] == 1 and set(told.stale) == {"BRK.B", "REV"}
    replay.asked.clear()
    told = evening(DAYS[9], "17:00")
    assert "AAPL" not in replay.asked and replay.asked["REV"] == 1 and told.new == ()


def test_a_name_that_ended_long_before_is_not_asked_twice(replay: Replay, tmp_path: Path) -> None:
    kept = Downloads(tmp_path, "here", timedelta(hours=72))
    from springback.data.sources import nothing

    at = new_york("2020-09-04", "16:40")
    kept.keep(nothing("AWAY", gone=True), date(2020, 8, 24), date(2020, 9, 4), at)
    kept.keep(nothing("EMPTY"), date(2020, 8, 24), date(2020, 9, 4), at)
    later = at + timedelta(minutes=10)
    assert kept.known("AWAY", date(2020, 8, 24), date(2020, 9, 4), later) is not None
    assert kept.known("EMPTY", date(2020, 8, 24), date(2020, 9, 4), later) is None


def test_a_name_that_fails_stops_no_other(replay: Replay) -> None:
    first_fetch(DAYS[5])
    replay.spoil("/daily/BRK-B", half)
    del replay.names["REV"]
    told = evening(DAYS[7])
    assert told.failed == {"BRK.B": "unanswered", "REV": "gone"} and told.failed_share == 2 / 4
    assert told.new == (day(DAYS[6]), day(DAYS[7])) and told.stale == ("GONE",) and told.restated == ()
    market_data = Store("store").read()
    closes = dict(zip(market_data.bars.symbols, market_data.bars.close.T, strict=True))
    assert np.isfinite(closes["AAPL"][-2:]).all() and np.isnan(closes["BRK.B"][-2:]).all() and np.isfinite(closes["BRK.B"][:6]).all()
    assert dict(zip(market_data.bars.symbols, market_data.ending.tolist(), strict=True))["BRK.B"] == 0
    replay.faults.clear()
    told = evening(DAYS[8])
    assert told.failed == {"REV": "gone"} and np.isfinite(Store("store").read(names=("REV",)).bars.close[:, 1]).all()


def test_an_answer_that_cannot_be_read_is_one_name(replay: Replay) -> None:
    first_fetch(DAYS[5])
    replay.names["AAPL"].dividends[day(DAYS[6])] = -1.0
    told = evening(DAYS[7])
    assert told.failed == {"AAPL": "unreadable"} and told.session == day(DAYS[7])


def test_a_vendor_that_is_down_is_an_error_and_changes_nothing(replay: Replay) -> None:
    first_fetch(DAYS[5])
    before = Store("store").hash
    replay.spoil("/daily/", status(503))
    with pytest.raises(SourceError, match="HTTP 503"):
        evening(DAYS[7])
    assert Store("store").hash == before


def test_without_benchmark_and_rate_the_evening_goes_on(replay: Replay) -> None:
    first_fetch(DAYS[5])
    stored = Store("store").read()
    replay.spoil("/daily/SPY", status(503))
    replay.spoil("fredgraph", status(503))
    told = evening(DAYS[6])
    assert told.session == day(DAYS[6]) and told.restated == ()
    assert sum("SPY is not there yet" in line for line in told.notes) == 1
    market_data = Store("store").read()
    assert stored.benchmark is not None and market_data.benchmark is not None and market_data.risk_free is not None
    np.testing.assert_array_equal(market_data.benchmark[:6], stored.benchmark)
    assert np.isnan(market_data.benchmark[6]) and np.isnan(market_data.risk_free[6])
    replay.faults.clear()
    assert evening(DAYS[7]).restated == ()
    market_data = Store("store").read()
    assert market_data.risk_free is not None and market_data.risk_free[6:].tolist() == pytest.approx([0.001, 0.001])
    assert market_data.benchmark is not None and np.isfinite(market_data.benchmark).all()


def test_a_company_that_took_another_ticker_fails_alone(replay: Replay) -> None:
    replay.names["FB"] = Name(walk(DAYS[0], 290.0, 10))
    Path("m.csv").write_text("symbol,start,end,tickers\nFB,2019-01-02,,FB\nAAPL,2019-01-02,,AAPL\n")
    settings = choose(Path("fetch.toml"), ["fetch.tiingo_settled=30"])
    asked = Inputs(store=Path("store"), members=Path("m.csv"), request=Request(start=DAYS[0]))
    catch_up(settings, asked, "tiingo", new_york(DAYS[5], "16:40"))
    replay.names["META"] = replay.names.pop("FB")
    Path("m.csv").write_text("symbol,start,end,tickers\nMETA,2019-01-02,2020-09-01,FB\nMETA,2020-09-01,,META\nAAPL,2019-01-02,,AAPL\n")
    told = evening(DAYS[7], members=Path("m.csv"))
    assert told.failed == {"FB": "renamed", "META": "renamed"} and told.new == (day(DAYS[6]), day(DAYS[7]))
    assert Store("store").read().bars.symbols == ("AAPL", "FB")


def test_one_file_of_holdings_brings_the_membership_on(replay: Replay, tmp_path: Path) -> None:
    """What was before it stays: no membership of the past is restated. It counts from the session after the close that it is of."""
    Path("m.csv").write_text("symbol,start,end\nAAPL,2019-01-02,\nREV,2019-01-02,\n")
    settings = choose(Path("fetch.toml"), ["fetch.tiingo_settled=30"])
    asked = Inputs(store=Path("store"), members=Path("m.csv"), request=Request(start=DAYS[0]))
    catch_up(settings, asked, "tiingo", new_york(DAYS[5], "16:40"))
    file = holdings_file(tmp_path, "Sep 01, 2020", [("AAPL", "APPLE INC", "037833100"), ("BRK.B", "BERKSHIRE", "084670702")])
    told = evening(DAYS[8], members=None, holdings=file)
    assert told.failed == {} and told.restated == ()
    market_data = Store("store").read()
    assert market_data.bars.symbols == ("AAPL", "BRK.B", "REV") and market_data.members is not None
    assert market_data.members.sum(axis=0).tolist() == [9, 2, 7] and np.isfinite(market_data.bars.close[:, 1]).all()
    tenures = Store("store").membership()
    assert tenures is not None and max([*tenures.starts, *tenures.ends[~np.isnat(tenures.ends)]]) == np.datetime64(day(DAYS[8])) - 1
    with pytest.raises(InputError, match="both say who is in the index"):
        evening(DAYS[9], members=Path("m.csv"), holdings=file)


def test_restatements_are_taken_and_every_one_is_a_value(replay: Replay) -> None:
    first_fetch(DAYS[7])
    known = Store("store").read()
    opened, high, low, close, volume = replay.names["BRK.B"].bars[day(DAYS[6])]
    replay.names["BRK.B"].bars[day(DAYS[6])] = (opened, high, low, close + 0.25, volume + 100)
    told = evening(DAYS[8], "16:40", "fetch.fresh_hours=0")
    assert [(one.symbol, one.date, one.field, one.before, one.after) for one in told.restated] == [
        ("BRK.B", DAYS[6], "close", pytest.approx(close), pytest.approx(close + 0.25)),
        ("BRK.B", DAYS[6], "volume", volume, volume + 100),
    ]
    held = Store("store").read(DAYS[3], DAYS[7])
    assert told.restated_share == pytest.approx(1 / np.isfinite(held.bars.close).sum())
    assert Store("store").read().bars.close[6, 1] == close + 0.25
    writes = Store("store").writes()
    before = datetime.fromtimestamp(int(writes["at"].iloc[-1]) / 1e6 - 0.001, UTC)
    np.testing.assert_array_equal(Store("store").read(as_of=before).bars.close, known.bars.close)


def test_a_late_vix_is_put_in_its_place_and_is_no_restatement(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where more than a week went by: the regime looks back on it."""
    late = day(DAYS[2])
    monkeypatch.delitem(VIX, late)
    for one in DAYS[3:]:
        monkeypatch.delitem(VIX, day(one))
    first_fetch(DAYS[2])
    assert np.isnan(Store("store").read().vix).tolist() == [False, False, True]
    told = evening(DAYS[3])
    assert np.isnan(told.loaded.market_data.vix).tolist() == [False, False, True, True]
    for k, one in enumerate(DAYS[3:9], 3):
        monkeypatch.setitem(VIX, day(one), 20.0 + k)
    replay.spoil("VIXCLS", status(503))
    told = evening(DAYS[8])
    assert np.flatnonzero(np.isnan(told.loaded.market_data.vix)).tolist() == [2] and told.restated == ()
    monkeypatch.setitem(VIX, late, 22.0)
    told = evening(DAYS[9])
    assert told.loaded.market_data.vix[:9].tolist() == [20.0 + k for k in range(9)] and told.restated == ()
    assert Store("store").verify() == ()


def test_a_window_keeps_the_columns_that_are_held(replay: Replay) -> None:
    first_fetch(DAYS[9])
    whole, part = Store("store").read(), window(Path("store"), sessions=3, names=("GONE", "NOBODY")).market_data
    assert part.bars.symbols == ("AAPL", "BRK.B", "GONE", "REV") and part.last.tolist() == [2, 2, -1, 2]
    assert part.ending.tolist() == whole.ending.tolist() == [0, 0, 1, 0]
    np.testing.assert_array_equal(part.bars.close, whole.bars.close[-3:])
    assert window(Path("store"), sessions=3).market_data.bars.symbols == ("AAPL", "BRK.B", "REV")
    assert window(Path("store"), DAYS[4], 2).market_data.bars.sessions.astype(str).tolist() == DAYS[3:5]


def test_the_same_evening_twice_asks_and_changes_nothing(replay: Replay) -> None:
    first_fetch(DAYS[4])
    once = evening(DAYS[6])
    replay.asked.clear()
    again = evening(DAYS[6], "16:50")
    assert again.loaded.hash == once.loaded.hash and set(replay.asked) == {"GONE"}  # its bar may only be late
    assert (again.new, again.restated, again.failed) == ((), (), {})


def test_a_young_store_keeps_a_name_that_fails(replay: Replay) -> None:
    """It is laid over, not replaced, also where the week back reaches its first session."""
    first_fetch(DAYS[2])
    replay.spoil("/daily/BRK-B", half)
    told = evening(DAYS[3])
    assert told.failed == {"BRK.B": "unanswered"} and told.restated == ()
    assert np.isfinite(Store("store").read().bars.close).sum(axis=0).tolist() == [4, 3, 4, 4]


def test_without_names_an_evening_goes_on_with_those_of_the_store_and_of_its_source_only(replay: Replay) -> None:
    first_fetch(DAYS[5])
    settings, asked = choose(Path("fetch.toml"), ["fetch.tiingo_settled=30"]), Inputs(store=Path("store"))
    replay.asked.clear()
    assert catch_up(settings, asked, "tiingo", new_york(DAYS[6], "16:40")).new == (day(DAYS[6]),)
    assert set(replay.asked) == {*NAMES, "SPY"}
    with pytest.raises(InputError, match="holds prices of another source than yahoo"):
        catch_up(settings, asked, "yahoo", new_york(DAYS[7], "16:40"))
