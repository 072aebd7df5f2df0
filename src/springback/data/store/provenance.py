"""What a store keeps of where it comes from and of what was found in it: in its manifest, and in the row of every write."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from springback.market import older_prose
from springback.market.origin import Origin, findings_from, origin_from, plain, plain_findings
from springback.market.prose import Prose


@dataclass(frozen=True)
class StoreRecord:
    """The `origin` of what a store holds, its `findings`, and those of what was last laid over it."""

    origin: Origin
    findings: tuple[Prose, ...]
    updates: tuple[Prose, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {"origin": plain(self.origin), "findings": plain_findings(self.findings), "updates": plain_findings(self.updates)}


def manifest_record(manifest: Mapping[str, Any]) -> StoreRecord:
    """What a manifest says, of this format or of the one that had a text `source`. Raises `ValueError`, `TypeError`, `KeyError`."""
    if "origin" not in manifest:
        return _older(str(manifest["source"]), [str(line) for line in manifest["findings"]])
    return StoreRecord(origin_from(manifest["origin"]), findings_from(manifest["findings"]), findings_from(manifest["updates"]))


def write_record(write: Mapping[Any, Any]) -> StoreRecord:
    """What the row of a write says."""
    findings = json.loads(write["findings"])
    return StoreRecord(origin_from(json.loads(write["origin"])), findings_from(findings["findings"]), findings_from(findings["updates"]))


def columns_of(record: StoreRecord) -> dict[str, str]:
    """`record` as columns of the row of a write."""
    plain_ = record.plain()
    return {"origin": json.dumps(plain_.pop("origin")), "findings": json.dumps(plain_)}


def renewed(writes: pd.DataFrame) -> pd.DataFrame:
    """The table of writes with the columns of this format, where it has those of the one before."""
    if "source" not in writes:
        return writes
    rows = [
        columns_of(_older(source, findings.split("\n") if findings else []))
        for source, findings in zip(writes["source"], writes["findings"], strict=True)
    ]
    return writes.drop(columns=["source", "findings"]).assign(**pd.DataFrame(rows, index=writes.index))


def _older(source: str, lines: list[str]) -> StoreRecord:
    kept = [line for line in lines if not older_prose.of_update(line)]
    updates = [line for line in lines if older_prose.of_update(line)]
    return StoreRecord(older_prose.origin(source, lines), older_prose.findings(kept), older_prose.findings(updates))
