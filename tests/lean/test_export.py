"""The LEAN data folder: what the engine would read back is what the market data says, and what it cannot hold is told."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.data.files import csv_file, series
from springback.data.store.content_hash import content_hash
from springback.data.store.store import Store
from springback.errors import InputError, MissingData
from springback.lean import prepare
from springback.lean.export import ExportSummary, export
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.market_data import BANKRUPT, DELISTED, END_OF_DATA, TRADING, MarketData
from springback.market.quarantine import Span
from tests.backtest.worlds import flat_tape, random_tape
from tests.lean import lean_reader

GOLDEN = Path(__file__).resolve().parents[2].parent / "shared" / "lean-golden"
SAMPLE = GOLDEN / "data-folder-sample" / "equity" / "usa"
golden = [pytest.mark.golden, pytest.mark.skipif(not SAMPLE.is_dir(), reason="../shared/lean-golden is absent")]


def digits(day: object) -> str:
    return str(day).replace("-", "")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ugly(seed: int) -> MarketData:
    """A random market with several splits and dividends on one day, membership that comes and goes, and each kind of ending."""
    draw = np.random.default_rng(seed)
    market_data = random_tape(seed)
    ended = np.flatnonzero(market_data.ending == DELISTED)
    ending = market_data.ending.copy()
    ending[ended] = draw.choice([TRADING, DELISTED, END_OF_DATA, BANKRUPT], len(ended))
    again = draw.integers(0, len(market_data.actions.row), 6)
    order = np.sort(np.concatenate([np.arange(len(market_data.actions.row)), again]))
    kind = market_data.actions.kind[order]
    value = np.where(kind == SPLIT, market_data.actions.value[order], np.round(draw.random(len(order)), 2) + 0.01)
    actions = Actions(market_data.actions.row[order], market_data.actions.name[order], kind, value)
    return replace(market_data, actions=actions, ending=ending, members=draw.random(market_data.bars.shape) < 0.6)


def check_bars(market_data: MarketData, column: int, name: lean_reader.Name) -> None:
    """Every bar is there, at its price and volume, and no mark."""
    bars = market_data.bars
    rows = np.flatnonzero((bars.open[:, column] > 0) & (bars.volume[:, column] > 0))
    found = name.bars()
    assert list(found) == [digits(bars.sessions[row]) for row in rows]
    panels = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    said = np.array([panel[rows, column] for panel in panels]).T
    assert np.allclose(np.array(list(found.values()), dtype=float), said, rtol=0, atol=5e-5)


def check_ending(market_data: MarketData, column: int, name: lean_reader.Name) -> None:
    last = market_data.last[column]
    ended = market_data.ending[column] != TRADING and last < len(market_data.bars.sessions) - 1
    assert name.tickers[-1][0] == (digits(market_data.bars.sessions[last]) if ended else "20501231")
    assert name.factors[-1] == ("20501231", 1, 1, 0)


def check_events(market_data: MarketData, column: int, name: lean_reader.Name) -> int:
    """The events LEAN would send are the actions of the market data, day by day; how many actions that were."""
    bars, actions = market_data.bars, market_data.actions
    first = int(np.argmax(~np.isnan(bars.open[:, column])))
    end = market_data.last[column] if market_data.ending[column] != TRADING else len(bars.sessions) - 1
    expected: dict[str, tuple[float, float]] = {}
    count = 0
    for k in np.flatnonzero((actions.name == column) & (actions.row > first) & (actions.row <= end)):
        day = digits(bars.sessions[actions.row[k] - 1])
        paid, split = expected.get(day, (0.0, 1.0))
        value = float(actions.value[k])
        expected[day] = (paid + value / split, split) if actions.kind[k] == DIVIDEND else (paid, split * value)
        count += 1
    expected = {day: (paid, split) for day, (paid, split) in expected.items() if (paid, split) != (0.0, 1.0)}
    found = {event.date: (float(event.paid), float(event.split)) for event in name.events()}
    assert sorted(found) == sorted(expected)
    for day, (paid, split) in expected.items():
        assert found[day][0] == pytest.approx(paid, abs=1e-6)
        assert found[day][1] == pytest.approx(split, rel=1e-8)
    return count


def check_returns(market_data: MarketData, column: int, name: lean_reader.Name) -> None:
    """Adjusted by LEAN's factors, a close over the one before is what a holder made who put the dividend back in at the old close."""
    close, days = market_data.bars.close[:, column], [digits(day) for day in market_data.bars.sessions]
    events = {event.date: event for event in name.events()}
    paid = np.array([float(events[day].paid) if day in events else 0.0 for day in days[:-1]])
    split = np.array([float(events[day].split) if day in events else 1.0 for day in days[:-1]])
    factor = np.array([float(name.factor(day)) for day in days])
    held = close[1:] / split / (close[:-1] - paid)
    adjusted = (close * factor)[1:] / (close * factor)[:-1]
    listed = np.array(days[:-1]) >= name.tickers[0][0]
    assert np.allclose(adjusted[listed], held[listed], rtol=1e-8, atol=0, equal_nan=True)


