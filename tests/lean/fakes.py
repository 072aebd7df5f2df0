"""Stand-ins for what a machine may have: `dotnet` with a launcher, `lean` and `docker`. Each does as the variable FAKE says."""

import os
import stat
import sys
import time
from pathlib import Path

ENGINE = """
import json, os, pathlib, shutil, signal, subprocess, sys, time
how = os.environ.get("FAKE", "success")
words = sys.argv[1:]
if "--config" in words:  # dotnet LAUNCHER --config FILE
    config = json.loads(pathlib.Path(words[words.index("--config") + 1]).read_text())
    results, parameters = pathlib.Path(config["results-destination-folder"]), config["parameters"]
    assert pathlib.Path.cwd() == pathlib.Path(words[0]).parent, "LEAN's own Python files are in the launcher's folder"
else:  # lean backtest FILE --output FOLDER --parameter KEY VALUE ...
    results = pathlib.Path(words[words.index("--output") + 1])
    parameters = {words[k + 1]: words[k + 2] for k, word in enumerate(words) if word == "--parameter"}
    assert pathlib.Path("ml_mean_reversion_main.py").is_file(), "it is run in the project folder"
    (results / "config").write_text(json.dumps({"container": "lean_cli_0123"}))

def say(text):
    print(f"2026-11-23T10:00:00.0000000Z TRACE:: {text}", flush=True)

def write(state):
    (results / "ml-mean-reversion.json").write_text(json.dumps({"state": state, "parameters": parameters}))
    (results / "ml-mean-reversion-order-events.json").write_text("[]")
    (results / "ml-mean-reversion-summary.json").write_text("{}")

say("Engine.Main(): LEAN ALGORITHMIC TRADING ENGINE v2.5.0.0 Mode: RELEASE (64bit)")
if how == "hang":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
    (results / "pids").write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
if how == "sleep":
    (results / "pids").write_text(str(os.getpid()))
    time.sleep(600)
if how == "crash":
    print("20261123 10:00:00.000 ERROR:: Engine.Run(): the disk is full", flush=True)
    sys.exit(1)
if how == "nothing":
    sys.exit(0)
if how == "runtime-error":
    write({"RuntimeError": "KeyError: 'AAPL'\\n  at on_data in ml_mean_reversion_main.py: line 77", "Status": "RuntimeError"})
    sys.exit(1)
if how == "replay":  # what a run of LEAN left, from a folder
    shutil.copytree(os.environ["FAKE_RESULT"], results, dirs_exist_ok=True, ignore=shutil.ignore_patterns("storage"))
    shutil.copytree(pathlib.Path(os.environ["FAKE_RESULT"]) / "storage", config["object-store-root"], dirs_exist_ok=True)
    sys.exit(0)
if how == "stopped":
    write({"RuntimeError": "", "Status": "Stopped"})
    sys.exit(0)
for day in ("2020-01-31", "2020-07-15", "2020-12-31"):
    say(f"Log: {day} 16:30:00 {day}: 3 positions")
write({"RuntimeError": "", "Status": "Completed"})
if how == "abort":
    say("Engine.Main(): Analysis Complete.")
    print("Unhandled exception. System.ObjectDisposedException: Safe handle has been closed.\\n   at Frame()", flush=True)
    os.abort()
"""
DOCKER = """
import os, pathlib, sys
with open(os.environ["FAKE_SEEN"], "a") as seen:
    seen.write(" ".join(sys.argv[1:]) + "\\n")
how = os.environ.get("FAKE_DOCKER", "up")
if how == "down":
    sys.exit("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
if how == "denied":
    sys.exit("permission denied while trying to connect to the Docker daemon socket")
"""

STANDIN_ENGINE = """
import json, os, pathlib, sys
repository = pathlib.Path(os.environ["FAKE_REPOSITORY"])
sys.path[:0] = [str(repository), str(repository / "tests" / "lean" / "standin")]
import pandas as pd
from springback.workflow.sources import open_store
from tests.lean import lean_files, replays

config = json.loads(pathlib.Path(sys.argv[sys.argv.index("--config") + 1]).read_text())
module = replays.load(pathlib.Path(config["algorithm-location"]))
from lean_standin.engine import Engine

world = replays.tape_world(open_store(pathlib.Path(os.environ["FAKE_STORE"]))[0])
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
"""The stand-in for LEAN as a program: it plays the market of FAKE_STORE to the algorithm of its configuration."""


def executable(path: Path, text: str) -> Path:
    """A Python script that can be run by its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def checkout(folder: Path, data: bool = True) -> Path:
    """A LEAN checkout as a build leaves it: the launcher, and `Data` with the two databases; its launcher."""
    launcher = folder / "LEAN" / "Launcher" / "bin" / "Release" / "QuantConnect.Lean.Launcher.dll"
    launcher.parent.mkdir(parents=True)
    launcher.touch()
    for name in ("market-hours/market-hours-database.json", "symbol-properties/symbol-properties-database.csv") if data else ():
        (folder / "LEAN" / "Data" / name).parent.mkdir(parents=True)
        (folder / "LEAN" / "Data" / name).write_text(name)
    return launcher


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def gone(pid: int) -> bool:
    """Whether a process that was killed is away, as soon as the kernel has got round to it on a busy machine."""
    for _ in range(200):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False
