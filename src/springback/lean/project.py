"""The LEAN project that the package carries: the algorithm and the versions it wants, laid out where a folder has none yet."""

import hashlib
from pathlib import Path

from springback.errors import InputError, MissingData
from springback.lean import bundle, prepare
from springback.lean.engine_config import ALGORITHM

FILES = (ALGORITHM, "requirements.txt")
CARRIED = "lean/project"
"""Where an installed package holds them; in a checkout they lie in `lean/` beside `src/`, and setup.py copies them into the wheel."""


def carried(package: Path) -> dict[str, bytes]:
    """`{name: content}` of the project's files that come with `package`, the folder of its modules. Raises `MissingData`."""
    for folder in (package / CARRIED, package.parents[1] / "lean"):
        if (folder / ALGORITHM).is_file():
            return {name: (folder / name).read_bytes() for name in FILES}
    raise MissingData(f"{package / CARRIED} holds no {ALGORITHM}: this installation is not whole, install springback again")


def lay_project(project: Path, package: Path) -> bool:
    """Lays the project out in a folder that has no algorithm, or renews what an older version laid there; whether it wrote anything.

    An algorithm that is not ours, or was changed since, is left alone. Raises `InputError` where another program's files stand.
    """
    listed = bundle.ours(project) or {}
    if (project / ALGORITHM).is_file():
        if _digest((project / ALGORITHM).read_bytes()) != listed.get(ALGORITHM):
            return False
    elif any(project.glob("*.py")):
        raise InputError(f"{project / ALGORITHM} is not there, but other Python files are: give --project the folder of the LEAN project")
    files = carried(package)
    if {name: _digest(content) for name, content in files.items()} == listed and (project / ALGORITHM).is_file():
        return False
    bundle.lay_among(project, files)
    if not (project / "lean.json").is_file():
        prepare.renew(project)
    return True


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
