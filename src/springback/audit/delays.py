"""How far the result falls when an input comes a session late. A measure: a real edge may fall as well."""

from dataclasses import replace

import numpy as np

from springback.analytics.significance import Numbers, sharpe_error
from springback.analytics.statistics import annual_return, sharpe
from springback.audit import surgery
from springback.audit.case import Case
from springback.audit.finding import Outcome
from springback.backtest.result import Result
from springback.market.forecasts import Forecasts

INPUTS = ("prices", "volume", "VIX", "membership", "forecasts")
TOO_GOOD = 3.0


def delayed(case: Case, inputs: str) -> Outcome:
    """The account with `inputs` a session late beside the account as it is; prices and volume are late for the features alone."""
    base = returns(case.base.result)
    tried = f"{inputs} one session late, {len(base):,} sessions"
    if inputs == "membership" and case.sample.members is None:
        return Outcome("SKIPPED", tried, "no membership is known")
    case.tell(f"{inputs} a session late")
    after = returns(_late(case, inputs))
    before, then = sharpe(base), sharpe(after)
    figures = {"sharpe": before, "sharpe_late": then, "annual": annual_return(base), "annual_late": annual_return(after)}
    if not np.isfinite(before):
        return Outcome("SKIPPED", tried, "the sample took no position", {})
    figures = {name: value for name, value in figures.items() if np.isfinite(value)}
    said = (
        f"Sharpe {before:.2f} \u2192 {then:.2f} (error {sharpe_error(base):.2f}), "
        f"a year {100 * figures['annual']:.1f} % \u2192 {100 * figures.get('annual_late', 0.0):.1f} %"
    )
    if before > max(TOO_GOOD, 3 * sharpe_error(base)) and not then > before / 3:
        return Outcome("WARN", tried, f"a suspicious collapse: {said}", figures)
    return Outcome("MEASURED", tried, said, figures)


def _late(case: Case, inputs: str) -> Result:
    pipeline, tape, base = case.pipeline, case.sample, case.base
    said = base.learned.forecasts
    if inputs == "forecasts":
        return pipeline.backtest(tape, Forecasts(*(surgery.behind(one) for one in (said.qpi, said.p_long, said.p_short, said.adv))))
    tardy = surgery.late(tape, inputs)
    if inputs == "VIX":
        return pipeline.backtest(replace(tape, vix=tardy.vix), said)
    eligible = pipeline.eligible(tardy) if inputs == "membership" else base.eligible
    features = base.features if inputs == "membership" else pipeline.features(tardy)
    return pipeline.backtest(tape, pipeline.forecast(tape, eligible, features).forecasts)


def returns(result: Result) -> Numbers:
    """Return of each session, a fraction."""
    equity = result.daily["equity"]
    return np.asarray(equity / np.concatenate([[result.cash], equity[:-1]]) - 1)
