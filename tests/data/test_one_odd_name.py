"""One odd name ends no list, file or batch: it is left out, counted, and one of it is named; the others go on."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from springback.data.files import holdings
from springback.data.laws import lines_of
from springback.data.roster import roster
from springback.data.sources import History
from springback.data.sources.alpaca import Alpaca
from springback.data.sources.downloads import Downloads
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.gather import gather
from springback.data.sources.lean_folder import LeanFolder
from springback.data.sources.line import NoName
from springback.data.sources.request import read_roster
from springback.data.sources.tiingo import Tiingo
from springback.errors import InputError, OddName, SourceError
from springback.lean.export import export
from tests.data.doors import DAYS, END, KEYS, START, Told, by_file, whole

LISTS = {
    "a head alone": ("Ticker\nAAPL\nMSFT\n", ("AAPL", "MSFT"), ""),
    "a head and names": ("Ticker,Name\nAAPL,First Company\nMSFT,Second Company\n", ("AAPL", "MSFT"), ""),
    "a screener": ('Symbol,Name,Sale\nAAPL,"First, Inc.",$1\nBRK/A,Third,$1\n', ("AAPL", "BRK.A"), ""),
    "bars and a last line": (
        "Symbol|Security Name|Test\nAAPL|First - Common|N\nMSFT|Second|N\nFile Creation Time: 0212202121:31||\n",
        ("AAPL", "MSFT"),
        "1 of 3 names are no symbol and left out (such as File Creation Time: 0212202121:31)",
    ),
    "twice": ("AAPL\nBRK.B\nBRK-B\naapl\n", ("AAPL", "BRK.B"), "2 of 4 names are there twice and are taken once (such as BRK-B)"),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_symbols_as_the_exchanges_give_them(kind: str, tmp_path: Path) -> None:
    text, symbols, line = LISTS[kind]
    (tmp_path / "list.txt").write_text(text)
    found = read_roster(str(tmp_path / "list.txt"))
    assert found.symbols == symbols and lines_of(found.left) == ((line,) if line else ())


def test_a_list_of_which_little_is_a_symbol_is_refused_and_so_is_an_odd_word_by_hand(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("What is this?\nNo list at all.\nAAPL\n")
    with pytest.raises(InputError, match=r"'What is this\?' is no symbol .* nor are 1 more of 3: give a file with one symbol a line"):
        read_roster(str(tmp_path / "list.txt"))
    with pytest.raises(InputError, match="'A B' is no symbol"):
        read_roster("AAPL,A B")


def test_rights_warrants_and_units_are_no_shares() -> None:
    found = roster(["AAPL", "MTPI RT", "XX A", "ABC/WS", "BDX PRB"])
    assert found.symbols == ("AAPL", "XX.A")
    assert lines_of(found.left) == (
        "1 of 5 names are no symbol and left out (such as BDX PRB)",
        "2 of 5 names are no share (a right, a warrant, a unit) and left out (such as MTPI RT)",
    )


HEAD = (
    'Fund of All Shares{pad}\nFund Holdings as of,"Nov 06, 2020"{pad}\nInception Date,"May 22, 2000"{pad}\n \n'
    "Ticker,Name,Sector,Asset Class,Shares\n"
)
ROWS = '"AAQ","AQUA INC","Care","Equity","5"\n"BBR","BRISK CORP","Care","Equity","5"\n"XTS","CASH","Care","Money Market","5"\n'


@pytest.mark.parametrize(
    ("pad", "more", "symbols", "line"),
    [
        (",,,", "", ("AAQ", "BBR"), ""),
        (
            "",
            '"MTPI RT","RIGHTS","Care","Equity","5"\n',
            ("AAQ", "BBR"),
            "1 name is no share (a right, a warrant, a unit) and left out (such as MTPI RT)",
        ),
        ("", '"XX A","XX CLASS A","Care","Equity","5"\n', ("AAQ", "BBR", "XX.A"), ""),
        (
            "",
            '"QDRO","QUERCUS INC","Care","Equity","5"\n"QDRO","QUERCUS INC CVR","Care","Equity","5"\n',
            ("AAQ", "BBR", "QDRO"),
            "1 row is of a company that is there already under the same ticker (such as QDRO: QUERCUS INC CVR)",
        ),
    ],
)
def test_holdings_as_they_really_are(pad: str, more: str, symbols: tuple[str, ...], line: str, tmp_path: Path) -> None:
    (tmp_path / "2020-11-06.csv").write_text(HEAD.format(pad=pad) + ROWS + more + ' \n"What stands here is licensed."\n')
    found = holdings.read(tmp_path / "2020-11-06.csv")
    assert tuple(one.ticker for one in found.rows) == symbols and str(found.as_of) == "2020-11-06"
    assert lines_of(found.left) == ((line,) if line else ())


def test_one_month_that_cannot_be_read_ends_no_folder(tmp_path: Path) -> None:
    for month in (9, 10):
        (tmp_path / f"{month}.csv").write_text(HEAD.format(pad="").replace("Nov 06", f"{'Sep' if month == 9 else 'Oct'} 06") + ROWS)
    (tmp_path / "11.csv").write_text("<html>")
    first, second = holdings.read_folder(tmp_path)
    assert lines_of([*first.left, *second.left])[0].startswith("1 file cannot be read and is left out (such as ")


def test_a_ticker_that_is_there_twice_in_a_vendors_list_had_another_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["AAQ,NYSE,Stock,USD,2010-01-04,", "ADX,NYSE,Stock,USD,2018-01-19,", "ADX,NYSE,Stock,USD,2012-09-28,2021-07-01"]
    rows += ["-P-Q,NYSE,Stock,USD,2013-03-27,", "IFX 6,NYSE,Stock,USD,2013-03-27,", "BRX-B,NYSE,Stock,USD,2010-01-04,"]
    source = Tiingo(Fetch(), KEYS)
    from springback.data.sources import tiingo

    content = "\n".join(["ticker,exchange,assetType,priceCurrency,startDate,endDate", *rows]).encode()
    monkeypatch.setattr(source.names, "file", lambda *_: __import__("io").BytesIO(b"zip"))
    monkeypatch.setattr(tiingo, "unzipped", lambda *_: content)
    found = source.listing(START, END)
    assert found.symbols == ("AAQ", "ADX", "BRX.B")
    assert lines_of(found.left) == (
        "2 of 6 names are no symbol and left out (such as -P-Q)",
        "1 of 6 tickers had another owner in the span: the bars are those of the present one (such as ADX)",
    )


def _refusing(market: Told, names_it: bool) -> Alpaca:
    """Alpaca that answers HTTP 400 to any question with BAD, and names it or not."""
    source = Alpaca(Fetch(per_second=10_000), KEYS)

    def answer(path: str, params: Mapping[str, Any], what: str) -> Any:
        asked = params["symbols"].split(",")
        if "BAD" in asked:
            raise NoName("Alpaca takes no BAD", '{"message": "invalid symbol: BAD"}' if names_it else "invalid symbol")
        if path != "/v2/stocks/bars":
            return {"corporate_actions": {}, "next_page_token": None}
        bars = {n: [{"t": f"{row[0]}T04:00:00Z", **dict(zip("ohlcv", row[2:], strict=True))} for row in market.of(n)] for n in asked}
        return {"bars": bars, "next_page_token": None}

    source.line.json = answer  # type: ignore[method-assign]
    return source


@pytest.mark.parametrize("names_it", [True, False])
def test_one_symbol_that_the_vendor_does_not_take_ends_no_batch(names_it: bool) -> None:
    market = Told([whole(day, name) for name in ("AAA", "BBB", "BRK.B") for day in DAYS])
    found = gather(_refusing(market, names_it), ["AAA", "BAD", "BBB", "BRK-B"], START, END).histories
    assert [(one.symbol, len(one.days), one.gone) for one in found] == [
        ("AAA", len(DAYS), False),
        ("BAD", 0, True),
        ("BBB", len(DAYS), False),
        ("BRK-B", len(DAYS), False),
    ]


class _Odd:
    """A source of ten names, of which `odd` cannot be read."""

    name, batch = "odd", 1

    def __init__(self, *odd: str) -> None:
        self.odd = odd

    def histories(self, symbols: Any, start: date, end: date) -> Any:
        for symbol in symbols:
            if symbol in self.odd:
                raise OddName(f"its answer about {symbol} is not the known one")
            yield History(symbol, np.array(["2021-07-09"], "datetime64[D]"), np.ones((1, 5)))


def test_a_name_that_cannot_be_read_is_left_out_and_many_are_the_vendors_fault() -> None:
    names = [f"N{k}" for k in range(10)]
    found = gather(_Odd("N3"), names, START, END)  # type: ignore[arg-type]
    assert found.odd == ("N3",) and [len(one.days) for one in found.histories].count(1) == 9
    assert lines_of(found.histories[3].left)[0].startswith("1 name cannot be read at the source and is left out (such as N3: its answer")
    with pytest.raises(SourceError, match="3 of 10 names failed"):
        gather(_Odd("N3", "N5", "N7"), names, START, END)  # type: ignore[arg-type]


def test_a_ticker_that_no_file_may_have_is_left_out_of_the_export(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    market_data = by_file(
        Told([whole(day, name) for name in ("AAA", "BBB", "CON", "LPT1.A", "TAP^A", "aaa") for day in DAYS]), tmp_path / "in"
    )
    made = export(market_data, tmp_path / "out")
    assert made.names == 2 and "4 names cannot be a ticker in LEAN and are left out (such as CON)" in made.findings
    assert sorted(path.name for path in (tmp_path / "out/equity/usa/daily").iterdir()) == ["aaa.zip", "bbb.zip"]
    assert (tmp_path / "out/springback/symbols.csv").read_text() == "symbol\nAAA\nBBB\n"


def test_downloads_of_such_names_are_files_everywhere(tmp_path: Path) -> None:
    kept = Downloads(tmp_path, "here", timedelta(hours=1))
    names = ("CON", "con", "AAPL", "aapl", "LPT1.A", "PRN-B", "^GSPC", "NUL")
    now = datetime.now(UTC)
    for symbol in names:
        kept.keep(History(symbol, np.array(["2021-07-09"], "datetime64[D]"), np.ones((1, 5))), START, END, now)
    files = [path.name for path in (tmp_path / "here").glob("*.parquet")]
    assert len({one.lower() for one in files}) == len(names)
    assert not {one.split(".")[0].upper() for one in files} & {"CON", "LPT1", "PRN", "NUL"}
    assert all(kept.known(symbol, START, END, now) is not None for symbol in names)


@pytest.mark.parametrize(("third", "paid"), [(",102.91", 0.85), ("", 0.85), (",0", 0.85)])
def test_a_factor_file_without_a_reference_price_takes_the_bars(third: str, paid: float, tmp_path: Path) -> None:
    """102.91 x (1 - 0.9917404 / 1) = 0.85 (Lean #2378): LEAN's reference is the close of that day, and the bar has it."""
    import zipfile

    base = tmp_path / "equity" / "usa"
    for folder in ("daily", "factor_files"):
        (base / folder).mkdir(parents=True)
    days = ("20160613", "20160614", "20160615", "20160616")
    with zipfile.ZipFile(base / "daily" / "xyz.zip", "w") as packed:
        packed.writestr("xyz.csv", "".join(f"{day} 00:00,1029100,1030000,1020000,1029100,1000\n" for day in days))
    (base / "factor_files" / "xyz.csv").write_text(f"20100104,0.9917404,1\n20160614,0.9917404,1{third}\n20501231,1,1\n")
    (found,) = LeanFolder(tmp_path).histories(["XYZ"], date(2016, 6, 1), date(2016, 7, 1))
    assert [(str(one.day), one.kind, one.value) for one in found.events] == [("2016-06-15", "dividend", paid)]


def test_a_dividend_that_nothing_tells_is_counted(tmp_path: Path) -> None:
    import zipfile

    base = tmp_path / "equity" / "usa"
    for folder in ("daily", "factor_files"):
        (base / folder).mkdir(parents=True)
    with zipfile.ZipFile(base / "daily" / "xyz.zip", "w") as packed:
        packed.writestr("xyz.csv", "20160615 00:00,1029100,1030000,1020000,1029100,1000\n")
    (base / "factor_files" / "xyz.csv").write_text("20100104,0.9917404,1\n20160614,0.9917404,1,0\n20501231,1,1\n")
    (found,) = LeanFolder(tmp_path).histories(["XYZ"], date(2016, 6, 1), date(2016, 7, 1))
    assert found.events == () and lines_of(found.left)[0].startswith(
        "1 split or dividend cannot be worked out for want of a close, and is left out (such as XYZ on 2016-06-15"
    )
