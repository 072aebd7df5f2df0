"""The desk beside its backtests: the band holds as often as it says, and none is drawn from few days."""

import numpy as np
import pytest

from springback.monitoring.beside import band, beside

DAYS = np.datetime64("2024-01-01") + np.arange(40)


def test_the_band_holds_as_often_as_it_says() -> None:
    inside = []
    for seed in range(150):
        draw = np.random.default_rng(seed)
        past, live = draw.standard_t(5, 750) * 0.01, np.cumprod(1 + draw.standard_t(5, 40) * 0.01)
        low, high = band(past, 40, seed)
        assert low is not None and high is not None
        inside.append(low[-1] <= live[-1] <= high[-1])
    assert 0.89 <= np.mean(inside) <= 1.0


def test_no_band_from_few_days_and_one_longer_than_the_past() -> None:
    past = np.random.default_rng(1).normal(0, 0.01, 60)
    assert band(past[:59], 40) == (None, None) and band(np.append(past[:59], np.nan), 40) == (None, None)
    low, high = band(past, 150)
    assert low is not None and high is not None and len(low) == 150 and (np.diff(high - low)[5:] > -0.05).all()


def test_profit_gap_and_outside_by_hand() -> None:
    equity = np.full(40, 990.0)
    equity[-1] = 700.0
    found = beside(DAYS, 1000.0, equity, equity + 5, None, np.random.default_rng(1).normal(0, 0.001, 300))
    assert found.profit[0] == -10 and found.profit[-1] == -290 and found.profit.sum() == -300
    assert found.gap(found.replayed) == -5 and found.gap(found.today) is None and found.outside
    assert not beside(DAYS, 1000.0, equity, None, None, np.zeros(10)).outside, "no band, nothing outside"
    assert found.low is not None and found.low[0] == pytest.approx(1000, abs=10)
