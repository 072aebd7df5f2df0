"""The verbs. Everything heavy is imported when a verb runs, so that `--help` answers at once."""

from pathlib import Path
from typing import Annotated

import typer

from springback.cli import data, lean, project, records
from springback.cli.options import (
    AsOf,
    BarsFile,
    BenchmarkFile,
    DataPath,
    DownloadsFolder,
    EventsFile,
    FirstDay,
    ForecastFile,
    Json,
    KeysFile,
    LastDay,
    MembersFile,
    Method,
    ModelsFolder,
    Original,
    PricesAre,
    Quiet,
    RunFolder,
    Scheduler,
    Sets,
    SettingsFile,
    StoreFolder,
    Symbols,
    VixFile,
    Which,
)
from springback.project import usual

app = typer.Typer(
    name="springback",
    help="Machine-learning mean reversion on US equities: from raw bars to an honest report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(lean.app, name="lean")
app.add_typer(data.app, name="data")
for verb in (project.init, project.doctor, project.runs):
    app.command()(verb)

Source = Annotated[
    str | None, typer.Option("--source", help="yahoo, tiingo, alpaca, lean, csv or demo. Default: the store if there is one, else demo.")
]
ForecastsOut = Annotated[Path | None, typer.Option("--out", help="File to write; default MODELS/walk_forward/forecasts.parquet.")]


@app.command()
def run(
    source: Source = None,
    path: DataPath = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    prices: PricesAre = None,
    benchmark: BenchmarkFile = None,
    symbols: Symbols = None,
    start: FirstDay = None,
    end: LastDay = None,
    keys: KeysFile = None,
    downloads: DownloadsFolder = None,
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = None,
    models: Which = None,
    out: RunFolder = None,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The whole job: fetch, train, forecast, backtest, report. `--source yahoo --symbols AAPL,MSFT,...` needs no file."""
    from springback.verbs import fetch, places, steps, tapes

    with steps.Voice(as_json, quiet) as voice:
        chosen = steps.choose(settings, sets, original)
        places.check(models, store)
        beside = fetch.Beside(vix, members, events, benchmark)
        asked = fetch.Asked(symbols, start, end, keys, downloads)
        shelf = places.shelf(voice, models_dir, trains=True)
        with places.run(out) as folder:
            tape, digest = fetch.tape_for_run(voice, chosen, source, path, beside, asked, store or usual("store"), as_of, prices)
            chosen = tapes.window(voice, chosen, tape)
            made = steps.survey(voice, chosen, tape, digest)
            steps.train(voice, made, chosen, shelf)
            steps.backtest(voice, made, chosen, shelf, models, None, folder, store)


@app.command()
def fetch(
    source: Annotated[str, typer.Option("--source", help="yahoo, tiingo, alpaca, csv, lean or demo.")] = "demo",
    symbols: Symbols = None,
    start: FirstDay = None,
    end: LastDay = None,
    keys: KeysFile = None,
    downloads: DownloadsFolder = None,
    path: DataPath = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    prices: PricesAre = None,
    benchmark: BenchmarkFile = None,
    store: StoreFolder = None,
    accept: Annotated[
        bool, typer.Option("--accept-restatement", help="Store what the source now says differently of the past; the old stays readable.")
    ] = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fill the Parquet store from a source: yahoo, tiingo, alpaca, csv, lean or demo."""
    from springback.verbs import fetch, steps

    with steps.Voice(as_json, quiet) as voice:
        chosen = steps.choose(settings, sets)
        beside = fetch.Beside(vix, members, events, benchmark)
        asked = fetch.Asked(symbols, start, end, keys, downloads)
        if asked.by(source, beside, prices):
            fetch.fetch(voice, chosen, source, asked, path, store or usual("store"), accept, members)
        else:
            steps.fetch(voice, chosen, source, path, vix, members, events, store or usual("store"), accept, prices, benchmark)


@app.command()
def features(
    out: Annotated[Path, typer.Option("--out", help="File to write: .csv, .csv.gz or .parquet.")],
    bars: BarsFile = None,
    events: EventsFile = None,
    prices: PricesAre = None,
    store: StoreFolder = None,
    as_of: AsOf = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write date, symbol and the 8 features."""
    from springback.verbs import steps

    with steps.Voice(as_json, quiet) as voice:
        steps.features(voice, bars, events, store, out, as_of, prices)


@app.command()
def train(
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = None,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train the long and the short model by a split in time, judge them, and save them."""
    from springback.verbs import places, steps

    with steps.Voice(as_json, quiet) as voice:
        chosen = steps.choose(settings, sets)
        shelf = places.shelf(voice, models_dir, trains=True)
        made = steps.survey(voice, chosen, *steps.stored_or_demo(voice, chosen, store, as_of))
        steps.train(voice, made, chosen, shelf)


@app.command()
def forecast(
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = None,
    out: ForecastsOut = None,
    cluster: Scheduler = None,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write quarterly walk-forward forecasts, each model trained only on labels known by then."""
    from springback.verbs import places, steps, tapes

    with steps.Voice(as_json, quiet) as voice:
        chosen = steps.choose(settings, sets, original)
        shelf = places.shelf(voice, models_dir, trains=True)
        if out is not None:
            places.writable(out.parent)
        with steps.workers_at(cluster, chosen.training.threads) as workers:
            tape, digest = tapes.stored(voice, store, as_of)
            chosen = tapes.window(voice, chosen, tape, trades=False)
            steps.forecast(voice, steps.survey(voice, chosen, tape, digest), chosen, shelf, out, workers)


@app.command()
def backtest(
    bars: BarsFile = None,
    vix: VixFile = None,
    forecasts: ForecastFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    prices: PricesAre = None,
    benchmark: BenchmarkFile = None,
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = None,
    models: Which = None,
    profile: Annotated[str | None, typer.Option("--profile", help="Headline costs: lean or realistic.")] = None,
    out: RunFolder = None,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the rule on files, or on the store and the shelf, and write a run folder with its report."""
    from springback.verbs import places, steps, tapes

    with steps.Voice(as_json, quiet) as voice:
        chosen = steps.choose(settings, [*(sets or []), *([f"backtest.profile={profile}"] if profile else [])], original)
        places.check(models, store)
        shelf = places.shelf(voice, models_dir, beside=forecasts, kind=models)
        with places.run(out) as folder:
            tape, digest = tapes.given(voice, bars, vix, members, events, store, as_of, forecasts is None, prices, benchmark)
            chosen = tapes.window(voice, chosen, tape)
            made = steps.bare(tape, digest, chosen) if forecasts else steps.survey(voice, chosen, tape, digest)
            steps.backtest(voice, made, chosen, shelf, models, forecasts, folder, store)


@app.command()
def validate(
    store: StoreFolder = None,
    as_of: AsOf = None,
    method: Method = None,
    forecasts: ForecastFile = None,
    models_dir: ModelsFolder = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write.", show_default="runs/validation")] = None,
    cluster: Scheduler = None,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge forecasts honestly: purged, by day, with intervals, by year, regime, liquidity and price."""
    from springback.verbs import places, steps, tapes, validate

    with steps.Voice(as_json, quiet) as voice:
        out = out or usual("runs") / "validation"
        chosen = steps.choose(settings, sets, original)
        which = validate.check(method, models_dir, store, forecasts)
        shelf = None if which == "combinatorial" or forecasts else places.shelf(voice, models_dir)
        with places.held(out), steps.workers_at(cluster, chosen.training.threads) as workers:
            tape, digest = steps.stored_or_demo(voice, chosen, store, as_of)
            chosen = tapes.window(voice, chosen, tape, trades=False)
            validate.validate(voice, steps.survey(voice, chosen, tape, digest), chosen, which, shelf, out, store, workers, forecasts)


@app.command()
def stress(
    store: StoreFolder = None,
    as_of: AsOf = None,
    forecasts: ForecastFile = None,
    models_dir: ModelsFolder = None,
    models: Which = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write; a run folder's report then links to it.", show_default="runs/stress")
    ] = None,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Crashes of the past, shocks made up around what is held, and resampled histories, on one page."""
    from springback.verbs import places, steps, stress, tapes

    with stress.Voice(as_json, quiet) as voice:
        out = out or usual("runs") / "stress"
        chosen = steps.choose(settings, sets, original)
        places.check(models, store)
        shelf = places.shelf(voice, models_dir, beside=forecasts, kind=models)
        with places.held(out):
            tape, digest = steps.stored_or_demo(voice, chosen, store, as_of)
            chosen = tapes.window(voice, chosen, tape)
            made = steps.bare(tape, digest, chosen) if forecasts else steps.survey(voice, chosen, tape, digest)
            stress.stress(voice, made, chosen, shelf, models, forecasts, out, store)


@app.command()
def audit(
    store: StoreFolder = None,
    as_of: AsOf = None,
    quick: Annotated[bool, typer.Option("--quick", help="A smaller sample: the same checks in under a minute.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of names, sessions, garbage and noise.")] = 1,
    sessions: Annotated[
        int | None, typer.Option("--sessions", help="Random sessions after which the future is changed.", show_default="6; 3 with --quick")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write.", show_default="runs/audit")] = None,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prove on your own data that nothing looks ahead, and that noise shows nothing. Exit code 1 when a check fails."""
    from springback.verbs import audit, places, steps, tapes

    with steps.Voice(as_json, quiet) as voice:
        out = out or usual("runs") / "audit"
        chosen = steps.choose(settings, sets, original)
        places.check(store=store)
        with places.held(out):
            tape, digest = steps.stored_or_demo(voice, chosen, store, as_of)
            chosen = tapes.window(voice, chosen, tape)
            clean = audit.audit(voice, chosen, tape, digest, out, quick, seed, sessions, store)
    if not clean:
        raise typer.Exit(1)


@app.command()
def optimize(
    knobs: Annotated[list[str] | None, typer.Option("--knob", help="table.name=low:high or table.name=one,other. May be repeated.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", help="Settings to try. Default: optimise.trials.", show_default=False)] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Look at the held-back period with the winner, once and never again.")] = False,
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the studies.", show_default="runs/optimise")] = None,
    cluster: Scheduler = None,
    original: Original = False,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for settings before a held-back period, and say how much of the gain is luck."""
    from springback.verbs import optimise, places, steps, tapes

    with optimise.Voice(as_json, quiet) as voice:
        out = out or usual("runs") / "optimise"
        chosen = optimise.choose(settings, sets, knobs, trials, original)
        places.check(store=store)
        shelf = places.shelf(voice, models_dir)
        places.writable(out)
        with steps.workers_at(cluster, chosen.training.threads) as workers:
            tape, digest = steps.stored_or_demo(voice, chosen, store, as_of)
            job = optimise.job(voice, tape, digest, tapes.window(voice, chosen, tape), shelf, out, store)
            (optimise.reveal if reveal else optimise.optimise)(voice, job, workers)


app.command()(records.report)
app.command()(records.ledger)


@app.command()
def universe(
    on: Annotated[str | None, typer.Option("--on", help="Day to list the index of, as 2020-03-23.", show_default=False)] = None,
    store: StoreFolder = None,
    as_of: AsOf = None,
    holdings: Annotated[Path | None, typer.Option("--holdings", help="Folder of dated iShares holdings files, not a store.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="With --holdings: the membership file to write.", show_default=False)] = None,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the index as it was known on a day, who says so and how far to trust it; or make a membership file from fund holdings."""
    from springback.verbs import universe

    with universe.Voice(as_json, quiet) as voice:
        if holdings:
            universe.alone(store, settings, sets)
        universe.universe(voice, universe.choose(settings, sets), on, store or usual("store"), holdings, out, as_of)


@app.callback()
def main_options(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", callback=project.version, is_eager=True)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Machine-learning mean reversion on US equities: from raw bars to an honest report."""
