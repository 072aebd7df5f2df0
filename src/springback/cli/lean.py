"""The verbs of `springback lean`: our market into LEAN's data folder, a run of the engine, its result back, two runs side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.command import spoken
from springback.cli.options import (
    BarsFile,
    EventsFile,
    ForecastFile,
    MembersFile,
    Models,
    Plan,
    PricesAre,
    RatesFile,
    Stored,
    VixFile,
)
from springback.project import usual

if TYPE_CHECKING:
    from springback.verbs.console import Console

app = typer.Typer(help="QuantConnect's LEAN as the second host: the same rule, the same orders.", no_args_is_help=True)

RenamesFile = Annotated[Path | None, typer.Option("--renames", help="CSV file date,old,new: the ticker changes of the map files.")]
Project = Annotated[Path, typer.Option("--project", help="Folder of the LEAN project.")]
LEAN = Path("lean")


LeanRun = Annotated[Path | None, typer.Option("--out", help="Run folder to write.", show_default="runs/lean")]


def _run(out: Path | None) -> Path:
    return out or usual("runs") / "lean"


@app.command()
@spoken
def export(
    console: "Console",
    *,
    out: Annotated[Path, typer.Option("--out", help="LEAN data folder to write.")] = LEAN / "data",
    stored: Stored,
    bars: BarsFile = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    prices: PricesAre = None,
    renames: RenamesFile = None,
    interest_rate: RatesFile = None,
) -> None:
    """Write a LEAN data folder from a store or from files. The same input gives the same bytes; an interrupted export goes on."""
    from springback.verbs import lean

    inputs = lean.Inputs(**vars(stored), path=bars, vix=vix, members=members, events=events, prices=prices)
    lean.export(console, out, inputs, renames, interest_rate)


@app.command()
@spoken
def backtest(
    console: "Console",
    *,
    stored: Stored,
    models: Models,
    forecasts: ForecastFile = None,
    data_folder: Annotated[Path | None, typer.Option("--data-folder", help="LEAN data folder; exported from the store if absent.")] = None,
    launcher: Annotated[Path | None, typer.Option("--launcher", help="QuantConnect.Lean.Launcher.dll of a native build.")] = None,
    time_limit: Annotated[float, typer.Option("--time-limit", help="Minutes after which a hung engine is stopped.")] = 60.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Prepare everything, run nothing, say the engine's command.")] = False,
    project: Project = LEAN,
    out: LeanRun = None,
    plan: Plan,
) -> None:
    """Prepare data, models and configuration, run LEAN (docker or native), and turn its result into a run folder."""
    from springback.verbs import lean

    chosen = lean.choose(plan.settings, plan.sets, plan.original)
    choice = lean.choice(models.models_dir, models.models, forecasts)
    lean.one_source(stored.store, data_folder)
    deployment = lean.Deployment(project, choice, lean.Inputs(**vars(stored)), data_folder, launcher, time_limit, dry_run)
    lean.backtest(console, chosen, deployment, _run(out))


@app.command()
@spoken
def bundle(
    console: "Console",
    *,
    out: Annotated[Path, typer.Option("--out", help="Project folder to write.")] = Path("lean-bundle"),
    models: Models,
    project: Project = LEAN,
    plan: Plan,
) -> None:
    """Write a self-contained LEAN project: algorithm, modules, models for the object store, config.json; for `lean cloud push`."""
    from springback.verbs import lean

    chosen = lean.choose(plan.settings, plan.sets, plan.original)
    lean.bundle(console, chosen, out, lean.choice(models.models_dir, models.models), project)


@app.command("import")
@spoken
def import_(
    console: "Console",
    *,
    result: Annotated[Path, typer.Argument(help="LEAN's result: ID.json, with ID-order-events.json beside it.", metavar="RESULT.json")],
    out: LeanRun = None,
    interest_rate: RatesFile = None,
) -> None:
    """Turn LEAN's result into a run folder like our own."""
    from springback.verbs import lean

    lean.import_(console, result, _run(out), interest_rate)


@app.command()
@spoken
def compare(
    console: "Console",
    *,
    a: Annotated[Path, typer.Argument(help="A run folder.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="Another.", metavar="B")],
    out: Annotated[Path | None, typer.Option("--out", help="HTML page to write; default B/compare.html.", show_default=False)] = None,
    fill_tolerance: Annotated[float, typer.Option("--fill-tolerance", help="Dollars a fill's price or fee may differ.")] = 1e-9,
    equity_tolerance: Annotated[float, typer.Option("--equity-tolerance", help="Dollars a day's equity or cash may differ.")] = 1e-6,
) -> bool:
    """Lay two runs side by side: the first differing order, fills, fees, equity, every statistic. Exit code 1 when they differ."""
    from springback.verbs import lean

    return lean.compare(console, a, b, out, fill_tolerance, equity_tolerance)
