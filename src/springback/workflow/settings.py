"""Every knob of the program as one value, and the days that it means on market data."""

import dataclasses
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from springback import settings as toml
from springback.backtest.run import Backtest, span
from springback.data.demo.demo import Demo
from springback.data.sources.fetch_settings import Fetch
from springback.market.account import Account
from springback.market.costs import Costs, Profile
from springback.market.market_data import MarketData
from springback.project import project
from springback.quality.quality_settings import Quality
from springback.search import Optimise
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe
from springback.training.training_settings import Training, Validation, WalkForward

DEFAULTS, PLAN = Path("settings/default.toml"), Path("settings/original.toml")


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


def dated(settings: Settings, market_data: MarketData) -> Settings:
    """`settings` with the days of the backtest known: where they are empty, the usual ones of the market data. Raises `MissingData`."""
    known = settings.backtest.on(market_data.bars.sessions, settings.walk_forward.min_sessions)
    return settings if known == settings.backtest else dataclasses.replace(settings, backtest=known)


def window_of(settings: Settings, market_data: MarketData, trades: bool = True) -> Settings:
    """`dated`; where the window is traded, bars and VIX must cover it. Raises `MissingData`."""
    settings = dated(settings, market_data)
    if trades:
        span(market_data, settings.backtest)
    return settings


def under(settings: Settings, profile: Profile) -> Settings:
    """`settings` with the rates and fees of the cost profile `profile`."""
    return dataclasses.replace(settings, backtest=dataclasses.replace(settings.backtest, profile=profile))


def between(settings: Settings, start: date | None = None, end: date | None = None) -> Settings:
    """`settings` with the days of the backtest named here; those not named stay."""
    known = settings.backtest
    return dataclasses.replace(settings, backtest=dataclasses.replace(known, start=start or known.start, end=end or known.end))


def choose(file: Path | None = None, sets: list[str] | None = None, original: bool = False) -> Settings:
    """The built-in defaults, settings/default.toml and the project's file where they stand, with `original` the plan's dates, then the file
    that was given, then each of `sets`, `table.name=value`. Raises `SettingsError`.
    """
    here = project()
    mine = (str(here.file), here.knobs) if here.file else None
    plan = PLAN if PLAN.is_file() else {"backtest": {"start": Account.start, "end": Account.end}}
    layers = (DEFAULTS if DEFAULTS.is_file() else None, mine, plan if original else None, file)
    return toml.load(Settings, [one for one in layers if one is not None], sets or [])
