"""One pair of models: split by time, fit on the older part, judge on the newer one."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from springback.features import FEATURES
from springback.forecasting.card import Card
from springback.forecasting.models import Models
from springback.market.bars import Dates, Panel
from springback.market.market_data import MarketData
from springback.training.estimators import fit_pair, side_by_side, targets
from springback.training.evaluate import Side, auc, complement_correlation, judge
from springback.training.importance import Importance, importance
from springback.training.rows import TrainingRows, gather
from springback.training.splits import split_by_time
from springback.training.training_settings import Training

Progress = Callable[[int, int, str], None]
SAMPLE = 100_000


@dataclass(frozen=True)
class Evaluation:
    """What `train` measured on the newest sessions, which the models did not see. Dates are ISO; `dataclasses.asdict` makes it JSON.

    `mirror` is the correlation of P_long with 1 - P_short. `random_split_auc` (long, short) comes from a random 80/20 split of a sample of
    all rows: overlapping labels leak, and what it exceeds `auc` by is not skill. Importances: AUC lost, by date block.
    """

    train_first: str
    train_last: str
    train_rows: int
    test_first: str
    test_last: str
    test_rows: int
    long: Side
    short: Side
    mirror: float | None
    importance_long: tuple[Importance, ...]
    importance_short: tuple[Importance, ...]
    random_split_auc: tuple[float | None, float | None]

    def scores(self) -> dict[str, float | None]:
        """The figures a card keeps."""
        kept = ("auc", "auc_by_day", "accuracy", "precision", "brier", "base_rate")
        return {f"{side}_{name}": getattr(getattr(self, side), name) for side in ("long", "short") for name in kept}


@dataclass(frozen=True, eq=False)
class Trained:
    """The pair fitted on the older sessions and what it did on the newer ones."""

    models: Models
    evaluation: Evaluation


def train(
    market_data: MarketData, eligible: NDArray[np.bool_], features: Panel, training: Training, now: str, progress: Progress | None = None
) -> Trained:
    """Models of the older `1 - test_fraction` of the sessions, judged on the rest; the saved pair is the judged one.

    `eligible` (T, N), `features` (T, N, 8); `now` is the instant the card records. Raises `MissingData` when a part has no rows.
    """
    tell = progress or _silence
    tell(0, 4, "gathering rows")
    rows = gather(market_data, eligible, features, training)
    older, newer = split_by_time(rows, training)
    older = older.newest(market_data.bars.sessions, int(newer.session[0]) - 1, training.years)
    tell(1, 4, f"fitting on {len(older):,} rows")
    models = fit_models(older, market_data.bars.sessions, training, int(newer.session[0]) - 1, now)
    tell(2, 4, f"judging on {len(newer):,} rows")
    evaluation = _evaluate(models, older, newer, market_data.bars.sessions, training)
    tell(3, 4, "a random split, as a warning")
    evaluation = replace(evaluation, random_split_auc=random_split_auc(rows, training))
    tell(4, 4, "trained")
    return Trained(replace(models, card=replace(models.card, scores=evaluation.scores())), evaluation)


def fit_models(rows: TrainingRows, sessions: Dates, training: Training, known_by: int, now: str) -> Models:
    """A pair of models of `rows` with its card, without scores."""
    return Models(*fit_pair(rows, training), write_card(rows, sessions, training, known_by, now))


def write_card(rows: TrainingRows, sessions: Dates, training: Training, known_by: int, now: str) -> Card:
    """The card of models of `rows`, whose labels were known at the close of row `known_by`."""
    learned = rows.thinned(training.max_rows)
    return Card(
        features=FEATURES,
        first=str(sessions[learned.session[0]]),
        last=str(sessions[learned.session[-1]]),
        known_by=str(sessions[known_by]),
        rows=len(learned),
        horizon=training.horizon,
        settings={name: value for name, value in dataclasses.asdict(training).items() if name not in _unsaid(training)},
        seed=training.seed,
        fingerprint=learned.fingerprint(),
        created=now,
    )


def _unsaid(training: Training) -> tuple[str, ...]:
    """Knobs that move no model, or that say what every model did before they existed."""
    return ("threads",) if training.years else ("threads", "years")


def random_split_auc(rows: TrainingRows, training: Training) -> tuple[float | None, float | None]:
    """AUC (long, short) of a random 80/20 split of at most 100,000 rows: how good leaking labels look."""
    newest = rows.pick(slice(max(0, len(rows) - SAMPLE), len(rows)))
    shuffled = np.random.default_rng(training.seed).permutation(len(newest))
    tested = len(newest) // 5
    kept, held = newest.pick(np.sort(shuffled[tested:])), newest.pick(np.sort(shuffled[:tested]))
    models = fit_pair(kept, replace(training, estimator="histogram", scores="raw"))
    long, short = (
        auc(target, model.predict_proba(held.features)[:, 1]) if len(held) else None
        for model, target in zip(models, targets(held), strict=True)
    )
    return long, short


def _evaluate(models: Models, older: TrainingRows, newer: TrainingRows, sessions: Dates, training: Training) -> Evaluation:
    p_long, p_short = models.probabilities(newer.features)
    long, short = judge(newer, p_long, p_short, training)
    both = zip((models.long, models.short), targets(newer), strict=True)
    lost_long, lost_short = side_by_side(lambda one: importance(*one, newer, training.seed), both, training.threads)
    return Evaluation(
        train_first=str(sessions[older.session[0]]),
        train_last=str(sessions[older.session[-1]]),
        train_rows=len(older),
        test_first=str(sessions[newer.session[0]]),
        test_last=str(sessions[newer.session[-1]]),
        test_rows=len(newer),
        long=long,
        short=short,
        mirror=complement_correlation(p_long, p_short),
        importance_long=lost_long,
        importance_short=lost_short,
        random_split_auc=(None, None),
    )


def _silence(step: int, total: int, text: str) -> None:
    """Nobody is listening."""
