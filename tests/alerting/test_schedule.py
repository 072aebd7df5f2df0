"""What `springback schedule` prints is taken by systemd and by a shell, whatever the folders are called."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from springback.errors import InputError
from springback.workflow.schedule import Schedule, schedule_of, write_units
from tests.terminal import done, springback

SYSTEMD = shutil.which("systemd-analyze")
FOLDERS = ("plain", "with space", "50% off", "it's", 'a "quote"', "$HOME", "back\\slash", "semi;colon", "ünïcode")


def verified(folder: Path) -> None:
    """systemd finds nothing to complain of."""
    if SYSTEMD is None:
        pytest.skip("no systemd-analyze on this machine: apt-get install systemd")
    units = [str(one) for one in sorted(folder.glob("springback-daily.*"))]
    assert len(units) == 2
    told = subprocess.run([SYSTEMD, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_systemd_takes_what_the_verb_writes(tmp_path: Path) -> None:
    said = done(springback(tmp_path, "schedule", "--desk", "paper", "--out", "units")).stdout
    service = (tmp_path / "units" / "springback-daily.service").read_text()
    assert all(line in said for line in service.splitlines())
    assert "SuccessExitStatus=3 4\n" in service and "TimeoutStartSec=" in service and f"WorkingDirectory={tmp_path}\n" in service
    assert service.count(" daily --quiet --desk paper\n") == 1
    verified(tmp_path / "units")


def test_systemd_refuses_a_unit_that_is_wrong(tmp_path: Path) -> None:
    """The check above can fail."""
    found = schedule_of(tmp_path, Path("desk"))
    wrong = {name: text.replace("Type=oneshot", "Type=oneshort").replace("*:0/10", "*:70/10") for name, text in found.units.items()}
    write_units(Schedule(wrong, found.cron), tmp_path / "units")
    if SYSTEMD is None:
        pytest.skip("no systemd-analyze on this machine: apt-get install systemd")
    for name in wrong:
        told = subprocess.run([SYSTEMD, "verify", "--man=no", str(tmp_path / "units" / name)], capture_output=True, text=True, check=False)
        assert told.stderr, name


@pytest.mark.parametrize("name", FOLDERS)
def test_any_name_of_a_folder_is_taken(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    found = schedule_of(folder, Path(name))
    write_units(found, tmp_path / "units")
    verified(tmp_path / "units")


@pytest.mark.parametrize("name", FOLDERS)
def test_cron_runs_the_command_in_the_folder_with_these_words(name: str, tmp_path: Path) -> None:
    """cron turns `\\%` into `%` and gives the rest to a shell; a stand-in for the command writes down what it was given."""
    folder = tmp_path / name
    folder.mkdir()
    every, _, command = schedule_of(folder, Path(name)).cron.partition(" * * * * ")
    assert every == "*/10"
    change, _, words = command.replace("\\%", "%").partition(" && ")
    stand_in = tmp_path / "stand_in"
    stand_in.write_text("""#!/bin/sh\npwd\nprintf '%s\\n' "$@"\n""")
    stand_in.chmod(0o755)
    given = words.split(" daily ", 1)[1]
    told = subprocess.run(
        ["/bin/sh", "-c", f"{change} && {shlex.quote(str(stand_in))} {given}"], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines() == [str(folder), "--quiet", "--desk", name]


def test_a_unit_names_the_command_and_its_words() -> None:
    """Read back by the rules of systemd.service(5), which for these signs are those of a shell, per cent and dollar apart."""
    for name in FOLDERS:
        service = schedule_of(Path("/srv"), Path(name)).units["springback-daily.service"]
        line = next(one for one in service.splitlines() if one.startswith("ExecStart="))
        words = shlex.split(line.removeprefix("ExecStart=").replace("$$", "$").replace("%%", "%"))
        assert words[-4:] == ["daily", "--quiet", "--desk", name] and os.access(words[0], os.X_OK)


def test_the_timer_knows_no_zone() -> None:
    timer = schedule_of(Path("/srv"), Path("desk")).units["springback-daily.timer"]
    assert "OnCalendar=*:0/10\n" in timer and "New_York" not in timer
    if SYSTEMD is None:
        pytest.skip("no systemd-analyze on this machine: apt-get install systemd")
    for zone in ("America/New_York", "Asia/Kathmandu", "UTC"):
        told = subprocess.run(
            [SYSTEMD, "calendar", "--iterations=6", "--base-time=2026-11-01 00:00:00", "*:0/10"],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"TZ": zone},
        )
        assert told.stdout.count(":") > 6 and all(f":{minute}:00" in told.stdout for minute in ("10", "20", "30", "40", "50"))


def test_a_line_break_is_refused() -> None:
    with pytest.raises(InputError, match="line break"):
        schedule_of(Path("/srv"), Path("a\nExecStart=/bin/false"))
