"""The commands as a user types them: export, run, import and compare, the engine being the stand-in behind a launcher of LEAN's name."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.lean import fakes
from tests.terminal import COMMAND, TINY, sets

REPOSITORY = Path(__file__).resolve().parents[2]
ENGINE = """
import json, os, pathlib, sys
repository = pathlib.Path(os.environ["FAKE_REPOSITORY"])
sys.path[:0] = [str(repository), str(repository / "tests" / "lean" / "standin")]
import pandas as pd
from springback import wiring
from tests.lean import lean_files, replays

config = json.loads(pathlib.Path(sys.argv[sys.argv.index("--config") + 1]).read_text())
module = replays.load(pathlib.Path(config["algorithm-location"]))
from lean_standin.engine import Engine

world = replays.tape_world(wiring.open_store(pathlib.Path(os.environ["FAKE_STORE"]))[0])
store = pathlib.Path(config["object-store-root"])
result = Engine(world, config["parameters"], store, config["data-folder"]).run(module.MlMeanReversion)
for when, kind, line in result.logs:
    print(f"2026-11-23T10:00:00.0000000Z TRACE:: {kind.title()}: {when} {line}", flush=True)
orders = result.orders[result.orders["tag"] != lean_files.DELISTING].rename(columns={"tag": "reason"})
orders["decided"] = pd.to_datetime(orders["time"]).dt.strftime("%Y-%m-%d")
orders["quantity"] = orders["quantity"].astype(float)
fills = result.fills.rename(columns={"tag": "reason"}).astype({"quantity": float, "price": float, "fee": float})
fills["reason"] = fills["reason"].where(~fills["reason"].str.startswith("resting_stop"), "stop_loss")
fills["time"] = fills["time"].astype(str)
daily = pd.DataFrame(result.daily).astype({"equity": float, "cash": float})
lean_files.write_result(pathlib.Path(config["results-destination-folder"]), orders, fills, daily, record=False)
"""


def test_a_run_of_lean_by_the_commands_equals_our_own(shop: Path, project: Path, tmp_path: Path) -> None:
    """`lean backtest` exports, lays out, runs, shows where it is and imports; `lean compare` finds no difference and says so."""
    work = tmp_path / "work"
    shutil.copytree(shop, work)
    shutil.copytree(project, work / "lean")
    fakes.executable(tmp_path / "bin" / "dotnet", ENGINE)
    launcher = fakes.checkout(tmp_path)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONNET_PYDLL": "libpython3.11.so",
        "FAKE_REPOSITORY": str(REPOSITORY),
        "FAKE_STORE": str(work / "store"),
    }
    knobs = [*TINY, *sets(strategy__probability=0.5, strategy__slots=5, strategy__stop_mode='"intraday"')]

    def springback(*words: object) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *(str(word) for word in words)]
        return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=300, check=False)

    ran = springback("lean", "backtest", "--launcher", launcher, *knobs)
    assert ran.returncode == 0, ran.stderr
    assert "runs/lean/report.html" in ran.stdout
    own = springback("backtest", "--profile", "lean", "--out", "runs/own", *knobs)
    assert own.returncode == 0, own.stderr
    found = springback("lean", "compare", "runs/own", "runs/lean")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "EQUAL" in found.stdout.splitlines()[0]

    other = springback("backtest", "--profile", "lean", "--out", "runs/other", *knobs, *sets(strategy__holding_sessions=5))
    assert other.returncode == 0, other.stderr
    found = springback("lean", "compare", "runs/other", "runs/lean")
    assert found.returncode == 1
    assert "time_stop" in found.stdout
