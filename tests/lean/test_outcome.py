"""A run is over when LEAN says Completed; anything else is one line with LEAN's own reason."""

import io
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from springback.errors import EngineError
from springback.lean import outcome
from springback.lean.launch import EngineOutput


def heard(*lines: str) -> EngineOutput:
    found = EngineOutput(io.BytesIO(), (date(2020, 1, 1), date(2020, 12, 31)), None)
    found.take("".join(f"{line}\n" for line in lines).encode())
    return found


def result(folder: Path, state: dict[str, Any] | None, name: str = "1234567") -> Path:
    """A result as the `lean` CLI names it, among the other files LEAN leaves."""
    (folder / f"{name}.json").write_text("{" if state is None else json.dumps({"state": state}))
    (folder / f"{name}-summary.json").write_text("{}")
    (folder / f"{name}-order-events.json").write_text("[]")
    (folder / "data-monitor-report-20261123.json").write_text("{}")
    return folder / f"{name}.json"


def test_a_completed_run_has_its_result(tmp_path: Path) -> None:
    file = result(tmp_path, {"Status": "Completed", "RuntimeError": ""})
    assert outcome.result_of(tmp_path, 0, heard(), tmp_path / "log") == (file, "")


ABORT = (
    "20261123 10:00:00.000 TRACE:: Engine.Main(): Analysis Complete.",
    "Unhandled exception. System.ObjectDisposedException: Safe handle has been closed.",
    "   at System.Runtime.InteropServices.SafeHandle.DangerousAddRef(Boolean& success)",
    "   at QuantConnect.Lean.Launcher.Program.Main(String[] args) in Program.cs:line 77",
    "--- End of stack trace from previous location ---",
)


@pytest.mark.parametrize("code", [134, -6, 1])
def test_an_abort_after_a_complete_result_is_a_run_with_a_warning(tmp_path: Path, code: int) -> None:
    file = result(tmp_path, {"Status": "Completed", "RuntimeError": ""})
    found, warning = outcome.result_of(tmp_path, code, heard(*ABORT), tmp_path / "log")
    assert found == file and "\n" not in warning
    assert "complete result" in warning and f"exit code {code}" in warning
    assert "System.ObjectDisposedException: Safe handle has been closed.;" in warning  # the exception, not a frame of its stack
    assert ("SIGABRT" in warning) == (code == -6)


@pytest.mark.parametrize("state", [{"Status": "Running"}, {}, None, {"Status": "Completed", "RuntimeError": "boom"}])
def test_an_abort_before_that_is_a_failure(tmp_path: Path, state: Any) -> None:
    result(tmp_path, state)
    with pytest.raises(EngineError):
        outcome.result_of(tmp_path, 134, heard(*ABORT), tmp_path / "log")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ("x ERROR:: the disk is full", "x ERROR:: Warning: To meet brokerage precision requirements, order 7"),
            "the disk is full",
        ),
        (("x ERROR:: first", *ABORT), "System.ObjectDisposedException: Safe handle has been closed."),
        (
            (*ABORT, "x ERROR:: To meet brokerage precision requirements, order 7"),
            "System.ObjectDisposedException: Safe",
        ),
        (
            ("x ERROR:: Engine.Run(): outer", " ---> System.IO.IOException: No space", "   at Frame()"),
            "System.IO.IOException: No space",
        ),
        (("the last plain word", "   at Frame()", '  File "main.py", line 3, in on_data'), "the last plain word"),
    ],
)
def test_the_cause_is_the_last_error_and_no_warning_nor_frame(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(EngineError, match=rf"exit code 134: {re.escape(said)}"):
        outcome.result_of(tmp_path, 134, heard(*lines), tmp_path / "log")


@pytest.mark.parametrize(
    ("state", "code", "lines", "said"),
    [
        (
            {"Status": "RuntimeError", "RuntimeError": "KeyError: 'AAPL'\n   at on_data"},
            0,
            (),
            "the algorithm failed in LEAN: KeyError: 'AAPL' at on_data; the whole output: ",
        ),
        ({"Status": "RuntimeError", "RuntimeError": "boom " * 500}, 1, (), "boom boom ...; the whole"),
        ({"Status": "Stopped"}, 0, ("x ERROR:: memory",), "LEAN left the backtest in state Stopped: memory"),
        ({"Status": "Running"}, 137, ("killed",), "LEAN ended with exit code 137: killed"),
        (None, 0, (), "in state unreadable: it said nothing"),
        ("absent", 0, ("bye",), "LEAN ended without a result in "),
        ("absent", 1, (), "LEAN ended with exit code 1: it said nothing"),
    ],
)
def test_a_failed_run_is_one_line(tmp_path: Path, state: Any, code: int, lines: tuple[str, ...], said: str) -> None:
    if state != "absent":
        result(tmp_path, state)
    with pytest.raises(EngineError) as failed:
        outcome.result_of(tmp_path, code, heard(*lines), tmp_path / "log")
    assert said in str(failed.value)
    assert str(failed.value).endswith(f"the whole output: {tmp_path / 'log'}")
    assert "\n" not in str(failed.value) and len(str(failed.value)) < 700
