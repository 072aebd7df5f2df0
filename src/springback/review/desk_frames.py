"""The frozen decisions of one account as frames, on which every section stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from springback.operation.frozen_decision import FrozenDecision
from springback.review.document import Source

DAYS = (
    "session",
    "kind",
    "account",
    "equity",
    "cash",
    "bear",
    "vix",
    "exits_only",
    "alarm_factor",
    "champion",
    "settings_version",
    "profile",
)
FILLS = ("session", "symbol", "quantity", "price", "fee", "reason", "order_id", "assumed")
LINES = ("session", "symbol", "quantity", "waiting", "closing", "age", "entry_price", "mark", "assumed")
ENDED = ("session", "order_id", "symbol", "status", "why")
ORDERS = ("session", "order_id", "symbol", "quantity", "reason", "side", "last_close", "adv_limit", "rank", "score")
FORECASTS = ("session", "symbol", "model", "p_long", "p_short")
ENTRY = "entry"
NUMBERS = ("equity", "cash", "vix", "alarm_factor", "quantity", "price", "fee", "age", "entry_price", "mark")
"""Columns that are numbers even where none of them is known."""


@dataclass(frozen=True, eq=False)
class DeskFrames:
    """An account's decisions in order of time, a row each in `days`; `fills` and orders that `ended` unfilled by the session that told
    them; `lines`, the positions after each decision; `orders` and `forecasts` as they were frozen. Dollars and signed shares. By decision
    its `hashes`, `settings` and `challengers`; `notices` are the reasons for which there were no entries, and the halts: (session, code,
    text). `damaged` are the sessions whose decision is not what was frozen, and was not used.
    """

    days: pd.DataFrame
    fills: pd.DataFrame
    lines: pd.DataFrame
    ended: pd.DataFrame
    orders: pd.DataFrame
    forecasts: pd.DataFrame
    hashes: tuple[Mapping[str, Any], ...]
    settings: tuple[Mapping[str, Any], ...]
    challengers: tuple[tuple[str, ...], ...]
    notices: tuple[tuple[str, str, str], ...]
    source: Source
    damaged: tuple[str, ...] = ()

    def within(self, first: date, end: date) -> "DeskFrames":
        """The decisions of sessions `first <= session < end`."""
        begin, stop = str(first), str(end)
        kept = [begin <= str(one) < stop for one in self.days["session"]]

        def cut(frame: pd.DataFrame) -> pd.DataFrame:
            inside: pd.DataFrame = frame[(frame["session"] >= begin) & (frame["session"] < stop)]
            whole: pd.DataFrame = inside.reset_index(drop=True)
            return whole

        parts: dict[str, Any] = {name: cut(getattr(self, name)) for name in ("days", "fills", "lines", "ended", "orders", "forecasts")}
        parts |= {name: tuple(one for one, keep in zip(getattr(self, name), kept, strict=True) if keep) for name in PER_DAY}
        parts["notices"] = tuple(one for one in self.notices if begin <= one[0] < stop)
        parts["damaged"] = tuple(one for one in self.damaged if begin <= one < stop)
        return replace(self, **parts)

    def before(self, end: date) -> "DeskFrames":
        """The decisions of sessions before `end`."""
        return self.within(date.min, end)

    @property
    def book(self) -> pd.DataFrame:
        """The positions after the last decision, with `value` in dollars, short negative."""
        if self.days.empty:
            return self.lines.assign(value=np.zeros(0))
        newest = self.lines[(self.lines["session"] == self.days["session"].iloc[-1]) & (self.lines["quantity"] != 0)]
        book: pd.DataFrame = newest.assign(value=newest["quantity"] * newest["mark"]).reset_index(drop=True)
        return book

    @property
    def begun(self) -> str:
        """The session of the first decision, used or damaged, ISO; empty where there is none."""
        return min((*self.days["session"], *self.damaged), default="")

    @property
    def equity(self) -> float:
        """Dollars after the last decision; NaN where there is none."""
        known = self.days["equity"].dropna()
        return float(known.iloc[-1]) if len(known) else float("nan")


PER_DAY = ("hashes", "settings", "challengers")


def desk_frames(decisions: Iterable[FrozenDecision], source: Source, since: date = date.min, damaged: tuple[str, ...] = ()) -> DeskFrames:
    """The frames of `decisions`, in the order of their sessions, which come from `source`; forecasts of sessions from `since` on."""
    ordered = sorted(decisions, key=lambda one: one.session)
    many = {name: _rows(ordered, name) for name in ("fills", "ended")}
    lines = [{"session": one.session, **line} for one in ordered for line in one.book.get("after", ())]
    return DeskFrames(
        days=_frame([_day(one) for one in ordered], DAYS),
        fills=_frame(many["fills"], FILLS),
        lines=_frame(lines, LINES),
        ended=_frame(many["ended"], ENDED),
        orders=_stacked([one.orders().assign(session=one.session) for one in ordered], ORDERS),
        forecasts=_stacked([one.forecasts().assign(session=one.session) for one in ordered if one.session >= str(since)], FORECASTS),
        hashes=tuple(one.hashes for one in ordered),
        settings=tuple(one.settings for one in ordered),
        challengers=tuple(tuple(one.challengers) for one in ordered),
        notices=tuple(notice for one in ordered for notice in _notices(one)),
        source=source,
        damaged=damaged,
    )


def _rows(decisions: Sequence[FrozenDecision], name: str) -> list[dict[str, Any]]:
    return [{"session": one.session, **row} for one in decisions for row in getattr(one, name)]


def _day(one: FrozenDecision) -> dict[str, Any]:
    own = {name: getattr(one, name) for name in DAYS if name not in ("session", "bear", "vix")}
    bear = one.regime.get("bear")
    own |= {name: np.nan if own[name] is None else own[name] for name in ("equity", "cash")}
    return {**one.daily, **own, "session": one.session, "bear": None if bear is None else bool(bear), "vix": one.regime.get("vix")}


def _frame(rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows)) if rows else pd.DataFrame(columns=list(columns))
    frame = frame.assign(**{name: pd.to_numeric(frame[name]) for name in NUMBERS if name in frame})
    return frame.reindex(columns=[*columns, *(name for name in frame.columns if name not in columns)])


def _stacked(frames: Sequence[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    full = [frame for frame in frames if len(frame)]
    whole = pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=list(columns))
    return whole.reindex(columns=[*columns, *(name for name in whole.columns if name not in columns)])


def _notices(one: FrozenDecision) -> list[tuple[str, str, str]]:
    day = one.session
    reasons = [(day, reason.code, reason.text) for reason in one.reasons]
    halts = [(day, "halt", ", ".join(f"{name} {value}" for name, value in halt.items())) for halt in one.halts]
    return [*reasons, *halts]
