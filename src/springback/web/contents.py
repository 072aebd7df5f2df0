"""Which pages there are, in which order, and under which heads."""

from collections.abc import Callable
from dataclasses import dataclass

from springback.web.page import Page
from springback.web.pages.built import Acts, none
from springback.web.pages.data import data
from springback.web.pages.incidents import incidents
from springback.web.pages.ledger import ledger
from springback.web.pages.live import costs, live
from springback.web.pages.models import models
from springback.web.pages.orders import orders
from springback.web.pages.positions import closing, positions
from springback.web.pages.regime import regime
from springback.web.pages.review import review
from springback.web.pages.runs import runs
from springback.web.pages.settings import settings
from springback.web.pages.symbol import symbol
from springback.web.pages.today import halting, today
from springback.web.pages.why import why, why_not
from springback.web.visit import Visit


@dataclass(frozen=True)
class Entry:
    """A page in the contents: its name, what makes it, and what is done on it whether it can be shown or not."""

    name: str
    page: Callable[[Visit], Page]
    acts: Acts = none


GROUPS: dict[str, dict[str, Entry]] = {
    "Now": {
        "today": Entry("Today", today, halting),
        "positions": Entry("Positions", positions, closing),
        "orders": Entry("Orders", orders),
        "incidents": Entry("Incidents and journal", incidents),
    },
    "Why": {
        "why": Entry("Why this trade", why),
        "why-not": Entry("Why no trade", why_not),
        "regime": Entry("Regime", regime),
        "symbol": Entry("One symbol", symbol),
    },
    "Evidence": {
        "live": Entry("Live against backtest", live),
        "costs": Entry("Costs", costs),
        "models": Entry("Models", models),
        "runs": Entry("Runs", runs),
        "ledger": Entry("Ledger, optimisation", ledger),
        "data": Entry("Data", data),
    },
    "Governance": {"review": Entry("Review", review), "settings": Entry("Settings", settings)},
}
PAGES: dict[str, Entry] = {key: entry for group in GROUPS.values() for key, entry in group.items()}


def contents() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Groups of (address, name), in order."""
    return tuple((group, tuple((key, one.name) for key, one in pages.items())) for group, pages in GROUPS.items())
