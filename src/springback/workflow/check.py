"""One thing that `springback doctor` looks for, and what was found."""

from collections.abc import Callable
from dataclasses import dataclass

from springback.errors import MissingData, SpringbackError

FOUND, MISSING, BROKEN = "found", "missing", "BROKEN"


@dataclass(frozen=True)
class Check:
    """One thing looked for: whether it is there, what was found, what cannot be done without it, and the way to it."""

    thing: str
    state: str
    detail: str
    needed_for: str = ""
    way: str = ""


def tried(thing: str, look: Callable[[], Check | str], needed_for: str = "", way: str = "") -> Check:
    """What `look` finds of a `thing`; what it raises is what it lacks or is broken by."""
    try:
        found = look()
    except MissingData as error:
        return Check(thing, MISSING, str(error).partition(":")[0], needed_for, way)
    except SpringbackError as error:
        return Check(thing, BROKEN, str(error), needed_for, str(error))
    return found if isinstance(found, Check) else Check(thing, FOUND, found)
