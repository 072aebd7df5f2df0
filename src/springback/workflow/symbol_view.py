"""One name as the account sees it: its bars, what the champion said of it, and what was bought and sold."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from springback.data.store.store import Store
from springback.errors import MissingData
from springback.features import FEATURES
from springback.market.market_data import MarketData
from springback.operation.frozen_decision import FORECASTS, read
from springback.workflow.evening import LiveAccount

BARS, SAID = 252, 63
"""Sessions of bars and of forecasts that are shown."""


@dataclass(frozen=True, eq=False)
class SymbolBars:
    """The newest bars of a name as printed, oldest first: `sessions` (ISO), open, high, low, close in dollars and shares, None without a
    bar; `names` are all that the store has in this window.
    """

    sessions: tuple[str, ...]
    values: Mapping[str, tuple[float | None, ...]]
    names: tuple[str, ...]


class Symbols:
    """Bars and forecasts by name, read once for each state of the store and each decision; for any number of threads."""

    def __init__(self) -> None:
        self._window: tuple[str, MarketData] | None = None
        self._said: OrderedDict[Path, Mapping[str, Mapping[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def bars(self, store: Path, symbol: str) -> SymbolBars:
        """The bars of `symbol`. Raises `MissingData` without a store, or where it has none."""
        market_data = self._of(store)
        bars = market_data.bars
        if symbol not in bars.symbols:
            raise MissingData(f"{store} has no bar of {symbol} in the last {BARS} sessions", symbol=symbol)
        column = bars.symbols.index(symbol)
        values = {name: _plain(getattr(bars, name)[:, column]) for name in ("open", "high", "low", "close", "volume")}
        return SymbolBars(tuple(map(str, bars.sessions)), values, bars.symbols)

    def forecasts(self, account: LiveAccount, symbol: str) -> list[dict[str, Any]]:
        """What the champion said of `symbol` in the newest sessions in which it was ranked, oldest first: session, qpi, p_long, p_short and
        the features.
        """
        folder = account.folder
        said = ((session, self._table(folder.place(session))) for session in folder.sessions()[-SAID:])
        return [{"session": session, **table[symbol]} for session, table in said if symbol in table]

    def _of(self, store: Path) -> MarketData:
        found = Store(store)
        digest = found.hash
        with self._lock:
            if self._window is None or self._window[0] != digest:
                days = found.series()["date"]
                self._window = digest, found.read(start=str(days.iloc[-min(BARS, len(days))])[:10])
            return self._window[1]

    def _table(self, place: Path) -> Mapping[str, Mapping[str, Any]]:
        with self._lock:
            if place not in self._said:
                decision = read(place)
                own = decision.forecasts() if FORECASTS in decision.files else None
                rows = [] if own is None else own[own["model"] == decision.champion].to_dict("records")
                kept = ("qpi", "p_long", "p_short", *FEATURES)
                self._said[place] = {str(one["symbol"]): {name: one[name] for name in kept} for one in rows}
                while len(self._said) > 2 * SAID:
                    self._said.popitem(last=False)
            return self._said[place]


def _plain(values: Any) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(one) else float(one) for one in values)
