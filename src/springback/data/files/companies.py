"""One history a company: who is who in a row of dated holdings, through changes of ticker and tickers that are used again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from springback.data.files.holdings import Holding, Holdings

NEVER = np.datetime64("NaT", "D")
PLAIN = str.maketrans("", "", ".,'&-/()")
FILLERS = {"inc", "corp", "co", "ltd", "plc", "the", "company", "corporation", "limited", "holdings", "group", "reit", "trust", "of", "and"}


@dataclass(frozen=True)
class Tenure:
    """A company's unbroken time in the fund under one ticker: files of `first` to `last`, both included.

    `company` is its permanent id: the last ticker it was seen under, with the year it was last seen where a later company uses that ticker
    (RAD_2022). `sure` False: it was recognised by its ticker while its name or its identifier changed.
    """

    company: str
    ticker: str
    name: str
    first: np.datetime64
    last: np.datetime64
    sure: bool


@dataclass
class _Company:
    """A company while the files are read: where it was, file by file."""

    rows: list[tuple[int, Holding, bool]] = field(default_factory=list)
    identifier: str = ""
    """The last that a file gave."""

    def add(self, number: int, row: Holding, sure: bool) -> None:
        self.rows.append((number, row, sure))
        self.identifier = row.identifier or self.identifier

    @property
    def last(self) -> Holding:
        return self.rows[-1][1]

    @property
    def file(self) -> int:
        return self.rows[-1][0]


class _Companies:
    """The companies as the files before this one left them, by what a row may be known by."""

    def __init__(self, companies: list[_Company], number: int, tickers: set[str]) -> None:
        self.number, self.tickers = number, tickers
        self._by: dict[str, dict[str, list[_Company]]] = {"identifier": {}, "ticker": {}, "name": {}}
        for one in companies:
            for kind, word in (("identifier", one.identifier), ("ticker", one.last.ticker), ("name", plain(one.last.name))):
                self._by[kind].setdefault(word, []).append(one)

    def free(self, kind: str, word: str) -> list[_Company]:
        """Those that no row of this file was yet, oldest first."""
        return [one for one in self._by[kind].get(word, ()) if one.file < self.number]

    def just_before(self, kind: str, word: str) -> list[_Company]:
        """Those of them that were in the file before."""
        return [one for one in self.free(kind, word) if one.file == self.number - 1]


def follow(files: Sequence[Holdings]) -> tuple[Tenure, ...]:
    """The tenures of every company in `files` (oldest first).

    A row is the company that has its identifier; else the one that had its ticker and name; else, in the very next file, the one that had
    its name under a ticker that is gone, or its ticker under another name (not sure). Anything else is a new company.

    Nothing joins two rows whose identifiers differ, but ticker and name together in the very next file, and that is not sure: a reverse
    split or a new domicile renumbers a company that stays in the fund. One that is gone for a file or more and comes back under a new
    number is another company, as Chesapeake (CHK) of 2021 is after its bankruptcy: the old shares became worthless.
    """
    companies: list[_Company] = []
    for number, one in enumerate(files):
        known = _Companies(companies, number, {row.ticker for row in one.rows})
        taken: set[int] = set()
        for rule in (_by_identifier, _by_ticker_and_name, _by_name, _by_ticker, _renumbered):
            for row in one.rows:
                if id(row) in taken:
                    continue
                found = rule(row, known)
                if found is not None:
                    found.add(number, row, rule not in (_by_ticker, _renumbered))
                    taken.add(id(row))
        companies += [_Company([(number, row, True)], row.identifier) for row in one.rows if id(row) not in taken]
    names = _permanent(companies, files)
    tenures = [tenure for company, name in zip(companies, names, strict=True) for tenure in _tenures(company, name, files)]
    return tuple(sorted(tenures, key=lambda tenure: (tenure.company, tenure.first)))


@cache
def plain(name: str) -> str:
    """A company's name without what its spelling changes by: "Meta Platforms, Inc. Class A" -> "meta platforms a"."""
    words = name.lower().replace("class", " ").translate(PLAIN).split()
    return " ".join(word for word in words if word not in FILLERS)


def _by_identifier(row: Holding, companies: _Companies) -> _Company | None:
    return next(reversed(companies.free("identifier", row.identifier)), None) if row.identifier else None


def _by_ticker_and_name(row: Holding, companies: _Companies) -> _Company | None:
    same = [one for one in companies.free("ticker", row.ticker) if plain(one.last.name) == plain(row.name) and not _apart(one, row)]
    return next(reversed(same), None)


def _by_name(row: Holding, companies: _Companies) -> _Company | None:
    before = companies.just_before("name", plain(row.name))
    same = [one for one in before if one.last.ticker not in companies.tickers and not _apart(one, row)]
    return same[0] if len(same) == 1 else None


def _by_ticker(row: Holding, companies: _Companies) -> _Company | None:
    return next((one for one in companies.just_before("ticker", row.ticker) if not _apart(one, row)), None)


def _renumbered(row: Holding, companies: _Companies) -> _Company | None:
    return next((one for one in companies.just_before("ticker", row.ticker) if plain(one.last.name) == plain(row.name)), None)


def _apart(one: _Company, row: Holding) -> bool:
    """Whether both have identifiers of one kind (ISIN, CUSIP and SEDOL are of 12, 9 and 7 characters) and these differ."""
    return bool(one.identifier) and len(one.identifier) == len(row.identifier) and one.identifier != row.identifier


def _permanent(companies: list[_Company], files: Sequence[Holdings]) -> list[str]:
    owners: dict[str, _Company] = {}
    for one in companies:
        held = owners.get(one.last.ticker)
        if held is None or one.file > held.file:
            owners[one.last.ticker] = one
    names: list[str] = []
    used: Counter[str] = Counter()
    for one in companies:
        plain_name = one.last.ticker if owners[one.last.ticker] is one else f"{one.last.ticker}_{str(files[one.file].as_of)[:4]}"
        used[plain_name] += 1
        names.append(plain_name if used[plain_name] == 1 else f"{plain_name}_{used[plain_name]}")
    return names


def _tenures(company: _Company, name: str, files: Sequence[Holdings]) -> list[Tenure]:
    found: list[Tenure] = []
    before = -2
    for number, row, sure in company.rows:
        day = files[number].as_of
        if found and number == before + 1 and found[-1].ticker == row.ticker:
            found[-1] = Tenure(name, row.ticker, row.name, found[-1].first, day, found[-1].sure and sure)
        else:
            found.append(Tenure(name, row.ticker, row.name, day, day, sure))
        before = number
    return found
