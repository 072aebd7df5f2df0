"""The index as it was known on a day: fund holdings, tickers that change and come back, lists, the proxy."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exchange_calendars import get_calendar

from springback.data import membership
from springback.data.demo.demo import Demo
from springback.data.files import csv_file, holdings
from springback.data.files.companies import follow, plain
from springback.data.files.series import read_members, read_tenures
from springback.data.sessions import exchange_days
from springback.errors import BadTable, MissingData, SpringbackError
from springback.market.market_data import MarketData
from springback.market.origin import Origin
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from tests.terminal import done, springback

HEAD = """iShares Russell 3000 ETF
Fund Holdings as of,"{date}"
Inception Date,"May 22, 2000"
Shares Outstanding,"46,150,000.00"
Stock,"-"

Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Shares,CUSIP,Price,Exchange,Currency
"""
TAIL = """
"The content contained herein is owned or licensed by BlackRock and/or its third-party information providers."
"""
FACEBOOK, META, RITE, RADIUS = "30303M102", "30303M102", "767754872", "750469207"


def write(folder: Path, date: str, rows: list[tuple[str, str, str]]) -> Path:
    """A holdings file in the fund's layout, with a line of cash."""
    lines = [f'"{t}","{n}","Sector","Equity","1,000.00","0.01","1,000.00","10.00","{c}","100.00","NYSE","USD"' for t, n, c in rows]
    lines.append('"USD","USD CASH","Cash and/or Derivatives","Cash","5.00","0.00","5.00","5.00","-","100.00","-","USD"')
    file = folder / f"IWV_{date.replace(' ', '_').replace(',', '')}.csv"
    file.write_text("\ufeff" + HEAD.format(date=date) + "\n".join(lines) + "\n" + TAIL, encoding="utf-8")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four quarters: FB becomes META; RAD leaves and its ticker goes to another company; ANTM becomes ELV, by its name only; NEW joins."""
    place = tmp_path / "holdings"
    place.mkdir()
    apple = ("AAPL", "APPLE INC", "037833100")
    facebook, meta = ("FB", "META PLATFORMS INC CLASS A", FACEBOOK), ("META", "META PLATFORMS INC CLASS A", META)
    write(place, "Mar 31, 2022", [apple, facebook, ("RAD", "RITE AID CORP", RITE), ("ANTM", "ELEVANCE HEALTH INC", "")])
    write(place, "Jun 30, 2022", [apple, meta, ("RAD", "RITE AID CORP", RITE), ("ELV", "Elevance Health, Inc.", "")])
    write(place, "Sep 30, 2022", [apple, meta, ("ELV", "ELEVANCE HEALTH INC", ""), ("NEW", "NEWCOMER INC", "")])
    write(place, "Dec 30, 2022", [apple, meta, ("ELV", "ELEVANCE HEALTH INC", ""), ("RAD", "RADIUS GLOBAL INC", RADIUS)])
    return place


def on(files: tuple[holdings.Holdings, ...], day: str) -> membership.Answer:
    return membership.from_holdings(files, np.datetime64(day))


def test_a_file_gives_its_stocks_and_its_date(folder: Path) -> None:
    first = holdings.read_folder(folder)[0]
    assert first.as_of == np.datetime64("2022-03-31")
    assert [row.ticker for row in first.rows] == ["AAPL", "FB", "RAD", "ANTM"]  # no cash, no disclaimer
    assert first.rows[1].identifier == FACEBOOK


def test_one_history_a_company_through_changes_of_ticker_and_tickers_used_again(folder: Path) -> None:
    stays = follow(holdings.read_folder(folder))
    by = {(stay.company, stay.ticker): stay for stay in stays}
    assert by["META", "FB"].last == np.datetime64("2022-03-31")  # the same CUSIP
    assert by["META", "META"].first == np.datetime64("2022-06-30")
    assert by["ELV", "ANTM"].company == by["ELV", "ELV"].company == "ELV"  # the same name, the old ticker gone
    assert by["RAD_2022", "RAD"].last == np.datetime64("2022-06-30")  # Rite Aid; the ticker is another company's now
    assert by["RAD", "RAD"].name == "RADIUS GLOBAL INC"
    assert all(stay.sure for stay in stays)


def test_a_name_that_changes_without_an_identifier_is_kept_and_called_unsure(tmp_path: Path) -> None:
    write(tmp_path, "Mar 31, 2022", [("SQ", "SQUARE INC", ""), ("A", "AGILENT", "")])
    write(tmp_path, "Apr 29, 2022", [("SQ", "BLOCK INC", ""), ("A", "AGILENT", "")])
    files = holdings.read_folder(tmp_path)
    assert [(stay.company, stay.sure) for stay in follow(files)] == [("A", True), ("SQ", False)]
    answer = on(files, "2022-05-10")
    assert answer.symbols == ("A", "SQ")
    assert answer.notes == ("1 recognised by their ticker though name or identifier changed, such as SQ",)


def test_a_ticker_that_comes_back_later_under_another_name_is_another_company(tmp_path: Path) -> None:
    for date, rows in (("Mar 31, 2022", ["OLD CO"]), ("Apr 29, 2022", []), ("May 31, 2022", ["YOUNG CO"])):
        write(tmp_path, date, [("A", "AGILENT", ""), *(("T", name, "") for name in rows)])
    assert [stay.company for stay in follow(holdings.read_folder(tmp_path))] == ["A", "T", "T_2022"]


def test_holdings_are_not_used_before_they_were_known(folder: Path) -> None:
    """As of Thursday 2022-06-30, published on Friday: no session before 2022-07-01 sees them, and later files change nothing."""
    files = holdings.read_folder(folder)
    assert "RAD_2022" in on(files, "2022-09-30").symbols  # the file of that very day is not known yet
    assert "RAD_2022" not in on(files, "2022-10-03").symbols
    assert on(files, "2022-06-30").source == "fund holdings of 2022-03-31"
    with pytest.raises(MissingData, match="the oldest file is of 2022-03-31, known from 2022-04-01"):
        on(files, "2022-03-31")
    for day in ("2022-04-01", "2022-08-15"):
        known = tuple(one for one in files if membership.known_from(one.as_of) <= np.datetime64(day))
        assert len(on(known, day).symbols) == len(on(files, day).symbols)


def test_confidence_falls_with_age_and_the_lag_is_said(folder: Path) -> None:
    files = holdings.read_folder(folder)
    found = [(on(files, day).lag, on(files, day).confidence) for day in ("2022-04-20", "2022-06-15", "2023-06-30")]
    assert found == [(20, "high"), (76, "medium"), (182, "low")]
    assert "who joined or left since is not known" in on(files, "2023-06-30").notes[-1]


def test_membership_of_holdings_is_a_file_that_fetch_takes(folder: Path, tmp_path: Path) -> None:
    """By permanent id, from the day a file was known to the day one without the company was."""
    out = tmp_path / "members.csv"
    membership.write(out, membership.intervals(holdings.read_folder(folder)))
    assert out.read_text().replace('"', "").splitlines() == [
        "symbol,start,end,tickers",
        "AAPL,2022-04-01,,AAPL",
        "ELV,2022-04-01,2022-07-01,ANTM",
        "ELV,2022-07-01,,ELV",
        "META,2022-04-01,2022-07-01,FB",
        "META,2022-07-01,,META",
        "NEW,2022-10-03,2023-01-02,NEW",
        "RAD,2023-01-02,,RAD",
        "RAD_2022,2022-04-01,2022-10-03,RAD",
    ]
    bars = tmp_path / "bars.csv"
    days = np.arange("2022-06-27", "2022-07-09", dtype="datetime64[D]")
    rows = [f"{day},{name},1,1,1,1,9" for day in days[np.is_busday(days)] for name in ("META", "RAD", "RAD_2022")]
    bars.write_text("\n".join(["date,symbol,open,high,low,close,volume", *rows]))
    market_data = csv_file.read(bars)
    assert read_members(out, market_data.bars)[-1].tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!DOCTYPE html><html></html>", "is a web page, not CSV"),
        ("Ticker,Name,Asset Class\nA,Agilent,Equity\n", "no line says 'Fund Holdings as of'"),
        ('Fund Holdings as of,"soon"\nTicker,Name,Asset Class\nA,Agilent,Equity\n', "must be a date such as Dec 29, 2023, was 'soon'"),
        ('Fund Holdings as of,"Dec 29, 2023"\nA,B\n', "no line begins with Ticker,Name"),
        ('Fund Holdings as of,"Dec 29, 2023"\nTicker,Name,Weight\nA,B,1\n', "no column Asset Class"),
        ('Fund Holdings as of,"Dec 29, 2023"\nTicker,Name,Asset Class\n../x,B,Equity\n', "'../X' is no symbol"),
        ('Fund Holdings as of,"Dec 29, 2023"\nTicker,Name,Asset Class\n-,USD CASH,Cash\n', "it holds no stock"),
    ],
)
def test_what_is_no_holdings_file_is_refused_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(text)
    with pytest.raises(BadTable) as caught:
        holdings.read(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_spellings_of_one_name_are_one_name() -> None:
    assert plain("Meta Platforms, Inc. Class A") == plain("META PLATFORMS INC CLASS A")
    assert plain("ALPHABET INC CLASS A") != plain("ALPHABET INC CLASS C")


def test_a_store_answers_by_its_list_or_by_the_proxy() -> None:
    """The demo's index: names that were delisted later are in it; without a list the most liquid names stand in and are called so."""
    market_data = draw_demo(Settings(demo=Demo(names=60, end="2020-12-31")))
    day = np.datetime64("2018-03-23")
    answer = membership.from_market_data(market_data, day)
    row = market_data.bars.row(day)
    assert market_data.members is not None
    assert set(answer.symbols) == {market_data.bars.symbols[name] for name in np.flatnonzero(market_data.members[row])}
    gone = {market_data.bars.symbols[name] for name in np.flatnonzero(market_data.last < len(market_data.bars.sessions) - 1)}
    assert gone & set(answer.symbols)
    assert answer.source.startswith("membership list as of ")
    with pytest.raises(SpringbackError, match="is not covered: the bars run from"):
        membership.from_market_data(market_data, np.datetime64("2031-01-01"))


