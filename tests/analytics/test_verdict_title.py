"""The title never calls interest a success."""

from dataclasses import replace

from springback.analytics.summary import summarise
from tests.analytics.materials import report_data


def test_a_gain_without_a_gain_on_trades_is_called_what_it_is() -> None:
    made = report_data()
    headline = made.headline
    daily, trades = headline.daily.copy(), headline.trades.copy()
    daily["equity"] = [headline.cash * 1.0001 ** (k + 1) for k in range(len(daily))]
    trades["profit"] = -10.0
    changed = replace(made, accounts=(replace(headline, daily=daily, trades=trades), *made.accounts[1:]))
    assert summarise(changed).verdict[0].startswith("The closed trades lost money")
