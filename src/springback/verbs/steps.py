"""What each verb does: choose settings and data, call the wiring, say what came out."""

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from springback import settings as toml
from springback import wiring
from springback.analytics import run_folder
from springback.analytics.figures import shown
from springback.analytics.summary import Summary, summary_json
from springback.cluster import Workers, workers_at
from springback.data.store.store import Store
from springback.errors import InputError, MissingData
from springback.market.account import Account
from springback.market.forecasts import Forecasts
from springback.market.prose import warned
from springback.market.tape import Tape
from springback.project import project, usual
from springback.quality import gate
from springback.verbs import places, tapes
from springback.verbs.console import Voice, table
from springback.workflow import forecast_cache

__all__ = ["Voice", "workers_at"]
DEFAULTS, PLAN = Path("settings/default.toml"), Path("settings/original.toml")


def choose(file: Path | None, sets: list[str] | None, original: bool = False) -> wiring.Settings:
    """The built-in defaults, settings/default.toml and the project's file where they stand, with `original` the plan's dates, then the file
    that was given, then each --set.
    """
    here = project()
    mine = (str(here.file), here.knobs) if here.file else None
    plan = PLAN if PLAN.is_file() else {"backtest": {"start": Account.start, "end": Account.end}}
    layers = (DEFAULTS if DEFAULTS.is_file() else None, mine, plan if original else None, file)
    return toml.load(wiring.Settings, [one for one in layers if one is not None], sets or [])


def fetch(
    voice: Voice,
    chosen: wiring.Settings,
    source: str,
    path: Path | None,
    vix: Path | None,
    members: Path | None,
    events: Path | None,
    store: Path,
    accept_restatement: bool = False,
    prices: str | None = None,
    benchmark: Path | None = None,
) -> tuple[Tape, str]:
    """Draws or reads a market and writes it into the store; a restatement of its past only when that is accepted."""
    step = voice.step("fetch")
    step(0, 2, "drawing the demo market" if source == "demo" else f"reading {path}")
    tape = _from_source(source, path, vix, members, events, chosen, prices, benchmark)
    step(2, 2, "read")
    return keep(voice, tape, store, accept_restatement, members=members)


def keep(
    voice: Voice,
    tape: Tape,
    store: Path,
    accept_restatement: bool = False,
    asked: Collection[str] | None = None,
    members: Path | None = None,
    joins: bool = False,
) -> tuple[Tape, str]:
    """Writes a tape into the store; returns what the store holds then and its hash. `asked`, `members`, `joins`: see `wiring.fetch`."""
    step = voice.step("store")
    step(0, 1, "writing the store")
    places.writable(store)
    manifest = wiring.fetch(tape, store, None, accept_restatement, asked, members, joins)
    tape, digest = wiring.open_store(store)
    step(1, 1, "stored")
    tapes.say(voice, tape, f"fetched into {store}")
    if manifest["restated"]:
        voice.say(f"  the past was restated, and what was known before is kept: {manifest['restated']}")
    voice.told["store"] = {"folder": str(store), "hash": digest, "origin": str(tape.origin), "findings": list(tape.findings)}
    return tape, digest


def tape_for_run(
    voice: Voice,
    chosen: wiring.Settings,
    source: str | None,
    path: Path | None,
    vix: Path | None,
    members: Path | None,
    events: Path | None,
    store: Path,
    as_of: str | None = None,
    prices: str | None = None,
    benchmark: Path | None = None,
) -> tuple[Tape, str]:
    """The source that was named; else the store if real data lie in it; else the demo market."""
    if source is None and path is not None:
        source = "csv"
    if source is None and prices:
        raise InputError("--prices says what a table of bars holds: name it with --path; a store knows it already")
    if source is None and as_of:
        return tapes.stored(voice, store, as_of, vix, members, events, benchmark=benchmark)
    if as_of:
        raise InputError("--as-of reads a store as it was known, --source and --path name something else: give one of them")
    if source is None and wiring.has_store(store) and not Store(store).origin.demo:
        return tapes.stored(voice, store, None, vix, members, events, benchmark=benchmark)
    return fetch(voice, chosen, source or "demo", path, vix, members, events, store, prices=prices, benchmark=benchmark)


def stored_or_demo(voice: Voice, chosen: wiring.Settings, store: Path | None, as_of: str | None = None) -> tuple[Tape, str]:
    """The store that was named; else the usual one; else the demo market, fetched into it."""
    folder = store or usual("store")
    if store is not None or as_of or wiring.has_store(folder):
        return tapes.stored(voice, folder, as_of)
    return fetch(voice, chosen, "demo", None, None, None, None, folder)


