"""From a backtest to the material of its report: both profiles, cost sweep, overlays, and how the forecasts did."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.analytics.figures import shown
from springback.analytics.performance import daily_rate, returns_of
from springback.analytics.report_data import Account, ReportData
from springback.analytics.summary import summarise
from springback.backtest.ablations import Ablation, ablations, count
from springback.backtest.result import Result, daily_frame, fills_frame, funnel_frame, orders_frame, positions_frame, trades_frame
from springback.backtest.run import span
from springback.features import FEATURES
from springback.market.actions import KINDS
from springback.market.costs import PROFILES
from springback.market.forecasts import Forecasts
from springback.market.market_data import BANKRUPT, MarketData, payouts
from springback.market.prose import prose
from springback.quality import gate
from springback.statistics.returns import annual_return, sharpe
from springback.strategy.rule import DELISTING
from springback.training.evaluate import Side, judge
from springback.training.labels import forward_return, tradable_return
from springback.training.rows import QPI, TrainingRows
from springback.workflow.backtests import loop_inputs, simulate
from springback.workflow.forecasts import Choice, forecasts_for
from springback.workflow.models import evaluation_of
from springback.workflow.prepare import PreparedData
from springback.workflow.progress import SILENT, Progress, counter
from springback.workflow.provenance import provenance
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, dated, under

SWEEP = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0)


def gather(
    market_data: MarketData,
    forecasts: Forecasts,
    settings: Settings,
    record: Recorder,
    in_sample: bool = False,
    evaluation: dict[str, Any] | None = None,
    progress: Progress = SILENT,
) -> ReportData:
    """Runs both profiles, the sweep and the overlays, and gathers all that the report shows.

    The headline is a trial, which `record` writes down. Raises `Unwritable`, `LedgerError` before the work.
    """
    record.ready()
    settings = dated(settings, market_data)
    market_data = gate.accused(market_data, settings.quality)
    runs = _runs(market_data, forecasts, settings, record, counter(progress.step("backtest"), 2 + len(SWEEP) + count(settings.strategy)))
    headline = next(iter(runs.profiles.values()))
    stands = record.standing(market_data, headline.sessions)
    more = prose((*left_out(market_data, settings), *endings_held(market_data, headline, settings)))
    universe = universe_of(market_data, forecasts)
    return ReportData(
        accounts=tuple(account(result, name) for name, result in runs.profiles.items()),
        start=str(settings.backtest.start),
        end=str(settings.backtest.end),
        provenance=provenance(market_data, record.hash_of(market_data), settings, universe, record.command, more=more),
        models=record.models,
        in_sample=in_sample,
        ranked=int((~np.isnan(forecasts.qpi)).any(axis=0).sum()),
        search=stands.search,
        ledger_fault=stands.fault,
        benchmark=_series(market_data, market_data.benchmark),
        risk_free=runs.rate,
        events=_events(market_data),
        **judgement(market_data, forecasts, settings),
        importance=importance_of(evaluation),
        cost_sweep=pd.DataFrame(runs.sweep),
        ablations=pd.DataFrame([_ablation_row(one, runs.rate) for one in runs.ablations]),
        funnel=funnel_frame(headline).reset_index(names="side"),
        missing={} if evaluation else {"importance": "no evaluation lies beside the models: run 'springback train'"},
    )


@dataclass(frozen=True, eq=False)
class _Runs:
    """The backtests of a report: `profiles` by name, the headline first; what is left with so many basis points a side on top; the rule
    without each of its parts. `rate` is the risk-free rate of each session.
    """

    profiles: dict[str, Result]
    sweep: list[dict[str, float]]
    ablations: list[Ablation]
    rate: "pd.Series[float] | None"


def _runs(market_data: MarketData, forecasts: Forecasts, settings: Settings, record: Recorder, say: Callable[[str], None]) -> _Runs:
    """All of them; the headline is written down as soon as it is known."""
    inputs = loop_inputs(market_data, forecasts, settings)
    own = settings.backtest.profile
    profiles: dict[str, Result] = {}
    for name in (own, *(one for one in PROFILES if one != own)):
        say(f"profile {name}")
        profiles[name] = simulate(market_data, forecasts, under(settings, name), inputs=inputs)
        if name == own:
            record.backtest(market_data, settings, profiles[name])
    rate = _series(market_data, market_data.risk_free)
    sweep = []
    for bp in SWEEP:
        say(f"{bp:g} bp a side")
        sweep.append({"bp": bp, **_outcome(simulate(market_data, forecasts, under(settings, "lean"), bp, inputs), rate)})
    parts = settings.backtest, settings.strategy, settings.regime, settings.costs
    without = ablations(profiles[own], market_data, forecasts, *parts, inputs, lambda name: say(f"no {name}"))
    return _Runs(profiles, sweep, without, rate)


def _ablation_row(one: Ablation, rate: "pd.Series[float] | None") -> dict[str, Any]:
    own = {"overlay": one.name, "touched": one.touched, "among": one.among, "of_what": one.of_what, "could": one.could}
    return own | _outcome(one.without, rate)


def backtest_and_report(settings: Settings, prepared: PreparedData, choice: Choice, progress: Progress, record: Recorder) -> ReportData:
    """The report of a backtest by the forecasts of `choice`. Raises as `forecasts_for` and `gather` do."""
    by = forecasts_for(settings, prepared, choice, progress)
    evaluation = None if choice.file else evaluation_of(choice.models)
    return gather(prepared.market_data, by.forecasts, settings, record.of(by.words), by.in_sample, evaluation, progress)


def account(result: Result, profile: str) -> Account:
    """The frames of one run under its profile, in dollars and shares."""
    frames = (daily_frame(result), fills_frame(result), orders_frame(result), trades_frame(result), positions_frame(result))
    return Account(profile, result.cash, *frames)


def endings_held(market_data: MarketData, result: Result, settings: Settings) -> tuple[str, ...]:
    """One line on the names that were held when their series ended, and how many the policy for endings touched; none when none was."""
    fills = result.fills
    ended = np.flatnonzero(fills["reason"].astype(int) == DELISTING)
    if len(ended) == 0:
        return ()
    name, price = fills["name"][ended].astype(int), fills["price"][ended]
    bankrupt = market_data.ending[name] == BANKRUPT
    known = ~np.isnan(payouts(market_data)[name])
    realistic = settings.backtest.profile == "realistic"  # the other profile charges nothing, and its last close is of the last bar
    touched = ~known & (price != market_data.bars.close[market_data.last[name], name]) & realistic
    counts = [len(np.unique(name[one])) for one in (name >= 0, touched & ~bankrupt, touched & bankrupt, ~known & ~touched, known)]
    costs = settings.costs
    return (
        f"{counts[0]:,} names were held when their series ended: {counts[1]:,} of them, delisted below ${costs.penny_price:g} with no word "
        f"on what was paid, were given {costs.delisting_return:+.0%} on the last close (costs.delisting_return), {counts[2]:,} bankrupt "
        f"ones {costs.bankruptcy_return:+.0%}, {counts[3]:,} the last close itself"
        + (f"; {counts[4]:,} were paid what is known of their end" if counts[4] else ""),
    )


def left_out(market_data: MarketData, settings: Settings) -> tuple[str, ...]:
    """One line on the sessions after the window, of which nothing is shown; none where the bars end with it."""
    sessions, end = market_data.bars.sessions, settings.backtest.days[1]
    after = int((sessions > np.datetime64(end)).sum())
    return (f"{after:,} sessions after the window, up to {sessions[-1]}, are left out: it ends {end} (backtest.end).",) if after else ()


def universe_of(market_data: MarketData, forecasts: Forecasts) -> str:
    """Which names were ranked, in words."""
    ranked = ~np.isnan(forecasts.qpi)
    median = np.median(ranked.sum(axis=1)[ranked.any(axis=1)]) if ranked.any() else 0
    kind = "point-in-time index members" if market_data.members is not None else "names of the file"
    return f"{int(ranked.any(axis=0).sum()):,} {kind}, {median:,.0f} ranked on the median day"


def judgement(market_data: MarketData, forecasts: Forecasts, settings: Settings) -> dict[str, Any]:
    """How the forecasts of the backtest's sessions did, once their labels were known: scores, by quarter, reliability."""
    first, end = span(market_data, settings.backtest)
    rows, p_long, p_short = _said(market_data, forecasts, settings, first, end)
    if len(rows) == 0:
        return {"scores": None, "quarters": None, "reliability": None}
    both = judge(rows, p_long, p_short, settings.training)
    quarter = pd.PeriodIndex(market_data.bars.sessions[rows.session], freq="Q")
    by_quarter = []
    for one in quarter.unique():
        at = np.asarray(quarter == one)
        sides = judge(rows.pick(at), p_long[at], p_short[at], settings.training)
        by_quarter += [
            {"quarter": str(one), "side": side, "auc": found.auc, "error": found.auc_by_day_error, "rows": found.rows}
            for side, found in zip(("long", "short"), sides, strict=True)
        ]
    return {"scores": _scores(*both), "quarters": pd.DataFrame(by_quarter), "reliability": reliability_of(*both)}


