"""What calls the desk: units for systemd, a line for cron. The command ends at once when nothing is due, so they know no calendar."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from springback.data.files.reading import atomic
from springback.errors import InputError

NAME = "springback-daily"
MINUTES = 10
SERVICE = """\
[Unit]
Description=Springback: the evening of {desk}
Documentation=man:systemd.service(5)
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={command}
# 3: the data are not there yet; 4: decided, but exits only.
SuccessExitStatus=3 4
# The longest evening is one that retrains; what hangs is ended, and the next call goes on.
TimeoutStartSec=6h
"""
TIMER = """\
[Unit]
Description=Springback: calls the desk every {minutes} minutes, in any time zone and season

[Timer]
OnCalendar=*:0/{minutes}
AccuracySec=1min
Persistent=true
Unit={name}.service

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True)
class Schedule:
    """The texts of the units by file name, and the line for a crontab."""

    units: Mapping[str, str]
    cron: str


def schedule_of(folder: Path, desk: Path) -> Schedule:
    """What calls `springback daily` in `folder` for `desk`, as seen from there. Raises `InputError` on a name with a line break."""
    words = [*_command(), "daily", "--quiet", "--desk", str(desk)]
    for word in (*words, str(folder)):
        if not word.isprintable():
            raise InputError(f"{word!r} holds a line break or another sign that no unit can name: give the folder another name")
    said = {"desk": _literal(str(desk)), "folder": _literal(str(folder)), "command": " ".join(map(_quoted, words))}
    units = {f"{NAME}.service": SERVICE.format(**said), f"{NAME}.timer": TIMER.format(minutes=MINUTES, name=NAME)}
    return Schedule(units, f"*/{MINUTES} * * * * {_shell(folder, words)}")


def write_units(schedule: Schedule, folder: Path) -> None:
    """Writes the units into `folder`. Raises `Unwritable`."""
    for name, text in schedule.units.items():
        with atomic(folder / name) as part:
            part.write_text(text, encoding="utf-8")


def _command() -> list[str]:
    """The command of this environment."""
    script = Path(sys.executable).with_name("springback")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "springback"]


def _literal(text: str) -> str:
    """`text` where systemd would put something in the place of a per cent sign."""
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    """`word` as one argument of a command in a unit."""
    escaped = _literal(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"' if set(word) & set(" '\\\";") else escaped


def _shell(folder: Path, words: Sequence[str]) -> str:
    """The command for cron, which ends a line at a per cent sign."""
    return f"cd {shlex.quote(str(folder))} && {shlex.join(words)}".replace("%", "\\%")
