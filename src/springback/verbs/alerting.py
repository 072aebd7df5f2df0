"""What `springback alert` and `springback schedule` do: try the channels; print what calls the desk."""

from pathlib import Path

from springback.verbs.console import Console
from springback.workflow.alerts import try_channels
from springback.workflow.schedule import schedule_of, write_units
from springback.workflow.settings import Settings, choose

__all__ = ["alert", "choose", "schedule"]


def alert(console: Console, settings: Settings) -> bool:
    """Sends a test message on every channel; whether all took it."""
    channels, faults = try_channels(settings.alerts)
    console.payload["alert"] = {"channels": len(channels), "faults": list(faults)}
    for fault in faults:
        console.say(f"  {fault}")
    if not len(channels):
        console.say('No channel: write [alerts] with urls = ["mailto://..."] into the file of keys; docs/state.md')
    else:
        console.say(f"{len(channels)} channels were tried: {len(faults)} faults")
    return not faults


def schedule(console: Console, desk: Path, out: Path | None) -> None:
    """Prints the units and the line for cron; with `out` writes the units there too."""
    found = schedule_of(Path.cwd(), desk)
    console.payload["schedule"] = {"units": found.units, "cron": found.cron}
    for name, text in found.units.items():
        console.say(f"# {name}\n{text}")
    console.say(f"# cron, where there is no systemd\n{found.cron}")
    if out is not None:
        write_units(found, out)
        console.say(f"written: {', '.join(str(out / name) for name in found.units)}")
