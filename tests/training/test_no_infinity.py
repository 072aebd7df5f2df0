"""Whatever the door lets in, stale, flat, one-cent, untraded or absurd: every number that a model is given is a number."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from springback import features
from springback.forecasting.card import Card
from springback.forecasting.forecast import forecast_panel
from springback.forecasting.models import FeatureRows, Models
from springback.market.bars import Panel
from springback.market.market_data import MarketData
from springback.training import Training
from springback.training.rows import gather
from springback.training.train import write_card
from tests.training.schools import NOW, lessons, random_tape, tape_of

SESSIONS = 40
VOLUMES = [0.0, 1.0, 100.0, 1e9]
PRICES = {
    "stale": [7.0],
    "one cent": [0.01, 0.02],
    "absurd": [1e-30, 0.01, 1e30],
    "any": [np.nan, 0.0001, 0.01, 1.0, 5.0, 5.01, 1e6],
}


class Spy:
    """A classifier that looks at what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[np.float64]:  # noqa: N803 (their name)
        assert X.dtype == np.float32 and np.isfinite(X).all(), X[~np.isfinite(X).all(axis=1)]
        self.asked += len(X)
        return np.full((len(X), 2), 0.5)


def ugly(data: st.DataObject, kind: str) -> MarketData:
    """One name of the kind, and one that is well, so that something is asked."""
    close = np.array(data.draw(st.lists(st.sampled_from(PRICES[kind]), min_size=SESSIONS, max_size=SESSIONS)))
    volumes = st.sampled_from([*VOLUMES, np.nan, 1e300] if kind == "any" else VOLUMES)
    volume = np.array(data.draw(st.lists(volumes, min_size=SESSIONS, max_size=SESSIONS)))
    well = 20.0 + np.arange(SESSIONS) % 3
    return tape_of(np.column_stack([close, well]), np.column_stack([volume, 1e6 + 1e4 * (np.arange(SESSIONS) % 5)]))


@given(st.data(), st.sampled_from(sorted(PRICES)))
@settings(max_examples=60, deadline=None)
def test_no_infinity_and_no_nan_reaches_a_model(data: st.DataObject, kind: str) -> None:
    market_data = ugly(data, kind)
    panel: Panel = features.panel(market_data.bars, market_data.actions)
    everyone = np.ones(market_data.bars.shape, dtype=np.bool_)
    rows = gather(market_data, everyone, panel, Training())
    assert len(rows) and np.isfinite(rows.features).all() and np.isfinite(rows.forward).all()
    spy = Spy()
    said = forecast_panel(Models(spy, spy, _card()), panel, everyone, np.ones(market_data.bars.shape))
    assert spy.asked > 0
    assert not np.isinf(said.qpi).any() and ((said.qpi >= 0) & (said.qpi <= 100) | np.isnan(said.qpi)).all()


def test_a_feature_too_large_for_a_model_is_missing() -> None:
    """A close that rises by 1e60 is finite in 64 bits and infinite in the 32 that models are given."""
    close = np.full((30, 1), 1e-30)
    close[25:] = 1e30
    values: FeatureRows = features.panel(tape_of(close).bars, tape_of(close).actions)
    assert np.isnan(values[25, 0, 4]) and not np.isinf(values.astype(np.float32)).any()


def _card() -> Card:
    market_data, eligible, panel = lessons(random_tape(1, sessions=60, names=2))
    return replace(write_card(gather(market_data, eligible, panel, Training()), market_data.bars.sessions, Training(), 59, NOW), files={})
