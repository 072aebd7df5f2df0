"""Which market a verb works on: files, a store with what is handed in beside it, a source; and the window it is asked about."""

from pathlib import Path

import numpy as np

from springback import wiring
from springback.backtest.run import span
from springback.data.files.headers import understanding
from springback.data.overrides import laid_over
from springback.data.store.content_hash import content_hash
from springback.errors import InputError
from springback.market.bars import Dates
from springback.market.prose import those
from springback.market.tape import Tape
from springback.project import usual
from springback.verbs.console import Voice


def given(
    voice: Voice,
    bars: Path | None,
    vix: Path | None,
    members: Path | None,
    events: Path | None,
    store: Path | None,
    as_of: str | None = None,
    ranks: bool = True,
    prices: str | None = None,
    benchmark: Path | None = None,
) -> tuple[Tape, str]:
    """The files that were named, or the store with VIX and members laid over its own. `ranks`: who is a member matters, since the universe
    is worked out; where forecasts come from a file it is not, and `members` are refused.
    """
    if members is not None and not ranks:
        raise InputError("--members changes nothing beside --forecasts, which say themselves who is ranked: leave one of them out")
    if bars is None:
        return stored(voice, store, as_of, vix, members, events, prices, benchmark)
    if as_of:
        raise InputError("--as-of reads a store as it was known, --bars names a file: give one of them")
    if store is not None:
        raise InputError("--bars and --store both name the bars: give one of them")
    if vix is None and not bars.is_dir():
        raise InputError("--bars needs --vix FILE (date,close): the regime cannot be known without it")
    tape = wiring.load_bars(bars, vix, members, events, benchmark, prices)
    say(voice, tape, f"read from {bars}")
    return tape, content_hash(tape)


def stored(
    voice: Voice,
    store: Path | None,
    as_of: str | None = None,
    vix: Path | None = None,
    members: Path | None = None,
    events: Path | None = None,
    prices: str | None = None,
    benchmark: Path | None = None,
) -> tuple[Tape, str]:
    """The tape of a store and its hash, now or as they were known on a day, with the VIX, members and benchmark named laid over its own.

    Its splits and dividends are part of its prices: `events` are refused, as is `prices`.
    """
    refuse_events(events)
    if prices is not None:
        raise InputError("--prices says what a table of bars holds: name it; the store knows it already")
    folder = store or usual("store")
    tape, digest = wiring.open_store(folder, as_of)
    say(voice, tape, f"read from {folder}{f' as known on {as_of}' if as_of else ''}")
    if vix is None and members is None and benchmark is None:
        return tape, digest
    with understanding() as heard:
        tape, told = laid_over(tape, vix, members, benchmark)
    for line in (*(one.line for one in heard), *told):
        voice.say(f"  {line}")
    return tape, content_hash(tape)


def refuse_events(events: Path | None) -> None:
    """Raises `InputError` on events beside a store."""
    if events is not None:
        raise InputError("--events belongs to a CSV file of bars: the store holds its own splits and dividends")


def window(voice: Voice, chosen: wiring.Settings, tape: Tape, trades: bool = True) -> wiring.Settings:
    """`chosen` with the days of the backtest known; says which they are and what of the bars they leave out.

    `trades`: bars and VIX must cover them, which is looked at here, before the work. Raises `MissingData`.
    """
    chosen = wiring.dated(chosen, tape)
    if trades:
        span(tape, chosen.backtest)
    voice.say(f"  {words_of(chosen, tape.bars.sessions)}")
    voice.told["window"] = dict(zip(("start", "end"), map(str, chosen.backtest.days), strict=True))
    return chosen


def words_of(chosen: wiring.Settings, sessions: Dates) -> str:
    """The window in words, and what it leaves out of `sessions`."""
    start, end = chosen.backtest.days
    before = int(np.searchsorted(sessions, np.datetime64(start)))
    after = len(sessions) - int(np.searchsorted(sessions, np.datetime64(end), side="right"))
    words = [f"{before:,} sessions before it are history only"] if before else []
    words += [f"{after:,} sessions after it, up to {sessions[-1]}, are left out"] if after else []
    return f"window {start} to {end}" + (f": {', '.join(words)}" if words else "")


def say(voice: Voice, tape: Tape, how: str) -> None:
    """What its prices and tables were taken for, one line on it, and the first of its findings."""
    say_prices(voice, tape)
    sessions, names = tape.bars.shape
    voice.say(f"{names:,} names, {sessions:,} sessions, {tape.bars.sessions[0]} to {tape.bars.sessions[-1]}, {how}")
    for line in those(tape.findings, "tables"):
        voice.say(f"  {line}")
    others = those(tape.findings, "", "unusable", "quarantine")
    if others:
        count = len(others)
        voice.say(f"  {count} finding{'s' if count > 1 else ''} on the data, all in the report; the first: {others[0]}")


def say_prices(voice: Voice, tape: Tape) -> None:
    """What the prices of a table were taken for; nothing of another tape."""
    for line in those(tape.findings, "prices"):
        voice.say(line)
