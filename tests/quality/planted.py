"""Markets with one defect of each kind planted in them, and where it was planted."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from springback.market.actions import SPLIT, Actions
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.tape import DELISTED, TRADING, Tape, last_rows
from tests.quality.panels import ROW, Panels, Plant, blank, change, market, spot, steady, times


def spike(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: times(p, ROW, column, 3.7)), spot(tape, ROW, column)


def traded_spike(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: times(p, ROW, column, 3.7, volume=40.0)), spot(tape, ROW, column)


def panic(tape: Tape) -> Plant:
    """A day that opens where the day before closed, falls by half, and a day after that opens there and comes back."""
    column = steady(tape)

    def edit(panels: Panels) -> None:
        before = panels["close"][ROW - 1, column]
        for row, opened, closed in ((ROW, before, before / 2), (ROW + 1, before / 2, before)):
            panels["open"][row, column], panels["close"][row, column] = opened, closed
            panels["high"][row, column], panels["low"][row, column] = before, before / 2

    return change(tape, edit), spot(tape, ROW, column)


def lost_split(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: times(p, slice(ROW, None), column, 1 / 4, volume=4.0)), spot(tape, ROW, column)


def lost_reverse_split(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: times(p, slice(ROW, None), column, 10.0, volume=0.1)), spot(tape, ROW, column)


def noisy(seed: int = 1) -> Tape:
    """Two years of thirty names whose closes move by 1.5 % a day on steady volume, with an overnight step of 0.3 % less than that."""
    draws = np.random.default_rng(seed)
    days = market().bars.sessions
    shape = (len(days), 30)
    close = 50 * np.exp(np.cumsum(draws.normal(0, 0.015, shape), axis=0))
    opened = close * np.exp(draws.normal(0, 0.003, shape))
    high, low = np.maximum(opened, close) * 1.005, np.minimum(opened, close) * 0.995
    bars = Bars(days, tuple(f"N{k:02d}" for k in range(30)), opened, high, low, close, draws.uniform(8e5, 1.2e6, shape))
    return Tape(bars, Actions.none(), np.full(len(days), 15.0), last_rows(close), np.full(30, TRADING, dtype=np.int8))


def split_by(tape: Tape, column: int, ratio: float) -> Tape:
    """`tape` with `ratio` new shares for an old one from ROW on, and nothing on record."""
    return change(tape, lambda p: times(p, slice(ROW, None), column, 1 / ratio, volume=ratio))


def near_split(tape: Tape) -> Plant:
    """A step by 5:3 that volume follows: a split as rare as the spin-offs and special dividends that make the same step."""
    column = steady(tape)
    return split_by(tape, column, 5 / 3), spot(tape, ROW, column)


def pence(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: times(p, slice(ROW, ROW + 60), column, 100.0)), spot(tape, ROW, column)


def gap(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: blank(p, slice(ROW, ROW + 15), column)), spot(tape, ROW, column)


def _repeat(panels: Panels, column: int, count: int) -> None:
    for name in ("open", "high", "low", "close"):
        panels[name][ROW : ROW + count, column] = panels["close"][ROW - 1, column]
    panels["volume"][ROW : ROW + count, column] = 0


def stale(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: _repeat(p, column, 5)), spot(tape, ROW, column)


def frozen(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: _repeat(p, column, 14)), spot(tape, ROW, column)


def _fill(tape: Tape, column: int, count: int) -> Plant:
    """The close of ROW - 1 put into `count` bars, whose volumes stay as they were."""

    def edit(panels: Panels) -> None:
        for name in ("open", "high", "low", "close"):
            panels[name][ROW : ROW + count, column] = panels["close"][ROW - 1, column]

    return change(tape, edit), spot(tape, ROW, column)


def repeated(tape: Tape) -> Plant:
    return _fill(tape, steady(tape), 12)


def filled_forward(tape: Tape) -> Plant:
    return _fill(tape, steady(tape), 30)


def _listed(tape: Tape, column: int) -> Tape:
    """`tape` with one name a member from first to last."""
    members = np.zeros(tape.bars.shape, dtype=bool)
    members[:, column] = True
    return replace(tape, members=members)


def member_ended(tape: Tape) -> Plant:
    column = steady(tape)
    return _listed(cut_short(tape)[0], column), spot(tape, ROW + 1, column)


def member_without_bar(tape: Tape) -> Plant:
    column = steady(tape)
    return _listed(change(tape, lambda p: blank(p, slice(0, 200), column)), column), spot(tape, 0, column)


def _others(tape: Tape) -> tuple[int, int]:
    column = steady(tape)
    return column, next(k for k in range(len(tape.bars.symbols)) if k != column and tape.last[k] == len(tape.bars.sessions) - 1)


def _carried_on(tape: Tape, first: int, end: int) -> Plant:
    """A name's bars stand under another symbol from `first` on, and under its own before `end`, whose last one is the spot."""
    column, other = _others(tape)

    def edit(panels: Panels) -> None:
        for name in FIELDS:
            panels[name][:first, other] = np.nan
            panels[name][first:, other] = panels[name][first:, column]
            panels[name][end:, column] = np.nan

    return change(tape, edit), spot(tape, end - 1, column)


