"""The verbs that look at what was run before."""

from pathlib import Path
from typing import Annotated

import typer

from springback.cli.options import Json, Quiet, StoreFolder


def report(
    folder: Annotated[Path, typer.Argument(help="A run folder.", metavar="DIR")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw report.html and report.png of a run folder again."""
    from springback.verbs import steps

    with steps.Voice(as_json, quiet) as voice:
        steps.report(voice, folder)


def ledger(
    store: StoreFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List every trial that saw a period, and what the best of so many would show without skill."""
    from springback.verbs import ledger

    with ledger.Voice(as_json, quiet) as voice:
        ledger.ledger(voice, store)