def _said(market_data: MarketData, forecasts: Forecasts, settings: Settings, first: int, end: int) -> tuple[TrainingRows, Any, Any]:
    horizon = settings.training.horizon
    forward = forward_return(market_data.bars, market_data.actions, horizon)
    tradable = tradable_return(market_data.bars, market_data.actions, horizon)
    known = ~np.isnan(forward) & ~np.isnan(forecasts.p_long) & ~np.isnan(forecasts.p_short)
    known[:first] = known[end:] = False
    session, name = np.nonzero(known)
    columns = np.zeros((len(session), len(FEATURES)), np.float32)
    columns[:, QPI] = forecasts.qpi[session, name]
    rows = TrainingRows(columns, forward[session, name], tradable[session, name], session, name, session + horizon)
    return rows, forecasts.p_long[session, name], forecasts.p_short[session, name]


def _scores(long: Side, short: Side) -> dict[str, float | None]:
    def mean(name: str) -> float | None:
        pair = [getattr(side, name) for side in (long, short)]
        return None if None in pair else float(np.mean(pair))

    return {
        "auc": mean("auc"),
        "accuracy": mean("accuracy"),
        **{
            f"{label}_{name}": getattr(side, name)
            for label, side in (("long", long), ("short", short))
            for name in ("auc", "auc_by_day", "accuracy", "precision", "fired", "signals", "signal_precision", "signal_tradable", "brier")
        },
    }