def check(market_data: MarketData, folder: Path) -> int:
    """All laws on all names; the number of actions that LEAN would send."""
    count = 0
    for column, symbol in enumerate(market_data.bars.symbols):
        name = lean_reader.read(folder, symbol)
        check_bars(market_data, column, name)
        check_ending(market_data, column, name)
        check_returns(market_data, column, name)
        count += check_events(market_data, column, name)
    return count


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_lean_reads_back_is_what_the_tape_says(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    market_data, folder = ugly(seed), tmp_path_factory.mktemp("lean")
    done = export(market_data, folder)
    assert check(market_data, folder) == done.counts["actions"]
    assert done.counts["actions"] + done.counts["actions_left_out"] == len(market_data.actions.row)
    bar = (
        (market_data.bars.open > 0)
        & (market_data.bars.high > 0)
        & (market_data.bars.low > 0)
        & (market_data.bars.close > 0)
        & (market_data.bars.volume > 0)
    )
    assert done.counts["marks"] == int((~np.isnan(market_data.bars.close) & ~bar).sum())
    assert done.counts["rows"] == int(bar.sum())


@pytest.fixture(scope="module")
def golden_worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[MarketData, Path]]:
    found = {}
    for world in ("strategy", "corporate"):
        source, out = GOLDEN / world, tmp_path_factory.mktemp(world)
        market_data = csv_file.read(
            source / "bars.csv.gz", vix=source / "vix.csv", events=source / "events.csv" if world == "corporate" else None
        )
        assert all(" rows are marks " in line for line in export(market_data, out).findings)
        found[world] = market_data, out
    return found


@pytest.mark.parametrize(("world", "ticker"), [("strategy", "be"), ("strategy", "evbg"), ("corporate", "aapl"), ("corporate", "ovv")])
class TestGolden:
    pytestmark = golden

    def test_the_names_of_the_real_engine_come_out_byte_for_byte(
        self, golden_worlds: dict[str, tuple[MarketData, Path]], world: str, ticker: str
    ) -> None:
        ours = golden_worlds[world][1] / "equity" / "usa"
        for kind in ("map_files", "factor_files"):
            assert (ours / kind / f"{ticker}.csv").read_bytes() == (SAMPLE / kind / f"{ticker}.csv").read_bytes()
        with zipfile.ZipFile(ours / "daily" / f"{ticker}.zip") as mine, zipfile.ZipFile(SAMPLE / "daily" / f"{ticker}.zip") as theirs:
            assert mine.namelist() == theirs.namelist()
            assert mine.read(f"{ticker}.csv") == theirs.read(f"{ticker}.csv")


@pytest.mark.golden
@pytest.mark.skipif(not SAMPLE.is_dir(), reason="../shared/lean-golden is absent")
@pytest.mark.parametrize("world", ["strategy", "corporate"])
def test_every_name_of_the_golden_worlds_reads_back(golden_worlds: dict[str, tuple[MarketData, Path]], world: str) -> None:
    market_data, folder = golden_worlds[world]
    assert check(market_data, folder) == len(market_data.actions.row)


def test_equal_tapes_give_equal_bytes_by_store_and_by_file(tmp_path: Path) -> None:
    market_data = ugly(3)
    Store(tmp_path / "store").write(market_data)
    for name, one in (("a", market_data), ("b", market_data), ("c", Store(tmp_path / "store").read())):
        export(one, tmp_path / name)
    first = contents(tmp_path / "a")
    assert first == contents(tmp_path / "b")
    assert first == contents(tmp_path / "c")
    assert "springback/export.json" in first and "springback/export.progress" not in first


