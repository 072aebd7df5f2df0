"""What `springback validate` does: forecasts by one of two methods, their judgement, and the page that shows it."""

from pathlib import Path

from springback.cluster import Workers
from springback.errors import InputError, MissingData, SettingsError
from springback.validation import validation_words as words
from springback.validation.validation_study import ValidationStudy
from springback.verbs.console import Console, table
from springback.workflow import places
from springback.workflow import validate as workflow
from springback.workflow.prepare import PreparedData
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings
from springback.workflow.validate import METHODS, PAGE, Method

__all__ = ["Method"]


def check(method: str | None, models: Path | None, store: Path | None, forecasts: Path | None = None) -> str:
    """The method that is meant. Refuses before the work an unknown one, one or models beside a file of forecasts, models that it does not
    use, and a ledger that cannot be written. Raises `InputError`, `MissingData`, `SettingsError`, `Unwritable`.
    """
    lost = next((name for name, one in (("--method", method), ("--models-dir", models)) if one is not None), None)
    if forecasts is not None and lost:
        raise InputError(f"{lost} says how forecasts are made, --forecasts brings them: give one of them")
    if forecasts is not None and not forecasts.is_file():
        raise MissingData(f"{forecasts} does not exist: give a file date,symbol,qpi,p_long,p_short,adv_63")
    method = method or METHODS[0]
    if method not in METHODS:
        raise SettingsError(f"--method must be {' or '.join(METHODS)}, was '{method}'", value=method)
    if models is not None and method == "combinatorial":
        raise InputError("--method combinatorial trains models of its own and keeps none: leave --models-dir out")
    places.check(store=store)
    return method


def validate(
    console: Console,
    prepared: PreparedData,
    settings: Settings,
    method: Method,
    out: Path,
    record: Recorder,
    workers: Workers | None = None,
) -> ValidationStudy:
    """Judges, enters the trial ledger, writes validation.json and validation.html into `out`, and prints."""
    study = workflow.validate(settings, prepared, method, console, record, workers)
    step = console.step("page")
    step(0, 1, str(out))
    figures = workflow.write(study, out)
    step(1, 1, str(out))
    _say(console, study)
    console.payload["validation"] = {name: value for name, value in figures.items() if name != "days"}
    console.payload["page"] = str(out / PAGE)
    console.say(f"page: {out / PAGE}")
    return study


def _say(console: Console, study: ValidationStudy) -> None:
    told = study.judgement
    for line in (*words.flags(study), words.finding(told), words.worth(told)):
        console.say(line)
    both = table(
        f"{told.method}, {study.first} to {study.last}, {told.whole.rows:,} rows, {study.provenance.universe}",
        *("", "long", "95 % interval", "short", "95 % interval"),
    )
    for row in words.sides(told):
        both.add_row(*row)
    console.show(both)
    console.say(f"  beware: {words.warning(told)}")
    console.say(f"  {words.mirror(told)}")
    cut = table("Where it holds", "", "rows", "sessions", "AUC by day, long", "short", "rank IC", "95 % interval")
    for part in (told.whole, *told.parts):
        cut.add_row(*words.part(part))
    console.show(cut)
