"""Frames and series as strict JSON and back: floats to the last bit, NaN as null, dates as ISO text."""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def plain(value: Any) -> Any:
    """`value` as JSON knows it. A frame becomes {columns, rows}, a series {index, values}; NaN and infinity become None."""
    if isinstance(value, pd.DataFrame):
        return {
            "columns": [str(name) for name in value.columns],
            "rows": [[plain(cell) for cell in row] for row in value.itertuples(index=False)],
        }
    if isinstance(value, pd.Series):
        return {"index": [plain(key) for key in value.index], "values": [plain(cell) for cell in value.to_numpy()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item() if not isinstance(value, np.datetime64) else pd.Timestamp(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else str(value)
    return value if value is None or isinstance(value, (str, bool, int)) else str(value)


def text(value: Any, indent: int | None = 1) -> str:
    """`value` as JSON text, the same bytes for the same value, ending in a newline."""
    separators = None if indent else (",", ":")
    return json.dumps(plain(value), indent=indent, separators=separators, ensure_ascii=False, allow_nan=False) + "\n"


def frame(document: Mapping[str, Any] | None) -> pd.DataFrame | None:
    """A frame from {columns, rows}; a column of numbers and nulls is float with NaN."""
    return None if document is None else pd.DataFrame(document["rows"], columns=document["columns"])


def series(document: Mapping[str, Any] | None) -> "pd.Series[float] | None":
    """A series by date from {index, values}."""
    if document is None:
        return None
    return pd.Series(
        np.array([math.nan if one is None else one for one in document["values"]], dtype=np.float64),
        index=pd.to_datetime(document["index"]),
    )
