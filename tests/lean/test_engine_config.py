"""The configuration is whole: every key that the engine was measured to need, and the settings of settings/default.toml."""

import json
import re
import tomllib
from pathlib import Path

from springback.lean import engine_config, prepare
from springback.lean.parameters import Parameters, read

TOP = [
    "environment",
    "environments",
    "algorithm-language",
    "algorithm-location",
    "algorithm-type-name",
    "data-folder",
    "results-destination-folder",
    "close-automatically",
    "log-handler",
    "messaging-handler",
    "job-queue-handler",
    "api-handler",
    "map-file-provider",
    "factor-file-provider",
    "data-provider",
    "object-store",
    "data-aggregator",
    "data-channel-provider",
    "parameters",
    "python-additional-paths",
    "maximum-data-points-per-chart-series",
    "maximum-chart-series",
    "object-store-root",
    "algorithm-id",
]
BACKTESTING = [
    "live-mode",
    "setup-handler",
    "result-handler",
    "data-feed-handler",
    "real-time-handler",
    "history-provider",
    "transaction-handler",
]
FOLDERS = Path("p/algorithm.py"), Path("p/data"), Path("p/results"), Path("p/storage")


def test_every_key_that_lean_needs_is_there() -> None:
    config = engine_config.engine_config(*FOLDERS, {"a.b": "1"})
    assert not set(TOP) - set(config)
    assert set(config["environments"]["backtesting"]) == set(BACKTESTING)
    assert isinstance(config["environments"]["backtesting"]["history-provider"], list)
    assert config["environment"] == "backtesting" and config["algorithm-language"] == "Python" and config["close-automatically"] is True
    assert config["parameters"] == {"a.b": "1"}
    assert not [key for key, value in config.items() if value is None]
    json.dumps(config, allow_nan=False)


def test_paths_hold_in_the_engines_own_folder() -> None:
    config = engine_config.engine_config(*FOLDERS, {})
    for key in ("algorithm-location", "data-folder", "results-destination-folder", "object-store-root"):
        assert Path(config[key]).is_absolute(), key
    assert config["data-folder"].endswith("/data/")
    assert config["python-additional-paths"] == [str(Path("p").resolve())]


def test_a_class_of_that_name_is_the_only_algorithm(repository: Path) -> None:
    source = (repository / "lean" / engine_config.ALGORITHM).read_text(encoding="utf-8")
    assert re.findall(r"^class (\w+)\(QCAlgorithm\)", source, re.MULTILINE) == [engine_config.CLASS]


def test_the_workspace_and_the_project_in_git_are_what_the_code_makes(repository: Path, tmp_path: Path) -> None:
    prepare.renew(tmp_path)
    for name in ("lean.json", "config.json"):
        assert (repository / "lean" / name).read_bytes() == (tmp_path / name).read_bytes(), (
            f"lean/{name} is not what the settings are now: from pathlib import Path; from springback.lean import prepare; "
            "prepare.renew(Path('lean'))"
        )


def test_the_parameters_of_the_project_are_the_settings(repository: Path) -> None:
    """Each is a knob of settings/default.toml at its value there, or one of the table `lean`; and no table is left out. The days
    are those of the original plan: LEAN has no bars yet to take others from."""
    told = json.loads((repository / "lean" / "config.json").read_text(encoding="utf-8"))["parameters"]
    tables = tomllib.loads((repository / "settings" / "default.toml").read_text(encoding="utf-8"))
    plan = tomllib.loads((repository / "settings" / "original.toml").read_text(encoding="utf-8"))
    tables["backtest"] |= plan["backtest"]
    wanted = {f"backtest.{name}": tables["backtest"][name] for name in ("start", "end", "cash")}
    wanted |= {f"{table}.{name}": value for table in ("strategy", "regime", "universe") for name, value in tables[table].items()}
    wanted |= {f"costs.{name}": tables["costs"][name] for name in ("no_short_price", "no_short_dollar_volume")}  # the rest is LEAN's
    assert {name: value for name, value in told.items() if not name.startswith("lean.")} == {name: str(v) for name, v in wanted.items()}
    assert told["lean.models"] == "walk-forward" and told["lean.vix"] == "csv"
    assert all(isinstance(value, str) for value in told.values())
    assert read(told) == Parameters()


def test_what_the_algorithm_needs_is_pinned_as_we_train(repository: Path) -> None:
    """LEAN's image and our lock have the same versions: tests/test_repository.py holds the lock to the image."""
    pins = dict(re.findall(r"^([a-z-]+)==([\d.]+)", (repository / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [line for line in (repository / "lean" / "requirements.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    for name, version in (line.split("==") for line in lines if "==" in line):
        assert pins[name] == version
    assert not [line for line in lines if "springback" in line or "://" in line]
