"""The verbs about the working folder itself: begin a project, list its runs, say what is there and what is missing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.operation import DESK, DeskFolder

if TYPE_CHECKING:
    from springback.verbs.console import Console


def version(wish: bool) -> None:
    """What `--version` shows."""
    if wish:
        from springback import __version__

        typer.echo(f"springback {__version__}")
        raise typer.Exit


def init(console: "Console") -> None:
    """Write a project file, springback.toml, into the working folder: where things lie, and every knob with its default."""
    from springback.verbs import init as verb

    verb.init(console)


def doctor(console: "Console", *, desk: DeskFolder = DESK) -> bool:
    """Say what is installed, which data, models, ledger, LEAN, keys and account there are, and what is missing. Exit code 1: broken."""
    from springback.project import project
    from springback.verbs import doctor as verb

    return verb.doctor(console, project(), desk)


def runs(
    console: "Console",
    *,
    folder: Annotated[Path | None, typer.Argument(help="A folder of run folders.", metavar="[DIR]", show_default="runs")] = None,
) -> None:
    """List the runs that were made: when, window, return, Sharpe ratio, deepest fall, trades."""
    from springback.project import project
    from springback.verbs import runs as verb

    verb.runs(console, folder or Path(project().paths.runs))
