"""The limits and levels of the quarterly review."""

from dataclasses import dataclass

from springback.errors import SettingsError


@dataclass(frozen=True)
class ReviewRules:
    """What a review holds the quarter against: starting numbers, no findings.

    `gap` is the overnight fall of one name and `gap_loss` what it may cost of equity; `participation` of mean volume a day is how a book is
    left, in `days_to_leave` at most; from `near` of a limit on it is a near miss. `tail` is the share of days that may exceed the value at
    risk, `correlation` the mean of pairs from which a book is crowded. `multiples` are the thresholds walked forward, chosen on at least
    `history` sessions; `episodes` of a bear regime are the fewest that can tell them apart. `fills` and `winsor`: how many fills a cost
    needs, and the share at either end that is brought in. `missed` evenings, as a share,
    may be lost before the section is red.
    """

    gap: float = 0.30
    gap_loss: float = 0.01
    participation: float = 0.05
    days_to_leave: float = 1.0
    near: float = 0.9
    tail: float = 0.01
    correlation: float = 0.5
    multiples: tuple[float, ...] = (1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4)
    history: int = 504
    episodes: int = 10
    fills: int = 100
    winsor: float = 0.01
    missed: float = 0.02

    def __post_init__(self) -> None:
        for name in ("gap", "gap_loss", "participation", "near", "tail", "correlation", "missed"):
            if not 0 < getattr(self, name) <= 1:
                raise SettingsError(f"review.{name} must lie above 0 and at most at 1, was {getattr(self, name)}", limit=1)
        if not 0 <= self.winsor < 0.5:
            raise SettingsError(f"review.winsor must be at least 0 and under 0.5, was {self.winsor}", value=self.winsor, limit=0.5)
        if self.days_to_leave <= 0:
            raise SettingsError(f"review.days_to_leave must be above 0, was {self.days_to_leave}", value=self.days_to_leave, limit=0)
        for name, least in (("history", 63), ("episodes", 1), ("fills", 1)):
            if getattr(self, name) < least:
                raise SettingsError(f"review.{name} must be at least {least}, was {getattr(self, name)}", limit=least)
        if len(self.multiples) < 2 or list(self.multiples) != sorted(set(self.multiples)) or self.multiples[0] <= 0:
            raise SettingsError(f"review.multiples must rise, above 0, two at least, were {self.multiples}")
