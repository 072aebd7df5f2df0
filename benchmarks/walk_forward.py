"""The quarterly walk-forward 2020-2023, 16 folds x 2 models, against scikit-learn's estimators, in one run.

    python benchmarks/walk_forward.py [--quick] [--every-fold]

On the real bars of ../shared/data where they are, otherwise on a random panel of the same size. scikit-learn's histogram boosting is
fitted on the second, a middle and the last fold (`--every-fold`: all but the first, in which ours also gathers the rows), its exact one
on a thinned sample. `--quick`: a tenth of the names.
"""

import argparse
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from springback import features
from springback.features import FEATURES
from springback.forecasting.models import Classifier
from springback.market.actions import Actions
from springback.market.bars import Bars, Panel
from springback.market.market_data import MarketData, last_rows
from springback.training import Training, WalkForward, WalkOptions, walk_forward
from springback.training.estimators import ESTIMATORS, targets
from springback.training.evaluate import auc
from springback.training.rows import QPI, TrainingRows, gather

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
START = "2020-01-02"
EXACT_ROWS, TEST_ROWS = 20_000, 200_000


def real_tape() -> tuple[MarketData, NDArray[np.bool_]]:
    """The bundle and its universe."""
    from bundle import FACTS

    from springback.data.files.csv_folder import read
    from springback.strategy.universe import Universe, eligible

    market_data = read(SHARED, "2017-01-03", "2023-12-31", FACTS)
    return market_data, eligible(market_data, Universe())


def random_tape() -> tuple[MarketData, NDArray[np.bool_]]:
    """2,500 names that are all there all the time."""
    sessions = np.asarray(np.busday_offset("2017-01-03", np.arange(1_800), roll="forward"), dtype="datetime64[D]")
    sessions = sessions[sessions < np.datetime64("2024-01-01")]
    draw = np.random.default_rng(1)
    shape = (len(sessions), 2_500)
    close = 30.0 * np.exp(np.cumsum(draw.normal(0.0, 0.02, shape), axis=0))
    bars = Bars(sessions, tuple(f"N{k:04d}" for k in range(shape[1])), close, close, close, close, draw.lognormal(12.0, 1.0, shape))
    market_data = MarketData(bars, Actions.none(), np.full(shape[0], np.nan), last_rows(close), np.zeros(shape[1], dtype=np.int8))
    return market_data, np.ones(shape, dtype=np.bool_)


def theirs(rows: TrainingRows, target: NDArray[np.bool_], training: Training) -> Classifier:
    """scikit-learn's histogram boosting with the same knobs, on all cores."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model: Classifier = HistGradientBoostingClassifier(
        max_iter=training.trees,
        max_depth=training.depth,
        max_leaf_nodes=None,
        learning_rate=training.learning_rate,
        early_stopping=False,
        random_state=training.seed,
    ).fit(rows.features, target)
    return model


def timed(work: Callable[[], Classifier]) -> tuple[Classifier, float]:
    """What `work` gives and the seconds it took."""
    begun = time.perf_counter()
    model = work()
    return model, time.perf_counter() - begun


def compare_estimators(rows: TrainingRows, cut: int, training: Training) -> None:
    """Prints exact beside histogram, fitted on the same thinned rows known by `cut` and asked about the rows after it.

    The yardstick of their agreement is exact itself, fitted on the rows next to those.
    """
    known, tested = rows.known_by(cut), rows.pick(rows.session > cut).thinned(TEST_ROWS)
    which = np.linspace(0, len(known) - 2, min(EXACT_ROWS, len(known) - 1)).astype(np.int64)
    taught, beside = known.pick(which), known.pick(which + 1)
    outcome, extreme = targets(tested)[0], tested.features[:, QPI] < training.event_low
    lessons = {"exact": ("exact", taught), "histogram": ("histogram", taught), "exact, the rows beside": ("exact", beside)}
    said = {}
    print(f"\nexact and histogram on the same {len(taught):,} rows, asked about {len(tested):,} later ones")
    print(
        "| estimator | fit, s | AUC | accuracy | P > 0.60 | signals | P > 0.60 with exact | signals with exact | correlation with exact |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for label, (name, lesson) in lessons.items():
        work = partial(ESTIMATORS[name], lesson.features, targets(lesson)[0], training)
        model, seconds = timed(work)
        one = said[label] = model.predict_proba(tested.features)[:, 1]
        fired, first = one > training.threshold, said["exact"] > training.threshold
        right, alike = np.mean((one > 0.5) == outcome), np.corrcoef(one, said["exact"])[0, 1]
        print(
            f"| {label} | {seconds:.2f} | {auc(outcome, one):.4f} | {right:.4f} | {fired.sum():,} | {(fired & extreme).sum():,} "
            f"| {(fired & first).sum():,} | {(fired & first & extreme).sum():,} | {alike:.2f} |"
        )


def compare_folds(rows: TrainingRows, cuts: list[int], seconds: list[float], training: Training) -> None:
    """Prints scikit-learn's seconds for both models of each fold beside ours."""
    ours = plain = 0.0
    for cut, own in zip(cuts, seconds, strict=True):
        known = rows.known_by(cut)
        took = sum(timed(partial(theirs, known, target, training))[1] for target in targets(known))
        ours, plain = ours + own, plain + took
        print(f"  {len(known):>9,} rows: ours {own:6.2f} s, scikit-learn's histogram boosting {took:6.2f} s", flush=True)
    print(f"ratio to scikit-learn's histogram boosting on these folds: {plain / ours:.1f}x")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--every-fold", action="store_true")
    options = parser.parse_args()
    market_data, eligible = real_tape() if SHARED.exists() else random_tape()
    if options.quick:
        eligible = eligible & (np.arange(market_data.bars.shape[1]) % 10 == 0)
    panel: Panel = features.panel(market_data.bars, market_data.actions)
    training = Training()
    ends: list[float] = []
    begun = time.perf_counter()
    result = walk_forward(
        market_data,
        eligible,
        panel,
        training,
        WalkForward(start=START),
        "benchmark",
        WalkOptions(progress=lambda *_: ends.append(time.perf_counter() - begun)),
    )
    whole = time.perf_counter() - begun
    scores = [fold.long.auc for fold in result.folds if fold.long.auc is not None]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(result.folds)} folds x 2 models, {result.folds[0].rows:,} to {result.folds[-1].rows:,} rows x {len(FEATURES)}: {whole:.1f} s"
    )
    print(f"peak memory {peak:.2f} GiB with the bars; AUC by fold {min(scores):.3f} to {max(scores):.3f}, mean {np.mean(scores):.4f}")
    rows = gather(market_data, eligible, panel, training)
    cuts = [market_data.bars.row(fold.as_of) for fold in result.folds]
    chosen = list(range(1, len(cuts))) if options.every_fold else [1, len(cuts) // 2, len(cuts) - 1]
    seconds = np.diff(ends, prepend=0.0)
    compare_folds(rows, [cuts[k] for k in chosen], [float(seconds[k]) for k in chosen], training)
    compare_estimators(rows, cuts[0], training)


if __name__ == "__main__":
    main()