def test_the_verb_lists_and_says_who_says_so(folder: Path, tmp_path: Path) -> None:
    told = done(springback(tmp_path, "universe", "--on", "2022-08-15", "--holdings", folder)).stdout
    assert told.splitlines()[:2] == [
        "4 names in the index on 2022-08-15, by the fund holdings of 2022-06-30",
        "  confidence: medium, 46 days old on that day",
    ]
    assert "AAPL      ELV       META      RAD_2022" in told
    said = json.loads(done(springback(tmp_path, "universe", "--on", "2022-08-15", "--holdings", folder, "--json")).stdout)
    assert said["universe"]["symbols"] == ["AAPL", "ELV", "META", "RAD_2022"]
    assert said["universe"]["confidence"] == "medium"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        *(
            (f"--on {day}", f"--on must be a date such as 2020-03-23, was '{day}'")
            for day in ("soon", "20200323", "2020", "2020-03", "NaT")
        ),
        ("--on 2020-W13-1", "--on must be a date such as 2020-03-23, was '2020-W13-1'"),
        ("--on 2020-03-23T21:00", "--on must be a date such as 2020-03-23, was '2020-03-23T21:00'"),
        (
            "--on 2022-08-15 --as-of 2022-08-16",
            "--as-of goes with a store: --holdings reads files, whose own dates say when they were known",
        ),
    ],
)
def test_the_verb_takes_days_in_one_form_and_refuses_what_does_not_go_together(words: str, said: str, folder: Path, tmp_path: Path) -> None:
    wrong = springback(tmp_path, "universe", *words.split(), "--holdings", folder)
    assert (wrong.returncode, wrong.stdout, wrong.stderr) == (2, "", f"springback: {said}\n")


