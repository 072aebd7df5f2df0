"""What `springback stress` does: the stress test of a run, its page, and what it says."""

from pathlib import Path

from springback.scenarios import stress_words
from springback.scenarios.stress_study import StressStudy
from springback.verbs.console import Console, table
from springback.workflow import stress as workflow
from springback.workflow.forecasts import Choice, forecasts_for
from springback.workflow.prepare import PreparedData
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings
from springback.workflow.stress import PAGE

__all__ = ["Console"]


def stress(console: Console, prepared: PreparedData, settings: Settings, choice: Choice, out: Path, record: Recorder) -> StressStudy:
    """Runs all of it, writes stress.json and stress.html into `out`, and prints. The base run is a trial in the ledger."""
    study = workflow.stress(settings, prepared, forecasts_for(settings, prepared, choice, console), console, record)
    step = console.step("page")
    step(0, 1, str(out))
    figures = workflow.write(study, out)
    step(1, 1, str(out))
    _say(console, study)
    console.payload["stress"] = figures
    console.payload["page"] = str(out / PAGE)
    console.say(f"page: {out / PAGE}")
    return study


def _say(console: Console, study: StressStudy) -> None:
    for line in stress_words.headline(study):
        console.say(line if line.endswith(".") else f"{line}.")
    shocks = table("Made-up scenarios", "", "a year", "points", "Sharpe", "deepest fall", "worst day", "under water", "it touched")
    shocks.columns[-1].justify = "left"
    for one in (None, *study.outcomes):
        shocks.add_row(*stress_words.row(study, one))
    console.show(shocks)
    named = table("Named windows", *("", "days", "sessions", "return", "index", "fall", "worst day", "trades", "won", "bear"))
    for cut in study.slices:
        named.add_row(*stress_words.window(cut))
    console.show(named)
    for line in (stress_words.regime(cut) for cut in study.slices if cut.days):
        console.say(f"  {line}")
    for line in stress_words.uncovered(study):
        console.say(f"  {line}")
    for line in stress_words.warnings(study):
        console.say(f"  warning: {line}")
    console.say(f"  {stress_words.LEDGER}")
