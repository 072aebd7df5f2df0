"""Files and markets that the tests of this room share."""

from pathlib import Path
from typing import Any

import numpy as np

from springback.market.bars import FIELDS
from springback.market.market_data import MarketData

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"
TAPES = REPOSITORY / "tests" / "tapes"
HEADER = "date,symbol,open,high,low,close,volume\n"
GOOD = ("2020-01-02,A,10,11,9,10,100", "2020-01-03,A,10,11,9,10.5,100", "2020-01-02,B,20,21,19,20,0", "2020-01-03,B,20,21,19,20,50")


def write_bars(folder: Path, *rows: str, name: str = "bars.csv") -> Path:
    """A bars file of `rows`; the good ones when none are given."""
    path = folder / name
    path.write_text(HEADER + "".join(row + "\n" for row in rows or GOOD))
    return path


def assert_same(left: MarketData, right: MarketData) -> None:
    """Two markets are equal to the last bit in all that they hold."""
    assert left.bars.symbols == right.bars.symbols
    pairs: list[tuple[Any, Any]] = [(left.bars.sessions, right.bars.sessions)]
    pairs += [(getattr(left.bars, name), getattr(right.bars, name)) for name in FIELDS]
    pairs += [(getattr(left.actions, name), getattr(right.actions, name)) for name in ("row", "name", "kind", "value")]
    pairs += [(getattr(left, name), getattr(right, name)) for name in ("vix", "last", "ending", "members", "benchmark", "risk_free")]
    for a, b in pairs:
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert a.dtype == b.dtype
            assert np.array_equal(a, b, equal_nan=a.dtype == np.float64)
    assert left.sectors == right.sectors
