"""The shocks: each a pure function from the inputs of a run, and what was held in it, to other inputs.

Forecasts are those of the base run in all of them: a shock tests what the rule does with a position, not what a model would have said of
invented prices. A halted name alone loses its forecasts, because its features would miss the bars.
"""

from dataclasses import replace

import numpy as np

from springback.market.costs import Costs
from springback.scenarios.positions import held, split_factor
from springback.scenarios.prices import LOOK_BACK, blanked, closed, shifted, unranked
from springback.scenarios.scenario_run import RuleRun, ScenarioInputs

Struck = tuple[ScenarioInputs, int]
"""The inputs after one event, and how many positions it touched."""

VIX_OF_2001 = 41.76 / 31.84
"""VIX at the close of 17 September 2001 over that of 10 September (Cboe)."""
VIX_SESSIONS = 5


def gap(run: RuleRun, day: np.datetime64, share: float, stop: float) -> Struck:
    """Every position held at the close of `day` opens the next session `share` beyond its stop, and its prices stay there.

    A long bought at E opens at E x (1 - stop) x (1 - share), a short at E x (1 + stop) x (1 + share); from then on all prices of the name
    are those of the market data times the same factor. A name without an open that session, or one already beyond, is left alone."""
    market_data, bars = run.inputs.market_data, run.inputs.market_data.bars
    row = bars.row(day) + 1
    book = held(run.result, market_data.actions, row - 1)
    sign = np.sign(book.quantity)
    target = book.entry * split_factor(market_data.actions, row, book.name) * (1 - sign * stop) * (1 - sign * share)
    open_ = bars.printed("open")[row, book.name]
    struck = sign * open_ > sign * target  # False for NaN
    factor = np.ones(bars.shape[1])
    factor[book.name[struck]] = target[struck] / open_[struck]
    return replace(run.inputs, market_data=shifted(market_data, row, factor)), int(struck.sum())


def halt(run: RuleRun, day: np.datetime64, names: int, sessions: int) -> Struck:
    """The `names` positions that lose most dollars on `day` do not trade that day and the next `sessions` - 1; they reopen at the market
    data's price.

    They have no forecast until 20 sessions after they reopen, when their features are whole again. A name whose series ends meanwhile is
    not halted.
    """
    market_data, bars = run.inputs.market_data, run.inputs.market_data.bars
    row = bars.row(day)
    end = min(row + sessions, bars.shape[0])
    book = held(run.result, market_data.actions, row - 1)
    before = bars.close[row - 1, book.name] * split_factor(market_data.actions, row, book.name)
    change = book.quantity * (bars.close[row, book.name] - before)
    worst = [k for k in np.argsort(change, kind="stable") if change[k] < 0 and market_data.last[book.name[k]] >= end][:names]
    chosen = book.name[worst]
    if len(chosen) == 0:
        return run.inputs, 0
    said = unranked(run.inputs.forecasts, row, end + LOOK_BACK, chosen)
    return replace(run.inputs, market_data=blanked(market_data, row, end, chosen), forecasts=said), len(chosen)


def close_market(run: RuleRun, day: np.datetime64, sessions: int, fall: float) -> Struck:
    """The exchange stays shut for `sessions` sessions after `day`, then all names open `fall` below the market data's prices and stay
    there.

    The shut sessions are no sessions: nothing is decided, no holding day counts, interest and borrow fees run on. VIX is the market data's
    times 1.31 on the 5 sessions after reopening, as in 2001."""
    market_data = run.inputs.market_data
    row = market_data.bars.row(day)
    count = len(held(run.result, market_data.actions, row).name)
    shut, said = closed(market_data, run.inputs.forecasts, row + 1, row + 1 + sessions)
    vix = shut.vix.copy()
    vix[row + 1 : row + 1 + VIX_SESSIONS] *= VIX_OF_2001
    benchmark = None if shut.benchmark is None else shut.benchmark.copy()
    if benchmark is not None:
        benchmark[row + 1 :] *= 1 - fall
    fallen = shifted(shut, row + 1, np.full(market_data.bars.shape[1], 1 - fall))
    return replace(run.inputs, market_data=replace(fallen, vix=vix, benchmark=benchmark), forecasts=said), count


def costlier(costs: Costs, times: float) -> Costs:
    """Every cost of the profile `realistic`, dollars and rates, times `times`: commission with its minimum and cap, spread, impact,
    borrow, and the margins on debit and credit interest. What may be shorted and what a delisting pays stay."""
    first, second, third, fourth = costs.half_spread_bp
    return replace(
        costs,
        commission_per_share=costs.commission_per_share * times,
        commission_minimum=costs.commission_minimum * times,
        commission_cap=costs.commission_cap * times,
        half_spread_bp=(first * times, second * times, third * times, fourth * times),
        impact_bp=costs.impact_bp * times,
        borrow_general=costs.borrow_general * times,
        borrow_hard=costs.borrow_hard * times,
        debit_over=costs.debit_over * times,
        credit_under=costs.credit_under * times,
    )


def recalled(inputs: ScenarioInputs, chance: float, rng: np.random.Generator) -> ScenarioInputs:
    """Each session each lender asks with `chance` for his shares back: a short of that name is bought back at the open, at the usual costs.

    The draws are one a name and session, whoever is held, so they do not change with the book. The name may be borrowed again the next day.
    """
    return replace(inputs, recalls=rng.random(inputs.market_data.bars.shape) < chance)


def late_vix(inputs: ScenarioInputs) -> ScenarioInputs:
    """The regime of each session reads the VIX close of the session before, as if the day's came after the decision; its own where that one
    is unknown."""
    vix = inputs.market_data.vix
    before = np.concatenate([vix[:1], vix[:-1]])
    return replace(inputs, market_data=replace(inputs.market_data, vix=np.where(np.isnan(before), vix, before)))
