"""The knobs of training, of the walk-forward and of the validation."""

from dataclasses import dataclass, field
from datetime import date
from math import comb
from typing import Literal

from springback.errors import SettingsError

MOST_SPLITS = 300


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise SettingsError(f"{name} must be at least {least:g}, was {value:g}", value=value, limit=least)


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low < value < high:
        raise SettingsError(f"{name} must lie between {low:g} and {high:g}, was {value:g}", value=value)


@dataclass(frozen=True)
class Training:
    """How a pair of models is trained.

    `estimator`: "histogram" is LightGBM, "exact" scikit-learn's GradientBoostingClassifier (hours on a whole universe: see `max_rows`).
    `rows`: "all" eligible rows, or the "events" with QPI below `event_low` or above `event_high`. `horizon` of the label, sessions.
    `target`: the "direction" of the forward return, or of what it exceeds the median of the session's universe by ("residual_market"), or
    of its sector ("residual_sector"). `scores`: "raw", or "calibrated" by a sigmoid learned on the newest `test_fraction` of the training
    sessions, purged like a test; the forest then learns from the older ones alone.
    `test_fraction` of the sessions, the newest, is kept for testing; `embargo` sessions before them, beside the horizon, are left out.
    `years`: only rows of the newest years before the newest known label are learned from; 0 takes all of them.
    `max_rows`: rows are thinned evenly to this many; 0 takes all. `threads`: fits at a time, 0 for one a core; no result depends on it.
    `threshold` of probability at which precision and firing are counted.
    """

    estimator: Literal["histogram", "exact"] = "histogram"
    rows: Literal["all", "events"] = "all"
    target: Literal["direction", "residual_market", "residual_sector"] = "direction"
    scores: Literal["raw", "calibrated"] = "raw"
    event_low: float = 15.0
    event_high: float = 85.0
    horizon: int = 6
    test_fraction: float = 0.2
    embargo: int = 20
    trees: int = 100
    depth: int = 4
    learning_rate: float = 0.1
    seed: int = field(default=1, metadata={"search": False})  # luck
    years: int = 0
    max_rows: int = 0
    threads: int = field(default=0, metadata={"moves": "nothing"})
    threshold: float = 0.6

    def __post_init__(self) -> None:
        for name, choices in (
            ("estimator", ("histogram", "exact")),
            ("rows", ("all", "events")),
            ("target", ("direction", "residual_market", "residual_sector")),
            ("scores", ("raw", "calibrated")),
        ):
            if getattr(self, name) not in choices:
                raise SettingsError(f"training.{name} must be one of {', '.join(choices)}, was '{getattr(self, name)}'")
        for name, least in (("horizon", 1), ("embargo", 0), ("trees", 1), ("depth", 1), ("seed", 0), ("years", 0)):
            _at_least(f"training.{name}", getattr(self, name), least)
        for name, least in (("max_rows", 0), ("threads", 0)):
            _at_least(f"training.{name}", getattr(self, name), least)
        for name in ("test_fraction", "threshold"):
            _between(f"training.{name}", getattr(self, name), 0, 1)
        if self.depth > 16:
            raise SettingsError(f"training.depth must be at most 16, was {self.depth}", value=self.depth, limit=16)
        if not 0 < self.learning_rate <= 1:
            raise SettingsError(
                f"training.learning_rate must be above 0 and at most 1, was {self.learning_rate:g}", value=self.learning_rate, limit=0
            )
        if not 0 <= self.event_low <= self.event_high <= 100:
            raise SettingsError(
                f"training.event_low and event_high must satisfy 0 <= low <= high <= 100, were {self.event_low:g} and {self.event_high:g}",
                value=self.event_low,
            )


@dataclass(frozen=True)
class WalkForward:
    """When new models are trained.

    `start`: first session to forecast, an ISO date; empty: the first period that has `min_sessions` of training sessions before it.
    `months` of a period, counted from January: 3 is calendar quarters. Each period's models learn from all earlier known labels.
    `policy`: whose forecasts are used. "if_better": those of the champion, which a period's models succeed once they won a contest (table
    `retraining`); "newest": those of the period's own models; "never": those of the first, and no others are trained.
    """

    start: str = ""
    months: int = 3
    min_sessions: int = 252
    policy: Literal["if_better", "newest", "never"] = "if_better"

    def __post_init__(self) -> None:
        if self.policy not in ("if_better", "newest", "never"):
            raise SettingsError(f"walk_forward.policy must be one of if_better, newest, never, was '{self.policy}'", value=self.policy)
        if self.start:
            try:
                date.fromisoformat(self.start)
            except ValueError:
                raise SettingsError(
                    f"walk_forward.start must be a date as 2020-01-02 or empty, was '{self.start}'", value=self.start
                ) from None
        if self.months not in (1, 2, 3, 4, 6, 12):
            raise SettingsError(f"walk_forward.months must divide a year (1, 2, 3, 4, 6 or 12), was {self.months}", value=self.months)
        _at_least("walk_forward.min_sessions", self.min_sessions, 1)


@dataclass(frozen=True)
class Validation:
    """How forecasts are judged.

    `groups` of sessions and how many of them are `tested` at a time by combinatorial purged cross-validation. Intervals resample whole
    sessions, `draws` times, in blocks of `block` sessions on average: labels of neighbouring sessions overlap by 5 of 6. A session counts
    in figures by day where it has `names` rows.
    """

    groups: int = 6
    tested: int = 2
    draws: int = 2000
    block: int = 20
    names: int = 10

    def __post_init__(self) -> None:
        for name, least in (("groups", 2), ("tested", 1), ("draws", 100), ("block", 1), ("names", 3)):
            _at_least(f"validation.{name}", getattr(self, name), least)
        if self.tested >= self.groups:
            raise SettingsError(f"validation.tested must be below validation.groups ({self.groups}), was {self.tested}", value=self.tested)
        if (count := comb(self.groups, self.tested)) > MOST_SPLITS:
            raise SettingsError(
                f"validation.groups = {self.groups} and validation.tested = {self.tested} make {count:,} splits, "
                f"each with two fits; at most {MOST_SPLITS} are made: take fewer groups",
                limit=MOST_SPLITS,
            )
