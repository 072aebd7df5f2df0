"""The pictures of the notebook: what their titles say is what their data say, and the same data give the same bytes."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from springback.analytics.plots import Exhibit
from springback.notebook import market_plots, model_plots
from tests.analytics.materials import report_data

PNG = b"\x89PNG\r\n\x1a\n"


def days() -> pd.DataFrame:
    draw = np.random.default_rng(1)
    dates = pd.bdate_range("2020-01-01", periods=400)
    frame = pd.DataFrame(
        {"date": dates, "level": np.linspace(1.0, 1.25, 400), "vix": draw.uniform(10, 30, 400), "bear": False, "ranked": 50}
    )
    return frame.assign(bear=np.arange(400) % 10 == 0, low=draw.integers(0, 5, 400), high=draw.integers(0, 5, 400))


def name_days() -> pd.DataFrame:
    qpi = np.tile([50.0, 10.0, 90.0, 5.0], 50)
    return pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=200), "close": np.linspace(10, 20, 200), "qpi": qpi})


def sample() -> pd.DataFrame:
    draw = np.random.default_rng(2)
    return pd.DataFrame(draw.normal(size=(500, 8)), columns=list("abcdefgh")).assign(b=lambda frame: frame["a"] * 2)


def buckets() -> pd.DataFrame:
    table = pd.DataFrame({"low": [0.0, 15.0, 85.0], "high": [15.0, 85.0, 100.0], "rows": [10.0, 100.0, 12.0], "mean": [0.02, 0.0, -0.01]})
    return table.assign(band_low=table["mean"] - 0.005, band_high=table["mean"] + 0.005, naive=0.001, everyone=0.001)


def weights() -> pd.DataFrame:
    return pd.DataFrame(
        {"side": ["long", "long", "short", "short"], "feature": ["a", "b", "a", "b"], "auc_lost": [0.03, 0.001, 0.01, 0.0], "spread": 0.002}
    )


def curve() -> pd.DataFrame:
    along = np.linspace(0, 1, 11)
    return pd.concat([pd.DataFrame({"side": side, "false_rate": along, "true_rate": along**0.8}) for side in ("long", "short")])


def periods() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "side": ["long", "short"] * 3,
            "period": ["a", "a", "b", "b", "c", "c"],
            "auc": [0.48, 0.55, 0.61, 0.62, 0.51, 0.52],
            "error": 0.01,
        }
    )


def tenths() -> pd.DataFrame:
    return pd.DataFrame({"side": ["long", "short"], "probability": [0.55, 0.7], "came_true": [0.5, 0.6], "rows": [300, 100]})


def two_splits() -> pd.DataFrame:
    return pd.DataFrame({"side": ["long", "short"], "by_time": [0.49, 0.5], "random": [0.61, 0.62]})


DRAWN: dict[str, tuple[Callable[[], Exhibit], tuple[str, ...]]] = {
    "market": (lambda: market_plots.market(days(), "SPY"), ("SPY ended at 1.25 times", "10.0 %", "50 names")),
    "one_name": (lambda: market_plots.one_name(name_days(), "A$B", 15, 85), ("A$B was oversold (QPI < 15) on 100", "on 50 of 200")),
    "firing": (lambda: market_plots.firing(days(), 15, 85), ("for 4 of 50 on",)),
    "distributions": (lambda: market_plots.distributions(sample()), ("0 or 100",)),
    "correlation": (lambda: market_plots.correlation(sample()), ("a and b (1.00)", "1 of 28 pairs")),
    "labels": (
        lambda: market_plots.labels(buckets(), 6),
        ("below 15 the next 6 sessions brought +2.00 %", "above 85 −1.00 %", "2 of 3 bands"),
    ),
    "importance": (lambda: model_plots.importance(weights()), ("a carries most", "0.020 of AUC", "2 of 4 bars")),
    "roc": (lambda: model_plots.roc(curve(), {"long": 0.61, "short": 0.59}), ("long 0.610, short 0.590", "not reached")),
    "auc": (lambda: model_plots.auc_over_time(periods(), "month", ""), ("0.48 and 0.62", "2 of 3 months", "the gate in 1")),
    "reliability": (lambda: model_plots.reliability(tenths(), 0.6), ("say 70.0 %", "60.0 % comes true", "25.0 % of the rows")),
    "unsure": (lambda: model_plots.reliability(tenths(), 0.8), ("never that sure",)),
    "splits": (lambda: model_plots.splits(two_splits()), ("0.120 more AUC: a leak",)),
    "costs": (
        lambda: model_plots.costs(pd.DataFrame({"bp": [0.0, 10.0], "annual_return": [0.05, -0.01]})),
        ("5.0 % a year", "nothing is left at 10 bp"),
    ),
    "equity": (lambda: model_plots.equity(report_data()), ("a year after realistic costs", "under the profile lean")),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_title_says_what_the_data_say(name: str) -> None:
    draw, words = DRAWN[name]
    title = draw().title
    assert all(word in title for word in words), title
    assert "nan" not in title.lower()


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_data_give_the_same_bytes(name: str) -> None:
    draw, _ = DRAWN[name]
    first, second = draw(), draw()
    assert first.png().startswith(PNG) and first.png() == second.png() == second._repr_png_()
    assert repr(first) == first.title


def test_a_random_split_that_does_not_flatter_is_not_called_a_leak() -> None:
    table = pd.DataFrame({"side": ["long", "short"], "by_time": [0.52, 0.52], "random": [0.50, 0.50]})
    assert "0.020 less AUC" in model_plots.splits(table).title


def test_a_gate_is_passed_only_on_both_sides() -> None:
    assert "is passed" in model_plots.roc(curve(), {"long": 0.61, "short": 0.62}).title
    assert "not reached" in model_plots.roc(curve(), {"long": None, "short": None}).title
