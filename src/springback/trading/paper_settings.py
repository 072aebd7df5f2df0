"""How long paper goes before real money."""

from dataclasses import dataclass

from springback.errors import SettingsError

SHORTEST = 21
"""Sessions of the shortest month that the original plan's one to three months of paper allow."""


@dataclass(frozen=True)
class Paper:
    """What an account on a broker's paper must show before `--live` (table `paper`): so many `sessions` on end without an unexplained share
    or an unreconciled day, and so many orders for the open filled in them.
    """

    sessions: int = 60
    fills: int = 100

    def __post_init__(self) -> None:
        for name, least in (("sessions", SHORTEST), ("fills", 1)):
            value = getattr(self, name)
            if not least <= value <= 100_000:
                raise SettingsError(f"paper.{name} must be {least:,} to 100,000, was {value:,}", value=value, limit=least)
