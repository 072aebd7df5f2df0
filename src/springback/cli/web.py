"""The verb of the dashboard."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.options import Knobs

if TYPE_CHECKING:
    from springback.verbs.console import Console

DESK = Path("desk")


def web(
    console: "Console",
    *,
    desk: Annotated[
        list[Path] | None, typer.Option("--desk", help="Folder of an account, or of several. May be repeated.", show_default="desk")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="web.host, 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port.", show_default="web.port, 8765")] = None,
    clock: Annotated[
        str | None, typer.Option("--clock", help="An instant to begin at, ISO; for drawn markets.", show_default=False)
    ] = None,
    knobs: Knobs,
) -> None:
    """Serve the dashboard: look, understand, stop. On this machine alone unless TLS and a password are there."""
    from springback.verbs import web as verb

    verb.serve(console, verb.choose(knobs.settings, knobs.sets), tuple(desk or [DESK]), (host, port), clock)
