"""The verbs of `springback lean`: our market into LEAN's data folder, a run of the engine, its result back, two runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="QuantConnect's LEAN as the second host: the same rule, the same orders.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no text, only errors.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file laid over settings/default.toml.", show_default=False)]
Sets = Annotated[list[str] | None, typer.Option("--set", help="One knob: table.name=value. May be repeated.", show_default=False)]
StoreFolder = Annotated[Path | None, typer.Option("--store", help="Folder of the Parquet store.", show_default="store")]
BarsFile = Annotated[Path | None, typer.Option("--bars", help="CSV file of daily bars (may be gzipped), instead of a store.")]
VixFile = Annotated[Path | None, typer.Option("--vix", help="CSV file date,close of VIX. Default: the store's own.")]
MembersFile = Annotated[Path | None, typer.Option("--members", help="CSV file symbol,start,end of index membership.")]
EventsFile = Annotated[Path | None, typer.Option("--events", help="CSV file date,symbol,event,value of splits and dividends.")]
RatesFile = Annotated[
    Path | None, typer.Option("--interest-rate", help="CSV file date,rate in percent: the risk-free rate of LEAN's statistics.")
]
RenamesFile = Annotated[Path | None, typer.Option("--renames", help="CSV file date,old,new: the ticker changes of the map files.")]
ModelsFolder = Annotated[Path, typer.Option("--models-dir", help="Folder of the models.")]
Which = Annotated[str, typer.Option("--models", help="walk-forward, or fixed: one model for the whole period.")]
ForecastFile = Annotated[Path | None, typer.Option("--forecasts", help="File date,symbol,qpi,p_long,p_short,adv_63, instead of models.")]
Project = Annotated[Path, typer.Option("--project", help="Folder of the LEAN project.")]
LEAN = Path("lean")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="LEAN data folder to write.")] = LEAN / "data",
    store: StoreFolder = None,
    bars: BarsFile = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    renames: RenamesFile = None,
    interest_rate: RatesFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a LEAN data folder from a store or from files. The same input gives the same bytes; an interrupted export goes on."""
    from springback import verbs_lean

    with verbs_lean.Voice(as_json, quiet) as voice:
        verbs_lean.export(voice, out, store, bars, vix, members, events, renames, interest_rate)


@app.command()
def backtest(
    store: StoreFolder = None,
    models_dir: ModelsFolder = Path("models"),
    models: Which = "walk-forward",
    forecasts: ForecastFile = None,
    data_folder: Annotated[Path | None, typer.Option("--data-folder", help="LEAN data folder; exported from the store if absent.")] = None,
    launcher: Annotated[Path | None, typer.Option("--launcher", help="QuantConnect.Lean.Launcher.dll of a native build.")] = None,
    time_limit: Annotated[float, typer.Option("--time-limit", help="Minutes after which a hung engine is stopped.")] = 60.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Prepare everything, run nothing, say the engine's command.")] = False,
    project: Project = LEAN,
    out: Annotated[Path, typer.Option("--out", help="Run folder to write.")] = Path("runs") / "lean",
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prepare data, models and configuration, run LEAN (docker or native), and turn its result into a run folder."""
    from springback import verbs_lean

    with verbs_lean.Voice(as_json, quiet) as voice:
        chosen = verbs_lean.choose(settings, sets)
        verbs_lean.backtest(voice, chosen, store, models_dir, models, forecasts, data_folder, launcher, time_limit, dry_run, project, out)


@app.command()
def bundle(
    out: Annotated[Path, typer.Option("--out", help="Project folder to write.")] = Path("lean-bundle"),
    models_dir: ModelsFolder = Path("models"),
    models: Which = "walk-forward",
    project: Project = LEAN,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a self-contained LEAN project: algorithm, modules, models for the object store, config.json; for `lean cloud push`."""
    from springback import verbs_lean

    with verbs_lean.Voice(as_json, quiet) as voice:
        verbs_lean.bundle(voice, verbs_lean.choose(settings, sets), out, models_dir, models, project)


@app.command("import")
def import_(
    result: Annotated[Path, typer.Argument(help="LEAN's result: ID.json, with ID-order-events.json beside it.", metavar="RESULT.json")],
    out: Annotated[Path, typer.Option("--out", help="Run folder to write.")] = Path("runs") / "lean",
    interest_rate: RatesFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Turn LEAN's result into a run folder like our own."""
    from springback import verbs_lean

    with verbs_lean.Voice(as_json, quiet) as voice:
        verbs_lean.import_(voice, result, out, interest_rate)


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
    from springback import verbs_lean

    with verbs_lean.Voice(as_json, quiet) as voice:
        same = verbs_lean.compare(voice, a, b, out, fill_tolerance, equity_tolerance)
    if not same:
        raise typer.Exit(1)
