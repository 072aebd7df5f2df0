"""A model learns only from labels that were known, and from no row that has none."""

import numpy as np

from springback.auditing import counterfactuals
from springback.auditing.audit_finding import CheckResult, judged
from springback.auditing.case import Case
from springback.auditing.difference import models_fault
from springback.auditing.pipeline import ModelForecasts, PipelineRun
from springback.market.market_data import MarketData


def poisoned(case: Case) -> CheckResult:
    """After a retraining date the next closes move at random, and before it the volumes of the sessions whose labels are still unknown.

    Neither may change the model: its newest usable row is `horizon` sessions old. The volumes give away rows that were taken in with a
    label made up for them, which changed labels alone would not.
    """
    bars, horizon = case.sample.bars, case.pipeline.horizon
    dates = [row for row in map(bars.row, case.base.learned.models) if row + 2 < bars.shape[0]]
    picked = sorted(case.draw(3).permutation(dates)[: case.retrainings].tolist())
    fault = None
    for k, row in enumerate(picked):
        case.tell(f"labels unknown on {bars.sessions[row]}")
        known = case.sample.until(min(row + horizon + 2, bars.shape[0]))
        rng, shape = case.draw(3, k), known.bars.shape
        prices, volumes = np.ones(shape), np.ones(shape)
        prices[row + 1 :] = np.exp(rng.choice([-0.4, 0.4], (shape[0] - row - 1, shape[1])))
        volumes[row + 1 - horizon : row + 1] = np.exp(rng.normal(0, 1, (horizon, shape[1])))
        other = _taught(case, counterfactuals.scaled(known, prices, volumes))
        fault = fault or models_fault(case.base, other, str(bars.sessions[row]))
    tried = f"{len(picked)} retraining date{'' if len(picked) == 1 else 's'}, labels of the last {horizon} sessions"
    if not picked:
        return CheckResult("SKIPPED", tried, "no model was trained inside the sample")
    return judged(fault and f"{fault} with labels that were not known yet", tried, "no model changed")


def unlabelled(case: Case) -> CheckResult:
    """The volumes of a name's last `horizon` bars before it ends, whose outcome never came, change no model."""
    market_data, horizon = case.sample, case.pipeline.horizon
    newest = max(map(market_data.bars.row, case.base.learned.models), default=0)
    ended = np.flatnonzero((market_data.last >= horizon) & (market_data.last < newest - horizon))
    tried = f"{len(ended)} names that ended, their last {horizon} bars"
    if len(ended) == 0:
        return CheckResult("SKIPPED", tried, "no name of the sample ends before its last retraining")
    case.tell("rows without a label")
    rng, volumes = case.draw(4), np.ones(market_data.bars.shape)
    for name in ended:
        rows = slice(int(market_data.last[name]) + 1 - horizon, int(market_data.last[name]) + 1)
        volumes[rows, name] = np.exp(rng.normal(0, 1, horizon))
    fault = models_fault(case.base, _taught(case, counterfactuals.scaled(market_data, volumes=volumes)), str(market_data.bars.sessions[-1]))
    return judged(fault and f"{fault}: it learned from rows without a label", tried, "no model changed")


def _taught(case: Case, market_data: MarketData) -> PipelineRun:
    """Models of `market_data` under the universe as it was, so that a changed volume cannot change who is in it."""
    eligible = case.base.eligible[: market_data.bars.shape[0]]
    features = case.pipeline.features(market_data)
    learned: ModelForecasts = case.pipeline.forecast(market_data, eligible, features)
    return PipelineRun(market_data, eligible, features, learned, case.base.result)
