"""The window that nobody names follows the bars; the original plan's dates stay where they are asked for, and in the bare LEAN file."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from springback import settings
from springback.backtest.run import Backtest
from springback.errors import MissingData, SettingsError
from springback.lean import parameters
from springback.market.account import usual_start
from springback.market.bars import Dates
from springback.verbs import data_summary
from springback.verbs.console import Console
from springback.workflow.report import left_out
from springback.workflow.settings import Settings, choose, dated
from tests.backtest.worlds import random_tape


def weekdays(first: str, last: str) -> Dates:
    """Every weekday of `first` to `last`: a calendar without holidays, so that sessions can be counted by hand."""
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    return np.asarray(days[np.is_busday(days)])


@pytest.mark.parametrize(
    ("first", "last", "start"),
    [
        ("2017-01-03", "2023-12-29", "2020-01-01"),  # the quarter that begins 2020-01-01 is less than four years before 2023-12-29
        ("2017-01-03", "2023-12-31", "2020-01-01"),
        ("2017-01-03", "2024-01-01", "2020-01-01"),  # four years to the day
        ("2017-01-03", "2024-01-02", "2020-04-01"),  # a day more, so the next quarter
        ("2017-01-03", "2026-11-27", "2023-01-02"),  # the first session of a quarter that begins on a Sunday
        ("2022-01-03", "2023-12-29", "2023-01-02"),  # 260 sessions of 2022
        ("2022-01-14", "2023-12-29", "2023-04-03"),  # 251 sessions to the end of 2022: one is lacking, so the next quarter
        ("2022-01-13", "2023-12-29", "2023-01-02"),  # 252
    ],
)
def test_the_usual_window_is_worked_by_hand(first: str, last: str, start: str) -> None:
    days = weekdays(first, last)
    assert usual_start(days) == date.fromisoformat(start)
    made = Backtest().on(days)
    assert made.days == (date.fromisoformat(start), days[-1].item())


def test_bars_too_short_for_a_window_say_so() -> None:
    with pytest.raises(MissingData, match=r"has 252 sessions before it \(the bars hold 2023-01-02 to 2023-12-29, 260 sessions"):
        Backtest().on(weekdays("2023-01-02", "2023-12-29"))
    with pytest.raises(MissingData, match="the bars hold no session"):
        usual_start(np.array([], dtype="datetime64[D]"))
    with pytest.raises(SettingsError, match="no bars are at hand"):
        _ = Backtest().days


def test_a_day_that_is_named_is_kept_and_the_other_found() -> None:
    days = weekdays("2017-01-03", "2023-12-29")
    assert Backtest(end=date(2022, 6, 30)).on(days).days == (date(2020, 1, 1), date(2022, 6, 30))
    assert Backtest(start=date(2021, 2, 3)).on(days).days == (date(2021, 2, 3), date(2023, 12, 29))
    with pytest.raises(SettingsError, match=r"backtest\.start must be before backtest\.end, was 2020-01-01 and 2019-06-28"):
        Backtest(end=date(2019, 6, 28)).on(days)


def test_what_is_left_out_is_said_and_the_days_are_resolved_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    market_data = random_tape(3, splits=False)
    days = market_data.bars.sessions
    start, end = days[20].item(), days[-6].item()
    chosen = settings.load(Settings, [], [f"backtest.start={start}", f"backtest.end={end}"])
    with Console(as_json=False, quiet=False) as console:
        data_summary.window(console, chosen, market_data)
    said = capsys.readouterr().out
    assert f"window {start} to {end}: 20 sessions before it are history only, 5 sessions after it, up to {days[-1]}, are left out" in said
    assert left_out(market_data, chosen) == (f"5 sessions after the window, up to {days[-1]}, are left out: it ends {end} (backtest.end).",)
    open_end = settings.load(Settings, [], [f"backtest.start={start}"])
    assert dated(open_end, market_data).backtest.days == (start, days[-1].item())
    assert settings.flat(dated(open_end, market_data))["backtest.end"] == days[-1].item()
    assert left_out(market_data, dated(open_end, market_data)) == ()


def test_the_original_plan_is_asked_for_by_a_word_and_gives_way_to_what_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert choose(None, None).backtest == Backtest()
    assert choose(None, None, original=True).backtest.days == (date(2020, 1, 1), date(2023, 12, 31))
    (tmp_path / "mine.toml").write_text("[backtest]\nend = 2022-12-30\n")
    assert choose(tmp_path / "mine.toml", None, original=True).backtest.days == (date(2020, 1, 1), date(2022, 12, 30))


def test_the_original_plan_beside_both_dates_is_said_to_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("[backtest]\nend = 2022-12-30\n")
    with pytest.raises(SettingsError, match=r"--original changes nothing beside backtest\.start and backtest\.end"):
        choose(tmp_path / "mine.toml", ["backtest.start=2021-01-04"], original=True)


def test_the_bare_lean_file_keeps_the_original_plan(repository: Path) -> None:
    told = json.loads((repository / "lean" / "config.json").read_text())["parameters"]
    assert (told["backtest.start"], told["backtest.end"]) == ("2020-01-01", "2023-12-31")
    bare = parameters.read({})
    assert (bare.backtest.start, bare.backtest.end) == (date(2020, 1, 1), date(2023, 12, 31))
