"""What a check found, and the shapes that checks share."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Bars, Panel

Severity = Literal["info", "warning", "error"]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]
ALL_NAMES = -1
"""Column of a place that is a whole session."""
EXAMPLES = 5


def no_places() -> Places:
    """Places of a finding that no panel can hold, (0, 2)."""
    return np.empty((0, 2), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class QualityFinding:
    """`count` of something in `names` names, a `share` of all that was looked at; `sentence` tells it.

    `rows` are up to five examples (session, name), worst first. `places` (K, 2) are row and column of every cell of the panel that it
    accuses (column ALL_NAMES: the whole session); none where the defect lies outside the panel. `left` is how many of them no quarantine
    covers.
    """

    check: str
    severity: Severity
    sentence: str
    count: int
    names: int
    share: float
    rows: tuple[tuple[str, str], ...] = ()
    places: Places = field(default_factory=no_places)
    left: int | None = None

    @property
    def stands(self) -> bool:
        """Whether some of it is not left out by a quarantine."""
        return self.left is None or self.left > 0


def cells(
    check: str,
    severity: Severity,
    bars: Bars,
    odd: Flags,
    sentence: str,
    strength: Panel | None = None,
    of: int | None = None,
    accused: Flags | None = None,
) -> tuple[QualityFinding, ...]:
    """The finding of `odd` (T, N), or nothing; `sentence` may name {n} and {names}.

    `strength` (T, N) ranks the examples, one a name; `of` is what the share is of (all bars); `accused` are the cells to leave out
    where they are more than the odd ones.
    """
    count = int(odd.sum())
    if count == 0:
        return ()
    places = np.argwhere(odd)
    worth = np.zeros(len(places)) if strength is None else -strength[places[:, 0], places[:, 1]]
    ranked = places[np.argsort(worth, kind="stable")]
    _, first = np.unique(ranked[:, 1], return_index=True)
    best = ranked[np.sort(first)[:EXAMPLES]]
    names = int(odd.any(axis=0).sum())
    whole = int((~np.isnan(bars.close)).sum()) if of is None else of
    return (
        QualityFinding(
            check,
            severity,
            sentence.format(n=f"{count:,}", names=named(names)),
            count,
            names,
            count / max(1, whole),
            tuple((str(bars.sessions[row]), bars.symbols[column]) for row, column in best),
            places if accused is None else np.argwhere(accused),
        ),
    )


def named(names: int) -> str:
    """ "1 name", "2,345 names"."""
    return f"{names:,} name{'' if names == 1 else 's'}"


def spells(odd: Flags) -> tuple[Places, Places, Places]:
    """First row, column and length of each run of True down a column of `odd` (T, N), each (K,)."""
    edge = np.diff(odd.astype(np.int8), axis=0, prepend=0, append=0).T
    column, start = np.nonzero(edge == 1)
    _, stop = np.nonzero(edge == -1)
    return start, column, stop - start


def lengths(odd: Flags) -> Panel:
    """Length of the run that each True cell belongs to, 0 elsewhere, (T, N)."""
    out = np.zeros(odd.shape)
    for start, column, length in zip(*spells(odd), strict=True):
        out[start : start + length, column] = length
    return out
