"""The first thing in which two runs of a pipeline differ, in one line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.auditing.pipeline import Flags, PipelineRun
from springback.backtest.result import Result
from springback.market.bars import Bars, Panel
from springback.strategy.rule import REASONS

ORDER = ("row", "name", "quantity", "reason", "level")
FILL = ("order_id", "row", "name", "quantity", "price", "fee", "reason")


@dataclass
class Tally:
    """How much was compared, and the first difference."""

    features: int = 0
    models: int = 0
    forecasts: int = 0
    orders: int = 0
    fault: str | None = None

    def note(self, fault: str | None) -> None:
        """Keeps the first fault."""
        if self.fault is None:
            self.fault = fault

    def text(self) -> str:
        """What was compared, in words."""
        parts = [(self.features, "feature"), (self.forecasts, "forecast"), (self.models, "model"), (self.orders, "order")]
        return ", ".join(f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in parts if count)


def same(one: Panel | Flags, other: Panel | Flags) -> NDArray[np.bool_]:
    """True (T, N) where two panels (T, N) hold the same bits, or both are missing (NaN); other shapes likewise."""
    if one.dtype != np.float64:
        return np.asarray(one == other)
    bits = np.ascontiguousarray(one).view(np.int64) == np.ascontiguousarray(other).view(np.int64)
    return np.asarray(bits | (np.isnan(one) & np.isnan(other)))


def panel_fault(
    what: str, before: Panel | Flags, after: Panel | Flags, bars: Bars, named: tuple[str, ...] = (), first: int = 0
) -> str | None:
    """None, or where two panels (T, N) or (T, N, F) first differ; row 0 of both is row `first` of `bars`. Values
    are shown in their own units, such as shares a day of mean volume."""
    differ = ~same(before, after)
    if not differ.any():
        return None
    at = np.unravel_index(int(np.argmax(differ)), differ.shape)
    inner = named[at[2]] if len(at) > 2 and named else what
    where = f"{bars.sessions[first + at[0]]} {bars.symbols[at[1]]}"
    return f"{inner} of {where}: {_text(before[at])} became {_text(after[at])} ({int(differ.sum()):,} of {differ.size:,} differ)"


def _text(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "in" if value else "out"
    return "missing" if np.isnan(value) else f"{value:.10g}"  # type: ignore[call-overload]


def compare(base: PipelineRun, other: PipelineRun, row: int, decided: int, named: tuple[str, ...], tally: Tally) -> None:
    """Notes the first difference in what was known at the close of `row`: orders decided before row `decided`, all else up to `row`."""
    bars, end = base.market_data.bars, row + 1
    tally.note(panel_fault("universe", base.eligible[:end], other.eligible[:end], bars))
    tally.note(panel_fault("features", base.features[:end], other.features[:end], bars, named))
    tally.note(models_fault(base, other, str(bars.sessions[row])))
    for name in ("qpi", "p_long", "p_short", "adv"):
        one, two = (getattr(played.learned.forecasts, name)[:end] for played in (base, other))
        tally.note(panel_fault(f"forecast {name}", one, two, bars))
        tally.forecasts += int((~np.isnan(one)).sum()) if name == "p_long" else 0
    tally.note(orders_fault(base.result, other.result, decided))
    tally.note(account_fault(base.result, other.result, row))
    tally.features += int((~np.isnan(base.features[:end])).sum())
    tally.models += sum(as_of <= str(bars.sessions[row]) for as_of in base.learned.models)
    tally.orders += int(np.sum(base.result.orders["row"] < decided))


def models_fault(base: PipelineRun, other: PipelineRun, known_by: str) -> str | None:
    """None, or the first model as of a session up to `known_by` (ISO date) that is another."""
    for as_of, mark in base.learned.models.items():
        if as_of > known_by:
            continue
        if (found := other.learned.models.get(as_of)) != mark:
            return f"model as of {as_of}: its fingerprint changed" if found else f"model as of {as_of}: it was not trained"
    return None


def orders_fault(base: Result, other: Result, decided: int) -> str | None:
    """None, or the first order decided before row `decided` that is another."""
    one, two = (_table(result.orders, ORDER, result.orders["row"] < decided) for result in (base, other))
    if (k := _first(one, two)) is None:
        return None
    return f"order {_order(base, one, k)} became {_order(other, two, k)}"


def account_fault(base: Result, other: Result, row: int) -> str | None:
    """None, or the first fill or equity up to `row` that is another; what happens at midnight belongs to the next session."""
    known = [(result.fills["row"] <= row) & ((result.fills["midnight"] == 0) | (result.fills["row"] < row)) for result in (base, other)]
    one, two = (_table(result.fills, FILL, which) for result, which in zip((base, other), known, strict=True))
    if (k := _first(one, two)) is not None:
        return f"fill {_fill(base, one, k)} became {_fill(other, two, k)}"
    end = row + 1 - base.first
    for name in ("equity", "bear"):
        differ = np.flatnonzero(~same(base.daily[name][:end], other.daily[name][:end]))
        if len(differ):
            at = int(differ[0])
            return f"{name} of {base.sessions[at]}: {base.daily[name][at]:,.2f} became {other.daily[name][at]:,.2f}"
    return None


def _table(columns: dict[str, NDArray[np.float64]], names: tuple[str, ...], which: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.column_stack([columns[name][which] for name in names])


def _first(one: NDArray[np.float64], two: NDArray[np.float64]) -> int | None:
    """The first row in which two tables differ; None when they are equal."""
    both = min(len(one), len(two))
    differ = np.flatnonzero(~same(one[:both], two[:both]).all(axis=1))
    if len(differ):
        return int(differ[0])
    return None if len(one) == len(two) else both


def _order(result: Result, table: NDArray[np.float64], k: int) -> str:
    if k >= len(table):
        return "none"
    row, name, quantity, reason = (int(one) for one in table[k, :4])
    return f"{result.sessions[row - result.first]} {result.symbols[name]} {quantity:+,} ({REASONS[reason]})"


def _fill(result: Result, table: NDArray[np.float64], k: int) -> str:
    if k >= len(table):
        return "none"
    row, name, quantity = (int(one) for one in table[k, 1:4])
    return f"{result.sessions[row - result.first]} {result.symbols[name]} {quantity:+,} at {table[k, 4]:.4f}"
