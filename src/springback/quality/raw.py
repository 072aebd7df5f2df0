"""Checks of price files as they lie there, before they become market data: what the door refuses, and what a panel cannot hold.

A file is any that `data.layouts` reads; a folder has one for each name, or such files as prices/prices_YYYY.csv.gz.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data.files import one_a_name
from springback.data.files.layouts import as_written
from springback.market.bars import FIELDS
from springback.quality.quality_finding import EXAMPLES, QualityFinding, Severity, named

Prices = dict[str, NDArray[np.float64]]


def read_files(path: Path) -> pd.DataFrame:
    """Every row of a file or folder, prices as numbers (NaN where they are none), dates as texts."""
    if path.is_dir() and one_a_name.yearly(path):
        files = sorted(path.glob("prices/prices_*.csv*"))
    else:
        files = one_a_name.tables(path) if path.is_dir() else [path]
    return pd.concat([as_written(one) for one in files], ignore_index=True) if files else pd.DataFrame(columns=["date", "symbol", *FIELDS])


def examine(frame: pd.DataFrame) -> tuple[QualityFinding, ...]:
    """What is wrong with rows as written; `frame` as `read_files` gives it."""
    return tuple(_all(frame))


def _all(frame: pd.DataFrame) -> Iterator[QualityFinding]:
    text = frame["date"].fillna("")
    plain = text.str.fullmatch(r"\d{4}-\d{2}-\d{2}")
    day = text.str[:10]
    zoned = text.str.contains(r"\d:\d\d", regex=True) & ~text.str.contains(r"[T ]00:00(?::00)?(?:\.0+)?$", regex=True)
    price: Prices = {name: frame[name].to_numpy(dtype=np.float64) for name in FIELDS}
    yield from _rows(
        "file_time_zone", "error", frame, zoned, "{n} dates carry a time of day or a time zone ({names}): which session is meant?"
    )
    odd = ~plain & ~zoned
    yield from _rows("file_date", "error", frame, odd, "{n} dates are not written as 2020-03-31 ({names})")
    twice = pd.DataFrame({"day": day, "symbol": frame["symbol"]}).duplicated(keep="first")
    yield from _rows("file_duplicate", "error", frame, twice, "{n} rows stand there twice, by name and day, in {names}")
    with np.errstate(invalid="ignore"):
        upside = price["high"] < price["low"]
        outside = (
            (price["close"] > price["high"])
            | (price["close"] < price["low"])
            | (price["open"] > price["high"])
            | (price["open"] < price["low"])
        )
        bad = ~(price["close"] > 0) | (price["volume"] < 0) | np.isnan(price["volume"])
    yield from _rows("file_high_low", "error", frame, upside, "{n} rows have a high under their low, in {names}")
    yield from _rows("file_outside", "warning", frame, outside & ~upside, "{n} rows have an open or close outside high and low, in {names}")
    yield from _rows("file_value", "error", frame, bad, "{n} rows have no close above 0, or no volume of 0 or more, in {names}")
    yield _as_printed(frame, price)


def _as_printed(frame: pd.DataFrame, price: Prices) -> QualityFinding:
    close = price["close"]
    order = np.lexsort([frame["date"].to_numpy(dtype=str), frame["symbol"].to_numpy(dtype=str)])
    codes = pd.factorize(frame["symbol"])[0][order]
    with np.errstate(invalid="ignore", divide="ignore"):
        move = np.abs(np.diff(np.log(close[order])))
    move = move[codes[1:] == codes[:-1]]
    rows = len(frame)
    said = (
        f"{rows:,} rows of {named(int(frame['symbol'].nunique()))} as printed: {int((price['volume'] == 0).sum()):,} without volume, "
        f"{int((close < 1).sum()):,} closes under 1, {int(np.isnan(price['open']).sum()):,} close-only, "
        f"{int((move > 0.5).sum()):,} moves above 0.5 in logarithm, {int((move > 1).sum()):,} above 1"
    )
    return QualityFinding("file", "info", said, rows, int(frame["symbol"].nunique()), 1.0)


def _rows(
    check: str, severity: Severity, frame: pd.DataFrame, odd: "pd.Series[bool] | NDArray[np.bool_]", sentence: str
) -> Iterator[QualityFinding]:
    at = np.flatnonzero(np.asarray(odd, dtype=bool))
    if len(at) == 0:
        return
    chosen = frame.iloc[at]
    names = int(chosen["symbol"].nunique())
    some = chosen.head(EXAMPLES)
    rows = tuple((str(day), str(symbol)) for day, symbol in zip(some["date"], some["symbol"], strict=True))
    yield QualityFinding(check, severity, sentence.format(n=f"{len(at):,}", names=named(names)), len(at), names, len(at) / len(frame), rows)
