"""The verbs. Everything heavy is imported when a verb runs, so that `--help` answers at once."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from springback import cli_data, cli_lean
from springback.errors import SpringbackError

USAGE: Any = typer.BadParameter.__mro__[2]  # click's ClickException, which typer brings along but does not name

app = typer.Typer(
    name="springback",
    help="Machine-learning mean reversion on US equities: from raw bars to an honest report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cli_lean.app, name="lean")
app.add_typer(cli_data.app, name="data")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no text, only errors.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file laid over settings/default.toml.", show_default=False)]
Sets = Annotated[list[str] | None, typer.Option("--set", help="One knob: table.name=value. May be repeated.", show_default=False)]
StoreFolder = Annotated[Path | None, typer.Option("--store", help="Folder of the Parquet store.", show_default="store")]
ModelsFolder = Annotated[Path, typer.Option("--models-dir", help="Folder of the models.")]
BarsFile = Annotated[Path | None, typer.Option("--bars", help="CSV file of daily bars (may be gzipped), instead of a store.")]
VixFile = Annotated[Path | None, typer.Option("--vix", help="CSV file date,close of VIX.")]
MembersFile = Annotated[Path | None, typer.Option("--members", help="CSV file symbol,start,end of index membership.")]
EventsFile = Annotated[Path | None, typer.Option("--events", help="CSV file date,symbol,event,value of splits and dividends.")]
Source = Annotated[str | None, typer.Option("--source", help="demo or csv. Default: the store if there is one, else demo.")]
DataPath = Annotated[Path | None, typer.Option("--path", help="CSV file or folder of bars, for --source csv.")]
Which = Annotated[str, typer.Option("--models", help="walk-forward, or fixed: one model for the whole period.")]
ForecastFile = Annotated[Path | None, typer.Option("--out", help="File to write; default MODELS/walk_forward/forecasts.parquet.")]
Scheduler = Annotated[str | None, typer.Option("--cluster", help="Address of a Dask scheduler; default: this machine's cores.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="The store as it was known on that day (its end, UTC).", show_default=False)]
INTERRUPTED = 130  # what typer makes of Ctrl-C
RUNS, STORE, MODELS = Path("runs"), Path("store"), Path("models")


@app.command()
def run(
    source: Source = None,
    path: DataPath = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = MODELS,
    models: Which = "walk-forward",
    out: Annotated[Path, typer.Option("--out", help="Run folder to write.")] = RUNS / "latest",
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The whole job: fetch, train, forecast, backtest, report."""
    from springback import verbs

    with verbs.Voice(as_json, quiet) as voice:
        chosen = verbs.choose(settings, sets)
        verbs.check(models, models_dir, out, store=store)
        tape, digest = verbs.tape_for_run(voice, chosen, source, path, vix, members, events, store or STORE, as_of)
        made = verbs.survey(voice, chosen, tape, digest)
        verbs.train(voice, made, chosen, models_dir)
        verbs.backtest(voice, made, chosen, models_dir, models, None, out, store)


@app.command()
def fetch(
    source: Annotated[str, typer.Option("--source", help="yahoo, tiingo, alpaca, csv, lean or demo.")] = "demo",
    symbols: Annotated[
        str | None,
        typer.Option("--symbols", help="A,B,C, or a file with one a line. Default: all that the source lists.", show_default=False),
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="First day asked for.", show_default="2017-01-03")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last day asked for.", show_default="the newest settled session")] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="TOML file of API keys, rights 0600.", show_default="~/.config/springback/keys.toml")
    ] = None,
    downloads: Annotated[Path, typer.Option("--downloads", help="Folder of what vendors have told; a fetch goes on from it.")] = Path(
        "downloads"
    ),
    path: DataPath = None,
    vix: VixFile = None,
    members: MembersFile = None,
    events: EventsFile = None,
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
    from springback import verbs, verbs_fetch

    with verbs.Voice(as_json, quiet) as voice:
        chosen = verbs.choose(settings, sets)
        if verbs_fetch.asks(source, symbols, start, end, keys, vix, members, events):
            verbs_fetch.fetch(voice, chosen, source, symbols, start, end, path, keys, downloads, store or STORE, accept)
        else:
            verbs.fetch(voice, chosen, source, path, vix, members, events, store or STORE, accept)


