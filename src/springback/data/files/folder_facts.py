"""What the owner of a folder of yearly files knows of it and what stands in none of its tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

DECIMALS = 4
"""Of a price, where nothing else is known."""


@dataclass(frozen=True)
class FolderFacts:
    """What is known of a folder beside its tables; sources are the words of the column `src`.

    `title` says what it is, `biases` how what is drawn from it is biased. `worthless` are the names whose shares became so, far under their
    last price. `decimals` of the prices of a source (others have 4), `carried` the sources without an adj_close of their own: their rows
    carry the last known factor, so a step beside them says nothing. `worked_out` is how the source of a split begins whose ratio was worked
    out from rounded prices; `absent_splits` (symbol, ISO day, new shares for an old one) are known to be absent from the list.
    """

    title: str = "Prices of a folder"
    biases: tuple[str, ...] = ()
    worthless: tuple[str, ...] = ()
    decimals: Mapping[str, int] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    worked_out: tuple[str, ...] = ()
    absent_splits: tuple[tuple[str, str, int], ...] = ()

    def half_units(self, sources: NDArray[np.object_]) -> NDArray[np.float64]:
        """Half of the last decimal of a price of each of `sources` (R,), dollars, (R,)."""
        out = np.full(len(sources), 0.5 * 10.0**-DECIMALS)
        for source, decimals in self.decimals.items():
            out[sources == source] = 0.5 * 10.0**-decimals
        return out


NO_FACTS = FolderFacts()
"""A folder of which nothing else is known."""
