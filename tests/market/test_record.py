"""The record against the prices: what a split or a dividend says, against what the price did.

The worked rows are `../shared/cases/07-split-against-the-prices` and `13-dividend-larger-than-the-price` (closes before and after).
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.market.actions import DIVIDEND, SPLIT
from springback.market.record import AGAINST, TWICE, UNCLEAR, Doubt, doubts, traded

DAYS = np.arange("2022-01-03", "2022-05-01", dtype="datetime64[D]")
DAYS = DAYS[np.is_busday(DAYS)]
ROW = 40


def walk(before: float, after: float, daily: float = 0.01, seed: int = 1) -> np.ndarray:
    """Closes that move by `daily` and stand at `before` on the day before ROW, at `after` on it."""
    moves = np.random.default_rng(seed).normal(0, daily, len(DAYS))
    path = np.exp(np.cumsum(moves))
    return np.concatenate([path[:ROW] * before / path[ROW - 1], path[ROW:] * after / path[ROW]])


def found(close: np.ndarray, *events: tuple[int, int, float]) -> list[Doubt]:
    rows, kinds, values = ([one[k] for one in events] for k in range(3))
    return list(doubts(DAYS, close, rows, kinds, values))


@pytest.mark.parametrize(
    ("value", "before", "after", "fits"),
    [
        (4, 351.28, 86.18, 0.25),
        (1.5, 135.09, 88.55, 2 / 3),
        (1.25, 86.26, 69.50, 0.8),
        (1.1, 63.91, 57.91, 1 / 1.1),
        (0.666667, 47.66, 48.30, 1),
        (0.909091, 74.12, 73.17, 1),
        (1.239, 101.40, 81.38, 1 / 1.239),
    ],
)
def test_a_split_that_the_price_contradicts_is_told_with_both_numbers_and_what_fits(
    value: float, before: float, after: float, fits: float
) -> None:
    (one,) = found(walk(before, after), (ROW, SPLIT, value))
    assert one.word == AGAINST and one.fits == pytest.approx(fits)
    assert f"{before:g}" in one.clause and f"{after:g}" in one.clause


@pytest.mark.parametrize(
    ("value", "before", "after"), [(0.25, 347.91, 88.42), (2 / 3, 100.0, 66.1), (0.6667, 100.0, 66.67), (190.0, 0.0198, 3.6653)]
)
def test_a_split_that_the_price_took_is_no_doubt(value: float, before: float, after: float) -> None:
    assert found(walk(before, after), (ROW, SPLIT, value)) == []


def test_a_true_split_on_a_day_of_news_stays() -> None:
    """A third lost, or a quarter gained, beside a 2:1."""
    for news in (0.67, 1.25):
        assert found(walk(100.0, 50.0 * news), (ROW, SPLIT, 0.5)) == []


def test_a_small_split_in_a_wild_name_cannot_be_told() -> None:
    (one,) = found(walk(20.0, 20.3, daily=0.06), (ROW, SPLIT, 10 / 11))
    assert one.word == UNCLEAR


@given(st.sampled_from([1 / 10, 1 / 4, 1 / 2, 2 / 3, 2.0, 5.0, 20.0]), st.integers(0, 10_000), st.floats(0.003, 0.03))
def test_of_a_split_and_its_inverse_the_price_bears_out_one(value: float, seed: int, daily: float) -> None:
    news = float(np.random.default_rng(seed).normal(0, daily))
    close = walk(50.0, 50.0 * value * np.exp(news), daily, seed)
    assert found(close, (ROW, SPLIT, value)) == []
    assert [one.word for one in found(close, (ROW, SPLIT, 1 / value))] == [AGAINST]


def test_a_split_a_day_off_names_the_day_of_the_step() -> None:
    close = walk(100.0, 25.0)
    (one,) = found(close, (ROW + 2, SPLIT, 0.25))
    assert one.word == AGAINST and str(DAYS[ROW]) in one.clause


def test_a_split_told_on_two_days_is_the_one_the_price_took() -> None:
    close = walk(100.0, 25.0)
    (one,) = found(close, (ROW - 1, SPLIT, 0.25), (ROW, SPLIT, 0.25))
    assert (one.word, one.place) == (TWICE, 0)
    (one,) = found(close, (ROW, SPLIT, 0.25), (ROW + 3, SPLIT, 0.2501))
    assert (one.word, one.place) == (TWICE, 1)


def test_two_equal_splits_that_the_price_took_both_are_two() -> None:
    close = walk(100.0, 25.0)
    close[ROW + 3 :] /= 4
    assert found(close, (ROW, SPLIT, 0.25), (ROW + 3, SPLIT, 0.25)) == []


def test_one_kind_and_amount_of_a_day_is_one_event_and_another_amount_is_another() -> None:
    close = walk(400.0, 398.0)
    assert [one.word for one in found(close, (ROW, DIVIDEND, 1.1), (ROW, DIVIDEND, 1.1))] == [TWICE]
    assert [one.word for one in found(close, (ROW, DIVIDEND, 1.1), (ROW + 1, DIVIDEND, 1.1))] == [TWICE]
    assert found(close, (ROW, DIVIDEND, 1.1), (ROW, DIVIDEND, 2.0)) == []
    assert found(close, (ROW, DIVIDEND, 0.1), (ROW + 5, DIVIDEND, 0.1)) == []


@pytest.mark.parametrize(
    ("paid", "before", "after"), [(1000.0, 22.06, 22.20), (22.06, 22.06, 22.20), (5.0, 22.06, 22.20), (0.656, 2.67, 2.59)]
)
def test_a_dividend_for_which_the_price_makes_no_room_is_contradicted(paid: float, before: float, after: float) -> None:
    (one,) = found(walk(before, after), (ROW, DIVIDEND, paid))
    assert one.word == AGAINST and f"{before:g}" in one.clause


@pytest.mark.parametrize(("paid", "before", "after"), [(20.0, 21.77, 1.73), (5.0, 22.06, 17.3), (0.3, 22.06, 22.2)])
def test_a_dividend_that_the_price_took_or_cannot_speak_of_stays(paid: float, before: float, after: float) -> None:
    assert found(walk(before, after), (ROW, DIVIDEND, paid)) == []


def test_a_split_and_a_large_dividend_of_one_day_are_judged_together() -> None:
    assert found(walk(100.0, 0.5 * 80.0), (ROW, DIVIDEND, 20.0), (ROW, SPLIT, 0.5)) == []


def test_a_copy_of_the_last_close_says_nothing() -> None:
    """A halt over the ex-date, filled with the last close: the next trade tells."""
    close, volume = walk(100.0, 25.0), np.full(len(DAYS), 1000.0)
    close[ROW - 2 : ROW + 3] = 100.0
    volume[ROW - 2 : ROW + 3] = 0
    assert list(doubts(DAYS, traded(close, volume), [ROW], [SPLIT], [0.25])) == []


def test_an_event_before_the_first_or_after_the_last_trade_is_not_judged() -> None:
    close = walk(100.0, 25.0)
    assert found(close, (0, SPLIT, 0.25), (len(DAYS), SPLIT, 0.5)) == []
