"""Text on a terminal, pipe or file that does not know our signs: each becomes its nearest ASCII, none ends the job."""

import codecs
import io
import sys
import unicodedata

NEAREST = {
    **dict.fromkeys("−–—‐‑", "-"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("━─│", "-"),
    "→": "->",
    "←": "<-",
    "×": "x",
    "±": "+/-",
    "≥": ">=",
    "≤": "<=",
    "…": "...",
    "·": ".",
    "≈": "~",
    "²": "^2",
    "√": "sqrt",
}


def nearest(text: str) -> str:
    """`text` in ASCII: our signs by their usual spelling, letters without their accents, anything else as "?"."""
    return "".join(NEAREST.get(sign) or unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode() or "?" for sign in text)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return nearest(error.object[error.start : error.end]), error.end


def speakable() -> None:
    """Stdout and stderr write what their encoding has, and the nearest ASCII for the rest."""
    codecs.register_error("nearest", _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="nearest")
