"""Forecasts that were made before, found again when nothing they depend on has changed: the same bits without asking the models.

MODELS/walk_forward/forecasts.parquet     the forecasts
MODELS/walk_forward/timeline.json         whose they are in which session
MODELS/walk_forward/made_of.json          SHA-256 of them, and of all that went into them
"""

import dataclasses
import hashlib
import json
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from springback.data.files.reading import atomic
from springback.data.store.content_hash import file_hash
from springback.errors import BadTable, ModelError
from springback.forecasting import model_store
from springback.forecasting.archive import Archive, read_timeline
from springback.forecasting.card import versions
from springback.forecasting.timeline import Timeline
from springback.market.forecasts import Forecasts
from springback.workflow.models import forecasts_from
from springback.workflow.prepare import PreparedData
from springback.workflow.settings import Settings, moving

PACKAGE = Path(__file__).parents[1]
FILE, NOTE = "forecasts.parquet", "made_of.json"


def find(prepared: PreparedData, settings: Settings, folder: Path) -> Forecasts | None:
    """The forecasts kept in `folder` if they are those that a walk over `prepared` under `settings` would give; else None."""
    if not prepared.hash:
        return None
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        if note != _made_of(prepared, settings, folder):
            return None
        return forecasts_from(folder / FILE, prepared.market_data)
    except (OSError, ValueError, RecursionError, BadTable, ModelError):
        return None


def note(prepared: PreparedData, settings: Settings, folder: Path) -> None:
    """Writes down what the forecasts in `folder` were made of. Raises `Unwritable`."""
    with atomic(folder / NOTE) as part:
        part.write_text(json.dumps(_made_of(prepared, settings, folder), indent=1) + "\n", encoding="utf-8")


def _made_of(prepared: PreparedData, settings: Settings, folder: Path) -> dict[str, Any]:
    timeline = read_timeline(folder) or Timeline()
    places = {name: Archive(folder.parent).folder(name, hash_) for name, hash_ in sorted(timeline.hashes.items())}
    return {
        "forecasts": file_hash(folder / FILE),
        "timeline": timeline.to_json(),
        "data": prepared.hash,
        "quarantine": [dataclasses.asdict(one) for one in prepared.market_data.quarantine],
        "settings": {name: str(value) for name, value in moving(settings, "forecasts").items()},
        "models": {name: {file: file_hash(place / file) for file in model_store.FILES} for name, place in places.items()},
        "versions": versions() | {name: version(name) for name in ("pandas", "numba") if find_spec(name)},
        "program": program(),
    }


@cache
def program(package: Path = PACKAGE) -> str:
    """SHA-256 of the package's sources: a feature that is worked out otherwise makes other forecasts."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
