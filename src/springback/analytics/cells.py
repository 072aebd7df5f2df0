"""What the tables of every page are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """`text` as shown; `tone` good, bad, quiet or nothing; `text` columns stand left, numbers right."""

    text: str
    tone: str = ""
    left: bool = False


@dataclass(frozen=True)
class Table:
    """`heads` (text, left) and rows of cells; `strong` the rows that are totals."""

    title: str
    note: str
    heads: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    strong: tuple[int, ...] = ()
