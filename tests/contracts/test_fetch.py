"""`springback fetch` against the replayed vendors: what lands in the store, what is asked again, what stops it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from springback.data.store.store import Store
from tests.contracts.replay import IDENTITY, KEY, SECRET, Replay, Row, cut_short, day, market, serving, status, walk, web_page
from tests.contracts.test_sources import lean_folder, tape_of

SPAN = ["--start", "2020-08-24", "--end", "2020-09-04"]
NAMES = ["--symbols", "AAPL,BRK.B,GONE,REV"]
VENDORS = ("yahoo", "tiingo", "alpaca")


@pytest.fixture(name="replay")
def _replay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Replay]:
    monkeypatch.chdir(tmp_path)
    for name, value in (("TIINGO_API_KEY", KEY), ("APCA_API_KEY_ID", IDENTITY), ("APCA_API_SECRET_KEY", SECRET)):
        monkeypatch.setenv(name, value)
    with serving() as replay:
        write_settings(tmp_path, replay)
        yield replay


def write_settings(folder: Path, replay: Replay) -> None:
    (folder / "fetch.toml").write_text(
        "[fetch]\nper_second = 10000.0\ntimeout = 2.0\nattempts = 2\npause = 0.001\npatience = 5.0\nalpaca_batch = 3\n"
        f'yahoo_url = "{replay.url}"\ntiingo_url = "{replay.url}"\ntiingo_names_url = "{replay.url}/supported_tickers.zip"\n'
        f'alpaca_url = "{replay.url}"\nalpaca_names_url = "{replay.url}/v2/assets"\n'
        f'cboe_url = "{replay.url}/VIX_History.csv"\nfred_url = "{replay.url}/graph/fredgraph.csv"\n'
    )


def springback(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code of the command and all that it said."""
    from springback.cli.main import main

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["springback", *words])
        with pytest.raises((SystemExit, Exception)) as stop:
            main()
    said = "".join(capfd.readouterr())
    if not isinstance(stop.value, SystemExit):
        return -1, said + str(stop.getrepr(style="long"))
    return int(stop.value.code or 0), said


def fetch(capfd: pytest.CaptureFixture[str], source: str, *more: str) -> tuple[int, str]:
    return springback(capfd, "fetch", "--source", source, "--settings", "fetch.toml", *SPAN, *more)


