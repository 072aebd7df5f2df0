"""A run is over when LEAN says Completed; anything else is one line with LEAN's own reason."""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from springback.errors import EngineError
from springback.lean import outcome
from springback.lean.launch import Heard


def heard(*lines: str) -> Heard:
    found = Heard(io.BytesIO(), (date(2020, 1, 1), date(2020, 12, 31)), None)
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
    assert outcome.result_of(tmp_path, 0, heard(), tmp_path / "log") == file


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
