"""A run of LEAN on our market: the engine, the window, the models, the data folder and the project, each laid where LEAN looks for it."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path

from springback import __version__
from springback.alone import alone
from springback.analytics import run_folder
from springback.analytics.report_data import ReportData
from springback.analytics.summary import Summary
from springback.data.store.store import Store
from springback.errors import InputError, MissingData, SettingsError
from springback.lean import as_run, engine_config, engines, launch, outcome, prepare
from springback.lean import bundle as bundles
from springback.lean import project as projects
from springback.lean.export import ExportSummary
from springback.lean.export import export as write_folder
from springback.lean.parameters import Lean, Parameters, Shorts
from springback.lean.parameters import write as as_parameters
from springback.lean.results import read_result
from springback.market.account import Account
from springback.market.bars import Dates
from springback.quality import quarantine
from springback.workflow import places
from springback.workflow.forecasts import Choice
from springback.workflow.inputs import Inputs, Loaded
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings, between
from springback.workflow.sources import open_store

PACKAGE = Path(__file__).parents[1]
PROJECT_FILES = projects.FILES
Engine = engines.Native | engines.Cli


@dataclass(frozen=True)
class Deployment:
    """What LEAN is to run, and where: the project's folder, whose forecasts, the store or an exported data folder, the engine's launcher,
    the minutes after which a hung engine is stopped, and whether everything is prepared and nothing run.
    """

    project: Path
    choice: Choice
    inputs: Inputs = field(default_factory=Inputs)
    data_folder: Path | None = None
    launcher: Path | None = None
    time_limit: float = 60.0
    dry_run: bool = False

    def __post_init__(self) -> None:
        if not self.time_limit > 0:
            raise SettingsError(f"--time-limit must be above 0 minutes, was {self.time_limit:g}", value=self.time_limit, limit=0)
        if self.inputs.as_of and self.data_folder:
            raise InputError("--as-of reads a store as it was known, --data-folder is exported already: give one of them")

    @property
    def data(self) -> Path:
        """LEAN's data folder."""
        return self.data_folder or self.project / "data"

    @property
    def kind(self) -> str:
        """The kind of models."""
        return self.choice.kind or places.KINDS[0]


@dataclass(frozen=True)
class Signals:
    """What the object store gets of the models or the forecasts, and what is to be known of them."""

    stored: Mapping[str, bytes]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Ready:
    """A run that can be started, and what this machine lacks for it: nothing, unless it is only a dry run."""

    run: prepare.Run
    missing: tuple[str, ...]
    days: tuple[date, date]
    bare_hours: bool


def engine_of(deployment: Deployment) -> tuple[Engine, list[str]]:
    """The engine, and what is missing for it. Raises `MissingData` where it cannot run and is meant to."""
    engine, missing = engines.find(deployment.launcher, dict(os.environ))
    if missing and not deployment.dry_run:
        raise MissingData(f"LEAN cannot run here: {'; '.join(missing)}")
    return engine, missing


def window_of(settings: Settings, data: Path, inputs: Inputs | None = None) -> tuple[Settings, Dates | None]:
    """`settings` with the days of the run known, and the sessions they were taken from: of the store of `inputs`, else of the data folder
    `data`; None where they are those that were named, or without either the original plan's.
    """
    if settings.backtest.start and settings.backtest.end:
        return settings, None
    sessions = prepare.sessions(data) if inputs is None else open_store(inputs.folder, inputs.as_of)[0].bars.sessions
    if sessions is None:
        return between(settings, settings.backtest.start or Account.start, settings.backtest.end or Account.end), None
    return dataclasses.replace(settings, backtest=settings.backtest.on(sessions, settings.walk_forward.min_sessions)), sessions


def signals_of(choice: Choice, start: date, strange: bool = True) -> Signals:
    """The models or the forecasts of `choice` for a run from `start` on. `strange`: the engine has libraries of its own, so versions count.

    Raises `ModelError`, `InputError`.
    """
    if choice.file:
        return Signals(bundles.forecast_files(choice.file), ())
    kind = choice.kind or places.KINDS[0]
    stored, cards = prepare.models(choice.models, kind, start)
    return Signals(stored, (*(prepare.strangers(cards) if strange else ()), *prepare.in_sample(cards, kind, start)))


def has_its_own_libraries(engine: Engine) -> bool:
    """Whether the engine brings Python libraries of its own, as LEAN's image does."""
    return isinstance(engine, engines.Cli)


def check_data(data: Path) -> None:
    """Raises `MissingData` where `data` is no LEAN data folder."""
    prepare.check_data(data)


def exported(deployment: Deployment) -> bool:
    """Whether the data folder holds what the store does; one that was named is taken as it is."""
    if deployment.data_folder is not None:
        return True
    inputs = deployment.inputs
    digest = Store(inputs.folder).hash_as_of(inputs.as_of) if inputs.as_of else Store(inputs.folder).hash
    return prepare.exported(deployment.data, digest, quarantine.read(inputs.folder))


