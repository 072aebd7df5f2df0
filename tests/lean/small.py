"""A market of a few names that one can follow by hand, played by the embedded backtest and by the algorithm on the stand-in."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback.backtest.result import fills_frame, orders_frame
from springback.backtest.run import Backtest, backtest
from springback.data.sessions import exchange_days
from springback.market.actions import Actions
from springback.market.bars import Bars
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import DELISTED, TRADING, MarketData, last_rows
from springback.strategy.knobs import Regime, Strategy
from tests.lean import replays

DAYS = exchange_days(date(2023, 1, 3), date(2023, 4, 28))
START, END = 15, 70
Table = tuple[list[Any], list[Any]]
"""Orders (day, symbol, shares, reason) and fills (day, symbol, shares, price)."""


def tape_of(
    names: tuple[str, ...], marks: dict[str, slice], ended: dict[str, int], holes: dict[str, list[int]], filled: bool = False
) -> MarketData:
    """Names that gain a cent a session. `marks` are rows without an open, or where `filled` copies of the last close, of volume 0; after
    its row of `ended` a name is delisted; `holes` have no row at all.
    """
    shape = len(DAYS), len(names)
    close = np.full(shape, 10.0) + 0.01 * np.arange(len(DAYS))[:, None]
    open_, volume = close.copy(), np.full(shape, 1e6) + np.arange(len(DAYS))[:, None]
    for name, rows in marks.items():
        column = names.index(name)
        close[rows, column] = close[rows.start - 1, column]
        open_[rows, column], volume[rows, column] = (close[rows, column] if filled else np.nan), 0.0
    none = holes | {name: [*holes.get(name, []), *range(row + 1, len(DAYS))] for name, row in ended.items()}
    for name, empty in none.items():
        for panel in (open_, close, volume):
            panel[empty, names.index(name)] = np.nan
    bars = Bars(DAYS, names, open_, open_.copy(), open_.copy(), close, volume)
    ending = np.array([DELISTED if name in ended else TRADING for name in names], dtype=np.int8)
    return MarketData(bars, Actions.none(), np.full(len(DAYS), 15.0), last_rows(close), ending)


@dataclass(frozen=True)
class Case:
    """A market, the (session, name) whose forecast says buy, and what differs in the rule."""

    market_data: MarketData
    fires: frozenset[tuple[int, str]]
    slots: int = 1
    entry_life: int = 1

    def ours(self, market_data: MarketData | None = None) -> Table:
        """What the embedded backtest does."""
        market_data = market_data or self.market_data
        fired = np.array([[(row, name) in self.fires for name in market_data.bars.symbols] for row in range(len(DAYS))])
        said = Forecasts(np.where(fired, 5.0, 50.0), np.where(fired, 0.9, 0.5), np.full(fired.shape, 0.1), np.full(fired.shape, 1e6))
        account = Backtest(DAYS[START].astype(object), DAYS[END].astype(object), 1_000_000.0, "lean")
        result = backtest(market_data, said, account, Strategy(slots=self.slots, entry_life=self.entry_life), Regime(), Costs())
        orders, fills = orders_frame(result), fills_frame(result)
        return (
            list(zip(orders["decided"].dt.date, orders["symbol"], orders["quantity"], orders["reason"], strict=True)),
            list(zip(fills["time"].dt.date, fills["symbol"], fills["quantity"], fills["price"], strict=True)),
        )

    def store(self, folder: Path) -> Path:
        """An object store with the forecasts, VIX and names."""
        mine = folder / "springback"
        mine.mkdir(parents=True)
        cells = [(row, str(day), name) for row, day in enumerate(DAYS) for name in self.market_data.bars.symbols]
        rows = [(day, name, *((5, 0.9) if (row, name) in self.fires else (50, 0.5)), 0.1, 1e6) for row, day, name in cells]
        pd.DataFrame(rows, columns=["date", "symbol", "qpi", "p_long", "p_short", "adv_63"]).to_csv(mine / "forecasts.csv", index=False)
        (mine / "vix.csv").write_text("\n".join(["date,close", *(f"{day},15" for day in DAYS)]))
        (mine / "symbols.csv").write_text("\n".join(["symbol", *self.market_data.bars.symbols]))
        return folder

    def run(self, store: Path, world: Any = None, **options: Any) -> Any:
        """A run of the algorithm on the stand-in."""
        span = {"backtest.start": str(DAYS[START]), "backtest.end": str(DAYS[END]), "lean.models": "forecasts"}
        knobs = {"strategy.slots": str(self.slots), "strategy.entry_life": str(self.entry_life)}
        return replays.run(world or replays.tape_world(self.market_data), span | knobs, store, **options)


def table_of(result: Any) -> Table:
    """The orders and fills of a run of the algorithm."""
    orders, fills = result.orders[result.orders["tag"] != replays.DELISTING], result.fills
    return (
        list(zip(pd.to_datetime(orders["time"]).dt.date, orders["symbol"], orders["quantity"], orders["tag"], strict=True)),
        list(zip(pd.to_datetime(fills["time"]).dt.date, fills["symbol"], fills["quantity"], fills["price"], strict=True)),
    )
