"""What `springback fetch` does with a vendor of prices: ask, keep, assemble, store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from springback import project, wiring
from springback.data.laws import told
from springback.data.roster import Roster
from springback.data.sessions import exchange_days
from springback.data.sources import History, Source
from springback.data.sources.asked import read_roster, read_span
from springback.data.sources.assemble import assemble
from springback.data.sources.downloads import Downloads
from springback.data.sources.gather import gather
from springback.data.sources.keys import read_keys
from springback.data.sources.members import Roll, check_names, dotted, enrolled, read_roll, renamed
from springback.data.sources.vix_and_rates import read_beside
from springback.data.store.continuation import check_hole
from springback.data.store.store import Store
from springback.errors import InputError, MissingData
from springback.market.origin import FUND, Origin
from springback.market.prose import Prose, prose
from springback.market.tape import Tape
from springback.verbs import steps
from springback.verbs.console import Voice

FIRST = "2017-01-03"
"""Where history begins when nobody says: three years before the original plan's backtest, for the training of its first models."""
DOWNLOADS = Path("downloads")
WEEK = 5
"""Sessions that are asked for again where a store goes on."""
LATELY = np.timedelta64(60, "D")
"""How long a name that fell silent is asked for again: it may be a halt."""
SINCE = date(2005, 1, 3)
"""From where the benchmark is asked for, so that its level on a session does not hang on the start of a fetch."""


@dataclass(frozen=True)
class Beside:
    """Files that stand beside bars."""

    vix: Path | None = None
    members: Path | None = None
    events: Path | None = None
    benchmark: Path | None = None


@dataclass(frozen=True)
class Asked:
    """What a vendor is asked for: names, first and last day, with which keys, and the folder of what it told before."""

    symbols: str | None = None
    start: str | None = None
    end: str | None = None
    keys: Path | None = None
    downloads: Path | None = None

    def by(self, source: str, beside: Beside, prices: str | None = None) -> bool:
        """Whether `source` is asked name by name, not read or drawn whole. Raises `InputError` on an option that does not go with it."""
        if source in wiring.SOURCES:
            told = {name: getattr(beside, name) for name in ("vix", "events", "benchmark")} | {"prices": prices}
            for name, value in told.items():
                if value is not None:
                    raise InputError(f"--{name} goes with --source csv: {source} brings its own, or none")
            if self.keys is not None and source not in wiring.NEED_KEYS:
                raise InputError(f"--keys goes with {', '.join(wiring.NEED_KEYS)}: {source} needs none")
            if self.downloads is not None and source == "lean":
                raise InputError("--downloads keeps what vendors tell: --source lean is read where it lies")
            return True
        for name in ("symbols", "start", "end", "keys", "downloads"):
            if getattr(self, name) is not None and source in {"csv", "demo"}:
                raise InputError(f"--{name} goes with {', '.join(wiring.SOURCES)}: --source {source} is taken whole")
        return False


def tape_for_run(
    voice: Voice,
    chosen: wiring.Settings,
    source: str | None,
    path: Path | None,
    beside: Beside,
    asked: Asked,
    store: Path,
    as_of: str | None = None,
    prices: str | None = None,
) -> tuple[Tape, str]:
    """The market of a whole job: of a vendor, who is told which names, or as `steps.tape_for_run` finds it."""
    named = source or ("csv" if path is not None else None)
    if named in wiring.SOURCES and asked.by(named, beside, prices):
        if as_of:
            raise InputError("--as-of reads a store as it was known, --source names something else: give one of them")
        if asked.symbols is None and beside.members is None and named != "lean":
            raise InputError(
                f"a run on {named} needs the names to ask for: springback run --source {named} --symbols AAPL,MSFT,NVDA "
                "(or a file with one a line, or --members FILE); the more the better, 50 at least"
            )
        return fetch(voice, chosen, named, asked, path, store, members=beside.members)
    lost = next((name for name, value in vars(asked).items() if value is not None), None)
    if lost is not None:
        raise InputError(f"--{lost} goes with --source {', '.join(wiring.SOURCES)}: name the one to ask")
    return steps.tape_for_run(
        voice, chosen, source, path, beside.vix, beside.members, beside.events, store, as_of, prices, beside.benchmark
    )