def reliability_of(long: Side, short: Side) -> pd.DataFrame:
    """What share came true by tenths of probability, the tenths that hold rows: side, probability, came_true, rows."""
    return pd.DataFrame(
        [
            {"side": label, "probability": one.probability, "came_true": one.came_true, "rows": one.rows}
            for label, side in (("long", long), ("short", short))
            for one in side.reliability
            if one.rows
        ]
    )


def importance_of(evaluation: dict[str, Any] | None) -> pd.DataFrame | None:
    """AUC lost by each feature, of an evaluation as a dict: side, feature, auc_lost, spread; None without one."""
    if not evaluation:
        return None
    return pd.DataFrame([{"side": side, **one} for side in ("long", "short") for one in evaluation[f"importance_{side}"]])


def _outcome(result: Result, rate: "pd.Series[float] | None") -> dict[str, float]:
    daily = daily_frame(result)
    returns = returns_of(daily, result.cash)
    riskless = daily_rate(rate, pd.DatetimeIndex(daily["date"]))
    return {"annual_return": annual_return(returns.to_numpy()), "sharpe": sharpe(returns.to_numpy() - riskless.to_numpy())}


def _series(market_data: MarketData, values: NDArray[np.float64] | None) -> "pd.Series[float] | None":
    """`values` (T,) by session; None of None."""
    return None if values is None else pd.Series(values, index=pd.DatetimeIndex(market_data.bars.sessions))


def _events(market_data: MarketData) -> pd.DataFrame:
    actions = market_data.actions
    return pd.DataFrame(
        {
            "date": pd.DatetimeIndex(market_data.bars.sessions[actions.row]),
            "symbol": [market_data.bars.symbols[name] for name in actions.name],
            "event": [KINDS[kind] for kind in actions.kind],
            "value": actions.value,
        }
    )


def summary_of(report_data: ReportData) -> str:
    """The verdict and the gates in a few lines, as the report's head says them."""
    summary = summarise(report_data)
    gates = [f"{v.word:<4} {v.gate.label}: {shown(v.value, v.gate.unit)}" for v in summary.gates]
    return "\n".join([*summary.flags, *summary.verdict, *gates])
