"""Where the state database lies, and copies of it."""

from dataclasses import dataclass
from pathlib import Path

from springback.errors import MissingData
from springback.project import project
from springback.state.backup import backup, restore
from springback.state.state import State

FILE = "state.sqlite"
DESK = Path("desk")


def place(desk: Path = DESK) -> str:
    """The project's `paths.state`, a file or an address; `state.sqlite` in the folder `desk` where it is empty."""
    return project().paths.state or str(desk / FILE)


def open_state(desk: Path = DESK, patience: int | None = None) -> State:
    """The state of the desk in `desk`, made where there is none; `patience` as `State` takes it. Raises as `State` does."""
    return State(place(desk), patience)


@dataclass(frozen=True)
class Copied:
    """A copy of the state: which database, which file, and the rows of each table."""

    state: str
    file: Path
    rows: dict[str, int]


def back_up(desk: Path, out: Path) -> Copied:
    """Writes the state of `desk` to the new file `out`. Raises `MissingData` where there is no state yet, `Unwritable`, `StateError`."""
    where = place(desk)
    if "://" not in where and not Path(where).exists():
        raise MissingData(f"there is no state {where} to back up: name the desk by --desk, or the state by [paths] state")
    state = State(where)
    return Copied(state.name, out, backup(state, out))


def bring_back(desk: Path, file: Path) -> Copied:
    """Writes the backup `file` into the empty state of `desk`. Raises `MissingData`, `StateError`, `Unwritable`."""
    state = open_state(desk)
    return Copied(state.name, file, restore(state, file))
