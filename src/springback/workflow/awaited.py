"""What an evening waits for: the bars of a session, or of one before it, of nearly all names, and its VIX."""

from datetime import UTC, date, datetime

import numpy as np

from springback.data.store.store import Store
from springback.market.market_data import MarketData
from springback.operation.daily_settings import Daily
from springback.operation.frozen_decision import Reason
from springback.quality.fresh import barless
from springback.workflow.evening import LiveAccount, Remembered, trusted, unclosed
from springback.workflow.fetch import WEEK
from springback.workflow.inputs import Loaded

BARS, CLOSURE, NAMES, VIX = "bars", "closure", "names_failed", "vix"
DARK = (BARS, CLOSURE)
"""Without these nothing of a session is known."""


def absent(account: LiveAccount, session: date) -> tuple[Reason, ...]:
    """What of `session` is not in the store: any bar at all, or its VIX."""
    store = Store(account.store)
    if not store.exists():
        return (Reason(BARS, f"{account.store} holds no store: run 'springback fetch' first"),)
    known = store.series()
    row = known[known["date"].to_numpy().astype("datetime64[D]") == np.datetime64(session, "D")]
    last = store.securities()["last"].to_numpy().astype("datetime64[D]")
    if len(row) == 0 or not (last >= np.datetime64(session, "D")).any():
        later = len(row) == 0 and bool((last > np.datetime64(session, "D")).any())
        return (closure(session) if later else Reason(BARS, f"the bars of {session} are not there yet"),)
    return () if np.isfinite(row["vix"].iloc[0]) else (Reason(VIX, f"the VIX of {session} is not there yet"),)


def before(account: LiveAccount, memory: Remembered, session: str) -> tuple[Reason, ...]:
    """The sessions before `session` that the account has not closed, for want of bars that are not there now either."""
    found = []
    for day in unclosed(account, memory, session):
        dark = [one for one in absent(account, day) if one.code in DARK]
        found += dark or [closure(day) for _ in barless(account.window(str(day), ()).market_data, [day])]
    return tuple(found)


def silent(market_data: MarketData, limits: Daily) -> tuple[Reason, ...]:
    """Whether so many names that traded in the session before have no bar in the newest one of `market_data` (T, N) that the source cannot
    have told all of it: more than `limits.max_failed` of them, one name apart.
    """
    traded, session = market_data.bars.traded, market_data.bars.sessions[-1]
    if not traded[-1].any():
        return (Reason(BARS, f"the bars of {session} are not there yet"),)
    count, names = int((traded[-2] & ~traded[-1]).sum()), int(traded[-2].sum())
    if count <= max(1, limits.max_failed * names):
        return ()
    words = f"{count:,} of {names:,} names have no bar of {session}, limit {limits.max_failed:.1%} (daily.max_failed)"
    return (Reason(NAMES, words),)


def closure(session: date) -> Reason:
    """That no name has a bar on a session of the calendar, and what a person can do about it."""
    words = f"no name has a bar on {session}, a session of the calendar: was the exchange closed? Then put it into calendar.closed"
    return Reason(CLOSURE, f"{words}, else fetch its bars")


def restated_share(account: LiveAccount, loaded: Loaded) -> float:
    """How many of the closes of the week before the newest session of the window are others than when the account decided last; 0 where it
    has not decided, or the store no longer knows what it held then.
    """
    market_data, store = loaded.market_data, Store(account.store)
    older = [one for one in account.folder.sessions() if one < str(market_data.bars.sessions[-1])]
    digest = trusted(account, older[-1]).hashes["data"] if older else loaded.hash
    if digest == loaded.hash:
        return 0.0
    writes = store.writes()
    then = writes.loc[writes["content_hash"] == digest, "at"]
    week = market_data.bars.sessions[:-1][-WEEK:]
    if len(then) == 0 or len(week) == 0:
        return 0.0
    at = datetime.fromtimestamp(int(then.iloc[-1]) / 1_000_000, UTC)
    now, known = (one.bars for one in (market_data, store.read(str(week[0]), str(week[-1]), at, market_data.bars.symbols)))
    rows = np.isin(now.sessions, known.sessions)
    columns = [now.symbols.index(one) for one in known.symbols if one in now.symbols]
    held = [k for k, one in enumerate(known.symbols) if one in now.symbols]
    before, after = known.close[:, held], now.close[rows][:, columns]
    told = ~np.isnan(before)
    return float((told & (before != after)).sum() / max(1, told.sum()))