def fetch(
    voice: Voice,
    chosen: wiring.Settings,
    source: str,
    asked_for: Asked,
    path: Path | None,
    store: Path,
    accept_restatement: bool = False,
    members: Path | None = None,
) -> tuple[Tape, str]:
    """Bars, splits and dividends of the symbols asked for from a vendor, with VIX, the risk-free rate and SPY, into the store.

    `members` is a membership file by permanent id; its members are asked for where no symbols are named.
    """
    symbols, start, end, keys = asked_for.symbols, asked_for.start, asked_for.end, asked_for.keys
    old = _old(store, source)
    first, last, early = read_span(start or (old.goes_on if old else None), end, FIRST, datetime.now(UTC))
    if early:
        voice.say(f"  the newest settled session is {last}: asked up to there")
    if old and start is None and old.goes_on:
        voice.say(
            f"  goes on with {store} from {first}, a week back to hear corrections; --start {old.first} asks for all of the past again"
        )
    named = read_roster(symbols) if symbols else None
    vendor = wiring.source_of(source, chosen, read_keys(keys or project.named("keys")) if source in wiring.NEED_KEYS else None, path)
    kept = (
        Downloads(asked_for.downloads or project.usual("downloads"), vendor.name, timedelta(hours=chosen.fetch.fresh_hours))
        if source != "lean"
        else None
    )
    after = old if old and str(first) > old.first else None
    roll = read_roll(members, first, last) if members else None
    listed = named or (Roster(_members(roll, after)) if roll else vendor.listing(first, last))
    names = listed.symbols
    for line in told(listed.left):
        voice.say(f"  {line}")
    if not names:
        raise InputError(f"--source {source} keeps no list of names: give --symbols A,B,C or a file with one a line, or --members")
    ask = _Asker(voice, chosen, source, vendor, kept, members, min(SINCE, date.fromisoformat(old.first)) if old else SINCE, path)
    if after:
        check_hole(after.last, np.datetime64(first, "D"))
    joining = after.lacking(names, first) if after else []
    late = set(joining)
    staying = [name for name in names if name not in late]
    asked, stored = 0, None
    if staying:
        tape, asked, odd = ask.tape(staying, first, last)
        tape = replace(tape, findings=(*prose(told(listed.left)), *tape.findings))
        heard = [name for name in staying if name not in odd]
        stored = steps.keep(voice, tape, store, accept_restatement, heard, members)
    if joining and after:
        more, stored = ask.join(joining, date.fromisoformat(after.first), store, accept_restatement, stored)
        asked += more
    if kept:
        voice.say(f"  {asked:,} of {len(names):,} names asked for now, the others kept in {kept.folder}")
    voice.told["fetch"] = {"source": source, "names": len(names), "asked": asked, "first": str(first), "last": str(last)}
    assert stored is not None  # there are names, and each stays or joins
    return stored


