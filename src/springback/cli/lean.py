"""The verbs of `springback lean`: our market into LEAN's data folder, a run of the engine, its result back, two runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from springback.cli.options import (
    AsOf,
    BarsFile,
    EventsFile,
    ForecastFile,
    Json,
    MembersFile,
    ModelsFolder,
    Original,
    PricesAre,
    Quiet,
    RatesFile,
    Sets,
    SettingsFile,
    StoreFolder,
    VixFile,
    Which,
)
from springback.project import usual

app = typer.Typer(help="QuantConnect's LEAN as the second host: the same rule, the same orders.", no_args_is_help=True)

RenamesFile = Annotated[Path | None, typer.Option("--renames", help="CSV file date,old,new: the ticker changes of the map files.")]
Project = Annotated[Path, typer.Option("--project", help="Folder of the LEAN project.")]
LEAN = Path("lean")


LeanRun = Annotated[Path | None, typer.Option("--out", help="Run folder to write.", show_default="runs/lean")]


def _run(out: Path | None) -> Path:
    return out or usual("runs") / "lean"


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="LEAN data folder to write.")] = LEAN / "data",
    store: StoreFolder = None,
    as_of: AsOf = None,
    bars: BarsFile = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    prices: PricesAre = None,
    renames: RenamesFile = None,
    interest_rate: RatesFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a LEAN data folder from a store or from files. The same input gives the same bytes; an interrupted export goes on."""
    from springback.verbs import lean

    with lean.Voice(as_json, quiet) as voice:
        lean.export(voice, out, store, bars, vix, members, events, renames, interest_rate, as_of, prices)


@app.command()
def backtest(
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = None,
    models: Which = None,
    forecasts: ForecastFile = None,
    data_folder: Annotated[Path | None, typer.Option("--data-folder", help="LEAN data folder; exported from the store if absent.")] = None,
    launcher: Annotated[Path | None, typer.Option("--launcher", help="QuantConnect.Lean.Launcher.dll of a native build.")] = None,
    time_limit: Annotated[float, typer.Option("--time-limit", help="Minutes after which a hung engine is stopped.")] = 60.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Prepare everything, run nothing, say the engine's command.")] = False,
    project: Project = LEAN,
    out: LeanRun = None,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prepare data, models and configuration, run LEAN (docker or native), and turn its result into a run folder."""
    from springback.verbs import lean

    with lean.Voice(as_json, quiet) as voice:
        chosen = lean.choose(settings, sets, original)
        shelf, kind = lean.shelf(voice, models_dir, models, forecasts)
        lean.one_source(store, data_folder)
        lean.backtest(voice, chosen, store, shelf, kind, forecasts, data_folder, launcher, time_limit, dry_run, project, _run(out), as_of)


@app.command()
def bundle(
    out: Annotated[Path, typer.Option("--out", help="Project folder to write.")] = Path("lean-bundle"),
    models_dir: ModelsFolder = None,
    models: Which = None,
    project: Project = LEAN,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a self-contained LEAN project: algorithm, modules, models for the object store, config.json; for `lean cloud push`."""
    from springback.verbs import lean

    with lean.Voice(as_json, quiet) as voice:
        lean.bundle(voice, lean.choose(settings, sets, original), out, *lean.shelf(voice, models_dir, models), project)


@app.command("import")
def import_(
    result: Annotated[Path, typer.Argument(help="LEAN's result: ID.json, with ID-order-events.json beside it.", metavar="RESULT.json")],
    out: LeanRun = None,
    interest_rate: RatesFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Turn LEAN's result into a run folder like our own."""
    from springback.verbs import lean

    with lean.Voice(as_json, quiet) as voice:
        lean.import_(voice, result, _run(out), interest_rate)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="A run folder.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="Another.", metavar="B")],
    out: Annotated[Path | None, typer.Option("--out", help="HTML page to write; default B/compare.html.", show_default=False)] = None,
    fill_tolerance: Annotated[float, typer.Option("--fill-tolerance", help="Dollars a fill's price or fee may differ.")] = 1e-9,
    equity_tolerance: Annotated[float, typer.Option("--equity-tolerance", help="Dollars a day's equity or cash may differ.")] = 1e-6,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Lay two runs side by side: the first differing order, fills, fees, equity, every statistic. Exit code 1 when they differ."""
    from springback.verbs import lean

    with lean.Voice(as_json, quiet) as voice:
        same = lean.compare(voice, a, b, out, fill_tolerance, equity_tolerance)
    if not same:
        raise typer.Exit(1)
