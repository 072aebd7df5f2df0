"""An engine is started, heard and ended; a hung one does not outlive its limit, nor does anything it started."""

import os
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from springback.errors import EngineError
from springback.lean import launch
from springback.lean.launch import EngineOutput
from tests.lean import fakes

SPAN = (date(2020, 1, 1), date(2020, 12, 31))
LINE = "2026-11-23T10:00:00Z TRACE:: "
BEAT = LINE + "Isolator.ExecuteWithTimeLimit(): Used: 89, Sample: 160, App: 754, CurrentTimeStepElapsed: {}.000. CPU: 20%"


def run(folder: Path, script: str, limit: float = 30.0, silence: float = 30.0, **more: object) -> tuple[int, EngineOutput]:
    """Runs a Python script as the engine."""
    file = folder / "engine.py"
    file.write_text(script)
    limits = launch.TimeLimits(limit, silence)
    return launch.run([sys.executable, "-u", str(file)], folder, os.environ, folder / "log", limits, SPAN, **more)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "GRACE", 0.3)


def test_what_it_says_is_kept_and_its_sessions_are_progress(tmp_path: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    days = ("2020-01-02", "2020-06-30", "2020-03-01", "2031-01-01", "2020-13-01", "2020-12-31")
    script = "".join(f"print('{LINE}Log: {day} 16:30:00 hello')\n" for day in days) + f"print('{LINE}Engine.Run(): 2020-08-08')"
    code, heard = run(tmp_path, script, progress=lambda done, total, text: steps.append((done, total, text)))
    assert code == 0
    assert steps == [(1, 365, "2020-01-02"), (181, 365, "2020-06-30"), (365, 365, "2020-12-31")]  # never back, never outside the span
    assert heard.session == "2020-12-31"
    assert (tmp_path / "log").read_text().count("\n") == 7


def test_a_failure_has_its_code_and_its_last_error(tmp_path: Path) -> None:
    code, heard = run(
        tmp_path, "import sys\nprint('x ERROR:: first')\nprint('x ERROR:: no  disk')\nprint('bye', end='', file=sys.stderr)\nsys.exit(3)"
    )
    assert (code, heard.error) == (3, "no  disk")
    assert heard.tail[-1] == "bye"  # stderr is heard too, and a last line without an end


def test_a_hung_engine_is_ended_with_all_it_started(tmp_path: Path) -> None:
    script = fakes.ENGINE.replace('how = os.environ.get("FAKE", "success")', 'how = "hang"')
    results = tmp_path / "results"
    results.mkdir()
    (tmp_path / "config.json").write_text(f'{{"results-destination-folder": "{results}", "parameters": {{}}}}')
    (tmp_path / "engine.py").write_text(script)
    told: list[str] = []
    command = [sys.executable, "-u", str(tmp_path / "engine.py"), str(tmp_path / "x.dll"), "--config", str(tmp_path / "config.json")]
    started = time.monotonic()
    with pytest.raises(
        EngineError, match=r"stopped after 2 seconds, the time limit, before its first session; its output: .*log; give --time"
    ):
        launch.run(command, tmp_path, os.environ, tmp_path / "log", launch.TimeLimits(2.0), SPAN, stopped=lambda: told.append("ended"))
    assert time.monotonic() - started < 10
    pids = [int(pid) for pid in (results / "pids").read_text().split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 5
    while any(map(fakes.alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(fakes.alive, pids))
    assert told == ["ended"]


def test_silence_is_a_hang(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"LEAN hangs: it said nothing for 0\.5 seconds, at session 2020-02-03; it was stopped"):
        run(tmp_path, f"import time\nprint('{LINE}Debug: 2020-02-03')\ntime.sleep(60)", silence=0.5)


@pytest.mark.parametrize(("elapsed", "hangs"), [("00:02", False), ("07:30", True)])
def test_the_engines_own_heartbeat_is_life_only_while_time_steps_end(tmp_path: Path, elapsed: str, hangs: bool) -> None:
    script = f"import time\nfor _ in range(8):\n    print({BEAT.format(elapsed)!r})\n    time.sleep(0.2)"
    if hangs:
        with pytest.raises(EngineError, match="LEAN hangs"):
            run(tmp_path, script, silence=0.8)
    else:
        assert run(tmp_path, script, silence=0.8)[0] == 0


@pytest.mark.parametrize("line", ["x" * 100 + "\\n", "x" * 5000])
def test_a_flood_is_cut_and_does_no_harm(tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "MOST_LOG", 1_000_000)
    code, heard = run(tmp_path, f"import sys\nfor _ in range(4000):\n    sys.stdout.write('{line}' * 5)\nsys.stdout.write('\\nlast')")
    assert code == 0
    assert 1_000_000 <= (tmp_path / "log").stat().st_size < 1_200_000
    assert (tmp_path / "log").read_bytes().endswith(b"further output left out\n")
    assert len("".join(heard.tail)) <= 20 * 500


def test_a_child_that_keeps_the_pipe_is_not_waited_for(tmp_path: Path) -> None:
    script = "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\nprint(child.pid)"
    started = time.monotonic()
    code, heard = run(tmp_path, script)
    assert code == 0
    assert time.monotonic() - started < 5
    time.sleep(0.2)
    assert fakes.gone(int(heard.tail[0]))


def test_an_interruption_ends_it(tmp_path: Path) -> None:
    told: list[str] = []

    def interrupt(done: int, total: int, text: str) -> None:
        raise KeyboardInterrupt

    script = (
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nprint('{LINE}Log: 2020-05-05')\ntime.sleep(600)"
    )
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, script, progress=interrupt, stopped=lambda: told.append("ended"))
    assert fakes.gone(int((tmp_path / "pid").read_text()))
    assert told == ["ended"]


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="nowhere cannot be started: No such file"):
        launch.run([str(tmp_path / "nowhere")], tmp_path, {}, tmp_path / "log", launch.TimeLimits(1), SPAN)
