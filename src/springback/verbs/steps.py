"""What each verb of the whole job says: training, forecasts, the backtest and its report."""

from pathlib import Path
from typing import Any

from springback.analytics import run_folder
from springback.analytics.figures import shown
from springback.analytics.summary import Summary, summary_json
from springback.cluster import Workers, workers_at
from springback.errors import InputError
from springback.market.market_data import MarketData
from springback.market.prose import warned
from springback.quality import gate
from springback.training.train import Evaluation
from springback.verbs import data_summary
from springback.verbs.console import Console, table
from springback.workflow import forecast_cache, places
from springback.workflow.champions import told, where
from springback.workflow.forecasts import Choice
from springback.workflow.inputs import Inputs, Loaded, read
from springback.workflow.models import evaluation_of, forecast_walk_forward, save_forecasts, save_models, train_models
from springback.workflow.prepare import PreparedData, bare, survey, write_features_of
from springback.workflow.recorder import Recorder
from springback.workflow.report import backtest_and_report
from springback.workflow.settings import Settings, choose

__all__ = ["Choice", "Console", "Inputs", "Recorder", "bare", "choose", "places", "survey", "workers_at"]


def features(console: Console, inputs: Inputs, out: Path) -> None:
    """Writes the features of a file or a store. Raises `InputError` where both are named."""
    if inputs.path is not None and inputs.store is not None:
        raise InputError("--bars and --store both name the bars: give one of them")
    if inputs.path is not None and inputs.as_of:
        raise InputError("--as-of reads a store as it was known, --bars names a file: give one of them")
    if inputs.path is None:
        market_data = data_summary.stored(console, inputs).market_data
    else:
        market_data = read(inputs)
        data_summary.say_prices(console, market_data)
    _say_warnings(console, gate.accused(market_data, choose().quality))
    step = console.step("features")
    step(0, 1, str(out))
    names = write_features_of(market_data, out)
    step(1, 1, str(out))
    console.payload["features"] = {"file": str(out), "names": names, "sessions": market_data.bars.shape[0]}
    console.say(f"8 features of {names:,} names in {market_data.bars.shape[0]:,} sessions: {out}")


def prepared(console: Console, settings: Settings, market: Loaded, forecasts: Path | None) -> PreparedData:
    """What is worked out from a market; where forecasts come from a file nothing needs to be."""
    if forecasts is not None:
        return bare(settings, market.market_data, market.hash)
    return survey(settings, market.market_data, market.hash, console)


def train(console: Console, prepared: PreparedData, settings: Settings, models: Path) -> None:
    """Trains, judges, saves, and prints the judgement against the gates."""
    with places.filling(models, console):
        trained = train_models(prepared, settings, console)
        name = save_models(trained, models).card.name
    _say_warnings(console, prepared.market_data)
    say_evaluation(console, trained.evaluation, settings.training.threshold)
    place, champion = where(models, name)
    kept = f"the champion {champion} stays, {name} is kept in {place}: 'springback retrain --now' puts a pair to the contest"
    console.say(f"  {kept}" if champion else f"  models: {models}")
    console.payload["train"] = evaluation_of(place)


def _say_warnings(console: Console, market_data: MarketData) -> None:
    """What must be known of the data before any figure."""
    for line in warned(market_data.findings):
        console.say(line)


def say_evaluation(console: Console, evaluation: Evaluation, threshold: float) -> None:
    console.say(
        f"Models, trained on {evaluation.train_first} to {evaluation.train_last} ({evaluation.train_rows:,} rows), "
        f"judged on {evaluation.test_first} to {evaluation.test_last} ({evaluation.test_rows:,} rows they never saw)"
    )
    sides = table("", *("", "AUC", "daily", "accuracy", f"P>{threshold:g}", "right", "base", "signals", "right"))
    for name in ("long", "short"):
        one = getattr(evaluation, name)
        figures = _decimals(one.auc), _decimals(one.auc_by_day), _percent(one.accuracy), f"{one.fired:,}", _percent(one.precision)
        sides.add_row(name, *figures, _percent(one.base_rate), f"{one.signals:,}", _percent(one.signal_precision))
    console.show(sides)
    console.say("  daily: mean AUC within a day; right: share that came true; base: what a coin gets; signals: QPI and P both fired")
    for name, limit in (("auc", 0.60), ("accuracy", 0.60)):
        worst = [getattr(getattr(evaluation, side), name) for side in ("long", "short")]
        passed = None not in worst and min(worst) > limit
        console.say(f"  gate: {name.replace('auc', 'AUC')} > {limit:.2f} on both sides: {'PASS' if passed else 'FAIL'}")
    console.say(
        f"  beware: a random split of the same rows shows AUC {_decimals(evaluation.random_split_auc[0])} long, "
        f"{_decimals(evaluation.random_split_auc[1])} short; overlapping labels leak."
    )
    console.say(f"  correlation of P_long with 1 - P_short: {_decimals(evaluation.mirror)} (1: the short model only repeats the long one)")
    weights = table("Feature importance: AUC lost when the feature is shuffled by blocks of days", "", "long", "", "short", "")
    for long, short in zip(evaluation.importance_long, evaluation.importance_short, strict=True):
        weights.add_row(long.feature, f"{long.auc_lost:+.4f}", f"± {long.spread:.4f}", f"{short.auc_lost:+.4f}", f"± {short.spread:.4f}")
    console.show(weights)


