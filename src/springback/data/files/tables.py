"""Forecasts and features as tables: CSV, gzipped CSV or Parquet by the suffix of the file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.data import rows
from springback.data.files.reading import Columns, Table, line, read_table, write_table
from springback.errors import BadTable
from springback.market.bars import FIELDS, Bars, Panel
from springback.market.forecasts import LIMITS, Forecasts

VALUES = tuple(LIMITS)
FORECASTS = Columns(("date",), ("symbol",), VALUES)


def read_forecasts(path: Table, bars: Bars) -> Forecasts:
    """Forecasts (date, symbol, qpi, p_long, p_short, adv_63) on the panel `bars`; a name and session without a row has none.
    The probabilities are fractions, `adv_63` is a mean volume in shares.

    Rows may stand in any order. Raises `BadTable` on a name or session that `bars` does not have, a row that is there twice, and a value
    that is missing or outside its range.
    """
    frame = read_table(path, FORECASTS)
    for name, (least, most) in LIMITS.items():
        values = frame[name].to_numpy()
        bad = np.flatnonzero(~((values >= least) & (values <= most) & np.isfinite(values)))
        if len(bad):
            limit = f"{least:g} to {most:g}" if np.isfinite(most) else f"{least:g} or more"
            shown = "empty or NaN" if np.isnan(values[bad[0]]) else f"{values[bad[0]]:g}"
            raise BadTable(f"{path}: line {line(bad[0])}: {name} must be {limit}, was {shown}", value=shown)
    places = _place(path, frame, bars)
    panels = {name: places.scatter(frame[name]) for name in VALUES}
    return Forecasts(qpi=panels["qpi"], p_long=panels["p_long"], p_short=panels["p_short"], adv=panels["adv_63"])


def write_forecasts(path: Path, bars: Bars, forecasts: Forecasts) -> None:
    """Writes the forecasts that are there, by date, then symbol: probabilities as fractions, mean volume in shares. `read_forecasts` gives
    the same panels back to the last bit.
    """
    write_table(path, _forecasts(bars, forecasts))


def forecasts_frame(bars: Bars, forecasts: Forecasts) -> pd.DataFrame:
    """date, symbol, qpi, p_long and p_short (fractions) and adv_63 (shares) of the forecasts that are there; dates as dates."""
    return _dated(_forecasts(bars, forecasts))


def bars_frame(bars: Bars) -> pd.DataFrame:
    """date, symbol and the five fields (dollars a share, volume in shares) of every row that has a close, by date, then symbol."""
    return _dated(_long(bars, ~np.isnan(bars.close), FIELDS, [getattr(bars, name) for name in FIELDS]))


def features_frame(bars: Bars, names: Sequence[str], panel: NDArray[np.float64]) -> pd.DataFrame:
    """date, symbol and the features `panel` (T, N, F) of `names` (F,) as a frame, ratios and fractions; NaN where one is missing."""
    return _dated(_features(bars, names, panel))


def write_features(path: Path, bars: Bars, names: Sequence[str], panel: NDArray[np.float64]) -> None:
    """Writes date, symbol and the features `panel` (T, N, F) of `names` (F,): one row for each bar, ratios and
    fractions, an empty cell where one is missing.
    """
    write_table(path, _features(bars, names, panel))


def _features(bars: Bars, names: Sequence[str], panel: NDArray[np.float64]) -> pd.DataFrame:
    return _long(bars, ~np.isnan(bars.close), names, [panel[:, :, k] for k in range(panel.shape[2])])


def _forecasts(bars: Bars, forecasts: Forecasts) -> pd.DataFrame:
    panels = (forecasts.qpi, forecasts.p_long, forecasts.p_short, forecasts.adv)
    return _long(bars, ~np.isnan(np.stack(panels)).any(axis=0), VALUES, panels)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(date=pd.to_datetime(frame["date"]))


def _long(bars: Bars, mask: NDArray[np.bool_], names: Sequence[str], panels: Sequence[Panel]) -> pd.DataFrame:
    row, column = np.nonzero(mask)
    days = bars.sessions.astype(str).astype(object)
    frame = pd.DataFrame({"date": days[row], "symbol": np.array(bars.symbols, dtype=object)[column]})
    for name, panel in zip(names, panels, strict=True):
        frame[name] = panel[row, column]
    return frame


def _place(path: object, frame: pd.DataFrame, bars: Bars) -> rows.LongRows:
    days = frame["date"].to_numpy().astype("datetime64[D]")
    row = np.searchsorted(bars.sessions, days)
    known = (row < len(bars.sessions)) & (bars.sessions[np.minimum(row, len(bars.sessions) - 1)] == days)
    if not known.all():
        k = int(np.argmin(known))
        span = f"{bars.sessions[0]} to {bars.sessions[-1]}"
        raise BadTable(f"{path}: line {line(k)}: {days[k]} is not a session of the bars, which run from {span}")
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    words = np.array([columns.get(str(word), -1) for word in frame["symbol"].cat.categories], dtype=np.int64)
    column = words[frame["symbol"].cat.codes.to_numpy()]
    if (column < 0).any():
        k = int(np.argmax(column < 0))
        raise BadTable(
            f"{path}: line {line(k)}: the bars have no name '{frame['symbol'].iloc[k]}': give the bars the forecasts were made from"
        )
    twice = pd.Series(row * len(bars.symbols) + column).duplicated().to_numpy()
    if twice.any():
        k = int(np.argmax(twice))
        raise BadTable(f"{path}: line {line(k)}: the forecast for {frame['symbol'].iloc[k]} on {days[k]} is there twice")
    return rows.LongRows(bars.sessions, bars.symbols, row.astype(np.int64), column)
