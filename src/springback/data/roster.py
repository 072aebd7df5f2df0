"""The one door of names: a list of the user's, of a vendor, of a fund. What can be no symbol is left out and counted, each name is once."""

from collections.abc import Iterable
from dataclasses import dataclass

from springback.data.laws import LeftOut
from springback.market.symbols import LONGEST, is_ticker, spelled, spellings

NO_SHARE = frozenset({"RT", "RTS", "RI", "R", "WS", "WT", "WTS", "W", "U", "UN", "CVR"})
"""What stands behind a ticker of a right, a warrant, a unit or a contingent value."""


@dataclass(frozen=True)
class Roster:
    """Names, each once, in the order they came, and what of the list was left out."""

    symbols: tuple[str, ...]
    left: tuple[LeftOut, ...] = ()


def roster(words: Iterable[str], again: str = "name_again") -> Roster:
    """The symbols among `words`, in capitals, a share class behind a dot; empty words are none. Another spelling of a name that is there
    already (BRK-B after BRK.B) is that name; `again` is the law under which it is told.
    """
    listed = [word.strip() for word in words if word.strip()]
    there: dict[str, None] = {}
    left: dict[str, list[str]] = {}
    for word in listed:
        name = symbol_of(word)
        if name is None:
            left.setdefault("no_share" if is_right(word) else "no_symbol", []).append(word)
        elif name in there or any(one in there for one in spellings(name) if one[-2] in ".-" and name[-2:-1] in {".", "-"}):
            left.setdefault(again, []).append(word)
        else:
            there[name] = None
    told = (LeftOut(law, odd[0][: 2 * LONGEST], count=len(odd), whole=len(listed)) for law, odd in left.items())
    return Roster(tuple(there), tuple(told))


def symbol_of(word: str) -> str | None:
    """The symbol that `word` is, or None."""
    name = word.strip().upper()
    name = name if is_right(name) else spelled(name)
    return name if word.isascii() and is_ticker(name) else None


def is_right(word: str) -> bool:
    """Whether a blank or slash and the mark of a right, a warrant or a unit stand behind a ticker: "MTPI RT"."""
    parts = word.upper().replace("/", " ").split()
    return len(parts) > 1 and parts[-1] in NO_SHARE
