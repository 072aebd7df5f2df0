"""What may be a symbol: it becomes the name of a file, and the beginning of a line that a spreadsheet opens."""

from collections.abc import Collection, Iterable

from springback.errors import BadTable

LONGEST = 32
GLYPHS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._^=-")
"""AAPL, BRK.B, BF-A, RAD_2022, 7203.T, TAP^A; neither a path (`../../x`, `a/b`) nor a formula (`=1+1`)."""
RESERVED = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{port}{k}" for port in ("COM", "LPT") for k in range(1, 10))})
"""Names that Windows keeps for its devices."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def is_symbol(word: str) -> bool:
    """Whether `word` is 1 to `LONGEST` of `GLYPHS`, a letter or digit first."""
    return 0 < len(word) <= LONGEST and word[0].isalnum() and GLYPHS.issuperset(word)


def is_ticker(word: str) -> bool:
    """Whether a vendor may be asked for `word`: a symbol, or an index as Yahoo writes it, `^GSPC`."""
    return is_symbol(word.removeprefix("^"))


def is_reserved(word: str) -> bool:
    """Whether Windows has no file of this name, whatever follows behind a dot: CON, lpt1.zip."""
    return word.partition(".")[0].upper() in RESERVED


def spelled(word: str) -> str:
    """`word` as a symbol is written here: without blanks around it, a share class behind a dot: BRK/B and "BRK B" are BRK.B."""
    word = word.strip()
    return f"{word[:-2]}.{word[-1]}" if len(word) > 2 and word[-2] in " /" and word[-1].isalpha() and word[:-2].isalnum() else word


def spellings(word: str) -> tuple[str, ...]:
    """How else a share class is written: BRK-B for BRK.B and the other way, both for BRKB, which some holdings files have."""
    stem, mark, letter = word[:-2], word[-2:-1], word[-1:]
    if stem.isalnum() and mark in {".", "-"} and letter.isalpha():
        return (f"{stem}{'-' if mark == '.' else '.'}{letter}",)
    stem = word[:-1]
    return (f"{stem}.{letter}", f"{stem}-{letter}") if len(stem) > 1 and stem.isalpha() and letter in {"A", "B", "C"} else ()


def found_in(word: str, names: Collection[str]) -> str | None:
    """`word` as one of `names` has it: itself, else the one other spelling that is there, else None."""
    if word in names:
        return word
    there = [one for one in spellings(word) if one in names]
    return there[0] if len(there) == 1 else None


def check_symbols(symbols: Iterable[str], where: object) -> None:
    """Raises `BadTable` on the first of `symbols` that is none, naming `where` it stands."""
    for symbol in symbols:
        if not is_symbol(symbol):
            if is_symbol(symbol.strip()):
                raise BadTable(f"{where}: the symbol '{symbol}' has spaces around it: take them away", symbol=symbol)
            shown = symbol if len(symbol) <= 2 * LONGEST else f"{symbol[: 2 * LONGEST]}..."
            raise BadTable(f"{where}: '{shown}' is no symbol: 1 to {LONGEST} letters, digits and . _ ^ = -, a letter or digit first")


def harmless(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
