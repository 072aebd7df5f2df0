"""Trades, tables and gates, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from springback.analytics.figures import Figure, figure, shown
from springback.analytics.gates import GATES, judge
from springback.analytics.performance import returns_of
from springback.analytics.tables import by_reason, by_regime, by_side, by_year
from springback.analytics.trades import extremes, trade_figures
from tests.analytics.materials import CASH, account, daily_frame, empty_account


def four_trades() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "symbol": ["A", "B", "C", "D"],
            "side": ["long", "long", "short", "short"],
            "entry_date": ["2020-03-02", "2020-12-29", "2021-02-01", "2021-02-01"],
            "exit_date": ["2020-03-09", "2021-01-05", "2021-02-02", "2021-02-03"],
            "sessions": [5, 4, 1, 2],
            "reason": ["time_stop", "time_stop", "stop_loss", "stop_loss"],
            "profit": [300.0, -100.0, 0.0, -50.0],
            "return": [0.03, -0.01, 0.0, -0.005],
            "bear": [1, 0, 0, 0],
        }
    )


def test_trade_figures_by_hand() -> None:
    found = trade_figures(four_trades())
    assert found["win_rate"].value == 0.25  # a trade that earned nothing is not a win
    assert found["profit_factor"].value == 2.0
    assert found["average_trade"].value == pytest.approx(0.00375)
    assert found["average_loss"].value == pytest.approx(-0.005)
    assert found["average_holding"].value == 3.0
    best, worst = extremes(four_trades())
    assert list(best["symbol"]) == ["A"] and list(worst["symbol"]) == ["B", "D"]


def test_without_a_trade_every_figure_is_unknown_and_the_count_is_zero() -> None:
    found = trade_figures(empty_account().trades)
    assert found["trades"].value == 0
    assert found["win_rate"].value is None and found["profit_factor"].value is None


def test_sides_and_reasons_add_up() -> None:
    trades = four_trades()
    for table in (by_side(trades, 1000.0), by_reason(trades)):
        assert table["trades"].sum() == 4 and table["profit"].sum() == 150.0
    assert by_side(trades, 1000.0)["share"].tolist() == [0.2, -0.05]
    assert by_regime(daily_frame(1, 40), trades, CASH)["trades"].tolist() == [3, 1]


def test_years_chain_to_the_whole_and_2020_is_left_out() -> None:
    one = account()
    table = by_year(one.daily, one.trades, one.cash).set_index("period")
    years = [str(year) for year in (2019, 2020, 2021, 2022)]
    assert list(table.index) == [*years, "all", "without 2020"]
    assert np.prod(1 + table.loc[years, "return"].astype(float)) == pytest.approx(1 + table.loc["all", "return"])
    rest = [year for year in years if year != "2020"]
    assert np.prod(1 + table.loc[rest, "return"].astype(float)) == pytest.approx(1 + table.loc["without 2020", "return"])
    assert table.loc[years, "trades"].sum() == table.loc["all", "trades"] == len(one.trades)


def test_a_session_belongs_to_the_regime_its_orders_were_decided_in() -> None:
    daily = daily_frame(1, 5).assign(bear=[0, 1, 0, 0, 0])
    table = by_regime(daily, four_trades(), CASH).set_index("regime")
    assert table.loc["bear", "sessions"] == 1
    assert table.loc["bear", "annual_mean"] == pytest.approx(252 * returns_of(daily, CASH).iloc[2])


def test_gates_are_strict_and_unknown_is_neither() -> None:
    enough = {"sessions": Figure(1000.0, "", "sessions"), "trades": Figure(100.0, "", "count"), "lost_on": Figure(None, "", "date")}
    figures = enough | {gate.name: figure(gate.limit, "at the limit", "ratio") for gate in GATES}
    assert {one.word for one in judge(figures)} == {"FAIL"}
    better = enough | {gate.name: figure(gate.limit + (0.01 if gate.side == "above" else -0.01), "", "ratio") for gate in GATES}
    assert {one.word for one in judge(better)} == {"PASS"}
    assert {one.word for one in judge(enough | {"auc": Figure(None, "", "ratio")})} == {"n/a"}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.1234, "fraction", "12.3 %"),
        (-0.00001, "fraction", "0.0 %"),
        (-1234.6, "dollars", "−$1,235"),
        (1.0, "sessions", "1 session"),
        (2.5, "sessions", "2.5 sessions"),
        (float("nan"), "ratio", "–"),
        (None, "count", "–"),
        ("2020-03-23", "date", "2020-03-23"),
    ],
)
def test_numbers_as_a_person_reads_them(value: object, unit: str, text: str) -> None:
    assert shown(value, unit) == text  # type: ignore[arg-type]
