"""What `springback data verify` does: every file of a store against its manifest."""

from pathlib import Path

from springback.project import usual
from springback.verbs.console import Console
from springback.workflow import sources


def verify(console: Console, store: Path | None) -> bool:
    """Whether the store is sound; one line for each fault. Raises `MissingData` where there is none, `StoreError` on a damaged manifest."""
    folder = store or usual("store")
    step = console.step("verify")
    step(0, 1, f"reading {folder}")
    name, faults, manifest = sources.verify(folder)
    step(1, 1, "read")
    for fault in faults:
        console.say(fault)
    if not faults:
        console.say(
            f"{name} is sound: {len(manifest['files'])} files, {manifest['rows']:,} bars, "
            f"{manifest['first_session']} to {manifest['last_session']}, content {manifest['content_hash'][:12]}, "
            f"write {manifest['generation']} of {manifest['written_at'][:19]} UTC"
        )
    console.payload["verify"] = {"store": name, "sound": not faults, "faults": list(faults), "hash": manifest["content_hash"]}
    return not faults
