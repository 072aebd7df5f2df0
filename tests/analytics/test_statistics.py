"""Trading-day figures: empyrical as witness, cases worked by hand, laws on random accounts."""

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.analytics import performance
from springback.analytics.performance import account_figures, benchmark_returns, drawdown, returns_of
from springback.statistics.returns import annual_return, sharpe
from tests.analytics.materials import CASH, daily_frame, days

DAYS = st.lists(st.floats(-0.2, 0.2), min_size=5, max_size=120)


def series(values: list[float]) -> "pd.Series[float]":
    return pd.Series(values, index=days(len(values)))


@given(DAYS)
def test_empyrical_is_the_witness(values: list[float]) -> None:
    told = series(values)
    plain = told.to_numpy()
    assert annual_return(plain) == pytest.approx(empyrical.annual_return(told), rel=1e-9, abs=1e-12)
    assert performance.volatility(plain) == pytest.approx(empyrical.annual_volatility(told), rel=1e-9, abs=1e-12)
    assert drawdown(told).depth == pytest.approx(-empyrical.max_drawdown(told), rel=1e-9, abs=1e-12)
    if plain.std() > 1e-6:
        excess = plain - 0.0001
        assert sharpe(excess) == pytest.approx(empyrical.sharpe_ratio(told, risk_free=0.0001), rel=1e-6)
    if (plain < -1e-6).any():
        assert performance.sortino(plain) == pytest.approx(empyrical.sortino_ratio(told), rel=1e-9, abs=1e-12)


def test_beta_and_alpha_are_empyricals() -> None:
    daily = daily_frame(3, 400)
    level = pd.Series(100 * np.cumprod(1 + np.random.default_rng(9).normal(0, 0.01, 401)), index=days(401, "2019-10-31"))
    figures = account_figures(daily, CASH, None, level, seed=1)
    own, other = returns_of(daily, CASH), benchmark_returns(level, pd.DatetimeIndex(daily["date"]))
    assert other is not None
    assert other.iloc[0] == pytest.approx(level.iloc[1] / level.iloc[0] - 1)
    alpha, beta = empyrical.alpha_beta(own, other)
    assert figures["beta"].number() == pytest.approx(beta, rel=1e-9)
    assert figures["alpha"].number() == pytest.approx(alpha, rel=1e-9)
    assert figures["benchmark_annual_return"].number() == pytest.approx(empyrical.annual_return(other), rel=1e-9)


def test_skew_and_kurtosis_are_scipys() -> None:
    from scipy import stats

    daily = daily_frame(4, 300)
    figures = account_figures(daily, CASH, None, None, seed=1)
    returns = returns_of(daily, CASH)
    assert figures["skew"].number() == pytest.approx(stats.skew(returns))
    assert figures["kurtosis"].number() == pytest.approx(stats.kurtosis(returns))
    assert figures["beta"].value is None


def test_a_drawdown_worked_by_hand() -> None:
    """100, 110, 99, 88, 110, 121, 120: from 110 to 88 is 20 %, back after three sessions, and one more session below 121."""
    equity = [110, 99, 88, 110, 121, 120]
    daily = pd.DataFrame({"date": days(6), "equity": [float(value) for value in equity]})
    found = drawdown(returns_of(daily, 100.0))
    assert found.depth == pytest.approx(0.2)
    assert (found.peak, found.trough, found.recovery) == (days(6)[0], days(6)[2], days(6)[3])
    assert found.longest == 2


def test_a_loss_from_the_first_session_on_counts_from_the_starting_cash() -> None:
    daily = pd.DataFrame({"date": days(2), "equity": [90.0, 80.0]})
    found = drawdown(returns_of(daily, 100.0))
    assert found.depth == pytest.approx(0.2)
    assert found.peak is None and found.recovery is None and found.longest == 2


@given(DAYS)
def test_drawdown_lies_between_nothing_and_all(values: list[float]) -> None:
    found = drawdown(series(values))
    assert 0 <= found.depth < 1
    assert (found.depth == 0) == (found.trough is None)


def test_a_flat_account_has_no_ratio() -> None:
    daily = daily_frame(1, 50).assign(equity=CASH)
    figures = account_figures(daily, CASH, None, None, seed=1)
    assert figures["sharpe"].value is None and figures["calmar"].value is None and figures["sharpe_low"].value is None
    assert figures["annual_return"].value == 0 and figures["max_drawdown"].value == 0


def test_one_session_is_enough_for_figures_without_error() -> None:
    figures = account_figures(daily_frame(1, 1), CASH, None, None, seed=1)
    assert figures["volatility"].value is None and figures["sessions"].value == 1


def test_risk_free_is_carried_forward_and_lowers_the_sharpe() -> None:
    daily = daily_frame(1, 300, drift=0.001)
    free = account_figures(daily, CASH, None, None, seed=1)["sharpe"].number()
    rate = pd.Series([0.05], index=days(1, "2019-01-01"))
    assert account_figures(daily, CASH, rate, None, seed=1)["sharpe"].number() < free


def test_every_figure_has_a_definition() -> None:
    assert all(one.definition and one.unit for one in account_figures(daily_frame(1, 60), CASH, None, None, seed=1).values())
