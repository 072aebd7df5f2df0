"""Settings: every knob in force, the signed versions, and what differs between two of them."""

import re
from collections.abc import Mapping
from typing import Any

from springback.errors import MissingData
from springback.project import project
from springback.web.page import Block, Choice, Column, Page, Sheet, Words
from springback.web.visit import Visit
from springback.workflow.settings import Settings, plain_settings
from springback.workflow.version_file import folder_of, numbers, read_version
from springback.workflow.versions import overruled, version_of

VERSIONS = (
    Column("number", "Version", "code"),
    Column("at", "Signed", "instant"),
    Column("by", "By"),
    Column("review", "Review"),
    Column("previous", "After", "code"),
    Column("changed", "Changed", wide=True),
)
KNOBS = (Column("knob", "Setting", "code"), Column("value", "In force"), Column("usual", "Default"))
USER = re.compile(r"(://)[^/@\s]+@")
KEY = re.compile(r"([?&#][^=&\s]*(?:key|token|secret|password|passwd|auth)[^=&\s]*=)[^&\s]+", re.IGNORECASE)
IN_FORCE, DEFAULTS = "in force", "defaults"


def settings(visit: Visit) -> Page:
    """The page."""
    here, own = project(), plain_settings(visit.settings)
    usual, version = plain_settings(Settings()), version_of(visit.settings, here)
    known = numbers(folder_of(here))
    signed = [read_version(folder_of(here) / f"{one}.toml") for one in known[::-1]]
    rows = [
        {name: getattr(one, name) for name in ("number", "at", "by", "review", "previous")} | {"changed": ", ".join(one.changed)}
        for one in signed
    ]
    tables = {IN_FORCE: own, DEFAULTS: usual} | {one.number: _flat(one.tables) for one in signed}
    one, other = visit.query.get("one", DEFAULTS), visit.query.get("other", IN_FORCE)
    names = tuple(tables)
    blocks: list[Block] = [
        *(Words(f"{knob} of the project file has no effect: the signed version says otherwise.", tone="warn") for knob in overruled(here)),
        Choice({"one": ("Compare", one, names), "other": ("with", other, names)}, "Show what differs"),
        _difference(tables, one, other),
        Sheet("versions", "Signed versions", VERSIONS, rows, nothing="None is signed: a review's proposals are signed on its page."),
        Sheet(
            "knobs",
            "All settings",
            KNOBS,
            [_knob(name, value, usual) for name, value in own.items()],
            "What differs from the default stands out.",
            most=400,
        ),
    ]
    lead = f"Version {version} is in force." if version else "The settings are of no signed version."
    return Page("Settings", lead, tuple(blocks))


def _knob(name: str, value: Any, usual: Mapping[str, Any]) -> dict[str, Any]:
    differs = value != usual.get(name)
    return {"knob": name, "value": public(value), "usual": public(usual.get(name)), "_tone": "strong" if differs else ""}


def public(value: Any) -> str:
    """A setting without what an address carries of passwords and keys."""
    return KEY.sub(r"\1…", USER.sub(r"\1…@", str(value)))


def _difference(tables: Mapping[str, Mapping[str, Any]], one: str, other: str) -> Sheet:
    for name in (one, other):
        if name not in tables:
            raise MissingData(f"there are no settings '{name[:40]}': choose of the list")
    left, right = tables[one], tables[other]
    both = sorted(set(left) & set(right))
    rows = [{"knob": knob, "one": public(left[knob]), "other": public(right[knob])} for knob in both if str(left[knob]) != str(right[knob])]
    heads = (Column("knob", "Setting", "code"), Column("one", one), Column("other", other))
    return Sheet("difference", f"{one} and {other}", heads, rows, nothing="They say the same.")


def _flat(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {f"{table}.{name}": str(value) for table, knobs in tables.items() for name, value in knobs.items()}
