"""VIX and the risk-free rate: Cboe's own history, FRED where Cboe fails, and words that say which it was."""

from datetime import date, timedelta

from springback.data.sources.assemble import Beside
from springback.data.sources.cboe import read_vix
from springback.data.sources.fred import read_series
from springback.data.sources.settings import Fetch
from springback.errors import InputError, SourceError

VIX = "VIXCLS"
BEFORE = timedelta(days=10)
"""How far before the start a rate is asked for, so that the first session has one."""
Rates = tuple[dict[date, float] | None, tuple[str, ...]]


def read_beside(fetch: Fetch, start: date, end: date) -> Beside:
    """VIX from Cboe, else from FRED; the rate from FRED, else none. Raises `SourceError` when VIX is at neither."""
    notes: list[str] = []
    try:
        vix = read_vix(fetch)
        if not any(start <= day <= end for day in vix):
            raise SourceError(f"Cboe's history of VIX has no close from {start} to {end}")
    except (SourceError, InputError) as error:
        notes.append(f"VIX is FRED's {VIX}, not Cboe's own history: {error}")
        try:
            vix = read_series(fetch, VIX, start, end)
        except (SourceError, InputError) as worse:
            raise SourceError(f"VIX cannot be had; Cboe: {error}; FRED: {worse}") from None
    rates, absent = _rates(fetch, start, end)
    return Beside({day: close for day, close in vix.items() if start <= day <= end}, rates, (*notes, *absent))


def _rates(fetch: Fetch, start: date, end: date) -> Rates:
    try:
        told = read_series(fetch, fetch.risk_free, start - BEFORE, end)
    except (SourceError, InputError) as error:
        return None, (f"the risk-free rate is absent: {error}",)
    return {day: percent / 100 for day, percent in told.items()}, ()
