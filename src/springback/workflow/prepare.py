"""What is worked out from a tape once: the tradable universe and the features."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback import features as workbench
from springback.data.files.tables import write_features
from springback.data.store.content_hash import content_hash
from springback.errors import MissingData
from springback.market.bars import Panel
from springback.market.tape import Tape
from springback.quality import gate
from springback.strategy.universe import eligible
from springback.workflow.progress import SILENT, Progress
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


def survey(settings: Settings, tape: Tape, hash_: str = "", progress: Progress = SILENT) -> World:
    """`prepare_world` of a tape that was checked. Raises `MissingData` where no name is in the universe on any session."""
    step = progress.step("features")
    step(0, 1, f"{tape.bars.shape[1]:,} names, {tape.bars.shape[0]:,} sessions")
    world = prepare_world(gate.accused(tape, settings.quality), settings, hash_)
    step(1, 1, f"{int(world.eligible.sum()):,} rows in the universe")
    if not world.eligible.any():
        raise MissingData(
            f"no name is in the universe on any session: of {tape.bars.shape[1]:,} names none is a member, above "
            f"${settings.universe.min_price:g} and above ${settings.universe.min_dollar_volume:,.0f} a day: see the [universe] settings"
        )
    return world


def bare(settings: Settings, tape: Tape, hash_: str = "") -> World:
    """A tape without universe and features, for what forecasts of a file are enough for."""
    return World(gate.accused(tape, settings.quality), hash_ or content_hash(tape), np.empty((0, 0), bool), np.empty(0))


def write_features_of(tape: Tape, out: Path) -> int:
    """Writes date, symbol and the 8 features to `out`, CSV or Parquet by suffix; returns how many names."""
    write_features(out, tape.bars, workbench.FEATURES, workbench.panel(tape.bars, tape.actions))
    return len(tape.bars.symbols)
