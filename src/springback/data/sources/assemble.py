"""Histories of many names and the series beside them, as one market data on New York's sessions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from springback.data.laws import LeftOut, lines_of, two_spellings
from springback.data.rows import check_traded
from springback.data.sessions import exchange_days
from springback.data.sources import Event, History
from springback.data.sources.event_check import check_history, findings, notes_of, spans
from springback.data.store.continuation import silent
from springback.errors import MissingData
from springback.market.actions import Actions
from springback.market.bars import FIELDS, Bars, Dates
from springback.market.market_data import DELISTED, TRADING, Delisting, MarketData, align_series, last_rows
from springback.market.origin import Origin
from springback.market.prose import Prose, prose


@dataclass(frozen=True)
class VixAndRates:
    """What stands beside the bars, by day: VIX closes, yearly risk-free rate as a fraction or None; `notes` say where they are from."""

    vix: Mapping[date, float]
    risk_free: Mapping[date, float] | None
    notes: tuple[str, ...] = ()


def assemble(
    histories: Sequence[History],
    levels: VixAndRates,
    benchmark: History | None,
    start: date,
    end: date,
    origin: Origin,
    closed: Sequence[str] = (),
) -> MarketData:
    """The market data of the names that have bars; sessions run from the first to the last bar, the days `closed` apart.

    A name that has had no bar for a week up to the last session is delisted after its last one, unless its vendor tells the end of its
    life: until then it is halted, and a mark at its last close stands on its last session. What the laws left out of the histories is
    counted in the findings, as are names without bars; events that the prices contradict are set aside. Raises `MissingData` when no name
    has any.
    """
    listed = sorted((check_history(one) for one in histories if len(one.days)), key=lambda one: one.symbol)
    sessions = exchange_days(start, end, closed)
    left = [part for one in histories for part in (*one.left, *_closed(one, sessions), *_unheard(one))]
    listed = [one for one in listed if np.isin(one.days, sessions).any()]
    if not listed:
        raise MissingData(f"none of the {len(histories):,} names has a bar from {start} to {end}: check the symbols and the dates")
    traded = np.unique(np.concatenate([one.days for one in listed]))
    sessions = sessions[(sessions >= traded[0]) & (sessions <= traded[-1])]
    lived = [_to_its_end(one, sessions) for one in listed]
    halted = sum(len(whole.days) > len(one.days) for whole, one in zip(lived, listed, strict=True))
    listed = lived
    bars = _bars(listed, sessions)
    check_traded(origin.words, bars)
    notes = list(notes_of(listed))
    left += _astray(histories, bars)
    market_data = MarketData(
        bars=bars,
        actions=_actions(listed, bars),
        vix=_series(levels.vix, sessions),
        last=last_rows(bars.close),
        ending=np.zeros(len(bars.symbols), np.int8),
        benchmark=None if benchmark is None or not len(benchmark.days) else total_return(check_history(benchmark), sessions),
        risk_free=None if levels.risk_free is None else _series(levels.risk_free, sessions, carry=True),
        origin=replace(origin, words=Prose(f"{origin.words}: {len(bars.symbols):,} names, {sessions[0]} to {sessions[-1]}")),
        findings=(*findings(notes), *prose((*lines_of((*left, *two_spellings(bars.symbols))), *_halted(halted), *levels.notes))),
        quarantine=spans(notes),
    )
    return _ended(market_data, listed)


def _actions(listed: Sequence[History], bars: Bars) -> Actions:
    events = sorted(((one.symbol, event) for one in listed for event in one.events), key=_order)
    return Actions.align(
        bars,
        np.array([event.day for _, event in events], dtype="datetime64[D]"),
        [symbol for symbol, _ in events],
        [event.kind for _, event in events],
        [event.value for _, event in events],
    )


def _to_its_end(one: History, sessions: Dates) -> History:
    """`one` with a mark on the last session of its life, where its vendor tells the end and it has no row there: its last close, on the
    scale of the splits since.
    """
    if one.until is None:
        return one
    last, before = sessions[int(np.searchsorted(sessions, np.datetime64(one.until, "D"), "right")) - 1], one.days[-1]
    if before >= last or sessions[0] > np.datetime64(one.until, "D"):
        return one
    scale = np.prod([event.value for event in one.events if event.kind == "split" and before < event.day <= last])
    mark = [np.nan, np.nan, np.nan, one.prices[-1, 3] * scale, 0.0]
    return replace(one, days=np.append(one.days, last), prices=np.vstack([one.prices, mark]))


def _ended(market_data: MarketData, listed: Sequence[History]) -> MarketData:
    """`market_data` with how each name ends: as its vendor tells, else by its silence."""
    newest, gone = market_data.bars.sessions[-1].astype(object), silent(market_data, {})
    told = {column: one.until for column, one in enumerate(listed) if one.until is not None}
    for column, until in told.items():
        gone[column] = until < newest
    known = tuple(Delisting(market_data.bars.symbols[column], np.datetime64(until, "D")) for column, until in told.items() if gone[column])
    return replace(market_data, ending=np.where(gone, DELISTED, TRADING).astype(np.int8), delistings=known)


def _halted(count: int) -> tuple[str, ...]:
    return (f"{count:,} names have no bar up to the end of their life: a mark at the last close stands on it",) if count else ()


def total_return(history: History, sessions: Dates) -> NDArray[np.float64]:
    """The level of a holding of `history` with its dividends put back in at the close of the ex-date, 100 at the first close; (T,)."""
    close = history.prices[:, 3]
    shares, paid = np.ones(len(close)), np.zeros(len(close))
    for event in history.events:
        k = int(np.searchsorted(history.days, event.day))
        if 0 < k < len(close):
            if event.kind == "split":
                shares[k] /= event.value
            else:
                paid[k] += event.value
    growth = np.ones(len(close))
    growth[1:] = (shares[1:] * close[1:] + paid[1:]) / close[:-1]
    return align_series(sessions, history.days, 100 * np.cumprod(growth))


def _order(event: tuple[str, Event]) -> tuple[np.datetime64, str, str]:
    """By day, then name; of one day a dividend, which is told in shares of before, comes before the split."""
    return event[1].day, event[0], event[1].kind


def _bars(listed: Sequence[History], sessions: Dates) -> Bars:
    panels = np.full((len(FIELDS), len(sessions), len(listed)), np.nan)
    for column, one in enumerate(listed):
        kept = np.isin(one.days, sessions)
        panels[:, np.searchsorted(sessions, one.days[kept]), column] = one.prices[kept].T
    return Bars(sessions, tuple(one.symbol for one in listed), **dict(zip(FIELDS, panels, strict=True)))


def _series(values: Mapping[date, float], sessions: Dates, carry: bool = False) -> NDArray[np.float64]:
    days = sorted(values)
    return align_series(sessions, np.array(days, dtype="datetime64[D]"), np.array([values[day] for day in days]), carry)


def _closed(history: History, sessions: Dates) -> Iterator[LeftOut]:
    """What is left out of it for being of no session: a history that no vendor told may have such rows."""
    yield from (LeftOut("closed", history.symbol, day) for day in history.days[~np.isin(history.days, sessions)])


def _astray(histories: Sequence[History], bars: Bars) -> Iterator[LeftOut]:
    """Events without a place in `bars`."""
    names, days = set(bars.symbols), bars.sessions
    for one in histories:
        for event in one.events:
            if one.symbol not in names or not days[0] <= event.day <= days[-1]:
                yield LeftOut("event_astray", one.symbol, event.day, f"{event.kind} {event.value:g}")


def _unheard(history: History) -> Iterator[LeftOut]:
    """That nothing is known of it, where no law has left it out."""
    if history.gone:
        yield LeftOut("unknown", history.symbol)
    elif not len(history.days) and not any(one.law in {"in_doubt", "unreadable"} for one in history.left):
        yield LeftOut("empty", history.symbol)
