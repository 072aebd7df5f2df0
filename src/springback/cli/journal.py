"""The verbs of `springback journal`: see and check the order journal, and have it rebuilt."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.command import spoken, unless_named
from springback.cli.operation import By, DeskFolder, Why
from springback.cli.options import Knobs

if TYPE_CHECKING:
    from springback.verbs.console import Console

app = typer.Typer(help="The order journal: every order and what became of it; check its chain, rebuild it.", invoke_without_command=True)


@spoken
def show(
    console: "Console",
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain from its first event to its last.")] = False,
    desk: DeskFolder = Path("desk"),
) -> bool:
    """Every order and what became of it. Exit code 1 where the chain that --verify checks is not whole."""
    from springback.verbs import order_journal

    return order_journal.show(console, desk, verify)


app.callback()(unless_named(show))


@app.command()
@spoken
def rebuild(
    console: "Console",
    *,
    file: Annotated[
        Path | None,
        typer.Argument(help="JSON with the broker's orders, fills and activities; left out: the broker is asked.", metavar="FILE"),
    ] = None,
    account: Annotated[str, typer.Option("--account", help="The account's number at the broker, typed.")],
    why: Why,
    by: By = "",
    broker: Annotated[str, typer.Option("--broker", help="Who is asked.", show_default="where the account is")] = "",
    live: Annotated[bool, typer.Option("--live", help="The account at --broker is of real money.")] = False,
    desk: DeskFolder = Path("desk"),
    knobs: Knobs,
) -> bool:
    """Make a cut, changed or restored journal good again from what the broker says; before that nothing is sent."""
    from springback.verbs import order_journal

    return order_journal.rebuild(console, desk, file, account, (by, why), (broker, live), (knobs.settings, knobs.sets))
