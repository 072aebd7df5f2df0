"""Which symbols can be tickers of LEAN, and so names of its files."""

import re
from collections.abc import Iterable

from springback.errors import InputError

TICKER = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
SECOND_OWNER = re.compile(r".*\.\d+")
"""LEAN calls the second owner of a recycled ticker `FB.1` and strips the number (Common/Data/Auxiliary/MapFile.cs)."""
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{k}" for port in ("COM", "LPT") for k in range(1, 10))}
"""Windows has no files of these names, with any suffix."""


def check_tickers(symbols: Iterable[str]) -> None:
    """Raises `InputError` on the first symbol that LEAN cannot hold: its file name would be unsafe, or LEAN would read another name."""
    for symbol in symbols:
        if SECOND_OWNER.fullmatch(symbol):
            why = "LEAN reads a dot and a number at the end as another owner of the same ticker"
        elif symbol.split(".")[0].upper() in RESERVED:
            why = "a file of this name cannot be made everywhere"
        elif TICKER.fullmatch(symbol) and not symbol.endswith("."):
            continue
        else:
            why = "a ticker is 1 to 32 capitals, digits, '.', '-' and '_', a capital or digit first"
        raise InputError(
            f"the symbol {symbol[:60]!r} cannot be a ticker in LEAN's data folder: {why}: rename it, or leave it out of the bars"
        )
