"""The verbs of `springback data`: what is in the store or in a file, and whether it may be used."""

from pathlib import Path
from typing import Annotated

import typer

from springback.cli.options import (
    AsOf,
    BenchmarkFile,
    DataPath,
    EventsFile,
    Json,
    MembersFile,
    PricesAre,
    Quiet,
    Sets,
    SettingsFile,
    StoreFolder,
    VixFile,
)

app = typer.Typer(help="The market on disk: check it.", no_args_is_help=True)

Other = Annotated[Path | None, typer.Option("--against", help="A second store, CSV file or folder to compare with.", show_default=False)]


@app.command()
def verify(
    store: StoreFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold every file of the store against its manifest: hashes, rows, columns, contents. Exit code 1 when one is wrong."""
    from springback.verbs import data

    with data.Voice(as_json, quiet) as voice:
        sound = data.verify(voice, store)
    if not sound:
        raise typer.Exit(1)


@app.command()
def check(
    store: StoreFolder = None,
    as_of: AsOf = None,
    path: DataPath = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    prices: PricesAre = None,
    benchmark: BenchmarkFile = None,
    against: Other = None,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="Write what the errors accuse into quarantine.json.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write.", show_default="runs/check")] = None,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look for defects and say whether the data may be used. Exit code 1 when an error stands that no quarantine covers."""
    from springback.verbs import quality

    with quality.Voice(as_json, quiet) as voice:
        chosen = quality.choose(settings, sets)
        source = quality.Source(store, path, vix, members, events, as_of, prices, benchmark)
        usable = quality.check(voice, chosen, source, against, out, quarantine)
    if not usable:
        raise typer.Exit(1)