def survey(voice: Voice, chosen: wiring.Settings, tape: Tape, digest: str) -> wiring.World:
    """The universe and the features of a tape."""
    step = voice.step("features")
    step(0, 1, f"{tape.bars.shape[1]:,} names, {tape.bars.shape[0]:,} sessions")
    made = wiring.world(gate.accused(tape, chosen.quality), chosen, digest)
    step(1, 1, f"{int(made.eligible.sum()):,} rows in the universe")
    if not made.eligible.any():
        raise MissingData(
            f"no name is in the universe on any session: of {tape.bars.shape[1]:,} names none is a member, above "
            f"${chosen.universe.min_price:g} and above ${chosen.universe.min_dollar_volume:,.0f} a day: see the [universe] settings"
        )
    return made


def bare(tape: Tape, digest: str, chosen: wiring.Settings) -> wiring.World:
    """A tape without universe and features, for a backtest whose forecasts come from a file."""
    return wiring.World(gate.accused(tape, chosen.quality), digest, np.empty((0, 0), bool), np.empty(0))


def features(
    voice: Voice, bars: Path | None, events: Path | None, store: Path | None, out: Path, as_of: str | None = None, prices: str | None = None
) -> None:
    """Writes the features of a file or a store."""
    if bars is not None and store is not None:
        raise InputError("--bars and --store both name the bars: give one of them")
    if bars is not None and as_of:
        raise InputError("--as-of reads a store as it was known, --bars names a file: give one of them")
    if bars is None:
        tape, _ = tapes.stored(voice, store, as_of, events=events, prices=prices)
    else:
        tape = wiring.load_bars(bars, events=events, prices=prices)
        tapes.say_prices(voice, tape)
    step = voice.step("features")
    step(0, 1, str(out))
    names = wiring.features_to(tape, out)
    step(1, 1, str(out))
    voice.told["features"] = {"file": str(out), "names": names, "sessions": tape.bars.shape[0]}
    voice.say(f"8 features of {names:,} names in {tape.bars.shape[0]:,} sessions: {out}")


def train(voice: Voice, made: wiring.World, chosen: wiring.Settings, models: Path) -> None:
    """Trains, judges, saves, and prints the judgement against the gates."""
    with places.filling(voice, models):
        trained = wiring.train(made, chosen, voice.step("train"))
        wiring.keep(trained, models)
    found = trained.evaluation
    threshold = chosen.training.threshold
    for line in warned(made.tape.findings):
        voice.say(line)
    voice.say(
        f"Models, trained on {found.train_first} to {found.train_last} ({found.train_rows:,} rows), "
        f"judged on {found.test_first} to {found.test_last} ({found.test_rows:,} rows they never saw)"
    )
    shown_ = table(
        "",
        *("", "AUC", "daily", "accuracy", f"P>{threshold:g}", "right", "base", "signals", "right"),
    )
    for side in ("long", "short"):
        one = getattr(found, side)
        shown_.add_row(
            side,
            _decimals(one.auc),
            _decimals(one.auc_by_day),
            _percent(one.accuracy),
            f"{one.fired:,}",
            _percent(one.precision),
            _percent(one.base_rate),
            f"{one.signals:,}",
            _percent(one.signal_precision),
        )
    voice.show(shown_)
    voice.say("  daily: mean AUC within a day; right: share that came true; base: what a coin gets; signals: QPI and P both fired")
    for name, limit in (("auc", 0.60), ("accuracy", 0.60)):
        worst = [getattr(getattr(found, side), name) for side in ("long", "short")]
        passed = None not in worst and min(worst) > limit
        voice.say(f"  gate: {name.replace('auc', 'AUC')} > {limit:.2f} on both sides: {'PASS' if passed else 'FAIL'}")
    voice.say(
        f"  beware: a random split of the same rows shows AUC {_decimals(found.random_split_auc[0])} long, "
        f"{_decimals(found.random_split_auc[1])} short; overlapping labels leak."
    )
    voice.say(f"  correlation of P_long with 1 - P_short: {_decimals(found.mirror)} (1: the short model only repeats the long one)")
    weights = table("Feature importance: AUC lost when the feature is shuffled by blocks of days", "", "long", "", "short", "")
    for long, short in zip(found.importance_long, found.importance_short, strict=True):
        weights.add_row(long.feature, f"{long.auc_lost:+.4f}", f"± {long.spread:.4f}", f"{short.auc_lost:+.4f}", f"± {short.spread:.4f}")
    voice.show(weights)
    voice.say(f"  models: {models}")
    voice.told["train"] = wiring.evaluation_of(models)


def forecast(
    voice: Voice, made: wiring.World, chosen: wiring.Settings, models: Path, out: Path | None, workers: Workers | None = None
) -> None:
    """Walks forward and writes the forecasts."""
    file = out or models / "walk_forward" / forecast_cache.FILE
    with places.filling(voice, models):
        result = wiring.forecast(made, chosen, models, voice.step("forecast"), workers)
        wiring.keep_forecasts(made, result, file)
        if out is None:
            forecast_cache.note(made, chosen, file.parent)
    shown_ = table(
        "Walk forward: every model knew only the labels known at its date", "quarter from", "rows", "AUC long", "AUC short", "signals"
    )
    for fold in result.folds:
        signals = fold.long.signals + fold.short.signals
        shown_.add_row(fold.first, f"{fold.rows:,}", _decimals(fold.long.auc), _decimals(fold.short.auc), f"{signals:,}")
    voice.show(shown_)
    voice.say(f"forecasts: {file}")
    voice.told["forecast"] = {"file": str(file), "folds": len(result.folds)}


