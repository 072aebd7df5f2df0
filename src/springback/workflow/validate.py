"""Validation: forecasts by one of two methods or of a file, judged, entered in the trial ledger, and the page that shows it."""

from contextlib import nullcontext
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.analytics.evidence import pair
from springback.cluster import Workers
from springback.errors import MissingData
from springback.statistics.significance import block_rows
from springback.strategy.rule import is_bear, vix_mean
from springback.training.judgement import Judgement
from springback.training.rows import TrainingRows, gather
from springback.training.train import random_split_auc
from springback.validation import validation_words as words
from springback.validation.cross_validation import cross_validate, groups
from springback.validation.cuts import by_span, cuts
from springback.validation.validate import Judgeable, Said
from springback.validation.validate import validate as judge
from springback.validation.validation_page import page
from springback.validation.validation_study import ValidationStudy, as_json
from springback.workflow import places
from springback.workflow.models import forecast_walk_forward, forecasts_from
from springback.workflow.prepare import PreparedData
from springback.workflow.progress import SILENT, Progress
from springback.workflow.provenance import provenance
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, dated

METHODS = ("walk-forward", "combinatorial")
PAGE = "validation.html"

POLICIES = {
    "if_better": "a pair trained for each on all labels known at the close before it began, and each session forecast by the champion, "
    "whom a newer pair succeeds once it proved better",
    "newest": "each forecast by models that learned from all labels known at the close before it began",
    "never": "all forecast by the models that learned from all labels known at the close before the first",
}
"""Who forecasts the periods under each `walk_forward.policy`."""


@dataclass(frozen=True)
class Method:
    """How the forecasts come about that are judged: one of `METHODS`, with the folder its models are kept in, or those of a file."""

    name: str = METHODS[0]
    models: Path | None = None
    forecasts: Path | None = None


def validate(
    settings: Settings,
    prepared: PreparedData,
    method: Method,
    progress: Progress = SILENT,
    record: Recorder | None = None,
    workers: Workers | None = None,
) -> ValidationStudy:
    """The judgement, which `record` enters in the trial ledger (without it: in the working folder's).

    Raises `Unwritable`, `LedgerError` before the work.
    """
    record = record or Recorder(data_hash=prepared.hash)
    record.ready()
    study = examine(settings, prepared, method, progress, workers, record.command)
    seen = study.judgement.days
    judged = record.of(f"judged {study.judgement.method}")
    judged.validation(prepared.market_data, settings, seen.sessions, np.nan_to_num(seen.rank_ic))
    return study


def write(study: ValidationStudy, out: Path) -> dict[str, Any]:
    """Writes validation.json and validation.html into `out`; returns what the first holds. Raises `Unwritable`."""
    figures = as_json(study, words.headline(study))
    places.write(out, pair("validation", figures, page(study)))
    return figures


def examine(
    settings: Settings,
    prepared: PreparedData,
    method: Method,
    progress: Progress = SILENT,
    workers: Workers | None = None,
    command: str = "",
) -> ValidationStudy:
    """The judgement of `method` and what it stands on, without the ledger.

    Walk-forward judges the sessions of the backtest, combinatorial all of the market data up to their end: it needs no history to begin
    with. A file is judged on all sessions that it has."""
    settings = dated(settings, prepared.market_data)
    if method.forecasts is not None:
        name = f"forecasts of {method.forecasts.name}"
        judgeable, how = _of_file(prepared, settings, method.forecasts)
    else:
        name, way = method.name, _walked if method.name == METHODS[0] else _combined
        judgeable, how = way(prepared, settings, method.models, progress, workers)
    step = progress.step("judge")
    step(0, 2, "a random split, as a warning")
    careless = random_split_auc(judgeable.rows, settings.training)
    step(1, 2, f"{len(judgeable.rows):,} rows, {len(judgeable.p_long)} forecast{'s' if len(judgeable.p_long) > 1 else ''} of each")

    def resample(count: int) -> NDArray[np.int64]:
        rng = np.random.default_rng(settings.training.seed)
        return block_rows(count, settings.validation.draws, settings.validation.block, rng)

    judgement = judge(name, judgeable, settings.training, settings.validation, resample, careless)
    step(2, 2, "judged")
    return _study(prepared, settings, judgeable.rows, judgement, how, command)


def _judgeable(
    prepared: PreparedData, settings: Settings, rows: TrainingRows, p_long: Said, p_short: Said, spans: list[tuple[int, int]]
) -> Judgeable:
    """P_long and P_short (P, R) of `rows`, each of `spans`, (first, last) session, a fold."""
    bars = prepared.market_data.bars
    folds = by_span("fold", bars.sessions, spans, rows.session)
    return Judgeable(rows, p_long, p_short, bars.sessions, folds, cuts(rows, bars, _bear(prepared, settings)))


