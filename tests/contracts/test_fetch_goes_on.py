"""A store that is fetched day by day: it ends as the one fetched at once, and what cannot be joined is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from springback.data.store.content_hash import content_hash
from springback.data.store.restatement import restatement
from springback.data.store.store import Store
from springback.market.origin import Origin
from springback.market.prose import Prose
from springback.workflow.inputs import keep
from tests.contracts.replay import KEY, Name, Replay, day, serving, walk
from tests.contracts.test_fetch import springback, write_settings
from tests.data.samples import assert_same

DAYS = [str(day(f"2020-{one}")) for one in ("08-24", "08-25", "08-26", "08-27", "08-28", "08-31", "09-01", "09-02", "09-03", "09-04")]
ALL = "AAPL,BRK.B,GONE,REV"


@pytest.fixture(name="replay")
def _replay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Replay]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIINGO_API_KEY", KEY)
    with serving() as replay:
        write_settings(tmp_path, replay)
        yield replay


def fetch(capfd: pytest.CaptureFixture[str], first: str, last: str, *more: str, store: str = "store") -> tuple[int, str]:
    words = ("--source", "tiingo", "--settings", "fetch.toml", "--start", first, "--end", last, "--store", store)
    return springback(capfd, "fetch", *words, *more)


@pytest.mark.slow
def test_day_by_day_is_the_same_as_at_once(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    """Bars, splits, dividends, endings: GONE is delisted a week after its last bar, whichever way the store was filled."""
    for one in DAYS:
        code, said = fetch(capfd, one, one, "--symbols", ALL, store="daily")
        assert code == 0, said
    assert fetch(capfd, DAYS[0], DAYS[-1], "--symbols", ALL, "--downloads", "other", store="whole")[0] == 0
    daily, whole = Store("daily").read(), Store("whole").read()
    assert whole.ending.tolist() == [0, 0, 1, 0]
    assert_same(daily, whole)
    assert Store("daily").read(as_of=str(np.datetime64("today"))).ending.tolist() == [0, 0, 1, 0]


def test_a_hole_is_refused_and_named(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch(capfd, DAYS[0], DAYS[4], "--symbols", ALL)[0] == 0
    before = Store("store").hash
    code, said = fetch(capfd, DAYS[6], DAYS[9], "--symbols", ALL)
    assert code == 2 and "the store ends on 2020-08-28 and these prices begin on 2020-09-01: 1 session between them" in said
    assert "begin on 2020-08-31 or before" in said and Store("store").hash == before


def test_a_new_name_with_a_past_is_no_restatement(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch(capfd, DAYS[0], DAYS[9], "--symbols", "AAPL")[0] == 0
    code, said = fetch(capfd, DAYS[0], DAYS[9], "--symbols", ALL)
    assert code == 0, said
    assert Store("store").read().bars.symbols == tuple(ALL.split(","))


def test_a_name_dropped_after_daily_fetches_keeps_all_its_bars(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch(capfd, DAYS[0], DAYS[3], "--symbols", ALL)[0] == 0
    assert fetch(capfd, DAYS[4], DAYS[4], "--symbols", ALL)[0] == 0
    del replay.names["GONE"]
    code, said = fetch(capfd, DAYS[0], DAYS[9], "--symbols", ALL, "--set", "fetch.fresh_hours=0")
    assert code == 0, said
    market_data = Store("store").read()
    assert np.isfinite(market_data.bars.close[:, market_data.bars.symbols.index("GONE")]).sum() == 5


def test_a_ticker_given_up_is_not_carried_on_as_a_second_company(replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    replay.names["FB"] = Name(walk(DAYS[0], 290.0, 10))
    (tmp_path / "m.csv").write_text("symbol,start,end,tickers\nFB,2019-01-02,,FB\n")
    assert fetch(capfd, DAYS[0], DAYS[5], "--members", "m.csv")[0] == 0
    replay.names["META"] = replay.names.pop("FB")
    (tmp_path / "m.csv").write_text("symbol,start,end,tickers\nMETA,2019-01-02,2020-09-01,FB\nMETA,2020-09-01,,META\n")
    code, said = fetch(capfd, DAYS[6], DAYS[9], "--members", "m.csv")
    assert code == 2 and "FB of the store is META now" in said and f"--start {DAYS[0]} --accept-restatement" in said
    code, said = fetch(capfd, DAYS[0], DAYS[9], "--members", "m.csv", "--accept-restatement")
    assert code == 0, said
    market_data = Store("store").read()
    assert market_data.bars.symbols == ("META",) and market_data.members is not None and market_data.members.all()


def test_who_left_the_index_is_still_asked_for_and_no_member(replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A position in it must find its exit."""
    (tmp_path / "m.csv").write_text(f"symbol,start,end\nAAPL,2019-01-02,\nBRK.B,2019-01-02,{DAYS[4]}\nGONE,2019-01-02,{DAYS[6]}\n")
    assert fetch(capfd, DAYS[0], DAYS[4], "--members", "m.csv")[0] == 0
    assert fetch(capfd, DAYS[5], DAYS[9], "--members", "m.csv")[0] == 0
    market_data = Store("store").read()
    assert market_data.members is not None and np.isfinite(market_data.bars.close[:, 1]).all()
    assert market_data.members.sum(axis=0).tolist() == [10, 4, 6]
    assert market_data.ending.tolist() == [0, 0, 1]


