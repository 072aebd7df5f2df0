"""One of many: "1 names have no bar" is "1 name has no bar". Used where text leaves for a person, so that no message counts for itself."""

import re

NOUNS = {
    **{f"{noun}s": noun for noun in ("name", "session", "bar", "row", "file", "trade", "order", "fill", "day", "year", "month", "quarter")},
    **{f"{noun}s": noun for noun in ("trial", "finding", "fault", "warning", "error", "symbol", "date", "member", "forecast", "position")},
    **{f"{noun}s": noun for noun in ("split", "dividend", "event", "span", "fold", "model", "list", "scenario", "candidate", "dissent")},
    **{f"{noun}s": noun for noun in ("feature", "neighbour", "worker", "run", "check", "folder", "step", "move", "figure", "mark", "slot")},
    "companies": "company",
    "entries": "entry",
    "exits": "exit",
    "delistings": "delisting",
    "point-in-time index members": "point-in-time index member",
    "success gates": "success gate",
    "closed trades": "closed trade",
    "open positions": "open position",
    "trading days": "trading day",
}
VERBS = {"have": "has", "are": "is", "were": "was", "do": "does", "lie": "lies", "repeat": "repeats", "end": "ends", "stand": "stands"}
_ONE = re.compile(
    rf"(?<![\w.,/:-])1 ({'|'.join(sorted(map(re.escape, NOUNS), key=len, reverse=True))})\b(?: ({'|'.join(VERBS)})\b)?(?! of \d)"
)


def agree(text: str) -> str:
    """`text` with noun and verb behind a bare 1 in the singular: "1 rows lie" is "1 row lies"; 11, 0.1 and 2021-01-1 are no bare 1."""
    return _ONE.sub(lambda found: f"1 {NOUNS[found[1]]}{f' {VERBS[found[2]]}' if found[2] else ''}", text)
