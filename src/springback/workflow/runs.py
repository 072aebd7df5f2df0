"""The run folders under a folder: what each run was and what came of it, from its summary."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from springback.errors import MissingData

SUMMARY = "summary.json"
FIGURES = ("annual_return", "sharpe", "max_drawdown", "trades")


@dataclass(frozen=True)
class Listing:
    """The runs of a folder by when they were written, a row each; the newest by its link `latest`, empty where there is none; and the
    names of folders whose summary cannot be read.
    """

    rows: tuple[dict[str, Any], ...]
    latest: str
    damaged: tuple[str, ...]


def runs_in(folder: Path) -> Listing:
    """The run folders in `folder`. Raises `MissingData` where there is none."""
    rows, damaged = [], []
    for file in sorted(folder.glob(f"*/{SUMMARY}")):
        if file.parent.is_symlink() or file.parent.name.startswith("."):
            continue
        try:
            rows.append(_row(file))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            damaged.append(file.parent.name)
    if not rows and not damaged:
        raise MissingData(f"{folder} holds no run: make one with 'springback run' or 'springback backtest'")
    rows.sort(key=lambda row: (row["written"], row["run"]))
    latest = folder / "latest"
    return Listing(tuple(rows), latest.resolve().name if latest.is_symlink() else "", tuple(damaged))


def _row(file: Path) -> dict[str, Any]:
    told = json.loads(file.read_text(encoding="utf-8"))
    figures = {name: told["figures"].get(name, {}).get("value") for name in FIGURES}
    marks = [word for word, is_so in (("demo", told.get("demo")), ("IN-SAMPLE", told.get("in_sample"))) if is_so]
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return {
        "run": file.parent.name,
        "written": written,
        "window": f"{told['window']['start']} to {told['window']['end']}",
        **figures,
        "what": ", ".join([*marks, f"costs: {told['profile']}"]),
        "command": told.get("command"),
        "data_hash": told.get("data_hash"),
    }
