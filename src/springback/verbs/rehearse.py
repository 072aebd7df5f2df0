"""What `springback rehearse` says: whether evenings played one by one are the backtest, and where they are not."""

from dataclasses import asdict
from datetime import date
from pathlib import Path

from springback.project import usual
from springback.verbs.console import Console
from springback.workflow import places
from springback.workflow.inputs import Inputs
from springback.workflow.rehearse import Period, rehearse
from springback.workflow.settings import Settings, choose


def begin(
    console: Console,
    knobs: tuple[Path | None, list[str] | None],
    paths: tuple[Path | None, Path | None],
    folder: Path,
    span: tuple[date, date, str],
) -> bool:
    """Rehearses under settings of a file and of words, on the store and with the models that are named or usual."""
    store, models = paths
    return run(console, choose(*knobs), Inputs(store=store or usual("store")), places.models_folder(models, trains=True), folder, span)


def run(console: Console, settings: Settings, inputs: Inputs, models: Path, folder: Path, span: tuple[date, date, str]) -> bool:
    """Rehearses and says it; whether the evenings were the backtest."""
    first, last, data = span
    found = rehearse(settings, inputs, models, folder, Period(first, last, data), console)
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
    console.say(f"rehearsal: {found.folder}")
    return found.orders_equal or data == "known"