@app.command()
def features(
    out: Annotated[Path, typer.Option("--out", help="File to write: .csv, .csv.gz or .parquet.")],
    bars: BarsFile = None,
    events: EventsFile = None,
    store: StoreFolder = None,
    as_of: AsOf = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write date, symbol and the 8 features."""
    from springback import verbs

    with verbs.Voice(as_json, quiet) as voice:
        verbs.features(voice, bars, events, store, out, as_of)


@app.command()
def train(
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = MODELS,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train the long and the short model by a split in time, judge them, and save them."""
    from springback import verbs

    with verbs.Voice(as_json, quiet) as voice:
        chosen = verbs.choose(settings, sets)
        made = verbs.survey(voice, chosen, *verbs.stored_or_demo(voice, chosen, store, as_of))
        verbs.train(voice, made, chosen, models_dir)


@app.command()
def forecast(
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = MODELS,
    out: ForecastFile = None,
    cluster: Scheduler = None,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write quarterly walk-forward forecasts, each model trained only on labels known by then."""
    from springback import verbs

    with verbs.Voice(as_json, quiet) as voice:
        chosen = verbs.choose(settings, sets)
        with verbs.workers_at(cluster, chosen.training.threads) as workers:
            made = verbs.survey(voice, chosen, *verbs.stored(voice, store or STORE, as_of))
            verbs.forecast(voice, made, chosen, models_dir, out, workers)


@app.command()
def backtest(
    bars: BarsFile = None,
    vix: VixFile = None,
    forecasts: Annotated[Path | None, typer.Option("--forecasts", help="File date,symbol,qpi,p_long,p_short,adv_63.")] = None,
    members: MembersFile = None,
    events: EventsFile = None,
    store: StoreFolder = None,
    as_of: AsOf = None,
    models_dir: ModelsFolder = MODELS,
    models: Which = "walk-forward",
    profile: Annotated[str | None, typer.Option("--profile", help="Headline costs: lean or realistic.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Run folder to write.")] = RUNS / "latest",
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the rule on files, or on the store and the shelf, and write a run folder with its report."""
    from springback import verbs

    with verbs.Voice(as_json, quiet) as voice:
        chosen = verbs.choose(settings, [*(sets or []), *([f"backtest.profile={profile}"] if profile else [])])
        verbs.check(models, *((out,) if forecasts else (out, models_dir)), store=store)
        tape, digest = verbs.tape_for_backtest(voice, bars, vix, members, events, store, as_of)
        if forecasts:
            verbs.backtest(voice, verbs.bare(tape, digest), chosen, models_dir, models, forecasts, out, store)
        else:
            verbs.backtest(voice, verbs.survey(voice, chosen, tape, digest), chosen, models_dir, models, None, out, store)


@app.command()
def validate(
    store: StoreFolder = None,
    as_of: AsOf = None,
    method: Annotated[str, typer.Option("--method", help="walk-forward, or combinatorial: purged cross-validation.")] = "walk-forward",
    models_dir: ModelsFolder = MODELS,
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = RUNS / "validation",
    cluster: Scheduler = None,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge forecasts honestly: purged, by day, with intervals, by year, regime, liquidity and price."""
    from springback import verbs, verbs_validate

    with verbs.Voice(as_json, quiet) as voice:
        chosen = verbs.choose(settings, sets)
        verbs_validate.check(method, models_dir, out, store=store)
        with verbs.workers_at(cluster, chosen.training.threads) as workers:
            made = verbs.survey(voice, chosen, *verbs.stored_or_demo(voice, chosen, store, as_of))
            verbs_validate.validate(voice, made, chosen, method, models_dir, out, store, workers)


@app.command()
def stress(
    store: StoreFolder = None,
    forecasts: Annotated[Path | None, typer.Option("--forecasts", help="File date,symbol,qpi,p_long,p_short,adv_63.")] = None,
    models_dir: ModelsFolder = MODELS,
    models: Which = "walk-forward",
    out: Annotated[Path, typer.Option("--out", help="Folder to write; a run folder's report then links to it.")] = RUNS / "stress",
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Crashes of the past, shocks made up around what is held, and resampled histories, on one page."""
    from springback import verbs, verbs_stress

    with verbs_stress.Voice(as_json, quiet) as voice:
        chosen = verbs.choose(settings, sets)
        verbs.check(models, *((out,) if forecasts else (out, models_dir)), store=store)
        tape, digest = verbs.stored_or_demo(voice, chosen, store)
        made = verbs.bare(tape, digest) if forecasts else verbs.survey(voice, chosen, tape, digest)
        verbs_stress.stress(voice, made, chosen, models_dir, models, forecasts, out, store)


@app.command()
def audit(
    store: StoreFolder = None,
    quick: Annotated[bool, typer.Option("--quick", help="A smaller sample: the same checks in under a minute.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of names, sessions, garbage and noise.")] = 1,
    sessions: Annotated[
        int | None, typer.Option("--sessions", help="Random sessions after which the future is changed.", show_default="6; 3 with --quick")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = RUNS / "audit",
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Prove on your own data that nothing looks ahead, and that noise shows nothing. Exit code 1 when a check fails."""
    from springback import verbs, verbs_audit

    with verbs.Voice(as_json, quiet) as voice:
        chosen = verbs.choose(settings, sets)
        verbs.check("walk-forward", out, store=store)
        tape, digest = verbs.stored_or_demo(voice, chosen, store)
        clean = verbs_audit.audit(voice, chosen, tape, digest, out, quick, seed, sessions, store)
    if not clean:
        raise typer.Exit(1)


@app.command()
def optimize(
    knobs: Annotated[list[str] | None, typer.Option("--knob", help="table.name=low:high or table.name=one,other. May be repeated.")] = None,
    trials: Annotated[int | None, typer.Option("--trials", help="Settings to try. Default: optimise.trials.", show_default=False)] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Look at the held-back period with the winner, once and never again.")] = False,
    store: StoreFolder = None,
    models_dir: ModelsFolder = MODELS,
    out: Annotated[Path, typer.Option("--out", help="Folder of the studies.")] = RUNS / "optimise",
    cluster: Scheduler = None,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search for settings before a held-back period, and say how much of the gain is luck."""
    from springback import verbs, verbs_optimise

    with verbs_optimise.Voice(as_json, quiet) as voice:
        chosen = verbs_optimise.choose(settings, sets, knobs, trials)
        verbs.check("walk-forward", models_dir, out, store=store)
        with verbs.workers_at(cluster, chosen.training.threads) as workers:
            tape, digest = verbs.stored_or_demo(voice, chosen, store)
            job = verbs_optimise.job(voice, tape, digest, chosen, models_dir, out, store)
            (verbs_optimise.reveal if reveal else verbs_optimise.optimise)(voice, job, workers)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A run folder.", metavar="DIR")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw report.html and report.png of a run folder again."""
    from springback import verbs

    with verbs.Voice(as_json, quiet) as voice:
        verbs.report(voice, folder)


@app.command()
def ledger(
    store: StoreFolder = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List every trial that saw a period, and what the best of so many would show without skill."""
    from springback import verbs_ledger

    with verbs_ledger.Voice(as_json, quiet) as voice:
        verbs_ledger.ledger(voice, store)


@app.command()
def universe(
    on: Annotated[str | None, typer.Option("--on", help="Day to list the index of, as 2020-03-23.", show_default=False)] = None,
    store: StoreFolder = None,
    holdings: Annotated[Path | None, typer.Option("--holdings", help="Folder of dated iShares holdings files, not a store.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="With --holdings: the membership file to write.", show_default=False)] = None,
    settings: SettingsFile = None,
    sets: Sets = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the index as it was known on a day, who says so and how far to trust it; or make a membership file from fund holdings."""
    from springback import verbs_universe

    with verbs_universe.Voice(as_json, quiet) as voice:
        verbs_universe.universe(voice, verbs_universe.choose(settings, sets), on, store or STORE, holdings, out)


@app.callback()
def main_options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Machine-learning mean reversion on US equities: from raw bars to an honest report."""


def main() -> None:
    """The command: exit code 0 done, 1 the job failed, 2 bad usage or bad input."""
    arguments = sys.argv[1:]
    started = time.monotonic()
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except USAGE as error:
        said = error.format_message()
        if not said:  # no verb at all: the help was shown
            sys.exit(2)
        _fail(error, f"{said} (springback --help)", 2, arguments)
    except SpringbackError as error:
        _fail(error, str(error), error.exit_code, arguments)
    except (KeyboardInterrupt, typer.Abort) as stop:
        _fail(
            stop, f"interrupted after {time.monotonic() - started:.0f} s; nothing is half-written: the same command goes on", 1, arguments
        )
    except MemoryError as error:
        _fail(error, "out of memory: take fewer names or a shorter span", 1, arguments)
    except Exception as error:  # noqa: BLE001 (the last door: a user never sees a traceback unless asked for)
        _fail(
            error,
            f"internal error, {type(error).__name__}: {error}: run again with 'springback --debug ...' for the traceback",
            1,
            arguments,
        )


def _fail(error: BaseException, message: str, code: int, arguments: list[str]) -> None:
    if "--debug" in arguments:
        raise error
    line = " ".join(message.split())
    if "--json" in arguments:
        told: dict[str, Any] = {"error": type(error).__name__, "message": line, "exit_code": code}
        sys.stdout.write(json.dumps(told) + "\n")
    sys.stderr.write(f"springback: {line}\n")
    sys.exit(code)
