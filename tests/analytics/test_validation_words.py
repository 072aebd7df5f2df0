"""The sentences of a validation follow its figures, and no figure is shown that has no sessions to stand on."""

from dataclasses import replace

import numpy as np
import pytest

from springback.training.judgement import Bin, Days, Estimate, Judgement, Part, Scores
from springback.validation import validation_words as words
from springback.validation.validation_charts import charts

NOTHING = Estimate(None, None, None, None)


def judgement(ic: Estimate, auc: float = 0.51, careless: float = 0.6) -> Judgement:
    found = Estimate(auc, 0.01, auc - 0.02, auc + 0.02)
    side = Scores(0.5, found, found, ic, found, 7, NOTHING, found, found)
    whole = Part("all", "all rows", 1000, 90, side, side, ic)
    thin = replace(whole, cut="price", name="below $5 a share", rows=11, sessions=1, rank_ic=Estimate(0.9, None, None, None))
    sessions = np.arange("2020-01-02", "2020-03-02", dtype="datetime64[D]")
    flat = np.zeros(len(sessions))
    fold = replace(whole, cut="fold", name="2020-01-02 to 2020-03-01")
    bins = (Bin(0.5, 0.6, 1000, 0.55, 0.5),)
    days = Days(sessions, flat, flat, flat)
    return Judgement("walk-forward", 1, 0.6, whole, (fold,), (whole, thin), bins, bins, 0.9, (careless, careless), days)


@pytest.mark.parametrize(
    ("ic", "said"),
    [
        (Estimate(0.002, 0.003, -0.004, 0.008), "within a day no better than a coin: rank IC 0.002, 95 % interval \u22120.004 to 0.008."),
        (Estimate(0.031, 0.003, 0.025, 0.037), "within a day better than a coin: rank IC 0.031, 95 % interval 0.025 to 0.037."),
        (Estimate(-0.03, 0.003, -0.036, -0.024), "the wrong way round: rank IC \u22120.030, 95 % interval \u22120.036 to \u22120.024."),
        (Estimate(0.2, None, None, None), "Too few sessions to say anything: rank IC 0.200 over 90 sessions."),
        (NOTHING, "Nothing can be said: no session has enough names to rank."),
    ],
)
def test_the_first_sentence_follows_the_interval(ic: Estimate, said: str) -> None:
    assert words.finding(judgement(ic)).endswith(said)


def test_gates_and_warning_follow_the_figures() -> None:
    coin = Estimate(0.0, 0.01, -0.02, 0.02)
    assert words.passed(judgement(coin, 0.61), "auc") == "PASS" and words.passed(judgement(coin, 0.60), "auc") == "FAIL"
    assert "0.090 or more above the purged figures is leakage" in words.warning(judgement(coin))
    assert words.warning(judgement(coin, careless=0.5)).endswith("not above the purged figures here.")


def test_a_part_of_one_session_shows_dashes_and_does_not_stretch_the_scale() -> None:
    told = judgement(Estimate(0.0, 0.01, -0.02, 0.02))
    assert words.part(told.parts[1])[2:] == ("1", "0.510", "0.510", "–", "")
    drawn = {chart.key: chart for group in charts(told).values() for chart in group}
    assert set(drawn) == {"days", "folds", "reliability", "cut_all", "cut_price"}
    assert drawn["cut_price"].traces[0]["x"] == [None]
    assert max(drawn["cut_price"].layout["xaxis"]["range"]) < 0.03