def test_what_lean_cannot_hold_is_left_out_and_counted(tmp_path: Path) -> None:
    prices = [10.0, 10.00004, 1e-6, 1e13, 10.0, 10.0]
    market_data = flat_tape({"A": prices, "B": [np.nan] * 6, "C": [5.0] * 6, "D": [np.nan, *[0.00004] * 5]})
    volume, open_ = market_data.bars.volume.copy(), market_data.bars.open.copy()
    volume[4, 0], open_[5, 0], volume[3, 2] = 10.5, np.nan, 0.0  # the last: a vendor's copy of the last close through a halt
    dividends = [(0, 2, 0.1), (1, 2, 0.125), (3, 2, 5.0), (2, 1, 0.1)]
    actions = Actions(*(np.array(column) for column in ([d[0] for d in dividends], [d[1] for d in dividends], [0] * 4)), np.ones(4))
    actions = replace(actions, value=np.array([d[2] for d in dividends]))
    market_data = replace(market_data, bars=replace(market_data.bars, volume=volume, open=open_), actions=actions)
    done = export(market_data, tmp_path)
    assert [row[0] for row in lean_reader.zip_rows(tmp_path / "equity/usa/daily/a.zip")] == ["20200101", "20200102", "20200107"]
    assert done.names == 2 and (tmp_path / "springback/symbols.csv").read_text() == "symbol\nA\nC\n"
    expected = {"rows": 8, "marks": 2, "beyond": 2, "rounded": 1, "part_shares": 1, "names_without_bars": 2}
    expected |= {"actions": 1, "actions_left_out": 3, "dividends_in_cents": 1}
    assert {name: done.counts[name] for name in expected} == expected
    assert len(done.findings) == 7
    assert "1 dividends are not whole cents: LEAN pays them rounded to the cent" in done.findings


def test_an_ending_is_the_last_date_and_a_halt_is_none(tmp_path: Path) -> None:
    """LEAN closes at the last close whatever the reason, as our replay does; a name that is only halted goes on."""
    short = [1.0, 2.0, np.nan, np.nan]
    market_data = flat_tape({"BANK": short, "CUT": short, "GONE": short, "HALT": short, "LIVE": [1.0] * 4})
    market_data = replace(market_data, ending=np.array([BANKRUPT, END_OF_DATA, DELISTED, TRADING, TRADING], dtype=np.int8))
    done = export(market_data, tmp_path)
    ends = {path.stem: path.read_text().split()[-1] for path in (tmp_path / "equity/usa/map_files").iterdir()}
    assert ends == {
        **{name: f"20200102,{name},Q" for name in ("bank", "cut", "gone")},
        **{name: f"20501231,{name},Q" for name in ("halt", "live")},
    }
    assert (done.counts["ended"], done.counts["bankrupt"]) == (3, 1)


def test_vix_stands_in_both_forms(tmp_path: Path) -> None:
    market_data = flat_tape({"A": [1.0, 1.0, 1.0]})
    done = export(replace(market_data, vix=np.array([20.0, np.nan, 13.57])), tmp_path)
    assert (tmp_path / "springback/vix.csv").read_text() == "date,close\n2020-01-01,20\n2020-01-03,13.57\n"
    assert lean_reader.zip_rows(tmp_path / "index/usa/daily/vix.zip") == [["20200101", *["20"] * 4, "0"], ["20200103", *["13.57"] * 4, "0"]]
    assert done.counts["vix_absent"] == 1
    with pytest.raises(MissingData, match="no VIX at all"):
        export(replace(market_data, vix=np.full(3, np.nan)), tmp_path / "none")


def test_a_tape_of_closes_only_is_refused(tmp_path: Path) -> None:
    market_data = flat_tape({"A": [1.0, 2.0]}, opens={"A": [np.nan, np.nan]})
    with pytest.raises(MissingData, match="no name has a bar with open, high, low and close"):
        export(market_data, tmp_path / "out")


def test_members_come_back_as_they_were(tmp_path: Path) -> None:
    market_data = ugly(7)
    export(market_data, tmp_path)
    days = market_data.bars.sessions
    back = np.zeros(market_data.bars.shape, dtype=bool)
    header, *rows = (tmp_path / "springback/members.csv").read_text().split()
    assert header == "symbol,start,end"
    for symbol, start, end in (row.split(",") for row in rows):
        back[(days >= np.datetime64(start)) & (days <= np.datetime64(end)), market_data.bars.symbols.index(symbol)] = True
    assert market_data.members is not None
    assert np.array_equal(back, market_data.members)
    assert len(rows) > len(market_data.bars.symbols)
    export(replace(market_data, members=None), tmp_path)
    assert not (tmp_path / "springback/members.csv").exists()


