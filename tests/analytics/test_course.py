"""How an account went: empyrical live and quantstats recorded as witnesses, a case worked by hand, the report that shows it."""

import empyrical
import numpy as np
import pandas as pd
import pytest

from springback.analytics import report
from springback.analytics.course import benchmark_figures, bins_of, by_month, rolling_sharpe, worst_falls
from springback.analytics.scores import SCORES, scores
from springback.analytics.summary import summarise
from springback.analytics.tables import by_year
from springback.training.evaluate import Side
from tests.analytics.materials import account, report_data

RETURNS = pd.Series(np.random.default_rng(11).normal(0.0004, 0.01, 300).round(4), index=pd.bdate_range("2020-11-02", periods=300))


def series(*percents: float) -> "pd.Series[float]":
    return pd.Series([one / 100 for one in percents], index=pd.bdate_range("2021-12-29", periods=len(percents)))


def test_months_are_empyricals_and_quantstats() -> None:
    found = by_month(RETURNS)
    monthly = empyrical.aggregate_returns(RETURNS, "monthly")
    assert {(year, month): found.loc[year, month] for year, month in monthly.index} == pytest.approx(monthly.to_dict(), abs=1e-12)
    assert found["year"].to_dict() == pytest.approx(empyrical.aggregate_returns(RETURNS, "yearly").to_dict(), abs=1e-12)
    # quantstats 0.0.86, monthly_returns(RETURNS, eoy=True)
    told = {(2020, 11): 0.039053, (2020, 12): -0.049627, (2020, "year"): -0.012512, (2021, 10): 0.08997, (2021, "year"): 0.203558}
    assert {place: found.loc[place] for place in told} == pytest.approx(told, abs=1e-6)
    assert np.isnan(found.loc[2020, 1]), "a month without a session is not a month without a gain"


def test_falls_are_quantstats() -> None:
    found = worst_falls(RETURNS)
    # quantstats 0.0.86, drawdown_details(to_drawdown_series(RETURNS)): first close below, valley, last close below, depth in per cent
    told = [
        ("2020-11-30", "2021-01-05", "2021-02-25", 8.655388),
        ("2021-09-06", "2021-10-11", "2021-10-22", 7.727042),
        ("2021-06-22", "2021-08-10", "2021-08-31", 5.667148),
        ("2021-05-14", "2021-05-28", "2021-06-09", 5.324689),
        ("2021-11-04", "2021-11-18", "2021-12-01", 3.529219),
    ]
    step = pd.offsets.BDay(1)
    for one, (first, low, last, depth) in zip(found, told, strict=True):
        assert one.peak is not None and one.recovery is not None
        assert (one.peak + step, one.trough, one.recovery - step) == (pd.Timestamp(first), pd.Timestamp(low), pd.Timestamp(last))
        assert 100 * one.depth == pytest.approx(depth, abs=1e-6)
        assert one.longest == len(pd.bdate_range(first, last))
    assert found[0].depth == pytest.approx(-empyrical.max_drawdown(RETURNS))


def test_falls_by_hand() -> None:
    """90, 99, 100, 110, 104.5, 110, 100.1 after 100: the first fall begins at the start, the last has not ended."""
    found = worst_falls(series(-10, 10, 100 / 99, 10, -5, 500 / 95, -9))
    assert [round(one.depth, 9) for one in found] == [0.1, 0.09, 0.05]
    first, last, small = found
    assert (first.peak, f"{first.trough:%m-%d}", f"{first.recovery:%m-%d}", first.longest) == (None, "12-29", "12-31", 2)
    assert (f"{last.peak:%m-%d}", f"{last.trough:%m-%d}", last.recovery, last.longest) == ("01-05", "01-06", None, 1)
    assert (f"{small.peak:%m-%d}", small.longest) == ("01-03", 1)
    assert worst_falls(series(1, 0, 2)) == []


def test_the_rolling_ratio_is_empyricals_and_quantstats() -> None:
    found = rolling_sharpe(RETURNS).dropna()
    assert found.to_numpy() == pytest.approx(empyrical.roll_sharpe_ratio(RETURNS, 126).to_numpy(), rel=1e-9)
    # quantstats 0.0.86, rolling_sharpe(RETURNS, rolling_period=126, periods_per_year=252)
    told = {"2021-04-26": 1.332877, "2021-07-05": 2.671037, "2021-12-24": 0.428606}
    assert {day: found[day] for day in told} == pytest.approx(told, abs=1e-6)
    assert rolling_sharpe(RETURNS * 0).isna().all(), "what does not vary has no ratio"


def test_every_session_stands_in_one_bin() -> None:
    edges, shares = bins_of(RETURNS)
    assert sum(shares) == pytest.approx(1) and len(edges) == len(shares) + 1 and edges[0] <= RETURNS.min() and edges[-1] >= RETURNS.max()
    wild = pd.concat([RETURNS, pd.Series([50.0], index=[pd.Timestamp("2024-01-02")])])
    assert len(bins_of(wild)[1]) <= 60


def test_the_benchmark_is_judged_as_the_account_is() -> None:
    """A benchmark that is the account's own equity has the account's own figures and years."""
    one = account()
    own = pd.Series([one.cash, *one.daily["equity"]], index=[pd.Timestamp("2019-10-31"), *pd.to_datetime(one.daily["date"])])
    told = report_data(benchmark=own)
    figures = summarise(told).figures["realistic"]
    assert {name: figures[name].number() for name in benchmark_figures(told)} == pytest.approx(benchmark_figures(told))
    years = by_year(one.daily, one.trades, one.cash, None, own).set_index("period")
    assert years.loc["2021", "benchmark"] == pytest.approx(years.loc["2021", "return"])


def test_the_report_shows_the_course() -> None:
    told = report_data()
    shown = report.page(told, summarise(told))
    for words in ("Month by month", "The five deepest falls", "Rolling Sharpe ratio", "Spread of daily returns"):
        assert words in shown


def test_every_score_has_words() -> None:
    """No score of a side that the report may be handed is told by its key."""
    handed = set(Side.__dataclass_fields__) - {"rows", "reliability", "auc_by_day_error"}
    assert handed <= set(SCORES)
    told = scores(report_data())
    assert told is not None and all(row[0].text[0].isupper() and row[-1].text for row in told.rows)
    assert [cell.text for cell in told.rows[0][:4]] == ["AUC, all rows together", "0.515", "0.509", "0.512"]
