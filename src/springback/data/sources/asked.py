"""What a user asks for, in words and files, as names and days."""

import re
from datetime import date, datetime
from pathlib import Path

from springback.data.sources.assemble import newest_session
from springback.errors import InputError, MissingData

SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.\-]{0,14}")
MOST = 20_000


def read_symbols(told: str) -> tuple[str, ...]:
    """The names of `A,B,C`, or of a file with one a line, or with a column `symbol`; each once, in the order given. Raises `InputError`."""
    path = Path(told)
    where = told if "," not in told and path.is_file() else "--symbols"
    words = _from_file(path) if where == told else told.split(",")
    symbols = tuple(dict.fromkeys(word.strip().upper() for word in words if word.strip()))
    if not symbols:
        raise InputError(f"{where} names no symbol: give A,B,C or a file with one a line")
    for symbol in symbols:
        if not SYMBOL.fullmatch(symbol):
            no_file = "" if where == told else ", and no file of that name is here" if len(symbols) == 1 else ""
            raise InputError(f"{where}: '{symbol[:40]}' is no symbol such as AAPL or BRK.B{no_file}")
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
        return date.fromisoformat(word)
    except ValueError:
        raise InputError(f"{option} must be a date such as 2018-01-02, was '{word}'") from None


def _from_file(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise MissingData(f"{path} cannot be read as text: give a file with one symbol a line") from None
    if not lines:
        return []
    header = [cell.strip().lower() for cell in lines[0].split(",")]
    if "symbol" in header:
        place = header.index("symbol")
        return [cells[place] for cells in (line.split(",") for line in lines[1:]) if len(cells) > place]
    return lines
