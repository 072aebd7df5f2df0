"""Text meant for people, as a type of its own: it is shown and kept, and nothing is ever read back out of it (`tests/test_prose.py`)."""

from collections.abc import Iterable
from typing import Literal, get_args

About = Literal["", "unusable", "quarantine", "prices", "tables", "overrides"]
"""What a line is about, where somebody asks for it: that the data must not be used (shown before any figure), what a quarantine leaves
out, what the prices of a table were taken for, how its columns were read, what was laid over a store for one run."""
ABOUTS: tuple[str, ...] = get_args(About)


class Prose(str):
    """A text for people, and what it is `about`, which is all that the program may ask of it."""

    about: About

    def __new__(cls, text: str, about: About = "") -> "Prose":
        """The text; one that is prose already keeps what it is about, unless told otherwise."""
        self = super().__new__(cls, text)
        self.about = about or getattr(text, "about", "")
        return self


def prose(lines: Iterable[str]) -> tuple[Prose, ...]:
    """The lines as text for people."""
    return tuple(map(Prose, lines))


def those(lines: Iterable[Prose], *about: About) -> tuple[Prose, ...]:
    """The lines that are about one of `about`, in their order."""
    return tuple(line for line in lines if line.about in about)


def warned(findings: Iterable[Prose]) -> tuple[Prose, ...]:
    """The lines of `findings` that must be read before any figure."""
    return those(findings, "unusable")
