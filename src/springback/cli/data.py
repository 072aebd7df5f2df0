"""The verbs of `springback data`: what is in the store or in a file, and whether it may be used."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.command import command, spoken
from springback.cli.options import DataPath, Knobs, Stored, StoreFolder, Tables

if TYPE_CHECKING:
    from springback.verbs.console import Console

app = typer.Typer(help="The market on disk: check it.", no_args_is_help=True)

Other = Annotated[Path | None, typer.Option("--against", help="A second store, CSV file or folder to compare with.", show_default=False)]


@app.command()
@spoken
def verify(console: "Console", *, store: StoreFolder = None) -> bool:
    """Hold every file of the store against its manifest: hashes, rows, columns, contents. Exit code 1 when one is wrong."""
    from springback.verbs import data

    return data.verify(console, store)


@app.command()
@spoken
def check(
    console: "Console",
    *,
    stored: Stored,
    path: DataPath = None,
    tables: Tables,
    against: Other = None,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="Write what the errors accuse into quarantine.json.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write.", show_default="runs/check")] = None,
    knobs: Knobs,
) -> bool:
    """Look for defects and say whether the data may be used. Exit code 1 when an error stands that no quarantine covers."""
    from springback.verbs import quality

    chosen = quality.choose(knobs.settings, knobs.sets)
    inputs = quality.Inputs(**vars(stored), path=path, **vars(tables))
    return quality.check(console, chosen, inputs, against, out, quarantine, command())
