"""The signed settings beside a project file: settings/versions/NNNN.toml, each written once, one of them in force."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from springback.errors import SettingsError
from springback.project import FILE, Project
from springback.settings import read

FOLDER = Path("settings") / "versions"
TABLES = ("strategy", "regime", "costs")
"""What a version settles: the tables that rule and backtest both go by."""
HEAD = "version"
SIGNED = ("number", "by", "at", "review", "review_hash", "previous", "changed")


@dataclass(frozen=True)
class SettingsVersion:
    """A signed version: its `file`, `number`, who signed it and when, the quarter and hash of the review it came from, the number before
    it, the knobs that it `changed`, and its `tables` of knobs.
    """

    file: Path
    number: str
    by: str
    at: str
    review: str
    review_hash: str
    previous: str
    changed: tuple[str, ...]
    tables: Mapping[str, Mapping[str, Any]]


def folder_of(here: Project) -> Path:
    """Where the versions of a project lie."""
    return (Path() if here.file is None else here.file.parent) / FOLDER


def numbers(folder: Path) -> tuple[str, ...]:
    """The numbers of the versions in `folder`, in order."""
    return tuple(sorted(file.stem for file in folder.glob("*.toml") if re.fullmatch(r"[0-9]{4}", file.stem)))


def in_force(here: Project) -> SettingsVersion | None:
    """The version that the project `here` names; None where it names none. Raises `SettingsError` where it is not there or is none."""
    if not here.version:
        return None
    file = folder_of(here) / f"{here.version}.toml"
    if not file.is_file():
        raise SettingsError(
            f"{FILE} names settings version {here.version}, and {file} is not there: bring it back, or name another version"
        )
    return read_version(file)


def read_version(file: Path) -> SettingsVersion:
    """The version in `file`. Raises `SettingsError` where it says what no version settles."""
    tables = read(file)
    head = tables.pop(HEAD, None)
    if not isinstance(head, Mapping) or set(head) != set(SIGNED) or head["number"] != file.stem:
        raise SettingsError(f"{file} is no signed version of the settings: its [version] is not that of {file.stem}")
    if other := sorted(set(tables) - set(TABLES)):
        raise SettingsError(f"{file} says [{other[0]}]: a version settles {', '.join(TABLES)}, what rule and backtest know, and no more")
    texts = {name: str(head[name]) for name in SIGNED if name != "changed"}
    return SettingsVersion(file, **texts, changed=tuple(map(str, head["changed"])), tables=tables)