def test_a_file_to_write_needs_holdings(tmp_path: Path) -> None:
    wrong = springback(tmp_path, "universe", "--on", "2020-03-23", "--out", "members.csv")
    assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1 and "--out goes with --holdings DIR" in wrong.stderr


def test_holdings_that_became_known_on_one_day_make_a_file_that_can_be_read(tmp_path: Path) -> None:
    """Those of Friday 2019-06-28 and of Sunday 06-30 are both known on Monday: who is in the first alone was never in."""
    left, stays, renamed = ("OUT", "OUTGOING INC", "1" * 9), ("A", "AGILENT", "2" * 9), ("OLD", "OLDNAME INC", "3" * 9)
    write(tmp_path, "Jun 28, 2019", [left, stays, renamed])
    write(tmp_path, "Jun 30, 2019", [stays, ("YNG", "YOUNGNAME INC", "3" * 9)])
    out = tmp_path / "out" / "members.csv"
    out.parent.mkdir()
    done(springback(tmp_path, "universe", "--holdings", tmp_path, "--out", out))
    tenures = read_tenures(out)
    assert tenures.symbols == ("A", "YNG") and set(tenures.starts.astype(str)) == {"2019-07-01"}


@pytest.mark.parametrize(
    ("as_of", "first"),
    [
        ("2019-06-27", "2019-06-28"),  # a Thursday: on Friday's page
        ("2019-06-28", "2019-07-01"),  # a Friday: on Monday's
        ("2019-06-30", "2019-07-01"),  # a Sunday: Friday's holdings
        ("2019-07-03", "2019-07-05"),  # the day after is a holiday, and no session
    ],
)
def test_holdings_serve_the_session_after_the_close_they_are_of(as_of: str, first: str) -> None:
    """The exchange's calendar is the witness: the first session that uses them is the next one after the close they are of."""
    sessions = get_calendar("XNYS", start="2019-06-20", end="2019-07-10").sessions.to_numpy().astype("datetime64[D]")
    used = sessions[sessions >= membership.known_from(np.datetime64(as_of))][0]
    assert str(used) == first and used == sessions[sessions > np.datetime64(as_of)][0]


