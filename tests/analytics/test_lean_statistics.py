"""LEAN's figures, against LEAN: the four golden runs to the printed digits."""

import numpy as np
import pandas as pd
import pytest

from springback.analytics.lean_samples import sample
from springback.analytics.lean_statistics import DEFINITIONS, FORMATS, lean_statistics, printed
from springback.errors import BadTable
from tests.analytics import golden

NOT_COMPUTED = {"Estimated Strategy Capacity", "Lowest Capacity Asset"}
PORTFOLIO = {
    "averageWinRate": "Average Win",
    "averageLossRate": "Average Loss",
    "profitLossRatio": "Profit-Loss Ratio",
    "winRate": "Win Rate",
    "lossRate": "Loss Rate",
    "expectancy": "Expectancy",
    "endEquity": "End Equity",
    "compoundingAnnualReturn": "Compounding Annual Return",
    "drawdown": "Drawdown",
    "totalNetProfit": "Net Profit",
    "sharpeRatio": "Sharpe Ratio",
    "probabilisticSharpeRatio": "Probabilistic Sharpe Ratio",
    "sortinoRatio": "Sortino Ratio",
    "annualStandardDeviation": "Annual Standard Deviation",
    "annualVariance": "Annual Variance",
    "informationRatio": "Information Ratio",
    "trackingError": "Tracking Error",
    "portfolioTurnover": "Portfolio Turnover",
    "valueAtRisk99": "Value at Risk 99",
    "valueAtRisk95": "Value at Risk 95",
    "drawdownRecovery": "Drawdown Recovery",
}
TRADES = {
    "totalNumberOfTrades": "Closed Trades",
    "winRate": "Trade Win Rate",
    "profitFactor": "Trade Profit Factor",
    "averageProfitLoss": "Trade Average Profit",
}


def figures(run: golden.GoldenRun) -> dict[str, float]:
    start, cash = run.settings["start"], float(run.settings["cash"])
    return lean_statistics(
        run.daily, run.fills, run.orders, start=start, cash=cash, rates=golden.rates(), events=run.events, extra_days=run.vix_days
    )


@golden.needs_golden
@pytest.mark.parametrize("name", golden.RUNS)
def test_every_printed_figure_is_leans(name: str) -> None:
    run = golden.load(name)
    wanted = {key: text for key, text in run.statistics["statistics"].items() if key not in NOT_COMPUTED}
    assert printed(figures(run)) == wanted


@golden.needs_golden
@pytest.mark.parametrize("name", golden.RUNS)
def test_the_unrounded_figures_are_leans_to_four_decimals(name: str) -> None:
    run = golden.load(name)
    ours = figures(run)
    for table, names in (("portfolioStatistics", PORTFOLIO), ("tradeStatistics", TRADES)):
        for theirs, mine in names.items():
            assert ours[mine] == pytest.approx(float(run.statistics[table][theirs]), abs=5.1e-5), theirs


@golden.needs_golden
@pytest.mark.parametrize("name", golden.RUNS)
def test_the_samples_are_leans_charts(name: str) -> None:
    run = golden.load(name)
    samples = sample(run.daily, run.settings["start"], float(run.settings["cash"]))
    theirs = run.return_chart["daily_return_pct"].to_numpy() / 100
    np.testing.assert_allclose(samples.performance(), theirs[2:], atol=5e-8)
    moments = pd.to_datetime(run.equity_chart["utc"], unit="s", utc=True).dt.tz_convert("America/New_York")
    chart = pd.Series(run.equity_chart["equity_close"].to_numpy(), index=moments.dt.tz_localize(None))
    midnights = chart[chart.index == chart.index.normalize()]
    assert list(midnights.index) == list(samples.days)
    np.testing.assert_allclose(samples.midnight, midnights.to_numpy(), rtol=1e-9)


def test_a_flat_account_has_no_ratio_and_no_division_by_zero() -> None:
    daily = pd.DataFrame({"date": ["2024-01-02", "2024-01-03", "2024-01-04"], "equity": [100.0, 100.0, 100.0]})
    fills = pd.DataFrame({"order_id": [], "time": [], "symbol": [], "quantity": [], "price": [], "fee": [], "reason": []})
    ours = lean_statistics(daily, fills, fills[["order_id"]], start="2024-01-01", cash=100.0)
    assert ours["Sharpe Ratio"] == 0 and ours["Win Rate"] == 0 and ours["Compounding Annual Return"] == 0
    assert set(ours) == set(DEFINITIONS) and set(printed(ours)) == set(FORMATS)


def test_no_session_is_refused() -> None:
    with pytest.raises(BadTable, match="at least one"):
        sample(pd.DataFrame({"date": [], "equity": []}), "2024-01-01", 1.0)


def test_win_rate_takes_twice_the_closing_fee() -> None:
    """Bought 10 at 10, sold at 10.15: 1.50 gross, less 2 x 1 dollar: a loss, though the account gained 0.50 after the closing fee."""
    fills = pd.DataFrame(
        {"order_id": [1, 2], "time": ["2024-01-03 16:00:00", "2024-01-04 16:00:00"], "symbol": ["A", "A"], "quantity": [10, -10],
         "price": [10.0, 10.15], "fee": [0.0, 1.0], "reason": ["entry", "time_stop"]}
    )  # fmt: skip
    daily = pd.DataFrame({"date": ["2024-01-02", "2024-01-03", "2024-01-04"], "equity": [100.0, 100.0, 100.5]})
    ours = lean_statistics(daily, fills, fills, start="2024-01-02", cash=100.0)
    assert ours["Win Rate"] == 0 and ours["Trade Win Rate"] == 1
    assert ours["Average Loss"] == pytest.approx(-0.5 / 100)


def test_the_hour_at_which_a_fill_is_stamped_changes_no_figure() -> None:
    """LEAN fills a session in one moment, in the order of the orders; the backtest stamps the open and a stop's unknown moment apart."""
    told = {"order_id": [1, 2, 3, 4], "symbol": ["A", "B", "A", "B"], "quantity": [10, 10, -10, -10], "price": [10.0, 10.0, 12.0, 5.0]}
    fills = pd.DataFrame(told | {"fee": 0.0, "reason": ["entry", "entry", "stop_loss", "time_stop"]})
    daily = pd.DataFrame({"date": ["2024-01-02", "2024-01-03", "2024-01-04"], "equity": [400.0, 410.0, 370.0]})
    stamps = ["2024-01-03 16:00:00", "2024-01-03 16:00:00", "2024-01-04 16:00:00", "2024-01-04 16:00:00"]
    ours = ["2024-01-03 09:30:00", "2024-01-03 09:30:00", "2024-01-04 16:00:00", "2024-01-04 09:30:00"]
    found = [lean_statistics(daily, fills.assign(time=times), fills, start="2024-01-02", cash=400.0) for times in (stamps, ours)]
    assert found[0] == found[1] and found[0]["Average Loss"] == pytest.approx(-50 / 420)
