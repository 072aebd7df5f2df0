"""What is known of how a name ended: read, stored, paid, told; where nothing is known, the policy, counted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from springback.backtest.run import Backtest, backtest
from springback.data.files import csv_file
from springback.data.sessions import exchange_days
from springback.data.store.restatement import restatement
from springback.data.store.store import Store
from springback.errors import BadTable
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import BANKRUPT, DELISTED, TRADING, MarketData, payouts
from springback.strategy.knobs import Regime, Strategy
from springback.workflow.report import endings_held
from springback.workflow.settings import Settings
from tests.data.samples import assert_same
from tests.terminal import done, springback

DAYS = exchange_days("2024-01-02", "2024-03-14")
LAST = 30
FIRST = datetime(2024, 4, 1, tzinfo=UTC)
EVENTS = (
    "date,symbol,event,value,reason\n"
    f"{DAYS[LAST]},BUST,delisting,,bankruptcy\n{DAYS[LAST + 1]},CASH,delisting,0.25,acquired for cash\n{DAYS[LAST]},GONE,delisting,,\n"
    f"{DAYS[LAST]},LOSS,delisting,-0.8,liquidated\n{DAYS[5]},KEPT,dividend,0.1,\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BUST, CASH, GONE and LOSS end on one day; KEPT goes on."""
    place = tmp_path_factory.mktemp("ends")
    rows = ["date,symbol,open,high,low,close,volume"]
    for k, day in enumerate(DAYS):
        rows += [f"{day},{name},10,10,10,10,900000" for name in ("BUST", "CASH", "GONE", "KEPT", "LOSS") if name == "KEPT" or k <= LAST]
    (place / "bars.csv").write_text("\n".join([*rows, ""]))
    (place / "events.csv").write_text(EVENTS)
    (place / "vix.csv").write_text("\n".join(["date,close", *(f"{day},15" for day in DAYS), ""]))
    return place


@pytest.fixture(scope="module")
def market_data(folder: Path) -> MarketData:
    return csv_file.read(folder / "bars.csv", folder / "vix.csv", None, folder / "events.csv")


def test_reason_and_return_are_read(market_data: MarketData) -> None:
    assert market_data.ending.tolist() == [BANKRUPT, DELISTED, DELISTED, TRADING, DELISTED]
    np.testing.assert_equal(payouts(market_data), [np.nan, 0.25, np.nan, np.nan, -0.8])
    assert {one.symbol: one.reason for one in market_data.delistings}["CASH"] == "acquired for cash"
    assert len(market_data.actions.row) == 1
    np.testing.assert_equal(payouts(market_data.until(LAST)), np.full(5, np.nan))


def test_a_holder_gets_what_is_known_to_have_been_paid_and_the_report_counts_it(market_data: MarketData) -> None:
    shape = market_data.bars.shape
    said = Forecasts(*(np.where(np.isnan(market_data.bars.close), np.nan, value) for value in (1.0, 0.9, 0.1, 1e6)))
    account = Backtest(start=DAYS[25].item(), end=DAYS[-1].item(), cash=1e6)
    assert shape == (len(DAYS), 5)
    for profile, paid in (("realistic", [0.0, 12.5, 10.0, 2.0]), ("lean", [10.0] * 4)):
        result = backtest(market_data, said, replace(account, profile=profile), Strategy(), Regime(), Costs())
        gone = np.isin(result.fills["row"], LAST) & np.isin(result.fills["name"], [0, 1, 2, 4]) & (result.fills["quantity"] < 0)
        assert dict(zip(result.fills["name"][gone].astype(int), result.fills["price"][gone], strict=True)) == pytest.approx(
            dict(zip([0, 1, 2, 4], paid, strict=True))
        )
        if profile == "realistic":
            (line,) = endings_held(market_data, result, Settings())
            assert line.startswith("4 names were held") and "1 bankrupt ones -100%, 1 the last close itself" in line
            assert line.endswith("; 2 were paid what is known of their end")


def test_the_store_keeps_it_and_tells_a_restatement(market_data: MarketData, tmp_path: Path) -> None:
    store = Store(tmp_path)
    plain = replace(
        market_data, delistings=(), ending=np.where(market_data.ending == BANKRUPT, DELISTED, market_data.ending).astype(np.int8)
    )
    store.write(plain, FIRST)
    assert not list(tmp_path.glob("delistings/*"))
    hash_before = store.hash
    store.write(market_data, FIRST + timedelta(days=1), accept_restatement=True)
    assert_same(store.read(), market_data)
    assert [str(one) for one in store.read().delistings] == [str(one) for one in market_data.delistings]
    assert store.verify() == () and store.hash != hash_before
    assert store.read(as_of=FIRST).delistings == () and store.hash_as_of(FIRST) == hash_before
    assert restatement(plain, market_data).counts == {"ending": 5}
    assert not restatement(market_data, market_data)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2024-02-13,CASH,delisting,-1.5,", r"line 2: value of a delisting must be a return from -1 to 10, or empty, was -1.5"),
        ("2024-02-13,CASH,merger,0.1,", "event must be one of dividend, split, delisting, was 'merger'"),
        ("2024-02-13,CASH,delisting,0,\n2024-02-14,CASH,delisting,0,", "line 3: the delisting of CASH is there twice"),
        ("2024-02-13,CASH,dividend,,", "value must be above 0 and finite, was nan"),
    ],
)
def test_what_cannot_be_is_one_line(folder: Path, tmp_path: Path, row: str, words: str) -> None:
    (tmp_path / "events.csv").write_text(f"date,symbol,event,value,reason\n{row}\n")
    with pytest.raises(BadTable, match=words):
        csv_file.read(folder / "bars.csv", folder / "vix.csv", None, tmp_path / "events.csv")


def test_by_the_verbs(folder: Path, tmp_path: Path) -> None:
    beside = ("--vix", folder / "vix.csv", "--events", folder / "events.csv")
    done(springback(tmp_path, "fetch", "--source", "csv", "--path", folder / "bars.csv", *beside))
    assert [one.symbol for one in Store(tmp_path / "store").read().delistings] == ["BUST", "CASH", "GONE", "LOSS"]
    assert "is sound" in done(springback(tmp_path, "data", "verify")).stdout
