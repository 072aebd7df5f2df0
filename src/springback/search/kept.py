"""What a finished search and a look at the held-back period left in the study's folder, read back."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from springback.errors import BadTable, MissingData
from springback.search.knobs import Knob, Values
from springback.search.search_finding import Revealed

LARGEST = 1e300  # an integer beyond it is no float
ANEW = "run the same command without --reveal first"


def winner_of(file: Path, stamp: str, knobs: Sequence[Knob]) -> Values:
    """The winner's value of each of `knobs`, from the figures of a finished search. Raises `MissingData`, `BadTable`."""
    told = _read(file, ANEW)
    if told.get("stamp") != stamp:
        raise MissingData(f"{file} is of another search: {ANEW}")
    finding = told.get("finding")
    winner = finding.get("winner") if isinstance(finding, dict) else None
    if not isinstance(winner, dict) or set(winner) != {knob.name for knob in knobs}:
        raise BadTable(f"{file} names no winner with a value for each of {', '.join(knob.name for knob in knobs)}: {ANEW}")
    for knob in knobs:
        if not _within(knob, winner[knob.name]):
            raise BadTable(f"{file}: {knob.name} of the winner must be {knob.words}, was {str(winner[knob.name])[:40]}: {ANEW}")
    return dict(winner)


def held_of(file: Path) -> Revealed:
    """What was seen of the held-back period. Raises `BadTable`."""
    anew = "bring back a copy, or move it away: the ledger still says that there was a look"
    told = _read(file, anew)
    if set(told) != set(Revealed.__dataclass_fields__):
        raise BadTable(f"{file} must hold {', '.join(Revealed.__dataclass_fields__)}, holds {', '.join(told)[:200]}: {anew}")
    whole = all(type(told[name]) is int and told[name] > 0 for name in ("row", "sessions"))
    ratios = all(told[name] is None or _is_number(told[name]) for name in ("sharpe", "specified_sharpe"))
    if not (whole and ratios and isinstance(told["at"], str)):
        raise BadTable(f"{file}: row and sessions must be whole, the Sharpe ratios numbers or null: {anew}")
    return Revealed(**told)


def _read(file: Path, anew: str) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadTable(f"{file} cannot be read ({error}): {anew}") from None
    if not isinstance(told, dict):
        raise BadTable(f"{file} holds no table: {anew}")
    return told


def _within(knob: Knob, value: Any) -> bool:
    if knob.choices:
        return any(value == one and type(value) is type(one) for one in knob.choices)
    return _is_number(value) and knob.low <= value <= knob.high and (not knob.whole or value == int(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
