"""Which pages there are, in which order, and under which heads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from springback.web.page import Page
from springback.web.pages.positions import positions
from springback.web.pages.today import today
from springback.web.visit import Visit


@dataclass(frozen=True)
class Entry:
    """A page in the contents: its name and what makes it."""

    name: str
    page: Callable[[Visit], Page]


GROUPS: Mapping[str, Mapping[str, Entry]] = {
    "Now": {"today": Entry("Today", today), "positions": Entry("Positions", positions)},
}
PAGES: Mapping[str, Entry] = {key: entry for group in GROUPS.values() for key, entry in group.items()}


def contents() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Groups of (address, name), in order."""
    return tuple((group, tuple((key, one.name) for key, one in pages.items())) for group, pages in GROUPS.items())
