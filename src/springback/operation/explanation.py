"""Why each order of a frozen decision was given: an entry by its forecast, an exit by its price or its age."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from springback.features import FEATURES
from springback.forecasting.contributions import Contributions, contributions
from springback.forecasting.models import Models
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.order_table import for_the_open
from springback.strategy.rule import ENTRY, REASONS, STOP_LOSS

Absence = Literal["", "no_model", "no_contributions"]
"""Why an entry has no contributions: the pair that gave its score is not at hand, or its estimator knows none (scikit-learn's)."""


@dataclass(frozen=True)
class FeaturePart:
    """A feature of an entry: its value, the median of the names that were ranked that day, and what it added to the log-odds of the score
    (None: unknown).
    """

    name: str
    value: float
    median: float
    contribution: float | None


@dataclass(frozen=True)
class EntryWhy:
    """Why a name is entered: the `rank` of its side's entries, the indicator `qpi`, the `score`, which is the side's probability, and the
    features, the largest contribution first.

    `base` and the contributions add up to `log_odds`, those of the forest's own score; a calibrated model then says `slope` times them
    plus `intercept`. All four are None where contributions are `absent`.
    """

    symbol: str
    side: str
    rank: int
    qpi: float
    score: float
    parts: tuple[FeaturePart, ...]
    absent: Absence = ""
    base: float | None = None
    log_odds: float | None = None
    slope: float | None = None
    intercept: float | None = None

    @property
    def calibrated(self) -> bool:
        """Whether the score is not the forest's own, of which the contributions are."""
        return self.slope is not None and (self.slope, self.intercept) != (1.0, 0.0)


@dataclass(frozen=True)
class ExitWhy:
    """Why a position is left: the `close` (None: no price yet) against the `level` of its stop (None: it has none), dollars, and its `age`
    against the `limit` of sessions; `reason` is the order's.
    """

    symbol: str
    side: str
    reason: str
    close: float | None
    entry_price: float
    level: float | None
    age: int
    limit: int

    @property
    def stopped(self) -> bool:
        """Whether the stop's level was passed."""
        return self.reason == REASONS[STOP_LOSS]


@dataclass(frozen=True)
class Explanation:
    """Why each order was given, in the order in which they are sent."""

    entries: tuple[EntryWhy, ...]
    exits: tuple[ExitWhy, ...]


def explained(decision: FrozenDecision, pair: Models | None) -> Explanation:
    """Why each order of `decision` was given; `pair` is the champion's, None where it is not at hand. Raises `BadTable` where a file is
    not what was frozen.
    """
    orders = for_the_open(decision)
    entry = orders["reason"] == REASONS[ENTRY]
    return Explanation(_entries(decision, orders[entry], pair), _exits(decision, orders[~entry]))


def _entries(decision: FrozenDecision, orders: pd.DataFrame, pair: Models | None) -> tuple[EntryWhy, ...]:
    said = decision.forecasts()
    own = said[said["model"] == decision.champion].set_index("symbol")
    median = own[list(FEATURES)].median()
    out = []
    for order in orders.to_dict("records"):
        row = own.loc[order["symbol"]]
        effect, absent = _contributions(pair, order["side"], row)
        out.append(_entry(order, row, median, effect, absent))
    return tuple(out)


def _contributions(pair: Models | None, side: str, row: "pd.Series[Any]") -> tuple[Contributions | None, Absence]:
    if pair is None:
        return None, "no_model"
    classifier = pair.long if side == "long" else pair.short
    effect = contributions(classifier, row[list(FEATURES)].to_numpy(dtype=float)[None])
    return effect, "" if effect is not None else "no_contributions"


def _entry(
    order: Mapping[Any, Any], row: "pd.Series[Any]", median: "pd.Series[float]", effect: Contributions | None, absent: Absence
) -> EntryWhy:
    values = [None] * len(FEATURES) if effect is None else [float(one) for one in effect.features[0]]
    parts = [FeaturePart(name, float(row[name]), float(median[name]), one) for name, one in zip(FEATURES, values, strict=True)]
    return EntryWhy(
        symbol=order["symbol"],
        side=order["side"],
        rank=int(order["rank"]),
        qpi=float(row["qpi"]),
        score=float(order["score"]),
        parts=tuple(sorted(parts, key=lambda one: -abs(one.contribution or 0.0))),
        absent=absent,
        base=None if effect is None else float(effect.base[0]),
        log_odds=None if effect is None else float(effect.log_odds[0]),
        slope=None if effect is None else effect.slope,
        intercept=None if effect is None else effect.intercept,
    )


def _exits(decision: FrozenDecision, orders: pd.DataFrame) -> tuple[ExitWhy, ...]:
    held = {line["symbol"]: line for line in decision.book["before"]}
    return tuple(_exit(decision, order, held[order["symbol"]]) for order in orders.to_dict("records") if order["symbol"] in held)


def _exit(decision: FrozenDecision, order: Mapping[Any, Any], line: Mapping[str, Any]) -> ExitWhy:
    stop, price, long = decision.settings["strategy.stop_loss"], float(line["entry_price"]), line["quantity"] > 0
    level = None if decision.settings["strategy.stop_mode"] == "none" else price * (1 - stop if long else 1 + stop)
    return ExitWhy(
        symbol=order["symbol"],
        side=order["side"],
        reason=order["reason"],
        close=None if pd.isna(order["last_close"]) else float(order["last_close"]),
        entry_price=price,
        level=level,
        age=int(line["age"]),
        limit=int(decision.settings["strategy.holding_sessions"]),
    )
