"""The verb of the quarter: the risk review, and signing what it proposes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.command import command
from springback.cli.options import ForecastFile, Knobs, Models, Scheduler, Stored
from springback.project import usual

if TYPE_CHECKING:
    from springback.verbs.console import Console

Desk = Annotated[Path | None, typer.Option("--desk", help="One account's folder of frozen decisions.", show_default="desk")]


def review(
    console: "Console",
    *,
    desk: Desk = None,
    quarter: Annotated[
        str | None, typer.Option("--quarter", help="Quarter, as 2026Q3.", show_default="the newest that the desk completed")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Sign what the review in --out proposes as a new settings version.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="With --apply: who signs.", show_default=False)] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="With --apply: this setting alone. May be repeated.", show_default=False)
    ] = None,
    stored: Stored,
    models: Models,
    forecasts: ForecastFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the review.", show_default="runs/review/QUARTER")] = None,
    cluster: Scheduler = None,
    knobs: Knobs,
) -> None:
    """Write the quarterly risk review: what was decided, held, earned and missed, and which settings the evidence would change."""
    from springback.verbs import review as verb

    chosen = verb.choose(knobs.settings, knobs.sets)
    place = verb.desk(desk)
    named = verb.quarter(place, quarter)
    folder = out or usual("runs") / "review" / named
    if apply:
        verb.alone({**vars(knobs), **vars(stored), **vars(models), "forecasts": forecasts, "cluster": cluster})
        verb.sign(console, folder, by, tuple(only or ()))
        return
    verb.unsigned(by, only)
    verb.places.check(models.models, stored.store)
    models_dir = verb.places.models_folder(models.models_dir, beside=forecasts, kind=models.models)
    ground = verb.Ground(place, verb.Inputs(**vars(stored)), verb.Choice(models_dir, models.models, forecasts))
    with verb.workers_at(cluster, chosen.training.threads) as workers, verb.places.held(folder):
        verb.review(console, chosen, ground, named, folder, verb.Work(workers, verb.Recorder(stored.store, "", command())))
