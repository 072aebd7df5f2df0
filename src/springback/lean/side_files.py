"""The small files of the export: VIX, the names, membership, what is barred and interest rates, each as text."""

import hashlib
import json
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback.data.files.reading import Columns, read_table
from springback.data.files.series import read_rates
from springback.market.bars import Dates
from springback.market.market_data import MarketData
from springback.market.membership import Membership
from springback.market.quarantine import Span, barred


def vix_text(market_data: MarketData) -> str:
    """`date,close`, ISO dates, one row for each session with a VIX close."""
    known = np.flatnonzero(~np.isnan(market_data.vix))
    rows = (f"{market_data.bars.sessions[k]},{_number(float(market_data.vix[k]))}\n" for k in known)
    return "date,close\n" + "".join(rows)


def symbols_text(symbols: Collection[str]) -> str:
    """`symbol`: all exported names, alphabetical."""
    return "symbol\n" + "".join(f"{symbol}\n" for symbol in symbols)


def members_text(market_data: MarketData, symbols: Collection[str]) -> str | None:
    """`symbol,start,end`: the sessions in which a name of `symbols` was in the index, both ends included; None if the market data knows
    none.

    One row for each unbroken run of sessions, so a name that came back has several.
    """
    return None if market_data.members is None else _runs(market_data, market_data.members, symbols)


def barred_text(market_data: MarketData, symbols: Collection[str]) -> str | None:
    """`symbol,start,end`: the sessions on which a quarantine bars orders for a name of `symbols`, as above; None without a quarantine."""
    return _runs(market_data, barred(market_data.bars, market_data.quarantine), symbols) if market_data.quarantine else None


def spans_hash(spans: Iterable[Span]) -> str | None:
    """SHA-256 of a quarantine; None without one."""
    words = sorted((one.symbol, one.start, one.end) for one in spans)
    return hashlib.sha256(json.dumps(words).encode()).hexdigest() if words else None


def _runs(market_data: MarketData, panel: NDArray[np.bool_], symbols: Collection[str]) -> str:
    days = market_data.bars.sessions
    runs = Membership.of(panel, days, market_data.bars.symbols)
    rows = zip(runs.symbols, *runs.rows(days), strict=True)
    return "".join(["symbol,start,end\n", *(f"{one},{days[first]},{days[stop - 1]}\n" for one, first, stop in rows if one in symbols)])


def rates_text(market_data: MarketData, path: Path | None) -> tuple[str | None, str]:
    """LEAN's interest-rate.csv (`DATE,PCREDIT8`, percent, changes only) and, in words, what it comes from.

    From the file at `path` if one is given, with all its dates; else the changes of the market data's rate; else None. Raises `BadTable`.
    """
    if path is not None:
        known = _file_dates(path)
        return _changes(known, read_rates(path, known)), path.name
    if market_data.risk_free is None or np.isnan(market_data.risk_free).all():
        return None, "none: LEAN falls back on its own file, or on 1 %"
    return _changes(market_data.bars.sessions, market_data.risk_free), "the market data's risk-free rate"


def _file_dates(path: Path) -> Dates:
    days = read_table(path, Columns(("DATE",), (), ("PCREDIT8",)))["DATE"].to_numpy().astype("datetime64[D]")
    return np.asarray(np.unique(days))


def _changes(days: Dates, rates: NDArray[np.float64]) -> str:
    rows, before = ["DATE,PCREDIT8\n"], np.nan
    for day, rate in zip(days, rates, strict=True):
        if not np.isnan(rate) and rate != before:
            rows.append(f"{day},{_number(round(float(rate) * 100, 10))}\n")
            before = rate
    return "".join(rows)


def _number(value: float) -> str:
    return str(np.format_float_positional(value, trim="-"))
