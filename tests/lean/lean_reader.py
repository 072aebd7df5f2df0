"""A data folder read by LEAN's rules, written down from its source and not from ours: what the engine would see of a name.

MapFile.GetMappedSymbol, CorporateFactorProvider.HasDividendEventOnNextTradingDay and HasSplitEventOnNextTradingDay,
Dividend.ComputeDistribution, TradeBar.ParseEquity and ParseIndex.
"""

import zipfile
from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True)
class Event:
    """What LEAN pays and by what it splits at midnight after `date`, the session before the event."""

    date: str
    paid: Decimal
    split: Decimal


@dataclass(frozen=True)
class Name:
    """`tickers` (date up to which, ticker); `factors` (date up to which, price factor, split factor, reference)."""

    folder: Path
    tickers: list[tuple[str, str]]
    factors: list[tuple[str, Decimal, Decimal, Decimal]]

    def ticker(self, day: str) -> str:
        """The ticker on `day`, as YYYYMMDD."""
        return self.tickers[bisect_left(self.tickers, day, key=lambda row: row[0])][1]

    def bars(self) -> dict[str, tuple[float, ...]]:
        """Day -> open, high, low, close in dollars and volume, each day from the file of its own ticker."""
        found = {}
        for ticker in dict.fromkeys(ticker for _, ticker in self.tickers):
            for day, *cells in zip_rows(self.folder / "equity/usa/daily" / f"{ticker}.zip"):
                if self.tickers[0][0] <= day <= self.tickers[-1][0] and self.ticker(day) == ticker:
                    found[day] = *(int(cell) / 10_000 for cell in cells[:4]), float(cells[4])
        return dict(sorted(found.items()))

    def factor(self, day: str) -> Decimal:
        """What an adjusted price of `day` is multiplied by."""
        _, price, split, _ = self.factors[bisect_left(self.factors, day, key=lambda row: row[0])]
        return price * split

    def events(self) -> list[Event]:
        """Every dividend (unrounded) and split that the engine would send."""
        pairs = list(zip(self.factors, self.factors[1:], strict=False))
        found = [Event(day, ref - ref * price / after[1], split / after[2]) for (day, price, split, ref), after in pairs]
        return [event for event in found if event.paid != 0 or event.split != 1]


def read(folder: Path, symbol: str) -> Name:
    """The name whose files are called `symbol`."""
    maps = (folder / f"equity/usa/map_files/{symbol.lower()}.csv").read_text().split()
    rows = (folder / f"equity/usa/factor_files/{symbol.lower()}.csv").read_text().split()
    factors = [(day, Decimal(price), Decimal(split), Decimal(ref)) for day, price, split, ref in (row.split(",") for row in rows)]
    for table in (maps, rows):
        days = [row.split(",")[0] for row in table]
        assert days == sorted(set(days)), f"{symbol}: LEAN keeps one row a day"
    return Name(folder, [(row.split(",")[0], row.split(",")[1]) for row in maps], factors)


def zip_rows(path: Path) -> list[list[str]]:
    """Day as YYYYMMDD and the cells of each row of the one file in a zip, which is called as the zip is."""
    with zipfile.ZipFile(path) as file:
        assert file.namelist() == [f"{path.stem}.csv"]
        rows = [row.split(",") for row in file.read(f"{path.stem}.csv").decode().split("\n")]
    assert all(row[0].endswith(" 00:00") and len(row) == 6 for row in rows)
    return [[row[0][:8], *row[1:]] for row in rows]
