"""Small strict tables for the algorithm: inside LEAN there is no Arrow, so the csv module judges the rows and pandas reads them."""

import csv
import re
from collections.abc import Hashable, Mapping
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd

from springback.errors import BadTable
from springback.market.symbols import check_symbols

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
Range = tuple[float, float]


def read_plain(
    path: Path, way_out: str, dates: tuple[str, ...] = (), numbers: Mapping[str, Range] | None = None, sparse: tuple[str, ...] = ()
) -> pd.DataFrame:
    """The columns `symbol`, `dates` (datetime64[D] as text, empty only in `sparse`) and `numbers` within their ranges, of a plain CSV.

    Raises `BadTable`, which names the file, the line, what must stand there and `way_out`.
    """
    wanted = ("symbol", *dates, *(numbers or {}))
    _check_rows(path, wanted, way_out)
    kinds: dict[Hashable, str] = {name: "float64" if name in (numbers or {}) else "str" for name in wanted}
    try:
        frame: pd.DataFrame = pd.read_csv(
            path, usecols=list(wanted), dtype=kinds, na_filter=False, float_precision="round_trip", encoding="utf-8-sig", low_memory=False
        )
    except (ValueError, OverflowError) as error:
        raise BadTable(f"{path}: {_no_number(path, numbers or {}) or error}: {way_out}") from None
    if frame.empty:
        raise BadTable(f"{path} has a header and no rows: {way_out}")
    check_symbols(frame["symbol"].unique(), path)
    for name in dates:
        bad = {one for one in frame[name].unique() if not (_is_day(one) or (one == "" and name in sparse))}
        if bad:
            row = int(np.argmax(frame[name].isin(bad)))
            raise BadTable(f"{path}: row {row + 1}: {name} must be a date such as 2020-03-31, was '{frame[name][row]}': {way_out}")
    for name, (least, most) in (numbers or {}).items():
        values = frame[name].to_numpy()
        good = (values >= least) & (values <= most) & np.isfinite(values)
        if not good.all():
            row = int(np.argmin(good))
            raise BadTable(
                f"{path}: row {row + 1}: {name} must be {least:g} to {most:g} and finite, was {values[row]:g}: {way_out}", value=values[row]
            )
    return frame


def _check_rows(path: Path, columns: tuple[str, ...], way_out: str) -> None:
    """Every row as long as the header, which has each of `columns` once; no NUL, which ends a cell for pandas."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.reader(lines, strict=True)
            header = next(table, [])
            odd = next((table.line_num for row in table if row and (len(row) != len(header) or "\0" in "".join(row))), 0)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadTable(f"{path} is no whole table ({error}): {way_out}") from None
    for name in columns:
        if header.count(name) != 1:
            raise BadTable(f"{path} must have one column '{name}', has {header.count(name)}: {way_out}")
    if odd or len(set(header)) < len(header):
        where = f"line {odd} must have the {len(header)} cells of the header, and no NUL" if odd else "a column stands there twice"
        raise BadTable(f"{path}: {where}: {way_out}")


def _no_number(path: Path, numbers: Mapping[str, Range]) -> str:
    """Which cell is the first that is no number, in words; found the slow way."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row, told in enumerate(csv.DictReader(lines), 1):
            for name, (least, most) in numbers.items():
                cell = told[name].strip()
                if not NUMBER.fullmatch(cell) or not isfinite(float(cell)):
                    return f"row {row}: {name} must be {least:g} to {most:g} and finite, was '{cell[:40]}'"
    return ""


def _is_day(cell: str) -> bool:
    try:
        return bool(DAY.fullmatch(cell)) and cell == str(np.datetime64(cell, "D"))
    except ValueError:
        return False
