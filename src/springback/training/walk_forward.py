"""Quarterly models, each trained on what was known before its quarter, and their forecasts joined into one panel."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from springback.cluster import Cores, Workers
from springback.forecasting.card import Card
from springback.forecasting.forecast import forecast_panel
from springback.forecasting.models import Classifier, Models
from springback.market.bars import Panel
from springback.market.forecasts import Forecasts
from springback.market.liquidity import mean_volume
from springback.market.market_data import MarketData
from springback.training.estimators import fit, targets
from springback.training.evaluate import Side, complement_correlation, judge
from springback.training.rows import TrainingRows, gather
from springback.training.splits import Period, walk
from springback.training.train import Progress, write_card
from springback.training.training_settings import Training, WalkForward

Save = Callable[[np.datetime64, Models], Models | None]
Lookup = Callable[[np.datetime64], Models | None]


@dataclass(frozen=True)
class WalkOptions:
    """What a walk may do without.

    `start` and `end` bound the sessions it forecasts. `save(as_of, models)` is called as each pair is ready, oldest first, and may hand
    back the pair with its completed card; `lookup(as_of)` may hand back a pair of an earlier run. `progress` hears of each period;
    `workers` fit, None is this machine.
    """

    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    save: Save | None = None
    lookup: Lookup | None = None
    progress: Progress | None = None
    workers: Workers | None = None


NO_OPTIONS = WalkOptions()
"""All sessions, nothing saved or looked up, no progress."""


@dataclass(frozen=True)
class Fold:
    """One quarter: its sessions `first..last`, the session `as_of` by whose close all its training labels were known (ISO dates), training
    `rows`, forecast rows, and how its forecasts did, afterwards, on the rows whose label came to be known by the end of the market data.
    """

    as_of: str
    first: str
    last: str
    rows: int
    forecasts: int
    long: Side
    short: Side
    mirror: float | None


@dataclass(frozen=True, eq=False)
class WalkForwardResult:
    """`forecasts` (T, N) on the market data's sessions, NaN outside the walk; `folds` oldest first; `models` by as-of date."""

    forecasts: Forecasts
    folds: tuple[Fold, ...]
    models: dict[np.datetime64, Models]


def walk_forward(
    market_data: MarketData,
    eligible: NDArray[np.bool_],
    features: Panel,
    training: Training,
    settings: WalkForward,
    now: str,
    options: WalkOptions = NO_OPTIONS,
) -> WalkForwardResult:
    """Forecasts of the sessions of `options` by models that are trained anew for each period on every label known before it.

    `eligible` (T, N), `features` (T, N, 8), NaN missing; `now` is the instant the cards record. A pair that `options.lookup` hands back is
    used if it was trained on the same rows under the same settings and libraries: so an interrupted walk goes on where it stopped. Raises
    `MissingData` when there is too little to learn from.
    """
    rows = gather(market_data, eligible, features, training)
    quarters = walk(rows, market_data.bars.sessions, settings, options.start, options.end)
    cards = [write_card(rows.known_by(one.as_of), market_data.bars.sessions, training, one.as_of, now) for one in quarters]
    adv = mean_volume(market_data.bars)
    joined = Forecasts(*(np.full(market_data.bars.shape, np.nan) for _ in range(4)))
    folds: list[Fold] = []
    models: dict[np.datetime64, Models] = {}
    for period, pair in zip(
        quarters, _pairs(rows, quarters, cards, training, options.lookup, options.workers or Cores(training.threads)), strict=True
    ):
        as_of = market_data.bars.sessions[period.as_of]
        kept = (options.save(as_of, pair) if options.save else None) or pair
        models[as_of] = kept
        span = slice(period.first, period.end)
        said = forecast_panel(kept, features[span], eligible[span], adv[span])
        for name in ("qpi", "p_long", "p_short", "adv"):
            getattr(joined, name)[span] = getattr(said, name)
        folds.append(_fold(market_data, rows, period, kept.card, joined, training))
        if options.progress:
            options.progress(len(folds), len(quarters), f"{folds[-1].first} to {folds[-1].last}, {kept.card.rows:,} rows")
    return WalkForwardResult(joined, tuple(folds), models)


def _pairs(
    rows: TrainingRows, quarters: list[Period], cards: list[Card], training: Training, lookup: Lookup | None, workers: Workers
) -> Iterator[Models]:
    """The models of each period in order: found, or fitted side by side."""
    found = [lookup(np.datetime64(card.known_by, "D")) if lookup else None for card in cards]
    found = [old if old is not None and _same_rows(old.card, card) else None for old, card in zip(found, cards, strict=True)]
    missing = [(quarter, side) for quarter, old in zip(quarters, found, strict=True) if old is None for side in (0, 1)]
    fitted = workers.each(_learn, (rows, training), missing)
    for old, card in zip(found, cards, strict=True):
        yield old if old is not None else Models(next(fitted), next(fitted), card)


def _learn(shared: tuple[TrainingRows, Training], task: tuple[Period, int]) -> Classifier:
    """One side's model of one period."""
    (rows, training), (period, side) = shared, task
    learned = rows.known_by(period.as_of).thinned(training.max_rows)
    return fit(learned, targets(learned)[side], training)


def _same_rows(old: Card, new: Card) -> bool:
    """Whether the models of `old` are those that `new` would give: same rows, settings and libraries."""
    plain, wanted = (replace(card, created="", scores={}, files={}).to_json() for card in (old, new))
    return plain == wanted


def _fold(market_data: MarketData, rows: TrainingRows, period: Period, card: Card, forecasts: Forecasts, training: Training) -> Fold:
    """The record of one period."""
    tested = rows.between(period.first, period.end)
    p_long, p_short = (panel[tested.session, tested.name] for panel in (forecasts.p_long, forecasts.p_short))
    long, short = judge(tested, p_long, p_short, training)
    sessions = market_data.bars.sessions
    return Fold(
        as_of=card.known_by,
        first=str(sessions[period.first]),
        last=str(sessions[period.end - 1]),
        rows=card.rows,
        forecasts=int((~np.isnan(forecasts.p_long[period.first : period.end])).sum()),
        long=long,
        short=short,
        mirror=complement_correlation(p_long, p_short),
    )
