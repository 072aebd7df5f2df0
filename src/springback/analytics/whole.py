"""A folder that is one run's, whole, or not there: it is made beside its place and comes there by rename, under a lock."""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from springback.alone import alone
from springback.errors import InputError, Unwritable

UNFINISHED, REPLACED = "unfinished", "replaced"


@contextmanager
def whole(folder: Path, names: Collection[str], keep: bool = False) -> Iterator[Path]:
    """A hidden folder beside `folder` to fill, empty or with `keep` a copy of it; it takes the place of `folder` when the block ends well.

    A link is followed. Nobody else can write `folder` meanwhile (`alone`). What a killed process left behind is cleared, and a folder that
    was on its way out put back. Raises `InputError` where `folder` holds what is neither in `names` nor made anew, `Unwritable`, `Taken`.
    """
    real = Path(os.path.realpath(folder))
    part, old = _beside(real, UNFINISHED), _beside(real, REPLACED)
    with alone(real):
        try:
            mend(real)
            if keep:
                shutil.copytree(real, part)
            else:
                part.mkdir()
            try:
                yield part
                if not keep:
                    check_replaceable(folder, {*names, *(one.name for one in part.iterdir())})
                if real.exists():
                    real.rename(old)
                part.rename(real)
                shutil.rmtree(old, ignore_errors=True)
            finally:
                mend(real)
        except OSError as error:
            raise Unwritable(f"{folder} cannot be written ({error.strerror or error}): choose another place or free it") from None


def mend(folder: Path) -> None:
    """Clears what a killed process left beside `folder`; a run that it had moved aside, and put nothing in its place, is put back."""
    part, old = _beside(folder, UNFINISHED), _beside(folder, REPLACED)
    if old.exists() and not folder.exists():
        old.rename(folder)
    for one in (part, old):
        shutil.rmtree(one, ignore_errors=True)


def moved_aside(folder: Path) -> bool:
    """Whether a killed process left `folder` moved aside, with nothing in its place."""
    real = Path(os.path.realpath(folder))
    return not real.exists() and _beside(real, REPLACED).is_dir()


def check_replaceable(folder: Path, names: Collection[str]) -> None:
    """Nothing, if a run may take the place of `folder`. Raises `InputError` where something of another would go with it, `Unwritable`."""
    real = Path(os.path.realpath(folder))
    if not real.exists():
        return
    if not real.is_dir():
        raise Unwritable(f"{folder} cannot be written (Not a directory): choose another place or free it")
    if real in (Path.cwd(), *Path.cwd().parents):
        raise InputError(f"{folder} is the folder one works in, a run's folder is replaced whole: give it one of its own")
    strange = sorted(one.name for one in real.iterdir() if one.name not in names)
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        raise InputError(f"{folder} would be replaced whole, and holds {strange[0]}{more}, which no run wrote: give another folder")


def _beside(folder: Path, word: str) -> Path:
    return folder.parent / f".{folder.name}.{word}"
