"""One law for all doors: what is there twice, too early, on a closed day or cannot be is treated alike and told in the same words."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from springback.data.laws import LAWS, LeftOut, lines_of
from springback.errors import BadTable, MissingData
from springback.market.bars import FIELDS
from springback.market.market_data import MarketData
from tests.data.doors import DAYS, DOORS, NAMES, REPOSITORY, Told, whole

DAY = "2021-07-09"
WHOLE = (92.17, 93.17, 91.74, 91.88, 2_208_300.0)
"""AAA on DAY, as in the thread the first two laws are from (yfinance #765)."""
Spoil = Callable[[Told], None]


def at(market: Told, day: str = DAY, name: str = "AAA") -> int:
    return next(k for k, row in enumerate(market.rows) if row[:2] == (day, name))


def put(*rows: tuple[object, ...], day: str = DAY) -> Spoil:
    """`rows` of AAA on `day` in place of its own."""

    def spoil(market: Told) -> None:
        k = at(market, day)
        market.rows[k : k + 1] = [(day, "AAA", *row) for row in rows]  # type: ignore[misc]

    return spoil


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(market: Told) -> None:
        for one in spoils:
            one(market)

    return spoil


def more(day: str) -> Spoil:
    """A row of AAA on another day, before its first."""
    return lambda market: market.rows.insert(0, whole(day, "AAA"))


def without(day: str) -> Spoil:
    """Nobody has a row on `day`."""

    def spoil(market: Told) -> None:
        market.rows = [row for row in market.rows if row[0] != day]

    return spoil


def pays(*days: str) -> Spoil:
    """AAA pays half a dollar on each of `days`."""
    return lambda market: market.dividends.extend((day, "AAA", 0.5) for day in days)


def named(*names: str) -> Spoil:
    """`names` are there too."""
    return lambda market: market.rows.extend(whole(day, name) for name in names for day in DAYS)


def members(*names: str) -> Spoil:
    """`names` are the index."""

    def spoil(market: Told) -> None:
        market.members = names

    return spoil


def every(**cells: float | None) -> Spoil:
    """All rows with `cells` so."""

    def spoil(market: Told) -> None:
        market.rows = [(*row[:2], *(cells.get(one, row[2 + k]) for k, one in enumerate(FIELDS))) for row in market.rows]  # type: ignore[misc]

    return spoil


def few(market: Told) -> None:
    """Six of the rows of AAA cannot be."""
    for day in DAYS[:6]:
        market.rows[at(market, day)] = (day, "AAA", 9.0, 8.0, 10.0, 9.0, 1e5)


@dataclass(frozen=True)
class Case:
    """How the market is spoilt, the line that tells of it ("": none), AAA's row on DAY, and the doors whose format cannot say so."""

    spoil: Spoil
    line: str
    row: tuple[float, ...] = WHOLE
    cannot: tuple[str, ...] = ()


NAN = float("nan")
HALF = (0.0, 93.17, 91.74, 91.88, 1_104_150.0)
BEYOND = "1 row has a price, a volume or a day that cannot be and is left out (such as AAA on 2021-07-09: "
AGAIN = "1 split or dividend is told twice, the same each time: one is kept (such as AAA on 2021-07-01: dividend 0.5)"
GONE = (NAN,) * 5
CASES: dict[str, Case] = {
    "a day first empty, then whole": Case(
        put((None,) * 5, WHOLE), "1 row has no close and is no row (such as AAA on 2021-07-09)", cannot=("lean",)
    ),
    "a day whole, then in part": Case(
        put(WHOLE, HALF),
        "1 row is there twice, and otherwise: of a day the one with an open and the larger volume is kept (such as AAA on 2021-07-09)",
    ),
    "a day in part, then whole": Case(
        put(HALF, WHOLE),
        "1 row is there twice, and otherwise: of a day the one with an open and the larger volume is kept (such as AAA on 2021-07-09)",
    ),
    "a row there twice": Case(put(WHOLE, WHOLE), "1 row is there twice, the same each time: one is kept (such as AAA on 2021-07-09)"),
    "a day to come": Case(
        both(more("2099-07-02"), put(WHOLE)),
        "1 row is of a day to come and left out (such as AAA on 2099-07-02)",
    ),
    "a Sunday": Case(
        both(more("2021-06-27"), put(WHOLE)),
        "1 row is of a day on which the exchange was closed and left out (such as AAA on 2021-06-27)",
    ),
    "Independence Day": Case(
        both(more("2021-07-05"), put(WHOLE)),
        "1 row is of a day on which the exchange was closed and left out (such as AAA on 2021-07-05)",
    ),
    "a close below zero": Case(put((1.0, 2.0, 1.0, -1.5, 9.0)), BEYOND + "close must be above 0 and finite, was -1.5)", GONE, ("lean",)),
    "a close of zero": Case(put((1.0, 2.0, 1.0, 0.0, 9.0)), BEYOND + "close must be above 0 and finite, was 0)", GONE),
    "a high below the low": Case(put((1.0, 1.0, 2.0, 1.5, 9.0)), BEYOND + "high must not be below its low 2, was 1)", GONE),
    "a volume below zero": Case(put((1.0, 2.0, 1.0, 1.5, -9.0)), BEYOND + "volume must be a number, 0 or more, was -9)", GONE, ("lean",)),
    "a price finer than any quote": Case(
        put((4e-5, 4e-5, 4e-5, 4e-5, 9.0)), BEYOND + "open must be at least 0.000100, the finest step, was 4e-05)", GONE, ("lean", "yahoo")
    ),
    "an open of zero": Case(put((0.0, *WHOLE[1:])), "", (NAN, NAN, NAN, 91.88, 2_208_300.0)),
    "no open": Case(put((None, *WHOLE[1:])), "", (NAN, NAN, NAN, 91.88, 2_208_300.0)),
    "no high": Case(put((92.17, None, *WHOLE[2:])), "", (NAN, NAN, NAN, 91.88, 2_208_300.0)),
    "no volume": Case(put((*WHOLE[:4], None)), "", (*WHOLE[:4], 0.0)),
    "a name that cannot be trusted": Case(
        few,
        "1 name has more than a tenth of rows that cannot be, differ or are of closed days: left out as a whole "
        "(such as AAA on 2021-06-21)",
        (),
    ),
    "a dividend told twice": Case(
        both(put(WHOLE), pays("2021-07-01", "2021-07-01")),
        AGAIN,
        cannot=("folder", "lean", "tiingo"),
    ),
    "a dividend of a day without bars": Case(
        both(put(WHOLE), without("2021-07-16"), pays("2021-07-16")),
        "1 split or dividend is of a name or day without bars and passed over (such as AAA on 2021-07-16: dividend 0.5)",
        cannot=("folder", "lean", "tiingo"),
    ),
    "a company under two spellings": Case(
        both(put(WHOLE), named("BRK-B", "BRK.B")),
        "1 company is there under two spellings, as two names (such as BRK-B: BRK.B too)",
    ),
    "a member spelled otherwise": Case(
        both(put(WHOLE), named("BRK.B"), members("AAA", "BRK-B")),
        "1 name is spelled otherwise in the bars and taken for that one (such as BRK-B: BRK.B in the bars)",
    ),
    "members without bars": Case(
        both(put(WHOLE), members("AAA", "BBB", "GONE1", "GONE2")),
        "2 of 4 members have no bar while they were in the index: survivorship bias (such as GONE1)",
    ),
}


@pytest.mark.parametrize(("law", "door"), [(law, door) for law, case in CASES.items() for door in DOORS if door not in case.cannot])
def test_a_law_is_the_same_at_every_door(law: str, door: str, tmp_path: Path) -> None:
    case = CASES[law]
    market = Told()
    case.spoil(market)
    market_data = DOORS[door](market, tmp_path)
    assert (case.line in market_data.findings) == bool(case.line), market_data.findings
    others = [line for line in market_data.findings if line in _lines(market_data) and line != case.line]
    assert not others, others
    if case.row:
        np.testing.assert_equal(row(market_data, "AAA", DAY), case.row)
    else:
        assert market_data.bars.symbols == NAMES[1:]
    for name in NAMES[1:]:
        if name in market.names:
            np.testing.assert_equal(row(market_data, name, DAY), whole(DAY, name)[2:])


def row(market_data: MarketData, name: str, day: str) -> tuple[float, ...]:
    column, k = market_data.bars.symbols.index(name), market_data.bars.row(day)
    return tuple(float(getattr(market_data.bars, one)[k, column]) for one in FIELDS)


def _lines(market_data: MarketData) -> list[str]:
    """The findings that a law of the doors told, not a check of the market data."""
    said = [lines_of([LeftOut(law, "X", count=n)])[0].removesuffix(" (such as X)").partition(" ")[2] for law in LAWS for n in (1, 2)]
    return [line for line in market_data.findings if any(text in line for text in said)]


NOTHING: dict[str, tuple[Spoil, str]] = {
    "no open at all": (every(open=None), "no row has an open, a high and a low: no order can be filled"),
    "no volume at all": (every(volume=0), "no row has a volume above 0 beside an open, a high and a low: no order can be filled"),
    "no close at all": (every(close=None), "no row is left|has a bar"),
    "all impossible": (every(high=1.0), "must not be below its low|has a bar"),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("what", NOTHING)
def test_what_cannot_be_traded_at_all_is_refused_at_every_door(what: str, door: str, tmp_path: Path) -> None:
    spoil, words = NOTHING[what]
    market = Told()
    spoil(market)
    with pytest.raises((BadTable, MissingData), match=words):
        DOORS[door](market, tmp_path)


def test_two_dividends_of_one_day_are_two(tmp_path: Path) -> None:
    for door in ("csv", "yahoo", "alpaca"):
        market = Told(dividends=[("2021-07-01", "AAA", 0.11), ("2021-07-01", "AAA", 0.2)])
        (tmp_path / door).mkdir()
        assert sorted(DOORS[door](market, tmp_path / door).actions.value) == [0.11, 0.2]


def test_the_documents_have_every_law() -> None:
    """`docs/data.md` shows the words of each law, as many are told."""
    text = " ".join((REPOSITORY / "docs" / "data.md").read_text(encoding="utf-8").split())
    for law in LAWS:
        line = lines_of([LeftOut(law, "X", count=2)])[0].removesuffix(" (such as X)")
        assert line.replace("2 ", "", 1) in text, law
