"""How far the result falls when an input comes a session late. A measure: a real edge may fall as well."""

from dataclasses import replace

import numpy as np

from springback.analytics.figures import shown
from springback.auditing import counterfactuals
from springback.auditing.audit_finding import CheckResult
from springback.auditing.case import Case
from springback.backtest.result import Result
from springback.market.forecasts import Forecasts
from springback.statistics.returns import account_excess, account_returns, annual_return, lost, sharpe
from springback.statistics.significance import sharpe_error

INPUTS = ("prices", "volume", "VIX", "membership", "forecasts")
LATE_BY = {one: f"late {one}" for one in INPUTS}
"""The key of the check that brings an input late."""
TOO_GOOD = 3.0


def delayed(case: Case, inputs: str) -> CheckResult:
    """The account with `inputs` a session late beside the account as it is; prices and volume are late for the features alone."""
    base = case.base.result
    before = account_excess(base, case.sample)
    tried = f"{inputs} one session late, {len(before):,} sessions"
    if inputs == "membership" and case.sample.members is None:
        return CheckResult("SKIPPED", tried, "no membership is known")
    case.tell(f"{inputs} a session late")
    after = _late(case, inputs)
    now, then, error = sharpe(before), sharpe(account_excess(after, case.sample)), sharpe_error(before)
    years = annual_return(account_returns(base)), annual_return(account_returns(after))
    figures = {"sharpe": now, "sharpe_late": then, "sharpe_error": error, "annual": years[0], "annual_late": years[1]}
    if lost(before):
        return CheckResult("WARN", tried, "the account was lost: nothing can be said of a delay", {})
    if not np.isfinite(now):
        return CheckResult("SKIPPED", tried, "the sample took no position", {})
    figures = {name: value for name, value in figures.items() if np.isfinite(value)}
    ratios = f"Sharpe {shown(now, 'ratio')} \u2192 {shown(then, 'ratio')} (error {shown(error, 'ratio')})"
    said = f"{ratios}, a year {shown(years[0], 'fraction')} \u2192 {shown(years[1], 'fraction')}"
    if now > max(TOO_GOOD, 3 * error) and not then > now / 3:
        return CheckResult("WARN", tried, f"a suspicious collapse: {said}", figures)
    return CheckResult("MEASURED", tried, said, figures)


def _late(case: Case, inputs: str) -> Result:
    pipeline, market_data, base = case.pipeline, case.sample, case.base
    said = base.learned.forecasts
    if inputs == "forecasts":
        return pipeline.backtest(
            market_data, Forecasts(*(counterfactuals.behind(one) for one in (said.qpi, said.p_long, said.p_short, said.adv)))
        )
    tardy = counterfactuals.late(market_data, inputs)
    if inputs == "VIX":
        return pipeline.backtest(replace(market_data, vix=tardy.vix), said)
    eligible = pipeline.eligible(tardy) if inputs == "membership" else base.eligible
    features = base.features if inputs == "membership" else pipeline.features(tardy)
    return pipeline.backtest(market_data, pipeline.forecast(market_data, eligible, features).forecasts)
