"""The stress test: the base run, the scenarios around it, the named windows, the resampled histories, and their page."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from springback.analytics import run_folder
from springback.analytics.evidence import pair
from springback.backtest.state import LoopInputs
from springback.scenarios import stress_words
from springback.scenarios.resample import by_day, by_trade
from springback.scenarios.scenario_outcome import ScenarioOutcome, run_scenarios
from springback.scenarios.scenario_run import RuleRun, Runner, ScenarioInputs
from springback.scenarios.scenarios import scenarios
from springback.scenarios.stress_figures import figures
from springback.scenarios.stress_page import page
from springback.scenarios.stress_study import StressStudy, as_json
from springback.scenarios.windows import slices
from springback.statistics.returns import account_excess, account_returns
from springback.workflow import places
from springback.workflow.backtests import loop_inputs, run_backtest, simulate
from springback.workflow.forecasts import Forecasted
from springback.workflow.prepare import PreparedData
from springback.workflow.progress import SILENT, Progress, counter
from springback.workflow.provenance import provenance
from springback.workflow.recorder import Recorder
from springback.workflow.report import universe_of
from springback.workflow.settings import Settings, dated

PAGE = "stress.html"


def stress(
    settings: Settings, prepared: PreparedData, by: Forecasted, progress: Progress = SILENT, record: Recorder | None = None
) -> StressStudy:
    """The base run by the forecasts `by`, a trial that `record` writes down (without it: in the working folder's ledger), and what becomes
    of it under every scenario. Raises `Unwritable`, `LedgerError` before the work.
    """
    chosen = dated(settings, prepared.market_data)
    record = (record or Recorder(data_hash=prepared.hash)).of(by.words)
    market_data, seed = prepared.market_data, chosen.training.seed
    listed = scenarios(chosen.strategy.stop_loss, seed)
    say = counter(progress.step("stress"), len(listed) + 2)
    say("base run")
    inputs = ScenarioInputs(market_data, by.forecasts, chosen.costs)
    result = run_backtest(market_data, by.forecasts, chosen, record)
    base = RuleRun(inputs, result, account_excess(result, market_data))
    outcomes = run_scenarios(base, runner(chosen), listed, say)
    say("other histories")
    return _study(chosen, prepared, by, base, outcomes, record)


def write(study: StressStudy, out: Path) -> dict[str, Any]:
    """Writes stress.json and stress.html into `out`, into a run folder's report too; returns what the first holds. Raises `Unwritable`."""
    figures = as_json(study, stress_words.headline(study), stress_words.finding(study), stress_words.warnings(study))
    texts = pair("stress", figures, page(study))
    if (out / "summary.json").is_file():
        run_folder.redraw(out, add=texts)  # its report shows the stress test
    else:
        places.write(out, texts)
    return figures


def _study(
    settings: Settings, prepared: PreparedData, by: Forecasted, base: RuleRun, outcomes: tuple[ScenarioOutcome, ...], record: Recorder
) -> StressStudy:
    market_data, seed, result = prepared.market_data, settings.training.seed, base.result
    return StressStudy(
        base=base,
        figures=figures(base),
        outcomes=outcomes,
        slices=slices(base, settings.walk_forward.min_sessions),
        by_day=by_day(account_returns(result), base.excess, seed),
        by_trade=by_trade(result, seed),
        profile=settings.backtest.profile,
        models=by.words,
        in_sample=by.in_sample,
        provenance=provenance(market_data, prepared.hash, settings, universe_of(market_data, by.forecasts), record.command),
    )


def runner(settings: Settings) -> Runner:
    """The rule of `settings` on any inputs; not a trial, because nothing is chosen among scenarios."""

    def run(inputs: ScenarioInputs) -> RuleRun:
        costly = replace(settings, costs=inputs.costs)
        result = simulate(inputs.market_data, inputs.forecasts, costly, inputs=_loop_inputs(inputs, costly))
        return RuleRun(inputs, result, account_excess(result, inputs.market_data))

    return run


def _loop_inputs(inputs: ScenarioInputs, settings: Settings) -> LoopInputs:
    ready = loop_inputs(inputs.market_data, inputs.forecasts, settings)
    if inputs.recalls is None:
        return ready
    row, name = np.nonzero(inputs.recalls)
    return ready._replace(recall_row=row.astype(np.int64), recall_name=name.astype(np.int64))
