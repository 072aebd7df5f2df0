"""A small account's folder, drawn on a quiet market and frozen in the format of the desk: what a review must find in it is known."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from springback.market.actions import Actions
from springback.market.bars import Bars
from springback.market.market_data import MarketData, last_rows
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import FrozenDecision, freeze
from springback.review.desk_frames import DeskFrames, desk_frames
from springback.review.document import Source
from springback.settings import flat
from springback.workflow.settings import Settings
from tests.backtest.worlds import sessions_from

CASH, HELD, FEE, SHARES = 1_000_000.0, 3, 1.0, 400
Slip = Callable[[int, np.random.Generator], float]


def quiet_tape(seed: int = 3, sessions: int = 320, names: int = 24, start: str = "2020-07-01") -> MarketData:
    """Walks without a halt, split or ending; a million shares a day; a benchmark that is the mean of the names."""
    draw = np.random.default_rng(seed)
    shape = (sessions, names)
    moves = draw.normal(0, 0.015, shape) + draw.normal(0, 0.008, (sessions, 1))
    close = np.round(50 * np.exp(np.cumsum(moves, axis=0)), 2)
    open_ = np.round(close * np.exp(draw.normal(0, 0.005, shape)), 2)
    bars = Bars(
        sessions_from(start, sessions),
        tuple(f"N{k:02d}" for k in range(names)),
        open_,
        np.maximum(open_, close) + 0.01,
        np.minimum(open_, close) - 0.01,
        close,
        np.full(shape, 1e6),
    )
    vix = np.round(20 * np.exp(draw.normal(0, 0.15, sessions)), 2)
    level = 100 * np.cumprod(1 + np.diff(close, axis=0, prepend=close[:1]).mean(axis=1) / close.mean(axis=1))
    return MarketData(bars, Actions.none(), vix, last_rows(close), np.zeros(names, np.int8), benchmark=level, risk_free=np.zeros(sessions))


class Drawn:
    """An account that buys and sells short names in turn and leaves each after three sessions; every fill is `slip` basis points worse than
    the open."""

    def __init__(self, market_data: MarketData, assumed: bool = True, slip: Slip = lambda *_: 0.0, seed: int = 5) -> None:
        self.market_data, self.assumed, self.slip = market_data, assumed, slip
        self.draw = np.random.default_rng(seed)
        self.cash, self.order_id = CASH, 0
        self.book: dict[int, list[float]] = {}
        self.waiting: list[tuple[int, int, int, str]] = []

    def evening(self, row: int, folder: Path, **fields: Any) -> FrozenDecision:
        """Plays the session `row`, freezes its decision under `folder`; `fields` are written as they are given."""
        bars, session = self.market_data.bars, str(self.market_data.bars.sessions[row])
        fills = [self._fill(row, *one) for one in self.waiting]
        lines = [self._line(row, name, *held) for name, held in sorted(self.book.items())]
        equity = self.cash + sum(line["quantity"] * line["mark"] for line in lines)
        self.waiting = self._decide(row)
        orders = self._orders(row, session)
        usual: dict[str, Any] = {
            "session": session,
            "kind": "frozen",
            "frozen_at": f"{session}T21:30:00+00:00",
            "next_open": f"{bars.sessions[row] + 1}T14:30:00+00:00",
            "account": "paper-1",
            "profile": "realistic",
            "regime": {"vix": float(self.market_data.vix[row]), "mean": 20.0, "bear": bool(self.market_data.vix[row] > 23)},
            "equity": equity,
            "cash": self.cash,
            "exits_only": False,
            "reasons": (),
            "halts": (),
            "restricted": (),
            "alarm_factor": 1.0,
            "settings": flat(Settings()),
            "settings_version": None,
            "champion": "champion",
            "challengers": ("2020Q4",),
            "hashes": {"data": f"d{row}", "settings": "s", "program": "p", "models": {"champion": "m"}},
            "book": {"before": lines, "after": lines},
            "fills": tuple(fills),
            "ended": (),
            "daily": {"equity": equity, "cash": self.cash, "fees": FEE * len(fills), "slippage": 0.0, "borrow": 0.0},
            "funnel": {"long": {}, "short": {}},
        }
        return freeze(FrozenDecision(**{**usual, **fields}), folder / session, orders, self._forecasts(row), None)

    def _fill(self, row: int, order_id: int, name: int, quantity: int, reason: str) -> dict[str, Any]:
        bars = self.market_data.bars
        open_ = float(bars.open[row, name] if bars.traded[row, name] else self.book[name][1])
        price = open_ * (1 + np.sign(quantity) * self.slip(name, self.draw) / 1e4)
        self.cash -= quantity * price + FEE
        if reason == "entry":
            self.book[name] = [quantity, price, 0]
        else:
            del self.book[name]
        symbol = bars.symbols[name]
        terms = {"fee": FEE, "reason": reason, "order_id": order_id, "assumed": self.assumed}
        return {"symbol": symbol, "quantity": quantity, "price": price, **terms}

    def _line(self, row: int, name: int, quantity: float, price: float, age: float) -> dict[str, Any]:
        bars = self.market_data.bars
        self.book[name][2] += 1
        place = {"symbol": bars.symbols[name], "quantity": int(quantity), "waiting": 0, "closing": age + 1 >= HELD, "age": int(age)}
        closes = bars.close[: row + 1, name]
        return {**place, "entry_price": price, "mark": float(closes[~np.isnan(closes)][-1]), "assumed": self.assumed}

    def _decide(self, row: int) -> list[tuple[int, int, int, str]]:
        leaving = [(name, -int(held[0]), "time_stop") for name, held in self.book.items() if held[2] >= HELD]
        soon = self.market_data.bars.traded[row : row + 6].all(axis=0)
        free = [name for name in np.flatnonzero(soon).tolist() if name not in self.book]
        entering = [(name, SHARES if row % 2 else -SHARES, "entry") for name in self.draw.choice(free, 2, replace=False).tolist()]
        self.order_id += len(leaving) + len(entering)
        first = self.order_id - len(leaving) - len(entering) + 1
        return [(first + k, *one) for k, one in enumerate([*leaving, *entering])]

    def _orders(self, row: int, session: str) -> pd.DataFrame:
        bars = self.market_data.bars
        rows = [
            {
                "order_id": i,
                "decided": session,
                "symbol": bars.symbols[name],
                "quantity": quantity,
                "reason": reason,
                "side": "buy" if quantity > 0 else "sell",
                "last_close": float(bars.close[row, name]),
                "adv_limit": 50_000,
                "rank": k,
                "score": 0.7,
            }
            for k, (i, name, quantity, reason) in enumerate(self.waiting)
        ]
        return pd.DataFrame(rows)

    def _forecasts(self, row: int) -> pd.DataFrame:
        """Of the champion, which knows tomorrow's six sessions by half, and of a challenger that knows nothing."""
        bars = self.market_data.bars
        later = bars.close[min(row + 6, len(bars.sessions) - 1)] / bars.close[row] - 1
        sure = 0.5 + np.clip(3 * later + self.draw.normal(0, 0.1, len(later)), -0.45, 0.45)
        dull = self.draw.random(len(later))
        frames = [
            pd.DataFrame({"symbol": bars.symbols, "model": model, "qpi": 10.0, "p_long": p, "p_short": 1 - p, "adv": 1e6})
            for model, p in (("champion", sure), ("2020Q4", dull))
        ]
        return pd.concat(frames, ignore_index=True)


def write_desk(folder: Path, drawn: Drawn, first: int, last: int, odd: Mapping[int, Mapping[str, Any]] | None = None) -> DeskFolder:
    """The decisions of the rows `first` to `last`, the fields of some of them as `odd` says."""
    with patch("os.fsync"):  # no power is lost here
        for row in range(first, last + 1):
            drawn.evening(row, folder, **(odd or {}).get(row, {}))
    return DeskFolder(folder)


def frames_of(folder: DeskFolder) -> DeskFrames:
    """The folder as a review reads it."""
    return desk_frames(folder.decisions(), Source("desk", "0" * 64))


def nobody() -> DeskFrames:
    """An account without a decision."""
    return desk_frames((), Source("desk"))
