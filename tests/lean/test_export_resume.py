"""An export that was killed goes on; another market data starts clean; files of others are never lost."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from springback.errors import Unwritable
from springback.lean.export import export
from springback.market.market_data import MarketData
from tests.backtest.worlds import flat_tape, random_tape

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = 60
SLOW = """
import sys, time
from pathlib import Path
from springback.lean import export as room, export_log
from tests.backtest.worlds import random_tape
quick = export_log.ExportLog.write
def slow(self, path, content):
    time.sleep(0.02)
    return quick(self, path, content)
export_log.ExportLog.write = slow
room.export(random_tape(4, names={names}), Path(sys.argv[1]))
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kill_midway(folder: Path) -> int:
    """Runs the export in a process of its own and kills it when some names are written; how many were noted."""
    running = subprocess.Popen([sys.executable, "-c", SLOW.format(names=NAMES), str(folder)], cwd=REPOSITORY)
    progress = folder / "springback" / "export.progress"
    while running.poll() is None and not (progress.is_file() and progress.read_text().count("\n") > 12):
        time.sleep(0.005)
    running.kill()
    assert running.wait() == -9, "it was done before it could be killed"
    return progress.read_text().count("\n") - 1


def test_a_killed_export_goes_on(tmp_path: Path) -> None:
    market_data = random_tape(4, names=NAMES)
    done = kill_midway(tmp_path / "killed")
    assert 0 < done < NAMES and not (tmp_path / "killed/springback/export.json").exists()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "killed/equity").rglob("*.*")}
    again = export(market_data, tmp_path / "killed")
    assert again.new_names == NAMES - done
    export(market_data, tmp_path / "clean")
    assert contents(tmp_path / "killed") == contents(tmp_path / "clean")
    kept = [path for path in before if path.is_file() and path.stat().st_mtime_ns == before[path]]
    assert len(kept) >= 3 * done


def test_a_progress_cut_short_in_a_line_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    market_data = random_tape(4, names=20)
    kill_midway(tmp_path / "killed")
    progress = tmp_path / "killed" / "springback" / "export.progress"
    progress.write_text(progress.read_text()[:-9])
    export(random_tape(4, names=NAMES), tmp_path / "killed")
    export(random_tape(4, names=NAMES), tmp_path / "clean")
    assert contents(tmp_path / "killed") == contents(tmp_path / "clean")
    progress.write_text("no JSON")
    export(market_data, tmp_path / "killed")
    assert (tmp_path / "killed/springback/symbols.csv").read_text().count("\n") == 21


def test_a_finished_export_writes_nothing_again(tmp_path: Path) -> None:
    market_data = random_tape(1)
    assert export(market_data, tmp_path).new_names == 12
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in contents(tmp_path)}
    assert export(market_data, tmp_path).new_names == 0
    after = {path: (tmp_path / path).stat().st_mtime_ns for path in contents(tmp_path)}
    assert {path for path in after if before[path] != after[path]} == {"springback/export.json"}
    (tmp_path / "equity/usa/daily/n03.zip").unlink()
    assert export(market_data, tmp_path).new_names == 1
    assert set(contents(tmp_path)) == set(after)


def wide() -> tuple[MarketData, MarketData]:
    """Two markets, the second without the first one's name OLD."""
    return flat_tape({"AAPL": [1.0, 2.0], "OLD": [1.0, 2.0]}), flat_tape({"AAPL": [1.0, 2.5]})


def test_another_tape_removes_what_the_first_one_wrote_and_nothing_else(tmp_path: Path) -> None:
    first, second = wide()
    foreign = {"equity/usa/daily/spy.zip": b"1", "market-hours/market-hours-database.json": b"2", "equity/usa/map_files/spy.csv": b"3"}
    for path, content in foreign.items():
        (tmp_path / "out" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / path).write_bytes(content)
    export(first, tmp_path / "out")
    assert export(second, tmp_path / "out").findings == ()
    export(second, tmp_path / "clean")
    assert contents(tmp_path / "out") == contents(tmp_path / "clean") | foreign


def test_a_killed_export_of_another_tape_leaves_no_stale_file(tmp_path: Path) -> None:
    kill_midway(tmp_path / "out")
    export(wide()[0], tmp_path / "out")
    export(wide()[0], tmp_path / "clean")
    assert contents(tmp_path / "out") == contents(tmp_path / "clean")


def test_foreign_files_in_the_way_are_put_aside_and_told(tmp_path: Path) -> None:
    """`lean init` brings an aapl.zip and an interest-rate.csv of its own."""
    market_data, _ = wide()
    theirs = tmp_path / "equity/usa/daily/aapl.zip"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"LEAN's own")
    assert export(market_data, tmp_path).findings == ("1 files of others stood where the export writes: they are in springback/kept now",)
    assert (tmp_path / "springback/kept/equity/usa/daily/aapl.zip").read_bytes() == b"LEAN's own"
    theirs.write_bytes(b"changed by hand")
    assert export(market_data, tmp_path).new_names == 1
    assert (tmp_path / "springback/kept/equity/usa/daily/aapl.zip.1").read_bytes() == b"changed by hand"
    assert export(market_data, tmp_path).findings == ()


def test_a_manifest_that_was_tampered_with_deletes_nothing_outside(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    export(wide()[0], tmp_path / "out")
    manifest = tmp_path / "out/springback/export.json"
    said = json.loads(manifest.read_text())
    for path in ("../precious.txt", str(precious)):
        said["parts"]["OLD"]["files"][path] = "9d2f5d2e"
    manifest.write_text(json.dumps(said))
    export(replace(wide()[1], risk_free=None), tmp_path / "out")
    assert precious.read_text() == "mine"
    manifest.write_text("[]")
    export(wide()[0], tmp_path / "out")


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unwritable, match="cannot be written"):
        export(wide()[0], tmp_path / "file" / "out")
