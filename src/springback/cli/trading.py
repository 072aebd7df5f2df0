"""The verbs of an account at a broker: trade as a service or step by step, and how it stands."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.operation import DESK, By, Desk, DeskFolder, Why
from springback.cli.options import KeysFile, Knobs

if TYPE_CHECKING:
    from springback.verbs.console import Console


def trade(
    console: "Console",
    *,
    step: Annotated[
        str, typer.Argument(help="decide, send, check, collect or reconcile; left out: the service.", metavar="[STEP]", show_default=False)
    ] = "",
    broker: Annotated[str, typer.Option("--broker", help="simulated, alpaca or ib.")] = "simulated",
    live: Annotated[bool, typer.Option("--live", help="Real money.")] = False,
    override: Annotated[
        str, typer.Option("--override", help="The account's number, typed: --live though its gate is closed.", show_default=False)
    ] = "",
    why: Why = "",
    by: By = "",
    session: Annotated[
        datetime | None, typer.Option("--session", formats=["%Y-%m-%d"], help="The decision's session.", show_default="the newest")
    ] = None,
    clock: Annotated[
        str | None, typer.Option("--clock", help="An instant, ISO, to begin at: it runs on and jumps over waits; a rehearsal.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Vendor to ask for the evening's data.", show_default="the one that the store is of")
    ] = None,
    keys: KeysFile = None,
    until: Annotated[str | None, typer.Option("--until", help="An instant, ISO, at which the service ends.", show_default="never")] = None,
    desk: Desk,
) -> int:
    """Send orders to a broker and follow them: as a service, or one step. Exit codes: 0 done or nothing due, 1 failed, 2 usage, 3 no
    decision yet, 4 exits only, 5 unreachable, 6 halted, 7 unknown orders left.
    """
    from springback.verbs import trading

    day = session.date() if session else None
    options = trading.Options(step, broker, live, day, clock, until, source, keys)
    places, typed = trading.Places(desk.store, desk.models_dir), trading.typed(override, by, why)
    return trading.run(console, options, desk.desk, desk.settings, desk.sets, places, typed)


def status(console: "Console", *, desk: DeskFolder = DESK, knobs: Knobs) -> None:
    """How the account at a broker stands, on one screen: its state, halts, unknown orders, positions here and there, what comes next."""
    from springback.verbs import trading

    trading.status(console, desk, knobs.settings, knobs.sets)


VERBS = (trade, status)
