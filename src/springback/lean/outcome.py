"""How a run of LEAN ended: the result file it left, or the reason why there is none, in one line."""

import json
import signal
from pathlib import Path

from springback.errors import EngineError
from springback.lean.launch import EngineOutput

MOST_WORDS = 400  # characters of a reason


def result_of(results: Path, code: int, output: EngineOutput, log: Path) -> tuple[Path, str]:
    """The result file of a run that was completed, and a warning where the process did not end as it should ('': it did).

    LEAN ends with 1 after a runtime error, older builds with 0: the state in the result decides (Common/Result.cs, `state`). Its shutdown
    can abort the process after everything was written: such a result is whole. Raises `EngineError` with LEAN's own reason.
    """
    found = find(results)
    state = _state(found) if found else {}
    reason = state.get("RuntimeError") or ""
    status = state.get("Status", "")
    last = output.error or (output.tail[-1] if output.tail else "it said nothing")
    if found and code == 0 and not reason and status in {"", "Completed"}:
        return found, ""
    if found and not reason and status == "Completed":
        return found, f"LEAN wrote a complete result, then its process ended with {_ended(code)}: {_short(last)}; the whole output: {log}"
    if reason:
        raise EngineError(f"the algorithm failed in LEAN: {_short(reason)}; the whole output: {log}")
    if found and code == 0:
        raise EngineError(f"LEAN left the backtest in state {status}: {_short(last)}; the whole output: {log}")
    if code:
        raise EngineError(f"LEAN ended with {_ended(code)}: {_short(last)}; the whole output: {log}")
    raise EngineError(f"LEAN ended without a result in {results}: {_short(last)}; the whole output: {log}")


def _ended(code: int) -> str:
    """An exit code in words; below 0 it is the signal that ended the process."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"exit code {code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"exit code {code}"


def find(results: Path) -> Path | None:
    """The `ID.json` of `results`: the file beside which LEAN wrote `ID-summary.json` or `ID-order-events.json`; None if there is none."""
    for suffix in ("-order-events.json", "-summary.json"):
        for beside in sorted(results.glob(f"*{suffix}")):
            file = beside.with_name(beside.name.removesuffix(suffix) + ".json")
            if file.is_file():
                return file
    return None


def _state(file: Path) -> dict[str, str]:
    try:
        told = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {"Status": "unreadable"}
    state = told.get("state", {}) if isinstance(told, dict) else None
    if not isinstance(state, dict):
        return {"Status": "unreadable"}
    return {name[:1].upper() + name[1:]: "" if value is None else str(value) for name, value in state.items()}


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}..."
