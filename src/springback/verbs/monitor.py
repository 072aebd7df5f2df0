"""What `springback monitor` does: how the desk's account did, whether its models still work, and clearing an alarm."""

from datetime import UTC, datetime
from pathlib import Path

from springback.errors import InputError
from springback.monitoring import monitor_words as words
from springback.monitoring.metrics import metrics
from springback.monitoring.monitor_study import MonitorStudy, as_json
from springback.verbs.console import Console, table
from springback.workflow import monitor as workflow
from springback.workflow import places, watch
from springback.workflow.inputs import Inputs, stored
from springback.workflow.settings import Settings, choose
from springback.workflow.state_place import open_state
from springback.workflow.trade_status import account_folder

__all__ = ["Console", "Inputs", "account_folder", "choose", "places"]


def clear(console: Console, desk: Path, by: str | None) -> None:
    """Clears the alarm that stands in `desk`, in the name of `by`. Raises `InputError`."""
    if by is None:
        raise InputError("--clear needs --by WHO: an alarm is cleared by a person")
    state = watch.clear(desk, by, open_state(desk), datetime.now(UTC))
    console.payload["monitor"] = {"champion": state.champion, "alarm": False, "cleared": state.cleared}
    console.say(f"the alarm over {state.champion} is cleared by {state.cleared}: new entries have their whole size again")


def refuse(by: str | None) -> None:
    """Refuses what goes with `--clear` alone. Raises `InputError`."""
    if by is not None:
        raise InputError("--by says who clears an alarm: say --clear too")


def monitor(
    console: Console, settings: Settings, desk: Path, inputs: Inputs, models: Path, out: Path, prometheus: Path | None, command: str
) -> MonitorStudy:
    """Brings the watch up to date, writes the page to `out` and the text file to `prometheus`, and prints."""
    study = workflow.monitor(settings, desk, stored(inputs), models, command, console)
    workflow.write(study, out)
    if prometheus is not None:
        places.write(prometheus.parent, {prometheus.name: metrics(study)})
    console.payload["monitor"] = as_json(study)
    console.payload["page"] = str(out)
    _say(console, study)
    console.say(f"page: {out}")
    return study


def _say(console: Console, study: MonitorStudy) -> None:
    for one in (*words.flags(study), words.finding(study), words.resolve(study), *words.lead(study)):
        if one:
            console.say(one)
    sides = table(
        f"Champion {study.champion}, {study.first} to {study.last}",
        *("", "fired, ripe", "came true", "95 % interval", "fired, all", "expected"),
    )
    for name in ("long", "short"):
        side = getattr(study.accuracy, name)
        sides.add_row(name, *words.hits(side.rate), *words.fired(side.firing))
    console.show(sides)
    if study.watch is not None:
        console.say(f"  {words.watched(study)}")
    moved = [one.name for one in study.drift if one.drifts]
    if study.drift:
        console.say(
            f"  drift: {', '.join(moved) or 'none'}; it moves forecasts: {', '.join(one.name for one in study.drift if one.moves) or 'no'}"
        )
    console.say(f"  regime: {words.regime(study)}")
    for one in words.missing(study):
        console.say(f"  {one}")
