"""On a market without an edge the pipeline finds none; on the same market with one planted it does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from springback.analytics.figures import shown
from springback.auditing.audit_finding import CheckResult
from springback.auditing.case import Case
from springback.auditing.noise import matched_noise
from springback.auditing.pipeline import Flags, Pipeline, PipelineRun, run_pipeline
from springback.backtest.result import Result
from springback.market.market_data import MarketData
from springback.statistics.returns import sharpe
from springback.statistics.significance import Numbers, block_rows, sharpe_error
from springback.training.evaluate import auc_by_day
from springback.training.judgement import Estimate, Part
from springback.training.labels import forward_return
from springback.training.rows import TrainingRows
from springback.training.training_settings import Training, Validation
from springback.validation.cuts import Cut
from springback.validation.validate import Judgeable, validate

REVERSAL = 0.5
"""Share of each move that the planted market gives back: strong enough to be seen in a small sample."""
ERRORS = 3.0
DRAWS = 400
BLOCK = 20
LEAST = 5
"""Independent sessions without which no error is known."""
CANARY = 0.01
"""AUC by which a random split of noise must exceed the purged one, and 0.5."""


@dataclass(frozen=True)
class MarketEvidence:
    """What a pipeline showed on one market: its judged forecasts, AUC by day of both sides, and the Sharpe ratio beyond the market's with
    its error.

    The error of the AUC by day takes one session in `horizon` for independent, since labels overlap: resampling in blocks, which the
    pooled AUC has, was up to a third too small on 390 sessions of noise.
    """

    part: Part
    day_long: Estimate
    day_short: Estimate
    sharpe: float
    error: float

    def surprise(self, one: Estimate) -> float:
        """How many errors an AUC lies from 0.5; 0 where it is unknown."""
        return (one.value - 0.5) / one.error if one.value is not None and one.error else 0.0

    def surprises(self) -> dict[str, float]:
        """Of the figures that noise must leave at 0.5."""
        return {name: self.surprise(one) for name, one in self.figures().items()}

    def figures(self) -> dict[str, Estimate]:
        """The four AUCs, by name."""
        pooled = {"AUC long": self.part.long.auc, "AUC short": self.part.short.auc}
        return pooled | {"AUC by day, long": self.day_long, "AUC by day, short": self.day_short}


def noise(case: Case) -> CheckResult:
    """Every figure of the forecasts within 3 errors of 0.5, and no more earned than luck gives; the canary, a random split of the
    rows, must show that a leak would be seen.

    What lies outside is drawn once more before it counts: one in a few hundred honest runs does.
    """
    case.tell("a market without an edge")
    run = run_pipeline(case.pipeline, matched_noise(case.crowd, case.draw(9)))
    evidence = examine(case.pipeline, run)
    fault = noise_fault(evidence)
    markets = 1
    if fault is not None:
        case.tell("another market without an edge")
        again = examine(case.pipeline, run_pipeline(case.pipeline, matched_noise(case.crowd, case.draw(9, 1))))
        evidence, fault, markets = again, noise_fault(again), 2
    careless = case.pipeline.careless(run.market_data, run.eligible, run.features)
    part = evidence.part
    tried = f"{markets} market{'' if markets == 1 else 's'} of matched noise, {part.rows:,} rows in {part.sessions:,} sessions"
    figures = {**_figures(evidence), **({} if careless is None else {"auc_random_split": careless})}
    said = f"AUC {_band(part.long.auc)}, by day {_band(evidence.day_long)}; Sharpe beyond the market "
    said += f"{shown(evidence.sharpe, 'ratio')} \u00b1 {evidence.error:.2f}"
    if fault is not None:
        return CheckResult("FAIL", tried, fault, figures)
    purged = part.long.auc.value
    if careless is None or purged is None or careless < max(purged, 0.5) + CANARY:
        careless_auc = shown(careless, "three")
        return CheckResult(
            "WARN", tried, f"the canary is silent, a random split shows AUC {careless_auc}: too little data for this check; {said}", figures
        )
    return CheckResult("PASS", tried, f"{said}; a random split would show AUC {careless:.3f}", figures)


def planted(case: Case) -> CheckResult:
    """The same noise with a known reversal: the pipeline must find it."""
    case.tell("a market with a planted edge")
    evidence = examine(case.pipeline, run_pipeline(case.pipeline, matched_noise(case.crowd, case.draw(9), REVERSAL)))
    best = max(evidence.surprise(evidence.day_long), evidence.surprise(evidence.day_short))
    tried = f"the same noise, {100 * REVERSAL:.0f} % of each move given back in 6 sessions, {evidence.part.rows:,} rows"
    said = f"AUC by day {_band(evidence.day_long)}, {best:.1f} errors above 0.5; Sharpe beyond the market {shown(evidence.sharpe, 'ratio')}"
    if best > ERRORS:
        return CheckResult("PASS", tried, f"found: {said}", _figures(evidence))
    return CheckResult("FAIL", tried, f"the edge that is there was not found: {said}", _figures(evidence))


def noise_fault(evidence: MarketEvidence) -> str | None:
    """None, or the figure that noise should not show."""
    for name, errors in evidence.surprises().items():
        if abs(errors) > ERRORS:
            return f"noise shows {name} {_band(evidence.figures()[name])}, {errors:+.1f} errors from 0.5: the future leaks"
    if evidence.sharpe > ERRORS * evidence.error:
        ratio = shown(evidence.sharpe, "ratio")
        return f"noise earns a Sharpe of {ratio} beyond the market, {evidence.sharpe / evidence.error:.1f} errors above 0: the future leaks"
    return None


def examine(pipeline: Pipeline, run: PipelineRun) -> MarketEvidence:
    """The forecasts judged on labels made here, and the account beyond what its exposure to the mean name gives."""
    beyond = beyond_market(run.market_data, run.result, run.eligible)
    ratio = sharpe(beyond)
    known = np.isfinite(ratio)
    rows, p_long, p_short = _rows(pipeline, run)
    days = [_by_day(rows, came, p, pipeline.horizon) for came, p in ((rows.forward > 0, p_long), (rows.forward < 0, p_short))]
    whole = _whole(run.market_data, rows, p_long, p_short)
    return MarketEvidence(whole, days[0], days[1], ratio if known else 0.0, sharpe_error(beyond) if known else 0.0)


def beyond_market(market_data: MarketData, result: Result, eligible: Flags) -> Numbers:
    """Returns of the account without interest, less its exposure of the evening before times the mean return of the universe.

    Symmetric log returns have a mean above zero, which any long book earns, and idle cash earns interest; neither is skill.
    """
    close = market_data.bars.close
    mean = np.zeros(len(close))
    for row in range(1, len(close)):
        moved = close[row] / close[row - 1] - 1.0
        kept = moved[eligible[row - 1] & np.isfinite(moved) & (np.abs(moved) < 0.5)]  # a split is no return
        mean[row] = kept.mean() if len(kept) else 0.0
    daily, first = result.daily, result.first
    exposure = (daily["long_value"] + daily["short_value"]) / daily["equity"]
    before = np.concatenate([[result.cash], daily["equity"][:-1]])
    gained = np.diff(daily["equity"], prepend=result.cash) + daily["financing"]
    return np.asarray(gained / before - np.concatenate([[0.0], exposure[:-1]]) * mean[first : first + len(exposure)])


def _rows(pipeline: Pipeline, run: PipelineRun) -> tuple[TrainingRows, Numbers, Numbers]:
    """The forecast rows whose label came, P_long and P_short (R,)."""
    market_data, said = run.market_data, run.learned.forecasts
    forward = forward_return(market_data.bars, market_data.actions, pipeline.horizon)
    session, name = np.nonzero(~np.isnan(said.p_long) & ~np.isnan(said.p_short) & ~np.isnan(forward))
    moved = forward[session, name]
    rows = TrainingRows(np.empty((len(session), 0), np.float32), moved, moved, session, name, session + pipeline.horizon)
    return rows, said.p_long[session, name], said.p_short[session, name]


def _by_day(rows: TrainingRows, came_true: Flags, probability: Numbers, horizon: int) -> Estimate:
    """Mean AUC of the sessions; its error as if one session in `horizon` were independent."""
    found = auc_by_day(came_true, probability, rows.session)
    if len(found) < LEAST * horizon:
        return Estimate(None, None, None, None)
    mean, error = float(found.mean()), float(found.std(ddof=1) * np.sqrt(horizon / len(found)))
    return Estimate(mean, error, mean - 1.96 * error, mean + 1.96 * error)


def _whole(market_data: MarketData, rows: TrainingRows, p_long: Numbers, p_short: Numbers) -> Part:
    one = Cut("whole", ("all",), np.zeros(len(rows), np.int64))

    def resample(count: int) -> NDArray[np.int64]:
        return block_rows(count, DRAWS, BLOCK, np.random.default_rng(1))

    judgeable = Judgeable(rows, p_long[None], p_short[None], market_data.bars.sessions, one)
    return validate("audit", judgeable, Training(threads=1), Validation(), resample, (None, None)).whole


def _band(one: Estimate) -> str:
    return "unknown" if one.value is None or one.error is None else f"{one.value:.3f} \u00b1 {one.error:.3f}"


def _figures(evidence: MarketEvidence) -> dict[str, float]:
    keys = {name: name.lower().replace(",", "").replace(" ", "_") for name in evidence.figures()}
    found = {keys[name]: one.value for name, one in evidence.figures().items()}
    found |= {f"{keys[name]}_error": one.error for name, one in evidence.figures().items()}
    return {name: value for name, value in found.items() if value is not None} | {"sharpe": evidence.sharpe, "sharpe_error": evidence.error}
