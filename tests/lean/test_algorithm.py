"""The LEAN algorithm, driven by the stand-in, gives the recorded runs of the real engine; and what goes wrong on the way ends well."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from springback.backtest.result import orders_frame
from springback.errors import SpringbackError
from springback.lean import parameters, prepare
from springback.lean.export import export
from springback.workflow.backtests import run_backtest
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import prepare_world
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings
from springback.workflow.sources import open_store
from tests.lean import recorded, replays


@pytest.mark.parametrize("name", recorded.EVERY)
def test_the_algorithm_gives_the_recorded_runs_order_for_order(name: str, tmp_path: Path) -> None:
    store = replays.golden_store(name, tmp_path)
    replays.assert_recorded(replays.run(replays.golden_world(name), replays.golden_parameters(name), store), name, store)


@pytest.fixture(scope="module")
def deployed(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(object store, data folder) with the models of the shop and its market as LEAN's data."""
    folder = tmp_path_factory.mktemp("deployed")
    for key, content in prepare.models(shop / "models", "walk-forward", date(2020, 1, 1))[0].items():
        (folder / "store" / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / "store" / key).write_bytes(content)
    export(open_store(shop / "store")[0], folder / "data")
    return folder / "store", folder / "data"


@pytest.fixture(scope="module")
def market(shop: Path) -> Any:
    return replays.tape_world(open_store(shop / "store")[0])


BUSY = {"backtest.start": "2020-01-01", "backtest.end": "2020-12-31", "strategy.probability": "0.5", "strategy.slots": "5"}


def frame(result: Any) -> list[tuple[Any, ...]]:
    """Orders as sent, without the numbers."""
    orders = result.orders[result.orders["tag"] != "Liquidate from delisting"]
    return list(zip(pd.to_datetime(orders["time"]).dt.date, orders["symbol"], orders["quantity"], orders["tag"], strict=True))


@pytest.mark.parametrize("mode", ["close", "intraday"])
def test_with_its_models_it_orders_what_the_walk_forward_backtest_orders(
    shop: Path, tiny: Settings, deployed: tuple[Path, Path], market: Any, mode: str
) -> None:
    """History at the start, rolling bars, splits, membership, the quarter's models, the rule: the whole path in both hosts."""
    store, data = deployed
    market_data, digest = open_store(shop / "store")
    chosen = replace(
        tiny,
        strategy=replace(tiny.strategy, probability=0.5, slots=5, stop_mode=mode),
        backtest=replace(tiny.backtest, profile="lean"),
        walk_forward=replace(tiny.walk_forward, policy="newest"),
    )
    walked = forecast_walk_forward(prepare_world(market_data, chosen, digest), chosen, shop / "models")
    expected = orders_frame(run_backtest(market_data, walked.forecasts, chosen, Recorder()))
    assert len(expected) > 100
    result = replays.run(market, {**BUSY, "strategy.stop_mode": mode}, store, data)
    wanted = zip(expected["decided"].dt.date, expected["symbol"], expected["quantity"], expected["reason"], strict=True)
    assert frame(result) == list(wanted)
    assert result.quit_message is None
    assert {chart for chart, _ in result.plots} == {"Regime", "Slots", "Candidates", "Exposure %"}


def test_leans_own_vix_index_gives_the_same_orders(shop: Path, deployed: tuple[Path, Path]) -> None:
    market_data, _ = open_store(shop / "store")
    world = replays.tape_world(market_data)
    world.vix = {day.astype(object): float(close) for day, close in zip(market_data.bars.sessions, market_data.vix, strict=True)}
    store, data = deployed
    runs = [replays.run(world, {**BUSY, "backtest.end": "2020-04-30", "lean.vix": kind}, store, data) for kind in ("csv", "index")]
    assert len(runs[0].orders) > 20
    assert frame(runs[0]) == frame(runs[1])


def test_a_quarantined_name_is_not_ordered(deployed: tuple[Path, Path], market: Any, tmp_path: Path) -> None:
    store, data = deployed
    settled = {**BUSY, "backtest.end": "2020-04-30"}
    free = replays.run(market, settled, store, data)
    name = free.orders["symbol"].mode()[0]
    kept = Path(shutil.copytree(store, tmp_path / "kept"))
    (kept / "springback").mkdir(exist_ok=True)
    (kept / "springback/barred.csv").write_text(f"symbol,start,end\n{name},2019-01-02,2021-01-04\n")
    held = replays.run(market, settled, kept, data)
    assert len(held.orders) > 20 and name not in set(held.orders["symbol"])


