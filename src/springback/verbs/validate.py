"""What `springback validate` does: forecasts by one of two methods, their judgement, and the page that shows it."""

from contextlib import nullcontext
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback import wiring
from springback.alone import alone
from springback.analytics.evidence import pair
from springback.cluster import Workers
from springback.errors import InputError, MissingData, SettingsError
from springback.settings import flat
from springback.statistics.significance import block_rows
from springback.strategy.rule import is_bear, vix_mean
from springback.training.judgement import Judgement
from springback.training.rows import Rows, gather
from springback.training.train import random_split_auc
from springback.validation import validation_words as words
from springback.validation.cross_validation import cross_validate, groups
from springback.validation.cuts import Cut, by_span, cuts
from springback.validation.validate import Said
from springback.validation.validate import validate as judge
from springback.validation.validation_page import page
from springback.validation.validation_study import Study, as_json
from springback.verbs import places, steps
from springback.verbs.console import Voice, table
from springback.workflow import record
from springback.workflow.provenance import provenance

METHODS = ("walk-forward", "combinatorial")
PAGE = "validation.html"
Told = tuple[Rows, Said, Said, Cut, str]
"""Rows, P_long and P_short (P, R), the folds, and how it was done in words."""


def check(method: str | None, models: Path | None, store: Path | None, forecasts: Path | None = None) -> str:
    """The method that is meant. Refuses before the work an unknown one, one or models beside a file of forecasts, models that it does not
    use, and a ledger that cannot be written.
    """
    lost = next((name for name, one in (("--method", method), ("--models-dir", models)) if one is not None), None)
    if forecasts is not None and lost:
        raise InputError(f"{lost} says how forecasts are made, --forecasts brings them: give one of them")
    if forecasts is not None and not forecasts.is_file():
        raise MissingData(f"{forecasts} does not exist: give a file date,symbol,qpi,p_long,p_short,adv_63")
    method = method or METHODS[0]
    if method not in METHODS:
        raise SettingsError(f"--method must be {' or '.join(METHODS)}, was '{method}'")
    if models is not None and method == "combinatorial":
        raise InputError("--method combinatorial trains models of its own and keeps none: leave --models-dir out")
    places.check(store=store)
    return method


def validate(
    voice: Voice,
    made: wiring.World,
    chosen: wiring.Settings,
    method: str,
    models: Path | None,
    out: Path,
    store: Path | None,
    workers: Workers | None = None,
    forecasts: Path | None = None,
) -> Study:
    """Judges, enters the trial ledger beside `store`, writes validation.json and validation.html into `out`, and prints."""
    study = examine(made, chosen, method, models, voice, steps.command(), workers, forecasts)
    seen = study.judgement.days
    by_day = np.nan_to_num(seen.rank_ic)
    record.note_validation(
        made.tape,
        made.hash,
        flat(chosen),
        seen.sessions,
        by_day,
        command=study.provenance.command,
        models=f"judged {study.judgement.method}",
        store=store,
    )
    step = voice.step("page")
    step(0, 1, str(out))
    told = as_json(study, words.headline(study))
    places.write(out, pair("validation", told, page(study)))
    step(1, 1, str(out))
    _say(voice, study)
    voice.told["validation"] = {name: value for name, value in told.items() if name != "days"}
    voice.told["page"] = str(out / PAGE)
    voice.say(f"page: {out / PAGE}")
    return study


def examine(
    made: wiring.World,
    chosen: wiring.Settings,
    method: str,
    models: Path | None,
    voice: Voice | None = None,
    command: str = "",
    workers: Workers | None = None,
    forecasts: Path | None = None,
) -> Study:
    """The judgement of `method`, or of the file `forecasts`, and what it stands on.

    Walk-forward judges the sessions of the backtest, combinatorial all of the tape up to their end: it needs no history to begin with. A
    file is judged on all sessions that it has.
    """
    chosen = wiring.dated(chosen, made.tape)
    progress = (voice or Voice(as_json=False, quiet=True)).step
    if forecasts is not None:
        method = f"forecasts of {forecasts.name}"
        rows, p_long, p_short, folds, how = _told(made, chosen, forecasts)
    else:
        rows, p_long, p_short, folds, how = (_walked if method == "walk-forward" else _combined)(made, chosen, models, progress, workers)
    step, settings, sessions = progress("judge"), chosen.validation, made.tape.bars.sessions
    step(0, 2, "a random split, as a warning")
    careless = random_split_auc(rows, chosen.training)
    step(1, 2, f"{len(rows):,} rows, {len(p_long)} forecast{'s' if len(p_long) > 1 else ''} of each")

    def resample(count: int) -> NDArray[np.int64]:
        return block_rows(count, settings.draws, settings.block, np.random.default_rng(chosen.training.seed))

    found = judge(
        method,
        rows,
        (p_long, p_short),
        sessions,
        folds,
        cuts(rows, made.tape.bars, _bear(made, chosen)),
        chosen.training,
        settings,
        resample,
        careless,
    )
    step(2, 2, "judged")
    return _study(made, chosen, rows, found, how, command)


