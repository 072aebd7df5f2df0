"""The public names: none is a package's name, and each still works after every module of the package was imported."""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import springback as sb
from springback.auditing.sample import Size
from springback.ledger.book import Ledger
from springback.market.market_data import MarketData
from springback.workflow import audit

SMALL = {
    "demo.names": 60,
    "demo.start": "2019-01-02",
    "demo.end": "2021-12-31",
    "training.trees": 6,
    "training.threads": 1,
    "walk_forward.months": 6,
    "strategy.probability": 0.52,
    "backtest": {"start": "2020-06-01", "end": "2021-12-31"},
    "validation.draws": 200,
    "optimise": {"held_back": 6, "trials": 4, "grid": 3, "draws": 200},
}
TINY = Size(names=25, crowd=40, sessions=360, at=1, retrainings=1, trees=4, rows=0, months=3)


@pytest.fixture(scope="module", autouse=True)
def everything() -> None:
    """Imports every module, as a session that used them all would have."""
    for one in pkgutil.walk_packages(sb.__path__, "springback."):
        if not one.name.endswith("__main__"):
            importlib.import_module(one.name)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def settings() -> Any:
    return sb.load_settings(SMALL)


@pytest.fixture(scope="module")
def market_data(settings: Any) -> MarketData:
    return sb.draw_demo(settings)


@pytest.fixture(scope="module")
def world(market_data: MarketData, settings: Any) -> Any:
    return sb.prepare(market_data, settings)


@pytest.fixture(scope="module")
def walked(world: Any, settings: Any, home: Path) -> Any:
    return sb.forecast(world, settings, home / "models")


@pytest.fixture(scope="module")
def run(market_data: MarketData, walked: Any, settings: Any, home: Path) -> Any:
    return sb.run_backtest(market_data, walked.forecasts, settings, models="walk-forward", store=home / "store")


def kinds(home: Path) -> Counter[str]:
    """How many rows of each kind the ledger has."""
    return Counter(row.kind for row in Ledger(home / "ledger.sqlite").entries())


def test_no_public_name_is_a_module(home: Path) -> None:
    modules = {one.name for one in pkgutil.iter_modules(sb.__path__)}
    assert not set(sb.__all__) & modules
    assert all(isinstance(getattr(sb, name), type | Callable) for name in sb.__all__ if name != "__version__")  # type: ignore[arg-type]


def test_the_store_goes_round(market_data: MarketData, home: Path, settings: Any) -> None:
    loaded = sb.fetch(market_data, home / "store")
    again, digest = sb.open_store(home / "store")
    assert digest == loaded.hash and again.bars.shape == market_data.bars.shape
    drawn = sb.fetch("demo", home / "drawn", settings)
    assert drawn.hash == digest, "the demo market is a function of its settings"
    assert sb.load_bars(sb.bars_frame(market_data)).bars.shape == market_data.bars.shape
    found = sb.check_data(home / "store", settings, home / "check")
    assert found.usable and (home / "check" / "check.html").is_file()
    assert sb.check_data(market_data, settings).verdict == found.verdict


def test_models_and_forecasts(world: Any, settings: Any, walked: Any, market_data: MarketData, home: Path) -> None:
    trained = sb.train(world, settings)
    assert isinstance(world, sb.PreparedData) and len(sb.features_frame(world)) > 1000
    pair = sb.keep(trained, home / "models")
    fixed, same = sb.forecast_fixed(world, home / "models", settings)
    assert same.card.known_by == pair.card.known_by and sb.in_sample(pair, settings)
    assert len(sb.forecasts_frame(market_data, fixed)) > 1000
    back = sb.forecasts_from(sb.forecasts_frame(market_data, walked.forecasts), market_data)
    pd.testing.assert_frame_equal(sb.forecasts_frame(market_data, back), sb.forecasts_frame(market_data, walked.forecasts))


def test_a_backtest_and_its_report(run: Any, world: Any, walked: Any, market_data: MarketData, settings: Any, home: Path) -> None:
    assert isinstance(run, sb.Run) and isinstance(run.settings, sb.Settings) and len(run.trades) > 0
    assert sb.report(run, home / "run").is_file()
    told = sb.summary_of(sb.tell(market_data, walked.forecasts, settings, world.hash, "walk-forward", store=home / "store"))
    assert "Demo market" in told


def test_a_validation(world: Any, settings: Any, home: Path) -> None:
    before = kinds(home)
    study = sb.validate(world, settings, models_dir=home / "models", out=home / "validation", store=home / "store")
    assert study.judgement.whole.rows > 1000 and (home / "validation" / "validation.html").is_file()
    assert kinds(home) - before == Counter(validate=1)


def test_a_stress_test(run: Any, home: Path) -> None:
    before = kinds(home)
    study = sb.stress(run, home / "stress")
    assert len(study.outcomes) > 5 and (home / "stress" / "stress.json").is_file()
    assert kinds(home) - before == Counter(backtest=1)


def test_an_audit(market_data: MarketData, settings: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "QUICK", TINY)
    before = kinds(home)
    made = sb.audit(market_data, settings, quick=True, out=home / "audit", store=home / "store")
    assert len(made.findings) > 10 and (home / "audit" / "audit.html").is_file()
    assert made.facts["Data"] == sb.prepare(market_data, settings).hash
    assert kinds(home) - before == Counter(audit=1)


def test_a_search(market_data: MarketData, settings: Any, home: Path) -> None:
    before = kinds(home)
    found = sb.optimize(market_data, settings, home / "optimise", home / "models", home / "store")
    assert found.finding.trials == 5 and (home / "optimise" / found.name / "winner.toml").is_file()
    assert (kinds(home) - before)["optimise"] >= 5


def test_every_public_name_is_called_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    missing = [name for name in sb.__all__ if f"sb.{name}" not in text and name != "__version__"]
    assert not missing, f"no test above uses {missing}"