def renamed(tape: Tape) -> Plant:
    """One name's bars go on under another symbol from ROW on."""
    return _carried_on(tape, ROW, ROW)


def doubled(tape: Tape) -> Plant:
    """A name that ends has had its bars under a second symbol too, which goes on."""
    return _carried_on(tape, ROW - 50, ROW)


def overlapping(tape: Tape) -> Plant:
    """A name goes on under a second symbol, whose first bar is on the last day of the first."""
    return _carried_on(tape, ROW, ROW + 1)


def upside_down(tape: Tape) -> Plant:
    column = steady(tape)

    def edit(panels: Panels) -> None:
        high, low = panels["high"][ROW, column], panels["low"][ROW, column]
        panels["high"][ROW, column], panels["low"][ROW, column] = low * 0.99, high * 1.01

    return change(tape, edit), spot(tape, ROW, column)


def close_outside(tape: Tape) -> Plant:
    column = steady(tape)

    def edit(panels: Panels) -> None:
        panels["high"][ROW, column] = panels["close"][ROW, column] * 0.98
        panels["open"][ROW, column] = panels["low"][ROW, column]

    return change(tape, edit), spot(tape, ROW, column)


def no_volume(tape: Tape) -> Plant:
    column = steady(tape)

    def edit(panels: Panels) -> None:
        panels["volume"][ROW, column] = 0

    return change(tape, edit), spot(tape, ROW, column)


def close_only(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: blank(p, ROW, column, ("open", "high", "low"))), spot(tape, ROW, column)


def under_a_cent(tape: Tape) -> Plant:
    column = steady(tape)

    def edit(panels: Panels) -> None:
        for name in ("open", "high", "low", "close"):
            panels[name][:, column] /= 1e5

    return change(tape, edit), spot(tape, ROW, column)


def snapshot(tape: Tape) -> Plant:
    longest = np.flatnonzero(tape.last == len(tape.bars.sessions) - 1)[:12]

    def edit(panels: Panels) -> None:
        for column in longest:
            blank(panels, slice(ROW + 1, None), int(column))

    return change(tape, edit), spot(tape, ROW, int(longest[0]))


def cut_short(tape: Tape) -> Plant:
    column = steady(tape)
    return change(tape, lambda p: blank(p, slice(ROW + 1, None), column)), spot(tape, ROW, column)


def halted_to_death(tape: Tape) -> Plant:
    column = steady(tape)

    def edit(panels: Panels) -> None:
        blank(panels, slice(ROW + 2, None), column)
        panels["close"][ROW : ROW + 2, column] = panels["close"][ROW - 1, column]
        blank(panels, slice(ROW, ROW + 2), column, ("open", "high", "low"))

    return change(tape, edit), spot(tape, ROW, column)


def moved(
    tape: Tape, days: "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]", kept: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
) -> Tape:
    """`tape` on the sessions `days`, of which `kept` have a row in it."""

    def spread(panel: Panel) -> Panel:
        out = np.full((len(days), *panel.shape[1:]), np.nan)
        out[kept] = panel[: int(kept.sum())]
        return out

    bars = Bars(days, tape.bars.symbols, **{name: spread(getattr(tape.bars, name)) for name in FIELDS})
    split = tape.actions
    return Tape(
        bars,
        Actions(np.flatnonzero(kept)[split.row], split.name, split.kind, split.value),
        np.nan_to_num(spread(tape.vix), nan=15.0),
        last_rows(bars.close),
        np.where(last_rows(bars.close) < len(days) - 1, DELISTED, TRADING).astype(np.int8),
        benchmark=np.nan_to_num(spread(tape.benchmark), nan=100.0) if tape.benchmark is not None else None,
        origin=tape.origin,
    )


