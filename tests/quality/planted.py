"""Markets with one defect of each kind planted in them, and where it was planted."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from springback.market.actions import SPLIT, Actions
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.market_data import DELISTED, TRADING, MarketData, last_rows
from tests.quality.panels import ROW, Panels, Plant, blank, change, market, spot, steady, times


def spike(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: times(p, ROW, column, 3.7)), spot(market_data, ROW, column)


def traded_spike(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: times(p, ROW, column, 3.7, volume=40.0)), spot(market_data, ROW, column)


def panic(market_data: MarketData) -> Plant:
    """A day that opens where the day before closed, falls by half, and a day after that opens there and comes back."""
    column = steady(market_data)

    def edit(panels: Panels) -> None:
        before = panels["close"][ROW - 1, column]
        for row, opened, closed in ((ROW, before, before / 2), (ROW + 1, before / 2, before)):
            panels["open"][row, column], panels["close"][row, column] = opened, closed
            panels["high"][row, column], panels["low"][row, column] = before, before / 2

    return change(market_data, edit), spot(market_data, ROW, column)


def lost_split(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: times(p, slice(ROW, None), column, 1 / 4, volume=4.0)), spot(market_data, ROW, column)


def lost_reverse_split(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: times(p, slice(ROW, None), column, 10.0, volume=0.1)), spot(market_data, ROW, column)


def noisy(seed: int = 1) -> MarketData:
    """Two years of thirty names whose closes move by 1.5 % a day on steady volume, with an overnight step of 0.3 % less than that."""
    draws = np.random.default_rng(seed)
    days = market().bars.sessions
    shape = (len(days), 30)
    close = 50 * np.exp(np.cumsum(draws.normal(0, 0.015, shape), axis=0))
    opened = close * np.exp(draws.normal(0, 0.003, shape))
    high, low = np.maximum(opened, close) * 1.005, np.minimum(opened, close) * 0.995
    bars = Bars(days, tuple(f"N{k:02d}" for k in range(30)), opened, high, low, close, draws.uniform(8e5, 1.2e6, shape))
    return MarketData(bars, Actions.none(), np.full(len(days), 15.0), last_rows(close), np.full(30, TRADING, dtype=np.int8))


def split_by(market_data: MarketData, column: int, ratio: float) -> MarketData:
    """`market_data` with `ratio` new shares for an old one from ROW on, and nothing on record."""
    return change(market_data, lambda p: times(p, slice(ROW, None), column, 1 / ratio, volume=ratio))


def near_split(market_data: MarketData) -> Plant:
    """A step by 5:3 that volume follows: a split as rare as the spin-offs and special dividends that make the same step."""
    column = steady(market_data)
    return split_by(market_data, column, 5 / 3), spot(market_data, ROW, column)


def pence(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: times(p, slice(ROW, ROW + 60), column, 100.0)), spot(market_data, ROW, column)


def gap(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: blank(p, slice(ROW, ROW + 15), column)), spot(market_data, ROW, column)


def _repeat(panels: Panels, column: int, count: int) -> None:
    for name in ("open", "high", "low", "close"):
        panels[name][ROW : ROW + count, column] = panels["close"][ROW - 1, column]
    panels["volume"][ROW : ROW + count, column] = 0


def stale(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: _repeat(p, column, 5)), spot(market_data, ROW, column)


def frozen(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: _repeat(p, column, 14)), spot(market_data, ROW, column)


def _fill(market_data: MarketData, column: int, count: int) -> Plant:
    """The close of ROW - 1 put into `count` bars, whose volumes stay as they were."""

    def edit(panels: Panels) -> None:
        for name in ("open", "high", "low", "close"):
            panels[name][ROW : ROW + count, column] = panels["close"][ROW - 1, column]

    return change(market_data, edit), spot(market_data, ROW, column)


def repeated(market_data: MarketData) -> Plant:
    return _fill(market_data, steady(market_data), 12)


def filled_forward(market_data: MarketData) -> Plant:
    return _fill(market_data, steady(market_data), 30)


def _listed(market_data: MarketData, column: int) -> MarketData:
    """`market_data` with one name a member from first to last."""
    members = np.zeros(market_data.bars.shape, dtype=bool)
    members[:, column] = True
    return replace(market_data, members=members)


def member_ended(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return _listed(cut_short(market_data)[0], column), spot(market_data, ROW + 1, column)


def member_without_bar(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return _listed(change(market_data, lambda p: blank(p, slice(0, 200), column)), column), spot(market_data, 0, column)


def _others(market_data: MarketData) -> tuple[int, int]:
    column = steady(market_data)
    return column, next(
        k for k in range(len(market_data.bars.symbols)) if k != column and market_data.last[k] == len(market_data.bars.sessions) - 1
    )


def _carried_on(market_data: MarketData, first: int, end: int) -> Plant:
    """A name's bars stand under another symbol from `first` on, and under its own before `end`, whose last one is the spot."""
    column, other = _others(market_data)

    def edit(panels: Panels) -> None:
        for name in FIELDS:
            panels[name][:first, other] = np.nan
            panels[name][first:, other] = panels[name][first:, column]
            panels[name][end:, column] = np.nan

    return change(market_data, edit), spot(market_data, end - 1, column)


