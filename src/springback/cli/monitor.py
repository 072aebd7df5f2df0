"""The verb that looks whether what was decided still works."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from springback.cli.command import command
from springback.cli.operation import DeskFolder
from springback.cli.options import Knobs, ModelsFolder, Stored
from springback.project import usual

if TYPE_CHECKING:
    from springback.verbs.console import Console


def monitor(
    console: "Console",
    *,
    desk: DeskFolder = Path("desk"),
    clear: Annotated[bool, typer.Option("--clear", help="Clear the alarm that stands: new entries have their whole size again.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="With --clear: who clears it.", show_default=False)] = None,
    stored: Stored,
    models_dir: ModelsFolder = None,
    out: Annotated[Path | None, typer.Option("--out", help="Page to write.", show_default="runs/monitor/monitor.html")] = None,
    prometheus: Annotated[
        Path | None, typer.Option("--prometheus", help="Text file to write for a Prometheus node exporter.", show_default=False)
    ] = None,
    knobs: Knobs,
) -> None:
    """Look whether it still works: the account beside its backtests, accuracy as labels ripen, drift, the regime; an alarm and its end."""
    from springback.verbs import monitor as verb

    chosen = verb.choose(knobs.settings, knobs.sets)
    desk = verb.account_folder(desk, chosen)
    if clear:
        verb.clear(console, desk, by)
        return
    verb.refuse(by)
    page, models = out or usual("runs") / "monitor" / "monitor.html", verb.places.models_folder(models_dir)
    for file in (page, prometheus or page):
        verb.places.writable(file.parent)
    verb.monitor(console, chosen, desk, verb.Inputs(**vars(stored)), models, page, prometheus, command())
