"""The verbs of every evening: decide, see the book, correct it, pause."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from springback.cli.command import spoken, unless_named
from springback.cli.options import KeysFile, Knobs, MembersFile, ModelsFolder, Sets, SettingsFile, StoreFolder

if TYPE_CHECKING:
    from springback.verbs.console import Console

DeskFolder = Annotated[Path, typer.Option("--desk", help="Folder of the account.")]
By = Annotated[str, typer.Option("--by", help="Who says so.", show_default="the user of this machine")]
Why = Annotated[str, typer.Option("--why", help="Why.", show_default=False)]
ClockTime = Annotated[
    str | None, typer.Option("--clock", help="An instant to take for now, ISO; for drawn markets and sources on this machine.")
]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], show_default=False)]


DESK = Path("desk")


@dataclass(frozen=True)
class Desk:
    """An account, and what its evenings stand on."""

    desk: DeskFolder = DESK
    store: StoreFolder = None
    models_dir: ModelsFolder = None
    settings: SettingsFile = None
    sets: Sets = None

    def account(self) -> Any:
        """The account that the options name."""
        from springback.verbs import daily

        return daily.account(self.desk, self.settings, self.sets, self.store, self.models_dir)


def daily(
    console: "Console",
    *,
    desk: Desk,
    source: Annotated[
        str | None, typer.Option("--source", help="Vendor to ask for the evening's data.", show_default="the one that the store is of")
    ] = None,
    members: MembersFile = None,
    holdings: Annotated[
        Path | None,
        typer.Option("--holdings", help="Newer holdings of the index fund: a file, or a folder of them.", show_default=False),
    ] = None,
    keys: KeysFile = None,
    clock: ClockTime = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide, and freeze nothing.")] = False,
) -> int:
    """The evening: fetch, check, forecast, decide, freeze. May be called at any time, and again. Exit code 3: data not there yet; 4: exits
    only.
    """
    from springback.verbs import daily as verb

    files = {"members": members, "holdings": holdings, "keys": keys}
    return verb.run(console, desk.account(), source, {name: file for name, file in files.items() if file}, clock, dry_run)


book = typer.Typer(help="The account's book: open it, see it, correct it.", invoke_without_command=True)


@spoken
def show(console: "Console", *, desk: DeskFolder = DESK, knobs: Knobs) -> None:
    """What the account holds: positions, age, distance to the stop, profit and loss."""
    from springback.verbs import book as verb
    from springback.verbs import daily

    verb.show(console, daily.account(desk, knobs.settings, knobs.sets))


book.callback()(unless_named(show))


@book.command("init")
@spoken
def begin(
    console: "Console",
    *,
    cash: Annotated[float, typer.Option("--cash", help="Dollars to begin with.")],
    by: By = "",
    desk: DeskFolder = DESK,
) -> None:
    """Open an account with some cash; its first evening is the newest session."""
    from springback.verbs import book as verb

    verb.begin(console, verb.account(desk, begins=True), cash, verb.word_of(by))


@book.command("set")
@spoken
def correct(
    console: "Console",
    *,
    symbol: Annotated[str, typer.Argument(help="A name; leave it out to set the cash.", metavar="[SYMBOL]")] = "",
    quantity: Annotated[int | None, typer.Argument(help="Signed shares, 0: none.", metavar="[QUANTITY]", show_default=False)] = None,
    price: Annotated[float | None, typer.Option("--price", help="Mean entry price, dollars.", show_default="the book's")] = None,
    opened: Annotated[datetime | None, typer.Option("--opened", formats=["%Y-%m-%d"], help="Session in which it was opened.")] = None,
    cash: Annotated[float | None, typer.Option("--cash", help="Dollars of cash that there are.", show_default=False)] = None,
    why: Why = "",
    by: By = "",
    desk: DeskFolder = DESK,
    store: StoreFolder = None,
) -> None:
    """Say what is really held, or how much cash there is; known from the next decision on."""
    from springback.verbs import book as verb
    from springback.verbs import daily

    verb.correct(console, daily.account(desk, store=store), (symbol, quantity, price, opened), cash, verb.word_of(by, why))


@book.command("import")
@spoken
def bring(
    console: "Console",
    *,
    file: Annotated[Path, typer.Argument(help="Table symbol,quantity,entry_price[,opened].", metavar="FILE")],
    by: By = "",
    desk: DeskFolder = DESK,
    store: StoreFolder = None,
) -> None:
    """Say that what a file holds is all that is held."""
    from springback.verbs import book as verb
    from springback.verbs import daily

    verb.bring(console, daily.account(desk, store=store), file, verb.word_of(by))


def restrict(
    console: "Console",
    *,
    symbol: Annotated[str, typer.Argument(help="A name that is not to be entered.")],
    start: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.", show_default="today")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.", show_default="until removed")] = None,
    why: Why = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take its restrictions away.")] = False,
    by: By = "",
    desk: DeskFolder = DESK,
) -> None:
    """Keep a name from being entered, or take that back."""
    from springback.verbs import book as verb

    verb.restrict(console, verb.account(desk), symbol, (start, end), remove, verb.word_of(by, why))


def orders(
    console: "Console",
    *,
    session: Annotated[
        datetime | None,
        typer.Option("--session", formats=["%Y-%m-%d"], help="Session of the decision.", show_default="the newest"),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="CSV file to write the orders to.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Page to write, as orders.html.", show_default=False)] = None,
    why: Annotated[str | None, typer.Option("--why", help="A name: say where it left the funnel.", show_default=False)] = None,
    desk: Desk,
) -> None:
    """The orders for the next open: what is bought and sold, why, what it costs and leaves; splits are asked for again."""
    from springback.verbs import orders as verb

    account = desk.account()
    day = verb.session_of(account.folder.path, session)
    if why is not None:
        verb.why(console, account, day, why)
        return
    verb.orders(console, account, day, csv, out)


def rehearse(
    console: "Console",
    *,
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")],
    data: Annotated[str, typer.Option("--data", help="today: today's store cut at each evening; known: as it was known then.")] = "today",
    faults: Annotated[
        int | None, typer.Option("--faults", help="Seed of faults: late data, restatements, kills.", show_default="none")
    ] = None,
    desk: Annotated[Path, typer.Option("--desk", help="Folder of the rehearsal; made anew.")] = Path("rehearsal"),
    store: StoreFolder = None,
    models_dir: ModelsFolder = None,
    knobs: Knobs,
) -> bool:
    """Play the evenings of a past period one by one as if live, and lay them beside the backtest. Exit code 1: they differ."""
    from springback.verbs import rehearse as verb

    return verb.begin(console, (knobs.settings, knobs.sets), (store, models_dir), desk, (start.date(), end.date(), data, faults))


VERBS: tuple[Callable[..., int | None], ...] = (daily, orders, restrict, rehearse)
