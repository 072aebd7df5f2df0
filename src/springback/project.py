"""The project file: `springback.toml` in the working folder says where things lie and which knobs are turned, for every verb."""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from springback.errors import SettingsError
from springback.settings import build, read

FILE = "springback.toml"


@dataclass(frozen=True)
class Paths:
    """Where things lie, relative to the project file: what `--store`, `--models-dir`, `--out`, `--downloads` and `--keys` mean unsaid.

    `ledger`: the trial ledger; empty is `ledger.sqlite` beside the store. `keys`: empty is the user's own file. `state`: the state
    database, a file or a `postgresql://` address; empty is `state.sqlite` in the desk's folder.
    """

    store: str = "store"
    models: str = "models"
    runs: str = "runs"
    downloads: str = "downloads"
    keys: str = ""
    ledger: str = ""
    state: str = ""

    def __post_init__(self) -> None:
        for name in ("store", "models", "runs", "downloads"):
            if not getattr(self, name):
                raise SettingsError(f"paths.{name} must name a folder, was empty")


@dataclass(frozen=True)
class _Root:
    paths: Paths = field(default_factory=Paths)


@dataclass(frozen=True)
class Project:
    """A project file as it was read: its path (None: there is none), its paths, and its tables of knobs."""

    file: Path | None = None
    paths: Paths = field(default_factory=Paths)
    knobs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def project(folder: Path = Path()) -> Project:
    """The project of `folder`, the working folder; an empty one where there is no file. Raises `SettingsError` that names the file."""
    file = folder / FILE
    if not file.is_file():
        return Project()
    knobs = read(file)
    given = knobs.pop("paths", {})
    try:
        paths = build(_Root, {"paths": given}).paths
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from None
    return Project(file, _from(folder, paths), knobs)


def usual(name: str, folder: Path = Path()) -> Path:
    """`paths.NAME` of the project of `folder`: where a verb looks or writes that was told no other place."""
    return Path(getattr(project(folder).paths, name))


def named(name: str, folder: Path = Path()) -> Path | None:
    """`paths.NAME` likewise, where the project names one."""
    said = str(getattr(project(folder).paths, name))
    return Path(said) if said else None


def _from(folder: Path, paths: Paths) -> Paths:
    """`paths` as seen from the working folder; an address (s3://bucket) and an absolute path stay."""
    said = {name: str(value) for name, value in dataclasses.asdict(paths).items()}
    return Paths(**{name: value if not value or "://" in value else str(folder / Path(value).expanduser()) for name, value in said.items()})


def template(knobs: Mapping[str, Any]) -> str:
    """The text of a new project file: every path and knob with its default, commented out, so that what is said is what was changed."""
    lines = [
        "# What every verb run in this folder takes: the defaults, then this file, then --settings FILE, then --set table.name=value.",
        "# A line without its '#' is in force. Paths are relative to this file.",
        "",
        "[paths]",
        *(f"# {name} = {_toml(value)}{_NOTES.get(name, '')}" for name, value in dataclasses.asdict(Paths()).items()),
    ]
    table = ""
    for name, value in knobs.items():
        here, _, knob = name.partition(".")
        if here != table:
            table = here
            lines += ["", f"[{table}]"]
        lines.append(f"# {knob} = {_toml(value)}")
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return text


_NOTES = {
    "keys": "  # empty: ~/.config/springback/keys.toml",
    "ledger": "  # empty: ledger.sqlite beside the store",
    "state": "  # or postgresql://...; empty: state.sqlite in desk/",
}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