def backtest(
    voice: Voice,
    made: wiring.World,
    chosen: wiring.Settings,
    models: Path,
    which: str | None,
    forecasts: Path | None,
    out: Path,
    store: Path | None = None,
) -> None:
    """Forecasts as asked for, both profiles, and the run folder with its report; the trial goes into the ledger beside `store`."""
    from springback.workflow.report import tell

    said, words, leaky = forecasts_for(voice, made, chosen, models, which, forecasts)
    evaluation = None if forecasts else wiring.evaluation_of(models)
    material = tell(made.tape, said, chosen, made.hash, words, leaky, evaluation, command(), voice.step("backtest"), store)
    step = voice.step("report")
    step(0, 1, str(out))
    summary = run_folder.write(out, material)
    step(1, 1, str(out))
    _say_summary(voice, summary, summary_json(material, summary), out)


def forecasts_for(
    voice: Voice, made: wiring.World, chosen: wiring.Settings, models: Path, which: str | None, forecasts: Path | None
) -> tuple[Forecasts, str, bool]:
    """The forecasts of a backtest, how they were made in words, and whether their models saw part of its window."""
    if forecasts:
        return wiring.forecasts_from(forecasts, made.tape), f"forecasts of {forecasts.name}", False
    if which == "fixed":
        said, pair = wiring.forecast_fixed(made, models, chosen)
        return said, f"one fixed pair, trained on {pair.card.first} to {pair.card.last}", wiring.in_sample(pair, chosen)
    folder, words = models / "walk_forward", "walk-forward, trained anew each quarter on what was known"
    step = voice.step("forecast")
    with places.filling(voice, models):
        kept = forecast_cache.find(made, chosen, folder)
        if kept is not None:
            step(1, 1, "as made before: data, settings, models and program are the same")
            return kept, words, False
        result = wiring.forecast(made, chosen, models, step)
        wiring.keep_forecasts(made, result, folder / forecast_cache.FILE)
        forecast_cache.note(made, chosen, folder)
        return result.forecasts, words, False


def report(voice: Voice, folder: Path) -> None:
    """Draws a run folder's report again."""
    summary = run_folder.redraw(folder)
    material = run_folder.read(folder)
    _say_summary(voice, summary, summary_json(material, summary), folder)


def command() -> str:
    """The command as it was typed, but for where it wrote, who did the work and how it spoke: the same run elsewhere is the same run."""
    words = [word for word in sys.argv[1:] if word not in {"--quiet", "-q", "--json", "--debug"}]
    elsewhere = ("--out", "--cluster")
    kept = [
        word
        for k, word in enumerate(words)
        if not word.startswith(tuple(f"{one}=" for one in elsewhere)) and not {word, words[k - 1] if k else ""} & set(elsewhere)
    ]
    here = project().file
    return " ".join(["springback", *kept, *([f"(project {here})"] if here else [])])


def _say_summary(voice: Voice, summary: Summary, told: dict[str, Any], out: Path) -> None:
    for flag in summary.flags:
        voice.say(flag)
    for line in summary.verdict:
        voice.say(line)
    gates = table("Gates (never tuned to)", "", "found", "gate", "", "claimed", "realistic")
    for one in summary.gates:
        limit = f"{'>' if one.gate.side == 'above' else '<'} {shown(one.gate.limit, one.gate.unit)}"
        gates.add_row(one.gate.label, shown(one.value, one.gate.unit), limit, one.word, one.gate.claimed, one.gate.realistic)
    voice.show(gates)
    for warning in summary.warnings:
        voice.say(f"  warning: {warning}")
    voice.told["summary"] = told
    voice.told["report"] = str(out / "report.html")
    voice.say(f"report: {out / 'report.html'}")


def _from_source(
    source: str,
    path: Path | None,
    vix: Path | None,
    members: Path | None,
    events: Path | None,
    chosen: wiring.Settings,
    prices: str | None = None,
    benchmark: Path | None = None,
) -> Tape:
    if source == "demo":
        if path or vix or members or events or prices or benchmark:
            raise InputError(
                "the demo market is drawn, not read: leave --path, --vix, --members, --events, --prices and --benchmark out, "
                "or say --source csv"
            )
        return wiring.draw_demo(chosen)
    if source != "csv":
        known = "'springback fetch' knows it" if source in wiring.SOURCES else f"fetch also knows {', '.join(wiring.SOURCES)}"
        raise InputError(f"--source must be demo or csv, was '{source}'; {known}")
    if path is None:
        raise InputError("--source csv needs --path: a CSV file of bars, or a folder of yearly price files")
    return wiring.load_bars(path, vix, members, events, benchmark, prices)


def _decimals(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.1%}"
