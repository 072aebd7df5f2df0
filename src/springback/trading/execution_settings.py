"""When orders go to a broker and what becomes of those that the open leaves."""

from dataclasses import dataclass
from datetime import time
from typing import Literal, get_args

from springback.errors import SettingsError

Opening = Literal["opg", "market"]
OPENINGS = ("auto", *get_args(Opening))
UNFILLED = ("market", "wait")
CLOCKS = {"reconcile_at": (time(2), time(8)), "check_at": (time(4), time(9, 20)), "page_at": (time(4), time(9, 25))}
"""Of each time of the morning the earliest and the latest, New York."""


@dataclass(frozen=True)
class Execution:
    """How a broker's orders are sent and followed (table `execution`); times of day are New York's.

    `open`: "opg" sends orders for the opening auction, "market" sends day market orders after the open; "auto" takes opg, but on a broker's
    paper account, which hardly fills one, market. Where the open leaves the rest of an exit, `unfilled` "market" sends it as a day market
    order, "wait" leaves it to the next decision; entries are never bought later.

    Alpaca's orders go out at `send_at` on the evening of the decision, others at once after it. In the morning the account is reconciled
    at `reconcile_at`, orders are checked again at `check_at`, and a person is paged for unknown ones at `page_at`. From `quiet` minutes
    before the open until the open nothing is sent or cancelled; fills are collected every `poll` seconds for `collect` minutes after it. A
    reading proves an order absent `settle` seconds after its sending.
    """

    open: str = "auto"
    unfilled: str = "market"
    send_at: str = "19:05"
    reconcile_at: str = "03:00"
    check_at: str = "08:30"
    page_at: str = "09:20"
    quiet: int = 4
    collect: int = 15
    settle: float = 60.0
    poll: float = 5.0

    def __post_init__(self) -> None:
        for name, words in (("open", OPENINGS), ("unfilled", UNFILLED)):
            if getattr(self, name) not in words:
                raise SettingsError(f"execution.{name} must be one of {', '.join(words)}, was '{getattr(self, name)}'")
        for name, (least, most) in (CLOCKS | {"send_at": (time(19), time(23, 59))}).items():
            if not least <= _clock(name, getattr(self, name)) <= most:
                raise SettingsError(f"execution.{name} must lie from {least:%H:%M} to {most:%H:%M}, was {getattr(self, name)}")
        if not _clock("", self.reconcile_at) <= _clock("", self.check_at) <= _clock("", self.page_at):
            raise SettingsError("execution.reconcile_at, check_at and page_at must follow each other")
        limits = {"quiet": (2, 60), "collect": (1, 120), "settle": (0.01, 600), "poll": (0.01, 60)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise SettingsError(f"execution.{name} must be {low:g} to {high:g}, was {getattr(self, name):g}", value=getattr(self, name))


def _clock(name: str, text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"execution.{name} must be a time such as 08:30, was '{text}'", value=text) from None
