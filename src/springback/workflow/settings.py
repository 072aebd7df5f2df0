"""Every knob of the program as one value, and the days that it means on a tape."""

import dataclasses
from dataclasses import dataclass, field

from springback.backtest.run import Backtest
from springback.data.demo.demo import Demo
from springback.data.sources.fetch_settings import Fetch
from springback.market.costs import Costs
from springback.market.tape import Tape
from springback.quality.quality_settings import Quality
from springback.search import Optimise
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe
from springback.training.training_settings import Training, Validation, WalkForward


@dataclass(frozen=True)
class Settings:
    """Every knob, one table for each part; `settings.load(Settings, files, overrides)` fills it."""

    backtest: Backtest = field(default_factory=Backtest)
    strategy: Strategy = field(default_factory=Strategy)
    regime: Regime = field(default_factory=Regime)
    costs: Costs = field(default_factory=Costs)
    universe: Universe = field(default_factory=Universe)
    training: Training = field(default_factory=Training)
    walk_forward: WalkForward = field(default_factory=WalkForward)
    validation: Validation = field(default_factory=Validation)
    optimise: Optimise = field(default_factory=Optimise)
    quality: Quality = field(default_factory=Quality)
    fetch: Fetch = field(default_factory=Fetch)
    demo: Demo = field(default_factory=Demo)


def dated(settings: Settings, tape: Tape) -> Settings:
    """`settings` with the days of the backtest known: where they are empty, the usual ones of the tape. Raises `MissingData`."""
    known = settings.backtest.on(tape.bars.sessions, settings.walk_forward.min_sessions)
    return settings if known == settings.backtest else dataclasses.replace(settings, backtest=known)