CHESAPEAKE = ("CHK", "CHESAPEAKE ENERGY CORP", "165167107")
CHESAPEAKE_ANEW = ("CHK", "CHESAPEAKE ENERGY CORP", "165167735")
OTHER = ("A", "AGILENT", "00846U101")


def test_a_company_that_comes_back_under_a_new_number_is_another_one(tmp_path: Path) -> None:
    """Chesapeake's old shares became worthless in 2020; those of 2021 have the same ticker and name and a CUSIP of their own."""
    write(tmp_path, "May 29, 2020", [CHESAPEAKE, OTHER])
    write(tmp_path, "Jun 30, 2020", [OTHER])
    write(tmp_path, "Jun 30, 2021", [CHESAPEAKE_ANEW, OTHER])
    assert [stay.company for stay in follow(holdings.read_folder(tmp_path))] == ["A", "CHK", "CHK_2020"]


@pytest.mark.parametrize("between", [(), (("CHK", "CHESAPEAKE ENERGY CORP", ""),)])
def test_a_company_renumbered_in_the_very_next_file_is_kept_and_called_unsure(
    between: tuple[tuple[str, str, str], ...], tmp_path: Path
) -> None:
    """A reverse split or a new domicile: the fund holds it all along. A file without numbers between them does not make it sure."""
    write(tmp_path, "Mar 31, 2020", [CHESAPEAKE, OTHER])
    if between:
        write(tmp_path, "Apr 15, 2020", [*between, OTHER])
    write(tmp_path, "Apr 30, 2020", [CHESAPEAKE_ANEW, OTHER])
    stays = follow(holdings.read_folder(tmp_path))
    assert [(stay.company, stay.sure) for stay in stays] == [("A", True), ("CHK", False)]


def test_numbers_of_two_kinds_are_not_held_against_each_other(tmp_path: Path) -> None:
    """The layout changed from CUSIP to ISIN: the same ticker and name are the same company, a file later too."""
    write(tmp_path, "Mar 31, 2020", [CHESAPEAKE, OTHER])
    write(tmp_path, "Apr 30, 2020", [OTHER])
    write(tmp_path, "May 29, 2020", [("CHK", "CHESAPEAKE ENERGY CORP", "US1651671075"), OTHER])
    stays = follow(holdings.read_folder(tmp_path))
    assert [(stay.company, stay.sure) for stay in stays] == [("A", True), ("CHK", True), ("CHK", True)]


