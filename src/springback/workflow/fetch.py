"""A vendor of prices into the store: whom to ask for what, asked in one or two batches, each assembled and stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from springback import project
from springback.data.hours import between
from springback.data.laws import lines_of
from springback.data.roster import Roster
from springback.data.sessions import exchange_days, newest
from springback.data.sources import History, Source
from springback.data.sources.assemble import VixAndRates, assemble
from springback.data.sources.downloads import Downloads
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.gather import Histories, gather, gather_what_comes
from springback.data.sources.keys import read_keys
from springback.data.sources.members import MemberList, check_names, dotted, enrolled, given_up, read_member_list, renamed
from springback.data.sources.request import read_roster, read_span
from springback.data.sources.vix_and_rates import read_vix_and_rates
from springback.data.store.continuation import check_hole
from springback.data.store.store import Store
from springback.errors import InputError, MissingData, SourceError
from springback.market.market_data import MarketData
from springback.market.origin import FUND, Origin
from springback.market.prose import Prose, prose
from springback.quality.remarks import remarked
from springback.workflow.inputs import Inputs, Loaded, keep
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings
from springback.workflow.sources import NEED_KEYS, SOURCES, source_of

FIRST = "2017-01-03"
"""Where history begins when nobody says: three years before the original plan's backtest, for the training of its first models."""
WEEK = 5
"""Sessions that are asked for again where a store goes on."""
REGIME = 21
"""Sessions whose VIX is asked for again where it was not there yet: the regime looks back on no more of them."""
LATELY = np.timedelta64(60, "D")
"""How long a name that fell silent is asked for again: it may be a halt."""
SINCE = date(2005, 1, 3)
"""From where the benchmark is asked for, so that its level on a session does not hang on the start of a fetch."""


