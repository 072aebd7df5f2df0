"""Evenings on real prices, a retraining among them, are the backtest of the same days, line by line."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benchmarks.bundle import FACTS
from springback.data.files import csv_folder
from springback.data.store.store import Store
from springback.training import Training
from springback.training.walk_forward import WalkForward
from springback.workflow.inputs import Inputs
from springback.workflow.rehearse import Period, rehearse
from springback.workflow.settings import Settings
from tests.data.samples import SHARED

BUNDLE = SHARED / "data"


@pytest.mark.slow
@pytest.mark.skipif(not (BUNDLE / "prices").is_dir(), reason="the bundle of real prices is not here: ../shared/data")
def test_evenings_on_real_prices_are_the_backtest(tmp_path: Path) -> None:
    """Nineteen evenings over the end of a quarter, every member of the index, in both ways to learn that a name has ended."""
    Store(tmp_path / "store").write(csv_folder.read(BUNDLE, "2018-01-02", "2018-10-31", FACTS))
    small = Settings(training=Training(trees=20, depth=3), walk_forward=WalkForward(min_sessions=63))
    for endings in ("known", "learned"):
        settings = replace(small, backtest=replace(small.backtest, endings=endings))
        period = Period(date(2018, 9, 17), date(2018, 10, 12))
        found = rehearse(settings, Inputs(store=tmp_path / "store"), tmp_path / "models", tmp_path / endings, period)
        assert found.orders_equal and found.sessions == 20 and found.orders > 0, found
        assert found.largest_equity_difference == 0.0
