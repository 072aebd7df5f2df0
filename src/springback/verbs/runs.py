"""What `springback runs` does: the run folders under a folder, newest last, each with its command's outcome in one line."""

from pathlib import Path

from springback.analytics.figures import Unit, shown
from springback.verbs.console import Console, table
from springback.workflow.runs import FIGURES, runs_in

UNITS: tuple[Unit, ...] = ("fraction", "ratio", "fraction", "count")


def runs(console: Console, folder: Path) -> None:
    """Lists the run folders in `folder`, by when they were written. Raises `MissingData` where there is none."""
    found = runs_in(folder)
    console.payload["runs"] = {
        "folder": str(folder),
        "latest": found.latest or None,
        "runs": list(found.rows),
        "damaged": list(found.damaged),
    }
    listed = table("", "run", "written", "window", "return", "Sharpe", "fall", "trades", "what")
    for column in (1, 2, -1):
        listed.columns[column].justify = "left"
    listed.columns[-1].no_wrap = False
    for row in found.rows:
        figures = [shown(row[name], unit) for name, unit in zip(FIGURES, UNITS, strict=True)]
        mark = " (latest)" if row["run"] == found.latest else ""
        listed.add_row(f"{row['run']}{mark}", row["written"][:16].replace("T", " "), row["window"], *figures, row["what"])
    console.show(listed)
    if found.damaged:
        console.say(f"  {len(found.damaged)} folders hold no summary that can be read (such as {found.damaged[0]}): make the run again")
    console.say("return: a year, after the run's costs; fall: maximum drawdown; more with 'springback report DIR'")