def test_a_halt_at_the_end_is_no_delisting_yet(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    for store, spans in (("daily", [(one, one) for one in DAYS[:7]]), ("whole", [(DAYS[0], DAYS[6])])):
        for first, last in spans:
            assert fetch(capfd, first, last, "--symbols", ALL, "--downloads", store, store=store)[0] == 0
        assert Store(store).read().ending.tolist() == [0, 0, 0, 0]


def test_a_name_that_joins_brings_all_its_past(replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its features need history: the store is the one that was filled at once."""
    (tmp_path / "m.csv").write_text(f"symbol,start,end\nAAPL,2019-01-02,\nREV,{DAYS[7]},\n")
    for one in DAYS:
        code, said = fetch(capfd, one, one, "--members", "m.csv", "--downloads", "daily", store="daily")
        assert code == 0, said
        assert ("1 of 1 name that the store lacks, or lacks bars of, join it with all their past" in said) == (one == DAYS[7])
    assert fetch(capfd, DAYS[0], DAYS[9], "--members", "m.csv", "--downloads", "whole", store="whole")[0] == 0
    assert_same(Store("daily").read(), Store("whole").read())
    assert Store("daily").verify() == ()


def test_without_a_start_the_store_goes_on_a_week_back(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    """And hears corrections of that week."""
    assert fetch(capfd, DAYS[0], DAYS[8], "--symbols", ALL)[0] == 0
    words = ("fetch", "--source", "tiingo", "--settings", "fetch.toml", "--symbols", ALL, "--end", DAYS[9])
    code, said = springback(capfd, *words)
    assert code == 0 and f"goes on with store from {DAYS[4]}, a week back to hear corrections; --start {DAYS[0]} asks" in said, said
    assert fetch(capfd, DAYS[0], DAYS[9], "--symbols", ALL, store="whole")[0] == 0
    assert_same(Store("store").read(), Store("whole").read())
    replay.names["AAPL"].bars[day(DAYS[8])] = (126.91, 128.84, 120.50, 121.0, 257599600.0)
    code, said = springback(capfd, *words, "--set", "fetch.fresh_hours=0")
    assert code == 1 and "1 bar changed, in 1 name (such as AAPL 2020-09-03 close 120.88 -> 121)" in said


def test_a_name_that_was_left_out_for_a_while_comes_back_whole(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    """With the split of the days nobody asked for."""
    assert fetch(capfd, DAYS[0], DAYS[4], "--symbols", ALL)[0] == 0
    assert fetch(capfd, DAYS[5], DAYS[6], "--symbols", "BRK.B,REV")[0] == 0
    code, said = fetch(capfd, DAYS[7], DAYS[9], "--symbols", ALL)
    assert code == 0 and "join it with all their past" in said, said
    assert fetch(capfd, DAYS[0], DAYS[9], "--symbols", ALL, "--downloads", "other", store="whole")[0] == 0
    assert_same(Store("store").read(), Store("whole").read())


def test_a_member_that_the_vendor_never_heard_of_stops_no_day(replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("symbol,start,end\nAAPL,2019-01-02,\nNONE,2019-01-02,\n")
    for one in DAYS[:3]:
        code, said = fetch(capfd, one, one, "--members", "m.csv")
        assert code == 0, said
    assert "1 name that the store does not have are unknown to tiingo too (such as NONE)" in said
    assert Store("store").read().bars.shape == (3, 1)


def test_a_rate_that_is_told_a_day_late_is_no_restatement(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch(capfd, DAYS[0], DAYS[8], "--symbols", ALL)[0] == 0
    stored = Store("store").read()
    assert stored.risk_free is not None
    later = stored.risk_free.copy()
    later[-1] += 0.01
    assert not restatement(stored, replace(stored, risk_free=later))
    early = stored.risk_free + 0.01
    rising = np.linspace(0.01, 0.02, len(later))
    assert restatement(replace(stored, risk_free=rising), replace(stored, risk_free=early)).counts["series"] == len(later) - 1


def test_what_a_run_works_on_is_the_whole_store_and_its_hash(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    """Not the part that was fetched now."""
    assert fetch(capfd, DAYS[0], DAYS[4], "--symbols", ALL)[0] == 0
    part = Store("store").read(DAYS[4])
    whole = keep(replace(part, origin=Origin("recorded", "tiingo", Prose("Prices of tiingo, again"))), Path("store"))
    assert whole.market_data.bars.shape[0] == 5 and whole.hash == Store("store").hash == content_hash(whole.market_data)
