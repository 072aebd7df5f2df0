"""What the prices of a table are: as printed, adjusted for later splits, or for dividends too; and how they become those of their day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.data.files.folder_actions import TIMES, WORKED_OUT, dividends, once_or, small_ratio
from springback.errors import InputError
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.record import adjusted_times, fit, look, traded

RAW, SPLITS, TOTAL = "raw", "split", "total"
WORDS = (RAW, SPLITS, TOTAL)
"""As printed; adjusted for every later split; for dividends too."""
WAY = "say --prices raw, split or total"
FRACTIONS, NEARLY = 0.02, 0.5
"""Of closes of a dollar and more in fractions of a cent: the share from which on they are adjusted, and the share of a name that is
adjusted for dividends."""
STEP = 0.15
"""Logarithm from which on a step of close and adjusted close together may be a split."""
SHARP = 0.2
"""Standard error of what dividends do to prices under which it tells."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Raw `bars` and `actions`, what the told prices were (`word`), whether that was `sure`, and a `note` in words."""

    bars: Bars
    actions: Actions
    word: str
    sure: bool
    note: str
    findings: tuple[str, ...] = ()


def settle(bars: Bars, actions: Actions, adjusted: Panel | None = None, basis: str | None = None) -> Basis:
    """The bars on the scale of their day. `basis` is one of WORDS, or None: then the splits on record, an `adjusted` close (T, N) beside
    the close, the dividends or fractions of a cent tell; where none does they are taken as printed, and not `sure`.

    Raises `InputError` on another word.
    """
    if basis is not None and basis not in WORDS:
        raise InputError(f"--prices must be {', '.join(WORDS[:-1])} or {WORDS[-1]}, was '{basis}'", value=basis)
    findings: tuple[str, ...] = ()
    if adjusted is not None and basis != TOTAL:
        actions, findings = _read_off(bars, actions, adjusted)
    word, sure, said = (basis, True, f"as --prices {basis} says") if basis else _found(bars, actions, adjusted is not None)
    later, odd = _later(bars, actions, word)
    findings += odd
    if later is not None:
        said += "; put back on the scale of their day"
        bars = _times(bars, *later)
    elif word != RAW:
        said += "; with nothing on record to put them back by they are taken as they are: filters on price and shares see adjusted numbers"
    if adjusted is not None and word != TOTAL and not (actions.kind == DIVIDEND).any():
        actions, paid = _paid(bars, actions, adjusted, None if later is None else later[0])
        findings += paid
    return Basis(bars, actions, word, sure, f"prices: {CALLED[word] if sure else 'taken as printed'}, {said}", findings)


CALLED = {RAW: "as printed", SPLITS: "adjusted for splits", TOTAL: "adjusted for splits and dividends"}
"""The words at length."""


def _found(bars: Bars, actions: Actions, beside: bool) -> tuple[str, bool, str]:
    """Word, whether it is sure, and what told."""
    taken, smooth = _splits(bars, actions)
    paid = _dividends(bars, actions)
    whole = taken + smooth
    if smooth and not taken:
        word = TOTAL if paid is False and not beside else SPLITS
        return word, True, f"as {smooth} of {whole} splits on record {'are' if smooth > 1 else 'is'} not in them"
    if taken:
        return RAW, True, f"as {taken} of {whole} splits on record {'are' if taken > 1 else 'is'} in them"
    if beside:
        return SPLITS, True, "as an adjusted close stands beside the close"
    if paid is False:
        return TOTAL, True, "as the dividends on record are not in them"
    fractions, most = _fractions(bars)
    if fractions > FRACTIONS:
        return (TOTAL if most else SPLITS), True, f"as {fractions:.0%} of the closes of a dollar and more are in fractions of a cent"
    return RAW, False, f"and nothing in them tells whether they are adjusted (no split on record that would show): {WAY}"


def _splits(bars: Bars, actions: Actions) -> tuple[int, int]:
    """How many splits on record the prices take, this way or the inverse, and how many they do not."""
    taken = smooth = 0
    for k in np.flatnonzero(actions.kind == SPLIT):
        times = adjusted_times(_closes(bars, actions.name[k]), int(actions.row[k]), float(actions.value[k]))
        taken += int(times in (0, 2))
        smooth += int(times == 1)
    return taken, smooth


def _dividends(bars: Bars, actions: Actions) -> bool | None:
    """Whether prices fall by the dividends on record, taken together (least squares); None where that cannot be told."""
    size, fall, noise = [], [], []
    for k in np.flatnonzero(actions.kind == DIVIDEND):
        seen = look(_closes(bars, actions.name[k]), int(actions.row[k]))
        if seen is not None and 0 < actions.value[k] / seen.before < 0.5:
            size.append(-np.log1p(-actions.value[k] / seen.before) / seen.usual)
            fall.append(float(np.clip(-seen.step / seen.usual, -4, 4 + size[-1])))
            noise.append(1.0)
    x, y = np.array(size), np.array(fall)
    weight = float((x * x).sum()) if len(x) else 0.0
    if weight * SHARP**2 < 1:
        return None
    return bool((x * y).sum() / weight > 0.5)


def _fractions(bars: Bars) -> tuple[float, bool]:
    """Share of the closes of a dollar and more that are in fractions of a cent, and whether most names have nearly only such."""
    known = bars.close >= 1
    cents = bars.close * 100
    odd = known & (np.abs(cents - np.rint(cents)) > 1e-3)
    counts, odds = known.sum(axis=0), odd.sum(axis=0)
    listed = counts > 0
    most = (odds[listed] > NEARLY * counts[listed]).mean() > 0.5 if listed.any() else False
    return float(odd.sum() / max(1, known.sum())), bool(most)


def _closes(bars: Bars, column: int) -> NDArray[np.float64]:
    return traded(bars.close[:, column], bars.volume[:, column])