def export(
    loaded: Callable[[], Loaded], out: Path, renames: Path | None = None, rates: Path | None = None, progress: Progress = SILENT
) -> ExportSummary:
    """Writes the market that `loaded` gives as a LEAN data folder, nobody else meanwhile. Raises `Taken`, `Unwritable`."""
    with alone(out):
        return write_folder(loaded().market_data, out, renames, rates, progress.step("export"))


def lay_project(project: Path) -> bool:
    """Lays the LEAN project out; whether a file of it was not there before."""
    return bool(projects.lay_project(project, PACKAGE))


def lay_out(deployment: Deployment, settings: Settings, engine: Engine, missing: list[str], signals: Signals) -> Ready:
    """Package, models, folders and configuration in their places. Raises `MissingData` where the engine lacks its databases."""
    data = deployment.data
    prepare.lay_out(deployment.project, PACKAGE, __version__, signals.stored)
    lacking = engines.databases(data, engine.launcher) if isinstance(engine, engines.Native) else []
    bare = isinstance(engine, engines.Cli) and bool(engines.lacking(data))
    if lacking and not deployment.dry_run:
        raise MissingData(lacking[0])
    parameters = parameters_of(settings, "forecasts" if deployment.choice.file else deployment.kind, "csv")
    now = datetime.now()  # noqa: DTZ005 (a folder's name)
    run = prepare.run(engine, deployment.project, data, parameters, dict(os.environ), now)
    return Ready(run, (*missing, *lacking), settings.backtest.days, bare)


def start(ready: Ready, deployment: Deployment, progress: Progress = SILENT) -> tuple[Path, str]:
    """Runs the engine; LEAN's result file, and how the engine ended if it did not end well. Raises `MissingData`, `Stopped`."""
    run, days = ready.run, ready.days
    step = progress.step("lean")
    step(0, (days[1] - days[0]).days, "the engine starts")
    stopped = partial(engines.remove_container, run.results, run.env)
    limits = launch.TimeLimits(60 * deployment.time_limit)
    code, output = launch.run(run.command, run.cwd, run.env, run.log, limits, days, step, stopped=stopped)
    result, warning = outcome.result_of(run.results, code, output, run.log)
    prepare.keep_record(deployment.project, run.results)
    return result, warning


@contextmanager
def held(deployment: Deployment, out: Path) -> Iterator[None]:
    """Nobody else in the project, or in the run folder `out` that it will be, while the block runs. Raises `Taken`, `InputError`."""
    if not deployment.dry_run:
        run_folder.check(out)
    with alone(deployment.project), nullcontext() if deployment.dry_run else places.held(out):
        yield


def import_result(
    result: Path, out: Path, rates: Path | None = None, warnings: tuple[str, ...] = (), progress: Progress = SILENT
) -> tuple[Path, ReportData, Summary]:
    """Turns LEAN's result files into the run folder `out`: the result's file, what the report shows, and its summary.

    Raises `InputError`, `BadTable`, `Taken`.
    """
    run_folder.check(out)
    step = progress.step("import")
    with places.held(out):
        step(0, 2, f"reading {result.name}")
        read = read_result(result)
        step(1, 2, str(out))
        report_data, summary = as_run.write(read, out, rates, warnings)
    step(2, 2, str(out))
    return read.file, report_data, summary


def rates_of(deployment: Deployment) -> Path | None:
    """The interest rates that the run had, if the data folder holds them."""
    rates = deployment.data / "alternative" / "interest-rate" / "usa" / "interest-rate.csv"
    return rates if rates.is_file() else None


def parameters_of(settings: Settings, models: str, vix: str) -> dict[str, str]:
    """The settings as LEAN's parameters. Raises `SettingsError` on limits of losses and prices, which LEAN's host does not know."""
    limits = [name for name in ("move", "day_loss", "drawdown") if getattr(settings.guard, name)]
    if limits:
        raise SettingsError(f"guard.{limits[0]} is not known on LEAN, whose run would be another than the backtest: set it to 0 for LEAN")
    account = Account(*settings.backtest.days, settings.backtest.cash)
    lean = Lean(models=models, vix=vix)  # type: ignore[arg-type]
    shorts = Shorts(settings.costs.no_short_price, settings.costs.no_short_dollar_volume)
    return as_parameters(Parameters(account, settings.strategy, settings.regime, settings.universe, lean, shorts))


def bundle(settings: Settings, choice: Choice, project: Path, signals: Signals, out: Path) -> tuple[dict[str, bytes], int, bool]:
    """Writes a self-contained LEAN project folder; its files, how many of them are for the object store, and whether names go along."""
    named = prepare.names(project / "data")
    stored = {**signals.stored, **named}
    config = engine_config.project_config(parameters_of(settings, choice.kind or places.KINDS[0], "index"))
    files = bundles.project_files(project, PACKAGE, __version__, config, stored, out)
    bundles.lay(out, files)
    return files, len(stored), bool(named)
