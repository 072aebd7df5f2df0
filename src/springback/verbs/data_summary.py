"""What a verb says of the market it works on: where it came from, what its tables were taken for, the window, the folder of models."""

import numpy as np

from springback.market.bars import Dates
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.verbs.console import Console
from springback.workflow import inputs as markets
from springback.workflow.inputs import Inputs, Loaded
from springback.workflow.settings import Settings, window_of

__all__ = ["Inputs"]
MOST = 5
"""Findings that are told one by one."""


def given(console: Console, inputs: Inputs, ranks: bool = True) -> Loaded:
    """The files that were named, or the store, and says which; see `workflow.inputs.given`."""
    return say(console, markets.given(inputs, ranks))


def stored(console: Console, inputs: Inputs) -> Loaded:
    """The store, likewise."""
    return say(console, markets.stored(inputs))


def stored_or_demo(console: Console, settings: Settings, inputs: Inputs) -> Loaded:
    """The store, or the demo market fetched into it, likewise."""
    return say(console, markets.stored_or_demo(settings, inputs, console))


def window(console: Console, settings: Settings, market_data: MarketData, trades: bool = True) -> Settings:
    """`settings` with the days of the backtest known; says which they are and what of the bars they leave out.

    `trades`: bars and VIX must cover them, which is looked at here, before the work. Raises `MissingData`.
    """
    settings = window_of(settings, market_data, trades)
    console.say(f"  {words_of(settings, market_data.bars.sessions)}")
    console.payload["window"] = dict(zip(("start", "end"), map(str, settings.backtest.days), strict=True))
    return settings


def words_of(settings: Settings, sessions: Dates) -> str:
    """The window in words, and what it leaves out of `sessions`."""
    start, end = settings.backtest.days
    before = int(np.searchsorted(sessions, np.datetime64(start)))
    after = len(sessions) - int(np.searchsorted(sessions, np.datetime64(end), side="right"))
    words = [f"{before:,} sessions before it are history only"] if before else []
    words += [f"{after:,} sessions after it, up to {sessions[-1]}, are left out"] if after else []
    return f"window {start} to {end}" + (f": {', '.join(words)}" if words else "")


def say(console: Console, loaded: Loaded) -> Loaded:
    """What its prices and tables were taken for, one line on it, the first of its findings, and what was laid over or restated."""
    market_data = loaded.market_data
    say_prices(console, market_data)
    sessions, names = market_data.bars.shape
    console.say(f"{names:,} names, {sessions:,} sessions, {market_data.bars.sessions[0]} to {market_data.bars.sessions[-1]}, {loaded.how}")
    for line in markets.read_as(loaded):
        console.say(f"  {line}")
    say_findings(console, markets.findings_of(loaded))
    for line in loaded.notes:
        console.say(f"  {line}")
    if loaded.restated:
        console.say(f"  the past was restated, and what was known before is kept: {loaded.restated}")
    if loaded.store is not None:
        store = {
            "folder": str(loaded.store),
            "hash": loaded.hash,
            "origin": str(market_data.origin),
            "findings": list(market_data.findings),
        }
        console.payload["store"] = store
    return loaded


def say_prices(console: Console, market_data: MarketData) -> None:
    """What the prices of a table were taken for; nothing of another market data."""
    for line in markets.prices_of(market_data):
        console.say(line)


def say_findings(console: Console, findings: tuple[Prose, ...]) -> None:
    """What was found on the data: all of it where it is little, else the first and where the rest stands."""
    if not findings:
        return
    many = len(findings) > MOST
    rest = f"; here the first {MOST}, all of them by 'springback data check' and in a run's report" if many else ""
    console.say(f"  {len(findings):,} findings on the data{rest}:")
    for line in findings[:MOST]:
        console.say(f"    {line}")
