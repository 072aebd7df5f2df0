"""What `springback fetch` does with a vendor of prices: ask, keep, assemble, store."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from springback import wiring
from springback.data.sources import History
from springback.data.sources.asked import read_span, read_symbols
from springback.data.sources.assemble import assemble
from springback.data.sources.beside import read_beside
from springback.data.sources.downloads import Downloads
from springback.data.sources.gather import gather
from springback.data.sources.keys import read_keys
from springback.data.sources.members import Roll, check_names, dotted, enrolled, read_roll, renamed
from springback.data.store import Store
from springback.errors import InputError, MissingData
from springback.market.tape import Tape
from springback.verbs import steps
from springback.voice import Voice

FIRST = "2017-01-03"
"""Where history begins when nobody says: three years before the first default backtest, for the training of its first models."""
SINCE = date(2005, 1, 3)
"""From where the benchmark is asked for, so that its level on a session does not hang on the start of a fetch."""


def asks(source: str, symbols: str | None, start: str | None, end: str | None, keys: Path | None, *beside: Path | None) -> bool:
    """Whether `source` is asked name by name, not read or drawn whole. Raises `InputError` on an option that does not go with it."""
    told = {"--symbols": symbols, "--start": start, "--end": end, "--keys": keys}
    if source in wiring.SOURCES:
        for option, value in zip(("--vix", "--events"), beside, strict=True):
            if value is not None:
                raise InputError(f"{option} goes with --source csv: {source} brings its own, or none")
        return True
    for option, given in told.items():
        if given is not None and source in {"csv", "demo"}:
            raise InputError(f"{option} goes with {', '.join(wiring.SOURCES)}: --source {source} is taken whole")
    return False


def fetch(
    voice: Voice,
    chosen: wiring.Settings,
    source: str,
    symbols: str | None,
    start: str | None,
    end: str | None,
    path: Path | None,
    keys: Path | None,
    downloads: Path,
    store: Path,
    accept_restatement: bool = False,
    members: Path | None = None,
) -> tuple[Tape, str]:
    """Bars, splits and dividends of `symbols` from a vendor, with VIX, the risk-free rate and SPY, into the store.

    `members` is a membership file by permanent id; its members are asked for where no symbols are named.
    """
    first, last, early = read_span(start, end, FIRST, datetime.now(UTC))
    if early:
        voice.say(f"  the newest settled session is {last}: asked up to there")
    asked = read_symbols(symbols) if symbols else None
    vendor = wiring.source_of(source, chosen, read_keys(keys) if source in wiring.NEED_KEYS else None, path)
    roll = read_roll(members, first, last) if members else None
    names = asked or (_members(roll, store, first) if roll else vendor.listing(first, last))
    if not names:
        raise InputError(f"--source {source} keeps no list of names: give --symbols A,B,C or a file with one a line, or --members")
    kept = Downloads(downloads, vendor.name, timedelta(hours=chosen.fetch.fresh_hours)) if source != "lean" else None
    level = gather(vendor, [chosen.fetch.benchmark], min(first, SINCE), last, kept)
    found = gather(vendor, names, first, last, kept, voice.step("fetch"))
    listed = found.histories
    if roll and (spelled := dotted(listed)):
        listed = renamed(listed, gather(vendor, list(spelled.values()), first, last, kept).histories, spelled)
    if not any(len(one.days) for one in listed):
        raise MissingData(f"{source} has no bar of the {len(names):,} names from {first} to {last}: check the symbols and the dates")
    beside = read_beside(chosen.fetch, first, last)
    tape = assemble(listed, beside, level.histories[0], first, last, f"Prices of {source}, {_bias(source, listed)}")
    if roll:
        tape = enrolled(tape, roll)
    for note in beside.notes:
        voice.say(f"  {note}")
    if kept:
        voice.say(f"  {found.asked:,} of {len(names):,} names asked for now, the others kept in {kept.folder}")
    voice.told["fetch"] = {"source": source, "names": len(names), "asked": found.asked, "first": str(first), "last": str(last)}
    return steps.keep(voice, tape, store, accept_restatement, names, members)


def _members(roll: Roll, store: Path, first: date) -> tuple[str, ...]:
    """Whom to ask for: the members, and where a store goes on all of its names that still trade, since some may be held."""
    place = Store(store)
    old = place.describe() if place.exists() else None
    if old is None or str(first) <= old["first_session"]:
        return roll.symbols
    stored = place.securities()
    trading = stored["symbol"][stored["ending"] == "trading"]
    check_names(roll, set(trading), old["first_session"])
    return tuple(dict.fromkeys([*roll.symbols, *trading]))


def _bias(source: str, listed: Sequence[History]) -> str:
    """What a reader of the report must know of the names."""
    if source == "yahoo":
        return "which lists no delisted names: survivorship bias"
    gone = sum(one.gone for one in listed)
    return "of the names asked for" + (f", {gone:,} of them unknown there" if gone else "")
