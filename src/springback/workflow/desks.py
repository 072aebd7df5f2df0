"""Which accounts lie in the folders of desks: each folder with a book of its own, and those of brokers' accounts within it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from springback.operation.desk_folder import DAY
from springback.operation.frozen_decision import DECISION
from springback.workflow.listing import names
from springback.workflow.state_place import FILE


@dataclass(frozen=True)
class Desk:
    """An account's `folder`; `name` is that of the account. `broker`: it is one at a broker, or a simulated one."""

    name: str
    folder: Path
    broker: bool


def desks_in(folders: Iterable[Path]) -> tuple[Desk, ...]:
    """The accounts in `folders`, those at brokers first; of two with one name the first alone. A folder that is not there has none."""
    found: list[Desk] = []
    for folder in folders:
        inner = [folder / one for one in _others(folder)]
        found += [Desk(one.name, one, True) for one in inner if _opened(one)]
        found += [Desk(folder.resolve().name, folder, False)] if _opened(folder) else []
    known: dict[str, Desk] = {}
    for one in sorted(found, key=lambda one: not one.broker):
        known.setdefault(one.name, one)
    return tuple(known.values())


def _others(folder: Path) -> tuple[str, ...]:
    """The names in `folder` that are no session's; none where there is no folder."""
    try:
        return _undated(names(folder))
    except OSError:
        return ()


@lru_cache(16)
def _undated(known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in known if not DAY.fullmatch(one))


def _opened(folder: Path) -> bool:
    if (folder / FILE).is_file():
        return True
    try:
        known = names(folder)
    except OSError:
        return False
    return any((folder / one / DECISION).is_file() for one in reversed(known) if DAY.fullmatch(one))
