"""A page as it is shown: the page itself, or in its place what is missing or cannot be read."""

from collections.abc import Callable

from springback.errors import MissingData, SpringbackError
from springback.web.page import Page, Words
from springback.web.visit import Visit


def built(content: Callable[[Visit], Page], visit: Visit) -> tuple[Page, int]:
    """The page, and the status of the answer."""
    try:
        return content(visit), 200
    except MissingData as error:
        return Page("Nothing to show yet", "", (Words(str(error), tone="warn"),)), 200
    except SpringbackError as error:
        return Page("This cannot be shown", "", (Words(str(error), tone="bad"),)), 500