@dataclass(frozen=True)
class Batch:
    """What one round of asking brought: the store as it is then (None: nothing was written), how many names were asked for now and not
    taken from what was kept, and lines on it: `notes` before the store is described.
    """

    loaded: Loaded | None
    requests: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is asked of a vendor: `staying` from `first` to `last`, and `joining`, names a store lacks, from its own first day to its end.

    `notes` say how the days and names came about; `missing` are the findings on names left out of the list. `closed` are days that are no
    sessions, `now` is the time of the answers (None: the machine's). In the `evening` what fails is told and stops nothing
    else; `renamed` are then the store's names that their companies gave up, with those they took: neither is asked for.
    """

    source: str
    vendor: Source
    settings: Fetch
    store: Path
    folder: Path | None
    members: Path | None
    downloads: Downloads | None
    first: date
    last: date
    since: date
    staying: tuple[str, ...]
    joining: tuple[str, ...]
    joining_from: date | None
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    closed: tuple[str, ...] = ()
    now: datetime | None = None
    evening: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> int:
        """How many names are asked for."""
        return len(self.staying) + len(self.joining)


def vendor_of(inputs: Inputs) -> str | None:
    """The vendor that a whole job asks for its market; None where it is read, drawn or taken from a store.

    Raises `InputError` on options that do not go together, and where nobody says whom to ask for.
    """
    named = inputs.source or ("csv" if inputs.path is not None else None)
    if named is None or named not in SOURCES or not inputs.by_name(named):
        lost = next((name for name, value in vars(inputs.request).items() if value is not None), None)
        if lost is not None:
            raise InputError(f"--{lost} goes with --source {', '.join(SOURCES)}: name the one to ask")
        return None
    if inputs.as_of:
        raise InputError("--as-of reads a store as it was known, --source names something else: give one of them")
    if inputs.request.symbols is None and inputs.members is None and named != "lean":
        raise InputError(
            f"a run on {named} needs the names to ask for: springback run --source {named} --symbols AAPL,MSFT,NVDA "
            "(or a file with one a line, or --members FILE); the more the better, 50 at least"
        )
    return named


def settled(source: str, session: object, now: datetime, settings: Settings) -> bool:
    """Whether the bars of `session` are settled at `now` for `source`: `fetch.SOURCE_settled` minutes after the close, of a half day too.
    Never on a day that is no session, or one of `calendar.closed`.
    """
    day = date.fromisoformat(str(session)[:10])
    return any(now >= one.closes + settings.fetch.settled(source) for one in between(day, day, settings.calendar.closed))


def newest_session(source: str, now: datetime, settings: Settings) -> date:
    """The last session that is settled for `source` at `now`."""
    return date.fromisoformat(str(newest(now, settings.fetch.settled(source), settings.calendar.closed)))


def plan(settings: Settings, inputs: Inputs, source: str, now: datetime | None = None, evening: bool = False) -> Plan:
    """Whom to ask the vendor `source` for, from when to when, at `now` (None: the machine's time). A store of the same source goes on from
    its last week.

    Members are asked for where no symbols are named; in the `evening` else the store's own names, and a company that gave up its ticker is
    left out, not refused. Raises `InputError`, `BadTable`, `StoreError`.
    """
    closed = settings.calendar.closed
    old = _old(inputs.folder, source, closed)
    first, last, notes = _span(settings, inputs, source, old, now or datetime.now(UTC))
    vendor = _vendor(settings, inputs, source)
    after = old if old and (evening or str(first) > old.first) else None
    if after:
        _check_going_on(after, first, source, closed, evening)
    roll = read_member_list(inputs.members, first, last) if inputs.members else None
    given = given_up(roll, set(after.lasts)) if evening and roll and after else {}
    listed = _listed(inputs, source, vendor, after, (first, last), roll, evening)
    staying, joining = _apart(listed, after, given, first)
    missing = tuple(lines_of(listed.left))
    return Plan(
        *(source, vendor, settings.fetch, inputs.folder, inputs.path, inputs.members, _kept(settings, inputs, vendor, source)),
        first=first,
        last=last,
        since=min(SINCE, date.fromisoformat(old.first)) if old else SINCE,
        staying=staying,
        joining=joining,
        joining_from=date.fromisoformat(after.first) if after else None,
        missing=missing,
        notes=(*notes, *(f"  {line}" for line in missing)),
        closed=closed,
        now=now,
        evening=evening,
        renamed=given,
    )


def _vendor(settings: Settings, inputs: Inputs, source: str) -> Source:
    keys = read_keys(inputs.request.keys or project.named("keys")) if source in NEED_KEYS else None
    return source_of(source, settings, keys, inputs.path)


def _check_going_on(after: "_Old", first: date, source: str, closed: Sequence[str], evening: bool) -> None:
    """Raises `InputError` where a session would be missing, and where an evening would lay one source over another."""
    if evening and after.goes_on is None:
        raise InputError(f"the store holds prices of another source than {source}: an evening goes on with its own source", value=source)
    check_hole(after.last, np.datetime64(first, "D"), closed)


def _apart(listed: Roster, after: "_Old | None", successors: Mapping[str, str], first: date) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that go on and those that join, without those that have `successors`, and these."""
    names = [name for name in listed.symbols if name not in {*successors, *successors.values()}]
    joining = tuple(after.lacking(names, first)) if after else ()
    late = set(joining)
    return tuple(name for name in names if name not in late), joining


def _span(settings: Settings, inputs: Inputs, source: str, old: "_Old | None", now: datetime) -> tuple[date, date, list[str]]:
    """First and last day to ask for, and a line on each that nobody named."""
    request = inputs.request
    start = request.start or (old.goes_on if old else None)
    first, last, early = read_span(start, request.end, FIRST, newest_session(source, now, settings))
    notes = [f"  the newest settled session is {last}: asked up to there"] if early else []
    if old and request.start is None and old.goes_on:
        again = f"--start {old.first} asks for all of the past again"
        notes += [f"  goes on with {inputs.folder} from {first}, a week back to hear corrections; {again}"]
    return first, last, notes


def _listed(
    inputs: Inputs, source: str, vendor: Source, after: "_Old | None", days: tuple[date, date], roll: MemberList | None, evening: bool
) -> Roster:
    """The names to ask for: those that were named, else the members, else in the `evening` those of the store, else all that the vendor
    lists. Raises `InputError` on none.
    """
    named = read_roster(inputs.request.symbols) if inputs.request.symbols else None
    if roll and after and not evening and not named:
        check_names(roll, set(after.lasts), after.first)
    own = Roster(after.trading) if evening and after else None
    listed = named or (Roster(_members(roll, after)) if roll else own or vendor.listing(*days))
    if not listed.symbols:
        raise InputError(f"--source {source} keeps no list of names: give --symbols A,B,C or a file with one a line, or --members")
    return listed


def batches(plan: Plan, progress: Progress = SILENT, accept_restatement: bool = False) -> Iterator[Batch]:
    """Asks and stores: first the names that go on, then those that join; what each brought as soon as it is stored.

    Raises `MissingData`, `SourceError`, `Restated`.
    """
    if plan.staying:
        tape = ask(plan, plan.staying, plan.first, plan.last, progress)
        yield Batch(keep(tape.market_data, plan.store, progress, accept_restatement, tape.heard, plan.members), tape.requests, tape.notes)
    if plan.joining:
        yield _joined(plan, progress, accept_restatement)


def fetch(settings: Settings, inputs: Inputs, source: str, progress: Progress = SILENT, accept_restatement: bool = False) -> Loaded:
    """What the store holds once the vendor `source` was asked: `plan` and `batches` in one. Raises as they do."""
    *_, last = [one.loaded for one in batches(plan(settings, inputs, source), progress, accept_restatement) if one.loaded]
    return last


def _joined(plan: Plan, progress: Progress, accept_restatement: bool) -> Batch:
    """Asks for the names that join, up to the store's end, and lays them beside what is there.

    Raises `MissingData` where none has a bar and nothing was written before.
    """
    assert plan.joining_from is not None
    until = date.fromisoformat(Store(plan.store).describe()["last_session"])
    names = plan.joining
    try:
        tape = ask(plan, names, plan.joining_from, until, progress)
    except MissingData:
        if not plan.staying:
            raise
        return Batch(
            None, 0, (f"  {len(names):,} names that the store does not have are unknown to {plan.source} too (such as {names[0]})",)
        )
    joined = len(tape.market_data.bars.symbols)
    came = f"  {joined:,} of {len(names):,} names that the store lacks, or lacks bars of, join it with all their past"
    return Batch(keep(tape.market_data, plan.store, progress, accept_restatement, joins=True), tape.requests, (*tape.notes, came))


@dataclass(frozen=True, eq=False)
class Tape:
    """What a vendor told of some names: `heard` are those whose answer could be read, `unknown` those of them that it does not know, and
    `failed` why the others failed; `requests` were asked for now.
    """

    market_data: MarketData
    requests: int
    heard: tuple[str, ...]
    unknown: tuple[str, ...]
    failed: Mapping[str, str]
    notes: tuple[str, ...]


def ask(plan: Plan, names: Sequence[str], first: date, last: date, progress: Progress) -> Tape:
    """The market data of `names` with all that stands beside them. In the evening a name that fails stops no other, nor does a benchmark
    or VIX that is not there.

    Raises `MissingData`, `SourceError`.
    """
    of = partial(gather_what_comes if plan.evening else gather, plan.vendor, downloads=plan.downloads, now=plan.now)
    found = of(names, first, last, progress=progress.step("fetch"))
    listed = found.histories
    if plan.members and (spelled := dotted(listed)):
        listed = renamed(listed, of(list(spelled.values()), first, last).histories, spelled)
    if found.failed and not listed:
        raise SourceError(f"{plan.source} told nothing of any of the {len(names):,} names: run again later, or use another source")
    if not any(len(one.days) for one in listed):
        raise MissingData(f"{plan.source} has no bar of the {len(names):,} names from {first} to {last}: check the symbols and the dates")
    level, levels = _beside(plan, of, first, last)
    market_data = remarked(assemble(listed, levels, level, first, last, _origin(plan.source, listed), plan.closed))
    market_data = enrolled(market_data, read_member_list(plan.members, first, last), names) if plan.members else market_data
    if names is plan.staying:
        market_data = replace(market_data, findings=(*prose(plan.missing), *market_data.findings))
    heard = tuple(one.symbol for one in listed if one.symbol not in found.odd)
    unknown = tuple(one.symbol for one in listed if one.gone)
    return Tape(market_data, found.requests, heard, unknown, found.failed, tuple(f"  {note}" for note in levels.notes))


def _beside(plan: Plan, of: Callable[..., Histories], first: date, last: date) -> tuple[History | None, VixAndRates]:
    """The benchmark, VIX and the rate; in the evening what of them can be had. Raises `SourceError`."""
    level: tuple[History, ...] = ()
    levels, notes = VixAndRates({}, None), []
    try:
        level = of([plan.settings.benchmark], min(first, plan.since), last).histories
    except SourceError:
        if not plan.evening:
            raise
    if not level:
        notes.append(f"the benchmark {plan.settings.benchmark} is not there yet")
    try:
        levels = read_vix_and_rates(plan.settings, first, last, plan.folder, plan.closed)
    except SourceError as error:
        if not plan.evening:
            raise
        notes.append(f"VIX is not there yet: {error}")
    return next(iter(level), None), replace(levels, notes=(*levels.notes, *notes))


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


def _old(store: Path, source: str, closed: Sequence[str]) -> _Old | None:
    place = Store(store)
    told = place.describe() if place.exists() else None
    if told is None or place.origin.demo:
        return None
    last = np.datetime64(told["last_session"], "D")
    week = exchange_days(last - 14, last, closed)[-WEEK:]
    stored = place.securities()
    begin = max(str(min(week[0], _hole(place, week[0]))), told["first_session"]) if len(week) and place.origin.source == source else None
    lasts = dict(zip(stored["symbol"], stored["last"].to_numpy().astype("datetime64[D]"), strict=True))
    ends = zip(stored["symbol"], stored["ending"], strict=True)
    lately = [symbol for symbol, end in ends if end == "trading" or last - lasts[symbol] < LATELY]
    return _Old(told["first_session"], last, begin, lasts, tuple(lately))


def _hole(place: Store, week: np.datetime64) -> np.datetime64:
    """The first of the stored sessions of late that has no VIX or rate, though one before it has; `week` where all have."""
    series = place.series()
    told = series[["vix", "risk_free"]]
    days = series["date"][(told.isna() & told.ffill().notna()).any(axis=1)].tail(REGIME)
    days = days[days >= series["date"].tail(REGIME).iloc[0]]
    return np.datetime64(days.iloc[0], "D") if len(days) else week


def _kept(settings: Settings, inputs: Inputs, vendor: Source, source: str) -> Downloads | None:
    """Where a vendor's answers are kept; a LEAN folder is read where it lies."""
    if source == "lean":
        return None
    return Downloads(inputs.request.downloads or project.usual("downloads"), vendor.name, timedelta(hours=settings.fetch.fresh_hours))


def _members(roll: MemberList, after: _Old | None) -> tuple[str, ...]:
    """Whom to ask for: the members, and where a store goes on all of its names that still trade, since some may be held."""
    if after is None:
        return roll.symbols
    return tuple(dict.fromkeys([*roll.symbols, *after.trading]))


def _origin(source: str, listed: Sequence[History]) -> Origin:
    return Origin("recorded", source, Prose(f"Prices of {source}, {_bias(source, listed)}"), benchmark=FUND)


def _bias(source: str, listed: Sequence[History]) -> str:
    """What a reader of the report must know of the names."""
    if source == "yahoo":
        return "which lists no delisted names: survivorship bias"
    gone = sum(one.gone for one in listed)
    return "of the names asked for" + (f", {gone:,} of them unknown there" if gone else "")