def sunday(tape: Tape) -> Plant:
    """One name printed on one Sunday."""
    days = tape.bars.sessions
    monday = next(k for k in range(ROW, len(days)) if (days[k] - days[k - 1]).astype(int) == 3)
    extra = days[monday] - np.timedelta64(1, "D")
    all_days = np.sort(np.append(days, extra))
    wide = moved(tape, all_days, all_days != extra)
    column, row = steady(tape), int(np.searchsorted(all_days, extra))

    def edit(panels: Panels) -> None:
        for name in FIELDS:
            panels[name][row, column] = panels[name][row - 1, column]

    return change(wide, edit), spot(wide, row, column)


def a_day_early(tape: Tape) -> Plant:
    """One name whose bars carry the date of the evening before."""
    days, column = tape.bars.sessions, steady(tape)
    early = days - np.timedelta64(1, "D")
    all_days = np.union1d(days, early)
    wide = moved(tape, all_days, np.isin(all_days, days))
    rows, before = np.searchsorted(all_days, days), np.searchsorted(all_days, early)

    def edit(panels: Panels) -> None:
        for name in FIELDS:
            series = panels[name][rows, column].copy()
            panels[name][:, column] = np.nan
            panels[name][before, column] = series

    strange = int(before[~np.isin(early, days)][0])
    return change(wide, edit), spot(wide, strange, column)


def a_day_late(tape: Tape, column: int | None = None) -> Plant:
    """One name whose bars carry the date of the day after, Saturdays among them, and the day after the last."""
    days = tape.bars.sessions
    column = steady(tape) if column is None else column
    late = days + np.timedelta64(1, "D")
    all_days = np.union1d(days, late)
    wide = moved(tape, all_days, np.isin(all_days, days))
    rows, after = np.searchsorted(all_days, days), np.searchsorted(all_days, late)

    def edit(panels: Panels) -> None:
        for name in FIELDS:
            series = panels[name][rows, column].copy()
            panels[name][:, column] = np.nan
            panels[name][after, column] = series

    return change(wide, edit), spot(wide, int(after[~np.isin(late, days)][0]), column)


def alone(tape: Tape) -> Plant:
    """A session on which one name only has a bar: the last, which the others will have tomorrow."""
    column, last = steady(tape), len(tape.bars.sessions) - 1

    def edit(panels: Panels) -> None:
        for other in range(len(tape.bars.symbols)):
            if other != column:
                blank(panels, last, other)

    return change(tape, edit), spot(tape, last, column)


def lost_sessions(tape: Tape) -> Plant:
    """Two weeks that the market does not have."""
    kept = np.delete(np.arange(len(tape.bars.sessions)), np.arange(ROW, ROW + 10))
    bars = Bars(tape.bars.sessions[kept], tape.bars.symbols, **{name: getattr(tape.bars, name)[kept] for name in FIELDS})
    old = tape.actions
    actions = Actions(np.searchsorted(kept, old.row), old.name, old.kind, old.value)
    benchmark = None if tape.benchmark is None else tape.benchmark[kept]
    thin = Tape(bars, actions, tape.vix[kept], last_rows(bars.close), tape.ending, benchmark=benchmark)
    return thin, (str(tape.bars.sessions[ROW]), "")


def no_vix(tape: Tape) -> Plant:
    series = tape.vix.copy()
    series[ROW : ROW + 40] = np.nan
    return replace(tape, vix=series), (str(tape.bars.sessions[ROW]), "")


def no_benchmark(tape: Tape) -> Plant:
    assert tape.benchmark is not None
    series = tape.benchmark.copy()
    series[ROW] = np.nan
    return replace(tape, benchmark=series), (str(tape.bars.sessions[ROW]), "")


PLANTED: dict[str, tuple[Callable[[Tape], Plant], str, str]] = {  # what was done -> who finds it, how bad it is
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


def with_split(tape: Tape, row: int, column: int, value: float) -> Tape:
    """`tape` with a split on record."""
    old = tape.actions
    order = np.argsort(np.append(old.row, row), kind="stable")
    columns = (np.append(old.row, row), np.append(old.name, column), np.append(old.kind, SPLIT), np.append(old.value, value))
    row_, name, kind, values = (one[order] for one in columns)
    return replace(tape, actions=Actions(row_, name, kind, values))
