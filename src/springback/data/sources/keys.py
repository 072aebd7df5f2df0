"""Keys of vendors: from the environment, or from a file that its owner alone may read. They are shown nowhere."""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from springback.errors import InputError, MissingData

USUAL = Path("~/.config/springback/keys.toml")
NAMES = ("TIINGO_API_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
BROKER_TABLES = ("paper", "live", "ib_flex")
TABLES = ("alerts", *BROKER_TABLES)
"""Tables of the file that are for others than vendors of data."""
VENDORS = f"write {{name}} = \"...\" into {USUAL} and run 'chmod 600 {USUAL}'"
"""Where a vendor's key goes."""


class Keys:
    """The keys that were found, and the `way` to one that is absent, in words; neither `repr` nor a copy of its fields shows one."""

    __slots__ = ("_found", "_way")

    def __init__(self, values: Mapping[str, str], way: str = VENDORS) -> None:
        self._found, self._way = dict(values), way

    def of(self, *names: str) -> tuple[str, ...]:
        """The keys of these names. Raises `MissingData` that names the first one absent."""
        for name in names:
            if not self._found.get(name):
                raise MissingData(f"{name} is not set: export it, or {self._way.format(name=name)}")
        return tuple(self._found[name] for name in names)

    def __repr__(self) -> str:
        return f"Keys({', '.join(sorted(self._found))})"


def read_keys(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Keys:
    """Keys of `file` (default: `USUAL` if it is there), over which the environment goes. Raises `InputError`, which shows none of it."""
    path = _path(file)
    found = _read(path) if path.is_file() else {}
    return Keys(found | _around(environment))


def read_table(name: str, file: Path | None = None) -> Mapping[str, object]:
    """The table `name`, one of `TABLES`, of the file of keys; empty where it has none. Raises `InputError`, which shows none of it."""
    path = _path(file)
    table = _opened(path).get(name, {}) if path.is_file() else {}
    if not isinstance(table, dict):
        raise InputError(f"{path}: {name} must be a table, [{name}]")
    return table


def broker_keys(table: str, file: Path | None = None, environment: Mapping[str, str] | None = None) -> Keys:
    """Keys of a broker: those of the `table` of the file, one of `BROKER_TABLES`, where it stands there; else those of the environment, as
    with an empty `table`. Raises `InputError`, which shows none of them.
    """
    if table not in {"", *BROKER_TABLES}:
        raise InputError(f"brokers.keys must be one of {', '.join(BROKER_TABLES)}, was '{table[:40]}'", value=table[:40])
    keys, shown = read_table(table, file) if table else {}, file or USUAL
    way = f"write {{name}} = \"...\" under [{table}] in {shown} and run 'chmod 600 {shown}'"
    return Keys(
        _texts(keys, f"{_path(file)}, [{table}]") if keys else _around(environment),
        way if table else "name its table of the file of keys by brokers.keys",
    )


def _path(file: Path | None) -> Path:
    path = (file or USUAL).expanduser()
    if file is not None and not path.is_file():
        raise MissingData(f'{file} does not exist: give a TOML file of keys, such as TIINGO_API_KEY = "..."')
    return path


def _around(environment: Mapping[str, str] | None) -> dict[str, str]:
    around = os.environ if environment is None else environment
    given = {name: around[name] for name in NAMES if around.get(name)}
    for name, key in given.items():
        if not _travels(key):
            raise InputError(f"the environment's {name} holds a space or a sign beyond ASCII: export it as the vendor gave it")
    return given


def _travels(key: str) -> bool:
    """Whether a key can stand in a header: printable ASCII without a space. httpx would show it in its error otherwise."""
    return key.isascii() and key.isprintable() and " " not in key


def _opened(path: Path) -> dict[str, object]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise InputError(f"{path} may be read by others (rights {mode:04o}, must be 0600): run 'chmod 600 {path}', and think of new keys")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check its owner") from None
    except (ValueError, RecursionError):
        raise InputError(f'{path} is not TOML: one line a key, such as TIINGO_API_KEY = "..."') from None


def _read(path: Path) -> dict[str, str]:
    whole = {name: value for name, value in _opened(path).items() if name not in TABLES}
    unknown = sorted(set(whole) - set(NAMES))
    if unknown:
        raise InputError(f"{path} has a key named '{unknown[0][:40]}': known are {', '.join(NAMES)}")
    return _texts(whole, str(path))


def _texts(keys: Mapping[str, object], where: str) -> dict[str, str]:
    told = {name: value for name, value in keys.items() if isinstance(value, str)}
    if len(told) < len(keys):
        raise InputError(f"{where}: every key must be a text in quotes")
    if broken := sorted(name for name, value in told.items() if not _travels(value)):
        raise InputError(f"{where}: {broken[0]} holds a space or a sign beyond ASCII: write it as the vendor gave it")
    return told
