"""The verbs of `springback state`: copy the state database, and bring a copy back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.command import spoken
from springback.cli.operation import DeskFolder

if TYPE_CHECKING:
    from springback.verbs.console import Console

app = typer.Typer(help="The state database: back it up, bring it back.", no_args_is_help=True)


@app.command()
@spoken
def backup(
    console: "Console",
    *,
    out: Annotated[Path, typer.Argument(help="File to write, which must be new.", metavar="OUT")],
    desk: DeskFolder = Path("desk"),
) -> None:
    """Write the whole state, as of one moment, to one file: the same for SQLite and PostgreSQL."""
    from springback.verbs import state

    state.backup(console, desk, out)


@app.command()
@spoken
def restore(
    console: "Console",
    *,
    file: Annotated[Path, typer.Argument(help="A file that 'springback state backup' wrote.", metavar="FILE")],
    desk: DeskFolder = Path("desk"),
) -> None:
    """Bring a backup back into an empty state, of this database or another."""
    from springback.verbs import state

    state.restore(console, desk, file)
