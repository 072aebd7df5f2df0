"""Data: what the store covers, what the checks found, and what a source later told otherwise."""

from datetime import UTC, datetime
from typing import Any

from springback.data.store.store import Store
from springback.web.page import Block, Column, Facts, Frame, Page, Sheet, Tile, Tiles, Words
from springback.web.visit import Visit
from springback.workflow.studies import studies, values

FINDINGS = (
    Column("severity", "Weight", "tone"),
    Column("check", "Check"),
    Column("count", "Count", "count"),
    Column("names", "Names", "count"),
    Column("said", "In words", wide=True),
)
WRITES = (
    Column("at", "Written", "instant"),
    Column("generation", "Generation", "count"),
    Column("source", "Source"),
    Column("restated", "What was new or told otherwise", wide=True),
    Column("content_hash", "Hash", "code"),
)
SECTORS = (Column("ending", "How names end"), Column("count", "Names", "count"))
TONES = {"error": "bad", "warning": "warn", "note": "quiet"}


def data(visit: Visit) -> Page:
    """The page. Raises `MissingData` without a store."""
    store = Store(visit.store)
    told = store.describe()
    coverage, origin = told.get("coverage", {}), store.origin
    check = values("check", "check")
    blocks: list[Block] = [_tiles(told, check)]
    if origin.demo:
        blocks.append(Words(str(origin.words), tone="warn"))
    blocks.append(_quality(check))
    blocks.append(_writes(store))
    names = store.securities()
    endings = [{"ending": str(key).replace("_", " "), "count": int(value)} for key, value in names["ending"].value_counts().items()]
    blocks.append(Sheet("endings", "Names by how they end", SECTORS, endings))
    facts = tuple((str(key).replace("_", " "), value) for key, value in coverage.items() if isinstance(value, str | int | float))
    blocks.append(Facts("What it covers", (*facts, ("Content hash", told.get("content_hash"), "code"))))
    if "check" in studies("check"):
        blocks.append(Frame("The page of the check", "/study/check/check"))
    return Page("Data", f"The store of {origin.source}, written {_when(told)}.", tuple(blocks))


def _when(told: dict[str, Any]) -> str:
    at = told.get("at") or told.get("written")
    return f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M} UTC" if isinstance(at, int) else str(at or "at an unknown time")


def _tiles(told: dict[str, Any], check: Any) -> Tiles:
    coverage = told.get("coverage", {})
    verdict = str(check.get("verdict", "not checked")) if check else "not checked"
    usable = bool(check.get("usable")) if check else False
    return Tiles(
        (
            Tile("Last session", str(coverage.get("last", "")) or None),
            Tile("First session", str(coverage.get("first", "")) or None),
            Tile("Names", coverage.get("names") or coverage.get("symbols"), "count"),
            Tile("Bars", coverage.get("rows") or coverage.get("bars"), "count"),
            Tile(
                "Verdict", "usable" if usable else "not usable" if check else "not checked", "text", verdict, "good" if usable else "warn"
            ),
        )
    )


def _quality(check: Any) -> Sheet:
    rows = [
        {**{key: one[key] for key in ("severity", "count", "names", "said")}, "check": str(one["check"]).replace("_", " ")}
        | {"_tone_severity": TONES.get(str(one["severity"]), "")}
        for one in check.get("findings", ())
    ]
    nothing = "Nothing was found." if check else "The data were not checked: 'springback data check' does."
    return Sheet("quality", "What the checks found", FINDINGS, rows, nothing=nothing)


def _writes(store: Store) -> Sheet:
    rows = []
    for one in store.writes().to_dict("records")[::-1]:
        found = one.get("findings")
        words = "; ".join(str(line) for line in found) if isinstance(found, list | tuple) else str(found or "")
        rows.append(
            {
                "at": datetime.fromtimestamp(int(one["at"]) / 1e6, UTC),
                "generation": int(one["generation"]),
                "source": str(getattr(one["origin"], "source", "") or one["origin"])[:80],
                "restated": words[:400],
                "content_hash": str(one["content_hash"])[:16],
            }
        )
    return Sheet("writes", "Writes and restatements", WRITES, rows, "Older rows stay readable with --as-of.", most=50)