def renamed(market_data: MarketData) -> Plant:
    """One name's bars go on under another symbol from ROW on."""
    return _carried_on(market_data, ROW, ROW)


def doubled(market_data: MarketData) -> Plant:
    """A name that ends has had its bars under a second symbol too, which goes on."""
    return _carried_on(market_data, ROW - 50, ROW)


def overlapping(market_data: MarketData) -> Plant:
    """A name goes on under a second symbol, whose first bar is on the last day of the first."""
    return _carried_on(market_data, ROW, ROW + 1)


def upside_down(market_data: MarketData) -> Plant:
    column = steady(market_data)

    def edit(panels: Panels) -> None:
        high, low = panels["high"][ROW, column], panels["low"][ROW, column]
        panels["high"][ROW, column], panels["low"][ROW, column] = low * 0.99, high * 1.01

    return change(market_data, edit), spot(market_data, ROW, column)


def close_outside(market_data: MarketData) -> Plant:
    column = steady(market_data)

    def edit(panels: Panels) -> None:
        panels["high"][ROW, column] = panels["close"][ROW, column] * 0.98
        panels["open"][ROW, column] = panels["low"][ROW, column]

    return change(market_data, edit), spot(market_data, ROW, column)


def no_volume(market_data: MarketData) -> Plant:
    column = steady(market_data)

    def edit(panels: Panels) -> None:
        panels["volume"][ROW, column] = 0

    return change(market_data, edit), spot(market_data, ROW, column)


def close_only(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: blank(p, ROW, column, ("open", "high", "low"))), spot(market_data, ROW, column)


def under_a_cent(market_data: MarketData) -> Plant:
    column = steady(market_data)

    def edit(panels: Panels) -> None:
        for name in ("open", "high", "low", "close"):
            panels[name][:, column] /= 1e5

    return change(market_data, edit), spot(market_data, ROW, column)


def snapshot(market_data: MarketData) -> Plant:
    longest = np.flatnonzero(market_data.last == len(market_data.bars.sessions) - 1)[:12]

    def edit(panels: Panels) -> None:
        for column in longest:
            blank(panels, slice(ROW + 1, None), int(column))

    return change(market_data, edit), spot(market_data, ROW, int(longest[0]))


def cut_short(market_data: MarketData) -> Plant:
    column = steady(market_data)
    return change(market_data, lambda p: blank(p, slice(ROW + 1, None), column)), spot(market_data, ROW, column)


