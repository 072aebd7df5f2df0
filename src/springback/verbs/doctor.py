"""What `springback doctor` does: what is installed, which data, models, ledger, engine, keys and account there are, what is missing."""

from pathlib import Path

from springback.project import Project
from springback.verbs.console import Console, table
from springback.workflow.check import BROKEN, FOUND
from springback.workflow.doctor import examine


def doctor(console: Console, here: Project, desk: Path) -> bool:
    """Whether nothing is broken; what is merely missing is no fault. A line for each thing, and what is missing for what."""
    checks = examine(here, desk)
    console.payload["doctor"] = [
        {"thing": one.thing, "state": one.state, "found": one.detail, "needed_for": one.needed_for, "way": one.way} for one in checks
    ]
    shown = table("", "", "", "")
    shown.columns[1].justify = shown.columns[2].justify = "left"
    shown.columns[2].no_wrap = False
    for one in checks:
        shown.add_row(one.thing, one.state, one.detail)
    console.show(shown)
    for one in checks:
        if one.state != FOUND:
            console.say(f"{one.thing}: without it no {one.needed_for}. {one.way}" if one.needed_for else f"{one.thing}: {one.way}")
    broken = [one.thing for one in checks if one.state == BROKEN]
    console.say(f"broken: {', '.join(broken)}" if broken else "Nothing is broken.")
    return not broken
