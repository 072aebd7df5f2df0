"""Columns by name, by case, by synonym: what is meant, what is told, and all that is missing at once."""

from pathlib import Path

import pytest

from springback.data import rows
from springback.data.files.headers import SYNONYMS, bare, match, understanding
from springback.data.files.reading import Columns, read_table
from springback.errors import BadTable

BARS = ("date", "symbol", "open", "high", "low", "close", "volume")
ROW = "2020-01-02,A,10,11,9,10.5,100"


@pytest.mark.parametrize(
    "header",
    [
        "Date,Symbol,Open,High,Low,Close,Volume",
        "DATE,TICKER,OPEN,HIGH,LOW,CLOSE,VOL",
        "<DATE>,<TICKER>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
        "timestamp,Name,open,high,low,close,volume",
        "Date,symbol, Open, High, Low, Close/Last, Volume",
        "Trade Date,act_symbol,1. open,2. high,3. low,4. close,5. volume",
        "t,sym,o,h,l,c,v".replace("t,", "Datetime,", 1),
    ],
)
def test_columns_are_known_by_case_and_synonym(tmp_path: Path, header: str) -> None:
    (tmp_path / "in.csv").write_text(f"{header}\n{ROW}\n")
    with understanding() as heard:
        frame = read_table(tmp_path / "in.csv", rows.BARS)
    assert tuple(frame) == BARS and frame.iloc[0, 2:].tolist() == [10, 11, 9, 10.5, 100]
    said = "".join(one.line for one in heard)
    assert len(heard) < 2 and all(f"'{one.strip()}' as" in said for one in header.split(",") if bare(one) not in BARS), heard


def test_our_own_layout_needs_no_words_and_the_adjusted_close_comes_along(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(",".join(BARS) + f"\n{ROW}\n")
    (tmp_path / "yahoo.csv").write_text("Date,symbol,Open,High,Low,Close,Adj Close,Volume\n2020-01-02,A,10,11,9,10.5,10.25,100\n")
    with understanding() as heard:
        assert "adj_close" not in read_table(tmp_path / "in.csv", rows.BARS)
    assert heard == []
    assert read_table(tmp_path / "yahoo.csv", rows.BARS)["adj_close"].tolist() == [10.25]


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(BadTable, match=r"^x\.csv has no columns 'symbol', 'open', 'high' and 'low': it has date, close, volume$"):
        match("x.csv", ["date", "close", "volume"], rows.BARS)
    with pytest.raises(BadTable, match="has no columns 'high' and 'volume': did you mean 'higj' and 'volme'"):
        match("x.csv", ["date", "symbol", "open", "higj", "low", "close", "volme"], rows.BARS)


def test_two_columns_that_may_be_meant_are_refused_and_an_exact_name_is_meant() -> None:
    close = Columns(numbers=("close",))
    with pytest.raises(BadTable, match="close may be 'Last' or 'Price': call the one that is meant 'close'"):
        match("x.csv", ["Last", "Price"], close)
    with pytest.raises(BadTable, match="close may be 'Close' or 'CLOSE'"):
        match("x.csv", ["Close", "CLOSE"], close)
    assert match("x.csv", ["Close", "close", "Last"], close) == {"close": 1}
    assert match("x.csv", ["Price", "Close/Last"], close) == {"close": 1}, "a better rank stands before a worse one"
    assert match("x.csv", ["Name", "Ticker"], Columns(texts=("symbol",))) == {"symbol": 1}


def test_what_was_passed_over_is_told(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("Date,symbol,open,high,low,close,Vol,dividends\n" + ROW + ",0\n")
    with understanding() as heard:
        read_table(tmp_path / "in.csv", rows.BARS)
    assert [one.line for one in heard] == ["in.csv read as: 'Vol' as volume, passed over dividends"]


def test_a_synonym_means_one_column_of_a_table() -> None:
    for table in (BARS, ("date", "symbol", "event", "value"), ("symbol", "start", "end"), ("date", "close")):
        words = [word for name in table for rank in ((bare(name),), *SYNONYMS.get(name, ())) for word in rank]
        assert len(words) == len(set(words)), table