@dataclass(frozen=True)
class _Asker:
    """Asks one vendor and makes tapes of what it tells."""

    voice: Voice
    chosen: wiring.Settings
    source: str
    vendor: Source
    kept: Downloads | None
    members: Path | None
    since: date
    folder: Path | None

    def tape(self, names: Sequence[str], first: date, last: date) -> tuple[Tape, int, frozenset[str]]:
        """The tape of `names` with all that stands beside them, how many were asked for now, and those whose answer could not be read.

        Raises `MissingData`, `SourceError`.
        """
        fetch = self.chosen.fetch
        level = gather(self.vendor, [fetch.benchmark], min(first, self.since), last, self.kept)
        found = gather(self.vendor, names, first, last, self.kept, self.voice.step("fetch"))
        listed = found.histories
        if self.members and (spelled := dotted(listed)):
            listed = renamed(listed, gather(self.vendor, list(spelled.values()), first, last, self.kept).histories, spelled)
        if not any(len(one.days) for one in listed):
            raise MissingData(
                f"{self.source} has no bar of the {len(names):,} names from {first} to {last}: check the symbols and the dates"
            )
        beside = read_beside(fetch, first, last, self.folder)
        for note in beside.notes:
            self.voice.say(f"  {note}")
        tape = assemble(listed, beside, level.histories[0], first, last, _origin(self.source, listed))
        tape = enrolled(tape, read_roll(self.members, first, last), names) if self.members else tape
        return tape, found.asked, frozenset(found.odd)

    def join(
        self, names: Sequence[str], first: date, store: Path, accept_restatement: bool, stored: tuple[Tape, str] | None
    ) -> tuple[int, tuple[Tape, str]]:
        """Asks for `names` from `first` on up to the store's end and lays them beside what is there; `stored` is what was written before.

        Returns how many were asked for now, and what the store holds. Raises `MissingData` where none has a bar and nothing was written.
        """
        until = date.fromisoformat(Store(store).describe()["last_session"])
        try:
            tape, asked, _ = self.tape(names, first, until)
        except MissingData:
            if stored is None:
                raise
            self.voice.say(f"  {len(names):,} names that the store does not have are unknown to {self.source} too (such as {names[0]})")
            return 0, stored
        came = f"{len(tape.bars.symbols):,} of {len(names):,} names"
        self.voice.say(f"  {came} that the store lacks, or lacks bars of, join it with all their past")
        return asked, steps.keep(self.voice, tape, store, accept_restatement, joins=True)


@dataclass(frozen=True)
class _Old:
    """A store that real prices lie in: its first and last session, the day from which the same source goes on (None: it is of another), the
    last bar of each of its names, and the names that still trade or were silent only lately.
    """

    first: str
    last: np.datetime64
    goes_on: str | None
    lasts: Mapping[str, np.datetime64]
    trading: tuple[str, ...]

    def lacking(self, names: Sequence[str], start: date) -> list[str]:
        """Those of `names` that asking from `start` on would leave out sessions of: new ones, and those not asked for in a while."""
        day = np.datetime64(start, "D")
        needed = exchange_days(day - 14, day - 1)[-1:]
        return [name for name in names if name not in self.lasts or bool((self.lasts[name] < needed).any())]


def _old(store: Path, source: str) -> _Old | None:
    place = Store(store)
    told = place.describe() if place.exists() else None
    if told is None or place.origin.demo:
        return None
    last = np.datetime64(told["last_session"], "D")
    week = exchange_days(last - 14, last)[-WEEK:]
    stored = place.securities()
    begin = max(str(week[0]), told["first_session"]) if len(week) and place.origin.source == source else None
    lasts = dict(zip(stored["symbol"], stored["last"].to_numpy().astype("datetime64[D]"), strict=True))
    ends = zip(stored["symbol"], stored["ending"], strict=True)
    lately = [symbol for symbol, end in ends if end == "trading" or last - lasts[symbol] < LATELY]
    return _Old(told["first_session"], last, begin, lasts, tuple(lately))


def _members(roll: Roll, after: _Old | None) -> tuple[str, ...]:
    """Whom to ask for: the members, and where a store goes on all of its names that still trade, since some may be held."""
    if after is None:
        return roll.symbols
    check_names(roll, set(after.lasts), after.first)
    return tuple(dict.fromkeys([*roll.symbols, *after.trading]))


def _origin(source: str, listed: Sequence[History]) -> Origin:
    return Origin("recorded", source, Prose(f"Prices of {source}, {_bias(source, listed)}"), benchmark=FUND)


def _bias(source: str, listed: Sequence[History]) -> str:
    """What a reader of the report must know of the names."""
    if source == "yahoo":
        return "which lists no delisted names: survivorship bias"
    gone = sum(one.gone for one in listed)
    return "of the names asked for" + (f", {gone:,} of them unknown there" if gone else "")