def halted_to_death(market_data: MarketData) -> Plant:
    column = steady(market_data)

    def edit(panels: Panels) -> None:
        blank(panels, slice(ROW + 2, None), column)
        panels["close"][ROW : ROW + 2, column] = panels["close"][ROW - 1, column]
        blank(panels, slice(ROW, ROW + 2), column, ("open", "high", "low"))

    return change(market_data, edit), spot(market_data, ROW, column)


def moved(
    market_data: MarketData,
    days: "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]",
    kept: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
) -> MarketData:
    """`market_data` on the sessions `days`, of which `kept` have a row in it."""

    def spread(panel: Panel) -> Panel:
        out = np.full((len(days), *panel.shape[1:]), np.nan)
        out[kept] = panel[: int(kept.sum())]
        return out

    bars = Bars(days, market_data.bars.symbols, **{name: spread(getattr(market_data.bars, name)) for name in FIELDS})
    split = market_data.actions
    return MarketData(
        bars,
        Actions(np.flatnonzero(kept)[split.row], split.name, split.kind, split.value),
        np.nan_to_num(spread(market_data.vix), nan=15.0),
        last_rows(bars.close),
        np.where(last_rows(bars.close) < len(days) - 1, DELISTED, TRADING).astype(np.int8),
        benchmark=np.nan_to_num(spread(market_data.benchmark), nan=100.0) if market_data.benchmark is not None else None,
        origin=market_data.origin,
    )


def sunday(market_data: MarketData) -> Plant:
    """One name printed on one Sunday."""
    days = market_data.bars.sessions
    monday = next(k for k in range(ROW, len(days)) if (days[k] - days[k - 1]).astype(int) == 3)
    extra = days[monday] - np.timedelta64(1, "D")
    all_days = np.sort(np.append(days, extra))
    wide = moved(market_data, all_days, all_days != extra)
    column, row = steady(market_data), int(np.searchsorted(all_days, extra))

    def edit(panels: Panels) -> None:
        for name in FIELDS:
            panels[name][row, column] = panels[name][row - 1, column]

    return change(wide, edit), spot(wide, row, column)


def a_day_early(market_data: MarketData) -> Plant:
    """One name whose bars carry the date of the evening before."""
    days, column = market_data.bars.sessions, steady(market_data)
    early = days - np.timedelta64(1, "D")
    all_days = np.union1d(days, early)
    wide = moved(market_data, all_days, np.isin(all_days, days))
    rows, before = np.searchsorted(all_days, days), np.searchsorted(all_days, early)

    def edit(panels: Panels) -> None:
        for name in FIELDS:
            series = panels[name][rows, column].copy()
            panels[name][:, column] = np.nan
            panels[name][before, column] = series

    strange = int(before[~np.isin(early, days)][0])
    return change(wide, edit), spot(wide, strange, column)


def a_day_late(market_data: MarketData, column: int | None = None) -> Plant:
    """One name whose bars carry the date of the day after, Saturdays among them, and the day after the last."""
    days = market_data.bars.sessions
    column = steady(market_data) if column is None else column
    late = days + np.timedelta64(1, "D")
    all_days = np.union1d(days, late)
    wide = moved(market_data, all_days, np.isin(all_days, days))
    rows, after = np.searchsorted(all_days, days), np.searchsorted(all_days, late)

    def edit(panels: Panels) -> None:
        for name in FIELDS:
            series = panels[name][rows, column].copy()
            panels[name][:, column] = np.nan
            panels[name][after, column] = series

    return change(wide, edit), spot(wide, int(after[~np.isin(late, days)][0]), column)


def alone(market_data: MarketData) -> Plant:
    """A session on which one name only has a bar: the last, which the others will have tomorrow."""
    column, last = steady(market_data), len(market_data.bars.sessions) - 1

    def edit(panels: Panels) -> None:
        for other in range(len(market_data.bars.symbols)):
            if other != column:
                blank(panels, last, other)

    return change(market_data, edit), spot(market_data, last, column)