@pytest.mark.parametrize("source", VENDORS)
def test_every_vendor_fills_the_store_with_the_same_market(source: str, replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    code, said = fetch(capfd, source, *NAMES)
    assert code == 0, said
    market_data = Store("store").read()
    known = tape_of({symbol: name for symbol, name in market().items() if symbol != "SPY"})
    assert market_data.bars.symbols == known.bars.symbols and np.array_equal(market_data.bars.sessions, known.bars.sessions)
    for field in ("open", "high", "low", "close", "volume"):
        np.testing.assert_allclose(getattr(market_data.bars, field), getattr(known.bars, field), atol=1e-4)
    for field in ("row", "name", "kind", "value"):
        np.testing.assert_allclose(getattr(market_data.actions, field), getattr(known.actions, field), rtol=1e-6)
    assert market_data.ending.tolist() == [0, 0, 1, 0]
    assert market_data.vix.tolist() == [20.0 + k for k in range(10)]
    assert market_data.risk_free is not None and market_data.risk_free[2:].tolist() == pytest.approx([0.001] * 8)
    assert market_data.benchmark is not None and market_data.benchmark[0] == 100.0
    assert source in str(market_data.origin) and market_data.origin.source == source
    assert ("survivorship" in str(market_data.origin)) == (source == "yahoo")


def test_a_lean_folder_fills_it_too(replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lean_folder(tmp_path / "lean")
    code, said = fetch(capfd, "lean", "--path", "lean", *NAMES)
    assert code == 0, said
    assert Store("store").read().bars.symbols == ("AAPL", "BRK.B", "GONE", "REV")


def test_without_symbols_the_vendors_list_is_taken(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    code, said = fetch(capfd, "tiingo")
    assert code == 0, said
    assert Store("store").read().bars.symbols == ("AAPL", "BRK.B", "GONE", "REV")
    code, said = fetch(capfd, "yahoo")
    assert code == 2 and "--source yahoo keeps no list of names: give --symbols" in said


def test_nothing_is_asked_twice_and_a_new_end_is(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch(capfd, "tiingo", *NAMES)[0] == 0
    assert set(replay.asked.values()) == {1}
    assert fetch(capfd, "tiingo", *NAMES)[0] == 0
    assert set(replay.asked.values()) == {1}
    assert fetch(capfd, "tiingo", *NAMES, "--set", "fetch.fresh_hours=0")[0] == 0
    assert set(replay.asked.values()) == {2}


def test_symbols_from_a_file(replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("symbol,weight\naapl,1\nBRK.B,2\n")
    assert fetch(capfd, "tiingo", "--symbols", "names.csv")[0] == 0
    assert Store("store").read().bars.symbols == ("AAPL", "BRK.B")


@pytest.mark.parametrize("source", VENDORS)
def test_the_members_of_an_index_are_asked_for_and_kept_by_their_days(
    source: str, replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "members.csv").write_text(
        "symbol,start,end,tickers\nAAPL,2019-01-02,,AAPL\nBRKB,2020-08-26,2020-09-02,BRKB\nGONE,2019-01-02,2020-08-27,GONE\n"
        "LATER,2021-01-04,,LATER\nNONE,2019-01-02,,NONE\nRAD_2022,2019-01-02,2022-06-01,RAD\n"
    )
    code, said = fetch(capfd, source, "--members", "members.csv")
    assert code == 0, said
    market_data = Store("store").read()
    assert market_data.bars.symbols == ("AAPL", "BRKB", "GONE") and market_data.members is not None
    assert market_data.members.sum(axis=0).tolist() == [10, 5, 3] and market_data.members[2:7, 1].all()
    known = tape_of({"BRKB": market()["BRK.B"]})
    np.testing.assert_allclose(market_data.bars.close[:, 1], known.bars.close[:, 0], atol=1e-4)
    told = " ".join(market_data.findings)
    assert "1 member was not asked for: another company has its ticker now (such as RAD_2022)" in told
    assert "1 of 5 members have no bar while they were in the index: survivorship bias (such as NONE)" in told
    assert "point-in-time" not in said and replay.asked["LATER"] == 0
    (tmp_path / "members.csv").write_text("symbol,start,end\nAAPL,2021-01-04,\n")
    code, said = fetch(capfd, source, "--members", "members.csv")
    assert code == 2 and "members.csv has no member from 2020-08-24 to 2020-09-04: its first day is 2021-01-04" in said


def test_vix_comes_from_fred_where_cboe_fails_and_it_says_so(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    replay.spoil("VIX_History", web_page)
    code, said = fetch(capfd, "tiingo", *NAMES)
    assert code == 0 and "VIX is FRED's VIXCLS" in said
    market_data = Store("store").read()
    assert market_data.vix[2:].tolist() == [20.0 + k for k in range(2, 10)]
    assert any("VIX is FRED's" in line for line in market_data.findings)
    replay.spoil("fredgraph", status(503))
    code, said = fetch(capfd, "tiingo", *NAMES, "--store", "other")
    assert code == 1 and "VIX cannot be had" in said and not Path("other").exists()


def test_a_name_that_fails_does_not_stop_the_others(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    replay.spoil("GONE", cut_short)
    code, said = fetch(capfd, "tiingo", *NAMES)
    assert code == 1 and "1 of 4 names failed (GONE), the others are kept" in said and not Path("store").exists()
    replay.faults.clear()
    assert fetch(capfd, "tiingo", *NAMES)[0] == 0
    assert replay.asked["AAPL"] == replay.asked["REV"] == 1


def test_a_vendor_that_is_down_is_not_asked_for_every_name(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    replay.spoil("/prices", status(503))
    names = ",".join(f"N{k}" for k in range(50))
    code, said = fetch(capfd, "tiingo", "--symbols", names)
    assert code == 1 and "HTTP 503" in said and sum(replay.asked.values()) <= 8


def test_a_dropped_name_keeps_its_bars(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch(capfd, "yahoo", *NAMES)[0] == 0
    replay.delisted_stay = False
    code, said = fetch(capfd, "yahoo", *NAMES, "--set", "fetch.fresh_hours=0")
    assert code == 0, said
    market_data = Store("store").read()
    assert "GONE" in market_data.bars.symbols
    assert any("not known to the source, or no longer" in line and "such as GONE" in line for line in market_data.findings)


def restated(replay: Replay, what: str) -> None:
    apple = replay.names["AAPL"]
    if what == "price":
        row: Row = (514.79, 515.14, 495.75, 500.0, 86484400.0)
        apple.bars[day("2020-08-24")] = row
    elif what == "split":
        apple.splits[day("2020-08-31")] = 5.0
    else:
        apple.dividends[day("2020-08-27")] = 0.1


@pytest.mark.parametrize("what", ["price", "split", "dividend"])
def test_a_restated_past_is_shown_and_stored_only_when_accepted(what: str, replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch(capfd, "tiingo", *NAMES)[0] == 0
    before = Store("store").hash
    restated(replay, what)
    code, said = fetch(capfd, "tiingo", *NAMES, "--set", "fetch.fresh_hours=0")
    assert code == 1 and "AAPL" in said and {"price": "503.43", "split": "0.25", "dividend": "0.1"}[what] in said, said
    assert Store("store").hash == before
    code, said = fetch(capfd, "tiingo", *NAMES, "--accept-restatement")
    assert code == 0, said
    assert Store("store").hash != before


def test_yahoos_new_split_is_no_restatement(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    """All of Yahoo's past is divided anew by a split; raw prices stay."""
    only_until = ["fetch", "--source", "yahoo", "--settings", "fetch.toml", "--start", "2020-08-24", "--symbols", "AAPL"]
    full = dict(replay.names["AAPL"].bars)
    replay.names["AAPL"].bars = {one: row for one, row in full.items() if one < day("2020-08-31")}
    replay.names["AAPL"].splits = {}
    assert springback(capfd, *only_until, "--end", "2020-08-28")[0] == 0
    replay.names["AAPL"].bars, replay.names["AAPL"].splits = full, {day("2020-08-31"): 4.0}
    code, said = springback(capfd, *only_until, "--end", "2020-09-04")
    assert code == 0, said
    assert Store("store").read().bars.close[:, 0].tolist() == [row[3] for row in full.values()]


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("--source", "nasdaq"), "--source must be demo or csv"),
        (("--source", "csv", "--symbols", "A"), "--symbols goes with"),
        (("--source", "yahoo", "--symbols", "A B"), "is no symbol"),
        (("--source", "yahoo", "--symbols", "A", "--vix", "v.csv"), "--vix goes with"),
        (("--source", "yahoo", "--members", "none.csv"), "none.csv"),
        (("--source", "yahoo", "--symbols", "A", "--start", "soon"), "--start must be a date"),
        (("--source", "yahoo", "--symbols", "A", "--start", "20200824"), "--start must be a date such as 2018-01-02, was '20200824'"),
        (("--source", "yahoo", "--symbols", "A", "--start", "2020-08-24", "--end", "2020-W36-5"), "--end must be a date such as"),
        (("--source", "yahoo", "--symbols", "A", "--start", "2021-01-04", "--end", "2020-01-03"), "must not be after"),
        (("--source", "yahoo", "--symbols", "A", "--path", "x"), "takes no --path"),
        (("--source", "lean", "--symbols", "A"), "needs --path"),
        (("--source", "tiingo", "--symbols", "A", "--keys", "none.toml"), "none.toml does not exist"),
        (("--source", "yahoo", "--symbols", "NOSUCH", "--start", "2020-08-24", "--end", "2020-09-04"), "no bar of the 1 name from"),
        (("--source", "yahoo", "--symbols", "A", "--set", "fetch.per_second=0"), "fetch.per_second must be"),
        (("--source", "yahoo", "--symbols", "A", "--set", "fetch.yahoo_url='ftp://x'"), "fetch.yahoo_url must be an address"),
    ],
)
def test_bad_words_are_one_clear_line(words: tuple[str, ...], word: str, replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    code, said = springback(capfd, "fetch", "--settings", "fetch.toml", *words)
    assert code == 2 and word in said and said.count("\n") == 1, said


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_no_key_is_printed_or_written(debug: tuple[str, ...], replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    everything = ""
    for source in ("tiingo", "alpaca"):
        for fault in (None, status(401), status(418), status(503), web_page):
            if fault:
                replay.spoil("AAPL", fault)
            else:
                replay.faults.clear()
            words = ("fetch", "--source", source, "--settings", "fetch.toml", *SPAN, *NAMES, "--set", "fetch.fresh_hours=0")
            everything += springback(capfd, *debug, *words)[1]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "HTTP 418" in everything and b"content_hash" in written
    assert not [secret for secret in (KEY, IDENTITY, SECRET) if secret in everything or secret.encode() in written]


CHILD = """
import sys
from datetime import date, timedelta
from pathlib import Path
from springback.data.sources.downloads import Downloads
from springback.data.sources.gather import gather
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.yahoo import Yahoo
fetch = Fetch(yahoo_url=sys.argv[1], per_second=10_000, attempts=2, pause=0.001)
names = [f"N{k:03d}" for k in range(int(sys.argv[3]))]
gather(Yahoo(fetch), names, date(2020, 8, 24), date(2020, 9, 4), Downloads(Path(sys.argv[2]), "yahoo", timedelta(hours=9)))
"""
MANY = 3000


def crowd() -> dict[str, Any]:
    from tests.contracts.replay import Name

    return {f"N{k:03d}": Name(walk("2020-08-24", 10.0 + k, 10)) for k in range(MANY)}


@pytest.mark.slow
def test_three_thousand_names_survive_kills_at_any_point(tmp_path: Path) -> None:
    """SIGKILL after a random number of answers, four times; the folder then holds what an uninterrupted run gets."""
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(os.urandom(4))))
    kills = sorted(rng.choice(np.arange(5, MANY - 5), 4, replace=False).tolist())
    with serving(crowd()) as replay:
        command = [sys.executable, "-c", CHILD, replay.url, str(tmp_path / "killed"), str(MANY)]
        for kill in kills:
            child = subprocess.Popen(command)

            def shoot(asked: int, kill: int = kill, child: "subprocess.Popen[bytes]" = child) -> None:
                if asked >= kill:
                    child.send_signal(signal.SIGKILL)

            replay.after = shoot
            assert child.wait(300) == -signal.SIGKILL, kills
            replay.after = lambda _: None
        subprocess.run(command, check=True, timeout=300)
        twice = sum(replay.asked.values()) - MANY
        assert set(replay.asked) == set(crowd()) and twice <= 2 * len(kills), kills
        subprocess.run([*command[:4], str(tmp_path / "whole"), str(MANY)], check=True, timeout=300)
    told = [(tmp_path / place / "yahoo") for place in ("killed", "whole")]
    assert not list(told[0].glob(".writing-*"))
    for name, made in crowd().items():
        killed, whole = (_prices(folder / f"{name}.parquet") for folder in told)
        assert np.array_equal(killed, whole) and killed.shape == (5, len(made.bars))
    lines = [json.loads(line) for line in (told[0] / "journal.jsonl").read_text().splitlines() if line.endswith("}")]
    assert {line["symbol"] for line in lines} == set(crowd())


def _prices(path: Path) -> Any:
    import pyarrow.parquet

    return np.stack([column.to_numpy() for column in pyarrow.parquet.read_table(path).columns[1:]])


def test_a_damaged_file_or_journal_is_asked_for_again(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch(capfd, "tiingo", *NAMES)[0] == 0
    folder = Path("downloads/tiingo")
    (folder / "AAPL.parquet").write_bytes(b"PAR1 not at all")
    with (folder / "journal.jsonl").open("a") as file:
        file.write('{"symbol": "REV", "sta')
    assert fetch(capfd, "tiingo", *NAMES)[0] == 0
    assert replay.asked["AAPL"] == 2 and replay.asked["REV"] == 1
    (folder / "journal.jsonl").unlink()  # the files say enough by themselves
    assert fetch(capfd, "tiingo", *NAMES)[0] == 0
    assert replay.asked["REV"] == 1
    assert len((folder / "journal.jsonl").read_text().splitlines()) == 5


def test_what_cboe_s_history_lacks_is_filled_from_fred_and_told(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    """As 2006-05-04 and four other days are absent from Cboe's own file."""
    replay.spoil("VIX_History", lambda _, made: (made[0], b"\n".join(row for row in made[1].split(b"\n") if b"08/27" not in row), made[2]))
    code, said = fetch(capfd, "tiingo", *NAMES)
    assert code == 0 and "VIX is FRED's VIXCLS on 1 session that Cboe's history lacks (2020-08-27)" in said
    assert Store("store").read().vix.tolist() == [20.0 + k for k in range(10)]
    replay.spoil("fredgraph", status(503))
    code, said = fetch(capfd, "tiingo", *NAMES, "--store", "other")
    assert code == 0 and "VIX has no close on 1 session that Cboe's history lacks (2020-08-27)" in said and "give --vix FILE" in said
    assert [k for k, close in enumerate(Store("other").read().vix) if np.isnan(close)] == [3]


def test_a_lean_folder_s_own_vix_and_rate_are_taken(replay: Replay, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lean_folder(tmp_path / "lean")
    days = [str(day) for day in tape_of(market()).bars.sessions]
    (tmp_path / "lean" / "springback").mkdir(exist_ok=True)
    (tmp_path / "lean" / "springback" / "vix.csv").write_text("date,close\n" + "".join(f"{day},{31 + k}\n" for k, day in enumerate(days)))
    rates = tmp_path / "lean" / "alternative" / "interest-rate" / "usa" / "interest-rate.csv"
    rates.parent.mkdir(parents=True, exist_ok=True)
    rates.write_text("DATE,PCREDIT8\n2020-01-02,4.5\n2020-08-28,5\n")
    replay.spoil("VIX_History", status(503))
    replay.spoil("fredgraph", status(503))
    code, said = fetch(capfd, "lean", "--path", "lean", *NAMES)
    assert code == 0 and "VIX is that of springback/vix.csv of the LEAN folder" in said and "risk-free rate is that of" in said
    market_data = Store("store").read()
    assert market_data.vix.tolist() == [31.0 + k for k in range(len(days))]
    assert (
        market_data.risk_free is not None
        and set(market_data.risk_free[4:].round(6)) == {0.05}
        and market_data.risk_free[0] == pytest.approx(0.045)
    )
    assert market_data.benchmark is not None and market_data.benchmark[0] == 100.0
