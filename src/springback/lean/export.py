"""Our market data as a LEAN data folder.

    OUT/equity/usa/daily/TICKER.zip               raw bars; tickers in small letters
    OUT/equity/usa/{map,factor}_files/SYMBOL.csv  tickers and endings; splits and dividends
    OUT/index/usa/daily/vix.zip                   VIX closes as daily index bars, for add_index("VIX", DAILY)
    OUT/alternative/interest-rate/usa/interest-rate.csv
    OUT/springback/vix.csv                        date,close, for a PythonData
    OUT/springback/symbols.csv                    symbol
    OUT/springback/members.csv                    symbol,start,end (included); only if membership is known
    OUT/springback/barred.csv                     symbol,start,end (included): no order is given; only if there is a quarantine
    OUT/springback/export.json                    what was written, from what, and what LEAN cannot hold

LEAN also needs market-hours/market-hours-database.json and symbol-properties/symbol-properties-database.csv: a LEAN checkout and
`lean init` bring them, they are not written here.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from springback.data.laws import LeftOut, lines_of
from springback.data.store.content_hash import content_hash, file_hash
from springback.errors import MissingData
from springback.lean.daily_zip import daily_bars, day_words, index_rows, pack
from springback.lean.export_log import Counts, ExportLog
from springback.lean.limits import findings
from springback.lean.map_file import Listing, Rename, check_owners, listing, read_renames
from springback.lean.name_files import by_name, contents, paths
from springback.lean.side_files import barred_text, members_text, rates_text, spans_hash, symbols_text, vix_text
from springback.lean.ticker import check_tickers, no_ticker
from springback.market.market_data import BANKRUPT, TRADING, MarketData

FORMAT = 2
"""Raised with what is written of the same market data: an export of an older format is made anew."""
WRITERS = 4
"""Threads: while one waits for the disk's fsync another packs. Measured on two cores, 3,000 names: 1 thread 17 s, 2 15 s, 4 11 s."""
INDEX, RATES, OURS = "index/usa/daily/vix.zip", "alternative/interest-rate/usa/interest-rate.csv", "springback"
SIDE = "/side files"
"""The part that is no name; no symbol has a slash."""
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class ExportSummary:
    """What an export came to: `names` in the folder, `new_names` of them written now; `counts`; `findings` in words."""

    folder: Path
    names: int
    new_names: int
    files: int
    counts: Counts
    rates: str
    findings: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """As JSON says it, where the new names are called `written`."""
        fields = {("written" if name == "new_names" else name): value for name, value in asdict(self).items()}
        return fields | {"folder": str(self.folder)}


def export(
    market_data: MarketData, out: Path, renames: Path | None = None, interest_rate: Path | None = None, progress: Progress | None = None
) -> ExportSummary:
    """Writes `market_data` as a LEAN data folder into `out`. Equal input gives equal bytes; an interrupted export of the same input goes
    on.

    A symbol that cannot be a ticker is left out and told. Raises `InputError` where none can be one, or two want the same one, `BadTable`,
    `MissingData` without VIX or bars, `Unwritable`.
    """
    odd = tuple(symbol for symbol in market_data.bars.symbols if no_ticker(symbol))
    changes = read_renames(renames) if renames else ()
    listings, unused = _listings(market_data, changes)
    if not listings:
        check_tickers(odd)
        raise MissingData("no name has a bar with open, high, low and close: there is nothing that LEAN could trade")
    check_owners([one for _, one in listings])
    symbols = [one.symbol for _, one in listings]
    side, rates = _side_files(market_data, symbols, interest_rate)
    identity = {
        "format": FORMAT,
        "tape": content_hash(market_data),
        **({"quarantine": spans_hash(market_data.quarantine)} if market_data.quarantine else {}),
        "renames": file_hash(renames) if renames else None,
        "interest_rate": file_hash(interest_rate) if interest_rate else None,
    }
    log = ExportLog(out, identity)
    log.open([*side, *(path for _, one in listings for path in paths(one))])
    written = _write_names(market_data, listings, log, progress or _silent)
    if SIDE not in log.parts:
        log.finish(SIDE, {path: log.write(path, content) for path, content in side.items()}, {})
    counts = _count(market_data, listings, log, len(unused))
    described = {"window": [str(market_data.bars.sessions[k]) for k in (0, -1)], "names": len(symbols), "rates": rates, "counts": counts}
    log.close(described | ({"no_ticker": odd} if odd else {}))
    files = sum(len(files) for files, _ in log.parts.values())
    left = lines_of([LeftOut("no_ticker", odd[0], count=len(odd))] if odd else [])
    said = (*left, *findings(counts, log.moved, len(market_data.quarantine)))
    return ExportSummary(out, len(symbols), written, files, counts, rates, said)


