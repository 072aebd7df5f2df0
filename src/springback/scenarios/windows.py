"""Named windows of the past, cut out of the base run."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from springback.backtest.result import Result
from springback.market.market_data import MarketData
from springback.scenarios.scenario_run import RuleRun
from springback.statistics.paths import falls
from springback.statistics.returns import account_returns, sharpe

SLACK = np.timedelta64(5, "D")  # a window may begin or end on holidays


@dataclass(frozen=True)
class Window:
    """`start` and `end` are days, both included; `daily`: its course is shown session by session."""

    name: str
    start: str
    end: str
    words: str
    daily: bool = False


WINDOWS = (
    Window("2018 Q4", "2018-10-01", "2018-12-31", "rates and trade war; S&P 500 −14 % in the quarter"),
    Window("COVID crash", "2020-02-01", "2020-04-30", "S&P 500 −34 % from 19 February to 23 March, VIX 83", daily=True),
    Window("2021 meme squeeze", "2021-01-04", "2021-02-26", "crowded shorts bid up by retail traders, GameStop first"),
    Window("2022 bear market", "2022-01-03", "2022-10-12", "S&P 500 −25 % from its high of 3 January, without one great shock"),
)


@dataclass(frozen=True, eq=False)
class Day:
    """One session of a window: VIX and its mean, whether its decision saw the bear regime, long and short value over equity (short
    negative), equity over the close before the window."""

    date: str
    vix: float
    mean: float
    bear: bool
    long: float
    short: float
    worth: float


@dataclass(frozen=True, eq=False)
class Slice:
    """A window of the base run. `covered` whole, partly or not; then the rest is NaN or 0 and `why` says what to set. Trades are those
    entered in the window; `flips` how often the regime turned; `benchmark` its return, NaN where there is none."""

    window: Window
    covered: str
    why: str
    sessions: int = 0
    total_return: float = float("nan")
    benchmark: float = float("nan")
    sharpe: float = float("nan")
    max_drawdown: float = float("nan")
    worst_day: float = float("nan")
    worst_date: str = ""
    trades: int = 0
    win_rate: float = float("nan")
    bear: int = 0
    flips: int = 0
    days: tuple[Day, ...] = ()


def slices(run: RuleRun, min_sessions: int = 252) -> tuple[Slice, ...]:
    """Every window of `WINDOWS`, covered or not. `min_sessions` of history must stand before the first forecast."""
    return tuple(cut(run, window, min_sessions) for window in WINDOWS)


def cut(run: RuleRun, window: Window, min_sessions: int = 252) -> Slice:
    """One window."""
    result, sessions = run.result, run.result.sessions
    start, end = np.datetime64(window.start), np.datetime64(window.end)
    first, stop = int(np.searchsorted(sessions, start)), int(np.searchsorted(sessions, end, side="right"))
    covered, why = _covered(result, window, min_sessions)
    if covered == "not":
        return Slice(window, covered, why)
    returns = account_returns(result)[first:stop]
    bear = result.daily["bear"][first:stop] == 1
    entered = result.trades["entry_row"].astype(np.int64) - result.first
    profits = result.trades["profit"][(entered >= first) & (entered < stop)]
    worst = int(np.argmin(np.nan_to_num(returns, nan=np.inf)))
    return Slice(
        window,
        covered,
        why,
        sessions=stop - first,
        total_return=float(np.prod(1 + returns[~np.isnan(returns)]) - 1) if not np.isnan(returns[0]) else float("nan"),
        benchmark=_benchmark(run.inputs.market_data, result, first, stop),
        sharpe=sharpe(run.excess[first:stop]),
        max_drawdown=float(falls(returns[None])[0][0]),
        worst_day=float(returns[worst]),
        worst_date=str(sessions[first + worst]),
        trades=len(profits),
        win_rate=float(np.mean(profits > 0)) if len(profits) else float("nan"),
        bear=int(bear.sum()),
        flips=int(np.count_nonzero(np.diff(bear.astype(np.int64)))),
        days=_days(result, first, stop) if window.daily else (),
    )


def _covered(result: Result, window: Window, min_sessions: int) -> tuple[str, str]:
    first, last = result.sessions[0], result.sessions[-1]
    early, late = first > np.datetime64(window.start) + SLACK, last < np.datetime64(window.end) - SLACK
    if not early and not late:
        return "whole", ""
    needs = [f"backtest.start={window.start} or earlier, with bars from at least {min_sessions} sessions before"] if early else []
    needs += [f"backtest.end={window.end} or later"] if late else []
    why = f"the backtest runs {first} to {last}: set {' and '.join(needs)}"
    inside = first <= np.datetime64(window.end) and last >= np.datetime64(window.start)
    return ("partly" if inside else "not"), why


def _benchmark(market_data: MarketData, result: Result, first: int, stop: int) -> float:
    if market_data.benchmark is None:
        return float("nan")
    before = max(result.first + first - 1, 0)
    return float(market_data.benchmark[result.first + stop - 1] / market_data.benchmark[before] - 1)


def _days(result: Result, first: int, stop: int) -> tuple[Day, ...]:
    daily = result.daily
    equity = daily["equity"]
    base = equity[first - 1] if first else result.cash
    return tuple(
        Day(
            date=str(result.sessions[k]),
            vix=float(daily["vix"][k]),
            mean=float(daily["vix_sma15"][k]),
            bear=bool(daily["bear"][k] == 1),
            long=float(daily["long_value"][k] / equity[k]),
            short=float(daily["short_value"][k] / equity[k]),
            worth=float(equity[k] / base),
        )
        for k in range(first, stop)
    )


def spells(days: tuple[Day, ...]) -> list[tuple[str, str | None]]:
    """(first session that saw the bear regime, first after it that did not) of each spell; None where the window ends before."""
    found: list[tuple[str, str | None]] = []
    for before, day in pairwise((None, *days)):
        was = before is not None and before.bear
        if day is not None and day.bear and not was:
            found.append((day.date, None))
        elif day is not None and was and not day.bear:
            found[-1] = found[-1][0], day.date
    return found