def forecast(
    console: Console, prepared: PreparedData, settings: Settings, models: Path, out: Path | None, workers: Workers | None = None
) -> None:
    """Walks forward and writes the forecasts."""
    file = out or models / "walk_forward" / forecast_cache.FILE
    with places.filling(models, console):
        result = forecast_walk_forward(prepared, settings, models, console, workers)
        save_forecasts(prepared, result, file)
        if out is None:
            forecast_cache.note(prepared, settings, file.parent)
    _say_warnings(console, prepared.market_data)
    folds = table(
        "Walk forward: every model knew only the labels known at its date", "quarter from", "rows", "AUC long", "AUC short", "signals"
    )
    for fold in result.folds:
        signals = fold.long.signals + fold.short.signals
        folds.add_row(fold.first, f"{fold.rows:,}", _decimals(fold.long.auc), _decimals(fold.short.auc), f"{signals:,}")
    console.show(folds)
    console.say(_succession(settings, told(result.timeline)))
    console.say(f"forecasts: {file}")
    console.payload["forecast"] = {"file": str(file), "folds": len(result.folds), "timeline": told(result.timeline)}


def backtest(console: Console, prepared: PreparedData, settings: Settings, choice: Choice, out: Path, record: Recorder) -> None:
    """Forecasts as asked for, both profiles, and the run folder with its report; the trial goes into the ledger."""
    report_data = backtest_and_report(settings, prepared, choice, console, record)
    step = console.step("report")
    step(0, 1, str(out))
    summary = run_folder.write(out, report_data)
    step(1, 1, str(out))
    _say_summary(console, summary, summary_json(report_data, summary), out)


def report(console: Console, folder: Path) -> None:
    """Draws a run folder's report again."""
    summary = run_folder.redraw(folder)
    report_data = run_folder.read(folder)
    _say_summary(console, summary, summary_json(report_data, summary), folder)


def _say_summary(console: Console, summary: Summary, figures: dict[str, Any], out: Path) -> None:
    for flag in summary.flags:
        console.say(flag)
    for line in summary.verdict:
        console.say(line)
    gates = table("Gates (never tuned to)", "", "found", "gate", "", "claimed", "realistic")
    for one in summary.gates:
        limit = f"{'>' if one.gate.side == 'above' else '<'} {shown(one.gate.limit, one.gate.unit)}"
        gates.add_row(one.gate.label, shown(one.value, one.gate.unit), limit, one.word, one.gate.claimed, one.gate.realistic)
    console.show(gates)
    for warning in summary.warnings:
        console.say(f"  warning: {warning}")
    console.payload["summary"] = figures
    console.payload["report"] = str(out / "report.html")
    console.say(f"report: {out / 'report.html'}")


def _succession(settings: Settings, timeline: dict[str, Any]) -> str:
    """Under which policy, and how often a newer pair took over."""
    policy = settings.walk_forward.policy
    if policy != "if_better":
        return f"policy {policy}: {len(timeline['tenures'])} pairs were used"
    states = [one["state"] for one in timeline["contests"]]
    over, open_ = len(states) - states.count("open"), states.count("open")
    return f"policy if_better: of {over} contests that are over {states.count('promoted')} were won, {open_} are open; champion is " + str(
        timeline["champion"]
    )


def _decimals(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.1%}"
