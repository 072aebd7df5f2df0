"""What a user asks for, in words and files, as names and days."""

import csv
from datetime import date, datetime
from pathlib import Path

from springback.data.sources import day_of
from springback.data.sources.assemble import newest_session
from springback.errors import BadTable, InputError, MissingData
from springback.market.symbols import LONGEST, is_ticker

MOST = 20_000


def read_symbols(told: str) -> tuple[str, ...]:
    """The names of `A,B,C`, or of a file with one a line, or with a column `symbol`; each once, in the order given. Raises `InputError`."""
    path = Path(told)
    where = told if "," not in told and _is_file(path) else "--symbols"
    given = [word.strip() for word in (_from_file(path) if where == told else told.split(",")) if word.strip()]
    if not given:
        raise InputError(f"{where} names no symbol: give A,B,C or a file with one a line")
    for symbol in given:
        if not is_ticker(symbol):
            no_file = "" if where == told else ", and no file of that name is here" if len(given) == 1 else ""
            shown = symbol if len(symbol) <= 2 * LONGEST else f"{symbol[: 2 * LONGEST]}..."
            raise InputError(f"{where}: '{shown}' is no symbol such as AAPL or BRK.B, of at most {LONGEST} characters{no_file}")
    symbols = tuple(dict.fromkeys(symbol.upper() for symbol in given))
    if len(symbols) > MOST:
        raise InputError(f"{where} names {len(symbols):,} symbols, the most is {MOST:,}: give fewer")
    return symbols


def read_span(start: str | None, end: str | None, first: str, now: datetime) -> tuple[date, date, bool]:
    """First and last day to ask for, and whether the end was brought back to the newest settled session. Raises `InputError`."""
    begin = _day("--start", start or first)
    newest = newest_session(now)
    wanted = _day("--end", end) if end else newest
    last = min(wanted, newest)
    if begin > last:
        raise InputError(f"--start must not be after the end, were {begin} and {last} (the newest settled session is {newest})")
    return begin, last, wanted > newest


def _day(option: str, word: str) -> date:
    try:
        return day_of(word)
    except ValueError:
        raise InputError(f"{option} must be a date such as 2018-01-02, was '{word}'") from None


def _is_file(path: Path) -> bool:
    """Whether it is a file; a word too long for a file's name is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _from_file(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file, strict=True) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError):
        raise MissingData(f"{path} cannot be read as text: give a file with one symbol a line") from None
    except csv.Error as error:
        raise BadTable(f"{path} cannot be read as a table ({error}): give a file with one symbol a line") from None
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "symbol" not in header:
        return [",".join(row) for row in rows]
    if header.count("symbol") > 1:
        raise BadTable(f"{path} has the column 'symbol' twice: leave one of them out")
    for row in rows[1:]:
        if len(row) != len(header):
            raise BadTable(f"{path}: the row '{','.join(row)[:60]}' has {len(row)} cells, the header {len(header)}: write all of them")
        if not row[header.index("symbol")].strip():
            raise BadTable(f"{path}: the row '{','.join(row)[:60]}' has no symbol: write one, or take the row out")
    return [row[header.index("symbol")] for row in rows[1:]]
