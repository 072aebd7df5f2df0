"""A folder of real prices: prices/prices_YYYY.csv.gz with vix, benchmark, splits, securities, membership and riskfree beside it.

Its prices are adjusted for every later split; here they are put back on the scale of their day, so that a filter sees what was printed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from springback.data import rows
from springback.data.files import series
from springback.data.files.folder_actions import as_printed, dividends, splits
from springback.data.files.folder_facts import NO_FACTS, FolderFacts
from springback.data.files.reading import Columns, line, read_table
from springback.data.laws import LeftOut, lines_of, two_spellings
from springback.data.membership import stands_in
from springback.data.sources.event_check import check_market_data
from springback.errors import BadTable, InputError, MissingData
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars, Dates, Panel
from springback.market.market_data import BANKRUPT, DELISTED, END_OF_DATA, TRADING, MarketData, align_series, ended_early, last_rows
from springback.market.origin import FUND, Origin
from springback.market.prose import Prose, prose

YEAR = re.compile(r"prices_([0-9]{4})\.csv(?:\.gz)?")
PRICE_COLUMNS = Columns(("date",), ("symbol", "src"), (*FIELDS, "adj_close"))


@dataclass(frozen=True, eq=False)
class AdjustedPrices:
    """What the price files say: split-adjusted `bars`, `factor` = adj_close / close, `source` (T, N) code of the row's origin, -1 none."""

    bars: Bars
    factor: Panel
    noise: Panel
    source: NDArray[np.int8]
    sources: tuple[str, ...]


def read(folder: Path, start: str | None = None, end: str | None = None, facts: FolderFacts = NO_FACTS) -> MarketData:
    """The market data of `folder` from `start` to `end`, both included, at raw prices; sessions are SPY's. Without them: all years of
    prices.

    A row without open, high and low stays close-only. A series that stops before the last session was delisted, unless `securities.csv`
    says that a snapshot cut it short (end of data). The oldest membership list stands in for the sessions before it. `facts` are what no
    table says. Raises `MissingData` and `BadTable`.
    """
    folder = Path(folder)
    if not (folder / "prices").is_dir():
        raise MissingData(f"{folder} holds no folder 'prices' with files prices_YYYY.csv.gz")
    window = _window(*_whole(folder / "prices", start, end))
    sessions, benchmark = _benchmark(folder / "benchmark.csv", window)
    adjusted, left = _prices(folder / "prices", sessions, facts)
    split = splits(folder / "splits.csv", adjusted.bars, facts)
    bars = _raw(adjusted.bars, split.later)
    rows.check_traded(folder / "prices", bars)
    oldest = str(min(series.read_tenures(folder / "membership.csv").starts))
    members, odd = series.enrol(folder / "membership.csv", bars, since=oldest)
    paid = dividends(adjusted.bars, adjusted.factor, adjusted.noise, adjusted.source, adjusted.sources, split.later, facts)
    ending, sectors, notes = _securities(folder / "securities.csv", bars, facts.worthless)
    lists = (*notes, *stands_in(oldest, sessions), *_listed(folder / "membership_lists.csv", window))
    market_data = MarketData(
        bars=bars,
        actions=Actions.align(bars, *_merged(split.events, paid.events)),
        vix=series.read_closes(folder / "vix.csv", sessions),
        last=last_rows(bars.close),
        ending=ending,
        members=members,
        benchmark=benchmark,
        risk_free=series.read_rates(folder / "riskfree.csv", sessions),
        sectors=sectors,
        origin=_origin(sessions, len(bars.symbols), oldest, facts),
        findings=prose((*lines_of((*left, *odd, *two_spellings(bars.symbols))), *split.findings, *paid.findings, *lists)),
    )
    return check_market_data(market_data)


def _whole(prices: Path, start: str | None, end: str | None) -> tuple[str, str]:
    """`start` and `end`; where they are not given, the first and the last day of the years there are files of (none: of all SPY's)."""
    years = sorted(found[1] for path in prices.iterdir() if (found := YEAR.fullmatch(path.name))) or ["1900", "2999"]
    return start or f"{years[0]}-01-01", end or f"{years[-1]}-12-31"


def _window(start: str, end: str) -> tuple[np.datetime64, np.datetime64]:
    try:
        window = np.datetime64(start, "D"), np.datetime64(end, "D")
    except ValueError:
        raise InputError(f"start and end must be dates such as 2018-01-02, were '{start}' and '{end}'", value=start) from None
    if window[0] >= window[1]:
        raise InputError(f"start must be before end, were {start} and {end}", value=start)
    return window


def _benchmark(path: Path, window: tuple[np.datetime64, np.datetime64]) -> tuple[Dates, NDArray[np.float64]]:
    """SPY's sessions in the window and its total-return level on them."""
    frame = read_table(path, Columns(("date",), ("symbol",), ("adj_close",)))
    frame = frame[(frame["symbol"] == "SPY").to_numpy()]
    days, levels = frame["date"].to_numpy().astype("datetime64[D]"), frame["adj_close"].to_numpy()
    sessions = np.unique(days[(days >= window[0]) & (days <= window[1])])
    if len(sessions) < 2:
        raise MissingData(f"{path} has no sessions of SPY from {window[0]} to {window[1]}: choose another start and end")
    return sessions, align_series(sessions, days, levels)


