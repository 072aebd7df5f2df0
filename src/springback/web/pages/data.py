"""Data: what the store covers, what the checks found, and what a source later told otherwise."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from springback.data.store.provenance import write_record
from springback.data.store.store import Store
from springback.web.cells import shown
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
    origin = store.origin
    check = values("check", "check")
    blocks: list[Block] = [_tiles(told, check)]
    if origin.demo:
        blocks.append(Words(f"{str(origin.words).rstrip('.')}.", tone="warn"))
    blocks.append(_quality(check))
    blocks.append(_writes(store))
    names = store.securities()
    endings = [{"ending": str(key).replace("_", " "), "count": int(value)} for key, value in names["ending"].value_counts().items()]
    blocks.append(Sheet("endings", "Names by how they end", SECTORS, endings))
    blocks.append(
        Facts("The store", (("Folder", str(visit.store)), ("Content hash", told["content_hash"], "code"), ("Format", told["format"])))
    )
    if "check" in studies("check"):
        blocks.append(Frame("The page of the check", "/study/check/check"))
    return Page("Data", f"The store of {origin.source}, written {_when(told)}.", tuple(blocks))


def _when(manifest: Mapping[str, Any]) -> str:
    return f"{shown(manifest['written_at'], 'instant')} New York"


def _tiles(manifest: Mapping[str, Any], check: Mapping[str, Any]) -> Tiles:
    verdict, usable = str(check.get("verdict", "")), bool(check.get("usable"))
    word = "not checked" if not check else "usable" if usable else "not usable"
    return Tiles(
        (
            Tile("Last session", manifest["last_session"]),
            Tile("First session", manifest["first_session"], "text", f"{manifest['sessions']:,} sessions"),
            Tile("Names", manifest["names"], "count"),
            Tile("Bars", manifest["rows"], "count"),
            Tile("Verdict", word, "text", verdict, "good" if usable else "warn"),
        )
    )


def _quality(check: Mapping[str, Any]) -> Sheet:
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
        record = write_record(one)
        rows.append(
            {
                "at": datetime.fromtimestamp(int(one["at"]) / 1e6, UTC),
                "generation": int(one["generation"]),
                "source": record.origin.source,
                "restated": "; ".join(map(str, (*record.findings, *record.updates))),
                "content_hash": str(one["content_hash"])[:16],
            }
        )
    return Sheet("writes", "Writes and restatements", WRITES, rows, "Older rows stay readable with --as-of.", most=50)
