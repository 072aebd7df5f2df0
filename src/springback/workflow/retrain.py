"""Retraining as the desk does it: when it is due, who is in use in a session, how champion and challengers did on frozen forecasts, and a
new challenger by the very steps of the walk-forward.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from springback.data.sessions import exchange_days
from springback.errors import InputError, ModelError
from springback.forecasting import model_store
from springback.forecasting.archive import Archive, read_timeline
from springback.forecasting.models import Models
from springback.forecasting.timeline import Timeline
from springback.market.bars import Dates
from springback.market.market_data import MarketData
from springback.operation.desk_folder import DeskFolder
from springback.statistics.contest import Retraining
from springback.training.succession import judged
from springback.training.train import Evaluation
from springback.training.walk_forward import WalkOptions, challenger
from springback.workflow import champions, frozen_scores, places
from springback.workflow.champions import Registry, Word
from springback.workflow.frozen_scores import Desk, Scores
from springback.workflow.models import EVALUATION, train_models, write_json
from springback.workflow.prepare import PreparedData
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings

MONTH = 365.25 / 12
STALE = 1.5
"""Intervals without a retraining after which the models are stale."""
PROGRAM = "springback retrain"
AUTO = "retraining.sign = auto"


@dataclass(frozen=True, eq=False)
class InUse:
    """The `champion` of a session, its `challengers`, and the `models` by name of all who forecast: theirs and the previous champion's, who
    goes on being scored; `faults` of those that are missing or damaged and speak no more, by name; `tried`, the newest session by whose
    labels a retraining was tried.
    """

    champion: str
    challengers: tuple[str, ...]
    models: Mapping[str, Models]
    faults: Mapping[str, str]
    tried: str


def in_use(models: Path, session: str) -> InUse:
    """Who forecasts at the close of `session`. Raises `ModelError` where the champion is missing or fails its hash, `MissingData` without a
    timeline.
    """
    timeline = champions.timeline_of(models)
    champion, *others = timeline.speakers(session)
    archive = Archive(models)
    found, faults = {champion: archive.load(champion, timeline.hashes.get(champion, ""))}, {}
    for name in others:
        try:
            found[name] = archive.load(name, timeline.hashes.get(name, ""))
        except ModelError as error:
            faults[name] = str(error)
    return InUse(champion, tuple(name for name in others if name in timeline.challengers), found, faults, _since(timeline))


def due(settings: Settings, timeline: Timeline | None, session: str) -> bool:
    """Whether a pair is to be trained after the close of `session`: the next session begins a period that none was trained for. Under the
    policy "never" that is the first alone.
    """
    if settings.walk_forward.policy == "never" and timeline is not None:
        return False
    if timeline is None or not timeline.tried:
        return True
    return _period(settings, session) > _period(settings, timeline.tried)


def served(settings: Settings, models: Path, session: str) -> str:
    """The session by which the newest pair of the folder `models` was trained, where none is due at the close of `session`; else empty."""
    timeline = read_timeline(models)
    return "" if timeline is None or due(settings, timeline, session) else timeline.tried or timeline.tenures[-1].after


def stale(settings: Settings, tried: str, session: str) -> bool:
    """Whether by `session` no retraining was `tried` for 1.5 intervals; under the policy "never" none is meant to be."""
    since = (np.datetime64(session) - np.datetime64(tried)) / np.timedelta64(1, "D")
    return settings.walk_forward.policy != "never" and bool(since > STALE * settings.retraining.months * MONTH)


def _since(timeline: Timeline) -> str:
    return timeline.tried or timeline.tenures[0].after


@dataclass(frozen=True)
class Retrained:
    """The pair that was trained, by `name`, how `train` judged it on the newest sessions, and what is to come of it: the `timeline`."""

    name: str
    evaluation: Evaluation
    timeline: Timeline


def retrain(registry: Registry, prepared: PreparedData, settings: Settings, progress: Progress = SILENT) -> Retrained:
    """Trains a pair on what was known at the newest close, judges it as `train` does, and registers its contest with the champion.

    The first pair of all is champion at once, and so is the newest under that policy. Raises `InputError` where the policy is "never" and
    there is a champion, `MissingData`, `ModelError`, `Unwritable`, `LedgerError`.
    """
    if settings.walk_forward.policy == "never" and read_timeline(registry.models) is not None:
        raise InputError("walk_forward.policy = never trains no challengers: set it to if_better or newest")
    after = str(prepared.market_data.bars.sessions[-1])
    with places.filling(registry.models, progress):
        registry.ledger.ready()
        judged_ = train_models(prepared, settings, progress)
        old = read_timeline(registry.models) or Timeline()
        begun = old if old.tenures else _first(registry.models, prepared, settings)
        name, new = begun.champion, replace(begun.lapsed(after), tried=after)
        if settings.walk_forward.policy != "never":
            name, new = _entered(registry.models, prepared, settings, new)
        write_json(Archive(registry.models).folder(name) / EVALUATION, dataclasses.asdict(judged_.evaluation))
        champions.keep(registry, old, new, after, Word(PROGRAM))
    return Retrained(name, judged_.evaluation, new)


def score(registry: Registry, desk: Desk, market_data: MarketData, horizon: int, session: str, progress: Progress = SILENT) -> Timeline:
    """The timeline at the close of `session`: what the `desk` froze in time is scored where its labels have ripened, every contest judged
    by it, and both kept. Under `retraining.sign = "auto"` a win is signed at once.

    Raises `MissingData`, `ModelError`, `BadTable`, `Unwritable`, `LedgerError`.
    """
    with places.filling(registry.models, progress):
        old = champions.timeline_of(registry.models)
        scores = frozen_scores.ripened(frozen_scores.read(registry.models), desk, market_data, horizon, session)
        frozen_scores.write(registry.models, scores)
        signer = AUTO if registry.rules.sign == "auto" else ""
        new = judge(old, scores, market_data.bars.sessions, horizon, session, registry.rules, signer)
        champions.keep(registry, old, new, session, Word(signer or "springback daily"))
        return new


def judge(timeline: Timeline, scores: Scores, sessions: Dates, horizon: int, session: str, rules: Retraining, signer: str) -> Timeline:
    """The timeline at the close of `session` by the frozen `scores` alone; `sessions` are those of the market data, older ones are those
    of the scores.
    """
    names = {name for one in timeline.waiting for name in (one.challenger, one.champion)}
    days, board = frozen_scores.board_of(scores, sessions, names)
    return judged(timeline, board, days, int(np.searchsorted(days, np.datetime64(session))), horizon, rules, signer)


def newest_session(desk: Path) -> str:
    """The newest session that the desk decided, ISO; empty where it has none yet."""
    known = DeskFolder(desk).sessions()
    return known[-1] if known else ""


def standing(settings: Settings, timeline: Timeline, session: str) -> dict[str, Any]:
    """What `springback models --json` prints: `champions.told`, and whether a retraining is due or the models are stale by `session`."""
    more = {
        "policy": settings.walk_forward.policy,
        "due": due(settings, timeline, session),
        "stale": stale(settings, _since(timeline), session),
    }
    return {**champions.told(timeline), **more}


def _entered(models: Path, prepared: PreparedData, settings: Settings, timeline: Timeline) -> tuple[str, Timeline]:
    """The name of a pair on what was known at the newest close, and `timeline` with it as challenger, or as champion where it is the newest
    that counts.
    """
    pair = trained(models, prepared, settings)
    name, after = pair.card.name, timeline.tried
    known = replace(timeline, hashes={**timeline.hashes, name: pair.card.hash})
    if settings.walk_forward.policy == "newest":
        return name, known.succeeded(name, after, PROGRAM, "the newest")
    return name, known.registered(name, after)


def trained(models: Path, prepared: PreparedData, settings: Settings, row: int = -1) -> Models:
    """The pair on what was known at the close of `row`, counted from the end where it is negative; in the archive of `models`."""
    archive = Archive(models)
    options = WalkOptions(lookup=archive.lookup)
    data = prepared.market_data, prepared.eligible, prepared.features
    last = row % len(prepared.market_data.bars.sessions)
    pair = challenger(*data, settings.training, last, datetime.now(UTC).isoformat(timespec="seconds"), options)
    return pair if pair.card.files else archive.save(pair)


def _first(models: Path, prepared: PreparedData, settings: Settings) -> Timeline:
    """With the first champion: that of the newest walk-forward, else the pair in the folder, else one on what was known a session ago."""
    archive = Archive(models)
    walk = read_timeline(models / "walk_forward")
    if walk is not None and walk.tenures:
        newest = walk.tenures[-1]
        pair, after, why = archive.load(newest.model, walk.hashes.get(newest.model, "")), newest.after, "champion of the walk-forward"
    elif (models / model_store.CARD).is_file():
        pair = archive.save(model_store.load(models))
        after, why = pair.card.known_by, "the pair of springback train"
        if (models / EVALUATION).is_file():
            places.write(archive.folder(pair.card.name), {EVALUATION: (models / EVALUATION).read_text(encoding="utf-8")})
    else:
        pair = trained(models, prepared, settings, -2)
        after, why = pair.card.known_by, "the first"
    return Timeline(hashes={pair.card.name: pair.card.hash}).begun(pair.card.name, after, PROGRAM, why)


def _period(settings: Settings, session: str) -> int:
    """The number of the period in which the session after `session` lies."""
    day = np.datetime64(session, "D")
    following = exchange_days(day + 1, day + 10)[0]
    return int(following.astype("datetime64[M]").astype(np.int64)) // settings.retraining.months
