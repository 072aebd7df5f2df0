"""What every forecaster promises: here the trained pair in both estimators; a new one joins `FORECASTERS`."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from springback.forecasting import Forecaster, Models, forecast_panel
from springback.forecasting.calibrated import Calibrated
from tests.forecasting.shelves import complete_rows, small_models

FORECASTERS: dict[str, Callable[[], Forecaster]] = {
    "histogram": lambda: small_models(estimator="histogram"),
    "exact": lambda: small_models(estimator="exact"),
    "calibrated": lambda: calibrated(small_models()),
}


def calibrated(models: Models) -> Models:
    """The same pair with modest scores."""
    return replace(models, long=Calibrated(models.long, 0.4, 0.1), short=Calibrated(models.short, 0.0, -0.2))


@pytest.fixture(params=FORECASTERS)
def forecaster(request: pytest.FixtureRequest) -> Forecaster:
    """Each of them in turn."""
    return FORECASTERS[request.param]()


def test_two_probabilities_a_row(forecaster: Forecaster) -> None:
    for said in forecaster.probabilities(complete_rows()):
        assert said.shape == (50,) and said.dtype == np.float64
        assert ((said >= 0) & (said <= 1)).all()


def test_no_rows_no_probabilities(forecaster: Forecaster) -> None:
    assert [said.shape for said in forecaster.probabilities(np.empty((0, 8)))] == [(0,), (0,)]


def test_a_row_does_not_depend_on_its_neighbours(forecaster: Forecaster) -> None:
    rows = complete_rows()
    whole = np.array(forecaster.probabilities(rows))
    alone = np.array([forecaster.probabilities(row[None]) for row in rows])[..., 0].T
    np.testing.assert_array_equal(alone, whole)
    np.testing.assert_array_equal(np.array(forecaster.probabilities(rows[::-1])), whole[:, ::-1])


def test_many_rows_are_said_the_same_of_as_few(forecaster: Forecaster) -> None:
    """So many that they are dealt out over the cores."""
    rows = complete_rows()
    whole = np.array(forecaster.probabilities(rows))
    np.testing.assert_array_equal(np.array(forecaster.probabilities(np.tile(rows, (600, 1)))), np.tile(whole, (1, 600)))


def test_asking_changes_nothing(forecaster: Forecaster) -> None:
    rows = complete_rows()
    kept = rows.copy()
    first, again = forecaster.probabilities(rows), forecaster.probabilities(rows)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(rows, kept)


def test_forecasts_are_of_eligible_names_with_all_features(forecaster: Forecaster) -> None:
    draw = np.random.default_rng(1)
    features = draw.normal(50.0, 10.0, (4, 6, 8))
    features[1, 2, 5] = np.nan
    eligible = draw.random((4, 6)) < 0.7
    eligible[1, 2] = True
    adv = draw.uniform(1e5, 1e6, (4, 6))
    said = forecast_panel(forecaster, features, eligible, adv)
    ranked = eligible.copy()
    ranked[1, 2] = False
    for panel in (said.qpi, said.p_long, said.p_short, said.adv):
        np.testing.assert_array_equal(~np.isnan(panel), ranked)
    np.testing.assert_array_equal(said.qpi[ranked], features[..., 0][ranked])
    np.testing.assert_array_equal(said.adv[ranked], adv[ranked])
    np.testing.assert_array_equal(said.p_short[ranked], forecaster.probabilities(features[ranked])[1])


def test_nobody_eligible_is_no_forecast(forecaster: Forecaster) -> None:
    said = forecast_panel(forecaster, np.ones((2, 3, 8)), np.zeros((2, 3), dtype=np.bool_), np.ones((2, 3)))
    assert np.isnan(said.p_long).all() and np.isnan(said.qpi).all()
