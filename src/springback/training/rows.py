"""The training rows: every labelled row of an eligible name with all 8 features, oldest first."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.features import FEATURES
from springback.market.bars import Panel
from springback.market.tape import Tape
from springback.training.labels import forward_return, label_known_at, tradable_return
from springback.training.settings import Training

QPI = FEATURES.index("qpi_3day")


@dataclass(frozen=True, eq=False)
class Rows:
    """R rows, by session and then by name: `features` (R, 8) float32, `forward` and `tradable` returns (R,) fractions, tradable NaN if
    unknown, `session` (R,) and `name` (R,) their place in the panel, `known_at` (R,) the session at whose close the label is known.
    """

    features: NDArray[np.float32]
    forward: NDArray[np.float64]
    tradable: NDArray[np.float64]
    session: NDArray[np.int64]
    name: NDArray[np.int64]
    known_at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.session)

    def between(self, first: int, end: int) -> "Rows":
        """The rows of the sessions `first <= session < end`; views, no copies."""
        low, high = np.searchsorted(self.session, (first, end))
        return self.pick(slice(int(low), int(high)))

    def known_by(self, session: int) -> "Rows":
        """The rows whose label is known at the close of `session`; a view of the oldest rows."""
        return self.pick(slice(0, int(np.searchsorted(self.known_at, session, side="right"))))

    def thinned(self, most: int) -> "Rows":
        """At most `most` rows, evenly spaced in time; all of them when `most` is 0."""
        if not 0 < most < len(self):
            return self
        return self.pick(np.linspace(0, len(self) - 1, most).astype(np.int64))

    def pick(self, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> "Rows":
        """Some of the rows, in the order of `which`."""
        return Rows(
            self.features[which], self.forward[which], self.tradable[which], self.session[which], self.name[which], self.known_at[which]
        )

    def fingerprint(self) -> str:
        """SHA-256 of the features and labels: equal rows train equal models."""
        digest = hashlib.sha256(np.ascontiguousarray(self.features).data)
        digest.update(np.sign(self.forward).astype(np.int8).tobytes())
        return digest.hexdigest()


def gather(tape: Tape, eligible: NDArray[np.bool_], features: Panel, training: Training) -> Rows:
    """The rows of `tape` that can be learned from or tested on: eligible (T, N), features (T, N, 8) complete, label known."""
    forward = forward_return(tape.bars, tape.actions, training.horizon)
    usable = eligible & ~np.isnan(forward)
    for k in range(len(FEATURES)):
        usable &= ~np.isnan(features[..., k])
    if training.rows == "events":
        qpi = features[..., QPI]
        usable &= (qpi < training.event_low) | (qpi > training.event_high)
    session, name = np.nonzero(usable)
    tradable = tradable_return(tape.bars, tape.actions, training.horizon)[usable]
    kept = np.empty((len(session), len(FEATURES)), dtype=np.float32)
    for k in range(len(FEATURES)):
        kept[:, k] = features[..., k][usable]
    return Rows(kept, forward[usable], tradable, session, name, label_known_at(session, training.horizon))
