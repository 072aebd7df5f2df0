"""What each verb of `springback lean` does."""

import dataclasses
import os
import shlex
from contextlib import nullcontext
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from springback import __version__, wiring
from springback.alone import alone
from springback.analytics import run_folder
from springback.errors import InputError, MissingData, SettingsError
from springback.project import usual
from springback.verbs import places, tapes
from springback.verbs.console import Voice
from springback.verbs.steps import choose

if TYPE_CHECKING:
    from springback.lean.prepare import Run

__all__ = ["Voice", "choose"]


def shelf(voice: Voice, given: Path | None, kind: str | None, beside: Path | None = None) -> tuple[Path, str]:
    """The folder of models and their kind. Raises as `places.shelf` does: LEAN trains none."""
    places.check(kind)
    return places.shelf(voice, given, beside=beside, kind=kind, says=False), kind or places.KINDS[0]


def one_source(store: Path | None, data_folder: Path | None) -> None:
    """Raises `InputError` where both name the data."""
    if store is not None and data_folder is not None:
        raise InputError("--store and --data-folder both name the data: give one of them")


def export(
    voice: Voice,
    out: Path,
    store: Path | None,
    bars: Path | None,
    vix: Path | None,
    members: Path | None,
    events: Path | None,
    renames: Path | None,
    interest_rate: Path | None,
    as_of: str | None = None,
    prices: str | None = None,
) -> None:
    """Writes a LEAN data folder from the store or the files, and says what LEAN cannot hold."""
    from springback.lean.export import export as write_folder

    with alone(out):
        tape, _ = tapes.given(voice, bars, vix, members, events, store, as_of, prices=prices)
        done = write_folder(tape, out, renames, interest_rate, voice.step("export"))
    counts = done.counts
    voice.say(
        f"{out}: {done.names:,} names ({counts['ended']:,} of them end, {counts['renamed']:,} renamed), {counts['rows']:,} bars, "
        f"{counts['actions']:,} splits and dividends; {done.files:,} files, {done.written:,} names written now"
    )
    voice.say(f"  interest rates: {done.rates}")
    for finding in done.findings:
        voice.say(f"  {finding}")
    voice.told["export"] = {**dataclasses.asdict(done), "folder": str(out)}


def backtest(
    voice: Voice,
    chosen: wiring.Settings,
    store: Path | None,
    models_dir: Path,
    models: str,
    forecasts: Path | None,
    data_folder: Path | None,
    launcher: Path | None,
    time_limit: float,
    dry_run: bool,
    project: Path,
    out: Path,
    as_of: str | None = None,
) -> None:
    """Prepares a LEAN run, runs it, and writes its run folder; nobody else in the project or the run folder meanwhile."""
    if not time_limit > 0:
        raise SettingsError(f"--time-limit must be above 0 minutes, was {time_limit:g}")
    if as_of and data_folder:
        raise InputError("--as-of reads a store as it was known, --data-folder is exported already: give one of them")
    if not dry_run:
        run_folder.check(out)
    with alone(project), nullcontext() if dry_run else places.held(out):
        _run(voice, chosen, store, models_dir, models, forecasts, data_folder, launcher, time_limit, dry_run, project, out, as_of)


def _run(
    voice: Voice,
    chosen: wiring.Settings,
    store: Path | None,
    models_dir: Path,
    models: str,
    forecasts: Path | None,
    data_folder: Path | None,
    launcher: Path | None,
    time_limit: float,
    dry_run: bool,
    project: Path,
    out: Path,
    as_of: str | None,
) -> None:
    from springback.lean import engines, launch, outcome, prepare

    run, missing, span = _prepared(voice, chosen, store, models_dir, models, forecasts, data_folder, launcher, project, dry_run, as_of)
    voice.told["lean"] = {"command": run.command, "config": str(run.config), "results": str(run.results), "missing": missing}
    if dry_run:
        voice.say(f"engine: cd {shlex.quote(str(run.cwd))} && {shlex.join(run.command)}")
        voice.say(f"config: {run.config}")
        for line in missing:
            voice.say(f"missing: {line}")
        return
    step = voice.step("lean")
    step(0, (span[1] - span[0]).days, "the engine starts")
    stopped = partial(engines.remove_container, run.results, run.env)
    code, heard = launch.run(run.command, run.cwd, run.env, run.log, 60 * time_limit, span, step, stopped=stopped)
    result, warning = outcome.result_of(run.results, code, heard, run.log)
    prepare.keep_record(project, run.results)
    voice.say(f"LEAN's result: {result}")
    voice.told["lean"]["warning"] = warning
    rates = (data_folder or project / "data") / "alternative" / "interest-rate" / "usa" / "interest-rate.csv"
    import_(voice, result, out, rates if rates.is_file() else None, (warning,) if warning else ())