def test_what_a_quarantine_bars_goes_along(tmp_path: Path) -> None:
    market_data = ugly(7)
    days, name = market_data.bars.sessions, market_data.bars.symbols[1]
    held = replace(market_data, quarantine=(Span(name, str(days[3]), str(days[5])),))
    said = export(held, tmp_path)
    assert (tmp_path / "springback/barred.csv").read_text() == f"symbol,start,end\n{name},{days[2]},{days[5]}\n"
    assert any("1 spans of the quarantine" in line for line in said.findings)
    digest = content_hash(market_data)
    assert prepare.exported(tmp_path, digest, held.quarantine) and not prepare.exported(tmp_path, digest)
    export(market_data, tmp_path)
    assert not (tmp_path / "springback/barred.csv").exists() and prepare.exported(tmp_path, digest)


def test_rates_come_from_the_file_or_from_the_tape_or_from_nowhere(tmp_path: Path) -> None:
    market_data = replace(flat_tape({"A": [1.0] * 4}), risk_free=np.array([np.nan, 0.0225, 0.0225, 0.02]))
    place = "alternative/interest-rate/usa/interest-rate.csv"

    def rates(name: str, one: MarketData, file: Path | None = None) -> str:
        done: ExportSummary = export(one, tmp_path / name, interest_rate=file)
        return f"{done.rates}: {(tmp_path / name / place).read_text() if (tmp_path / name / place).exists() else 'no file'}"

    given = tmp_path / "rates.csv"
    given.write_text("DATE,PCREDIT8\n2003-01-09,2.25\n2003-06-26,2.00\n2023-07-27,5.5")
    assert rates("file", market_data, given) == "rates.csv: DATE,PCREDIT8\n2003-01-09,2.25\n2003-06-26,2\n2023-07-27,5.5\n"
    assert rates("tape", market_data) == "the market data's risk-free rate: DATE,PCREDIT8\n2020-01-02,2.25\n2020-01-06,2\n"
    assert np.array_equal(series.read_rates(tmp_path / "tape" / place, market_data.bars.sessions), market_data.risk_free, equal_nan=True)
    assert rates("none", replace(market_data, risk_free=None)).endswith("no file")


@pytest.mark.parametrize(
    ("symbol", "why"),
    [
        ("../../X", "a ticker is 1 to 32 capitals"),
        ("A/B", "a ticker is 1 to 32 capitals"),
        ("A\\B", "a ticker is 1 to 32 capitals"),
        ("..", "a ticker is 1 to 32 capitals"),
        (".X", "a ticker is 1 to 32 capitals"),
        ("A.", "a ticker is 1 to 32 capitals"),
        ("aapl", "a ticker is 1 to 32 capitals"),
        ("A\nB", "a ticker is 1 to 32 capitals"),
        ("A,B", "a ticker is 1 to 32 capitals"),
        ("X" * 300, "a ticker is 1 to 32 capitals"),
        ("NUL", "a file of this name cannot be made everywhere"),
        ("CON.A", "a file of this name cannot be made everywhere"),
        ("FB.1", "another owner of the same ticker"),
    ],
)
def test_a_symbol_that_is_no_ticker_is_refused_and_nothing_written(tmp_path: Path, symbol: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as error:
        export(flat_tape({symbol: [1.0, 1.0]}), tmp_path / "out")
    assert "\n" not in str(error.value) and len(str(error.value)) < 250
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_says_what_was_written(tmp_path: Path) -> None:
    market_data = ugly(5)
    done = export(market_data, tmp_path)
    said = json.loads((tmp_path / "springback/export.json").read_text())
    assert said["window"] == [str(market_data.bars.sessions[0]), str(market_data.bars.sessions[-1])]
    assert said["counts"] == done.counts and said["names"] == done.names == len(market_data.bars.symbols)
    listed = {path for part in said["parts"].values() for path in part["files"]}
    assert listed == set(contents(tmp_path)) - {"springback/export.json"}
    assert len(listed) == done.files
