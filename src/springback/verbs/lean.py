"""What each verb of `springback lean` does."""

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from springback.analytics.summary import summary_json
from springback.errors import InputError
from springback.verbs import data_summary
from springback.verbs.console import Console, table
from springback.workflow import lean_run as workflow
from springback.workflow import places
from springback.workflow.forecasts import Choice
from springback.workflow.inputs import Inputs
from springback.workflow.lean_run import Deployment, Ready
from springback.workflow.settings import Settings, choose

if TYPE_CHECKING:
    from springback.comparison.compare import Comparison
    from springback.comparison.comparison_statistics import Statistics

__all__ = ["Deployment", "Inputs", "choose"]


def choice(models_dir: Path | None, kind: str | None, beside: Path | None = None) -> Choice:
    """Whose forecasts LEAN runs on. Raises as `places.models_folder` does: LEAN trains none."""
    places.check(kind)
    return Choice(places.models_folder(models_dir, beside=beside, kind=kind), kind, beside)


def one_source(store: Path | None, data_folder: Path | None) -> None:
    """Raises `InputError` where both name the data."""
    if store is not None and data_folder is not None:
        raise InputError("--store and --data-folder both name the data: give one of them")


def export(console: Console, out: Path, inputs: Inputs, renames: Path | None = None, interest_rate: Path | None = None) -> None:
    """Writes a LEAN data folder from the store or the files, and says what LEAN cannot hold."""
    done = workflow.export(partial(data_summary.given, console, inputs), out, renames, interest_rate, console)
    counts = done.counts
    console.say(
        f"{out}: {done.names:,} names ({counts['ended']:,} of them end, {counts['renamed']:,} renamed), {counts['rows']:,} bars, "
        f"{counts['actions']:,} splits and dividends; {done.files:,} files, {done.new_names:,} names written now"
    )
    console.say(f"  interest rates: {done.rates}")
    for finding in done.findings:
        console.say(f"  {finding}")
    console.payload["export"] = done.facts()


def backtest(console: Console, settings: Settings, deployment: Deployment, out: Path) -> None:
    """Prepares a LEAN run, runs it, and writes its run folder; nobody else in the project or the run folder meanwhile."""
    with workflow.held(deployment, out):
        ready = _prepared(console, settings, deployment)
        run = ready.run
        told = {"command": run.command, "config": str(run.config), "results": str(run.results), "missing": list(ready.missing)}
        console.payload["lean"] = told
        if deployment.dry_run:
            _say_what_would_run(console, ready)
            return
        result, warning = workflow.start(ready, deployment, console)
        console.say(f"LEAN's result: {result}")
        console.payload["lean"]["warning"] = warning
        import_(console, result, out, workflow.rates_of(deployment), (warning,) if warning else ())


def _say_what_would_run(console: Console, ready: Ready) -> None:
    console.say(f"engine: cd {shlex.quote(str(ready.run.cwd))} && {shlex.join(ready.run.command)}")
    console.say(f"config: {ready.run.config}")
    for line in ready.missing:
        console.say(f"missing: {line}")


def _prepared(console: Console, settings: Settings, deployment: Deployment) -> Ready:
    """What LEAN is to run, laid out; what is to be known of it is said."""
    engine, missing = workflow.engine_of(deployment)
    settings = _dated(console, settings, deployment.data, None if deployment.data_folder else deployment.inputs)
    signals = workflow.signals_of(deployment.choice, settings.backtest.days[0], workflow.has_its_own_libraries(engine))
    for line in signals.warnings:
        console.say(f"  warning: {line}")
    if not workflow.exported(deployment):
        export(console, deployment.data, deployment.inputs)
    workflow.check_data(deployment.data)
    _lay_project(console, deployment.project)
    ready = workflow.lay_out(deployment, settings, engine, missing, signals)
    if ready.bare_hours:
        console.say(
            f"  LEAN's market hours and symbol properties are not in {deployment.data}: the lean CLI fetches them, for which it needs the "
            "network"
        )
    return ready


def _dated(console: Console, settings: Settings, data: Path, inputs: Inputs | None = None) -> Settings:
    """`settings` with the days of the run known, and said where nobody named both."""
    known, sessions = workflow.window_of(settings, data, inputs)
    start, end = known.backtest.days
    if sessions is not None:
        console.say(f"  {data_summary.words_of(known, sessions)}")
    elif known is not settings:
        console.say(f"  window {start} to {end}, of the original plan: {data} holds no exported data to take it from")
    return known