def _listings(market_data: MarketData, changes: tuple[Rename, ...]) -> tuple[list[tuple[int, Listing]], set[Rename]]:
    """(column, listing) of each name that has a bar LEAN can hold, and the renames that fit none of them."""
    found, unused = [], set(changes)
    sessions = market_data.bars.shape[0]
    for column in np.flatnonzero(market_data.bars.traded.any(axis=0)):
        rows = daily_bars(market_data.bars, column).row
        if len(rows) == 0 or no_ticker(market_data.bars.symbols[column]):
            continue
        ended = market_data.ending[column] != TRADING and market_data.last[column] < sessions - 1
        last = int(market_data.last[column]) if ended else sessions - 1
        one, used = listing(market_data.bars.symbols[column], int(rows[0]), last, bool(ended), market_data.bars.sessions, changes)
        unused -= used
        found.append((int(column), one))
    return found, unused


def _side_files(market_data: MarketData, symbols: list[str], interest_rate: Path | None) -> tuple[dict[str, bytes], str]:
    """Path -> content of the files that are no name's, and where the interest rates come from."""
    if np.isnan(market_data.vix).all():
        raise MissingData("there is no VIX at all: the regime needs one close a session: give --vix FILE (date, close)")
    rates, source = rates_text(market_data, interest_rate)
    texts = {
        f"{OURS}/vix.csv": vix_text(market_data),
        f"{OURS}/symbols.csv": symbols_text(symbols),
        f"{OURS}/members.csv": members_text(market_data, set(symbols)),
        f"{OURS}/barred.csv": barred_text(market_data, set(symbols)),
        RATES: rates,
    }
    made = {path: text.encode() for path, text in texts.items() if text is not None}
    made[INDEX] = pack("vix", index_rows(day_words(market_data.bars.sessions), market_data.vix))
    return made, source


def _write_names(market_data: MarketData, listings: list[tuple[int, Listing]], log: ExportLog, progress: Progress) -> int:
    """Writes the names that are not there yet; how many."""
    words = day_words(market_data.bars.sessions)
    actions = by_name(market_data.actions, market_data.bars.shape[1])
    todo = [(column, one) for column, one in listings if one.symbol not in log.parts]
    done = len(listings) - len(todo)

    def write(job: tuple[int, Listing]) -> tuple[str, dict[str, str], Counts]:
        column, one = job
        files, counts = contents(market_data, column, one, words, actions[column])
        return one.symbol, {path: log.write(path, content) for path, content in files.items()}, counts

    progress(done, len(listings), "names")
    with ThreadPoolExecutor(WRITERS) as writers:
        for k, (symbol, files, counts) in enumerate(_in_turn(writers, write, todo)):
            log.finish(symbol, files, counts)
            progress(done + k + 1, len(listings), symbol)
    return len(todo)


def _in_turn(writers: ThreadPoolExecutor, write: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
    """The results in order; on an error or Ctrl-C what has not begun is dropped."""
    try:
        yield from writers.map(write, jobs)
    finally:
        writers.shutdown(wait=True, cancel_futures=True)


def _count(market_data: MarketData, listings: list[tuple[int, Listing]], log: ExportLog, unused: int) -> Counts:
    """The sums over the names, and what only the whole market data can say."""
    columns = [column for column, _ in listings]
    total: Counts = {}
    for _, counts in log.parts.values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    absent = np.setdiff1d(np.arange(market_data.bars.shape[1]), columns)
    odd = sum(bool(no_ticker(market_data.bars.symbols[column])) for column in absent)
    total["actions_left_out"] = total.get("actions_left_out", 0) + int(np.isin(market_data.actions.name, absent).sum())
    return total | {
        "names_without_bars": len(absent) - odd,
        "no_ticker": odd,
        "ended": sum(one.ended for _, one in listings),
        "bankrupt": int((market_data.ending[columns] == BANKRUPT).sum()),
        "renamed": sum(len(one.tickers) > 1 for _, one in listings),
        "renames_unused": unused,
        "vix_absent": int(np.isnan(market_data.vix).sum()),
    }


def _silent(count: int, total: int, text: str) -> None:
    """No progress."""
