"""What is worked out from market data once: the tradable universe and the features."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback import features as workbench
from springback.data.files.tables import write_features
from springback.data.store.content_hash import content_hash
from springback.errors import MissingData
from springback.market.bars import Panel
from springback.market.market_data import MarketData
from springback.quality import gate
from springback.strategy.universe import eligible
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings


@dataclass(frozen=True, eq=False)
class PreparedData:
    """Market data with what is worked out from it once: the tradable universe (T, N) and the features (T, N, 8)."""

    market_data: MarketData
    hash: str
    eligible: NDArray[np.bool_]
    features: Panel


def prepare_world(market_data: MarketData, settings: Settings, hash_: str = "") -> PreparedData:
    """The universe and the features of `market_data`."""
    return PreparedData(
        market_data,
        hash_ or content_hash(market_data),
        eligible(market_data, settings.universe),
        workbench.panel(market_data.bars, market_data.actions),
    )


def survey(settings: Settings, market_data: MarketData, hash_: str = "", progress: Progress = SILENT) -> PreparedData:
    """`prepare_world` of market data that was checked. Raises `MissingData` where no name is in the universe on any session."""
    step = progress.step("features")
    step(0, 1, f"{market_data.bars.shape[1]:,} names, {market_data.bars.shape[0]:,} sessions")
    prepared = prepare_world(gate.accused(market_data, settings.quality), settings, hash_)
    step(1, 1, f"{int(prepared.eligible.sum()):,} rows in the universe")
    if not prepared.eligible.any():
        raise MissingData(
            f"no name is in the universe on any session: of {market_data.bars.shape[1]:,} names none is a member, above "
            f"${settings.universe.min_price:g} and above ${settings.universe.min_dollar_volume:,.0f} a day: see the [universe] settings"
        )
    return prepared


def bare(settings: Settings, market_data: MarketData, hash_: str = "") -> PreparedData:
    """Market data without universe and features, for what forecasts of a file are enough for."""
    return PreparedData(
        gate.accused(market_data, settings.quality), hash_ or content_hash(market_data), np.empty((0, 0), bool), np.empty(0)
    )


def write_features_of(market_data: MarketData, out: Path) -> int:
    """Writes date, symbol and the 8 features to `out`, CSV or Parquet by suffix; returns how many names."""
    write_features(out, market_data.bars, workbench.FEATURES, workbench.panel(market_data.bars, market_data.actions))
    return len(market_data.bars.symbols)