def _walked(made: wiring.World, chosen: wiring.Settings, models: Path | None, progress: Any, workers: Workers | None) -> Told:
    step = progress("forecast")
    with alone(models, wait=lambda said: step(0, 1, said)) if models else nullcontext():
        result = wiring.forecast(made, chosen, models, step, workers)
    rows = gather(made.tape, made.eligible, made.features, chosen.training)
    p_long, p_short = (panel[rows.session, rows.name] for panel in (result.forecasts.p_long, result.forecasts.p_short))
    said = ~np.isnan(p_long) & ~np.isnan(p_short)
    rows, sessions = rows.pick(said), made.tape.bars.sessions
    spans = [(int(np.searchsorted(sessions, np.datetime64(one.first))), made.tape.bars.row(one.last)) for one in result.folds]
    how = (
        f"Walk-forward: {len(spans)} periods of {chosen.walk_forward.months} months, each forecast by models that learned from all labels "
        f"known at the close before it began; the purge is the {chosen.training.horizon} sessions of the label. An embargo is for rows "
        "after a tested block, and a walk-forward learns from none of them."
    )
    return rows, p_long[said][None], p_short[said][None], by_span("fold", sessions, spans, rows.session), how


def _told(made: wiring.World, chosen: wiring.Settings, file: Path) -> Told:
    """The forecasts of a file, a period for each quarter of the year."""
    said = wiring.forecasts_from(file, made.tape)
    rows = gather(made.tape, made.eligible, made.features, chosen.training)
    p_long, p_short = (panel[rows.session, rows.name] for panel in (said.p_long, said.p_short))
    known = ~np.isnan(p_long) & ~np.isnan(p_short)
    rows, sessions = rows.pick(known), made.tape.bars.sessions
    if len(rows) == 0:
        horizon = chosen.training.horizon
        raise MissingData(f"{file} forecasts no row that can be judged: none is in the universe with a label of {horizon} sessions")
    quarters = (sessions.astype("datetime64[M]").astype(np.int64) // 3)[np.unique(rows.session)]
    held = np.unique(rows.session)
    firsts = held[np.flatnonzero(np.diff(quarters, prepend=quarters[0] - 1))]
    spans = list(zip(firsts.tolist(), [*(firsts[1:] - 1).tolist(), int(held[-1])], strict=True))
    told = int((~np.isnan(said.qpi)).sum())
    how = (
        f"The {told:,} forecasts of {file.name} as they stand there, quarter by quarter; {told - len(rows):,} of them cannot be judged "
        f"(outside the universe, without features, or no label of {chosen.training.horizon} sessions yet). Whether whoever made them knew "
        "the future, the file does not say."
    )
    return rows, p_long[known][None], p_short[known][None], by_span("fold", sessions, spans, rows.session), how


def _combined(
    made: wiring.World,
    chosen: wiring.Settings,
    models: Path | None,  # noqa: ARG001 (nothing is kept)
    progress: Any,
    workers: Workers | None,
) -> Told:
    end = made.tape.bars.row(np.datetime64(chosen.backtest.days[1]) + 1)
    rows = gather(made.tape, made.eligible, made.features, chosen.training).known_by(end - 1)
    settings, training = chosen.validation, chosen.training
    paths = cross_validate(rows, training, settings, progress("combine"), workers)
    spans = groups(np.unique(rows.session), settings.groups)
    how = (
        f"Combinatorial purged cross-validation: {settings.groups} groups of sessions, {settings.tested} tested at a time by models of the "
        f"others, {len(paths.splits)} splits, {comb(settings.groups - 1, settings.tested - 1)} paths through all sessions. Rows whose "
        f"{training.horizon}-session label touches a tested one are purged, and {training.embargo} more sessions after each tested block "
        "are left out. Most of these models know the future of what they test: this asks whether there is anything to learn, not what a "
        "trader could have had. On pure noise its pooled AUC leans below 0.5, since what the market did in the tested groups is what the "
        "others lack; figures by day do not."
    )
    return rows, paths.p_long, paths.p_short, by_span("fold", made.tape.bars.sessions, spans, rows.session), how


def _bear(made: wiring.World, chosen: wiring.Settings) -> NDArray[np.bool_]:
    """Whether the decision of each session saw the bear regime; where VIX is unknown it did not."""
    vix, regime = made.tape.vix, chosen.regime
    return np.array([is_bear(now, vix_mean(vix, row, regime.window), regime.multiple) for row, now in enumerate(vix)], dtype=np.bool_)


def _study(made: wiring.World, chosen: wiring.Settings, rows: Rows, found: Judgement, how: str, command: str) -> Study:
    demo = made.tape.origin.demo
    median = np.median(np.unique(rows.session, return_counts=True)[1])
    kind = "names of the demo market" if demo else "point-in-time index members" if made.tape.members is not None else "names of the file"
    return Study(
        judgement=found,
        first=str(found.days.sessions[0]),
        last=str(found.days.sessions[-1]),
        how=how,
        provenance=provenance(
            made.tape, made.hash, chosen, f"{len(np.unique(rows.name)):,} {kind}, {median:,.0f} judged on the median day", command
        ),
    )


def _say(voice: Voice, study: Study) -> None:
    told = study.judgement
    for line in (*words.flags(study), words.finding(told), words.worth(told)):
        voice.say(line)
    both = table(
        f"{told.method}, {study.first} to {study.last}, {told.whole.rows:,} rows, {study.provenance.universe}",
        *("", "long", "95 % interval", "short", "95 % interval"),
    )
    for row in words.sides(told):
        both.add_row(*row)
    voice.show(both)
    voice.say(f"  beware: {words.warning(told)}")
    voice.say(f"  {words.mirror(told)}")
    cut = table("Where it holds", "", "rows", "sessions", "AUC by day, long", "short", "rank IC", "95 % interval")
    for part in (told.whole, *told.parts):
        cut.add_row(*words.part(part))
    voice.show(cut)