def _prices(folder: Path, sessions: Dates, facts: FolderFacts) -> tuple[AdjustedPrices, tuple[LeftOut, ...]]:
    found = [_year(folder, int(str(year)), sessions) for year in np.unique(sessions.astype("datetime64[Y]"))]
    years, left = [frame for frame, _ in found], tuple(one for _, some in found for one in some)
    words = {name: union_categoricals([year[name] for year in years]) for name in PRICE_COLUMNS.texts}
    frame = pd.concat([year.drop(columns=list(words)) for year in years], ignore_index=True).assign(**words)
    if len(frame) == 0:
        raise MissingData(f"{folder} has no prices from {sessions[0]} to {sessions[-1]}")
    placed = rows.place(frame)
    places = rows.LongRows(sessions, placed.symbols, np.searchsorted(sessions, placed.sessions)[placed.row], placed.column)
    close, adjusted = frame["close"].to_numpy(), frame["adj_close"].to_numpy()
    unit = facts.half_units(frame["src"].to_numpy(dtype=object))
    source = places.scatter(frame["src"].cat.codes)
    adjusted_bars = AdjustedPrices(
        bars=rows.to_bars(frame, places),
        factor=places.scatter(adjusted / close),
        noise=places.scatter(unit / close + unit / adjusted),
        source=np.where(np.isnan(source), -1, source).astype(np.int8),
        sources=tuple(frame["src"].cat.categories),
    )
    return adjusted_bars, left


def _year(folder: Path, year: int, sessions: Dates) -> tuple[pd.DataFrame, tuple[LeftOut, ...]]:
    """The rows of one file that count and fall on `sessions`, and what is left out."""
    packed, plain = folder / f"prices_{year}.csv.gz", folder / f"prices_{year}.csv"
    path = plain if plain.is_file() and not packed.is_file() else packed
    kept, left = rows.lawful(path, read_table(path, PRICE_COLUMNS))
    astray = np.flatnonzero((kept["date"].dt.year != year).to_numpy())
    if len(astray):
        day = kept["date"].iloc[astray[0]]
        raise BadTable(f"{path}: line {line(kept.index[astray[0]])}: the date must be in {year}, was {day:%Y-%m-%d}", session=day)
    return kept[np.isin(kept["date"].to_numpy().astype("datetime64[D]"), sessions)], left


def _raw(bars: Bars, later: Panel | None) -> Bars:
    """`bars` as they were printed on their day; `later` is how many shares one share of that day has since become."""
    return bars if later is None else Bars(bars.sessions, bars.symbols, **as_printed(bars, later))


def _listed(path: Path, window: tuple[np.datetime64, np.datetime64]) -> tuple[str, ...]:
    """What `membership_lists.csv` says of members without prices, which no panel can show; nothing where it is not there."""
    if not path.is_file():
        return ()
    try:
        frame = pd.read_csv(path, usecols=["start", "end", "ticker", "symbol"], dtype=str, keep_default_na=False)
        starts, ends = (frame[name].to_numpy(dtype="datetime64[D]") for name in ("start", "end"))
    except (ValueError, OSError) as error:
        raise BadTable(f"{path} cannot be read: {' '.join(str(error).split())[:120]}") from None
    inside = (starts <= window[1]) & (ends > window[0])
    bare = inside & (frame["symbol"] == "").to_numpy()
    counts = [f"{day}: {int((bare & (starts == day)).sum()):,}" for day in np.unique(starts[bare])]
    if not counts:
        return ()
    return (
        f"{int(bare.sum()):,} of {int(inside.sum()):,} entries of the published lists have no price at all and are no members here, "
        f"{frame.loc[bare, 'ticker'].nunique():,} tickers (list of {', '.join(counts)})",
    )


def _securities(path: Path, bars: Bars, worthless: Sequence[str]) -> tuple[NDArray[np.int8], tuple[str, ...], tuple[str, ...]]:
    """How each name ends within the window, its sector, and the findings about endings."""
    frame = (
        read_table(path, Columns((), ("symbol", "end_kind", "sector"), sparse=("sector",)))
        .astype(str)
        .drop_duplicates("symbol")
        .set_index("symbol")
    )
    kinds = frame["end_kind"].reindex(bars.symbols).fillna("")
    sectors = tuple(frame["sector"].reindex(bars.symbols).fillna(""))
    ending = np.where(kinds == "delisted_or_ended", DELISTED, END_OF_DATA)
    ending = np.where(np.isin(bars.symbols, worthless), BANKRUPT, ending)
    ending = np.where(ended_early(bars), np.where(kinds.str.startswith("trading"), TRADING, ending), TRADING).astype(np.int8)
    cut, gone = int((ending == END_OF_DATA).sum()), int(np.isin(ending, (DELISTED, BANKRUPT)).sum())
    notes = (
        f"{gone:,} names were delisted in the window; of these {int((ending == BANKRUPT).sum())} are known to have become worthless",
        f"{cut:,} series stop where a snapshot of the source stops, not at a delisting: survivorship bias",
    )
    return ending, sectors, notes


def _merged(*events: pd.DataFrame) -> tuple[Dates, list[str], list[str], list[float]]:
    dates = np.concatenate([frame["date"].to_numpy(dtype="datetime64[D]") for frame in events])
    symbols, kinds, values = ([item for frame in events for item in frame[name]] for name in ("symbol", "kind", "value"))
    return dates, symbols, kinds, values


def _origin(sessions: Dates, names: int, oldest: str, facts: FolderFacts) -> Origin:
    span = f"{names:,} names, {sessions[0]} to {sessions[-1]}"
    return Origin(
        "recorded",
        "folder",
        Prose(f"{facts.title}: {span}."),
        prose(facts.biases),
        members_from=date.fromisoformat(oldest) if stands_in(oldest, sessions) else None,
        benchmark=FUND,
    )
