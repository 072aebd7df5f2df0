"""A market in one plain CSV file, with VIX, membership and corporate actions in files beside it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback.data import rows
from springback.data.basis import settle
from springback.data.files import series
from springback.data.files.one_a_name import read_all
from springback.data.laws import is_bankruptcy, lines_of, two_spellings
from springback.data.refused import check_record
from springback.data.sources.event_check import check_market_data
from springback.market.actions import Actions
from springback.market.bars import Bars
from springback.market.market_data import BANKRUPT, DELISTED, TRADING, Delisting, MarketData, ended_early, last_rows
from springback.market.origin import Origin
from springback.market.prose import Prose, prose


def read(
    bars: Path,
    vix: Path | None = None,
    members: Path | None = None,
    events: Path | None = None,
    risk_free: Path | None = None,
    benchmark: Path | None = None,
    prices: str | None = None,
) -> MarketData:
    """The market data of `bars` (date, symbol, open, high, low, close, volume; raw prices), CSV or gzipped CSV, rows in any order.

    The sessions are the dates of the file. A name whose last row comes before the last session is delisted after it, as is one whose
    delisting the events tell: its rows after that are left out. Other gaps are halts.
    `vix` and `benchmark` (date, close), `members` (symbol, start, end exclusive), `events` (date, symbol, event, value), `risk_free`
    (LEAN's interest-rate.csv) are optional: without them VIX is NaN and the others are absent. `prices` says what the prices are (see
    `basis.settle`); an event that they contradict is refused. Raises `MissingData` and `BadTable`.
    """
    frame, left = rows.lawful(bars, read_all(bars))
    places = rows.place(frame)
    panel = rows.to_bars(frame, places)
    rows.check_traded(bars, panel)
    actions, more = series.read_actions(events, panel) if events else (Actions.none(), ())
    delistings, ends = series.read_delistings(events, panel) if events else ((), ())
    basis = settle(panel, actions, places.scatter(frame["adj_close"]) if "adj_close" in frame else None, prices)
    if events is not None:
        check_record(events, basis.bars, basis.actions)
    panel, cut = rows.ended(basis.bars, delistings)
    enrolled, odd = series.enrol(members, panel) if members else (None, ())
    words = f"{bars.name}: {len(panel.symbols):,} names, {panel.sessions[0]} to {panel.sessions[-1]}; {basis.note}"
    market_data = MarketData(
        bars=panel,
        actions=basis.actions,
        vix=series.read_closes(vix, panel.sessions) if vix else np.full(len(panel.sessions), np.nan),
        last=last_rows(panel.close),
        ending=_ending(panel, delistings),
        members=enrolled,
        benchmark=series.read_closes(benchmark, panel.sessions) if benchmark else None,
        risk_free=series.read_rates(risk_free, panel.sessions) if risk_free else None,
        origin=Origin("file", bars.name, Prose(words)),
        findings=(
            Prose(basis.note, "prices"),
            *prose((*basis.findings, *lines_of((*left, *cut, *more, *ends, *odd, *two_spellings(panel.symbols))))),
        ),
        delistings=delistings,
    )
    return check_market_data(market_data)


def _ending(bars: Bars, delistings: tuple[Delisting, ...]) -> NDArray[np.int8]:
    """How each name ends: by its last bar, and by what is told of its end; bankrupt where a reason says so and no return."""
    last = last_rows(bars.close)
    out = np.where(ended_early(bars), DELISTED, TRADING)
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    for one in delistings:
        column = columns.get(one.symbol)
        if column is not None and bars.sessions[last[column]] <= one.day <= bars.sessions[-1]:
            out[column] = BANKRUPT if np.isnan(one.value) and is_bankruptcy(one.reason) else DELISTED
    return np.asarray(out, dtype=np.int8)
