"""Which accounts lie in the folders of desks: each folder with a book of its own, and those of brokers' accounts within it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from springback.operation.desk_folder import DAY, DeskFolder
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
        inner = [folder / one for one in sorted(os.listdir(folder)) if not DAY.fullmatch(one)] if folder.is_dir() else []  # noqa: PTH208
        found += [Desk(one.name, one, True) for one in inner if _opened(one)]
        found += [Desk(folder.resolve().name, folder, False)] if _opened(folder) else []
    names: dict[str, Desk] = {}
    for one in sorted(found, key=lambda one: not one.broker):
        names.setdefault(one.name, one)
    return tuple(names.values())


def _opened(folder: Path) -> bool:
    return (folder / FILE).is_file() or bool(DeskFolder(folder).sessions())
