"""TOML tables -> frozen dataclasses. An unknown knob is refused with the nearest known name.

A part is its own settings: each room declares a frozen dataclass whose fields are the knobs, and `workflow.settings.Settings` has one field
for each table. This module only reads, merges and checks; it knows none of them.
"""

import dataclasses
import difflib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from springback.errors import SettingsError

Root = TypeVar("Root")
Layer = Path | Mapping[str, Any] | tuple[str, Mapping[str, Any]]
"""A TOML file, its tables, or tables with the name of the file that they are from."""


def load(root: type[Root], files: Iterable[Layer] = (), overrides: Iterable[str] = ()) -> Root:
    """The settings of `root` (a dataclass of dataclasses): its defaults, then each TOML file (or its tables), then each `table.name=value`.

    Raises `SettingsError` on an unreadable file, an unknown table or knob, and a value outside its type or range; it names the file.
    """
    layers = [_layer(one) for one in files] + [("", _parse(text)) for text in overrides]
    tables: dict[str, dict[str, Any]] = {}
    for where, layer in layers:
        _merge(tables, layer, where)
    try:
        return build(root, tables)
    except SettingsError as error:
        raise SettingsError(f"{_guilty(root, layers)}{error}") from None


def _layer(one: Layer) -> tuple[str, Mapping[str, Any]]:
    if isinstance(one, Path):
        return f"{one}: ", read(one)
    return (f"{one[0]}: ", one[1]) if isinstance(one, tuple) else ("", one)


def build(root: type[Root], tables: Mapping[str, Mapping[str, Any]]) -> Root:
    """`root` filled from `tables`; what a table does not name keeps its default. Raises `SettingsError` on an unknown table or knob."""
    kinds = get_type_hints(root)
    for table in tables:
        if table not in kinds:
            raise SettingsError(f"settings have no table '{table}'{_nearest(table, kinds)}")
    parts = {table: _part(table, kinds[table], values) for table, values in tables.items()}
    return root(**parts)


def nested(knobs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`{"table": {"name": value}}` and `{"table.name": value}`, mixed as one likes, as tables. Raises `SettingsError` on neither."""
    tables: dict[str, dict[str, Any]] = {}
    for name, value in knobs.items():
        table, dot, knob = str(name).partition(".")
        _merge(tables, {table: {knob: value} if dot else value}, "")
    return tables


def flat(settings: Any) -> dict[str, Any]:
    """`{"table.name": value}` of every knob, in order: what a run folder records."""
    return {f"{table}.{name}": value for table, values in dataclasses.asdict(settings).items() for name, value in values.items()}


MOVES = ("data", "forecasts", "orders", "search", "report", "nothing")
"""What a knob can move, the farther to the left the more is worked out anew; `search`: which settings a search asks for."""


def moves(root: type[Any]) -> dict[str, str]:
    """`{"table.name": what it moves}` of every knob of `root`: what its own field says (`metadata={"moves": ...}`), else its table's.

    Raises `TypeError` where neither says one of `MOVES`: a table that said nothing would leave stale forecasts in use.
    """
    kinds, out = get_type_hints(root), {}
    for table in dataclasses.fields(root):
        for knob in dataclasses.fields(kinds[table.name]):
            word = knob.metadata.get("moves", table.metadata.get("moves"))
            if word not in MOVES:
                raise TypeError(f"{table.name}.{knob.name} must say what it moves, one of {', '.join(MOVES)}, said {word}")
            out[f"{table.name}.{knob.name}"] = word
    return out


def _part(table: str, kind: Any, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    if not isinstance(values, Mapping):
        raise SettingsError(f"settings: '{table}' is a table of knobs, was {values!r}: write '{table}.name = value'", value=values)
    checked = {}
    for name, value in values.items():
        if name not in hints:
            raise SettingsError(f"settings have no knob '{table}.{name}'{_nearest(name, hints, table + '.')}")
        checked[name] = _value(f"{table}.{name}", hints[name], value)
    return kind(**checked)


def _value(name: str, hint: Any, value: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    if hint is str and isinstance(value, date):
        value = value.isoformat()

    try:
        found = TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False)).validate_python(value)
    except ValidationError as error:
        if _means_date(hint):
            raise SettingsError(f"settings: {name} must be a date such as 2020-01-02, was '{value}'", value=value) from None
        reason = error.errors()[0]["msg"].removeprefix("Input should be ")
        raise SettingsError(f"settings: {name} should be {reason}, was {value!r}", value=value) from None
    if not _alike(value, found):
        raise SettingsError(
            f"settings: {name} should be a number where a number is meant, true or false where that is, was {value!r}", value=value
        )
    return found


def _means_date(hint: Any) -> bool:
    return hint is date or date in get_args(hint)


def _alike(value: Any, result: Any) -> bool:
    """Whether no number was made of true and no true of a number; a word such as the "True" of LEAN's parameters may be either."""
    if isinstance(value, list | tuple) and isinstance(result, list | tuple):
        return all(map(_alike, value, result))
    return isinstance(value, str) or isinstance(value, bool) == isinstance(result, bool)


def read(file: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises `SettingsError` that names it."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"settings file {file} does not exist") from None
    except RecursionError:
        raise SettingsError(f"settings file {file} is not TOML of knobs: brackets stand too deep in one another") from None
    except ValueError as error:
        raise SettingsError(f"settings file {file} is not TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"settings file {file} cannot be read: {error.strerror}") from None


def _parse(text: str) -> dict[str, Any]:
    name, equals, value = text.partition("=")
    table, dot, knob = name.strip().partition(".")
    if not (equals and dot and knob):
        raise SettingsError(f"--set takes table.name=value, was '{text}'", value=text)
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")["value"]
    except (ValueError, RecursionError):
        parsed = value.strip()
    return {table: {knob: parsed}}


def _guilty(root: type[Any], layers: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The layer with which the fault came that the whole has; nothing where it was an override, which the user sees as it was typed."""
    tables: dict[str, dict[str, Any]] = {}
    guilty = None
    for where, layer in layers:
        _merge(tables, layer, where)
        try:
            build(root, tables)
        except SettingsError:
            guilty = where if guilty is None else guilty
        else:
            guilty = None
    return guilty or ""


def _merge(tables: dict[str, dict[str, Any]], more: Mapping[str, Any], where: str) -> None:
    for table, values in more.items():
        if not isinstance(values, Mapping):
            raise SettingsError(f"{where}settings: '{table}' stands outside any table: write it as table.name = value")
        tables.setdefault(table, {}).update(values)


def _nearest(name: str, names: Iterable[str], prefix: str = "") -> str:
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f": did you mean '{prefix}{near[0]}'?" if near else f": known are {', '.join(prefix + k for k in names)}"