def _prepared(
    voice: Voice,
    chosen: wiring.Settings,
    store: Path | None,
    models_dir: Path,
    models: str,
    forecasts: Path | None,
    data_folder: Path | None,
    launcher: Path | None,
    project: Path,
    dry_run: bool,
    as_of: str | None,
) -> "tuple[Run, list[str], tuple[date, date]]":
    """What LEAN is to run, laid out, what this machine lacks for it (nothing, unless it is only a dry run), and the days of the run."""
    from springback.data.store.store import Store
    from springback.lean import bundle as bundles
    from springback.lean import engines, prepare
    from springback.quality import quarantine

    environment = dict(os.environ)
    engine, missing = engines.find(launcher, environment)
    if missing and not dry_run:
        raise MissingData(f"LEAN cannot run here: {'; '.join(missing)}")
    places.check(models)
    data = data_folder or project / "data"
    chosen = _dated(voice, chosen, data, None if data_folder else store or usual("store"), as_of)
    start = chosen.backtest.days[0]
    stored, cards = (bundles.forecast_files(forecasts), []) if forecasts else prepare.models(models_dir, models, start)
    doubts = prepare.strangers(cards) if isinstance(engine, engines.Cli) else []
    for line in [*doubts, *prepare.in_sample(cards, models, start)]:
        voice.say(f"  warning: {line}")
    if data_folder is None:
        folder = store or usual("store")
        digest = Store(folder).hash_as_of(as_of) if as_of else Store(folder).hash
        if not prepare.exported(data, digest, quarantine.read(folder)):
            export(voice, data, store, None, None, None, None, None, None, as_of)
    prepare.check_data(data)
    _lay_project(voice, project)
    prepare.lay_out(project, Path(wiring.__file__).parent, __version__, stored)
    lacking = engines.databases(data, engine.launcher) if isinstance(engine, engines.Native) else []
    if isinstance(engine, engines.Cli) and engines.lacking(data):
        voice.say(
            f"  LEAN's market hours and symbol properties are not in {data}: the lean CLI fetches them, for which it needs the network"
        )
    if lacking and not dry_run:
        raise MissingData(lacking[0])
    told = _told(chosen, "forecasts" if forecasts else models, "csv")
    run = prepare.run(engine, project, data, told, environment, datetime.now())  # noqa: DTZ005 (a folder's name)
    return run, [*missing, *lacking], chosen.backtest.days


def _dated(voice: Voice, chosen: wiring.Settings, data: Path, store: Path | None, as_of: str | None = None) -> wiring.Settings:
    """`chosen` with the days of the run known, and said: of the store, else of an exported data folder, else of the original plan."""
    from springback.lean import prepare
    from springback.market.account import Account

    if chosen.backtest.start and chosen.backtest.end:
        return chosen
    if store is not None:
        sessions = wiring.open_store(store, as_of)[0].bars.sessions
    elif (found := prepare.sessions(data)) is not None:
        sessions = found
    else:
        known = dataclasses.replace(chosen.backtest, start=chosen.backtest.start or Account.start, end=chosen.backtest.end or Account.end)
        voice.say(f"  window {known.start} to {known.end}, of the original plan: {data} holds no exported data to take it from")
        return dataclasses.replace(chosen, backtest=known)
    made = dataclasses.replace(chosen, backtest=chosen.backtest.on(sessions, chosen.walk_forward.min_sessions))
    voice.say(f"  {tapes.words_of(made, sessions)}")
    return made


def _lay_project(voice: Voice, project: Path) -> None:
    from springback.lean import project as projects

    if projects.lay_project(project, Path(wiring.__file__).parent):
        voice.say(f"  {project}: the LEAN project is laid out ({', '.join(projects.FILES)}); a file that you change stays as you left it")


def _told(chosen: wiring.Settings, models: str, vix: str) -> dict[str, str]:
    """The settings as LEAN's parameters."""
    from springback.lean.parameters import Lean, Parameters, write
    from springback.market.account import Account

    account = Account(*chosen.backtest.days, chosen.backtest.cash)
    lean = Lean(models=models, vix=vix)  # type: ignore[arg-type]
    return write(Parameters(account, chosen.strategy, chosen.regime, chosen.universe, lean))


