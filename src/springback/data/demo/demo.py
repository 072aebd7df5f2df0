"""The demo market: a plausible US market drawn from a seed, with a known dose of short-term reversal and nothing else to find.

It is a test object and a teaching one. Its edge is planted: what a strategy earns on it says that the pipeline finds what is there,
and nothing about real markets.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from springback.data.demo.names import Names, draw_names
from springback.data.demo.walk import DemoPrices, walk
from springback.data.sessions import exchange_days
from springback.errors import SettingsError
from springback.market.actions import Actions
from springback.market.bars import Bars, Dates
from springback.market.market_data import MarketData, last_rows
from springback.market.origin import INDEX, Origin
from springback.market.prose import Prose


@dataclass(frozen=True)
class Demo:
    """The demo market (table `demo`).

    `reversal` is the share of each idiosyncratic move that is given back, evenly over the next six sessions between open and close, so that
    0.83 of this share of a three-session move comes back within six. 0 plants nothing: every return, overnight and intraday, is then
    unpredictable but for the constant `market_return` (a year, times the name's beta). `shocks` is the number of crashes. From the session
    `turn` on (a date, empty: never) the edge is turned round: moves go on by as much as they were given back.
    """

    seed: int = 15
    names: int = 400
    start: str = "2017-01-03"
    end: str = "2023-12-29"
    reversal: float = 0.2
    market_return: float = 0.06
    shocks: int = 3
    turn: str = ""

    def __post_init__(self) -> None:
        for name in ("start", "end", *(("turn",) if self.turn else ())):
            try:
                date.fromisoformat(getattr(self, name))
            except ValueError:
                raise SettingsError(f"demo.{name} must be a date such as 2017-01-03, was '{getattr(self, name)}'") from None
        limits = {"seed": (0, 2**63), "names": (10, 10_000), "reversal": (0, 1), "market_return": (-1, 1), "shocks": (0, 20)}
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise SettingsError(f"demo.{name} must be {least} to {most}, was {getattr(self, name)}")
        if (date.fromisoformat(self.end) - date.fromisoformat(self.start)).days < 90:
            raise SettingsError(
                f"demo.end must be at least 90 days after demo.start {self.start}, was {self.end}", value=self.end, limit=90
            )


def draw(demo: Demo) -> MarketData:
    """The market data of `demo`; the same settings give the same market data."""
    sessions = exchange_days(demo.start, demo.end)
    fate, path = np.random.SeedSequence(demo.seed).spawn(2)
    names = draw_names(demo.names, len(sessions), np.random.Generator(np.random.PCG64(fate)))
    turned = sessions >= np.datetime64(demo.turn or "9999-12-31")
    reversal = np.where(turned, -demo.reversal, demo.reversal)
    walked = walk(
        names, len(sessions), reversal, demo.market_return, _onsets(demo, len(sessions)), np.random.Generator(np.random.PCG64(path))
    )
    bars = Bars(sessions, names.symbols, walked.open, walked.high, walked.low, walked.close, walked.volume)
    return MarketData(
        bars=bars,
        actions=_actions(names, walked),
        vix=walked.vix,
        last=last_rows(bars.close),
        ending=names.ending,
        members=_members(sessions, names, walked),
        benchmark=walked.benchmark,
        risk_free=walked.risk_free,
        sectors=names.sectors,
        origin=Origin("demo", "demo", _words(demo), benchmark=INDEX),
    )


def _onsets(demo: Demo, sessions: int) -> NDArray[np.int64]:
    """The rows on which a crash begins: one at a random place of each of `shocks` equal spans."""
    rng = np.random.Generator(np.random.PCG64([demo.seed, 1]))
    places = (np.arange(demo.shocks) + 0.25 + 0.6 * rng.random(demo.shocks)) / max(1, demo.shocks)
    return (places * sessions).astype(np.int64)


def _actions(names: Names, walked: DemoPrices) -> Actions:
    """The actions of a name's listed life; the walk goes on before and after it."""
    row, name = walked.event_row, walked.event_name
    kept = (row > names.first[name]) & (row <= names.end[name])
    return Actions(row[kept], name[kept], walked.event_kind[kept], walked.event_value[kept])


def _members(sessions: Dates, names: Names, walked: DemoPrices) -> NDArray[np.bool_]:
    """The index: the 85 % of listed names with the largest capitalisation at the end of May, from the Monday after June's fourth Friday."""
    rows = np.arange(len(sessions))[:, None]
    listed = (rows >= names.first) & (rows <= names.end)
    members = np.zeros(listed.shape, dtype=bool)
    starts, ranks = [0], [0]
    for year in np.unique(sessions.astype("datetime64[Y]")):
        june = np.datetime64(f"{year}-06-01")
        friday = np.busday_offset(june, 3, roll="forward", weekmask="Fri")
        if june > sessions[0] and friday < sessions[-1]:
            starts.append(int(np.searchsorted(sessions, friday, side="right")))
            ranks.append(int(np.searchsorted(sessions, june)) - 1)
    for start, rank, end in zip(starts, ranks, [*starts[1:], len(sessions)], strict=True):
        size = np.where(listed[rank], walked.capital[rank], -1.0)
        chosen = np.argsort(-size, kind="stable")[: int(0.85 * listed[rank].sum())]
        members[start:end, chosen] = listed[start:end, chosen]
    return members


def _words(demo: Demo) -> Prose:
    turn = f", turned round from {demo.turn} on" if demo.turn else ""
    edge = f"a planted reversal of {demo.reversal:.0%}{turn}" if demo.reversal else "no edge at all"
    return Prose(
        f"Demo market, drawn from seed {demo.seed}: {demo.names:,} invented names, {demo.start} to {demo.end}, with {edge}."
        " A result on it shows that the pipeline works; it is no evidence about real markets"
    )
