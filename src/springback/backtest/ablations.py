"""What each part of the rule did: the same backtest once more without it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from springback.backtest.result import Result
from springback.backtest.run import Backtest, backtest
from springback.backtest.state import LoopInputs
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.strategy.decide import FUNNEL, LONG
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.rule import BEYOND_YESTERDAY, ENTRY, REGIME, STOP_LOSS, TIME_STOP

NEVER = 1e9


@dataclass(frozen=True, eq=False)
class Ablation:
    """One part of the rule: how many decisions it touched, out of how many, and the run without it.

    `could`: in how many cases it was due, counted from prices, VIX and fills and not from what it did. `touched` 0 where it was due
    means that the part is not applied: an alarm. Where it was never due (no bear session, nothing fell so far) it had nothing to do.
    """

    name: str
    touched: int
    among: int
    of_what: str
    could: int
    without: Result


class _Part(NamedTuple):
    """The counts of an `Ablation`, and what the run without the part has of its own; None: what the base has."""

    name: str
    touched: int
    among: int
    of_what: str
    could: int
    forecasts: Forecasts | None = None
    strategy: Strategy | None = None
    regime: Regime | None = None


def ablations(
    base: Result,
    market_data: MarketData,
    forecasts: Forecasts,
    account: Backtest,
    strategy: Strategy,
    regime: Regime,
    costs: Costs,
    inputs: LoopInputs | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> list[Ablation]:
    """Model, regime, stop, time stop and ADV cap, then the variants that are on, each taken away in turn from the run `base`.

    `count(strategy)` says how many they are. All runs are in dollars and shares.
    """

    def without(part: _Part) -> Result:
        report(part.name)
        own = part.forecasts or forecasts
        ready = None if inputs is None else inputs._replace(p_long=own.p_long, p_short=own.p_short, adv=own.adv)
        return backtest(market_data, own, account, part.strategy or strategy, part.regime or regime, costs, inputs=ready)

    parts = (
        _model(base, forecasts, strategy),
        _regime(base, regime),
        *_stops(base, market_data, strategy),
        _adv_cap(base, forecasts, strategy),
        *_variants(base, strategy),
    )
    return [Ablation(*part[:5], without=without(part)) for part in parts]


def _model(base: Result, forecasts: Forecasts, strategy: Strategy) -> _Part:
    refused = _left_at(base, "below_probability")
    could = refused + _doubted(base, forecasts, strategy)
    return _Part("model", refused, _put_to_the_model(base), "candidates it refused", could, forecasts=unmodelled(forecasts))


def _regime(base: Result, regime: Regime) -> _Part:
    resized = _orders_of(base, REGIME)
    of_what = "entries it sized for a bear" if regime.scope == "entries" else "entries it sized for a bear, and sizes it changed"
    due = _entries_in(base, base.daily["vix"] > regime.multiple * base.daily["vix_sma15"])
    among = _orders_of(base, ENTRY) + resized
    return _Part("regime", _bear_entries(base) + resized, among, of_what, due, regime=replace(regime, multiple=NEVER))


def _stops(base: Result, market_data: MarketData, strategy: Strategy) -> Iterator[_Part]:
    """The stop, where there is one, and the time stop."""
    exits = _exits(base)
    if strategy.stop_mode != "none":
        stops = int(np.sum(base.fills["reason"] == STOP_LOSS))
        could = fallen(base, market_data, strategy)
        yield _Part("stop", stops, exits, "exits at the stop", could, strategy=replace(strategy, stop_mode="none"))
    timed, could = _orders_of(base, TIME_STOP), _held_for(base, strategy.holding_sessions)
    yield _Part("time stop", timed, exits, "exits by time", could, strategy=replace(strategy, holding_sessions=int(NEVER)))


def _adv_cap(base: Result, forecasts: Forecasts, strategy: Strategy) -> _Part:
    capped, free = _capped(base, forecasts, strategy), replace(strategy, max_adv_fraction=NEVER)
    return _Part("ADV cap", capped, _orders_of(base, ENTRY), "entries it made smaller", capped, strategy=free)


def _variants(base: Result, strategy: Strategy) -> Iterator[_Part]:
    """The variants that are on."""
    if strategy.exit_rule != "none":
        beyond, plain = _orders_of(base, BEYOND_YESTERDAY), replace(strategy, exit_rule="none")
        yield _Part("yesterday's range", beyond, _exits(base), "exits beyond yesterday's range", beyond, strategy=plain)
    asked, what = _put_to_the_model(base), "candidates it refused"
    if strategy.trend != "off":
        against = _left_at(base, "against_trend")
        yield _Part("trend", against, against + asked, what, against, strategy=replace(strategy, trend="off"))
    if strategy.cool_down:
        cooling = _left_at(base, "cooling")
        could = cooling + _again(base, strategy.cool_down)
        yield _Part("cool-down", cooling, cooling + asked, what, could, strategy=replace(strategy, cool_down=0))


def _orders_of(base: Result, reason: int) -> int:
    return int(np.sum(base.orders["reason"] == reason))


def _exits(base: Result) -> int:
    """Orders that neither open a position nor bring one to the size of a regime."""
    return len(base.orders["reason"]) - _orders_of(base, ENTRY) - _orders_of(base, REGIME)


def _left_at(base: Result, stage: str) -> int:
    """Names that left the funnel at `stage`."""
    return int(base.funnel[:, :, FUNNEL.index(stage)].sum())


def _put_to_the_model(base: Result) -> int:
    return int(base.funnel[:, :, FUNNEL.index("below_probability") :].sum())


def count(strategy: Strategy) -> int:
    """How many ablations there are: four parts of the rule, the stop, and the variants that are on."""
    return 4 + (strategy.stop_mode != "none") + (strategy.exit_rule != "none") + (strategy.trend != "off") + (strategy.cool_down > 0)


def unmodelled(forecasts: Forecasts) -> Forecasts:
    """The QPI rule alone: every ranked name passes, and QPI alone ranks."""
    sure = np.where(np.isnan(forecasts.p_long), np.nan, 1.0)
    return replace(forecasts, p_long=sure, p_short=np.where(np.isnan(forecasts.p_short), np.nan, 1.0))


def _bear_entries(base: Result) -> int:
    return _entries_in(base, base.daily["bear"] == 1)


def _entries_in(base: Result, sessions: NDArray[np.bool_]) -> int:
    """Entries decided on some of the run's sessions."""
    rows = base.orders["row"][base.orders["reason"] == ENTRY].astype(np.int64) - base.first
    return int(np.sum(sessions[rows]))


