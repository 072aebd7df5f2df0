"""What `springback stress` does: the base run, the scenarios around it, the named windows, the resampled histories, and their page."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from springback import wiring
from springback.analytics import run_folder
from springback.analytics.evidence import pair
from springback.backtest.loop import Market
from springback.market.forecasts import Forecasts
from springback.scenarios import stress_words
from springback.scenarios.play import play
from springback.scenarios.resample import by_day, by_trade
from springback.scenarios.scenarios import scenarios
from springback.scenarios.scene import Ran, Run, Scene
from springback.scenarios.stress_figures import figures, returns_of
from springback.scenarios.stress_page import page
from springback.scenarios.stress_study import Study, as_json
from springback.scenarios.windows import slices
from springback.verbs import places, steps
from springback.verbs.console import Voice, table
from springback.workflow import record
from springback.workflow.provenance import provenance
from springback.workflow.report import universe_of

__all__ = ["Voice"]
PAGE = "stress.html"


def stress(
    voice: Voice,
    made: wiring.World,
    chosen: wiring.Settings,
    models: Path,
    which: str | None,
    forecasts: Path | None,
    out: Path,
    store: Path | None = None,
) -> Study:
    """Runs all of it, writes stress.json and stress.html into `out`, and prints. The base run is a trial in the ledger beside `store`."""
    said, how, leaky = steps.forecasts_for(voice, made, chosen, models, which, forecasts)
    study = examine(made, said, chosen, how, leaky, steps.command(), store, voice)
    told = as_json(study, stress_words.headline(study), stress_words.finding(study), stress_words.warnings(study))
    step = voice.step("page")
    step(0, 1, str(out))
    texts = pair("stress", told, page(study))
    if (out / "summary.json").is_file():
        run_folder.redraw(out, add=texts)  # its report shows the stress test
    else:
        places.write(out, texts)
    step(1, 1, str(out))
    _say(voice, study)
    voice.told["stress"] = told
    voice.told["page"] = str(out / PAGE)
    voice.say(f"page: {out / PAGE}")
    return study


def examine(
    made: wiring.World,
    said: Forecasts,
    chosen: wiring.Settings,
    models: str,
    in_sample: bool = False,
    command: str = "",
    store: Path | None = None,
    voice: Voice | None = None,
) -> Study:
    """The base run, written into the ledger beside `store`, and what becomes of it under every scenario."""
    chosen = wiring.dated(chosen, made.tape)
    tape, seed = made.tape, chosen.training.seed
    listed = scenarios(chosen.strategy.stop_loss, seed)
    say = _counter((voice or Voice(as_json=False, quiet=True)).step("stress"), len(listed) + 2)
    say("base run")
    scene = Scene(tape, said, chosen.costs)
    market = wiring.prepared(tape, said, chosen)
    result = wiring.run_backtest(tape, said, chosen, market=market, data_hash=made.hash, command=command, models=models, store=store)
    del market  # each scenario makes its own
    base = Ran(scene, result, record.excess_returns(tape, result))
    found = play(base, runner(chosen), listed, say)
    say("other histories")
    return Study(
        base=base,
        figures=figures(base),
        outcomes=found,
        slices=slices(base, chosen.walk_forward.min_sessions),
        by_day=by_day(returns_of(result), base.excess, seed),
        by_trade=by_trade(result, seed),
        profile=chosen.backtest.profile,
        models=models,
        in_sample=in_sample,
        provenance=provenance(tape, made.hash, chosen, universe_of(tape, said), command),
    )


def runner(chosen: wiring.Settings) -> Run:
    """The rule of `chosen` on any scene; not a trial, because nothing is chosen among scenarios."""

    def run(scene: Scene) -> Ran:
        settings = replace(chosen, costs=scene.costs)
        result = wiring.simulate(scene.tape, scene.forecasts, settings, market=_market(scene, settings))
        return Ran(scene, result, record.excess_returns(scene.tape, result))

    return run


def _market(scene: Scene, settings: wiring.Settings) -> Market:
    market = wiring.prepared(scene.tape, scene.forecasts, settings)
    if scene.recalls is None:
        return market
    row, name = np.nonzero(scene.recalls)
    return market._replace(recall_row=row.astype(np.int64), recall_name=name.astype(np.int64))


def _counter(step: Callable[[int, int, str], None], total: int) -> Callable[[str], None]:
    done = 0

    def say(text: str) -> None:
        nonlocal done
        step(done, total, text)
        done += 1

    return say


def _say(voice: Voice, study: Study) -> None:
    for line in stress_words.headline(study):
        voice.say(line if line.endswith(".") else f"{line}.")
    shocks = table("Made-up scenarios", "", "a year", "points", "Sharpe", "deepest fall", "worst day", "under water", "it touched")
    shocks.columns[-1].justify = "left"
    for one in (None, *study.outcomes):
        shocks.add_row(*stress_words.row(study, one))
    voice.show(shocks)
    named = table("Named windows", *("", "days", "sessions", "return", "index", "fall", "worst day", "trades", "won", "bear"))
    for cut in study.slices:
        named.add_row(*stress_words.window(cut))
    voice.show(named)
    for line in (stress_words.regime(cut) for cut in study.slices if cut.days):
        voice.say(f"  {line}")
    for line in stress_words.uncovered(study):
        voice.say(f"  {line}")
    for line in stress_words.warnings(study):
        voice.say(f"  warning: {line}")
    voice.say(f"  {stress_words.LEDGER}")