def _walked(
    prepared: PreparedData, settings: Settings, models: Path | None, progress: Progress, workers: Workers | None
) -> tuple[Judgeable, str]:
    with places.filling(models, progress) if models else nullcontext():
        result = forecast_walk_forward(prepared, settings, models, progress, workers)
    rows = gather(prepared.market_data, prepared.eligible, prepared.features, settings.training)
    p_long, p_short = (panel[rows.session, rows.name] for panel in (result.forecasts.p_long, result.forecasts.p_short))
    said = ~np.isnan(p_long) & ~np.isnan(p_short)
    rows, sessions = rows.pick(said), prepared.market_data.bars.sessions
    spans = [(int(np.searchsorted(sessions, np.datetime64(one.first))), prepared.market_data.bars.row(one.last)) for one in result.folds]
    how = (
        f"Walk-forward: {len(spans)} periods of {settings.walk_forward.months} months, {POLICIES[settings.walk_forward.policy]}; the purge "
        f"is the {settings.training.horizon} sessions of the label. An embargo is for rows after a tested block, and a walk-forward learns "
        "from none of them."
    )
    return _judgeable(prepared, settings, rows, p_long[said][None], p_short[said][None], spans), how


def _of_file(prepared: PreparedData, settings: Settings, file: Path) -> tuple[Judgeable, str]:
    """The forecasts of a file, a period for each quarter of the year."""
    said = forecasts_from(file, prepared.market_data)
    rows = gather(prepared.market_data, prepared.eligible, prepared.features, settings.training)
    p_long, p_short = (panel[rows.session, rows.name] for panel in (said.p_long, said.p_short))
    known = ~np.isnan(p_long) & ~np.isnan(p_short)
    rows, sessions = rows.pick(known), prepared.market_data.bars.sessions
    if len(rows) == 0:
        horizon = settings.training.horizon
        raise MissingData(f"{file} forecasts no row that can be judged: none is in the universe with a label of {horizon} sessions")
    quarters = (sessions.astype("datetime64[M]").astype(np.int64) // 3)[np.unique(rows.session)]
    held = np.unique(rows.session)
    firsts = held[np.flatnonzero(np.diff(quarters, prepend=quarters[0] - 1))]
    spans = list(zip(firsts.tolist(), [*(firsts[1:] - 1).tolist(), int(held[-1])], strict=True))
    told = int((~np.isnan(said.qpi)).sum())
    how = (
        f"The {told:,} forecasts of {file.name} as they stand there, quarter by quarter; {told - len(rows):,} of them cannot be judged "
        f"(outside the universe, without features, or no label of {settings.training.horizon} sessions yet). Whether whoever made them "
        "knew the future, the file does not say."
    )
    return _judgeable(prepared, settings, rows, p_long[known][None], p_short[known][None], spans), how


def _combined(
    prepared: PreparedData,
    settings: Settings,
    models: Path | None,  # noqa: ARG001 (nothing is kept)
    progress: Progress,
    workers: Workers | None,
) -> tuple[Judgeable, str]:
    end = prepared.market_data.bars.row(np.datetime64(settings.backtest.days[1]) + 1)
    rows = gather(prepared.market_data, prepared.eligible, prepared.features, settings.training).known_by(end - 1)
    validation, training = settings.validation, settings.training
    paths = cross_validate(rows, training, validation, progress.step("combine"), workers)
    spans = groups(np.unique(rows.session), validation.groups)
    how = (
        f"Combinatorial purged cross-validation: {validation.groups} groups of sessions, {validation.tested} tested at a time by models of "
        f"the others, {len(paths.splits)} splits, {comb(validation.groups - 1, validation.tested - 1)} paths through all sessions. Rows "
        f"whose {training.horizon}-session label touches a tested one are purged, and {training.embargo} more sessions after each tested "
        "block are left out. Most of these models know the future of what they test: this asks whether there is anything to learn, not "
        "what a trader could have had. On pure noise its pooled AUC leans below 0.5, since what the market did in the tested groups "
        "is what the others lack; figures by day do not."
    )
    return _judgeable(prepared, settings, rows, paths.p_long, paths.p_short, spans), how


def _bear(prepared: PreparedData, settings: Settings) -> NDArray[np.bool_]:
    """Whether the decision of each session saw the bear regime; where VIX is unknown it did not."""
    vix, regime = prepared.market_data.vix, settings.regime
    return np.array([is_bear(now, vix_mean(vix, row, regime.window), regime.multiple) for row, now in enumerate(vix)], dtype=np.bool_)


def _study(prepared: PreparedData, settings: Settings, rows: TrainingRows, judgement: Judgement, how: str, command: str) -> ValidationStudy:
    demo = prepared.market_data.origin.demo
    median = np.median(np.unique(rows.session, return_counts=True)[1])
    kind = (
        "names of the demo market"
        if demo
        else "point-in-time index members"
        if prepared.market_data.members is not None
        else "names of the file"
    )
    return ValidationStudy(
        judgement=judgement,
        first=str(judgement.days.sessions[0]),
        last=str(judgement.days.sessions[-1]),
        how=how,
        provenance=provenance(
            prepared.market_data,
            prepared.hash,
            settings,
            f"{len(np.unique(rows.name)):,} {kind}, {median:,.0f} judged on the median day",
            command,
        ),
    )
