"""Splits and dividends: what the features see of them, and what the filters on dollars see."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from springback import features
from springback.data.files import csv_file
from springback.data.store.content_hash import content_hash
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.bars import Bars, Panel
from springback.market.liquidity import mean_dollar_volume, mean_volume
from springback.market.market_data import TRADING, MarketData, last_rows
from springback.market.origin import Origin
from springback.market.prose import Prose
from springback.strategy.universe import Universe, eligible

QPI, VOL_RATIO = (features.FEATURES.index(name) for name in ("qpi_3day", "vol_ratio"))
SPLIT_ROW = 30


def tape_of(close: Panel, volume: Panel, actions: Actions) -> MarketData:
    sessions = np.asarray(np.busday_offset("2020-01-01", np.arange(len(close)), roll="forward"), dtype="datetime64[D]")
    bars = Bars(sessions, tuple(f"N{k}" for k in range(close.shape[1])), close, close, close, close, volume)
    return MarketData(bars, actions, np.full(len(close), 15.0), last_rows(close), np.full(close.shape[1], TRADING, dtype=np.int8))


def four_for_one() -> tuple[MarketData, MarketData]:
    """The same firm with a 4-for-1 split before `SPLIT_ROW`, and without one; a penny stock of 2 dollars beside it."""
    draw = np.random.default_rng(3)
    close = np.column_stack([100 * np.exp(np.cumsum(draw.normal(0, 0.02, 60))), np.full(60, 2.0)])
    volume = np.column_stack([np.round(draw.lognormal(11, 0.5, 60)), np.full(60, 1e6)])
    then, traded = close.copy(), volume.copy()
    then[SPLIT_ROW:, 0] /= 4
    traded[SPLIT_ROW:, 0] *= 4
    split = Actions(np.array([SPLIT_ROW]), np.array([0]), np.array([SPLIT]), np.array([0.25]))
    return tape_of(then, traded, split), tape_of(close, volume, Actions.none())


def test_a_four_for_one_split_changes_neither_qpi_nor_volume_ratio_nor_dollar_volume() -> None:
    split, plain = four_for_one()
    ours, theirs = (features.panel(one.bars, one.actions) for one in (split, plain))
    np.testing.assert_array_equal(ours[..., [QPI, VOL_RATIO]], theirs[..., [QPI, VOL_RATIO]])
    np.testing.assert_allclose(mean_dollar_volume(split.bars), mean_dollar_volume(plain.bars), rtol=1e-12)
    raw = features.panel(split.bars, Actions.none())
    assert abs(raw[SPLIT_ROW, 0, QPI] - theirs[SPLIT_ROW, 0, QPI]) > 10, "the canary: unadjusted, a split is a crash"


def test_filters_on_dollars_read_what_was_printed() -> None:
    """A 3-dollar share before its 4-for-1 split was above one dollar then and is below it now; raw shares count, not adjusted ones."""
    close, volume = np.full((60, 1), 3.0), np.full((60, 1), 1e6)
    close[SPLIT_ROW:], volume[SPLIT_ROW:] = 0.75, 4e6
    market_data = tape_of(close, volume, Actions(np.array([SPLIT_ROW]), np.array([0]), np.array([SPLIT]), np.array([0.25])))
    allowed = eligible(market_data, Universe(window=9))[:, 0]
    assert allowed[9:SPLIT_ROW].all() and not allowed[SPLIT_ROW:].any()
    assert mean_volume(market_data.bars, 1)[SPLIT_ROW - 1, 0] == 1e6


def test_a_new_dividend_changes_no_feature() -> None:
    """Prices are kept raw: a dividend, first told of today, rewrites no earlier session."""
    plain = four_for_one()[1]
    before = features.panel(plain.bars, plain.actions)
    paid = Actions(np.array([40, 59]), np.array([0, 1]), np.array([DIVIDEND, DIVIDEND]), np.array([5.0, 0.2]))
    np.testing.assert_array_equal(features.panel(plain.bars, paid), before)


def test_a_history_rewritten_by_its_vendor_has_another_hash() -> None:
    """A file that is back-adjusted for a dividend: the features across it differ, and so does the hash that every report names."""
    plain = four_for_one()[1]
    adjusted = plain.bars.close.copy()
    adjusted[:40, 0] *= 0.95
    other = replace(plain, bars=Bars(plain.bars.sessions, plain.bars.symbols, *(adjusted,) * 4, plain.bars.volume))
    assert content_hash(other) != content_hash(plain) == content_hash(replace(plain, origin=Origin(words=Prose("elsewhere"))))
    window = features.panel(other.bars, other.actions)[:40, 0], features.panel(plain.bars, plain.actions)[:40, 0]
    ratios = [k for k, name in enumerate(features.FEATURES) if name not in ("rsi_14", "bb_position")]
    np.testing.assert_allclose(window[0][:, ratios], window[1][:, ratios], rtol=1e-9, err_msg="before it features are ratios: the same")
    np.testing.assert_allclose(window[0], window[1], rtol=1e-3)


def test_a_dividend_beside_the_bars_of_a_file_moves_no_price(tmp_path: Path) -> None:
    rows = "".join(f"2020-01-{day:02d},A,10,11,9,10,100\n" for day in (2, 3, 6, 7))
    (tmp_path / "bars.csv").write_text("date,symbol,open,high,low,close,volume\n" + rows)
    (tmp_path / "events.csv").write_text("date,symbol,event,value\n2020-01-06,A,dividend,0.5\n")
    told, untold = csv_file.read(tmp_path / "bars.csv", events=tmp_path / "events.csv"), csv_file.read(tmp_path / "bars.csv")
    assert told.actions.value.tolist() == [0.5]
    assert told.bars.close.tolist() == untold.bars.close.tolist() == [[10.0]] * 4


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0])
def test_the_split_of_tomorrow_is_not_in_the_features_of_today(factor: float) -> None:
    plain = four_for_one()[1]
    later = Actions(np.array([50]), np.array([0]), np.array([SPLIT]), np.array([factor]))
    np.testing.assert_array_equal(features.panel(plain.bars, later)[:50], features.panel(plain.bars, Actions.none())[:50])
