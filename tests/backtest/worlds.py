"""Small worlds for the laws of the backtest: random ones with everything ugly in them, and flat ones to work a case by hand."""

from datetime import date

import numpy as np

from springback.backtest.run import Backtest
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.bars import Bars
from springback.market.forecasts import Forecasts
from springback.market.market_data import DELISTED, TRADING, MarketData, last_rows


def sessions_from(start: str, count: int) -> np.ndarray:
    """Weekdays from `start` on."""
    days = np.datetime64(start) + np.arange(2 * count + 7)
    return days[np.is_busday(days)][:count]


def random_tape(seed: int, sessions: int = 90, names: int = 12, splits: bool = True) -> MarketData:
    """Random walks with halts, marks (a close alone; a copy with a volume of 0), delistings, splits, dividends and a jumpy VIX."""
    draw = np.random.default_rng(seed)
    shape = (sessions, names)
    close = np.round(30 * np.exp(np.cumsum(draw.normal(0, 0.03, shape), axis=0)), 2)
    open_ = np.round(close * np.exp(draw.normal(0, 0.01, shape)), 2)
    high = np.round(np.maximum(open_, close) * (1 + draw.random(shape) * 0.02) + 0.005, 2)
    low = np.round(np.minimum(open_, close) * (1 - draw.random(shape) * 0.02) - 0.005, 2)
    volume = np.round(draw.lognormal(11, 1, shape))
    halted = draw.random(shape) < 0.03
    for panel in (open_, high, low, close, volume):
        panel[halted] = np.nan
    shadow = draw.random(shape) < 0.02
    for panel in (open_, high, low):
        panel[shadow] = np.nan
    copied = np.random.default_rng(seed + 7).random(shape) < 0.02
    copied[0] = False
    volume[copied & ~halted] = 0.0
    for row, name in zip(*np.nonzero(copied & ~halted), strict=True):
        for panel in (open_, high, low, close):
            panel[row, name] = close[row - 1, name]
    for name in draw.choice(names, 3, replace=False):
        end = int(draw.integers(sessions // 2, sessions - 2))
        for panel in (open_, high, low, close, volume):
            panel[end + 1 :, name] = np.nan
    bars = Bars(sessions_from("2020-01-01", sessions), tuple(f"N{k:02d}" for k in range(names)), open_, high, low, close, volume)
    last = last_rows(bars.close)
    return MarketData(
        bars,
        random_actions(draw, sessions, names, splits),
        np.round(20 * np.exp(draw.normal(0, 0.15, sessions)), 2),
        last,
        np.where(last < sessions - 1, DELISTED, TRADING).astype(np.int8),
        risk_free=np.full(sessions, 0.03),
    )


def random_actions(draw: np.random.Generator, sessions: int, names: int, splits: bool) -> Actions:
    rows = np.sort(draw.integers(1, sessions, 16))
    kinds = draw.choice([DIVIDEND, SPLIT], 16) if splits else np.full(16, DIVIDEND)
    factors = draw.choice([0.25, 0.5, 1 / 3, 3.0], 16)
    return Actions(rows, draw.integers(0, names, 16), kinds, np.where(kinds == SPLIT, factors, np.round(draw.random(16), 2) + 0.01))


def random_forecasts(seed: int, market_data: MarketData) -> Forecasts:
    """Noise that fires often, with ties, and with names that cannot be ranked."""
    draw = np.random.default_rng(seed + 1)
    shape = market_data.bars.shape
    unranked = draw.random(shape) < 0.2
    qpi, p_long, p_short = (np.round(draw.random(shape) * scale, digits) for scale, digits in ((100, 0), (1, 1), (1, 1)))
    adv = np.round(draw.lognormal(11, 1, shape))
    for panel in (qpi, p_long, p_short, adv):
        panel[unranked] = np.nan
    return Forecasts(qpi, p_long, p_short, adv)


def account_of(market_data: MarketData, profile: str = "lean", cash: float = 1_000_000.0) -> Backtest:
    """An account over the whole market data."""
    first, last = (market_data.bars.sessions[k].astype(date) for k in (0, -1))
    return Backtest(first, last, cash, profile)


def flat_tape(
    closes: dict[str, list[float]], opens: dict[str, list[float]] | None = None, start: str = "2020-01-01", vix: float = 15.0
) -> MarketData:
    """A few names with given closes; opens equal to the closes where not given; 1,000,000 shares a day; NaN is a halt."""
    symbols = tuple(sorted(closes))
    close = np.array([closes[symbol] for symbol in symbols], dtype=float).T
    open_ = np.array([(opens or {}).get(symbol, closes[symbol]) for symbol in symbols], dtype=float).T
    volume = np.where(np.isnan(close), np.nan, 1e6)
    bars = Bars(sessions_from(start, len(close)), symbols, open_, np.fmax(open_, close), np.fmin(open_, close), close, volume)
    last = last_rows(close)
    ending = np.where(last < len(close) - 1, DELISTED, TRADING).astype(np.int8)
    return MarketData(bars, Actions.none(), np.full(len(close), vix), last, ending, risk_free=np.zeros(len(close)))


def signals(market_data: MarketData, fired: dict[tuple[int, str], tuple[float, float, float]], adv: float = 1e6) -> Forecasts:
    """Forecasts that say (qpi, p_long, p_short) at (row, symbol) and a dull 50 everywhere else."""
    panels = [np.full(market_data.bars.shape, value) for value in (50.0, 0.5, 0.5, adv)]
    for (row, symbol), values in fired.items():
        for panel, value in zip(panels, values, strict=False):
            panel[row, market_data.bars.symbols.index(symbol)] = value
    return Forecasts(*panels)
