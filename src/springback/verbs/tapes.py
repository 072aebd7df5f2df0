"""What a verb says of the market it works on: where it came from, what its tables were taken for, the window, the folder of models."""

from pathlib import Path

import numpy as np

from springback.market.bars import Dates
from springback.market.tape import Tape
from springback.verbs.console import Voice
from springback.workflow import inputs as markets
from springback.workflow import places
from springback.workflow.inputs import Inputs, Loaded
from springback.workflow.settings import Settings, window_of

__all__ = ["Inputs"]


def given(voice: Voice, inputs: Inputs, ranks: bool = True) -> Loaded:
    """The files that were named, or the store, and says which; see `workflow.inputs.given`."""
    return say(voice, markets.given(inputs, ranks))


def stored(voice: Voice, inputs: Inputs) -> Loaded:
    """The store, likewise."""
    return say(voice, markets.stored(inputs))


def stored_or_demo(voice: Voice, settings: Settings, inputs: Inputs) -> Loaded:
    """The store, or the demo market fetched into it, likewise."""
    return say(voice, markets.stored_or_demo(settings, inputs, voice))


def shelf(voice: Voice, given: Path | None, trains: bool = False, beside: Path | None = None, kind: str | None = None) -> Path:
    """The folder of models of `places.shelf`; says so where it is a new one."""
    folder = places.shelf(given, trains, beside, kind)
    if beside is None and not places.holds_models(folder):
        voice.say(f"  new folder of models: {folder}")
    return folder


def window(voice: Voice, chosen: Settings, tape: Tape, trades: bool = True) -> Settings:
    """`chosen` with the days of the backtest known; says which they are and what of the bars they leave out.

    `trades`: bars and VIX must cover them, which is looked at here, before the work. Raises `MissingData`.
    """
    chosen = window_of(chosen, tape, trades)
    voice.say(f"  {words_of(chosen, tape.bars.sessions)}")
    voice.told["window"] = dict(zip(("start", "end"), map(str, chosen.backtest.days), strict=True))
    return chosen


def words_of(chosen: Settings, sessions: Dates) -> str:
    """The window in words, and what it leaves out of `sessions`."""
    start, end = chosen.backtest.days
    before = int(np.searchsorted(sessions, np.datetime64(start)))
    after = len(sessions) - int(np.searchsorted(sessions, np.datetime64(end), side="right"))
    words = [f"{before:,} sessions before it are history only"] if before else []
    words += [f"{after:,} sessions after it, up to {sessions[-1]}, are left out"] if after else []
    return f"window {start} to {end}" + (f": {', '.join(words)}" if words else "")


def say(voice: Voice, loaded: Loaded) -> Loaded:
    """What its prices and tables were taken for, one line on it, the first of its findings, and what was laid over or restated."""
    tape = loaded.tape
    say_prices(voice, tape)
    sessions, names = tape.bars.shape
    voice.say(f"{names:,} names, {sessions:,} sessions, {tape.bars.sessions[0]} to {tape.bars.sessions[-1]}, {loaded.how}")
    for line in markets.read_as(loaded):
        voice.say(f"  {line}")
    if others := markets.findings_of(loaded):
        count = len(others)
        voice.say(f"  {count} finding{'s' if count > 1 else ''} on the data, all in the report; the first: {others[0]}")
    for line in loaded.notes:
        voice.say(f"  {line}")
    if loaded.restated:
        voice.say(f"  the past was restated, and what was known before is kept: {loaded.restated}")
    if loaded.store is not None:
        store = {"folder": str(loaded.store), "hash": loaded.hash, "origin": str(tape.origin), "findings": list(tape.findings)}
        voice.told["store"] = store
    return loaded


def say_prices(voice: Voice, tape: Tape) -> None:
    """What the prices of a table were taken for; nothing of another tape."""
    for line in markets.prices_of(tape):
        voice.say(line)
