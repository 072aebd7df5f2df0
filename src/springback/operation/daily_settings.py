"""The knobs of the evening."""

from dataclasses import dataclass
from datetime import time

from springback.errors import SettingsError


@dataclass(frozen=True)
class Daily:
    """When a session is decided, and what bars entries (table `daily`).

    Nothing is decided sooner than `earliest` minutes after the close; what has not come until `deadline`, New York's time on the morning of
    the next open, is not waited for: exits alone are decided. Entries are barred where more than `max_failed` of the names failed, where
    more than `max_restated` of last week's closes are others now, and where the membership is older than `membership_limit` days; from
    `membership_notice` days on it is told.
    """

    deadline: str = "08:00"
    earliest: int = 30
    max_failed: float = 0.02
    max_restated: float = 0.01
    membership_notice: int = 31
    membership_limit: int = 100

    def __post_init__(self) -> None:
        try:
            hour = time.fromisoformat(self.deadline)
        except ValueError:
            raise SettingsError(f"daily.deadline must be a time such as 08:00, was '{self.deadline}'", value=self.deadline) from None
        if not time(0) <= hour < time(9, 25):
            raise SettingsError(
                f"daily.deadline must lie before 09:25, when orders for the open close, was {self.deadline}", value=self.deadline
            )
        if not 0 <= self.earliest <= 600:
            raise SettingsError(f"daily.earliest must be 0 to 600 minutes, was {self.earliest}", value=self.earliest)
        for name in ("max_failed", "max_restated"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"daily.{name} must be a share from 0 to 1, was {getattr(self, name)}", value=getattr(self, name))
        if not 0 < self.membership_notice <= self.membership_limit:
            raise SettingsError(
                f"daily.membership_notice must be above 0 and at most {self.membership_limit}, was {self.membership_notice}",
                value=self.membership_notice,
                limit=self.membership_limit,
            )
