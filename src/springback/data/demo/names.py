"""The invented firms of the demo market: what each is like, when it is listed, how it ends."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from springback.market.market_data import BANKRUPT, DELISTED, TRADING

SECTORS = (
    "Basic Materials",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Finance",
    "Health Care",
    "Industrials",
    "Real Estate",
    "Technology",
    "Telecommunications",
    "Utilities",
)
SHARE = (0.04, 0.14, 0.05, 0.05, 0.17, 0.19, 0.14, 0.06, 0.10, 0.03, 0.03)
ENDS_A_YEAR = 0.035
BANKRUPT_SHARE = 0.15
LISTED_LATER = 0.18
HALTS_A_YEAR = 0.04


@dataclass(frozen=True, eq=False)
class Names:
    """One entry a name in each column (N,); `first` and `end` are the rows of its first and last bar, `halted` is (T, N).

    `price` dollars at the start, `shares` outstanding, `turnover` share of them traded on a usual day, `daily_vol` idiosyncratic,
    `dividend` yield a year (0: pays none), `phase` the row of its first ex-date within each 63 sessions.
    """

    symbols: tuple[str, ...]
    sectors: tuple[str, ...]
    sector: NDArray[np.int64]
    beta: NDArray[np.float64]
    daily_vol: NDArray[np.float64]
    price: NDArray[np.float64]
    shares: NDArray[np.float64]
    turnover: NDArray[np.float64]
    dividend: NDArray[np.float64]
    phase: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    ending: NDArray[np.int8]
    halted: NDArray[np.bool_]


def draw_names(count: int, sessions: int, rng: Generator) -> Names:
    """`count` firms; how and when one ends is drawn here, before any price is, so that no price can tell it."""
    size = rng.standard_normal(count)
    sector = rng.choice(len(SECTORS), size=count, p=SHARE)
    price = np.maximum(np.round(38 * np.exp(0.28 * size + 0.75 * rng.standard_normal(count)), 2), 1.2)
    price = np.where(rng.random(count) < 0.02, np.round(0.6 + 2.5 * rng.random(count), 2), price)
    first, end, ending = _lives(count, sessions, rng)
    return Names(
        symbols=_symbols(count, rng),
        sectors=tuple(SECTORS[k] for k in sector),
        sector=sector.astype(np.int64),
        beta=np.clip(rng.normal(1.0, 0.3, count), 0.3, 2.0),
        daily_vol=np.clip(0.0155 * np.exp(0.35 * rng.standard_normal(count) - 0.14 * size), 0.006, 0.045),
        price=price,
        shares=np.round(2e9 * np.exp(1.5 * size) / price),
        turnover=0.006 * np.exp(0.5 * rng.standard_normal(count)),
        dividend=np.where(rng.random(count) < 0.55, 0.045 * rng.random(count), 0.0),
        phase=rng.integers(0, 63, count),
        first=first,
        end=end,
        ending=ending,
        halted=_halts(count, sessions, rng),
    )


def _symbols(count: int, rng: Generator) -> tuple[str, ...]:
    """Distinct four-letter names, consonant and vowel in turn, in alphabetical order."""
    consonants, vowels = "BCDFGHJKLMNPQRSTVWXZ", "AEIOU"
    all_names = sorted(a + b + c + d for a in consonants for b in vowels for c in consonants for d in vowels)
    return tuple(all_names[k] for k in sorted(rng.choice(len(all_names), size=count, replace=False)))


def _lives(count: int, sessions: int, rng: Generator) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
    later = rng.random(count) < LISTED_LATER
    first = np.where(later, rng.integers(1, max(2, sessions - 60), count), 0)
    life = np.maximum(40, rng.exponential(252 / ENDS_A_YEAR, count)).astype(np.int64)
    bankrupt = rng.random(count) < BANKRUPT_SHARE
    ends = first + life < sessions - 8
    ending = np.where(ends, np.where(bankrupt, BANKRUPT, DELISTED), TRADING)
    return first.astype(np.int64), np.where(ends, first + life, sessions - 1), ending.astype(np.int8)


def _halts(count: int, sessions: int, rng: Generator) -> NDArray[np.bool_]:
    """Halts of 1 to 7 sessions; none touches the first or last bar of the market."""
    halted = np.zeros((sessions, count), dtype=bool)
    number = rng.poisson(HALTS_A_YEAR * count * sessions / 252)
    rows, lengths, columns = rng.integers(1, max(2, sessions - 8), number), rng.integers(1, 8, number), rng.integers(0, count, number)
    for row, length, column in zip(rows, lengths, columns, strict=True):
        halted[row : row + length, column] = True
    halted[-1] = False
    return halted
