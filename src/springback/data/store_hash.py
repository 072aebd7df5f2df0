"""Fingerprints: of a file's bytes, and of what a tape says."""

import hashlib
from pathlib import Path

import numpy as np

from springback.market.bars import FIELDS
from springback.market.tape import Tape


def file_hash(path: Path) -> str:
    """SHA-256 of the bytes of `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(tape: Tape) -> str:
    """SHA-256 of all that a tape holds but its origin and findings; equal tapes have equal hashes on every machine."""
    digest = hashlib.sha256()
    bars, actions = tape.bars, tape.actions
    digest.update(np.ascontiguousarray(bars.sessions.astype(np.int64)).data)
    digest.update("\n".join(bars.symbols).encode())
    arrays = [getattr(bars, name) for name in FIELDS]
    arrays += [actions.row, actions.name, actions.kind, actions.value, tape.vix, tape.last, tape.ending]
    for array in (*arrays, tape.members, tape.benchmark, tape.risk_free):
        if array is None:
            digest.update(b"none")
            continue
        digest.update(str(array.dtype).encode())
        for piece in np.array_split(array, max(1, array.size // 4_000_000)):
            one = np.where(np.isnan(piece), np.nan, piece) if piece.dtype == np.float64 else piece
            digest.update(np.ascontiguousarray(one).data)
    digest.update("\n".join(tape.sectors or ("none",)).encode())
    return digest.hexdigest()
