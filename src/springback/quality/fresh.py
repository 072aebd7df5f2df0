"""The gate on new sessions only: who may not be entered for what is wrong there, how old the membership is, days that nobody traded."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from springback.market.bars import Dates
from springback.market.market_data import MarketData
from springback.market.quarantine import FETCHED, inside
from springback.quality.gate import examine
from springback.quality.quality_finding import ALL_NAMES
from springback.quality.quality_settings import Quality
from springback.quality.record import ASIDE


def fresh_errors(market_data: MarketData, settings: Quality, sessions: Sequence[date] | Dates) -> dict[str, tuple[str, ...]]:
    """The names with an error on one of `sessions`, each with the codes of the checks that found them; `market_data` is a window that ends
    with them, long enough for the checks to know what is usual (90 sessions).

    An error on another session, or one that lies outside the panel, bars nobody. An event of the source that its prices contradict bars its
    name while the quarantine around it lasts.
    """
    bars = market_data.bars
    new = np.isin(bars.sessions, np.asarray(sessions, dtype="datetime64[D]"))
    found: dict[str, set[str]] = {}
    for one in examine(market_data, settings):
        if one.severity != "error" or len(one.places) == 0:
            continue
        columns = np.unique(one.places[new[one.places[:, 0]], 1])
        for symbol in bars.symbols if ALL_NAMES in columns else [bars.symbols[column] for column in columns]:
            found.setdefault(symbol, set()).add(one.check)
    aside = inside(bars, [span for span in market_data.quarantine if span.by == FETCHED])[new].any(axis=0)
    for column in np.flatnonzero(aside):
        found.setdefault(bars.symbols[column], set()).add(ASIDE)
    return {symbol: tuple(sorted(found[symbol])) for symbol in sorted(found)}


def barless(market_data: MarketData, sessions: Sequence[date] | Dates) -> tuple[date, ...]:
    """Those of `sessions` on which no name of `market_data` was traded, or which it does not have: a closure that nobody announced, or data
    that are not there yet.
    """
    traded = market_data.bars.sessions[market_data.bars.traded.any(axis=1)]
    days = np.asarray(sessions, dtype="datetime64[D]")
    return tuple(days[~np.isin(days, traded)].tolist())