def _doubted(base: Result, forecasts: Forecasts, strategy: Strategy) -> int:
    """Entries whose probability was no reason to enter."""
    entry = base.orders["reason"] == ENTRY
    rows, names = base.orders["row"][entry].astype(np.int64), base.orders["name"][entry].astype(np.int64)
    said = np.where(base.orders["quantity"][entry] > 0, forecasts.p_long[rows, names], forecasts.p_short[rows, names])
    return int(np.sum(said <= strategy.probability))


def _held_for(base: Result, sessions: int) -> int:
    """Positions that were held for so many sessions, closed ones and those still open at the end."""
    closed = base.trades["exit_row"] - base.trades["entry_row"]
    opened = base.fills["row"][base.fills["reason"] == ENTRY]
    still = len(opened) - len(closed)
    last = base.first + len(base.sessions) - 1
    return int(np.sum(closed >= sessions) + min(still, np.sum(last - opened >= sessions)))


def fallen(base: Result, market_data: MarketData, strategy: Strategy) -> int:
    """Closed positions whose closes, or lows and highs where stops rest, went beyond the stop before the session in which they left.

    Positions in names that split while they were held are left out.
    """
    split = {(int(row), int(name)) for row, name in zip(market_data.actions.row, market_data.actions.name, strict=True)}
    resting = strategy.stop_mode == "intraday"
    count = 0
    trades = (base.trades[name].astype(np.int64) for name in ("name", "side", "entry_row", "exit_row"))
    for name, side, entry, end, price in zip(*trades, base.trades["entry_price"], strict=True):
        if any((row, name) in split for row in range(entry, end + 1)):
            continue
        seen = (market_data.bars.low if side == LONG else market_data.bars.high) if resting else market_data.bars.close
        path = seen[entry + 1 if resting else entry : end, name] / price
        count += int(np.any(path < 1 - strategy.stop_loss) if side == LONG else np.any(path > 1 + strategy.stop_loss))
    return count


def _again(base: Result, within: int) -> int:
    """Positions opened in a name and side that was left fewer than `within` sessions before."""
    order = np.lexsort((base.trades["entry_row"], base.trades["side"], base.trades["name"]))
    name, side, entry, end = (base.trades[column][order] for column in ("name", "side", "entry_row", "exit_row"))
    same = (name[1:] == name[:-1]) & (side[1:] == side[:-1])
    return int(np.sum(same & (entry[1:] - end[:-1] < within)))


def _capped(base: Result, forecasts: Forecasts, strategy: Strategy) -> int:
    entry = base.orders["reason"] == ENTRY
    rows, names = base.orders["row"][entry].astype(np.int64), base.orders["name"][entry].astype(np.int64)
    sizes = np.abs(base.orders["quantity"][entry])
    caps = np.floor(strategy.max_adv_fraction * forecasts.adv[rows, names])
    return int(np.sum(sizes >= caps))
