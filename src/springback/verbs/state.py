"""What `springback state` does: copies the state database to a file and back, and says how many rows."""

from pathlib import Path

from springback.verbs.console import Console, table
from springback.workflow.state_place import Copied, back_up, bring_back


def backup(console: Console, desk: Path, out: Path) -> None:
    """Writes the state of `desk` to `out`."""
    _say(console, copied := back_up(desk, out))
    console.say(f"backup of {copied.state}: {copied.file}")


def restore(console: Console, desk: Path, file: Path) -> None:
    """Brings `file` back into the empty state of `desk`."""
    _say(console, copied := bring_back(desk, file))
    console.say(f"{copied.file} is restored: {copied.state}")


def _say(console: Console, copied: Copied) -> None:
    console.payload["state"] = {"database": copied.state, "file": str(copied.file), "rows": copied.rows}
    shown = table("", "table", "rows")
    for name, count in copied.rows.items():
        shown.add_row(name, f"{count:,}")
    console.show(shown)
