"""One of many: "1 names have no bar" is "1 name has no bar". Used where text leaves for a person, so that no message counts for itself."""

import re

NOUNS = {
    **{f"{noun}s": noun for noun in ("name", "session", "bar", "row", "file", "trade", "order", "fill", "day", "year", "month", "quarter")},
    **{f"{noun}s": noun for noun in ("trial", "finding", "fault", "warning", "error", "symbol", "date", "member", "forecast", "position")},
    **{f"{noun}s": noun for noun in ("split", "dividend", "event", "span", "fold", "model", "list", "scenario", "candidate", "dissent")},
    **{f"{noun}s": noun for noun in ("feature", "neighbour", "worker", "run", "check", "folder", "step", "move", "figure", "mark", "slot")},
    **{f"{noun}s": noun for noun in ("close", "volume", "price", "share", "cell", "value", "change", "table", "ticker", "page", "pair")},
    **{f"{noun}s": noun for noun in ("byte", "character", "letter", "core", "minute", "second", "attempt", "answer", "task", "time")},
    **{f"{noun}s": noun for noun in ("group", "path", "period", "point", "tree", "rename", "signal", "bank", "band", "setting", "key")},
    **{f"{noun}s": noun for noun in ("result", "label", "beginning", "gap", "hole", "one", "jump", "gate", "hour")},
    **{
        f"{noun}s": noun
        for noun in (
            "decision",
            "proposal",
            "contest",
            "trigger",
            "backtest",
            "episode",
            "exception",
            "evening",
            "channel",
            "incident",
            "halt",
        )
    },
    "breaches": "breach",
    "index members": "index member",
    "companies": "company",
    "entries": "entry",
    "histories": "history",
    "series": "series",
    "tries": "try",
    "exits": "exit",
    "delistings": "delisting",
}
ADJECTIVES = (
    *("shared", "overnight", "earlier", "later", "equal", "invented", "independent", "waiting", "quarterly", "scored", "more", "other"),
    *(
        "new",
        "open",
        "closed",
        "closing",
        "trading",
        "point-in-time",
        "success",
        "listed",
        "odd",
        "bankrupt",
        "worst",
        "close-only",
        "long",
        "short",
    ),
)
VERBS = {
    "have": "has",
    "are": "is",
    "were": "was",
    "do": "does",
    "go": "goes",
    "carry": "carries",
    **{verb: f"{verb}s" for verb in ("lie", "repeat", "end", "stand", "look", "differ", "stop", "begin", "come", "fit", "join", "need")},
    **{verb: f"{verb}s" for verb in ("hold", "lack", "leap", "say", "exclude", "agree")},
}
_NOUN = rf"((?:(?:{'|'.join(ADJECTIVES)}) )*)({'|'.join(sorted(map(re.escape, NOUNS), key=len, reverse=True))})\b"
_VERB = rf"(?: ({'|'.join(VERBS)})\b)"
_BARE = r"(?<![\w.,/:-])1 "
_ONE = re.compile(rf"{_BARE}{_NOUN}{_VERB}?(?! of \d)")
_ONE_OF = re.compile(rf"({_BARE}of (?:the )?(?:[\d,]+ )?{_NOUN}){_VERB}")


def agree(text: str) -> str:
    """`text` with noun and verb behind a bare 1 in the singular: "1 rows lie" is "1 row lies", "1 of 4 names are" is "1 of 4 names is";
    11, 0.1 and 2021-01-1 are no bare 1.
    """
    text = _ONE.sub(lambda found: f"1 {found[1]}{NOUNS[found[2]]}{f' {VERBS[found[3]]}' if found[3] else ''}", text)
    return _ONE_OF.sub(lambda found: f"{found[1]} {VERBS[found[4]]}", text)
