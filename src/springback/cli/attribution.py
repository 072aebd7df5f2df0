"""The verbs that lay an account beside its backtest, and say how far it is on paper."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.operation import Desk
from springback.cli.options import Sets, SettingsFile

if TYPE_CHECKING:
    from springback.verbs.console import Console


def attribution(
    console: "Console",
    *,
    desk: Desk,
    session: Annotated[
        datetime | None, typer.Option("--session", formats=["%Y-%m-%d"], help="One session alone.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Page to write.", show_default=False)] = None,
) -> bool:
    """From the backtest's equity to the account's, session by session, to the cent. Exit code 1 where a session is not reconciled."""
    from springback.verbs import attribution as verb

    return verb.attribution(console, desk.account(), str(session.date()) if session else "", out)


def paper(
    console: "Console",
    *,
    desk: Annotated[Path, typer.Option("--desk", help="Folder that holds the accounts' folders.")] = Path("desk"),
    settings: SettingsFile = None,
    sets: Sets = None,
) -> bool:
    """How far paper is: what --live still needs. Exit code 1 until an account has passed."""
    from springback.verbs import attribution as verb

    return verb.paper(console, desk, verb.choose(settings, sets))
