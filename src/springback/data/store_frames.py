"""Tape <-> the long frames of the store."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from springback.data.store_hash import file_hash
from springback.errors import StoreError
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.bars import FIELDS, Bars
from springback.market.tape import BANKRUPT, DELISTED, END_OF_DATA, TRADING, Tape

ENDINGS = {"trading": TRADING, "delisted": DELISTED, "end_of_data": END_OF_DATA, "bankrupt": BANKRUPT}


def write_all(part: Path, tape: Tape, at: datetime, old: Path | None) -> dict[str, dict[str, Any]]:
    """Writes every file of a generation under `part`; returns path -> rows, bytes and SHA-256. `old` is the generation it replaces."""
    files = {}
    years = tape.bars.sessions.astype("datetime64[Y]")
    for year in np.unique(years):
        rows = np.flatnonzero(years == year)
        name = f"bars/year={year}/bars.parquet"
        files[name] = _write(part / name, _bars(tape.bars, int(rows[0]), int(rows[-1]) + 1), at, old / name if old else None)
    for name, frame in _small(tape).items():
        files[name] = _write(part / name, frame, at, old / name if old else None)
    return files


def actions(bars: Bars, splits: pd.DataFrame, dividends: pd.DataFrame) -> Actions:
    """The stored corporate actions on the panel `bars`, in their stored order."""
    dates = np.concatenate([splits["date"].to_numpy(), dividends["date"].to_numpy()])
    symbols = [*splits["symbol"], *dividends["symbol"]]
    kinds = ["split"] * len(splits) + ["dividend"] * len(dividends)
    values = [*splits["old_shares_per_new"], *dividends["dollars"]]
    order = np.lexsort([[*splits["place"], *dividends["place"]], dates])
    return Actions.align(bars, dates[order], [symbols[k] for k in order], [kinds[k] for k in order], [values[k] for k in order])


def members(bars: Bars, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """The stored membership intervals as a panel (T, N)."""
    out = np.zeros(bars.shape, dtype=bool)
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    starts = np.searchsorted(bars.sessions, frame["start"].to_numpy().astype("datetime64[D]"))
    ends = frame["end"].to_numpy().astype("datetime64[D]")
    stops = np.where(np.isnat(ends), len(bars.sessions), np.searchsorted(bars.sessions, ends))
    for symbol, start, stop in zip(frame["symbol"], starts, stops, strict=True):
        if symbol in columns:
            out[start:stop, columns[symbol]] = True
    return out


def endings(securities: pd.DataFrame) -> NDArray[np.int8]:
    """Codes of the column `ending`, (N,)."""
    unknown = set(securities["ending"]) - set(ENDINGS)
    if unknown:
        raise StoreError(f"securities of the store have an unknown ending '{sorted(unknown)[0]}': run 'springback fetch' again")
    return securities["ending"].map(ENDINGS).to_numpy().astype(np.int8)


def _bars(bars: Bars, first: int, end: int) -> pd.DataFrame:
    row, column = np.nonzero(~np.isnan(bars.close[first:end]))
    data: dict[str, Any] = {"date": bars.sessions[first:end][row].astype("datetime64[s]")}
    data["symbol"] = pd.Categorical.from_codes(column.tolist(), categories=pd.Index(bars.symbols))
    for name in FIELDS:
        data[name] = getattr(bars, name)[first:end][row, column]
    return pd.DataFrame(data)


def _small(tape: Tape) -> dict[str, pd.DataFrame]:
    """The files beside the bars."""
    bars, symbols = tape.bars, np.array(tape.bars.symbols, dtype=object)
    days = bars.sessions.astype("datetime64[s]")
    listed = ~np.isnan(bars.close)
    names = {code: name for name, code in ENDINGS.items()}
    out = {
        "sessions.parquet": pd.DataFrame({"date": days, "vix": tape.vix}),
        "securities.parquet": pd.DataFrame(
            {
                "symbol": symbols,
                "first": days[np.argmax(listed, axis=0)],
                "last": days[tape.last],
                "ending": [names[k] for k in tape.ending],
            }
        ),
    }
    for name, series in (("benchmark", tape.benchmark), ("risk_free", tape.risk_free)):
        if series is not None:
            out["sessions.parquet"][name] = series
    if tape.sectors is not None:
        out["securities.parquet"]["sector"] = list(tape.sectors)
    if tape.members is not None:
        out["members.parquet"] = _intervals(tape.members, days, symbols)
    for name, kind, value in (("splits", SPLIT, "old_shares_per_new"), ("dividends", DIVIDEND, "dollars")):
        k = np.flatnonzero(tape.actions.kind == kind)
        data = {"date": days[tape.actions.row[k]], "symbol": symbols[tape.actions.name[k]], value: tape.actions.value[k], "place": k}
        out[f"{name}.parquet"] = pd.DataFrame(data)
    return out


def _intervals(panel: NDArray[np.bool_], days: NDArray[np.datetime64], symbols: NDArray[Any]) -> pd.DataFrame:
    """Runs of True in each column as symbol, start, end (exclusive, NaT when it reaches the last session)."""
    edge = np.diff(panel.astype(np.int8), axis=0, prepend=0, append=0).T
    name, start = np.nonzero(edge == 1)
    _, stop = np.nonzero(edge == -1)
    after = np.append(days, np.datetime64("NaT", "s"))
    return pd.DataFrame({"symbol": symbols[name], "start": days[start], "end": after[stop]})


def _write(path: Path, frame: pd.DataFrame, at: datetime, old: Path | None) -> dict[str, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    for name in table.column_names:
        if pa.types.is_timestamp(table.schema.field(name).type):
            table = table.set_column(table.column_names.index(name), name, table.column(name).cast(pa.date32()))
    table = table.append_column("known_at", _known_at(table, at, old))
    texts = [name for name in table.column_names if not pa.types.is_floating(table.schema.field(name).type)]
    pa.parquet.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=texts, row_group_size=1 << 19)
    return {"rows": table.num_rows, "bytes": path.stat().st_size, "sha256": file_hash(path)}


def _known_at(table: Any, at: datetime, old: Path | None) -> Any:
    """When each row was first learned as it stands: the time in `old` for a row that is there with the same values, else `at`."""
    kind = pa.timestamp("us", tz="UTC")
    now = pa.array(np.full(table.num_rows, np.datetime64(at.replace(tzinfo=None), "us"))).cast(kind)
    if old is None or not old.is_file():
        return now
    try:
        before = pa.parquet.ParquetFile(old).read()
    except (pa.ArrowInvalid, OSError):
        return now
    if before.column_names != [*table.column_names, "known_at"]:
        return now
    columns = [name for name in table.column_names if name != "place"]
    plain, prior = _plain(table.select(columns)), _plain(before.select(columns))
    if plain.equals(prior):
        return before.column("known_at").cast(kind)
    merged = plain.merge(prior.assign(known_at=before.column("known_at").to_pandas()).drop_duplicates(columns), how="left", on=columns)
    return pa.array(merged["known_at"].fillna(pd.Timestamp(at))).cast(kind)


def _plain(table: Any) -> pd.DataFrame:
    """As pandas with text as text, so that two tables compare whatever their dictionaries."""
    return pd.DataFrame(
        {
            name: column.cast(pa.string()).to_pandas() if pa.types.is_dictionary(column.type) else column.to_pandas()
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    )
