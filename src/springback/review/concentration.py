"""What today's book hangs on, how fast it could be left, and what past sessions would do to it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.analytics.figures import shown
from springback.market.actions import split_scale
from springback.market.liquidity import latest_mean
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.review.desk_frames import DeskFrames
from springback.review.document import Absence, Figure, Grid, Section, Source, State, counted, estimated, missing
from springback.review.review_settings import ReviewRules
from springback.statistics.significance import mean_interval

Numbers = NDArray[np.float64]
YEAR, FEWEST = 252, 60
"""Sessions that beta and correlations look back, and the fewest that they need."""
WORST = 5


@dataclass(frozen=True, eq=False)
class Held:
    """Today's book on the market data: `symbols` (K,), `weight` (K,) signed value over equity, `returns` (T, K) of each session from
    close to close on one split scale (NaN: unknown), `volume` and `dollars` (K,) mean shares and dollars a day, `quantity` (K,) signed
    shares.
    """

    symbols: tuple[str, ...]
    weight: Numbers
    returns: Numbers
    volume: Numbers
    dollars: Numbers
    quantity: Numbers


def held(desk: DeskFrames, market_data: MarketData) -> Held:
    """The last book of `desk` on `market_data`; names that the market data do not have, or that have no mark, are left out."""
    columns = {symbol: column for column, symbol in enumerate(market_data.bars.symbols)}
    book = desk.book
    book = book[book["symbol"].isin(columns) & book["value"].notna()]
    names = np.array([columns[symbol] for symbol in book["symbol"]], np.int64)
    bars = market_data.bars
    close, scale = bars.close[:, names], split_scale(market_data.actions, bars.shape)
    same = close if scale is None else close / scale[:, names]
    returns = np.full(same.shape, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        returns[1:] = same[1:] / same[:-1] - 1
    volume = latest_mean(bars.printed("volume")[:, names])
    dollars = latest_mean((bars.printed("close") * bars.volume)[:, names])
    weight = book["value"].to_numpy(np.float64) / desk.equity
    return Held(tuple(book["symbol"]), weight, returns, volume, dollars, book["quantity"].to_numpy(np.float64))


def days_to_leave(own: Held, participation: float) -> Numbers:
    """Sessions that it takes to sell or buy back each name at `participation` of its mean volume, a fraction, (K,); NaN where no volume is
    known."""
    return np.divide(np.abs(own.quantity), participation * own.volume, out=np.full(len(own.quantity), np.nan), where=own.volume > 0)


def concentration(desk: DeskFrames, market_data: MarketData | None, rules: ReviewRules, source: Source) -> Section:
    """Section 6: the largest lines, sector, beta, size, liquidity and crowding of the last book."""
    book = desk.book
    absent: list[Absence] = ["shares"]
    if np.isnan(desk.equity):
        return Section("concentration", "Concentration", "unknown", absent=missing("account" if desk.days.empty else "equity"))
    figures = _lines(desk, book)
    state: State = "unknown"
    grids: tuple[Grid, ...] = ()
    words: tuple[Prose, ...] = ()
    if market_data is None:
        absent.append("market")
    else:
        absent += ["sectors"] if market_data.sectors is None else []
        absent += ["benchmark"] if market_data.benchmark is None else []
        own = held(desk, market_data)
        lacking = len(book) - len(own.symbols)
        figures += [counted("Positions without mark or market data", lacking, "count", source, "left out below")] if lacking else []
        if own.symbols:
            crowd = _crowding(own, source)
            figures += [*_liquidity(own, rules, source), *_beta(own, market_data, source), *crowd]
            grids = (_grid(own, market_data, rules),)
            state, words = _verdict(own, crowd[0], rules)
    return Section("concentration", "Concentration", state, tuple(figures), grids, words, missing(*absent))


def _lines(desk: DeskFrames, book: pd.DataFrame) -> list[Figure]:
    book = book[book["value"].notna()]
    share = book["value"].abs().to_numpy(np.float64) / desk.equity
    parts = share / share.sum() if len(share) else share
    net = float(book["value"].sum()) / desk.equity
    return [
        counted("Positions with a mark", len(book), "count", desk.source),
        counted("Gross exposure", float(share.sum()), "fraction", desk.source, "of equity"),
        counted("Net exposure", net, "fraction", desk.source, "of equity"),
        counted("Largest line", float(share.max(initial=0.0)), "fraction", desk.source, "of equity"),
        counted("Effective number of lines", 1 / float((parts**2).sum()) if len(parts) else 0.0, "one", desk.source, "inverse Herfindahl"),
    ]


def _liquidity(own: Held, rules: ReviewRules, source: Source) -> list[Figure]:
    days, size = days_to_leave(own, rules.participation), np.abs(own.weight)
    slow = float(size[days > rules.days_to_leave].sum() / size.sum())
    note = f"at {100 * rules.participation:g} % of the mean volume of 63 sessions"
    return [
        counted("Days to leave, slowest name", _most(days), "ratio", source, note),
        counted(f"Share of the book that takes over {rules.days_to_leave:g} days", slow, "fraction", source, note),
        counted("Median dollar volume of what is held", float(np.nanmedian(own.dollars)), "dollars", source, "a day"),
    ]


def _most(values: Numbers) -> float:
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else float("nan")


def _beta(own: Held, market_data: MarketData, source: Source) -> list[Figure]:
    """Slope of the book's sessions, at today's weights, on the benchmark's; the interval of the mean of its parts, which lean on one
    another.
    """
    if market_data.benchmark is None:
        return []
    level = market_data.benchmark
    index = np.full(len(level), np.nan)
    index[1:] = level[1:] / level[:-1] - 1
    book = np.nansum(own.returns * own.weight, axis=1)
    both = ~np.isnan(index) & ~np.isnan(own.returns).all(axis=1)
    x, y = index[both][-YEAR:], book[both][-YEAR:]
    if len(x) < FEWEST or not x.std() > 0:
        return [estimated("Beta of the book", float("nan"), (float("nan"),) * 2, "ratio", source, "too few sessions")]
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    parts = slope + centred * (y - y.mean() - slope * centred) / float((centred**2).mean())
    note = f"today's weights on the last {len(x)} sessions of {market_data.origin.benchmark}"
    return [estimated("Beta of the book", slope, mean_interval(parts, 0.95), "ratio", source, note)]


def _crowding(own: Held, source: Source) -> list[Figure]:
    """Mean correlation of the pairs that are held on the same side, and its interval from halves of the names left out one by one."""
    pairs = correlations(own)
    name = "Mean correlation of pairs on one side"
    if not len(pairs):
        return [estimated(name, float("nan"), (float("nan"),) * 2, "ratio", source, "under two names on a side, or too few sessions")]
    value = float(pairs.mean())
    leave_out = [one for k in range(len(own.symbols)) if len(one := correlations(own, k))]
    means = np.array([one.mean() for one in leave_out])
    error = float(np.sqrt((len(means) - 1) / len(means) * ((means - means.mean()) ** 2).sum())) if len(means) > 2 else float("nan")
    return [
        estimated(name, value, (value - 1.96 * error, value + 1.96 * error), "ratio", source, "last 252 sessions; names left out in turn")
    ]


def correlations(own: Held, without: int = -1) -> Numbers:
    """Correlations of all pairs held on one side over the last year, (P,), `without` one of the names; pairs under 60 sessions are none."""
    frame, found = pd.DataFrame(own.returns[-YEAR:]), []
    for sign in (1.0, -1.0):
        names = [k for k in np.flatnonzero(np.sign(own.weight) == sign) if k != without]
        table = frame[names].corr(min_periods=FEWEST).to_numpy(np.float64)
        found.append(table[np.triu_indices(len(names), 1)])
    pairs = np.concatenate(found)
    return np.asarray(pairs[~np.isnan(pairs)])


def _verdict(own: Held, crowd: Figure, rules: ReviewRules) -> tuple[State, tuple[Prose, ...]]:
    days = days_to_leave(own, rules.participation)
    slow, blind = int((days > rules.days_to_leave).sum()), int(np.isnan(days).sum())
    at = f"{rules.days_to_leave:g} days at {100 * rules.participation:g} % of volume"
    words = f"{slow} of {len(days)} names take longer to leave than {at}; of {blind} the volume is unknown."
    known = isinstance(crowd.value, float)
    crowded = known and float(crowd.value or 0.0) >= rules.correlation
    mean = f"The mean correlation is {shown(crowd.value, 'ratio')}, the limit {rules.correlation:g}."
    return ("amber" if slow or blind or crowded else "green"), (Prose(words), Prose(mean if known else "Crowding cannot be told."))


def _grid(own: Held, market_data: MarketData, rules: ReviewRules) -> Grid:
    columns = {symbol: column for column, symbol in enumerate(market_data.bars.symbols)}
    days = days_to_leave(own, rules.participation)
    order = np.argsort(-np.abs(own.weight), kind="stable")
    sectors = market_data.sectors
    rows = tuple(
        (
            own.symbols[k],
            "unknown" if sectors is None else sectors[columns[own.symbols[k]]],
            shown(float(own.weight[k]), "percent2"),
            shown(float(days[k]), "ratio"),
            shown(-rules.gap * abs(float(own.weight[k])), "percent2"),
        )
        for k in order
    )
    heads = ("Name", "Sector", "Of equity", "Days to leave", f"At a gap of {100 * rules.gap:g} %")
    note = Prose("A gap falls for a long and rises for a short; what it costs of equity.")
    return Grid(f"Today's book, {len(own.symbols)} names", heads, rows, (True, True, False, False, False), note)


def stress(desk: DeskFrames, market_data: MarketData | None, rules: ReviewRules, source: Source) -> Section:
    """Section 7: today's book, unchanged, on the worst of the past sessions, and shocks that never were."""
    if np.isnan(desk.equity) or market_data is None:
        absent: Absence = "account" if desk.days.empty else "market" if market_data is None else "equity"
        return Section("stress", "Stress of today's book", "unknown", absent=missing(absent))
    own = held(desk, market_data)
    if not len(own.symbols):
        nothing = desk.book.empty
        words = "Nothing is held: no shock moves the account." if nothing else "No mark of what is held is known."
        return Section("stress", "Stress of today's book", "green" if nothing else "unknown", words=(Prose(words),))
    figures = [counted("Every name falls by 10 %", -0.1 * float(own.weight.sum()), "percent2", source, "longs lose, shorts gain")]
    most = float(np.abs(own.weight).max())
    figures.append(counted(f"The largest line gaps by {100 * rules.gap:g} % against it", -most * rules.gap, "percent2", source))
    dates, losses, covered = worst_sessions(own, market_data)
    rows = tuple((day, shown(loss, "percent2"), shown(part, "fraction")) for day, loss, part in zip(dates, losses, covered, strict=True))
    heads = ("Session", "Today's book", "Of it with a price then")
    grid = Grid("Worst past sessions of the names held today", heads, rows, (True, False, False), Prose("At today's weights, one session."))
    if len(losses):
        figures.append(counted("Worst past session", losses[0], "percent2", source, f"on {dates[0]}"))
    state: State = "amber" if most * rules.gap > rules.gap_loss else "green"
    return Section("stress", "Stress of today's book", state, tuple(figures), (grid,) if rows else ())


def worst_sessions(own: Held, market_data: MarketData) -> tuple[list[str], list[float], list[float]]:
    """The days, returns and covered share of the `WORST` past sessions, today's weights on what had a price then; at least half of it."""
    known = ~np.isnan(own.returns)
    size = np.abs(own.weight)
    part = known @ size / size.sum()
    moved = np.where(part >= 0.5, np.nansum(own.returns * own.weight, axis=1), np.nan)
    rows = [int(row) for row in np.argsort(moved, kind="stable")[:WORST] if not np.isnan(moved[row])]
    return [str(market_data.bars.sessions[row]) for row in rows], [float(moved[row]) for row in rows], [float(part[row]) for row in rows]
