"""What is wrong with a store: every file against the manifest, every table against its description, the contents against their hash."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from springback.data.store.content_hash import combined
from springback.data.store.frames import Tables, delistings_frame
from springback.data.store.pack import COLUMNS, INSTANT, OLD_WRITES, ORDER, SPARE, WRITES, frame_of
from springback.data.store.read import BARS, SUPERSEDED, Generation
from springback.data.store.read import WRITES as LOG
from springback.data.store.rows import rows_from
from springback.errors import Damaged, StoreError
from springback.market.bars import FIELDS

BAR_COLUMNS = {"date": pa.date32(), "symbol": pa.string(), **dict.fromkeys(FIELDS, pa.float64())}


def faults(generation: Generation) -> tuple[str, ...]:
    """One line for each fault; none is a sound store."""
    out: list[str] = []
    digests, small = {}, {}
    for path in sorted(generation.files):
        try:
            table = generation.table(path)
        except Damaged as error:
            out.append(error.fault)
            continue
        except StoreError as error:
            out.append(str(error))
            continue
        out += [f"{generation.place.name}: {path} {line}" for line in _unlike(path, table, generation.files[path])]
        if path.startswith(BARS):
            digests[int(path.split("/")[1].removeprefix("year="))] = rows_from(table).digest()
        elif not path.startswith((SUPERSEDED, LOG)):
            small[path.split("/")[0]] = frame_of(table)
    absent = [name for name in ORDER if name not in SPARE and not any(path.startswith(f"{name}/") for path in generation.files)]
    out += [f"{generation.place.name}: the manifest names no file of {name}" for name in absent]
    small.setdefault("delistings", delistings_frame(()))
    if not out and combined(digests, Tables({}, small, frozenset(generation.manifest["has"]))) != generation.manifest["content_hash"]:
        out.append(f"{generation.place.name}: what the files say is not what the manifest says they say (content hash differs)")
    return tuple(out)


def _unlike(path: str, table: Any, entry: dict[str, Any]) -> Iterator[str]:
    if table.num_rows != entry["rows"]:
        yield f"has {table.num_rows:,} rows, the manifest says {entry['rows']:,}"
    name = path.removeprefix(SUPERSEDED).split("/")[0]
    log = OLD_WRITES if "source" in table.column_names else WRITES
    expected = (log if name == "writes" else (BAR_COLUMNS if name == "bars" else COLUMNS[name]) | {"known_at": INSTANT}) | (
        {"superseded_at": INSTANT} if path.startswith(SUPERSEDED) else {}
    )
    have = {field.name: field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in table.schema}
    if have != expected:
        odd = sorted({one for one in {*have, *expected} if have.get(one) != expected.get(one)})
        yield f"has other columns than it should ({', '.join(odd)})"
