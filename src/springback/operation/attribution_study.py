"""The chains of an account's sessions together, and what its fills cost beside the official open, once there are enough of them to say."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from springback.market.prose import Prose
from springback.statistics.shrinkage import FEWEST_CLUSTERS, ClusteredMean, clustered_mean
from springback.trading.attribution import TERMS
from springback.trading.booked import NOTHING

ENOUGH = 30
"""Paired fills before anything is said of what they cost."""


@dataclass(frozen=True)
class AttributionDay:
    """A session as it is kept: dollars by term (None: it could not be worked out), the change and the residual, and its paired fills."""

    session: str
    terms: Mapping[str, Decimal] | None
    change: Decimal | None
    residual: Decimal
    final: bool
    pairs: tuple[Mapping[str, Any], ...]
    events: Mapping[str, Decimal]
    doubts: tuple[Prose, ...]

    @property
    def state(self) -> str:
        """reconciled, unreconciled, provisional; a session that could not be worked out is unreconciled."""
        if self.terms is None or self.residual:
            return "unreconciled"
        return "reconciled" if self.final else "provisional"


@dataclass(frozen=True)
class Shadow:
    """What fills cost beside the store's official open, basis points: the clustered `mean` once there are enough (None before), of `count`
    pairs on so many `sessions`; `auction` of them have an auction print beside it.
    """

    count: int
    sessions: int
    mean: ClusteredMean | None
    auction: int

    @property
    def sentence(self) -> Prose:
        """The verdict in words; never before there are enough."""
        if self.mean is None:
            return Prose(f"No verdict on slippage yet: {self.count} of {ENOUGH} paired fills.")
        told = f"{self.count:,} fills on {self.sessions:,} sessions cost {self.mean.mean:.1f} bp of the official open"
        if not np.isfinite(self.mean.error):
            return Prose(f"{told}; under {FEWEST_CLUSTERS} sessions nobody can say how sure that is.")
        sure = "more than nothing" if self.mean.low > 0 else "less than nothing" if self.mean.high < 0 else "no more than chance"
        return Prose(f"{told}, 95 % interval {self.mean.low:.1f} to {self.mean.high:.1f}: {sure}.")


@dataclass(frozen=True)
class AttributionStudy:
    """An account's sessions, oldest first, and its `mode` (paper, live, rehearsal, or empty where no reconciliation tells)."""

    account: str
    mode: str
    days: tuple[AttributionDay, ...]

    @property
    def terms(self) -> dict[str, Decimal]:
        """Dollars of each term over the sessions that could be worked out."""
        return {name: sum((one.terms[name] for one in self.days if one.terms is not None), NOTHING) for name in TERMS}

    @property
    def change(self) -> Decimal:
        """Dollars that the account changed by in them."""
        return sum((one.change for one in self.days if one.change is not None), NOTHING)

    @property
    def residual(self) -> Decimal:
        """Dollars that nobody explains, of all sessions together whatever their sign."""
        return sum((abs(one.residual) for one in self.days), NOTHING)

    @property
    def shadow(self) -> Shadow:
        """What the fills cost."""
        told = [(k, one) for k, day in enumerate(self.days) for one in day.pairs if one["slippage_bp"] is not None]
        cluster = np.array([k for k, _ in told], np.int64)
        values = np.array([float(one["slippage_bp"]) for _, one in told])
        mean = clustered_mean(values, cluster) if len(told) >= ENOUGH else None
        return Shadow(len(told), len(np.unique(cluster)), mean, sum(one["auction"] is not None for _, one in told))

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        shadow = self.shadow
        days = [
            {
                **{name: getattr(one, name) for name in ("session", "final", "state")},
                "terms": None if one.terms is None else {name: float(value) for name, value in one.terms.items()},
                "change": None if one.change is None else float(one.change),
                "residual": float(one.residual),
                "events": {name: float(value) for name, value in one.events.items()},
                "pairs": [dict(pair) for pair in one.pairs],
                "doubts": [str(doubt) for doubt in one.doubts],
            }
            for one in self.days
        ]
        mean = shadow.mean
        slippage = {"pairs": shadow.count, "sessions": shadow.sessions, "needed": ENOUGH, "mean_bp": None if mean is None else mean.mean}
        interval = None if mean is None or not np.isfinite(mean.error) else [mean.low, mean.high]
        whole = {name: float(value) for name, value in self.terms.items()}
        return {
            "account": self.account,
            "mode": self.mode,
            "sessions": days,
            "terms": whole,
            "change": float(self.change),
            "residual": float(self.residual),
            "slippage": slippage | {"interval_bp": interval},
        }