def lost_sessions(market_data: MarketData) -> Plant:
    """Two weeks that the market does not have."""
    kept = np.delete(np.arange(len(market_data.bars.sessions)), np.arange(ROW, ROW + 10))
    bars = Bars(
        market_data.bars.sessions[kept], market_data.bars.symbols, **{name: getattr(market_data.bars, name)[kept] for name in FIELDS}
    )
    old = market_data.actions
    actions = Actions(np.searchsorted(kept, old.row), old.name, old.kind, old.value)
    benchmark = None if market_data.benchmark is None else market_data.benchmark[kept]
    thin = MarketData(bars, actions, market_data.vix[kept], last_rows(bars.close), market_data.ending, benchmark=benchmark)
    return thin, (str(market_data.bars.sessions[ROW]), "")


def no_vix(market_data: MarketData) -> Plant:
    series = market_data.vix.copy()
    series[ROW : ROW + 40] = np.nan
    return replace(market_data, vix=series), (str(market_data.bars.sessions[ROW]), "")


def no_benchmark(market_data: MarketData) -> Plant:
    assert market_data.benchmark is not None
    series = market_data.benchmark.copy()
    series[ROW] = np.nan
    return replace(market_data, benchmark=series), (str(market_data.bars.sessions[ROW]), "")


PLANTED: dict[str, tuple[Callable[[MarketData], Plant], str, str]] = {  # what was done -> who finds it, how bad it is
    "spike": (spike, "spike", "error"),
    "traded spike": (traded_spike, "spike_traded", "warning"),
    "panic": (panic, "spike_traded", "warning"),
    "split without a record": (lost_split, "split_without_record", "error"),
    "reverse split without a record": (lost_reverse_split, "split_without_record", "error"),
    "near a split": (near_split, "split_or_move", "warning"),
    "pence for pounds": (pence, "unit", "error"),
    "gap": (gap, "gap", "warning"),
    "stale run": (stale, "stale", "warning"),
    "frozen run": (frozen, "frozen", "error"),
    "repeated close": (repeated, "repeated", "warning"),
    "filled forward": (filled_forward, "filled_forward", "error"),
    "a member that ended": (member_ended, "members_ended", "warning"),
    "a member without a bar": (member_without_bar, "members_no_bar", "warning"),
    "a new name": (renamed, "two_symbols", "warning"),
    "two names at once": (doubled, "two_symbols", "warning"),
    "two names on one day": (overlapping, "two_symbols", "warning"),
    "high under low": (upside_down, "ohlc", "error"),
    "close outside": (close_outside, "ohlc", "error"),
    "no volume": (no_volume, "no_volume", "info"),
    "close only": (close_only, "close_only", "warning"),
    "under a cent": (under_a_cent, "under_a_cent", "warning"),
    "snapshot": (snapshot, "snapshot", "warning"),
    "cut short": (cut_short, "ends_without_reason", "warning"),
    "halted to death": (halted_to_death, "dead_end", "warning"),
    "Sunday": (sunday, "closed_day", "error"),
    "a day early": (a_day_early, "time_zone", "error"),
    "a day late": (a_day_late, "time_zone", "error"),
    "alone": (alone, "odd_session", "warning"),
    "lost sessions": (lost_sessions, "missing_session", "error"),
    "no VIX": (no_vix, "vix", "error"),
    "no benchmark": (no_benchmark, "benchmark", "warning"),
}


def with_split(market_data: MarketData, row: int, column: int, value: float) -> MarketData:
    """`market_data` with a split on record."""
    old = market_data.actions
    order = np.argsort(np.append(old.row, row), kind="stable")
    columns = (np.append(old.row, row), np.append(old.name, column), np.append(old.kind, SPLIT), np.append(old.value, value))
    row_, name, kind, values = (one[order] for one in columns)
    return replace(market_data, actions=Actions(row_, name, kind, values))
