"""What the fuzz knows of one reader: the file that is damaged, the call that reads it, and what a right answer is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Read = Callable[[Path], Any]
Agree = Callable[[Path, Any], None]


@dataclass(frozen=True)
class Reader:
    """`read` takes the folder of `sample`, in which the file `target` was damaged as a `kind` of file; `cases` of 20,000 are its own.

    `agree` takes the folder and what was read, and raises where a number is not what the file says. An error names
    the file, or says `words`.
    """

    sample: str
    target: str
    kind: str
    cases: int
    read: Read
    agree: Agree | None = None
    words: str = ""
