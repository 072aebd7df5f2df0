"""The verbs of the models' timeline: retrain, models, promote, rollback."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.options import Knobs, ModelsFolder, Stored, StoreFolder

if TYPE_CHECKING:
    from springback.verbs.console import Console

Desk = Annotated[Path | None, typer.Option("--desk", help="One account's folder of frozen decisions.", show_default="desk")]
By = Annotated[str, typer.Option("--by", help="Who signs.", show_default=False)]
Why = Annotated[str | None, typer.Option("--why", help="Why, in a few words.", show_default=False)]
USUAL_DESK = Path("desk")


def retrain(
    console: "Console",
    *,
    stored: Stored,
    models_dir: ModelsFolder = None,
    now: Annotated[bool, typer.Option("--now", help="Train though it is not due yet.")] = False,
    knobs: Knobs,
) -> None:
    """Train a challenger on what is known by the newest session, and register its contest with the champion."""
    from springback.verbs import models as verb

    chosen = verb.choose(knobs.settings, knobs.sets)
    verb.places.check(store=stored.store)
    folder = verb.places.models_folder(models_dir, trains=True)
    verb.retrain(console, chosen, verb.Inputs(**vars(stored)), folder, now)


def models(console: "Console", *, models_dir: ModelsFolder = None, desk: Desk = None, knobs: Knobs) -> None:
    """List the champion, the one before, the challengers and their contests."""
    from springback.verbs import models as verb

    chosen = verb.choose(knobs.settings, knobs.sets)
    verb.models(console, chosen, verb.places.models_folder(models_dir), desk or USUAL_DESK)


def promote(
    console: "Console",
    name: Annotated[str, typer.Argument(help="The challenger, or how its name begins.", show_default=False)],
    *,
    by: By,
    override: Annotated[str | None, typer.Option("--override", help="Why, where its contest is not won.", show_default=False)] = None,
    why: Why = None,
    models_dir: ModelsFolder = None,
    store: StoreFolder = None,
    desk: Desk = None,
    knobs: Knobs,
) -> None:
    """Sign a challenger's win: it is champion from the next session on, and the other contests begin anew."""
    from springback.verbs import models as verb

    chosen = verb.choose(knobs.settings, knobs.sets)
    registry = verb.registry_of(chosen, verb.places.models_folder(models_dir), store)
    verb.promote(console, chosen, registry, name, verb.Word(by, why or ""), override or "", desk or USUAL_DESK)


def rollback(
    console: "Console",
    *,
    by: By,
    why: Why = None,
    models_dir: ModelsFolder = None,
    store: StoreFolder = None,
    desk: Desk = None,
    knobs: Knobs,
) -> None:
    """Make the champion before the newest champion again, from the next session on."""
    from springback.verbs import models as verb

    chosen = verb.choose(knobs.settings, knobs.sets)
    registry = verb.registry_of(chosen, verb.places.models_folder(models_dir), store)
    verb.rollback(console, chosen, registry, verb.Word(by, why or ""), desk or USUAL_DESK)


VERBS: tuple[Callable[..., int | None], ...] = (retrain, models, promote, rollback)
