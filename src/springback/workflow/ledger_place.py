"""Where the trial ledger lies."""

import re
from pathlib import Path

from springback.project import named

FILE = "ledger.sqlite"
ADDRESS = re.compile(r"[a-z][a-z0-9+]+:/")  # s3://bucket/prefix, also as a Path: there SQLite cannot write


def place(store: Path | None = None) -> Path:
    """The ledger's file beside `store`, the folder of a Parquet store; in the working folder where there is none or it is an address.

    The project's own, `paths.ledger`, goes before both: for a store that may only be read.
    """
    mine = named("ledger")
    if mine is not None:
        return mine
    if store is None or ADDRESS.match(str(store)):
        return Path(FILE)
    return (store if store.name not in ("", "..") else store.resolve()).parent / FILE
