"""The pages that other verbs wrote, and the values beside them: found by a list, never by a path that somebody names."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from springback.errors import BadTable
from springback.project import usual

KINDS: Mapping[str, tuple[str, str]] = {
    "run": ("*/report.html", "summary.json"),
    "review": ("review/*/review.html", "review.json"),
    "optimise": ("optimise/*/optimise.html", "optimise.json"),
    "check": ("check/check.html", "check.json"),
    "monitor": ("monitor/monitor.html", ""),
    "validation": ("validation/validation.html", ""),
    "stress": ("stress/stress.html", ""),
    "audit": ("audit/audit.html", ""),
}
"""Kind -> where its pages lie in the folder of runs, and the file of values beside each."""
REMEMBERED = 32


def studies(kind: str, folder: Path | None = None) -> dict[str, Path]:
    """The pages of a kind, by the name of the folder each lies in, in order; nothing of an unknown kind."""
    pattern = KINDS.get(kind, ("", ""))[0]
    root = folder or usual("runs")
    found = sorted(root.glob(pattern)) if pattern and root.is_dir() else []
    return {one.parent.name: one for one in found if not one.parent.is_symlink() and not one.parent.name.startswith(".")}


def values(kind: str, name: str, file: str = "") -> Mapping[str, Any]:
    """What stands beside the page `name` of a kind, or in the `file` named; empty where there is none. Raises `BadTable`."""
    page = studies(kind).get(name)
    return {} if page is None else read(page.parent / (file or KINDS[kind][1]))


def read(path: Path) -> Mapping[str, Any]:
    """The values in a JSON file; empty where there is none. Raises `BadTable` where it is damaged."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError, TypeError) as error:
        raise BadTable(f"{path} cannot be read ({type(error).__name__}): make it anew with the verb that wrote it") from None


@lru_cache(REMEMBERED)
def _read(path: Path, _: int) -> Mapping[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
