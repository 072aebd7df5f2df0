"""Who follows whom: the champion speaks until a newer pair has won its contest, and what comes later changes nothing of it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from springback.forecasting.timeline import Timeline
from springback.market.market_data import MarketData
from springback.statistics.contest import Retraining, verdict
from springback.training import Training, WalkForward, WalkForwardResult, WalkOptions, walk_forward
from springback.training.daily_scores import DailyScore, daily_scores, ratios
from springback.training.labels import forward_return
from springback.training.succession import judged
from tests.training.schools import NOW, lessons, random_tape, tape_of, weekdays

H = 6
RULES = Retraining(sessions=63, level=0.2)
DAYS = weekdays(700)


def turned(seed: int, sessions: int = 900, names: int = 30, turn: int = 380) -> MarketData:
    """A market whose reversal becomes a trend at row `turn`: what was learned before it is wrong after it."""
    draw = np.random.default_rng(seed)
    steps = draw.normal(0.0, 0.02, (sessions, names))
    for row in range(3, sessions):
        steps[row] -= (0.15 if row < turn else -0.15) * steps[row - 3 : row].sum(axis=0)
    return tape_of(30.0 * np.exp(np.cumsum(steps, axis=0)))


TURNED = turned(7)
WALK = WalkForward(min_sessions=200)
OPTIONS = WalkOptions(retraining=RULES)


@pytest.fixture(scope="module")
def walked() -> WalkForwardResult:
    return walk_forward(*lessons(TURNED), Training(trees=10, years=1), WALK, NOW, OPTIONS)


def board(edges: dict[str, tuple[float, int]], seed: int = 1, sessions: int = 700) -> dict[str, DailyScore]:
    """Scores of models whose rank IC has the mean `edge` from row `first` on; all cost the same."""
    draw = np.random.default_rng(seed)
    found = {}
    for name, (edge, first) in edges.items():
        scores = DailyScore.unknown(sessions)
        scores.put(first, DailyScore(edge + draw.normal(0, 0.05, sessions - first), *(np.full(sessions - first, 1.0) for _ in range(4))))
        found[name] = scores
    return found


BEGUN = Timeline().begun("a", str(DAYS[9]), "WHO", "the first")


def open_(*challengers: tuple[str, int]) -> Timeline:
    timeline = BEGUN
    for name, row in challengers:
        timeline = timeline.registered(name, str(DAYS[row]))
    return timeline


def test_a_better_challenger_takes_over_and_a_worse_one_does_not() -> None:
    scores = board({"a": (0.0, 10), "b": (-0.02, 41), "c": (0.05, 31)})
    found = judged(open_(("c", 30), ("b", 40)), scores, DAYS, 600, H, RULES, "WHO")
    assert found.champion == "c" and found.previous == "a"
    states = [(one.challenger, one.champion, one.state) for one in found.contests]
    assert states == [("c", "a", "promoted"), ("b", "a", "closed"), ("b", "c", "lost")]


def test_a_win_takes_effect_after_the_close_by_which_its_labels_were_known() -> None:
    scores = board({"a": (0.0, 10), "c": (0.05, 31)})
    found = judged(open_(("c", 30)), scores, DAYS, 600, H, RULES, "WHO")
    told = verdict(scores["c"].rank_ic[31:] - scores["a"].rank_ic[31:], RULES, 1.0)
    assert told.state == "won" and told.row is not None
    assert found.tenures[-1].after == found.contests[0].decided == str(DAYS[31 + told.row + H])
    early = judged(open_(("c", 30)), scores, DAYS, 31 + told.row + H - 1, H, RULES, "WHO")
    assert early.champion == "a" and early.contests[0].state == "open"


@pytest.mark.parametrize("signer", ["", "WHO"])
@pytest.mark.parametrize("seed", range(4))
def test_every_evening_or_once_gives_one_timeline(seed: int, signer: str) -> None:
    scores = board({"a": (0.0, 10), "b": (0.012, 21), "c": (0.02, 31), "d": (0.03, 91)}, seed)
    start = open_(("b", 20), ("c", 30), ("d", 90))
    nightly, last = start, 500
    for row in range(91, last + 1):
        nightly = judged(nightly, scores, DAYS, row, H, RULES, signer)
        if row % 50 == 0:
            assert judged(start, scores, DAYS, row, H, RULES, signer) == nightly
    assert nightly != start


def test_the_future_changes_nothing_of_a_timeline() -> None:
    scores = board({"a": (0.0, 10), "b": (0.012, 21), "c": (0.02, 31)})
    row = 90
    other = {name: DailyScore(*(panel.copy() for panel in vars(one).values())) for name, one in scores.items()}
    for one in other.values():
        one.rank_ic[row - H + 1 :] = one.spread[row - H + 1 :] = one.market[row - H + 1 :] = np.nan
    start = open_(("b", 20), ("c", 30))
    assert judged(start, other, DAYS, row, H, RULES, "WHO") == judged(start, scores, DAYS, row, H, RULES, "WHO")


def test_a_win_waits_for_a_person() -> None:
    scores = board({"a": (0.0, 10), "c": (0.05, 31)})
    found = judged(open_(("c", 30)), scores, DAYS, 600, H, RULES)
    assert found.champion == "a" and [one.state for one in found.contests] == ["won"] and found.challengers == ("c",)


@pytest.mark.parametrize(
    ("field", "value", "words"), [("turnover", 1.6, "turnover 1.60"), ("dollars", 0.5, "capacity 0.50"), ("spread", -2.0, "drawdown")]
)
def test_who_costs_too_much_is_kept_from_taking_over(field: str, value: float, words: str) -> None:
    scores = board({"a": (0.0, 10), "c": (0.05, 31)})
    scores["a"].spread[:] = -1.0
    scores["c"].spread[:] = -1.0
    assert judged(open_(("c", 30)), scores, DAYS, 600, H, RULES, "WHO").champion == "c"
    getattr(scores["c"], field)[:] = value
    found = judged(open_(("c", 30)), scores, DAYS, 600, H, RULES, "WHO")
    assert found.champion == "a" and found.contests[0].state == "vetoed" and words in found.contests[0].why


def test_the_walk_changes_its_champion_when_the_market_turns(walked: WalkForwardResult) -> None:
    taken = [one for one in walked.timeline.contests if one.state == "promoted"]
    assert taken and len(walked.timeline.tenures) == 1 + len(taken) < len(walked.models)
    names = {pair.card.name: pair for pair in walked.models.values()}
    panel = lessons(TURNED)[2]
    for row in range(TURNED.bars.row(walked.folds[0].first), TURNED.bars.shape[0]):
        p_long, _ = names[walked.timeline.champion_on(TURNED.bars.sessions[row])].probabilities(panel[row])
        np.testing.assert_array_equal(walked.forecasts.p_long[row], p_long)
    assert list(walked.champions.values())[-1] is names[walked.timeline.champion]


def test_the_walk_s_timeline_knows_no_future(walked: WalkForwardResult) -> None:
    """Poison every bar after a session: who was champion by then, and every contest that was decided, stay as they were."""
    decided = next(one for one in walked.timeline.contests if one.state == "promoted").decided
    row = TURNED.bars.row(decided)
    close = TURNED.bars.close.copy()
    close[row + 1 :] *= np.random.default_rng(3).uniform(0.5, 2.0, close[row + 1 :].shape)
    again = walk_forward(*lessons(tape_of(close)), Training(trees=10, years=1), WALK, NOW, OPTIONS)

    def known(result: WalkForwardResult) -> tuple[object, ...]:
        timeline = result.timeline
        early = [one for one in timeline.contests if one.decided and one.decided <= decided]
        return (
            [one for one in timeline.tenures if one.after <= decided],
            early,
            [one.after for one in timeline.contests if one.after <= decided],
        )

    assert known(again) == known(walked)
    assert again.timeline != walked.timeline


def test_who_is_not_ranked_is_no_evidence() -> None:
    """Half of the names left out of the contests: other figures, the same forecasts of the first champion."""
    tape, training = random_tape(5, sessions=420, names=30), Training(trees=3)
    ranked = np.arange(30)[None] < np.where(np.arange(420) < 400, 15, 30)[:, None]
    whole, half = (walk_forward(*lessons(tape), training, WALK, NOW, replace(OPTIONS, ranked=one)) for one in (None, ranked))
    assert [one.gain for one in whole.timeline.contests] != [one.gain for one in half.timeline.contests]
    np.testing.assert_array_equal(whole.forecasts.p_long, half.forecasts.p_long)


def test_newest_and_never_are_what_they_say(walked: WalkForwardResult) -> None:
    tape = random_tape(5, sessions=420)
    newest = walk_forward(*lessons(tape), Training(trees=3), replace(WALK, policy="newest"), NOW)
    never = walk_forward(*lessons(tape), Training(trees=3), replace(WALK, policy="never"), NOW)
    better = walk_forward(*lessons(tape), Training(trees=3), WALK, NOW)
    assert list(newest.champions) == list(newest.models) and len(never.models) == 1 < len(newest.models)
    assert len(never.folds) == len(newest.folds) and {one.champion for one in never.folds} == {never.timeline.champion}
    np.testing.assert_array_equal(never.forecasts.p_long, better.forecasts.p_long)  # no contest is over yet
    assert len(better.timeline.waiting) == len(better.models) - 1 == 2
    assert not np.array_equal(never.forecasts.p_long, newest.forecasts.p_long, equal_nan=True)


def test_the_newest_years_alone_are_learned_from() -> None:
    tape = random_tape(5, sessions=700)
    said = walk_forward(*lessons(tape), Training(trees=3, years=1), WalkForward(min_sessions=300, policy="newest"), NOW)
    for as_of, pair in said.models.items():
        span = np.datetime64(pair.card.known_by) - np.datetime64(pair.card.first)
        assert (np.timedelta64(360, "D") < span <= np.timedelta64(365, "D")) and pair.card.known_by == str(as_of)
        assert pair.card.settings["years"] == 1
    plain = walk_forward(*lessons(tape), Training(trees=3), WalkForward(min_sessions=300, policy="never"), NOW)
    assert "years" not in next(iter(plain.models.values())).card.settings  # as a card was before there was such a knob


def test_rank_ic_is_scipy_s_and_the_costs_are_worked_by_hand() -> None:
    draw = np.random.default_rng(2)
    signal, forward, dollars = draw.normal(size=(3, 12)), draw.normal(size=(3, 12)), draw.uniform(1e6, 2e6, (3, 12))
    signal[1] = signal[0][::-1]
    signal[2, 3] = np.nan
    found = daily_scores(signal, forward, dollars)
    known = ~np.isnan(signal)
    for row in range(3):
        assert found.rank_ic[row] == pytest.approx(spearmanr(signal[row][known[row]], forward[row][known[row]]).statistic)
    order = np.argsort(signal[0])
    assert found.spread[0] == pytest.approx(forward[0][order[-4:]].mean() - forward[0][order[:4]].mean())
    picks = [order[:4], order[-4:]]
    assert found.dollars[0] == pytest.approx(8 / sum(1 / dollars[0][one] for side in picks for one in side))
    mirrored = sum(len(set(11 - side) & set(side)) for side in picks)
    assert np.isnan(found.turnover[0]) and found.turnover[1] == 1 - mirrored / 8
    later = daily_scores(signal[1:], forward[1:], dollars[1:], signal[0])
    for one, other in zip(vars(later).values(), vars(found).values(), strict=True):
        np.testing.assert_array_equal(one, other[1:])
    assert np.isnan(daily_scores(signal[:, :9], forward[:, :9], dollars[:, :9]).rank_ic).all()


def test_drawdown_counts_the_sessions_of_stress_alone() -> None:
    def of(spread: list[float]) -> DailyScore:
        market = np.array([0.1, -0.2, 0.1, 0.1, -0.3, 0.1, 0.1, 0.1, 0.1, 0.1])
        return DailyScore(np.zeros(10), np.array(spread), np.ones(10), np.ones(10), market)

    champion = of([0, -6, 0, 0, -6, 0, 0, 0, 0, 0])
    found = ratios(of([-99, -6, 0, 0, -12, 0, 0, 0, 0, 0]), champion, slice(0, 10), 6)
    assert (found.turnover, found.capacity, found.drawdown) == (1, 1, 1.5)
    assert np.isinf(ratios(champion, of([0] * 10), slice(0, 10), 6).drawdown)
    assert ratios(of([0] * 10), of([0] * 10), slice(0, 10), 6).drawdown == 1
    assert np.isnan(ratios(DailyScore.unknown(10), DailyScore.unknown(10), slice(0, 10), 6).turnover)


def test_the_walk_s_scores_are_those_of_its_forecasts() -> None:
    """A contest of the walk, judged again from the two pairs' forecasts of every session."""
    tape, training = random_tape(5, sessions=520, names=12), Training(trees=3)
    result = walk_forward(*lessons(tape), training, WALK, NOW, OPTIONS)
    pairs = {pair.card.name: pair for pair in result.models.values()}
    panel, forward = lessons(tape)[2], forward_return(tape.bars, tape.actions, H)
    decided = [one for one in result.timeline.contests if one.state == "lost"]
    assert decided
    for one in decided:
        first = tape.bars.row(one.after) + 1
        daily = []
        for row in range(first, tape.bars.row(one.decided) - H + 1):
            both = (np.subtract(*pairs[name].probabilities(panel[row])) for name in (one.challenger, one.champion))
            ours, theirs = (spearmanr(said, forward[row]).statistic for said in both)
            daily.append(ours - theirs)
        assert one.sessions == len(daily) == 63 and one.gain == pytest.approx(np.mean(daily))
