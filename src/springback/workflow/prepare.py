"""What is worked out from a tape once: the tradable universe and the features."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback import features as workbench
from springback.data.files.tables import write_features
from springback.data.store.content_hash import content_hash
from springback.market.bars import Panel
from springback.market.tape import Tape
from springback.strategy.universe import eligible
from springback.workflow.settings import Settings


@dataclass(frozen=True, eq=False)
class World:
    """A tape with what is worked out from it once: the tradable universe (T, N) and the features (T, N, 8)."""

    tape: Tape
    hash: str
    eligible: NDArray[np.bool_]
    features: Panel


def prepare_world(tape: Tape, settings: Settings, hash_: str = "") -> World:
    """The universe and the features of `tape`."""
    return World(tape, hash_ or content_hash(tape), eligible(tape, settings.universe), workbench.panel(tape.bars, tape.actions))


def features_to(tape: Tape, out: Path) -> int:
    """Writes date, symbol and the 8 features to `out`, CSV or Parquet by suffix; returns how many names."""
    write_features(out, tape.bars, workbench.FEATURES, workbench.panel(tape.bars, tape.actions))
    return len(tape.bars.symbols)
