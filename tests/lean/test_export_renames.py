"""A name that changed its ticker: one security in LEAN, one zip for each ticker it traded under."""

from pathlib import Path

import pytest

from springback.errors import BadTable, InputError
from springback.lean.export import ExportSummary, export
from springback.market.market_data import MarketData
from tests.backtest.worlds import flat_tape
from tests.lean import lean_reader

# Sessions: 1, 2, 3, 6, 7, 8 January 2020.
RISING = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def renamed(folder: Path, market_data: MarketData, *rows: str) -> ExportSummary:
    file = folder / "renames.csv"
    file.write_text("date,old,new\n" + "".join(row + "\n" for row in rows))
    return export(market_data, folder / "out", renames=file)


def days(folder: Path, ticker: str) -> list[str]:
    return [row[0][-2:] for row in lean_reader.zip_rows(folder / "out" / "equity" / "usa" / "daily" / f"{ticker}.zip")]


def map_rows(folder: Path, symbol: str) -> list[str]:
    return (folder / "out" / "equity" / "usa" / "map_files" / f"{symbol}.csv").read_text().split()


def test_bars_lie_under_the_ticker_of_their_day(tmp_path: Path) -> None:
    """As LEAN's own foxa.csv, which says nwsa until the last session before the change."""
    done = renamed(tmp_path, flat_tape({"FOXA": RISING, "Z": RISING}), "2020-01-06,NWSA,FOXA")
    assert map_rows(tmp_path, "foxa") == ["20200101,nwsa,Q", "20200103,nwsa,Q", "20501231,foxa,Q"]
    assert (days(tmp_path, "nwsa"), days(tmp_path, "foxa")) == (["01", "02", "03"], ["06", "07", "08"])
    assert not (tmp_path / "out/equity/usa/map_files/nwsa.csv").exists()
    assert (tmp_path / "out/springback/symbols.csv").read_text() == "symbol\nFOXA\nZ\n"
    assert (done.counts["renamed"], done.counts["renames_unused"]) == (1, 0)
    assert list(lean_reader.read(tmp_path / "out", "FOXA").bars()) == [f"2020010{day}" for day in (1, 2, 3, 6, 7, 8)]


def test_a_chain_of_names_and_a_name_that_came_back(tmp_path: Path) -> None:
    market_data = flat_tape({"A": RISING, "C": [*RISING[:5], float("nan")]})
    rows = ("2020-01-02,A,B", "2020-01-06,B,A", "2020-01-04,Y,C", "2020-01-03,X,Y")
    done = renamed(tmp_path, market_data, *rows)
    assert map_rows(tmp_path, "a") == ["20200101,a,Q", "20200103,b,Q", "20501231,a,Q"]
    assert (days(tmp_path, "a"), days(tmp_path, "b")) == (["01", "06", "07", "08"], ["02", "03"])
    assert map_rows(tmp_path, "c") == ["20200101,x,Q", "20200102,x,Q", "20200103,y,Q", "20200107,c,Q"]
    assert [days(tmp_path, ticker) for ticker in "xyc"] == [["01", "02"], ["03"], ["06", "07"]]
    assert (done.counts["renamed"], done.counts["ended"]) == (2, 1)
    for symbol in ("A", "C"):
        name = lean_reader.read(tmp_path / "out", symbol)
        assert [bar[3] for bar in name.bars().values()] == RISING[: len(name.bars())]


def test_a_rename_outside_the_bars_is_passed_over_and_said(tmp_path: Path) -> None:
    market_data = flat_tape({"A": [float("nan"), *RISING[:5]]})
    done = renamed(tmp_path, market_data, "2019-01-02,Q,A", "2020-01-02,R,A", "2021-01-02,S,A", "2020-01-03,T,U")
    assert map_rows(tmp_path, "a") == ["20200102,a,Q", "20501231,a,Q"]
    assert done.findings == ("4 renames fit no name and session of the bars: passed over",)


def test_a_recycled_ticker_is_refused(tmp_path: Path) -> None:
    """META was a fund's ticker before it was Facebook's; FB may be a name of its own in the bars."""
    message = "the ticker FB is claimed by two names, FB and META: LEAN keeps one file of bars a ticker"
    with pytest.raises(InputError, match=message):
        renamed(tmp_path, flat_tape({"FB": RISING, "META": RISING}), "2020-01-06,FB,META")
    with pytest.raises(InputError, match="the ticker X is claimed by two names, A and B"):
        renamed(tmp_path, flat_tape({"A": RISING, "B": RISING}), "2020-01-06,X,A", "2020-01-03,X,B")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (("2020-01-06,A,A",), "line 2: old and new must differ, were both 'A'"),
        (("2020-01-06,B,A", "2020-01-06,C,A"), "line 3: A is a new name on 2020-01-06 twice"),
        (("06/01/2020,B,A",), "line 2: date must be a date whose month is sure"),
        (("2020-01-06,,A",), "line 2: old is empty"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, rows: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadTable, match=says):
        renamed(tmp_path, flat_tape({"A": RISING}), *rows)


def test_an_old_name_must_be_a_safe_file_name_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'\.\./\.\./B' is no symbol"):
        renamed(tmp_path, flat_tape({"A": RISING}), "2020-01-06,../../B,A")
    assert [path.name for path in tmp_path.rglob("*")] == ["renames.csv"]
