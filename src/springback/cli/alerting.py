"""The verbs that let the desk run alone: the timer, and the channels on which it speaks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.operation import DeskFolder
from springback.cli.options import Knobs

if TYPE_CHECKING:
    from springback.verbs.console import Console


def alert(console: "Console", *, knobs: Knobs) -> bool:
    """Try every channel of alerts with a message, and the heartbeat's address. Exit code 1 when one does not take it."""
    from springback.verbs import alerting

    return alerting.alert(console, alerting.choose(knobs.settings, knobs.sets))


def schedule(
    console: "Console",
    *,
    desk: DeskFolder = Path("desk"),
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write the two units into.", show_default=False)] = None,
) -> None:
    """Print a systemd service with its timer, and a line for cron, that call 'springback daily' in this folder every 10 minutes."""
    from springback.verbs import alerting

    alerting.schedule(console, desk, out)
