"""The real pipeline is not accused, whatever the seed; and a market without names that leave, or without an edge, is told apart."""

from dataclasses import replace

import numpy as np
import pytest

from springback.auditing.checks import CHECKS
from springback.auditing.counterfactuals import of_names, other_future, relabelled, since
from springback.auditing.noise import matched_noise
from springback.auditing.pipeline import run_pipeline
from springback.features import panel
from springback.market.market_data import DELISTED, TRADING
from springback.market.quarantine import Span
from springback.workflow import audit
from tests.auditing.worlds import SIZE, case_of, found, honest, market, taken

STATISTICAL = ("noise", "planted")
EXACT = tuple(key for key in CHECKS if key not in STATISTICAL and not key.startswith("late "))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_real_pipeline_passes(seed: int) -> None:
    for key, one in found(honest(seed), *EXACT).items():
        assert one.verdict == "PASS", f"{key}: {one.verdict}, {one.statement}"
        assert one.tried


@pytest.mark.parametrize(
    "more", [("strategy.stop_mode=intraday", "strategy.stop_loss=0.01"), ("backtest.profile=lean", "regime.scope=book")]
)
def test_so_do_its_variants(more: tuple[str, ...]) -> None:
    for key, one in found(honest(1, *more), "corrupted", "fills", "money", "renamed", "warm-up").items():
        assert one.verdict == "PASS", f"{key}: {one.verdict}, {one.statement}"


@pytest.mark.parametrize("seed", [1, 2])
def test_noise_shows_nothing_and_a_planted_edge_is_found(seed: int) -> None:
    told = found(honest(seed), *STATISTICAL)
    assert told["noise"].verdict in {"PASS", "WARN"}, told["noise"].statement  # WARN: a small sample may leave the canary silent
    assert told["planted"].verdict == "PASS", told["planted"].statement


def test_late_inputs_are_measured() -> None:
    keys = [key for key in CHECKS if key.startswith("late ")]
    told = found(honest(), *keys)
    assert {one.verdict for one in told.values()} <= {"MEASURED", "WARN"}
    assert all("Sharpe" in one.statement and np.isfinite(one.figures["sharpe_late"]) for one in told.values())


def test_a_market_of_survivors_is_called_one() -> None:
    """The data, not the pipeline: every name that ends is taken out of the market data."""
    market_data = market()[0]
    alive = of_names(market_data, np.flatnonzero(market_data.last == market_data.bars.shape[0] - 1))
    one = found(replace(honest(), whole=alive), "survivors")["survivors"]
    assert one.verdict == "FAIL" and "survivors only" in one.statement


def test_a_tape_without_membership_is_a_warning() -> None:
    """Where names do leave; and market data too short to tell is not judged."""
    bare = replace(honest(), whole=replace(market()[0], members=None))
    one = found(bare, "survivors")
    assert one["survivors"].verdict == "WARN" and "no membership is known" in one["survivors"].statement
    short = replace(honest(), whole=market()[0].until(100))
    assert found(short, "survivors")["survivors"].verdict == "SKIPPED"


def test_without_membership_everything_else_is_checked() -> None:
    like = honest()
    sample, crowd = replace(like.sample, members=None), replace(like.crowd, members=None)
    case = replace(like, base=run_pipeline(like.pipeline, sample), crowd=crowd, whole=replace(like.whole, members=None))
    for key, one in found(case, "truncated", "corrupted", "universe", "renamed", "money").items():
        assert one.verdict == "PASS", f"{key}: {one.statement}"
    assert found(case, "late membership")["late membership"].verdict == "SKIPPED"


def test_a_quarantine_follows_its_name() -> None:
    like = honest()
    spans = tuple(Span(symbol, "2023-01-03", "2023-06-30") for symbol in like.sample.bars.symbols[:5])
    case = replace(like, base=run_pipeline(like.pipeline, replace(like.sample, quarantine=spans)))
    assert not np.array_equal(case.base.eligible, like.base.eligible)
    for key, one in found(case, "truncated", "warm-up", "renamed").items():
        assert one.verdict == "PASS", f"{key}: {one.statement}"


def test_a_regime_that_is_not_applied_is_a_warning() -> None:
    clean = audit.pipeline(taken()[1])
    deaf = replace(
        clean, backtest=lambda market_data, said: clean.backtest(replace(market_data, vix=np.full(len(market_data.vix), 15.0)), said)
    )
    one = found(case_of(deaf), "vix")["vix"]
    assert one.verdict == "WARN" and "not applied" in one.statement


def test_the_same_seed_gives_the_same_findings() -> None:
    keys = ("corrupted", "vix", "late forecasts")
    again = audit.case_of(audit.pipeline(taken()[1]), taken()[0], market()[0], SIZE, 1)
    assert found(honest(), *keys) == found(again, *keys)


def test_matched_noise_keeps_what_it_says() -> None:
    """Listings, halts, volume and the size of common moves stay; log returns turn symmetric and lose their sequence."""
    market_data = taken()[0].crowd
    made = matched_noise(market_data, np.random.default_rng(5))
    assert np.array_equal(np.isnan(made.bars.close), np.isnan(market_data.bars.close)) and np.array_equal(made.last, market_data.last)
    assert np.array_equal(made.bars.volume, market_data.bars.volume, equal_nan=True)
    assert np.nanmin(made.bars.high - np.maximum(made.bars.open, made.bars.close)) >= -1e-9
    with np.errstate(invalid="ignore"):
        before, after = (np.diff(np.log(one.bars.close), axis=0) for one in (market_data, made))
    usual = np.abs(before) < 0.3  # no split
    assert np.nanstd(after[usual]) == pytest.approx(np.nanstd(before[usual]), rel=0.05)
    common = [np.nanstd(np.nanmean(np.where(usual, one, np.nan), axis=1)) for one in (before, after)]
    assert common[1] == pytest.approx(common[0], rel=0.15)
    assert 0.47 < np.nanmean(after[usual] > 0) < 0.53


def test_another_future_leaves_the_past_alone() -> None:
    market_data = taken()[0].market_data
    made = other_future(market_data, 200, np.random.default_rng(1))
    assert np.array_equal(made.bars.close[:201], market_data.bars.close[:201], equal_nan=True)
    differ = made.bars.close[201:] != market_data.bars.close[201:]
    assert np.nanmean(differ) > 0.5 and not np.array_equal(made.vix[201:], market_data.vix[201:])
    ended = market_data.last <= 200
    assert np.array_equal(made.last[ended], market_data.last[ended]) and np.array_equal(made.ending[ended], market_data.ending[ended])
    assert (made.last[~ended] > 200).all()
    assert set(np.unique(made.ending)) <= {0, 1, 2, 3} and (made.ending[made.last == len(made.vix) - 1] == TRADING).all()
    assert (made.ending == DELISTED).any()


def test_surgery_keeps_the_features_of_a_name() -> None:
    market_data = taken()[0].market_data
    whole = panel(market_data.bars, market_data.actions)
    order = np.random.default_rng(2).permutation(market_data.bars.shape[1])
    moved = relabelled(market_data, order)
    assert np.array_equal(panel(moved.bars, moved.actions), whole[:, order], equal_nan=True)
    later = since(market_data, 50)
    assert np.array_equal(panel(later.bars, later.actions)[20:], whole[70:], equal_nan=True)
