"""VIX and the risk-free rate: the folder's own, or Cboe's history with FRED for its holes and in its place, and words that say which."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback.data.files.series import read_closes, read_rates
from springback.data.sessions import exchange_days
from springback.data.sources.assemble import VixAndRates
from springback.data.sources.cboe import read_vix
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.fred import read_series
from springback.errors import InputError, SourceError
from springback.market.bars import Dates

VIX = "VIXCLS"
BEFORE = timedelta(days=10)
"""How far before the start a rate is asked for, so that the first session has one."""
LEAN_VIX, LEAN_RATES = "springback/vix.csv", "alternative/interest-rate/usa/interest-rate.csv"
Closes = Mapping[date, float]


def read_vix_and_rates(fetch: Fetch, start: date, end: date, folder: Path | None = None, closed: Sequence[str] = ()) -> VixAndRates:
    """VIX and the rate of the LEAN data folder `folder`, as far as it has them; else VIX from Cboe, its holes (the days `closed` are none)
    and in its place from FRED, and the rate from FRED, else none. Raises `SourceError` when VIX is nowhere, `BadTable` on a damaged file of
    the folder.
    """
    sessions = exchange_days(start, end, closed)
    notes: list[str] = []
    file, rate_file = (None, None) if folder is None else (folder / LEAN_VIX, folder / LEAN_RATES)
    if file is not None and file.is_file():
        vix, told, fred = _by_day(sessions, read_closes(file, sessions)), f"{LEAN_VIX} of the LEAN folder", False
        notes.append(f"VIX is that of {told}")
    else:
        vix, told, fred = _outside(fetch, start, end, notes)
    vix = _filled(fetch, vix, told, fred, sessions, notes)
    if rate_file is not None and rate_file.is_file():
        notes.append(f"the risk-free rate is that of {LEAN_RATES} of the LEAN folder")
        return VixAndRates(vix, _by_day(sessions, read_rates(rate_file, sessions)), tuple(notes))
    return VixAndRates(vix, _rates(fetch, start, end, notes), tuple(notes))


def _outside(fetch: Fetch, start: date, end: date, notes: list[str]) -> tuple[Closes, str, bool]:
    """Closes by day, whose they are in words, and whether they are FRED's."""
    try:
        vix = {day: close for day, close in read_vix(fetch).items() if start <= day <= end}
        if not vix:
            raise SourceError(f"Cboe's history of VIX has no close from {start} to {end}")
        return vix, "Cboe's history", False
    except (SourceError, InputError) as error:
        notes.append(f"VIX is FRED's {VIX}, not Cboe's own history: {error}")
        try:
            return read_series(fetch, VIX, start, end), f"FRED's {VIX}", True
        except (SourceError, InputError) as worse:
            raise SourceError(f"VIX cannot be had; Cboe: {error}; FRED: {worse}") from None


def _filled(fetch: Fetch, vix: Closes, owner: str, fred: bool, sessions: Dates, notes: list[str]) -> Closes:
    """`vix` with FRED's closes on the sessions before its newest that it lacks; days after that are not there yet, and no holes.

    Cboe's file lacks five sessions of its thirty-odd years: 1991-03-01, 1997-01-31, 1997-11-26, 1999-12-31 and 2006-05-04.
    """
    days: list[date] = [] if not vix else [day for day in sessions.tolist() if day not in vix and day < max(vix)]
    if not days:
        return vix
    lacking = f"{len(days)} session{'s' if len(days) > 1 else ''} that {owner} lacks ({days[0]}{', ...' if len(days) > 1 else ''})"
    way = "give --vix FILE with them to the verb that runs"
    if fred:
        notes.append(f"VIX has no close on {lacking}: {way}")
        return vix
    try:
        known = read_series(fetch, VIX, sessions[0].item(), sessions[-1].item())
    except (SourceError, InputError) as error:
        notes.append(f"VIX has no close on {lacking}: {error}; {way}")
        return vix
    found = {day: known[day] for day in days if day in known}
    more = "" if len(found) == len(days) else f"; {len(days) - len(found)} of them are not there either: {way}"
    notes.append(f"VIX is FRED's {VIX} on {lacking}{more}")
    return {**vix, **found}


def _rates(fetch: Fetch, start: date, end: date, notes: list[str]) -> Closes | None:
    try:
        told = read_series(fetch, fetch.risk_free, start - BEFORE, end)
    except (SourceError, InputError) as error:
        notes.append(f"the risk-free rate is absent: {error}")
        return None
    return {day: percent / 100 for day, percent in told.items()}


def _by_day(sessions: Dates, values: NDArray[np.float64]) -> Closes:
    return {day: float(value) for day, value in zip(sessions.tolist(), values, strict=True) if not np.isnan(value)}
