"""Combinatorial purged cross-validation: every session is forecast several times by models that never saw it, past and future alike.

Sessions are cut into N groups of equal length; each choice of k of them is tested by models of the others: C(N, k) splits. Every group is
tested C(N-1, k-1) times, so the forecasts join into that many paths through all sessions. Lopez de Prado (2018), Advances in Financial
Machine Learning, chapter 12; purge and embargo: chapter 7. It asks whether there is anything to learn, not what a trader could have had:
most models know the future of what they test. Walk-forward stays the figure to report.
"""

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from springback.cluster import Cores, Workers
from springback.errors import MissingData
from springback.training.estimators import fit, targets
from springback.training.rows import TrainingRows
from springback.training.train import Progress
from springback.training.training_settings import Training, Validation

Flags = NDArray[np.bool_]
Said = NDArray[np.float32]


@dataclass(frozen=True)
class Split:
    """The `tested` groups of one split, and `blocks`: (first, last) session of each run of neighbouring tested groups."""

    tested: tuple[int, ...]
    blocks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Paths:
    """`p_long` and `p_short` (P, R) of P paths through R rows; `group` (R,) of each row; `learned` rows of each of `splits`."""

    p_long: Said
    p_short: Said
    group: NDArray[np.int64]
    splits: tuple[Split, ...]
    learned: tuple[int, ...]


def groups(sessions: NDArray[np.int64], count: int) -> list[tuple[int, int]]:
    """(first, last) session of `count` groups that tile `sessions` (S,), increasing; sizes differ by one at most, the larger ones first.

    Raises `MissingData` when there are fewer sessions than groups.
    """
    if len(sessions) < count:
        raise MissingData(f"validation: {len(sessions)} sessions with labelled rows cannot make {count} groups: fetch a longer history")
    return [(int(part[0]), int(part[-1])) for part in np.array_split(sessions, count)]


def splits(spans: list[tuple[int, int]], tested: int) -> list[Split]:
    """Every choice of `tested` of the groups `spans`, in lexicographic order."""
    return [Split(chosen, _runs(spans, chosen)) for chosen in combinations(range(len(spans)), tested)]


def _runs(spans: list[tuple[int, int]], tested: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    breaks = [0, *(k for k, (one, other) in enumerate(pairwise(tested), start=1) if other != one + 1), len(tested)]
    return tuple((spans[tested[low]][0], spans[tested[high - 1]][1]) for low, high in pairwise(breaks))


def may_learn(session: NDArray[np.int64], known_at: NDArray[np.int64], split: Split, horizon: int, embargo: int) -> Flags:
    """Which rows (R,) the models of `split` may learn from.

    Purged is a row whose label window, its session to the session `known_at`, touches that of any tested row; embargoed is a row within
    `embargo` sessions after the last tested label is known: its features still carry what was tested.
    """
    kept = np.ones(len(session), dtype=np.bool_)
    for first, last in split.blocks:
        kept &= (known_at < first) | (session > last + horizon + embargo)
    return kept


def place_in_paths(choices: list[Split], count: int) -> NDArray[np.int64]:
    """The path that the forecast of each of S `choices` joins for each of G groups, (S, G): its place among the splits that test the group;
    -1: none.
    """
    place = np.full((len(choices), count), -1, dtype=np.int64)
    for group in range(count):
        testing = [k for k, one in enumerate(choices) if group in one.tested]
        place[testing, group] = np.arange(len(testing))
    return place


def cross_validate(
    rows: TrainingRows, training: Training, settings: Validation, progress: Progress | None = None, workers: Workers | None = None
) -> Paths:
    """Every path's forecasts of `rows`, each by models that learned from nothing that touches it. Raises `MissingData`.

    A pair is fitted and asked side by side with other pairs, and dropped once it has spoken; the result does not depend on how many, nor on
    where: `workers` fit, None is this machine.
    """
    spans = groups(np.unique(rows.session), settings.groups)
    found = splits(spans, settings.tested)
    place = place_in_paths(found, len(spans))
    group = np.searchsorted([first for first, _ in spans], rows.session, side="right") - 1
    said = np.full((2, int(place.max()) + 1, len(rows)), np.nan, dtype=np.float32)
    learned = []
    shared = rows, group, training
    for k, (count, answers) in enumerate((workers or Cores(training.threads)).each(_answer, shared, found)):
        learned.append(count)
        for one, answer in answers:
            said[:, place[k, one], group == one] = answer
        if progress:
            progress(k + 1, len(found), f"split {k + 1}, {count:,} rows")
    return Paths(said[0], said[1], group, tuple(found), tuple(learned))


def _answer(shared: tuple[TrainingRows, NDArray[np.int64], Training], split: Split) -> tuple[int, list[tuple[int, Said]]]:
    """How many rows the models of `split` learned from, and of each tested group both probabilities (2, rows of the group)."""
    rows, group, training = shared
    kept = may_learn(rows.session, rows.known_at, split, training.horizon, training.embargo)
    lesson = rows.pick(kept).thinned(training.max_rows)
    pair = [fit(lesson, target, training) for target in targets(lesson)]
    asked = [(one, rows.features[group == one]) for one in split.tested]
    said = [(one, np.stack([model.predict_proba(row)[:, 1] for model in pair]).astype(np.float32)) for one, row in asked]
    return len(lesson), said