def bundle(voice: Voice, chosen: wiring.Settings, out: Path, models_dir: Path, models: str, project: Path) -> None:
    """Writes a self-contained LEAN project folder."""
    from springback.lean import bundle as bundles
    from springback.lean import engine_config, prepare

    places.check(models)
    chosen = _dated(voice, chosen, project / "data", None)
    start = chosen.backtest.days[0]
    stored, cards = prepare.models(models_dir, models, start)
    named = prepare.names(project / "data")
    stored |= named
    config = engine_config.project_config(_told(chosen, models, "index"))
    _lay_project(voice, project)
    files = bundles.project_files(project, Path(wiring.__file__).parent, __version__, config, stored, out)
    bundles.lay(out, files)
    for line in [*prepare.strangers(cards), *prepare.in_sample(cards, models, start)]:
        voice.say(f"  warning: {line}")
    if not named:
        voice.say(f"  warning: no list of names goes along: run 'springback lean export --out {project / 'data'}' and bundle again")
    modules = [name for name in files if name.endswith(".py")]
    longest = max(modules, key=lambda name: len(files[name]))
    voice.say(
        f"{out}: {len(modules)} Python files, the longest {longest} with {len(files[longest]):,} bytes; {len(stored)} files for the object "
        f"store; {out / 'README.md'} has the commands"
    )
    voice.told["bundle"] = {"folder": str(out), "files": sorted(files), "longest": {longest: len(files[longest])}}


def import_(voice: Voice, result: Path, out: Path, interest_rate: Path | None, warnings: tuple[str, ...] = ()) -> None:
    """Turns LEAN's result files into a run folder; `warnings` of how the engine ended stand among its findings."""
    from springback.analytics.summary import summary_json
    from springback.lean import as_run
    from springback.lean.results import read_result

    run_folder.check(out)
    step = voice.step("import")
    with places.held(out):
        step(0, 2, f"reading {result.name}")
        found = read_result(result)
        step(1, 2, str(out))
        material, summary = as_run.write(found, out, interest_rate, warnings)
    step(2, 2, str(out))
    account = material.headline
    voice.say(
        f"{len(account.orders):,} orders, {len(account.fills):,} fills, {len(account.daily):,} sessions, "
        f"{str(account.daily['date'].iloc[0])[:10]} to {str(account.daily['date'].iloc[-1])[:10]}, read from {found.file.name}"
    )
    for finding in material.provenance.findings:
        voice.say(f"  warning: {finding}")
    for line in (*summary.verdict, *(f"  warning: {one}" for one in summary.warnings)):
        voice.say(line)
    voice.told["import"] = {"result": str(found.file), "folder": str(out), "warnings": list(material.provenance.findings)}
    voice.told["summary"] = summary_json(material, summary)
    voice.told["report"] = str(out / "report.html")
    voice.say(f"report: {out / 'report.html'}")


def compare(voice: Voice, a: Path, b: Path, out: Path | None, fill_tolerance: float, equity_tolerance: float) -> bool:
    """Lays two runs side by side; whether they agree within the tolerances."""
    from springback.comparison import comparison_page, comparison_words
    from springback.comparison.compare import Tolerance
    from springback.comparison.compare import compare as lay_side_by_side
    from springback.comparison.comparison_statistics import statistics
    from springback.comparison.sides import read_sides
    from springback.verbs.console import table

    tolerance = Tolerance(fill_tolerance, equity_tolerance)
    step = voice.step("compare")
    step(0, 3, "reading both runs")
    found = lay_side_by_side(*read_sides(a, b), tolerance)
    step(1, 3, "statistics")
    told = statistics(found)
    file = out or b / "compare.html"
    step(2, 3, str(file))
    voice.say(comparison_words.headline(found))
    voice.say(f"  A: {found.a.name}, profile {found.a.profile}")
    voice.say(f"  B: {found.b.name}, profile {found.b.profile}")
    for line in comparison_words.differences(found):
        voice.say(f"  {line}")
    for note in found.notes:
        voice.say(f"  note: {note}")
    totals = table("Totals", "", "A", "B", "B less A")
    for total in comparison_words.counts(found):
        totals.add_row(*total[:4])
    voice.show(totals)
    for title, rows in (
        ("By trading days", told.trading),
        ("By LEAN's definitions", told.lean),
        ("As LEAN printed them, over all sessions of each run", told.itself),
    ):
        shown_ = table(title, "", "A", "B", "B less A")
        for row in rows:
            shown_.add_row(row.name, row.a, row.b, row.difference)
        if rows:
            voice.show(shown_)
    voice.told["compare"] = comparison_words.as_json(found, told)
    comparison_page.write(file, found, told)
    step(3, 3, str(file))
    voice.told["page"] = str(file)
    voice.say(f"page: {file}")
    return found.equal
