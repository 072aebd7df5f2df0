"""A bundle is a whole project: it runs from its own files alone, the same input gives the same bytes, foreign folders stay as they are."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from springback import __version__
from springback.errors import InputError
from springback.forecasting import model_store
from springback.forecasting.archive import Archive, read_timeline
from springback.lean import bundle, engine_config, prepare
from springback.lean.export import export
from springback.lean.parameters import Parameters, write
from springback.market.actions import KINDS
from springback.market.market_data import BANKRUPT, DELISTED, MarketData
from springback.workflow.sources import open_store

STANDIN = Path(__file__).with_name("standin")
SOURCE = Path(bundle.__file__).parents[1]
CONFIG = engine_config.project_config(write(Parameters()))
BLOCKED = ("numba", "typer", "rich", "plotly", "matplotlib", "exchange_calendars", "jinja2", "pyarrow")
ALONE = """
import importlib, pathlib, sys
for name in {blocked!r}:
    sys.modules[name] = None
folder = pathlib.Path(sys.argv[1])
sys.path[:] = [str(folder)] + [path for path in sys.path if "springback" not in path and not path.endswith("src")]
import numpy as np
import springback
assert pathlib.Path(springback.__file__).parent == folder / "springback", springback.__file__
for file in sorted((folder / "springback").rglob("*.py")):
    parts = file.relative_to(folder).with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
loaded = [name for name in sys.modules if name.split(".")[0] == "springback"]
assert all(str(folder) in str(sys.modules[name].__file__) for name in loaded)
from springback.compiled import COMPILED
from springback.forecasting import model_store
from springback.lean import parameters, stored
from springback.trading.day_forecasts import ModelForecasts
assert not COMPILED
find = lambda key: path if (path := folder / "storage" / key).is_file() else None
said = stored.outlook(parameters.Parameters(lean=parameters.Lean(models=sys.argv[2])), find)
assert isinstance(said, ModelForecasts)
pair = next(iter(said._models.values()))
assert type(pair.long).__module__ == "springback.forecasting.boosted"
rows = np.linspace(-1.0, 1.0, 24).reshape(3, 8)
print([repr(float(p)) for side in pair.probabilities(rows) for p in side])
"""


def files(project: Path, shop: Path, out: Path, which: str = "fixed") -> dict[str, bytes]:
    stored, _ = prepare.models(shop / "models", which, date(2020, 1, 1))
    return bundle.project_files(project, SOURCE, __version__, CONFIG, stored, out)


def everything(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("which", ["fixed", "walk-forward"])
def test_it_runs_alone_and_without_numba(which: str, project: Path, shop: Path, tmp_path: Path) -> None:
    """Every module is imported from the bundle only; the models in it give the forecasts that they give here."""
    bundle.lay(tmp_path / "out", files(project, shop, tmp_path / "out", which))
    (tmp_path / "alone.py").write_text(ALONE.format(blocked=BLOCKED))
    done = subprocess.run(
        [sys.executable, "-I", "-B", str(tmp_path / "alone.py"), str(tmp_path / "out"), which],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    timeline = read_timeline(shop / "models" / "walk_forward")
    assert timeline is not None
    first = Archive(shop / "models").folder(timeline.tenures[0].model)
    pair = model_store.load(shop / "models" if which == "fixed" else first)
    here = [repr(float(p)) for side in pair.probabilities(np.linspace(-1.0, 1.0, 24).reshape(3, 8)) for p in side]
    assert done.stdout.strip() == str(here)


def test_it_is_a_lean_project(project: Path, shop: Path, tmp_path: Path) -> None:
    made = files(project, shop, tmp_path / "out")
    assert made["main.py"] == (project / "ml_mean_reversion_main.py").read_bytes()
    assert {"config.json", "requirements.txt", "README.md", "storage/models/card.json", "springback/forecasting/boosted.py"} <= set(made)
    assert not [name for name in made if "/cli" in name or "/verbs" in name or "/training/" in name or "/workflow/" in name]
    readme = made["README.md"].decode()
    assert "lean cloud push --project" in readme and "lean cloud object-store set" in readme and "`models/card.json`" in readme
    assert max(len(content) for name, content in made.items() if name.endswith(".py")) < 32_000  # even the free tier takes it


def test_the_same_input_gives_the_same_bytes(project: Path, shop: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        bundle.lay(tmp_path / name, files(project, shop, tmp_path / name))
    assert everything(tmp_path / "one") == everything(tmp_path / "two")
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "one").rglob("*")}
    bundle.lay(tmp_path / "one", files(project, shop, tmp_path / "one"))
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "one").rglob("*")} == before


def test_a_foreign_folder_is_refused_and_untouched(project: Path, shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "theirs"
    out.mkdir()
    (out / "thesis.txt").write_text("ten years")
    with pytest.raises(InputError, match="holds other files and no bundle of ours: name an empty or a new folder"):
        bundle.lay(out, files(project, shop, out))
    assert everything(out) == {"thesis.txt": b"ten years"}
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="holds other files"):
        bundle.lay(tmp_path / "file", {})


def test_a_bundle_again_replaces_ours_and_keeps_the_rest(project: Path, shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    bundle.lay(out, files(project, shop, out, "walk-forward"))
    (out / "backtests").mkdir()
    (out / "backtests" / "log.txt").write_text("theirs")
    pushed: dict[str, Any] = {**json.loads((out / "config.json").read_text()), "cloud-id": 4711, "description": "changed"}
    (out / "config.json").write_text(json.dumps(pushed))
    (out / "main.py").write_text("damaged")
    bundle.lay(out, files(project, shop, out, "fixed"))
    found = everything(out)
    assert found["backtests/log.txt"] == b"theirs"
    assert found["main.py"] == (project / "ml_mean_reversion_main.py").read_bytes()
    assert not [name for name in found if "walk_forward" in name] and not (out / "storage" / "models" / "walk_forward").exists()
    config = json.loads(found["config.json"])
    assert config["cloud-id"] == 4711 and config["description"] == CONFIG["description"]  # the cloud project stays the same one


def test_an_interrupted_bundle_goes_on(project: Path, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, made, left = tmp_path / "out", files(project, shop, tmp_path / "out"), 5
    atomic = bundle.atomic

    def tiring(path: Path) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return atomic(path)

    monkeypatch.setattr(bundle, "atomic", tiring)
    with pytest.raises(KeyboardInterrupt):
        bundle.lay(out, made)
    monkeypatch.undo()
    bundle.lay(out, made)
    assert {name for name in everything(out) if name != bundle.OURS} == set(made)


def test_a_file_the_cloud_would_refuse_is_refused_here(project: Path, shop: Path, tmp_path: Path) -> None:
    with (project / "ml_mean_reversion_main.py").open("a") as file:
        file.write("#" * 64_000)
    with pytest.raises(InputError, match=r"main\.py has [\d,]+ bytes, QuantConnect takes 64,000 at most"):
        files(project, shop, tmp_path / "out")
    with pytest.raises(InputError, match="give --project"):
        files(tmp_path / "nowhere", shop, tmp_path / "out")


ON_STANDIN = """
import importlib.util, json, pathlib, sys
for name in set({blocked!r}) - {{"exchange_calendars"}}:  # the stand-in's own
    sys.modules[name] = None