DAYS = exchange_days("2020-01-02", "2020-12-29")


def tape_of(folder: Path, members: str, members_from: dt.date | None = None) -> MarketData:
    """A, B and C on the sessions of 2020; B is taken over after DAYS[20], C has no bar on DAYS[130]."""
    rows = [f"{day},A,1,1,1,1,9" for day in DAYS] + [f"{day},B,1,1,1,1,9" for day in DAYS[:21]]
    rows += [f"{day},C,1,1,1,1,9" for k, day in enumerate(DAYS) if k != 130]
    (folder / "bars.csv").write_text("\n".join(["date,symbol,open,high,low,close,volume", *rows]))
    (folder / "members.csv").write_text("symbol,start,end\n" + members)
    return replace(csv_file.read(folder / "bars.csv", members=folder / "members.csv"), origin=Origin(members_from=members_from))


def test_a_list_that_stands_in_for_earlier_sessions_is_called_one_of_later(tmp_path: Path) -> None:
    """It has no age then; from its own day on it has one, though membership did not change on that day."""
    market_data = tape_of(tmp_path, "A,2020-01-01,\nC,2020-01-01,\n", dt.date(2020, 3, 2))
    before = membership.from_market_data(market_data, np.datetime64("2020-02-28"))
    assert (before.source, before.confidence, before.lag) == ("membership list of 2020-03-02, which is of later", "low", None)
    assert "it stands in for the 40 sessions before it, which looks ahead" in before.notes[0]
    after = membership.from_market_data(market_data, np.datetime64("2020-03-10"))
    assert (after.source, after.confidence, after.lag) == ("membership list as of 2020-03-02", "high", 8)
    assert membership.stands_in("2019-12-30", DAYS) == ()
    old = replace(market_data, origin=Origin(members_from=dt.date(2019, 12, 30)))  # the whole store's, of which these bars are the end
    assert membership.from_market_data(old, DAYS[9]).source == "membership list of unknown date"


def test_the_list_that_the_bars_begin_with_has_no_date(tmp_path: Path) -> None:
    answer = membership.from_market_data(tape_of(tmp_path, "A,2019-01-01,\nC,2019-01-01,\n"), DAYS[5])
    assert (answer.source, answer.confidence, answer.lag) == ("membership list of unknown date", "low", None)
    assert answer.notes == ("the list begins with the bars: when it was made is not known, it may be of later",)


@pytest.mark.parametrize(("days", "said"), [(0, "high"), (31, "high"), (32, "medium"), (100, "medium"), (101, "low"), (300, "low")])
def test_a_list_ages_as_holdings_do(days: int, said: str, tmp_path: Path) -> None:
    answer = membership.from_market_data(tape_of(tmp_path, "A,2020-01-01,\nC,2020-01-07,\n"), np.datetime64("2020-01-07") + days)
    assert (answer.lag, answer.confidence) == (days, said)
    assert any("who joined" in note or "the list last changed" in note for note in answer.notes) == (days > 31)


@pytest.mark.parametrize(
    ("members", "day", "span"),
    [
        ("A,2020-02-03,\n", "2020-01-31", "2020-02-03 to 2020-12-29"),
        ("A,2020-01-01,2020-02-03\n", "2020-02-03", "2020-01-02 to 2020-01-31"),
    ],
)
def test_where_the_lists_know_nobody_nothing_is_said_of_the_index(members: str, day: str, span: str, tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=f"nothing is known of the index on {day}: its lists run from {span}"):
        membership.from_market_data(tape_of(tmp_path, members), np.datetime64(day))


def test_members_without_a_bar_are_counted(tmp_path: Path) -> None:
    """B was taken over and is still in the list; C prints nothing that day."""
    market_data = tape_of(tmp_path, "A,2020-01-02,\nB,2020-01-02,\nC,2020-01-03,\n")
    assert membership.from_market_data(market_data, DAYS[20]).notes == ()
    notes = membership.from_market_data(market_data, DAYS[130]).notes
    assert notes[1:] == (
        f"1 of them had their last bar before that session and are still listed, such as B on {DAYS[20]}",
        f"1 of them have no bar on {DAYS[130]}, such as C",
    )
