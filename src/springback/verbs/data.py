"""What `springback data verify` does: every file of a store against its manifest."""

from pathlib import Path

from springback.data.store.store import Store
from springback.project import usual
from springback.verbs.console import Voice

__all__ = ["Voice", "verify"]


def verify(voice: Voice, store: Path | None) -> bool:
    """Whether the store is sound; one line for each fault. Raises `MissingData` where there is none, `StoreError` on a damaged manifest."""
    place = Store(store or usual("store"))
    step = voice.step("verify")
    step(0, 1, f"reading {place.place.name}")
    found, manifest = place.verify(), place.describe()
    step(1, 1, "read")
    for fault in found:
        voice.say(fault)
    if not found:
        voice.say(
            f"{place.place.name} is sound: {len(manifest['files'])} files, {manifest['rows']:,} bars, "
            f"{manifest['first_session']} to {manifest['last_session']}, content {manifest['content_hash'][:12]}, "
            f"write {manifest['generation']} of {manifest['written_at'][:19]} UTC"
        )
    voice.told["verify"] = {"store": place.place.name, "sound": not found, "faults": list(found), "hash": manifest["content_hash"]}
    return not found
