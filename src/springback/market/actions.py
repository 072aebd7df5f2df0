"""Splits and dividends, and the scale they put prices on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.errors import BadTable
from springback.market.bars import Bars, Dates, Panel

DIVIDEND, SPLIT = 0, 1
KINDS = ("dividend", "split")


@dataclass(frozen=True, eq=False)
class Actions:
    """Corporate actions aligned to a `Bars` panel, in the order in which they take effect.

    Four columns (E,): `row` the session before whose open it takes effect (the ex-date, or the next session where the ex-date is
    none), `name` the column of the panel, `kind` DIVIDEND or SPLIT, `value` dollars a raw share, or old shares per new share
    (0.25 for a 4-for-1). Sorted by row; within a row the given order is kept.
    """

    row: NDArray[np.int64]
    name: NDArray[np.int64]
    kind: NDArray[np.int64]
    value: NDArray[np.float64]

    @staticmethod
    def none() -> "Actions":
        """No corporate action at all."""
        empty = np.empty(0, dtype=np.int64)
        return Actions(empty, empty, empty, np.empty(0))

    @staticmethod
    def align(bars: Bars, dates: Dates, symbols: Sequence[str], kinds: Sequence[str], values: Sequence[float]) -> "Actions":
        """Actions for the sessions and names of `bars`; those of other names or outside its sessions are left out.

        `values` are dollars a raw share of a dividend, old shares per new one of a split.
        Raises `BadTable` on an unknown kind or a value that is not positive and finite.
        """
        columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
        when = np.asarray(dates, dtype="datetime64[D]")
        rows = np.searchsorted(bars.sessions, when)
        kept = []
        for k, (symbol, kind, value) in enumerate(zip(symbols, kinds, values, strict=True)):
            if kind not in KINDS:
                raise BadTable(
                    f"events: kind of {symbol} on {when[k]} must be one of {', '.join(KINDS)}, was '{kind}'", symbol=symbol, value=kind
                )
            if not (np.isfinite(value) and value > 0):
                raise BadTable(
                    f"events: value of the {kind} of {symbol} on {when[k]} must be above 0, was {value}",
                    symbol=symbol,
                    value=value,
                    limit=0,
                )
            if symbol in columns and rows[k] < len(bars.sessions) and when[k] >= bars.sessions[0]:
                kept.append(k)
        order = sorted(kept, key=lambda k: (rows[k], k))
        return Actions(
            rows[order].astype(np.int64),
            np.array([columns[symbols[k]] for k in order], dtype=np.int64),
            np.array([KINDS.index(kinds[k]) for k in order], dtype=np.int64),
            np.array([values[k] for k in order], dtype=np.float64),
        )

    def between(self, first: int, end: int) -> "Actions":
        """The actions of rows `first <= row < end`, renumbered from `first`; dollars a share and split factors as they are."""
        kept = (self.row >= first) & (self.row < end)
        return Actions(self.row[kept] - first, self.name[kept], self.kind[kept], self.value[kept])


def split_scale(actions: Actions, shape: tuple[int, int]) -> Panel | None:
    """Cumulative product of split factors up to and including each session, (T, N); None when there is no split.

    A raw price of session s on the scale of session t is `price[s] * scale[t] / scale[s]`, a volume `volume[s] * scale[s] / scale[t]`:
    only splits known at t enter.
    """
    splits = np.flatnonzero(actions.kind == SPLIT)
    if len(splits) == 0:
        return None
    scale = np.ones(shape)
    for k in splits:
        scale[actions.row[k] :, actions.name[k]] *= actions.value[k]
    return scale
