"""The doors by name: the demo market, tables of bars, stores, vendors of prices."""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data import rows as data_rows
from springback.data.demo.demo import draw as draw_market
from springback.data.files import csv_file, csv_folder, one_a_name
from springback.data.files.headers import understanding
from springback.data.files.reading import Table
from springback.data.files.sheets import NamedFrame
from springback.data.sources import Source
from springback.data.sources.keys import Keys
from springback.data.store.store import Store
from springback.errors import InputError, MissingData
from springback.market.bars import Bars, Dates
from springback.market.market_data import MarketData
from springback.quality import quarantine
from springback.quality.remarks import remarked
from springback.workflow.settings import Settings

SOURCES = ("yahoo", "tiingo", "alpaca", "lean")
"""What `source_of` knows; `csv` and `demo` bring market data of their own."""
NEED_KEYS = ("tiingo", "alpaca")


def draw_demo(settings: Settings) -> MarketData:
    """The demo market of `settings.demo`, with the findings of the quality checks."""
    return remarked(draw_market(settings.demo))


def load_bars(
    path: Table | Mapping[str, Table],
    vix: Table | None = None,
    members: Table | None = None,
    events: Table | None = None,
    benchmark: Table | None = None,
    prices: str | None = None,
) -> MarketData:
    """The market data of a table of bars: a file, a folder with a file for each name or yearly ones, a frame of pandas, Polars or Arrow, or
    a frame for each name by its symbol. The tables beside it may be files or frames too. The findings begin with what was made of them.
    `prices` says what the prices are, raw, split or total: as printed, adjusted for splits, or for dividends too; None: the data tell.
    Raises one `MissingData` on all files that are not there, `InputError`.
    """
    told = {"bars": path, "vix": vix, "members": members, "events": events, "benchmark": benchmark}
    files = {name: Path(one) for name, one in told.items() if isinstance(one, str | Path)}
    absent = [str(one) for one in files.values() if not one.exists()]
    if absent:
        raise MissingData(f"{' and '.join(absent)} {'do' if len(absent) > 1 else 'does'} not exist: give files, or a folder of bars")
    besides = {name: one for name, one in told.items() if name != "bars" and one is not None}
    folder = files.get("bars")
    if folder is not None and folder.is_dir():
        if one_a_name.yearly(folder):
            if besides:
                raise InputError(f"{path} has yearly files and brings its own tables beside them: leave --{', --'.join(besides)} out")
            if prices is not None:
                raise InputError(f"{path} has yearly files, whose prices are adjusted for splits: leave --prices out")
            market_data = remarked(csv_folder.read(folder))
            return quarantine.imposed(market_data, market_data.quarantine)
        besides = one_a_name.beside(folder) | besides
    with understanding() as heard:
        tables = {name: _given(name, one) for name, one in besides.items()}
        market_data = remarked(csv_file.read(_given("bars", path), prices=prices, **tables))
    return dataclasses.replace(market_data, findings=(*(one.line for one in heard), *market_data.findings))


def _given(name: str, table: Any) -> Any:
    return Path(table) if isinstance(table, str | Path) else NamedFrame(table, f"the frame of {name}")


def source_of(name: str, settings: Settings, keys: Keys | None = None, path: Path | None = None) -> Source:
    """The source of that name; `keys` for those in `NEED_KEYS`, `path` for a LEAN folder. Raises `InputError`."""
    from springback.data.sources import alpaca, lean_folder, tiingo, yahoo

    if (path is not None) != (name == "lean"):
        raise InputError("--source lean needs --path: a LEAN data folder" if path is None else f"--source {name} takes no --path")
    made: dict[str, Callable[[], Source]] = {
        "yahoo": lambda: yahoo.Yahoo(settings.fetch),
        "tiingo": lambda: tiingo.Tiingo(settings.fetch, keys or Keys({})),
        "alpaca": lambda: alpaca.Alpaca(settings.fetch, keys or Keys({})),
        "lean": lambda: lean_folder.LeanFolder(path or Path()),
    }
    return made[name]()


def has_store(store: Path) -> bool:
    """Whether a store lies there."""
    return Store(store).exists()


def open_store(
    store: Path, as_of: str | None = None, start: str | None = None, end: str | None = None, names: Collection[str] = ()
) -> tuple[MarketData, str]:
    """The market data of a store from `start` to `end`, under the quarantine beside it, and the content hash of the whole, now or as known
    on a day; of the `names` that it has also those without a bar in the window.

    Raises `MissingData`, `StoreError`, `BadTable`.
    """
    market_data, digest = Store(store).open(start, end, as_of, names)
    return under_quarantine(market_data, store), digest


def verify(store: Path) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """What the store is called, what is wrong with its files, a line each, and its manifest. Raises `MissingData`, `StoreError`."""
    place = Store(store)
    return place.place.name, tuple(place.verify()), place.describe()


def under_quarantine(market_data: MarketData, store: Path) -> MarketData:
    """`market_data` without the rows that STORE/quarantine.json leaves out, and with a finding that says so; the same market data without
    such a file.
    """
    return quarantine.imposed(market_data, quarantine.read(store))


def place_rows(days: Dates, symbols: Sequence[str], columns: Mapping[str, NDArray[np.float64]]) -> Bars:
    """Long rows (R,), in any order, as bars, prices in dollars and volumes in shares: the door behind every source."""
    frame = pd.DataFrame({"date": days.astype("datetime64[s]"), "symbol": pd.Categorical(list(symbols)), **columns})
    return data_rows.to_bars(frame, data_rows.place(frame))
