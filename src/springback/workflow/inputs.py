"""Which market a task works on: a store as known on a day, files, or a source; read into one value that says where it came from."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from springback.data.files.headers import understanding
from springback.data.overrides import laid_over
from springback.data.store.content_hash import content_hash
from springback.data.store.store import Store
from springback.errors import InputError
from springback.market.market_data import MarketData
from springback.market.prose import Prose, those
from springback.project import usual
from springback.quality import entry
from springback.workflow import places
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings
from springback.workflow.sources import NEED_KEYS, SOURCES, draw_demo, has_store, load_bars, open_store


@dataclass(frozen=True)
class Request:
    """What a vendor is asked for: names, first and last day, with which keys, and the folder of what it told before."""

    symbols: str | None = None
    start: str | None = None
    end: str | None = None
    keys: Path | None = None
    downloads: Path | None = None


@dataclass(frozen=True)
class Inputs:
    """A market by where it lies: a store (the project's own where none is named), as known on the day `as_of`; a file or folder of bars at
    `path`; or a source. Files of VIX, members, events and a benchmark stand beside either; `prices` says what the bars hold. `holdings` of
    a fund bring a store's membership on (`universe.with_holdings`).
    """

    store: Path | None = None
    as_of: str | None = None
    source: str | None = None
    path: Path | None = None
    vix: Path | None = None
    members: Path | None = None
    events: Path | None = None
    benchmark: Path | None = None
    prices: str | None = None
    holdings: Path | None = None
    request: Request = field(default_factory=Request)

    @property
    def folder(self) -> Path:
        """The folder of the store."""
        return self.store or usual("store")

    def beside(self) -> tuple[str, ...]:
        """The names of what stands beside the bars."""
        return tuple(name for name in ("vix", "members", "events", "benchmark", "prices") if getattr(self, name) is not None)

    def by_name(self, source: str) -> bool:
        """Whether `source` is asked name by name, not read or drawn whole. Raises `InputError` on an option that does not go with it."""
        if source in SOURCES:
            for name in self.beside():
                if name != "members":
                    raise InputError(f"--{name} goes with --source csv: {source} brings its own, or none")
            if self.request.keys is not None and source not in NEED_KEYS:
                raise InputError(f"--keys goes with {', '.join(NEED_KEYS)}: {source} needs none")
            if self.request.downloads is not None and source == "lean":
                raise InputError("--downloads keeps what vendors tell: --source lean is read where it lies")
            return True
        for name in ("symbols", "start", "end", "keys", "downloads"):
            if getattr(self.request, name) is not None and source in {"csv", "demo"}:
                raise InputError(f"--{name} goes with {', '.join(SOURCES)}: --source {source} is taken whole")
        return False


@dataclass(frozen=True, eq=False)
class Loaded:
    """Market data, the hash of its content, and where it came from in words; `notes` on what was laid over it.

    Where it was written into a store, that is `store`, and `restated` says which past the source now tells otherwise.
    """

    market_data: MarketData
    hash: str
    how: str
    notes: tuple[Prose, ...] = ()
    store: Path | None = None
    restated: str = ""


def prices_of(market_data: MarketData) -> tuple[Prose, ...]:
    """What the prices of a table were taken for, a line each; nothing of another market data."""
    return those(market_data.findings, "prices")


def read_as(loaded: Loaded) -> tuple[Prose, ...]:
    """What the tables of a market were taken for, a line each."""
    return those(loaded.market_data.findings, "tables")


def findings_of(loaded: Loaded) -> tuple[Prose, ...]:
    """What else was found on the data, a line each, without what was laid over them."""
    return those(loaded.market_data.findings, "", "unusable", "quarantine")


def given(inputs: Inputs, ranks: bool = True) -> Loaded:
    """The files that are named, or the store with VIX and members laid over its own. `ranks`: who is a member matters, since the universe
    is worked out; where forecasts come from a file it is not, and `members` are refused. Raises `InputError`.
    """
    if inputs.members is not None and not ranks:
        raise InputError("--members changes nothing beside --forecasts, which say themselves who is ranked: leave one of them out")
    if inputs.path is None:
        return stored(inputs)
    if inputs.as_of:
        raise InputError("--as-of reads a store as it was known, --bars names a file: give one of them")
    if inputs.store is not None:
        raise InputError("--bars and --store both name the bars: give one of them")
    if inputs.vix is None and not inputs.path.is_dir():
        raise InputError("--bars needs --vix FILE (date,close): the regime cannot be known without it")
    market_data = read(inputs)
    return Loaded(market_data, content_hash(market_data), f"read from {inputs.path}")


def read(inputs: Inputs) -> MarketData:
    """The market data of the files at `path`. Raises as `load_bars` does."""
    assert inputs.path is not None
    return load_bars(inputs.path, inputs.vix, inputs.members, inputs.events, inputs.benchmark, inputs.prices)


def stored(inputs: Inputs) -> Loaded:
    """The market data of a store and its hash, now or as they were known on a day, with the VIX, members and benchmark named laid over its
    own.

    Its splits and dividends are part of its prices: `events` are refused, as is `prices`. Raises `InputError`, `MissingData`.
    """
    if inputs.events is not None:
        raise InputError("--events belongs to a CSV file of bars: the store holds its own splits and dividends")
    if inputs.prices is not None:
        raise InputError("--prices says what a table of bars holds: name it; the store knows it already")
    market_data, digest = open_store(inputs.folder, inputs.as_of)
    how = f"read from {inputs.folder}{f' as known on {inputs.as_of}' if inputs.as_of else ''}"
    if inputs.vix is None and inputs.members is None and inputs.benchmark is None:
        return Loaded(market_data, digest, how)
    with understanding() as heard:
        over, notes = laid_over(market_data, inputs.vix, inputs.members, inputs.benchmark)
    return Loaded(over, content_hash(over), how, (*(one.line for one in heard), *notes))


def stored_or_demo(settings: Settings, inputs: Inputs, progress: Progress = SILENT) -> Loaded:
    """The store that is named; else the usual one; else the demo market, fetched into it."""
    if inputs.store is not None or inputs.as_of or has_store(inputs.folder):
        return stored(inputs)
    return fill(settings, inputs, "demo", progress)


def stored_or_fetched(settings: Settings, inputs: Inputs, progress: Progress = SILENT) -> Loaded:
    """The source that is named, if it is read or drawn whole; else the store if real data lie in it; else the demo market.

    Raises `InputError` on options that do not go together, and as the source does.
    """
    source = inputs.source or ("csv" if inputs.path is not None else None)
    if source is None and inputs.prices:
        raise InputError("--prices says what a table of bars holds: name it with --path; a store knows it already")
    if source is not None and inputs.as_of:
        raise InputError("--as-of reads a store as it was known, --source and --path name something else: give one of them")
    recorded = has_store(inputs.folder) and not Store(inputs.folder).origin.demo
    if source is None and (inputs.as_of or recorded):
        return stored(inputs)
    return fill(settings, inputs, source or "demo", progress)


def fill(settings: Settings, inputs: Inputs, source: str, progress: Progress = SILENT, accept_restatement: bool = False) -> Loaded:
    """Draws or reads a market and writes it into the store; a restatement of its past only when that is accepted."""
    step = progress.step("fetch")
    step(0, 2, "drawing the demo market" if source == "demo" else f"reading {inputs.path}")
    market_data = _drawn_or_read(settings, inputs, source)
    step(2, 2, "read")
    return keep(market_data, inputs.folder, progress, accept_restatement, members=inputs.members)


def keep(
    market_data: MarketData,
    store: Path,
    progress: Progress = SILENT,
    accept_restatement: bool = False,
    names: Collection[str] | None = None,
    members: Path | None = None,
    joins: bool = False,
) -> Loaded:
    """Writes `market_data` into the store; what the store holds then. `names`, `members`, `joins`: see `quality.entry.fetch`."""
    step = progress.step("store")
    step(0, 1, "writing the store")
    places.writable(store)
    manifest = entry.fetch(market_data, store, None, accept_restatement, names, members, joins)
    held, digest = open_store(store)
    step(1, 1, "stored")
    return Loaded(held, digest, f"fetched into {store}", store=store, restated=str(manifest["restated"] or ""))


def _drawn_or_read(settings: Settings, inputs: Inputs, source: str) -> MarketData:
    if source == "demo":
        if inputs.path or inputs.beside():
            raise InputError(
                "the demo market is drawn, not read: leave --path, --vix, --members, --events, --prices and --benchmark out, "
                "or say --source csv"
            )
        return draw_demo(settings)
    if source != "csv":
        known = "'springback fetch' knows it" if source in SOURCES else f"fetch also knows {', '.join(SOURCES)}"
        raise InputError(f"--source must be demo or csv, was '{source}'; {known}", value=source)
    if inputs.path is None:
        raise InputError("--source csv needs --path: a CSV file of bars, or a folder of yearly price files")
    return read(inputs)
