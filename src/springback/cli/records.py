"""The verbs that look at what was run before."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.options import StoreFolder

if TYPE_CHECKING:
    from springback.verbs.console import Console


def report(console: "Console", *, folder: Annotated[Path, typer.Argument(help="A run folder.", metavar="DIR")]) -> None:
    """Draw report.html and report.png of a run folder again."""
    from springback.verbs import steps

    steps.report(console, folder)


def ledger(console: "Console", *, store: StoreFolder = None) -> None:
    """List every trial that saw a period, and what the best of so many would show without skill."""
    from springback.verbs import ledger

    ledger.ledger(console, store)
