"""The verbs of `springback data`: what is in the store or in a file, and whether it may be used."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The market on disk: check it.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no text, only errors.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file laid over settings/default.toml.", show_default=False)]
Sets = Annotated[list[str] | None, typer.Option("--set", help="One knob: table.name=value. May be repeated.", show_default=False)]
StoreFolder = Annotated[Path | None, typer.Option("--store", help="Folder of the Parquet store.", show_default="store")]
DataPath = Annotated[Path | None, typer.Option("--path", help="CSV file or folder of bars, instead of a store.", show_default=False)]
VixFile = Annotated[Path | None, typer.Option("--vix", help="CSV file date,close of VIX, beside a CSV file.", show_default=False)]
MembersFile = Annotated[Path | None, typer.Option("--members", help="CSV file symbol,start,end, beside a CSV file.", show_default=False)]
EventsFile = Annotated[Path | None, typer.Option("--events", help="CSV file date,symbol,event,value, likewise.", show_default=False)]
Other = Annotated[Path | None, typer.Option("--against", help="A second store, CSV file or folder to compare with.", show_default=False)]


@app.command()
def verify(
    store: StoreFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Hold every file of the store against its manifest: hashes, rows, columns, contents. Exit code 1 when one is wrong."""
    from springback import verbs_data

    with verbs_data.Voice(as_json, quiet) as voice:
        sound = verbs_data.verify(voice, store)
    if not sound:
        raise typer.Exit(1)


@app.command()
def check(
    store: StoreFolder = None,
    path: DataPath = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    against: Other = None,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="Write what the errors accuse into quarantine.json.")] = False,
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("runs/check"),
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Look for defects and say whether the data may be used. Exit code 1 when an error stands that no quarantine covers."""
    from springback import verbs_quality

    with verbs_quality.Voice(as_json, quiet) as voice:
        chosen = verbs_quality.choose(settings, sets)
        source = verbs_quality.Source(store, path, vix, members, events)
        usable = verbs_quality.check(voice, chosen, source, against, out, quarantine)
    if not usable:
        raise typer.Exit(1)
