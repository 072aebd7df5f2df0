"""The verbs that stop and start an account: kill, pause, resume, flatten, and whose shares they are."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.operation import DESK, By, DeskFolder, Why
from springback.cli.options import Knobs

if TYPE_CHECKING:
    from springback.verbs.console import Console

Number = Annotated[str, typer.Option("--account", help="Number of an account at the broker in the folder.", show_default=False)]
Reason = Annotated[str, typer.Option("--why", help="Why.")]


def kill(
    console: "Console",
    *,
    why: Why = "",
    by: By = "",
    broker: Annotated[str, typer.Option("--broker", help="Where open entries are taken back.", show_default="where the account is")] = "",
    live: Annotated[bool, typer.Option("--live", help="The account at --broker is of real money.")] = False,
    account: Number = "",
    desk: DeskFolder = DESK,
    knobs: Knobs,
) -> bool:
    """Send nothing more, in every account of the folder or the one that is named: a file first, then the database, then open entries are
    taken back at the broker. Nothing is closed. Exit code 0: the file stands.
    """
    from springback.verbs import book, halting

    return halting.kill(console, desk, account, (broker, live), book.word_of(by, why), (knobs.settings, knobs.sets))


def pause(console: "Console", *, why: Reason, by: By = "", account: Number = "", desk: DeskFolder = DESK) -> None:
    """No entries until 'springback resume'; exits go on."""
    from springback.verbs import book, halting

    halting.pause(console, halting.account(desk, account), book.word_of(by, why))


def flatten(
    console: "Console",
    *,
    confirm: Annotated[str, typer.Option("--confirm", help="The account's name, typed.", show_default=False)] = "",
    why: Reason,
    by: By = "",
    account: Number = "",
    desk: DeskFolder = DESK,
) -> None:
    """Close every position of ours at the next opens, and enter nothing, until 'springback resume'."""
    from springback.verbs import book, halting

    halting.flatten(console, halting.account(desk, account), confirm, book.word_of(by, why))


def resume(
    console: "Console",
    *,
    only: Annotated[list[str] | None, typer.Option("--only", help="Code, symbol or number of a halt.", show_default="asked")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="All that are in force.")] = False,
    broker: Annotated[str, typer.Option("--broker", help="Asked first how the account stands.", show_default="where the account is")] = "",
    live: Annotated[bool, typer.Option("--live", help="The account at --broker is of real money.")] = False,
    by: By = "",
    account: Number = "",
    desk: DeskFolder = DESK,
    knobs: Knobs,
) -> bool:
    """Lift the kill switch and halts, each confirmed, once the broker said how the account stands; what nobody can explain stays halted,
    and nothing is sent late. Exit code 1: some stay.
    """
    from springback.verbs import book, halting

    chosen = knobs.settings, knobs.sets
    return halting.resume(console, desk, account, (broker, live), only or (), yes, book.word_of(by), chosen)


def adopt(
    console: "Console",
    *,
    symbol: Annotated[str, typer.Argument(help="A name with shares that no order of ours explains.")],
    claim: Annotated[str, typer.Option("--as", help="foreign: never touched, the name is no candidate; ours.")],
    quantity: Annotated[str | None, typer.Option("--quantity", help="Signed; foreign: all not ours.", show_default=False)] = None,
    price: Annotated[float | None, typer.Option("--price", help="Of ours: mean entry price, dollars.", show_default=False)] = None,
    opened: Annotated[
        datetime | None, typer.Option("--opened", formats=["%Y-%m-%d"], help="Of ours: session of opening.", show_default=False)
    ] = None,
    why: Why = "",
    by: By = "",
    account: Number = "",
    desk: DeskFolder = DESK,
) -> None:
    """Say whose shares they are that the account holds and nothing explains; they are not touched before."""
    from springback.verbs import book, halting

    halting.adopt(console, halting.account(desk, account), symbol, claim, (quantity, price, opened), book.word_of(by, why))


VERBS: tuple[Callable[..., int | None], ...] = (kill, pause, resume, flatten, adopt)
