"""How the models of the desk did, a line a session: worked out once, when the labels of a frozen decision have ripened, and never again.

MODELS/scores.json     session -> model -> the five figures of `DailyScore`; a session whose decision is no evidence has none

A restated bar of later changes no score, so no contest is decided twice and otherwise.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from springback.errors import ModelError
from springback.market.bars import Bars, Dates, Panel
from springback.market.market_data import MarketData
from springback.training.daily_scores import DailyScore, daily_scores
from springback.training.labels import forward_return
from springback.training.succession import Board
from springback.workflow import places

FILE = "scores.json"
FORMAT = 1
Scores = Mapping[str, Mapping[str, Sequence[float | None]]]
"""Session (ISO) -> model -> the figures in the order of `DailyScore`."""


class Decision(Protocol):
    """What of a frozen decision is asked here."""

    @property
    def kind(self) -> str:
        """How it came about; "frozen" alone is evidence."""
        ...

    def forecasts(self) -> pd.DataFrame:
        """symbol, model, p_long, p_short, adv: a row for each name and model."""
        ...


class Desk(Protocol):
    """What of an account's folder is asked here."""

    def sessions(self) -> tuple[str, ...]:
        """The sessions that have a decision, ISO dates, oldest first."""
        ...

    def decision(self, session: str) -> Decision:
        """The decision of `session`."""
        ...


def read(models: Path) -> Scores:
    """The scores kept in the folder `models`; none where there are none yet. Raises `ModelError` where they are damaged."""
    file = models / FILE
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        scores = told["scores"]
        whole = all(len(one) == len(fields(DailyScore)) for day in scores.values() for one in day.values())
        if told["format"] != FORMAT or not whole:
            raise ValueError("it is of another format")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{file} holds no scores of models ({error}): bring back a copy, or move it away") from None
    return dict(scores)


def write(models: Path, scores: Scores) -> None:
    """Keeps `scores` in the folder `models`, in one step. Raises `Unwritable`."""
    if scores != read(models):
        places.write(models, {FILE: json.dumps({"format": FORMAT, "scores": scores}, sort_keys=True, allow_nan=False) + "\n"})


def ripened(scores: Scores, desk: Desk, market_data: MarketData, horizon: int, session: str) -> Scores:
    """`scores`, and those of each session that the `desk` decided and whose labels are known by the close of `session`.

    Raises `BadTable` where a decision is damaged.
    """
    bars = market_data.bars
    rows = {str(day): row for row, day in enumerate(bars.sessions)}
    ripe = [day for day in desk.sessions() if day not in scores and rows.get(day, len(rows)) + horizon <= rows[session]]
    forward = forward_return(bars, market_data.actions, horizon) if ripe else bars.close
    decided, found = set(desk.sessions()), dict(scores)
    before: tuple[str, dict[str, Panel]] = "", {}
    for day in ripe:
        row, last = rows[day], str(bars.sessions[max(0, rows[day] - 1)])
        if before[0] != last:
            before = last, _signals(desk.decision(last), bars, row - 1)[0] if row and last in decided else {}
        signals, dollars = _signals(desk.decision(day), bars, row)
        found[day] = {name: _figures(signal, forward[row], dollars, before[1].get(name)) for name, signal in signals.items()}
        before = day, signals
    return found


def board_of(scores: Scores, sessions: Dates, names: Collection[str]) -> tuple[Dates, Board]:
    """The sessions of `scores` before `sessions` and those themselves, and the scores of the models `names` on them, NaN where unknown."""
    older = np.array([day for day in sorted(scores) if day < str(sessions[0])], dtype="datetime64[D]")
    days = np.concatenate([older, sessions])
    rows = {str(day): row for row, day in enumerate(days)}
    board = {name: DailyScore.unknown(len(days)) for name in names}
    for day, row in rows.items():
        for name, figures in scores.get(day, {}).items():
            if name in board:
                for one, figure in zip(fields(DailyScore), figures, strict=True):
                    getattr(board[name], one.name)[row] = np.nan if figure is None else figure
    return days, board


def _signals(decision: Decision, bars: Bars, row: int) -> tuple[dict[str, Panel], Panel]:
    """P_long - P_short (N,) by model as it was frozen, NaN not ranked, and the dollar volumes (N,); none where it is no evidence."""
    dollars = np.full(len(bars.symbols), np.nan)
    if decision.kind != "frozen":
        return {}, dollars
    columns = {symbol: k for k, symbol in enumerate(bars.symbols)}
    table = decision.forecasts()
    table = table[table["symbol"].isin(columns)]
    at = table["symbol"].map(columns).to_numpy(dtype=np.int64)
    dollars[at] = table["adv"].to_numpy() * bars.close[row, at]
    said, models = (table["p_long"] - table["p_short"]).to_numpy(), table["model"].to_numpy()
    signals = {str(name): np.full(len(bars.symbols), np.nan) for name in np.unique(models.astype(str))}
    for name, signal in signals.items():
        signal[at[models == name]] = said[models == name]
    return signals, dollars


def _figures(signal: Panel, forward: Panel, dollars: Panel, before: Panel | None) -> list[float | None]:
    found = daily_scores(signal[None], forward[None], dollars[None], before)
    values = (float(getattr(found, one.name)[0]) for one in fields(DailyScore))
    return [value if np.isfinite(value) else None for value in values]
