"""An alarm in a rehearsal: evenings halve their entries from the session after it, and the backtest that plays the factor is the same."""

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from springback import settings
from springback.data.store.store import Store
from springback.monitoring import decay
from springback.operation.desk_folder import DeskFolder
from springback.workflow import watch
from springback.workflow.inputs import Inputs
from springback.workflow.models import forecast_walk_forward, save_forecasts
from springback.workflow.prepare import prepare_world
from springback.workflow.rehearse import Period, rehearse
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo

WORLD = (
    *("demo.names=40", "demo.start='2018-01-02'", "demo.end='2020-06-30'", "training.trees=5", "walk_forward.policy='never'"),
    *("walk_forward.months=6", "walk_forward.min_sessions=200", "strategy.probability=0.5", "monitor.draws=100"),
    *("monitor.false_alarms=0.95", "monitor.allowance=0.0", "monitor.sessions=15", "monitor.block=6"),  # an alarm will come
)


def test_the_backtest_plays_what_the_alarm_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decay, "false_alarms", lambda *_: 0.95)
    chosen = settings.load(Settings, [], WORLD)
    prepared = prepare_world(draw_demo(chosen), chosen)
    Store(tmp_path / "store").write(prepared.market_data)
    models, desk = tmp_path / "models", tmp_path / "desk"
    past = dataclasses.replace(chosen, backtest=dataclasses.replace(chosen.backtest, start=date(2018, 12, 3), end=date(2020, 4, 30)))
    save_forecasts(prepared, forecast_walk_forward(prepared, past, models), models / watch.WALKED)
    found = rehearse(chosen, Inputs(tmp_path / "store"), models, desk, Period(date(2020, 3, 2), date(2020, 5, 29)))
    state = watch.state_of(desk)
    assert state is not None and state.alarm and state.watched
    factors = {one.session: one.alarm_factor for one in DeskFolder(desk).decisions()}
    assert set(factors.values()) == {1.0, 0.5}
    begun = min(session for session, factor in factors.items() if factor == 0.5)
    assert all(factor == (0.5 if session >= begun else 1.0) for session, factor in factors.items()) and begun > state.alarm
    assert found.orders_equal and found.largest_equity_difference < 0.01 and found.orders > 20
    again = rehearse(chosen, Inputs(tmp_path / "store"), models, desk, Period(date(2020, 3, 2), date(2020, 3, 20)))
    assert again.orders_equal, "a rehearsal is made anew over what one left"
