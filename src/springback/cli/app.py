"""The verbs. Everything heavy is imported when a verb runs, so that `--help` answers at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from springback.cli import (
    alerting,
    attribution,
    data,
    halting,
    journal,
    lean,
    models,
    monitor,
    operation,
    project,
    records,
    review,
    state,
    trading,
    web,
)
from springback.cli.command import command, spoken
from springback.cli.options import (
    BarsFile,
    DataPath,
    EventsFile,
    ForecastFile,
    Knobs,
    Method,
    Models,
    ModelsFolder,
    Plan,
    PricesAre,
    Request,
    RunFolder,
    Scheduler,
    Stored,
    StoreFolder,
    Tables,
)
from springback.project import usual

if TYPE_CHECKING:
    from springback.verbs.console import Console

app = typer.Typer(
    name="springback",
    help="Machine-learning mean reversion on US equities: from raw bars to an honest report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(lean.app, name="lean")
app.add_typer(data.app, name="data")
app.add_typer(operation.book, name="book")
app.add_typer(state.app, name="state")
app.add_typer(journal.app, name="journal")
app.command()(spoken(alerting.alert))
app.command()(spoken(alerting.schedule))
for verb in (project.init, project.doctor, project.runs):
    app.command()(spoken(verb))

Source = Annotated[
    str | None, typer.Option("--source", help="yahoo, tiingo, alpaca, lean, csv or demo. Default: the store if there is one, else demo.")
]
ForecastsOut = Annotated[Path | None, typer.Option("--out", help="File to write; default MODELS/walk_forward/forecasts.parquet.")]


@app.command()
@spoken
def run(
    console: "Console",
    *,
    source: Source = None,
    path: DataPath = None,
    tables: Tables,
    request: Request,
    stored: Stored,
    models: Models,
    out: RunFolder = None,
    plan: Plan,
) -> None:
    """The whole job: fetch, train, forecast, backtest, report. `--source yahoo --symbols AAPL,MSFT,...` needs no file."""
    from springback.verbs import data_summary, fetch, steps

    chosen = steps.choose(plan.settings, plan.sets, plan.original)
    steps.places.check(models.models, stored.store)
    inputs = fetch.Inputs(**vars(stored), source=source, path=path, **vars(tables), request=fetch.Request(**vars(request)))
    models_dir = steps.places.models_folder(models.models_dir, trains=True)
    with steps.places.run(out) as folder:
        market = fetch.market_of_run(console, chosen, inputs)
        chosen = data_summary.window(console, chosen, market.market_data)
        prepared = steps.survey(chosen, market.market_data, market.hash, console)
        steps.train(console, prepared, chosen, models_dir)
        record = steps.Recorder(stored.store, market.hash, command())
        steps.backtest(console, prepared, chosen, steps.Choice(models_dir, models.models), folder, record)


@app.command()
@spoken
def fetch(
    console: "Console",
    *,
    source: Annotated[str, typer.Option("--source", help="yahoo, tiingo, alpaca, csv, lean or demo.")] = "demo",
    request: Request,
    path: DataPath = None,
    tables: Tables,
    store: StoreFolder = None,
    accept: Annotated[
        bool, typer.Option("--accept-restatement", help="Store what the source now says differently of the past; the old stays readable.")
    ] = False,
    knobs: Knobs,
) -> None:
    """Fill the Parquet store from a source: yahoo, tiingo, alpaca, csv, lean or demo."""
    from springback.verbs import fetch, steps

    chosen = steps.choose(knobs.settings, knobs.sets)
    inputs = fetch.Inputs(store, path=path, **vars(tables), request=fetch.Request(**vars(request)))
    fetch.fetch(console, chosen, inputs, source, accept)


@app.command()
@spoken
def features(
    console: "Console",
    *,
    out: Annotated[Path, typer.Option("--out", help="File to write: .csv, .csv.gz or .parquet.")],
    bars: BarsFile = None,
    events: EventsFile = None,
    prices: PricesAre = None,
    stored: Stored,
) -> None:
    """Write date, symbol and the 8 features."""
    from springback.verbs import steps

    steps.features(console, steps.Inputs(**vars(stored), path=bars, events=events, prices=prices), out)


@app.command()
@spoken
def train(console: "Console", *, stored: Stored, models_dir: ModelsFolder = None, knobs: Knobs) -> None:
    """Train the long and the short model by a split in time, judge them, and save them."""
    from springback.verbs import data_summary, steps

    chosen = steps.choose(knobs.settings, knobs.sets)
    models_dir = steps.places.models_folder(models_dir, trains=True)
    market = data_summary.stored_or_demo(console, chosen, steps.Inputs(**vars(stored)))
    steps.train(console, steps.survey(chosen, market.market_data, market.hash, console), chosen, models_dir)


@app.command()
@spoken
def forecast(
    console: "Console",
    *,
    stored: Stored,
    models_dir: ModelsFolder = None,
    out: ForecastsOut = None,
    cluster: Scheduler = None,
    plan: Plan,
) -> None:
    """Write quarterly walk-forward forecasts, each model trained only on labels known by then."""
    from springback.verbs import data_summary, steps

    chosen = steps.choose(plan.settings, plan.sets, plan.original)
    models_dir = steps.places.models_folder(models_dir, trains=True)
    if out is not None:
        steps.places.writable(out.parent)
    with steps.workers_at(cluster, chosen.training.threads) as workers:
        market = data_summary.stored(console, steps.Inputs(**vars(stored)))
        chosen = data_summary.window(console, chosen, market.market_data, trades=False)
        steps.forecast(console, steps.survey(chosen, market.market_data, market.hash, console), chosen, models_dir, out, workers)


@app.command()
@spoken
def backtest(
    console: "Console",
    *,
    bars: BarsFile = None,
    tables: Tables,
    forecasts: ForecastFile = None,
    stored: Stored,
    models: Models,
    profile: Annotated[str | None, typer.Option("--profile", help="Headline costs: lean or realistic.")] = None,
    out: RunFolder = None,
    plan: Plan,
) -> None:
    """Run the rule on files, or on the store and its models, and write a run folder with its report."""
    from springback.verbs import data_summary, steps

    chosen = steps.choose(plan.settings, [*(plan.sets or []), *([f"backtest.profile={profile}"] if profile else [])], plan.original)
    steps.places.check(models.models, stored.store)
    models_dir = steps.places.models_folder(models.models_dir, beside=forecasts, kind=models.models)
    with steps.places.run(out) as folder:
        market = data_summary.given(console, steps.Inputs(**vars(stored), path=bars, **vars(tables)), ranks=forecasts is None)
        chosen = data_summary.window(console, chosen, market.market_data)
        prepared = steps.prepared(console, chosen, market, forecasts)
        record = steps.Recorder(stored.store, market.hash, command())
        steps.backtest(console, prepared, chosen, steps.Choice(models_dir, models.models, forecasts), folder, record)


@app.command()
@spoken
def validate(
    console: "Console",
    *,
    stored: Stored,
    method: Method = None,
    forecasts: ForecastFile = None,
    models_dir: ModelsFolder = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write.", show_default="runs/validation")] = None,
    cluster: Scheduler = None,
    plan: Plan,
) -> None:
    """Judge forecasts honestly: purged, by day, with intervals, by year, regime, liquidity and price."""
    from springback.verbs import data_summary, steps, validate

    out = out or usual("runs") / "validation"
    chosen = steps.choose(plan.settings, plan.sets, plan.original)
    which = validate.check(method, models_dir, stored.store, forecasts)
    models_dir = None if which == "combinatorial" or forecasts else steps.places.models_folder(models_dir)
    with steps.places.held(out), steps.workers_at(cluster, chosen.training.threads) as workers:
        market = data_summary.stored_or_demo(console, chosen, steps.Inputs(**vars(stored)))
        chosen = data_summary.window(console, chosen, market.market_data, trades=False)
        prepared = steps.survey(chosen, market.market_data, market.hash, console)
        record = steps.Recorder(stored.store, market.hash, command())
        validate.validate(console, prepared, chosen, validate.Method(which, models_dir, forecasts), out, record, workers)


@app.command()
@spoken
def stress(
    console: "Console",
    *,
    stored: Stored,
    forecasts: ForecastFile = None,
    models: Models,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write; a run folder's report then links to it.", show_default="runs/stress")
    ] = None,
    plan: Plan,
) -> None:
    """Crashes of the past, shocks made up around what is held, and resampled histories, on one page."""
    from springback.verbs import data_summary, steps, stress

    out = out or usual("runs") / "stress"
    chosen = steps.choose(plan.settings, plan.sets, plan.original)
    steps.places.check(models.models, stored.store)
    models_dir = steps.places.models_folder(models.models_dir, beside=forecasts, kind=models.models)
    with steps.places.held(out):
        market = data_summary.stored_or_demo(console, chosen, steps.Inputs(**vars(stored)))
        chosen = data_summary.window(console, chosen, market.market_data)
        prepared = steps.prepared(console, chosen, market, forecasts)
        record = steps.Recorder(stored.store, market.hash, command())
        stress.stress(console, prepared, chosen, steps.Choice(models_dir, models.models, forecasts), out, record)


@app.command()
@spoken
def audit(
    console: "Console",
    *,
    stored: Stored,
    quick: Annotated[bool, typer.Option("--quick", help="A smaller sample: the same checks in under a minute.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of names, sessions, garbage and noise.")] = 1,
    sessions: Annotated[
        int | None, typer.Option("--sessions", help="Random sessions after which the future is changed.", show_default="6; 3 with --quick")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write.", show_default="runs/audit")] = None,
    plan: Plan,
) -> bool:
    """Prove on your own data that nothing looks ahead, and that noise shows nothing. Exit code 1 when a check fails."""
    from springback.verbs import audit, data_summary, steps

    out = out or usual("runs") / "audit"
    chosen = steps.choose(plan.settings, plan.sets, plan.original)
    steps.places.check(store=stored.store)
    with steps.places.held(out):
        market = data_summary.stored_or_demo(console, chosen, steps.Inputs(**vars(stored)))
        chosen = data_summary.window(console, chosen, market.market_data)
        record = steps.Recorder(stored.store, market.hash, command())
        return audit.audit(console, chosen, market.market_data, audit.Effort(quick, sessions, seed), out, record)


@app.command()
@spoken
def optimize(
    console: "Console",
    *,
    knobs: Annotated[list[str] | None, typer.Option("--knob", help="table.name=low:high or table.name=one,other. May be repeated.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", help="Settings to try. Default: optimise.trials.", show_default=False)] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Look at the held-back period with the winner, once and never again.")] = False,
    stored: Stored,
    models_dir: ModelsFolder = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the studies.", show_default="runs/optimise")] = None,
    cluster: Scheduler = None,
    plan: Plan,
) -> None:
    """Search for settings before a held-back period, and say how much of the gain is luck."""
    from springback.verbs import data_summary, optimise, steps

    out = out or usual("runs") / "optimise"
    chosen = optimise.choose(plan.settings, plan.sets, knobs, trials, plan.original)
    steps.places.check(store=stored.store)
    models_dir = steps.places.models_folder(models_dir)
    steps.places.writable(out)
    with steps.workers_at(cluster, chosen.training.threads) as workers:
        market = data_summary.stored_or_demo(console, chosen, steps.Inputs(**vars(stored)))
        record = steps.Recorder(stored.store, market.hash, command())
        job = optimise.job(data_summary.window(console, chosen, market.market_data), market.market_data, models_dir, out, record, console)
        optimise.optimise(console, job, workers, reveal)


app.command()(spoken(records.report))
app.command()(spoken(records.ledger))
app.command()(spoken(review.review))
app.command()(spoken(monitor.monitor))
for one in (
    *models.VERBS,
    *operation.VERBS,
    *halting.VERBS,
    *trading.VERBS,
    attribution.attribution,
    attribution.paper,
    web.web,
):
    app.command()(spoken(one))


@app.command()
@spoken
def universe(
    console: "Console",
    *,
    on: Annotated[str | None, typer.Option("--on", help="Day to list the index of, as 2020-03-23.", show_default=False)] = None,
    stored: Stored,
    holdings: Annotated[Path | None, typer.Option("--holdings", help="Folder of dated iShares holdings files, not a store.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="With --holdings: the membership file to write.", show_default=False)] = None,
    knobs: Knobs,
) -> None:
    """List the index as it was known on a day, who says so and how far to trust it; or make a membership file from fund holdings."""
    from springback.verbs import universe

    if holdings:
        universe.alone(stored.store, knobs.settings, knobs.sets)
    chosen = universe.choose(knobs.settings, knobs.sets)
    universe.universe(console, chosen, on, stored.store or usual("store"), holdings, out, stored.as_of)


PANELS = {
    "Begin": ("init", "doctor", "run"),
    "Market": ("fetch", "universe", "features", "data"),
    "Models": ("train", "forecast", "validate", "retrain", "models", "promote", "rollback"),
    "Backtest": ("backtest", "stress", "audit", "optimize", "report", "runs", "ledger", "lean"),
    "Every evening": (
        "daily",
        "orders",
        "book",
        "kill",
        "pause",
        "resume",
        "flatten",
        "adopt",
        "restrict",
        "monitor",
        "review",
        "rehearse",
        "schedule",
        "alert",
        "web",
        "state",
        "journal",
        "trade",
        "status",
        "attribution",
        "paper",
    ),
}
"""How `--help` groups the verbs."""
entries: list[Any] = [*app.registered_commands, *app.registered_groups]
for entry in entries:
    known = entry.name or getattr(entry.callback, "__name__", "")
    entry.rich_help_panel = next(panel for panel, names in PANELS.items() if known in names)
app.registered_commands.sort(key=lambda one: list(PANELS).index(str(one.rich_help_panel)))


@app.callback()
def main_options(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", callback=project.version, is_eager=True)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Machine-learning mean reversion on US equities: from raw bars to an honest report."""