def test_a_live_restart_in_the_middle_changes_no_order(deployed: tuple[Path, Path], market: Any, tmp_path: Path) -> None:
    """Stopped after any session, started again with the same object store and account: the orders are those of one life."""
    store, data = deployed
    settled = {**BUSY, "strategy.stop_mode": "intraday"}
    lives = {"live": True, "first": date(2020, 1, 2)}

    def fresh(name: str) -> Path:
        return Path(shutil.copytree(store, tmp_path / name))

    whole = replays.run(market, settled, fresh("whole"), data, **lives, last=date(2020, 6, 30))
    assert len(whole.orders) > 50
    kept = fresh("kept")
    first = replays.run(market, settled, kept, data, **lives, last=date(2020, 3, 18))
    second = replays.run(market, settled, kept, data, live=True, first=date(2020, 3, 19), last=date(2020, 6, 30), account=first.account)
    assert [line for _, kind, line in second.logs if kind == "error"] == []
    own = second.orders.iloc[len(first.account.open_orders) :]  # those left at the broker are listed again
    both = [*frame(first), *frame(replace(second, orders=own))]
    assert both == frame(whole)


def test_refusals_cancellations_and_parts_leave_book_and_portfolio_in_step(
    deployed: tuple[Path, Path], market: Any, tmp_path: Path
) -> None:
    """A broker that misbehaves on every fifth order: the book is never silently wrong, no position is left behind or turned round."""
    replays.load()
    from lean_standin.broker import Cancel, Partial, Refuse, Wait

    moods = [Refuse(), Cancel(), Partial(3), Wait()]
    seen: dict[tuple[int, str], int] = {}

    def moody(order: Any, moment: str) -> Any:
        times = seen[order.id, moment] = seen.get((order.id, moment), 0) + 1
        mood = moods[order.id // 5 % 4]
        if order.id % 5 or times > 1 or (moment == "submit") != isinstance(mood, Refuse | Cancel):
            return None
        return mood

    store, data = deployed
    kept = Path(shutil.copytree(store, tmp_path / "store"))
    result = replays.run(market, {**BUSY, "strategy.stop_mode": "intraday"}, kept, data, interfere=moody)
    said = [line for _, kind, line in result.logs if kind == "error"]
    assert any("was refused" in line for line in said)
    assert not [line for line in said if "the portfolio is followed" in line]
    algorithm = result.algorithm
    held = {symbol: int(quantity) for symbol, (quantity, _) in result.account.positions.items()}
    assert algorithm.desk.held() == held
    for name, shares in held.items():
        entries = [order for order in result.fills.to_dict("records") if order["symbol"] == name]
        assert np.sign(shares) == np.sign(next(one["quantity"] for one in reversed(entries) if one["tag"] == "entry"))


def told(deployed: tuple[Path, Path], market: Any, **more: str) -> str:
    """The one line that a run ends in."""
    store, data = deployed
    with pytest.raises(SpringbackError) as caught:
        replays.run(market, {**BUSY, **{name.replace("__", "."): value for name, value in more.items()}}, store, data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bad_parameters_and_missing_files_end_in_one_line(deployed: tuple[Path, Path], market: Any) -> None:
    assert "did you mean 'strategy.probability'" in told(deployed, market, strategy__probabilty="0.5")
    assert "probability must lie between 0 and 1" in told(deployed, market, strategy__probability="1.5")
    assert "run 'springback forecast'" in told(deployed, market, lean__folder="elsewhere")
    assert "run 'springback lean export'" in told(deployed, market, lean__vix_file="elsewhere.csv")
    assert "--forecasts" in told(deployed, market, lean__models="forecasts")


def test_a_model_trained_under_other_versions_or_changed_is_not_opened(
    shop: Path, deployed: tuple[Path, Path], market: Any, tmp_path: Path
) -> None:
    _, data = deployed
    kept = tmp_path / "store"
    (kept / "models").mkdir(parents=True)
    for key, content in prepare.models(shop / "models", "fixed", date(2020, 1, 1))[0].items():
        (kept / key).write_bytes(content)
    card = kept / "models" / "card.json"
    said = json.loads(card.read_text())
    card.write_text(json.dumps({**said, "versions": {**said["versions"], "scikit-learn": "0.9"}}))
    line = told((kept, data), market, lean__models="fixed")
    assert line.startswith("models: its models were trained under scikit-learn 0.9, here is ")
    card.write_text(json.dumps(said))
    pickle = kept / "models" / "ml_mean_reversion_long.pkl"
    pickle.write_bytes(pickle.read_bytes() + b" ")
    assert "is not the file of its card" in told((kept, data), market, lean__models="fixed")


def test_a_session_without_vix_stops_a_backtest(deployed: tuple[Path, Path], market: Any, tmp_path: Path) -> None:
    store, data = deployed
    short = Path(shutil.copytree(data / "springback", tmp_path / "data" / "springback"))
    lines = [line for line in (short / "vix.csv").read_text().splitlines() if not line.startswith("2020-03-16")]
    (short / "vix.csv").write_text("\n".join(lines))
    assert "no VIX for session 2020-03-16" in told((store, tmp_path / "data"), market)


def test_a_corrupt_card_or_parameter_never_reaches_the_market() -> None:
    """What LEAN's parameters say and what the algorithm reads are one and the same."""
    settled = parameters.Parameters()
    assert parameters.read(parameters.write(settled)) == settled
    assert parameters.read({"ema-fast": "10"}) == settled  # LEAN's own parameters have no dot


@pytest.mark.slow
def test_the_algorithm_has_the_types_of_leans_own_stubs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(replays.ALGORITHM)], cwd=replays.REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
