"""How far back the data reach must not matter beyond the windows; nor in what order they came, nor what a name is called."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from springback.auditing import counterfactuals
from springback.auditing.audit_finding import CheckResult, judged
from springback.auditing.case import Case
from springback.auditing.difference import orders_fault, panel_fault
from springback.market.bars import FIELDS, Panel
from springback.market.forecasts import Forecasts


def warm_up(case: Case) -> CheckResult:
    """The market data begins later; beyond the windows features, universe and, with the same forecasts, orders are the same."""
    pipeline, bars = case.pipeline, case.sample.bars
    latest = case.base.result.first - pipeline.look_back
    if latest < 1:
        return CheckResult("SKIPPED", f"{case.base.result.first} sessions before the backtest", f"the rule looks back {pipeline.look_back}")
    starts = sorted({int(one) for one in case.draw(5).integers(1, latest + 1, len(case.at))})
    fault, values = None, 0
    for first in starts:
        case.tell(f"the data begin on {bars.sessions[first]}")
        market_data = counterfactuals.since(case.sample, first)
        warm, ready = pipeline.window - 1, pipeline.look_back - 1
        features = pipeline.features(market_data)[warm:]
        fault = fault or panel_fault("features", case.base.features[first + warm :], features, bars, pipeline.named, first + warm)
        values += int((~np.isnan(features)).sum())
        eligible = pipeline.eligible(market_data)[ready:]
        fault = fault or panel_fault("universe", case.base.eligible[first + ready :], eligible, bars, first=first + ready)
        result = pipeline.backtest(market_data, _each(case.base.learned.forecasts, partial(_from, first)))
        moved = replace(result, orders={**result.orders, "row": result.orders["row"] + first}, first=result.first + first)
        fault = fault or orders_fault(case.base.result, moved, bars.shape[0])
    orders = len(case.base.result.orders["row"])
    return judged(fault, f"{len(starts)} later beginnings: {values:,} features, {orders:,} orders each", "all equal to the last bit")


def shuffled(case: Case) -> CheckResult:
    """The source's rows in another order give the same bars."""
    bars = case.sample.bars
    row, name = np.nonzero(~np.isnan(bars.close))
    fault = None
    for k in range(2):
        case.tell("rows in another order")
        order = case.draw(6, k).permutation(len(row))
        columns = {field: getattr(bars, field)[row[order], name[order]] for field in FIELDS}
        read = case.pipeline.read(bars.sessions[row[order]], [bars.symbols[j] for j in name[order]], columns)
        own = bars.of(read.symbols)
        if read.sessions.tolist() != bars.sessions.tolist():
            fault = fault or f"sessions: {len(bars.sessions):,} became {len(read.sessions):,}"
            continue
        for field in FIELDS:
            fault = fault or panel_fault(field, getattr(own, field), getattr(read, field), bars if own.shape == bars.shape else own)
    return judged(fault, f"2 orders of {len(row):,} rows", "the same bars")


def renamed(case: Case) -> CheckResult:
    """Symbols dealt out anew, so that every column moves: features, universe and orders follow the name, not the place.

    The forecasts move along, with ties of probability broken by a number that belongs to the name: alphabetical order, which breaks them
    in the rule, is the one thing that may depend on names. Models are not retrained: a sum in another order has other last bits.
    """
    pipeline, base, names = case.pipeline, case.base, case.sample.bars.shape[1]
    case.tell("names dealt out anew")
    order = case.draw(7).permutation(names)
    market_data = counterfactuals.relabelled(case.sample, order)
    fault = panel_fault("features", base.features[:, order], pipeline.features(market_data), market_data.bars, pipeline.named)
    fault = fault or panel_fault("universe", base.eligible[:, order], pipeline.eligible(market_data), market_data.bars)
    distinct = case.draw(7, 1).permutation(names) * 1e-9
    apart = replace(
        base.learned.forecasts, p_long=base.learned.forecasts.p_long + distinct, p_short=base.learned.forecasts.p_short + distinct
    )
    one = pipeline.backtest(case.sample, apart)
    two = pipeline.backtest(market_data, _each(apart, lambda panel: panel[:, order]))
    before, after = _sorted(one.orders, np.argsort(order)), _sorted(two.orders, np.arange(names))
    moved = replace(one, orders=before, symbols=two.symbols), replace(two, orders=after)
    fault = fault or orders_fault(*moved, case.sample.bars.shape[0])
    return judged(
        fault, f"{names:,} names, {base.features.size:,} features, {len(one.orders['row']):,} orders", "only ties depend on names"
    )


def _from(first: int, panel: Panel) -> Panel:
    return panel[first:]


def _sorted(orders: dict[str, NDArray[np.float64]], place: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Orders by session and name, each name as the column `place[name]`: within a session they are sent in alphabetical order."""
    name = place[orders["name"].astype(np.int64)].astype(np.float64)
    by = np.lexsort((orders["quantity"], orders["reason"], name, orders["row"]))
    return {key: (name if key == "name" else column)[by] for key, column in orders.items()}


def _each(forecasts: Forecasts, change: Callable[[Panel], Panel]) -> Forecasts:
    """`change` done to all four panels."""
    panels: list[Panel] = [
        np.ascontiguousarray(change(panel)) for panel in (forecasts.qpi, forecasts.p_long, forecasts.p_short, forecasts.adv)
    ]
    return Forecasts(*panels)
