"""Ways to cut the judged rows: by year, regime, liquidity and price, each by what was known on the row's own session."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.market.bars import Bars, Dates, Panel
from springback.market.liquidity import mean_dollar_volume
from springback.training.rows import TrainingRows

Labels = NDArray[np.int64]
DOLLARS = (5e6, 20e6, 100e6)
DOLLAR_PARTS = ("below $5M a day", "$5M to $20M a day", "$20M to $100M a day", "over $100M a day")
PRICES = (5.0, 20.0, 100.0)
PRICE_PARTS = ("below $5 a share", "$5 to $20 a share", "$20 to $100 a share", "over $100 a share")


@dataclass(frozen=True, eq=False)
class Cut:
    """`parts` by name and, for each row (R,), the number of its part."""

    name: str
    parts: tuple[str, ...]
    label: Labels


def cuts(rows: TrainingRows, bars: Bars, bear: NDArray[np.bool_]) -> tuple[Cut, ...]:
    """The four cuts of `rows`, liquidity by mean dollars a day and price by dollars a share; `bear` (T,) is the regime of each session's
    decision."""
    dollars = mean_dollar_volume(bars)[rows.session, rows.name]
    return (
        by_year(bars.sessions, rows.session),
        Cut("regime", ("bull", "bear"), bear[rows.session].astype(np.int64)),
        Cut("liquidity", DOLLAR_PARTS, _between(dollars, DOLLARS)),
        Cut("price", PRICE_PARTS, _between(bars.close[rows.session, rows.name], PRICES)),
    )


def by_year(sessions: Dates, session: Labels) -> Cut:
    """By calendar year of the `sessions` (T,) at which the rows (R,) stand."""
    year = sessions.astype("datetime64[Y]").astype(np.int64)[session] + 1970
    found, label = np.unique(year, return_inverse=True)
    return Cut("year", tuple(str(one) for one in found), label.astype(np.int64))


def by_span(name: str, sessions: Dates, spans: list[tuple[int, int]], session: Labels) -> Cut:
    """By spans (first, last) of the `sessions` (T,) that tile those of the rows (R,)."""
    parts = tuple(f"{sessions[first]} to {sessions[last]}" for first, last in spans)
    return Cut(name, parts, np.searchsorted([first for first, _ in spans], session, side="right") - 1)


def _between(values: Panel, edges: tuple[float, ...]) -> Labels:
    """Which side of each edge; a value on an edge belongs below."""
    return np.searchsorted(edges, values, side="left").astype(np.int64)
