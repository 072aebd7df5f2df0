"""What `springback runs` does: the run folders under a folder, newest last, each with its command's outcome in one line."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from springback.analytics.figures import Unit, shown
from springback.errors import MissingData
from springback.verbs.console import Voice, table

__all__ = ["Voice"]
SUMMARY = "summary.json"
FIGURES: tuple[tuple[str, Unit], ...] = (
    ("annual_return", "fraction"),
    ("sharpe", "ratio"),
    ("max_drawdown", "fraction"),
    ("trades", "count"),
)


def runs(voice: Voice, folder: Path) -> None:
    """Lists the run folders in `folder`, by when they were written. Raises `MissingData` where there is none."""
    found, damaged = [], []
    for file in sorted(folder.glob(f"*/{SUMMARY}")):
        if file.parent.is_symlink() or file.parent.name.startswith("."):
            continue
        try:
            found.append(_row(file))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            damaged.append(file.parent.name)
    if not found and not damaged:
        raise MissingData(f"{folder} holds no run: make one with 'springback run' or 'springback backtest'")
    found.sort(key=lambda row: (row["written"], row["run"]))
    latest = folder / "latest"
    newest = latest.resolve().name if latest.is_symlink() else ""
    voice.told["runs"] = {"folder": str(folder), "latest": newest or None, "runs": found, "damaged": damaged}
    listed = table("", "run", "written", "window", "return", "Sharpe", "fall", "trades", "what")
    for column in (1, 2, -1):
        listed.columns[column].justify = "left"
    listed.columns[-1].no_wrap = False
    for row in found:
        figures = [shown(row[name], unit) for name, unit in FIGURES]
        mark = " (latest)" if row["run"] == newest else ""
        listed.add_row(f"{row['run']}{mark}", row["written"][:16].replace("T", " "), row["window"], *figures, row["what"])
    voice.show(listed)
    if damaged:
        voice.say(f"  {len(damaged)} folders hold no summary that can be read (such as {damaged[0]}): make the run again")
    voice.say("return: a year, after the run's costs; fall: maximum drawdown; more with 'springback report DIR'")


def _row(file: Path) -> dict[str, Any]:
    told = json.loads(file.read_text(encoding="utf-8"))
    figures = {name: told["figures"].get(name, {}).get("value") for name, _ in FIGURES}
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
