"""The first real run of someone with a network and no file: one command, against vendors that answer as theirs do."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from springback.market.actions import DIVIDEND, KINDS
from springback.settings import load
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo
from tests.contracts import replay as replays
from tests.contracts.replay import KEY, Name, Replay, serving
from tests.contracts.test_fetch import springback, write_settings
from tests.terminal import sets

SMALL = sets(
    backtest__start="2020-01-01",
    backtest__end="2020-12-31",
    training__trees=10,
    universe__min_dollar_volume=0,
)


def drawn(count: int) -> tuple[dict[str, Name], dict[date, float]]:
    """A market of three years as vendors would tell it, and its VIX."""
    knobs = (f"demo.names={count}", "demo.start=2018-01-02", "demo.end=2020-12-31")
    market_data = draw_demo(load(Settings, overrides=knobs))
    days = [one.astype(object) for one in market_data.bars.sessions]
    panels = [getattr(market_data.bars, name) for name in ("open", "high", "low", "close", "volume")]
    names = {}
    for k, symbol in enumerate(market_data.bars.symbols):
        known = np.flatnonzero(~np.isnan(market_data.bars.close[:, k]))
        names[symbol] = Name({days[row]: tuple(float(panel[row, k]) for panel in panels) for row in known})  # type: ignore[misc]
    actions = market_data.actions
    for row, at, kind, value in zip(actions.row, actions.name, actions.kind, actions.value, strict=True):
        told = names[market_data.bars.symbols[at]]
        assert KINDS[kind] in ("split", "dividend")
        if kind == DIVIDEND:
            told.dividends[days[row]] = float(value)
        else:
            told.splits[days[row]] = float(1 / value)
    assert market_data.benchmark is not None
    levels = market_data.benchmark / market_data.benchmark[0] * 200
    names["SPY"] = Name({one: (x, x * 1.01, x * 0.99, x, 1e6) for one, x in zip(days, map(float, levels), strict=True)})
    return names, dict(zip(days, map(float, market_data.vix), strict=True))


@pytest.fixture(name="replay")
def _replay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Replay]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIINGO_API_KEY", KEY)
    names, vix = drawn(20)
    monkeypatch.setattr(replays, "VIX", vix)
    with serving(names) as replay:
        write_settings(tmp_path, replay)
        yield replay


def test_a_run_on_a_vendor_needs_one_command_and_no_file(replay: Replay, capfd: pytest.CaptureFixture[str]) -> None:
    names = [one for one in replay.names if one != "SPY"][:12]
    words: tuple[Any, ...] = ("run", "--source", "yahoo", "--symbols", ",".join(names), "--settings", "fetch.toml", *SMALL, "--out", "run")
    code, said = springback(capfd, *words)
    assert code == 0, said
    flag = re.search(r"Only \d+ names: under 50 it cannot be judged whether the ranking is worth anything", " ".join(said.split()))
    assert flag, said
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["demo"] is False and "Prices of yahoo" in summary["origin"] and len(Path("run/fills.csv").read_text().splitlines()) > 1
    assert flag[0] in Path("run/report.html").read_text(encoding="utf-8")
    assert sum(replay.asked.values()) >= 13


@pytest.mark.parametrize("source", ["yahoo", "tiingo", "alpaca"])
def test_without_names_a_run_is_refused_with_an_example_before_anything_is_asked(
    source: str, replay: Replay, capfd: pytest.CaptureFixture[str]
) -> None:
    code, said = springback(capfd, "run", "--source", source, "--settings", "fetch.toml")
    assert code == 2 and f"springback run --source {source} --symbols AAPL,MSFT,NVDA" in said, said
    assert not replay.asked and not Path("store").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--symbols", "AAPL"), "--symbols goes with --source yahoo"),
        (("--source", "demo", "--start", "2020-01-01"), "--start goes with"),
        (("--source", "csv", "--path", "x.csv", "--keys", "k.toml"), "--keys goes with"),
        (("--source", "yahoo", "--symbols", "AAPL", "--vix", "v.csv"), "--vix goes with --source csv"),
        (("--source", "yahoo", "--symbols", "AAPL", "--benchmark", "v.csv"), "--benchmark goes with --source csv"),
        (("--source", "yahoo", "--symbols", "AAPL", "--as-of", "2020-01-01"), "--as-of reads a store"),
        (("--source", "bloomberg", "--symbols", "AAPL"), "--symbols goes with"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    words: tuple[str, ...], said: str, replay: Replay, capfd: pytest.CaptureFixture[str]
) -> None:
    code, told = springback(capfd, "run", *words, "--settings", "fetch.toml")
    assert code == 2 and said in told, told
