"""The project file: `springback.toml` in the working folder says where things lie and which knobs are turned, for every verb."""

import dataclasses
import re
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
class Signed:
    """`version`: the signed settings in force, those of settings/versions/NNNN.toml beside the project file; empty: none, the settings are
    unversioned.
    """

    version: str = ""

    def __post_init__(self) -> None:
        if self.version and not re.fullmatch(r"[0-9]{4}", self.version):
            raise SettingsError(f"settings.version must be a number of four digits such as 0003, was '{self.version}'", value=self.version)


@dataclass(frozen=True)
class _Root:
    paths: Paths = field(default_factory=Paths)
    settings: Signed = field(default_factory=Signed)


@dataclass(frozen=True)
class Project:
    """A project file as it was read: its path (None: there is none), its paths, its tables of knobs, and the `version` of the settings that
    it names (empty: none)."""

    file: Path | None = None
    paths: Paths = field(default_factory=Paths)
    knobs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    version: str = ""


def project(folder: Path = Path()) -> Project:
    """The project of `folder`, the working folder; an empty one where there is no file. Raises `SettingsError` that names the file."""
    file = folder / FILE
    if not file.is_file():
        return Project()
    knobs = read(file)
    own: dict[str, Any] = {name: knobs.pop(name) for name in ("paths", "settings") if name in knobs}
    try:
        root = build(_Root, own)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from None
    return Project(file, _from(folder, root.paths), knobs, root.settings.version)


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
        "# What every verb run in this folder takes: the defaults, then this file, then the signed version that it names under [settings],",
        "# then --settings FILE, then --set table.name=value. A line without its '#' is in force. Paths are relative to this file.",
        "",
        "[paths]",
        *(f"# {name} = {as_toml(value)}{_NOTES.get(name, '')}" for name, value in dataclasses.asdict(Paths()).items()),
        "",
        "[settings]",
        '# version = ""  # empty: unversioned; "springback review --apply" writes settings/versions/NNNN.toml and its number here',
    ]
    table = ""
    for name, value in knobs.items():
        here, _, knob = name.partition(".")
        if here != table:
            table = here
            lines += ["", f"[{table}]"]
        lines.append(f"# {knob} = {as_toml(value)}")
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return text


_HEADER, _OTHER = re.compile(r"\s*\[\s*settings\s*\]\s*(#.*)?"), re.compile(r"\s*\[")
_VERSION = re.compile(r"""(\s*version\s*=\s*)("[^"]*"|'[^']*')(.*)""", re.DOTALL)


def pointed(text: str, version: str) -> str:
    """The text of a project file, `version` being the settings that it names and everything else as it was, comments too.

    Raises `SettingsError` where the file is written in a way that only a person can change.
    """
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    start = next((k for k, line in enumerate(lines) if _HEADER.fullmatch(line.rstrip())), None)
    said = f'version = "{version}"'
    if start is None:
        gap = "" if not lines else end if lines[-1].endswith(end) else end + end
        changed = "".join([*lines, gap, f"[settings]{end}", f"{said}{end}"])
    else:
        stop = next((k for k in range(start + 1, len(lines)) if _OTHER.match(lines[k])), len(lines))
        own = next(((k, found) for k in range(start + 1, stop) if (found := _VERSION.fullmatch(lines[k]))), None)
        header = [*lines[:start], lines[start].rstrip() + end]
        if own is None:
            changed = "".join([*header, f"{said}{end}", *lines[start + 1 :]])
        else:
            changed = "".join([*lines[: own[0]], f'{own[1][1]}"{version}"{own[1][3]}', *lines[own[0] + 1 :]])
    before, after = tomllib.loads(text), _parsed(changed)
    before["settings"] = {**before.get("settings", {}), "version": version}
    if after != before:
        raise SettingsError(f"{FILE} names its settings in a way that is not changed by a program: write {said} under [settings] by hand")
    return changed


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


_NOTES = {
    "keys": "  # empty: ~/.config/springback/keys.toml",
    "ledger": "  # empty: ledger.sqlite beside the store",
    "state": "  # or postgresql://...; empty: state.sqlite in desk/",
}


def as_toml(value: Any) -> str:
    """`value`, a knob, as a TOML file has it; one that is infinite or no number has no place there."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
