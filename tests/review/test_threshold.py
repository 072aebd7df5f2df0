"""The threshold walked forward: chosen on the past alone, by the plateau, and changed only where the paired interval says so."""

import dataclasses

import numpy as np
import pytest

from springback.errors import SettingsError
from springback.review.document import Source, missing
from springback.review.review_settings import ReviewRules
from springback.review.threshold import Tried, episodes, plateau, threshold, walk
from tests.backtest.worlds import sessions_from

MULTIPLES = (1.0, 1.1, 1.2, 1.3, 1.4)
RULES = ReviewRules(history=252)
SIZE = 1200


def tried(gains: tuple[float, ...], without: float = 0.0, current: float = 1.2, seed: int = 1) -> Tried:
    """Accounts that are one noise, each with a daily gain of its own and a little noise of its own."""
    draw = np.random.default_rng(seed)
    common, own = draw.normal(0.0002, 0.01, SIZE), draw.normal(0, 0.001, (len(gains), SIZE))
    vix = 20 + 6 * (np.arange(SIZE) % 40 < 5)
    returns = common + own + np.array(gains)[:, None]
    bare = common + without
    return Tried(
        MULTIPLES, returns, bare, sessions_from("2019-01-02", SIZE), current, vix.astype(float), np.full(SIZE, 20.0), Source("runs")
    )


def test_the_middle_of_the_plateau_is_chosen_not_its_best() -> None:
    """Three accounts alike, the first of them the best by a hair, one far worse on either side."""
    noise = np.random.default_rng(3).normal(0, 0.01, 1000)
    drift = np.array([-0.004, 0.0011, 0.001, 0.001, -0.004])
    assert plateau(MULTIPLES, noise + drift[:, None]) == 1.2
    lonely = np.array([-0.004, -0.004, -0.004, -0.004, 0.001])
    assert plateau(MULTIPLES, noise + lonely[:, None]) == 1.4
    even = np.array([0.001, 0.001, -0.004, -0.004, -0.004])
    assert plateau(MULTIPLES, noise + even[:, None]) == 1.0
    apart = np.array([0.001, -0.004, 0.0011, -0.004, 0.001])  # others as good, behind a valley, are another region
    assert plateau(MULTIPLES, noise + apart[:, None]) == 1.2
    assert np.isnan(plateau(MULTIPLES, np.full((5, 10), -1.5)))


def test_a_choice_knows_nothing_of_what_comes_after_it() -> None:
    whole = tried((0.0, 0.0, 0.0, 0.0, 0.0))
    first = walk(whole, 252)
    changed = whole.returns.copy()
    cut = 800
    changed[4, cut:] += 0.02
    later = walk(dataclasses.replace(whole, returns=changed), 252)
    days = whole.days
    start = int(first.start)
    assert start >= 252 and str(days[start])[:7] != str(days[start - 1])[:7]
    same = cut - start
    assert (first.multiple[:same] == later.multiple[:same]).all() and (first.returns[:same] == later.returns[:same]).all()
    assert later.today == 1.4 and later.multiple[-1] == 1.4
    assert len(first.returns) == len(first.multiple) == SIZE - start


def test_a_better_threshold_is_proposed_with_its_interval() -> None:
    found = threshold(tried((-0.002, -0.002, 0.0, -0.002, 0.002)), RULES)
    (proposal,) = found.proposals
    assert (proposal.knob, proposal.current, proposal.value) == ("regime.multiple", 1.2, 1.4)
    assert proposal.gain is not None and 0 < proposal.gain.low < proposal.gain.value < proposal.gain.high
    assert proposal.gain.value == pytest.approx(252 * 0.002, rel=0.1) and found.state == "amber"


def test_no_better_threshold_leaves_it_as_it_is() -> None:
    found = threshold(tried((0.0, 0.0, 0.0, 0.0, 0.0)), RULES)
    assert found.proposals == () and found.state == "green"
    less = threshold(tried((-0.001, -0.001, 0.002, -0.001, -0.001)), RULES)
    assert less.proposals == ()


def test_few_episodes_cannot_tell_and_their_number_is_shown() -> None:
    better = tried((-0.002, -0.002, 0.0, -0.002, 0.002))
    calm = dataclasses.replace(better, vix=np.where(np.arange(SIZE) < 5, 30.0, 20.0))
    found = threshold(calm, RULES)
    assert found.proposals == () and "cannot be told" in found.words[0]
    (count,) = [one for one in found.figures if one.name == "Bear episodes in the sessions"]
    assert count.value == 1


def test_episodes_begin_where_the_regime_turns() -> None:
    vix = np.array([10.0, 13, 13, 10, 13, 10, 10, 13])
    assert episodes(vix, np.full(8, 10.0), 1.2) == 3
    assert episodes(vix, np.full(8, np.nan), 1.2) == 0


def test_too_short_a_past_says_so() -> None:
    whole = tried((0.0,) * 5)
    cut = {name: getattr(whole, name)[..., :260] for name in ("returns", "without", "days", "vix", "mean")}
    short = dataclasses.replace(whole, **cut)
    found = threshold(short, ReviewRules(history=504))
    assert found.state == "unknown" and [one.what for one in found.absent] == ["sessions"]
    assert [one.what for one in threshold(None, RULES, missing("models")).absent] == ["models"]


@pytest.mark.parametrize(
    "knobs",
    [
        {"gap": 0.0},
        {"tail": 1.5},
        {"multiples": (1.2,)},
        {"multiples": (1.2, 1.1)},
        {"history": 10},
        {"winsor": 0.5},
        {"days_to_leave": 0.0},
    ],
)
def test_a_limit_that_cannot_be_is_refused(knobs: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="review"):
        ReviewRules(**knobs)  # type: ignore[arg-type]