def _later(bars: Bars, actions: Actions, word: str) -> tuple[tuple[Panel, Panel] | None, tuple[str, ...]]:
    """By what the told prices, and the volumes, of each session are multiplied to be those of their day, (T, N) each; None for nothing.
    And a line on the splits for which the prices were not adjusted once.
    """
    kinds = {RAW: (), SPLITS: (SPLIT,), TOTAL: (SPLIT, DIVIDEND)}[word]
    places = [int(k) for k in np.flatnonzero(np.isin(actions.kind, kinds))]
    if not places:
        return None, ()
    prices, volumes, odd = np.ones(bars.shape), np.ones(bars.shape), []
    for column in np.unique(actions.name[places]):
        mine = [k for k in places if actions.name[k] == column]
        close = _closes(bars, column)
        splits = [k for k in mine if actions.kind[k] == SPLIT]
        times = {k: once_or(adjusted_times(close, int(actions.row[k]), float(actions.value[k]))) for k in splits}
        odd += [f"{bars.symbols[column]} {bars.sessions[actions.row[k]]} {TIMES[how]}" for k, how in times.items() if how != 1]
        _one_later(bars.close[:, column], actions, mine, times, prices[:, column], volumes[:, column])
    return (prices, volumes), ((f"{len(odd):,} splits for which the prices were not adjusted once: {'; '.join(odd[:20])}",) if odd else ())


def _one_later(
    close: NDArray[np.float64],
    actions: Actions,
    mine: Sequence[int],
    times: Mapping[int, int],
    prices: NDArray[np.float64],
    volumes: NDArray[np.float64],
) -> None:
    """The newest event first: what came after it is known. A told close is the printed one less the dividend, on the later scale."""
    for k in reversed(mine):
        row, value = int(actions.row[k]), float(actions.value[k])
        before = close[:row]
        known = np.flatnonzero(~np.isnan(before))
        if len(known) == 0:
            continue
        if actions.kind[k] == SPLIT:
            prices[:row] /= value ** times[k]
            volumes[:row] *= value ** times[k]
        else:
            printed = before[known[-1]] * prices[known[-1]] + value
            prices[:row] *= printed / (printed - value)


def _times(bars: Bars, prices: Panel, volumes: Panel) -> Bars:
    by = {name: np.round(getattr(bars, name) * prices, 4) for name in FIELDS if name != "volume"}
    untouched = prices == 1
    panels = {name: np.where(untouched, getattr(bars, name), panel) for name, panel in by.items()}
    return Bars(bars.sessions, bars.symbols, **panels, volume=np.where(volumes == 1, bars.volume, np.round(bars.volume * volumes)))


def _read_off(bars: Bars, actions: Actions, adjusted: Panel) -> tuple[Actions, tuple[str, ...]]:
    """`actions` with the splits that close and adjusted close show where none is on record: both step by one small ratio."""
    if (actions.kind == SPLIT).any():
        return actions, ()
    found = []
    for column in range(bars.shape[1]):
        close = bars.close[:, column]
        has = np.flatnonzero(~np.isnan(close) & (adjusted[:, column] > 0))
        factor = np.log(adjusted[has, column] / close[has])
        for k in np.flatnonzero(np.abs(np.diff(factor)) > STEP) + 1:
            ratio = float(np.exp(factor[k] - factor[k - 1]))
            new, old = small_ratio(ratio, WORKED_OUT)
            seen = look(_closes(bars, column), int(has[k]))
            if (new, old) != (ratio, 1) and seen is not None and fit(seen, float(np.log(old / new))) == (1, True):
                found.append((int(has[k]), column, old / new))
    if not found:
        return actions, ()
    row, name, value = (np.array([one[k] for one in found]) for k in range(3))
    kind = np.full(len(found), SPLIT)
    whole = _together(actions, row, name, kind, value)
    return whole, (f"{len(found):,} splits were read off close and adjusted close, which step by one ratio on their day",)


def _paid(bars: Bars, actions: Actions, adjusted: Panel, later: Panel | None) -> tuple[Actions, tuple[str, ...]]:
    """`actions` with the dividends that the adjusted close shows; `bars` are on the scale of their day, `later` put them there."""
    told = bars.close if later is None else bars.close / later
    scale = np.ones(bars.shape)
    for k in np.flatnonzero(actions.kind == SPLIT):
        scale[: actions.row[k], actions.name[k]] *= actions.value[k]
    split_adjusted = bars.close * scale
    source = np.where(np.isnan(told), -1, 0).astype(np.int8)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = 0.00005 / told + 0.00005 / adjusted
    panel = Bars(bars.sessions, bars.symbols, **{name: getattr(bars, name) for name in FIELDS if name != "close"}, close=split_adjusted)
    found = dividends(panel, adjusted / split_adjusted, noise, source, ("",), 1 / scale)
    if len(found.events) == 0:
        return actions, ()
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    row = np.searchsorted(bars.sessions, found.events["date"].to_numpy(dtype="datetime64[D]"))
    name = np.array([columns[one] for one in found.events["symbol"]])
    whole = _together(actions, row, name, np.full(len(row), DIVIDEND), found.events["value"].to_numpy())
    return whole, (f"{len(row):,} dividends were read off the adjusted close",)


def _together(actions: Actions, row: NDArray[np.int64], name: NDArray[np.int64], kind: NDArray[np.int64], value: Panel) -> Actions:
    """Of one session a dividend, which is told in shares of before, comes before the split."""
    whole = [
        np.concatenate([getattr(actions, field), new]) for field, new in (("row", row), ("name", name), ("kind", kind), ("value", value))
    ]
    order = np.lexsort((whole[2], whole[0]))
    return Actions(*(column[order] for column in whole))
