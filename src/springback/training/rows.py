"""The training rows: every labelled row of an eligible name with all 8 features, oldest first."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.errors import MissingData
from springback.features import FEATURES
from springback.market.bars import Dates, Panel
from springback.market.market_data import MarketData
from springback.training.labels import forward_return, label_known_at, residual, tradable_return
from springback.training.training_settings import Training

QPI = FEATURES.index("qpi_3day")
YEAR = 365.25


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """R rows, by session and then by name: `features` (R, 8) float32, `forward` and `tradable` returns (R,) fractions, tradable NaN if
    unknown, `session` (R,) and `name` (R,) their place in the panel, `known_at` (R,) the session at whose close the label is known.
    `beyond` (R,) is what the models learn the sign of where that is not `forward` itself: the return beyond the market's or the sector's.
    """

    features: NDArray[np.float32]
    forward: NDArray[np.float64]
    tradable: NDArray[np.float64]
    session: NDArray[np.int64]
    name: NDArray[np.int64]
    known_at: NDArray[np.int64]
    beyond: NDArray[np.float64] | None = None

    @property
    def learned(self) -> NDArray[np.float64]:
        """What the models learn the sign of, (R,)."""
        return self.forward if self.beyond is None else self.beyond

    def __len__(self) -> int:
        return len(self.session)

    def between(self, first: int, end: int) -> "TrainingRows":
        """The rows of the sessions `first <= session < end`; views, no copies."""
        low, high = np.searchsorted(self.session, (first, end))
        return self.pick(slice(int(low), int(high)))

    def known_by(self, session: int) -> "TrainingRows":
        """The rows whose label is known at the close of `session`; a view of the oldest rows."""
        return self.pick(slice(0, int(np.searchsorted(self.known_at, session, side="right"))))

    def newest(self, sessions: Dates, session: int, years: int) -> "TrainingRows":
        """The rows of the `years` before `sessions[session]`; all of them when `years` is 0."""
        if not years:
            return self
        first = np.searchsorted(sessions, sessions[session] - np.timedelta64(round(YEAR * years), "D"), side="right")
        return self.pick(slice(int(np.searchsorted(self.session, first)), len(self)))

    def thinned(self, most: int) -> "TrainingRows":
        """At most `most` rows, evenly spaced in time; all of them when `most` is 0."""
        if not 0 < most < len(self):
            return self
        return self.pick(np.linspace(0, len(self) - 1, most).astype(np.int64))

    def pick(self, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> "TrainingRows":
        """Some of the rows, in the order of `which`: a slice, a mask (R,) or places (K,)."""
        return TrainingRows(
            self.features[which],
            self.forward[which],
            self.tradable[which],
            self.session[which],
            self.name[which],
            self.known_at[which],
            None if self.beyond is None else self.beyond[which],
        )

    def fingerprint(self) -> str:
        """SHA-256 of the features and labels: equal rows train equal models."""
        digest = hashlib.sha256(np.ascontiguousarray(self.features).data)
        digest.update(np.sign(self.learned).astype(np.int8).tobytes())
        return digest.hexdigest()


def gather(market_data: MarketData, eligible: NDArray[np.bool_], features: Panel, training: Training) -> TrainingRows:
    """The rows of `market_data` that can be learned from or tested on: eligible (T, N), features (T, N, 8) complete, label known.

    Raises `MissingData` where the target is the sector's and the market data knows no sectors.
    """
    forward = forward_return(market_data.bars, market_data.actions, training.horizon)
    usable = eligible & ~np.isnan(forward)
    for k in range(len(FEATURES)):
        usable &= ~np.isnan(features[..., k])
    beyond = _beyond(market_data, forward, usable, training)
    if training.rows == "events":
        qpi = features[..., QPI]
        usable &= (qpi < training.event_low) | (qpi > training.event_high)
    session, name = np.nonzero(usable)
    tradable = tradable_return(market_data.bars, market_data.actions, training.horizon)[usable]
    kept = np.empty((len(session), len(FEATURES)), dtype=np.float32)
    for k in range(len(FEATURES)):
        kept[:, k] = features[..., k][usable]
    known_at = label_known_at(session, training.horizon)
    return TrainingRows(kept, forward[usable], tradable, session, name, known_at, None if beyond is None else beyond[usable])


def _beyond(market_data: MarketData, forward: Panel, usable: NDArray[np.bool_], training: Training) -> Panel | None:
    if training.target == "direction":
        return None
    if training.target == "residual_market":
        return residual(forward, usable)
    if market_data.sectors is None:
        raise MissingData("training.target=residual_sector needs sectors, and these bars come without: take residual_market")
    known = sorted(set(market_data.sectors) - {""})
    return residual(forward, usable, np.array([known.index(one) if one else -1 for one in market_data.sectors], dtype=np.int64))
