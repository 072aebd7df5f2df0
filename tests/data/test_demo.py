"""The demo market: fully determined, lawful, fair where no edge is planted, and with an edge that grows with its dose."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.data.demo.demo import Demo, draw
from springback.data.store.content_hash import content_hash
from springback.errors import SettingsError
from springback.market.actions import DIVIDEND, SPLIT, split_scale
from springback.market.bars import Panel
from springback.market.market_data import BANKRUPT, DELISTED, MarketData

NOISE = draw(Demo(reversal=0.0))
EDGE = draw(Demo())
SHORT = Demo(names=30, start="2019-01-02", end="2019-12-31", shocks=1)


def adjusted(market_data: MarketData) -> tuple[Panel, Panel, Panel]:
    """Open, close and volume on the scale of the first session."""
    scale = split_scale(market_data.actions, market_data.bars.shape)
    assert scale is not None
    return market_data.bars.open / scale, market_data.bars.close / scale, market_data.bars.volume * scale


def lagged(panel: Panel, lag: int) -> Panel:
    out = np.full_like(panel, np.nan)
    out[lag:] = panel[:-lag]
    return out


def t_of_daily_ranks(signal: Panel, outcome: Panel) -> float:
    """t of the mean over sessions of the correlation across names of the ranks of `signal` and `outcome`.

    Outcomes of different sessions are independent where nothing is predictable, so that |t| is below 3.5 in all but 1 case of 2,000.
    """
    found = []
    for row in range(len(signal)):
        here = ~np.isnan(signal[row]) & ~np.isnan(outcome[row])
        if here.sum() >= 30:
            x, y = (np.argsort(np.argsort(a[row][here])) for a in (signal, outcome))
            found.append(np.corrcoef(x, y)[0, 1])
    return float(np.mean(found) / np.std(found) * np.sqrt(len(found)))


def outcomes(market_data: MarketData) -> dict[str, Panel]:
    """What the next session brings, by night, by day and whole."""
    opened, close, _ = adjusted(market_data)
    paid = np.zeros(close.shape)
    scale = split_scale(market_data.actions, market_data.bars.shape)
    assert scale is not None
    for row, name, kind, value in zip(
        market_data.actions.row, market_data.actions.name, market_data.actions.kind, market_data.actions.value, strict=True
    ):
        if kind == DIVIDEND:
            paid[row, name] = value / scale[row, name]
    before = lagged(close, 1)
    return {"night": (opened + paid) / before - 1, "day": close / opened - 1, "whole": (close + paid) / before - 1}


def signals(market_data: MarketData) -> dict[str, Panel]:
    """What was known the evening before."""
    _, close, volume = adjusted(market_data)
    out = {f"move {k}": lagged(close / lagged(close, k) - 1, 1) for k in (1, 3, 10)}
    out["volume"] = lagged(volume / (lagged(volume, 1) + 1), 1)
    out["size of move"] = lagged(np.abs(close / lagged(close, 20) - 1), 1)
    return out


def test_the_seed_determines_everything() -> None:
    assert content_hash(draw(SHORT)) == content_hash(draw(SHORT))
    assert content_hash(draw(replace(SHORT, seed=1))) != content_hash(draw(SHORT))


@given(st.integers(0, 2**40), st.integers(10, 40), st.sampled_from([0.0, 0.2, 0.9]), st.integers(0, 4))
@settings(max_examples=12)
def test_bars_are_coherent(seed: int, names: int, reversal: float, shocks: int) -> None:
    market_data = draw(Demo(seed=seed, names=names, reversal=reversal, shocks=shocks, start="2019-01-02", end="2019-08-30"))
    bars = market_data.bars
    here = ~np.isnan(bars.close)
    low, high = bars.low[here], bars.high[here]
    for panel in (bars.open[here], bars.close[here]):
        assert np.all((low <= panel) & (panel <= high))
        ticks = panel * np.where(panel < 0.9, 1e4, 100) if np.all(panel > 1.1) else panel * 1e4
        assert np.allclose(ticks, np.round(ticks), atol=1e-6)
    assert np.all(low > 0)
    assert np.all(bars.volume[here] >= 0) and np.array_equal(bars.volume[here], np.floor(bars.volume[here]))
    assert np.array_equal(np.isnan(bars.open), ~here)
    assert np.all((market_data.vix >= 9) & (market_data.vix <= 95))
    assert market_data.members is not None and not np.any(market_data.members[np.arange(len(bars.sessions))[:, None] > market_data.last])


def test_it_has_all_that_happens_in_a_market() -> None:
    kinds = np.bincount(EDGE.actions.kind)
    assert kinds[SPLIT] >= 20 and kinds[DIVIDEND] >= 2000
    values = EDGE.actions.value[EDGE.actions.kind == SPLIT]
    assert (values < 1).any() and (values > 1).any()
    assert (EDGE.ending == DELISTED).sum() >= 30 and (EDGE.ending == BANKRUPT).sum() >= 3
    listed = ~np.isnan(EDGE.bars.close)
    assert (np.argmax(listed, axis=0) > 0).sum() >= 30
    inside = np.logical_or.accumulate(listed, axis=0) & np.logical_or.accumulate(listed[::-1], axis=0)[::-1]
    assert (inside & ~listed).sum() >= 100
    assert EDGE.members is not None and EDGE.sectors is not None and len(set(EDGE.sectors)) == 11
    changes = np.flatnonzero(np.any(EDGE.members[1:] & ~EDGE.members[:-1], axis=1)) + 1
    mondays = ["2017-06-26", "2018-06-25", "2019-07-01", "2020-06-29", "2021-06-28", "2022-06-27", "2023-06-26"]
    assert [str(EDGE.bars.sessions[k]) for k in changes] == mondays


def test_prices_and_volumes_are_plausible() -> None:
    close = EDGE.bars.close
    assert 15 < np.nanmedian(close) < 50 and (close < 1).any()
    dollars = np.nanmean(close * EDGE.bars.volume, axis=0)
    assert 0.02 < np.mean(dollars < 1e6) < 0.25
    _, adjusted_close, volume = adjusted(EDGE)
    returns = adjusted_close[1:] / adjusted_close[:-1] - 1
    returns[np.abs(returns) > 0.9] = np.nan
    spread = np.nanstd(returns, axis=0)
    assert 0.2 < np.nanmedian(spread) * np.sqrt(252) < 0.5
    kurtosis = np.nanmean(((returns - np.nanmean(returns, axis=0)) / spread) ** 4, axis=0)
    assert np.nanmedian(kurtosis) > 4.5
    size = np.abs(returns)
    here = ~np.isnan(size[1:]) & ~np.isnan(size[:-1])
    assert np.corrcoef(size[1:][here], size[:-1][here])[0, 1] > 0.1
    grown = volume[1:] / volume[:-1]
    here = ~np.isnan(grown) & ~np.isnan(size) & (grown > 0)
    assert np.corrcoef(np.log(grown[here]), size[here])[0, 1] > 0.2


def test_the_vix_answers_the_market() -> None:
    assert EDGE.benchmark is not None
    market = EDGE.benchmark[1:] / EDGE.benchmark[:-1] - 1
    assert np.corrcoef(np.diff(np.log(EDGE.vix)), market)[0, 1] < -0.3
    ahead = np.array([np.std(market[k : k + 21]) for k in range(len(market) - 21)])
    assert np.corrcoef(EDGE.vix[1 : len(ahead) + 1], ahead)[0, 1] > 0.5
    mean = np.convolve(EDGE.vix, np.ones(15) / 15, "valid")
    assert 0.03 < np.mean(EDGE.vix[14:] > 1.15 * mean) < 0.2
    assert EDGE.vix.max() > 45 and 12 < np.median(EDGE.vix) < 20


@pytest.mark.parametrize("part", ["night", "day", "whole"])
def test_without_reversal_nothing_predicts_the_next_session(part: str) -> None:
    outcome = outcomes(NOISE)[part]
    found = {name: t_of_daily_ranks(signal, outcome) for name, signal in signals(NOISE).items()}
    assert all(abs(t) < 3.5 for t in found.values()), found


def test_without_reversal_the_sign_of_six_sessions_does_not_depend_on_volatility() -> None:
    _, close, _ = adjusted(NOISE)
    returns = close / lagged(close, 1) - 1
    volatility = np.full_like(close, np.nan)
    for row in range(21, len(close)):
        volatility[row] = np.std(returns[row - 20 : row], axis=0)
    ahead = np.full_like(close, np.nan)
    ahead[:-6] = close[6:] / close[:-6] - 1
    up = np.where(np.isnan(ahead), np.nan, ahead > 0)
    quiet, wild = volatility < np.nanpercentile(volatility, 25), volatility > np.nanpercentile(volatility, 75)
    assert abs(np.nanmean(up[quiet]) - np.nanmean(up[wild])) < 0.02


def test_cheap_prices_do_not_bounce() -> None:
    market_data = draw(Demo(seed=2, names=300, reversal=0.0))
    opened, close, _ = adjusted(market_data)
    cheap = lagged(market_data.bars.close, 1) < 8
    last = lagged(close / opened - 1, 1)
    night = np.where(cheap, opened / lagged(close, 1) - 1, np.nan)
    here = ~np.isnan(last) & ~np.isnan(night)
    assert here.sum() > 10_000
    assert abs(np.corrcoef(np.sign(last[here]), np.sign(night[here]))[0, 1]) < 0.04


def test_more_reversal_is_more_to_find() -> None:
    found = []
    for dose in (0.0, 0.1, 0.2, 0.4):
        market_data = NOISE if dose == 0 else draw(Demo(reversal=dose))
        found.append(t_of_daily_ranks(signals(market_data)["move 3"], outcomes(market_data)["day"]))
    assert found == sorted(found, reverse=True)
    assert found[2] < -5 and abs(found[0]) < 3.5


def test_reversal_lies_in_the_day_and_not_in_the_night() -> None:
    assert abs(t_of_daily_ranks(signals(EDGE)["move 3"], outcomes(EDGE)["night"])) < 3.5


def test_the_origin_says_what_it_is() -> None:
    assert "planted reversal of 20%" in str(EDGE.origin) and "no evidence about real markets" in str(EDGE.origin)
    assert "no edge at all" in str(NOISE.origin)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"start": "soon"}, "demo.start must be a date"),
        ({"names": 5}, "demo.names must be 10 to 10000, was 5"),
        ({"reversal": 1.5}, "demo.reversal must be 0 to 1"),
        ({"end": "2017-02-01"}, "demo.end must be at least 90 days after"),
    ],
)
def test_a_knob_out_of_range_is_refused(knobs: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Demo(**knobs)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_from_its_turn_on_the_edge_is_turned_round_and_nothing_before_it_changes() -> None:
    """What a three-session move predicts of the next six: given back before the turn, gone on with after it."""
    plain, turned = (draw(Demo(names=200, start="2019-01-02", end="2022-12-30", reversal=0.4, turn=turn)) for turn in ("", "2021-01-04"))
    row = plain.bars.row("2021-01-04")
    np.testing.assert_array_equal(plain.bars.close[:row], turned.bars.close[:row])
    slopes = [[_slope(one.bars.close[part]) for part in (slice(0, row), slice(row + 10, None))] for one in (plain, turned)]
    assert slopes[0][0] == slopes[1][0] < -0.1 and slopes[0][1] < -0.1 and slopes[1][1] > 0.1, slopes


def _slope(close: np.ndarray) -> float:
    """Correlation of three-session moves with those of the six sessions after, jumps (splits) left out."""
    with np.errstate(invalid="ignore", divide="ignore"):
        past, ahead = np.log(close[3:-6] / close[:-9]), np.log(close[9:] / close[3:-6])
    known = (np.abs(past) < 0.3) & (np.abs(ahead) < 0.3)
    return float(np.corrcoef(past[known], ahead[known])[0, 1])
