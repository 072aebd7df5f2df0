"""A page as it is shown: the page itself, or in its place what is missing or cannot be read; what can be done on it stands there always."""

from collections.abc import Callable
from contextlib import suppress

from springback.errors import MissingData, SpringbackError
from springback.web.page import Act, Page, Words
from springback.web.visit import Visit

Acts = Callable[[Visit], tuple[Act, ...]]


def none(_: Visit) -> tuple[Act, ...]:
    """A page on which nothing is done."""
    return ()


def built(content: Callable[[Visit], Page], visit: Visit, acts: Acts = none) -> tuple[Page, int]:
    """The page with its `acts` at its end, and the status of the answer."""
    found: tuple[Act, ...] = ()
    with suppress(SpringbackError):
        found = acts(visit)
    try:
        page = content(visit)
        return Page(page.title, page.lead, (*page.blocks, *found), page.tone), 200
    except MissingData as error:
        return Page("Nothing to show yet", "", (Words(str(error), tone="warn"), *found)), 200
    except SpringbackError as error:
        return Page("This cannot be shown", "", (Words(str(error), tone="bad"), *found)), 500
