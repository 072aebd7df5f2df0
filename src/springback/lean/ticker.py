"""Which symbols can be tickers of LEAN, and so names of its files."""

import re
from collections.abc import Iterable

from springback.errors import InputError
from springback.market.symbols import is_reserved

TICKER = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
SECOND_OWNER = re.compile(r".*\.\d+")
"""LEAN calls the second owner of a recycled ticker `FB.1` and strips the number (Common/Data/Auxiliary/MapFile.cs)."""


def no_ticker(symbol: str) -> str:
    """Why `symbol` cannot be a ticker in LEAN's data folder: no safe name of a file, or LEAN reads another name; "" where it can."""
    if SECOND_OWNER.fullmatch(symbol):
        return "LEAN reads a dot and a number at the end as another owner of the same ticker"
    if is_reserved(symbol):
        return "a file of this name cannot be made everywhere"
    if TICKER.fullmatch(symbol) and not symbol.endswith("."):
        return ""
    return "a ticker is 1 to 32 capitals, digits, '.', '-' and '_', a capital or digit first"


def check_tickers(symbols: Iterable[str]) -> None:
    """Raises `InputError` on the first symbol that LEAN cannot hold."""
    for symbol in symbols:
        if why := no_ticker(symbol):
            raise InputError(
                f"the symbol {symbol[:60]!r} cannot be a ticker in LEAN's data folder: {why}: rename it, or leave it out of the bars"
            )
