"""How a value is written: in a cell of a page as a person reads it, in a CSV file as it is."""

import csv
import io
import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import dropwhile
from typing import Any

from springback.data.hours import NEW_YORK
from springback.grammar import agree
from springback.market.symbols import FORMULA
from springback.web.page import Sheet

PARTED = re.compile(r"([;\t\r\n]['\"\s]*)(?=[=+@\uff1d\uff0b\uff20]|[-\u2212\uff0d](?![0-9.]+(?:\s|$)))")
"""Where a spreadsheet that parts cells by ; or tab would begin one with a formula."""
MINUS, DASH = "−", "–"
FORMATS = {
    "dollars": "${:,.0f}",
    "cents": "${:,.2f}",
    "shares": "{:,.0f}",
    "count": "{:,.0f}",
    "share": "{:.1%}",
    "change": "{:+.2%}",
    "number": "{:,.2f}",
    "score": "{:.3f}",
}


def shown(value: Any, kind: str = "text", signed: bool = False) -> str:
    """`value` as a person reads it; a dash where there is none."""
    if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "instant":
        return _instant(value)
    if kind in FORMATS and isinstance(value, int | float | Decimal):
        return _number(float(value), kind, signed)
    if isinstance(value, int | float | Decimal):
        return f"{value:,}".replace("-", MINUS) if isinstance(value, int) else f"{float(value):,.6g}".replace("-", MINUS)
    return agree(str(value))


def _number(value: float, kind: str, signed: bool) -> str:
    text = FORMATS[kind].format(abs(value)).removeprefix("+")
    if not any(one in "123456789" for one in text):
        return text
    return f"{MINUS if value < 0 else '+' if signed or kind == 'change' else ''}{text}"


def _instant(value: Any) -> str:
    """New York's time."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(at, datetime):
        return str(value)
    return f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def comma_separated(sheet: Sheet) -> str:
    """The whole table as a CSV file, numbers and instants as they are; a text that a spreadsheet would take for a formula begins with '."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_harmless(one.head) for one in sheet.columns])
    writer.writerows([_plain(row, one.key) for one in sheet.columns] for row in sheet.rows)
    return out.getvalue()


def _plain(row: Mapping[str, Any], key: str) -> Any:
    value = row.get(key)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, int | float | Decimal) else _harmless(str(value))


def _harmless(text: str) -> str:
    """`text` that no spreadsheet takes for a formula: also where it trims what stands before it, reads wide letters as narrow ones, or
    parts cells by another sign than ours.
    """
    seen = "".join(dropwhile(_unseen, unicodedata.normalize("NFKC", text)))
    guarded = PARTED.sub(r"\1'", text)
    return f"'{guarded}" if seen.startswith(FORMULA) or text.startswith(FORMULA) else guarded


def _unseen(letter: str) -> bool:
    """Whether a letter takes no ink: a space, a control, a mark of direction."""
    return letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf")
