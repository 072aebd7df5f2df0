"""What a user asks for, in words and files, as names and days."""

import csv
import io
from datetime import date
from pathlib import Path

from springback.data.roster import Roster, roster, symbol_of
from springback.data.sources import day_of
from springback.errors import BadTable, InputError, MissingData
from springback.market.symbols import LONGEST

MOST = 20_000
HEADS = ("symbol", "ticker", "symbols", "tickers")
"""What the column of symbols is called."""
LIST = "give a file with one symbol a line, or a table with a column symbol or ticker"


def read_symbols(text: str) -> tuple[str, ...]:
    """The symbols of `read_roster`."""
    return read_roster(text).symbols


def read_roster(text: str) -> Roster:
    """The names of `A,B,C`, or of a file with one a line, or a table with a column `symbol` or `ticker`; each once, in the order given.

    A word given by hand must be a symbol. What of a file is none is left out; a file of which more than half is none is refused. Raises
    `InputError`.
    """
    path = Path(text)
    where = text if "," not in text and _is_file(path) else "--symbols"
    given = [word.strip() for word in (_from_file(path) if where == text else text.split(",")) if word.strip()]
    if not given:
        raise InputError(f"{where} names no symbol: give A,B,C or a file with one a line")
    found = roster(given)
    odd = [word for word in given if symbol_of(word) is None or (where != text and " " in word)]
    if odd and (where != text or 2 * len(odd) > len(given)):
        no_file = "" if where == text else ", and no file of that name is here" if len(given) == 1 else ""
        shown = odd[0] if len(odd[0]) <= 2 * LONGEST else f"{odd[0][: 2 * LONGEST]}..."
        way = f", nor are {len(odd) - 1:,} more of {len(given):,}: {LIST}" if where == text else no_file
        raise InputError(f"{where}: '{shown}' is no symbol such as AAPL or BRK.B, of at most {LONGEST} characters{way}", limit=LONGEST)
    if len(found.symbols) > MOST:
        raise InputError(f"{where} names {len(found.symbols):,} symbols, the most is {MOST:,}: give fewer", limit=MOST)
    return found


def read_span(start: str | None, end: str | None, first: str, newest: date) -> tuple[date, date, bool]:
    """First and last day to ask for, and whether the end was brought back to `newest`, the last settled session. Raises `InputError`."""
    begin = _day("--start", start or first)
    wanted = _day("--end", end) if end else newest
    last = min(wanted, newest)
    if begin > last:
        raise InputError(
            f"--start must not be after the end, were {begin} and {last} (the newest settled session is {newest})", value=begin
        )
    return begin, last, wanted > newest


def _day(option: str, word: str) -> date:
    try:
        return day_of(word)
    except ValueError:
        raise InputError(f"{option} must be a date such as 2018-01-02, was '{word}'", value=word) from None


def _is_file(path: Path) -> bool:
    """Whether it is a file; a word too long for a file's name is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _from_file(path: Path) -> list[str]:
    """The words that should be symbols; of a row that has none where the head says, the whole row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise MissingData(f"{path} cannot be read as text: {LIST}") from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = next((one for one in "|\t;" if one in first), ",")
    try:
        lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
        rows = [row for row in lines if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BadTable(f"{path} cannot be read as a table ({error}): {LIST}") from None
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    head = next((word for word in HEADS if word in header), None)
    if head is None:
        return [mark.join(row) for row in rows]
    if header.count(head) > 1:
        raise BadTable(f"{path} has the column '{head}' twice: leave one of them out")
    column = header.index(head)
    return [row[column] if len(row) == len(header) and row[column].strip() else mark.join([*row, ""]) for row in rows[1:]]
