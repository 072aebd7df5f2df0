"""Every knob of the program as one value, and the days that it means on market data."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from springback import settings as toml
from springback.alerting.alert_settings import Alerts
from springback.backtest.run import Backtest, span
from springback.brokers.broker_settings import Brokers
from springback.data.demo.demo import Demo
from springback.data.sessions import Calendar
from springback.data.sources.fetch_settings import Fetch
from springback.errors import SettingsError
from springback.market.account import Account
from springback.market.costs import Costs, Profile
from springback.market.market_data import MarketData
from springback.monitoring.monitor_settings import Monitor
from springback.operation.daily_settings import Daily
from springback.project import project
from springback.quality.quality_settings import Quality
from springback.review.review_settings import ReviewRules
from springback.search import Optimise, Searchable
from springback.statistics.contest import Retraining
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe
from springback.trading.execution_settings import Execution
from springback.trading.guard_settings import Guard
from springback.trading.paper_settings import Paper
from springback.training.training_settings import Training, Validation, WalkForward
from springback.workflow.version_file import in_force
from springback.workflow.web_settings import Web

DEFAULTS, PLAN = Path("settings/default.toml"), Path("settings/original.toml")


@dataclass(frozen=True)
class Settings:
    """Every knob, one table for each part; `settings.load(Settings, files, overrides)` fills it.

    Each table says what its knobs move (`settings.MOVES`), and `search` whether they may be tried; a knob that differs says so itself.
    """

    backtest: Backtest = field(default_factory=Backtest, metadata={"moves": "orders"})
    strategy: Strategy = field(default_factory=Strategy, metadata={"moves": "orders", "search": True})
    regime: Regime = field(default_factory=Regime, metadata={"moves": "orders", "search": True})
    costs: Costs = field(default_factory=Costs, metadata={"moves": "orders"})
    universe: Universe = field(default_factory=Universe, metadata={"moves": "forecasts"})
    training: Training = field(default_factory=Training, metadata={"moves": "forecasts", "search": True})
    walk_forward: WalkForward = field(default_factory=WalkForward, metadata={"moves": "forecasts"})
    retraining: Retraining = field(default_factory=Retraining, metadata={"moves": "forecasts"})
    validation: Validation = field(default_factory=Validation, metadata={"moves": "report"})
    optimise: Optimise = field(default_factory=Optimise, metadata={"moves": "search"})
    quality: Quality = field(default_factory=Quality, metadata={"moves": "report"})
    daily: Daily = field(default_factory=Daily, metadata={"moves": "nothing"})  # what it curbs stands in each decision
    calendar: Calendar = field(default_factory=Calendar, metadata={"moves": "data"})
    monitor: Monitor = field(default_factory=Monitor, metadata={"moves": "nothing"})  # its factor stands in each decision
    review: ReviewRules = field(default_factory=ReviewRules, metadata={"moves": "nothing"})  # no run is another trial for it
    fetch: Fetch = field(default_factory=Fetch, metadata={"moves": "data"})
    brokers: Brokers = field(default_factory=Brokers, metadata={"moves": "nothing"})  # what it bounds stands in each decision
    execution: Execution = field(default_factory=Execution, metadata={"moves": "nothing"})
    guard: Guard = field(default_factory=Guard, metadata={"moves": "nothing"})  # three of its knobs move orders
    paper: Paper = field(default_factory=Paper, metadata={"moves": "nothing"})
    alerts: Alerts = field(default_factory=Alerts, metadata={"moves": "nothing"})
    web: Web = field(default_factory=Web, metadata={"moves": "nothing"})
    demo: Demo = field(default_factory=Demo, metadata={"moves": "data"})


MOVED = toml.moves(Settings)
"""What each knob moves, by its full name."""


def moving(settings: Settings, *words: str) -> dict[str, Any]:
    """The knobs of `settings` that move one of `words`, flat."""
    return {name: value for name, value in toml.flat(settings).items() if MOVED[name] in words}


def searchable(settings: Settings) -> Searchable:
    """The knobs of `settings` that a search may try, and those of the same tables that are luck: the metadata of the fields say so."""
    tables = [table for table in dataclasses.fields(Settings) if table.metadata.get("search")]
    knobs = {f"{table.name}.{knob.name}": knob for table in tables for knob in dataclasses.fields(getattr(settings, table.name))}
    tried = {name for name, knob in knobs.items() if knob.metadata.get("search", True) and MOVED[name] != "nothing"}
    values = {name: value for name, value in toml.flat(settings).items() if name in tried}
    return Searchable(values, frozenset(knobs) - tried)


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


Chosen = tuple[Path | None, list[str] | None]
"""A file of settings, and knobs that are set: what `choose` is asked with."""


def choose(file: Path | None = None, sets: list[str] | None = None, original: bool = False) -> Settings:
    """The built-in defaults, settings/default.toml and the project's file where they stand, the signed version that the project names, with
    `original` the plan's dates, then the file that was given, then each of `sets`, `table.name=value`. Raises `SettingsError`, also on
    `original` where both dates are named beside it.

    The version goes before the project's own knobs: what was signed is in force until somebody says otherwise for one run.
    """
    if original:
        told = {f"backtest.{name}" for name in toml.read(file).get("backtest", {})} if file else set()
        if {"backtest.start", "backtest.end"} <= told | {one.partition("=")[0].strip() for one in sets or []}:
            raise SettingsError("--original changes nothing beside backtest.start and backtest.end, which are both named: leave it out")
    here = project()
    mine = (str(here.file), here.knobs) if here.file else None
    plan = PLAN if PLAN.is_file() else {"backtest": {"start": Account.start, "end": Account.end}}
    signed = in_force(here)
    version = None if signed is None else (str(signed.file), signed.tables)
    layers = (DEFAULTS if DEFAULTS.is_file() else None, mine, version, plan if original else None, file)
    return toml.load(Settings, [one for one in layers if one is not None], sets or [])


def plain_settings(settings: Settings) -> dict[str, Any]:
    """Every knob by its full name, as a JSON file holds it."""
    return {name: value if isinstance(value, bool | int | float | str) else str(value) for name, value in toml.flat(settings).items()}


def hash_of(knobs: Mapping[str, Any]) -> str:
    """SHA-256 of knobs, whatever their order."""
    return hashlib.sha256(json.dumps(dict(knobs), sort_keys=True).encode()).hexdigest()