folder, world, standin = map(pathlib.Path, sys.argv[1:])
sys.path[:] = [str(folder), str(standin)] + [path for path in sys.path if "springback" not in path and not path.endswith("src")]
import pandas as pd
spec = importlib.util.spec_from_file_location("main", folder / "main.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from lean_standin.engine import Engine
from lean_standin.world import World
tables = [pd.read_csv(world / name, keep_default_na=False) for name in ("bars.csv", "events.csv")]
told = json.loads((folder / "config.json").read_text())["parameters"]
told |= {{"backtest.start": "2020-03-02", "backtest.end": "2020-04-30", "strategy.probability": "0.5", "lean.vix": "csv"}}
result = Engine(World(*tables, json.loads((world / "ends.json").read_text())), told, folder / "storage", world).run(module.MlMeanReversion)
assert pathlib.Path(sys.modules["springback"].__file__).parent == folder / "springback"
print(result.orders[["symbol", "quantity", "tag"]].to_csv(index=False))
"""


def write_world(market_data: MarketData, folder: Path) -> None:
    """The market of `market_data` as the tables the stand-in reads."""
    row, name = np.nonzero(~np.isnan(market_data.bars.close))
    days, symbols = market_data.bars.sessions.astype(str), np.array(market_data.bars.symbols, dtype=object)
    bars = pd.DataFrame({"date": days[row], "symbol": symbols[name]})
    for field in ("open", "high", "low", "close", "volume"):
        bars[field] = getattr(market_data.bars, field)[row, name]
    bars.to_csv(folder / "bars.csv", index=False)
    held = market_data.actions
    kinds = np.array(KINDS, dtype=object)[held.kind]
    events = {"date": days[held.row], "symbol": symbols[held.name], "event": kinds, "value": held.value}
    pd.DataFrame(events).to_csv(folder / "events.csv", index=False)
    gone = {symbols[k]: str(days[market_data.last[k]]) for k in np.flatnonzero(np.isin(market_data.ending, (DELISTED, BANKRUPT)))}
    (folder / "ends.json").write_text(json.dumps(gone))


def test_the_algorithm_trades_from_the_bundle_alone(project: Path, shop: Path, tmp_path: Path) -> None:
    """LEAN's stand-in runs its main.py for two months, without numba and without the installed package."""
    out, world = tmp_path / "out", tmp_path / "world"
    market_data, _ = open_store(shop / "store")
    bundle.lay(out, files(project, shop, out, "walk-forward"))
    export(market_data, world)
    write_world(market_data, world)
    (tmp_path / "alone.py").write_text(ON_STANDIN.format(blocked=BLOCKED))
    words = [sys.executable, "-I", "-B", str(tmp_path / "alone.py"), str(out), str(world), str(STANDIN)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count(",entry\n") > 5, done.stdout