def _lay_project(console: Console, project: Path) -> None:
    if workflow.lay_project(project):
        files = ", ".join(workflow.PROJECT_FILES)
        console.say(f"  {project}: the LEAN project is laid out ({files}); a file that you change stays as you left it")


def bundle(console: Console, settings: Settings, out: Path, choice: Choice, project: Path) -> None:
    """Writes a self-contained LEAN project folder."""
    settings = _dated(console, settings, project / "data")
    signals = workflow.signals_of(choice, settings.backtest.days[0])
    _lay_project(console, project)
    files, stored, named = workflow.bundle(settings, choice, project, signals, out)
    for line in signals.warnings:
        console.say(f"  warning: {line}")
    if not named:
        console.say(f"  warning: no list of names goes along: run 'springback lean export --out {project / 'data'}' and bundle again")
    modules = [name for name in files if name.endswith(".py")]
    longest = max(modules, key=lambda name: len(files[name]))
    console.say(
        f"{out}: {len(modules)} Python files, the longest {longest} with {len(files[longest]):,} bytes; {stored} files for the object "
        f"store; {out / 'README.md'} has the commands"
    )
    console.payload["bundle"] = {"folder": str(out), "files": sorted(files), "longest": {longest: len(files[longest])}}


def import_(console: Console, result: Path, out: Path, interest_rate: Path | None, warnings: tuple[str, ...] = ()) -> None:
    """Turns LEAN's result files into a run folder; `warnings` of how the engine ended stand among its findings."""
    file, report_data, summary = workflow.import_result(result, out, interest_rate, warnings, console)
    account = report_data.headline
    console.say(
        f"{len(account.orders):,} orders, {len(account.fills):,} fills, {len(account.daily):,} sessions, "
        f"{str(account.daily['date'].iloc[0])[:10]} to {str(account.daily['date'].iloc[-1])[:10]}, read from {file.name}"
    )
    for finding in report_data.provenance.findings:
        console.say(f"  warning: {finding}")
    for line in (*summary.verdict, *(f"  warning: {one}" for one in summary.warnings)):
        console.say(line)
    console.payload["import"] = {"result": str(file), "folder": str(out), "warnings": list(report_data.provenance.findings)}
    console.payload["summary"] = summary_json(report_data, summary)
    console.payload["report"] = str(out / "report.html")
    console.say(f"report: {out / 'report.html'}")


def compare(console: Console, a: Path, b: Path, out: Path | None, fill_tolerance: float, equity_tolerance: float) -> bool:
    """Lays two runs side by side; whether they agree within the tolerances, in dollars."""
    from springback.comparison import comparison_page, comparison_words
    from springback.comparison.compare import Tolerance
    from springback.comparison.compare import compare as lay_side_by_side
    from springback.comparison.comparison_statistics import statistics
    from springback.comparison.sides import read_sides

    tolerance = Tolerance(fill_tolerance, equity_tolerance)
    step = console.step("compare")
    step(0, 3, "reading both runs")
    comparison = lay_side_by_side(*read_sides(a, b), tolerance)
    step(1, 3, "statistics")
    figures = statistics(comparison)
    file = out or b / "compare.html"
    step(2, 3, str(file))
    _say_comparison(console, comparison, figures)
    console.payload["compare"] = comparison_words.as_json(comparison, figures)
    comparison_page.write(file, comparison, figures)
    step(3, 3, str(file))
    console.payload["page"] = str(file)
    console.say(f"page: {file}")
    return comparison.equal


def _say_comparison(console: Console, comparison: "Comparison", figures: "Statistics") -> None:
    from springback.comparison import comparison_words

    console.say(comparison_words.headline(comparison))
    console.say(f"  A: {comparison.a.name}, profile {comparison.a.profile}")
    console.say(f"  B: {comparison.b.name}, profile {comparison.b.profile}")
    for line in comparison_words.differences(comparison):
        console.say(f"  {line}")
    for note in comparison.notes:
        console.say(f"  note: {note}")
    totals = table("Totals", "", "A", "B", "B less A")
    for total in comparison_words.counts(comparison):
        totals.add_row(*total[:4])
    console.show(totals)
    for title, rows in (
        ("By trading days", figures.trading),
        ("By LEAN's definitions", figures.lean),
        ("As LEAN printed them, over all sessions of each run", figures.itself),
    ):
        both = table(title, "", "A", "B", "B less A")
        for row in rows:
            both.add_row(row.name, row.a, row.b, row.difference)
        if rows:
            console.show(both)
