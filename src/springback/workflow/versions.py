"""Signing what a review proposes: a new version of the settings, written once, and the pointer to it in the project file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from springback import settings as toml
from springback.alone import alone
from springback.errors import InputError, SettingsError
from springback.project import FILE, Project, as_toml, pointed, project
from springback.settings import flat
from springback.strategy.knobs import rule_parameters
from springback.workflow import places
from springback.workflow.settings import Settings, choose
from springback.workflow.version_file import HEAD, TABLES, SettingsVersion, folder_of, in_force, numbers, read_version


@dataclass(frozen=True)
class Asked:
    """What a written review proposes: its quarter, the hash of its file, and (knob, value in force then, value proposed) each."""

    quarter: str
    hash: str
    changes: tuple[tuple[str, Any, Any], ...]


def version_of(settings: Settings, here: Project | None = None) -> str | None:
    """The number of the signed version that `settings` are those of; None where none is in force, or a knob of it was said otherwise."""
    signed = in_force(project() if here is None else here)
    if signed is None:
        return None
    own = flat(settings)
    said = flat(toml.load(Settings, [(str(signed.file), signed.tables)]))
    named = {f"{table}.{name}" for table, knobs in signed.tables.items() for name in knobs}
    return signed.number if all(own[name] == said[name] for name in named) else None


def overruled(here: Project) -> tuple[str, ...]:
    """The knobs of the project file that the version in force says otherwise, in order: what stands there has no effect."""
    signed = in_force(here)
    if signed is None:
        return ()
    pairs = [(table, name, value) for table, knobs in here.knobs.items() for name, value in knobs.items()]
    return tuple(f"{table}.{name}" for table, name, value in pairs if signed.tables.get(table, {}).get(name, value) != value)


def asked(file: Path, only: Sequence[str] = ()) -> Asked:
    """What the review in `file` proposes, of it `only` these knobs where some are named. Raises `InputError`."""
    try:
        content = file.read_bytes()
        told = json.loads(content)
        changes = tuple((str(one["knob"]), one["current"], one["value"]) for one in told["proposals"])
        quarter = str(told["quarter"])
    except FileNotFoundError:
        raise InputError(f"{file} is not there: run 'springback review' first, and read it") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} is no review ({error}): run 'springback review' again") from None
    if unknown := sorted(set(only) - {knob for knob, _, _ in changes}):
        names = ", ".join(knob for knob, _, _ in changes) or "nothing"
        raise InputError(f"--only {unknown[0]}: the review proposes {names}", value=unknown[0])
    return Asked(quarter, hashlib.sha256(content).hexdigest(), tuple(one for one in changes if not only or one[0] in only))


def sign(wish: Asked, by: str) -> SettingsVersion:
    """Writes the next version, the knobs in force with what `wish` changes, and points the project file to it.

    Without a proposal it signs unversioned settings as they are. The file is written first, so that whoever is killed in between leaves
    the version that was in force. Raises `InputError`, `SettingsError`, `Taken`, `Unwritable`.
    """
    here = project()
    if here.file is None:
        raise InputError(f"there is no {FILE} to name a version in: run 'springback init' first")
    if not by.strip() or not by.isprintable():
        raise InputError("--by needs the name of who signs, on one line", value=by)
    place = folder_of(here)
    with alone(place):
        before = in_force(here)
        current = choose()
        if not wish.changes and version_of(current, here):
            raise InputError(f"the review of {wish.quarter} proposes nothing, and version {here.version} is in force: nothing to sign")
        tables = _tables(_changed(current, wish.changes))
        number = f"{int((numbers(place) or ('0000',))[-1]) + 1:04d}"
        head = {
            "number": number,
            "by": by.strip(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "review": wish.quarter,
            "review_hash": wish.hash,
            "previous": "" if before is None else before.number,
            "changed": [knob for knob, _, _ in wish.changes],
        }
        text = here.file.read_bytes().decode("utf-8")
        changed = pointed(text, number)
        places.write(place, {f"{number}.toml": _text(head, tables)})
        places.write(here.file.parent, {FILE: changed})
    return read_version(place / f"{number}.toml")


def _changed(current: Settings, changes: Sequence[tuple[str, Any, Any]]) -> Settings:
    """`current` with the `changes`. Raises `SettingsError` where rule and backtest do not know one, or the review saw another value."""
    own = flat(current)
    for knob, seen, _ in changes:
        if knob.partition(".")[0] not in TABLES or knob not in own:
            raise SettingsError(f"{knob} is no setting that rule and backtest know: a version settles {', '.join(TABLES)}", value=knob)
        if _listed(own[knob]) != _listed(seen):
            raise SettingsError(f"the review saw {knob} = {seen}, in force is {own[knob]}: run 'springback review' again", value=own[knob])
    kept = toml.nested({name: value for name, value in own.items() if value != ""})
    settings = toml.load(Settings, [kept, toml.nested({knob: value for knob, _, value in changes})])
    rule_parameters(settings.strategy, settings.regime)
    return settings


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value


def _tables(settings: Settings) -> dict[str, dict[str, Any]]:
    """Every knob of the tables that a version settles."""
    return {table: values for table, values in toml.nested(flat(settings)).items() if table in TABLES}


def _text(head: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["# Signed settings, written once: a new version is a new file ('springback review --apply --by WHO')."]
    for table, knobs in ((HEAD, head), *tables.items()):
        lines += ["", f"[{table}]", *(f"{name} = {as_toml(value)}" for name, value in knobs.items())]
    return "\n".join(lines) + "\n"
