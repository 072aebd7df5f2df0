"""What `springback rehearse` says: whether evenings played one by one are the backtest, and where they are not."""

from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path

from springback.project import usual
from springback.verbs.console import Console
from springback.workflow import places
from springback.workflow.inputs import Inputs
from springback.workflow.rehearse import Period, Rehearsal, rehearse
from springback.workflow.settings import Settings, choose


def begin(
    console: Console,
    knobs: tuple[Path | None, list[str] | None],
    paths: tuple[Path | None, Path | None],
    folder: Path,
    span: tuple[date, date, str, int | None],
) -> bool:
    """Rehearses under settings of a file and of words, on the store and with the models that are named or usual."""
    store, models = paths
    return run(console, choose(*knobs), Inputs(store=store or usual("store")), places.models_folder(models, trains=True), folder, span)


def run(console: Console, settings: Settings, inputs: Inputs, models: Path, folder: Path, span: tuple[date, date, str, int | None]) -> bool:
    """Rehearses and says it; whether the evenings were the backtest, or on other data kept the laws of the desk."""
    first, last, data, faults = span
    found = rehearse(settings, inputs, models, folder, Period(first, last, data, faults), console)
    console.payload["rehearse"] = {**asdict(found), "folder": str(found.folder)}
    console.payload |= {
        "sessions": found.sessions,
        "orders": found.orders,
        "orders_equal": found.orders_equal,
        "first_difference": None if found.first_difference is None else asdict(found.first_difference),
        "largest_equity_difference": found.largest_equity_difference,
    }
    seconds = f"{found.evening_seconds:.1f} s of evenings, {found.training_seconds:.1f} s of training"
    console.say(f"{found.sessions:,} evenings, {found.orders:,} orders; {seconds}")
    console.say(f"champions: {', '.join(found.champions)}")
    if found.first_difference is None:
        console.say(f"orders equal the backtest's line by line, equity to ${found.largest_equity_difference:.2g}")
    else:
        one = found.first_difference
        console.say(f"the first difference is the {one.what} of {one.session}: the evening has {one.evening}, the backtest {one.backtest}")
    _say_faults(console, found)
    console.say(f"rehearsal: {found.folder}")
    return not found.broken and (found.orders_equal or data == "known" or faults is not None)


def _say_faults(console: Console, rehearsal: Rehearsal) -> None:
    """What set the evenings apart, and which laws they broke."""
    for cause, sessions in Counter(one.cause for one in rehearsal.causes).items():
        console.say(f"  {cause}: {sessions:,} evenings")
    if rehearsal.kills:
        console.say(f"  killed {rehearsal.kills:,} times")
    for line in rehearsal.broken:
        console.say(f"  BROKEN: {line}")
