"""Optuna asks, someone looks, the answers are kept: a search that a kill does not change.

What a trial is, is a function of the seed, its number and the trials of earlier batches alone: each has a sampler of its own, seeded by its
number. So a search that was killed anywhere asks the unfinished batch again, gets the same questions, looks only at those without an
answer, and ends at the same bits as one that was left alone. The file holds finished trials only, in order, in Optuna's own format.
"""

import base64
import hashlib
import json
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback import alone as locks
from springback.errors import SettingsError, StoreError, Unwritable
from springback.search.knobs import Knob, Value, Values

Numbers = NDArray[np.float64]
STARTUP = 10  # trials drawn blindly before the sampler has an opinion
NAME = "springback"


@dataclass(frozen=True, eq=False)
class TrialResult:
    """What one setting gave: the `figure` that is searched for, None where the settings do not go together, `excess` (S,) returns, and how
    many positions it asked for, None where it is not known any more."""

    figure: float | None
    excess: Numbers
    entries: int | None = None


@dataclass(frozen=True, eq=False)
class Trial:
    """The `number`-th setting that was tried, and what it gave."""

    number: int
    values: Values
    result: TrialResult


Look = Callable[[Sequence[Values]], Iterator[TrialResult]]
"""Looks at some settings, each entered in the ledger before it is answered, in order."""
Progress = Callable[[int, int, str], None]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """`folder`, made where it is missing, and nobody else searching in it. Raises `Unwritable`."""
    with locks.alone(folder, again=False, busy="another search is at work in {place}"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unwritable(f"{folder} cannot be written ({error.strerror}): choose another place or free it") from None
        yield


class Memory:
    """The finished trials, in an SQLite `file` that Optuna and its tools read. `stamp` says which search it is. Raises `StoreError`."""

    def __init__(self, file: Path, stamp: str, knobs: Sequence[Knob]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.file = file
        self.spaces = {knob.name: _space(knob) for knob in knobs}
        try:
            self.study = optuna.create_study(
                storage=f"sqlite:///{file.resolve()}", study_name=NAME, direction="maximize", load_if_exists=True
            )
            known = self.study.user_attrs.get("stamp")
        except Exception as error:  # noqa: BLE001 (SQLAlchemy has an error for everything)
            raise self._damaged(error) from None
        if known not in (None, stamp):
            raise SettingsError(f"{file} holds another search (other data, knobs or settings): give --out another folder")
        if known is None:
            try:
                self.study.set_user_attr("stamp", stamp)
            except Exception as error:  # noqa: BLE001
                raise self._damaged(error) from None

    def trials(self) -> list[Trial]:
        """In order. Raises `StoreError` where the file is damaged or was changed."""
        found = []
        try:
            for one in self.study.get_trials(deepcopy=False):
                excess = np.frombuffer(base64.b64decode(one.user_attrs["excess"]), "<f8").astype(np.float64)
                trial = Trial(one.number, dict(one.params), TrialResult(one.values[0] if one.values else None, excess))
                if one.user_attrs["seal"] != _seal(trial):
                    raise ValueError(f"trial {one.number} is not as it was kept")
                found.append(trial)
        except Exception as error:  # noqa: BLE001 (SQLAlchemy has an error for everything)
            raise self._damaged(error) from None
        return found

    def _damaged(self, error: Exception) -> StoreError:
        said = str(error) if isinstance(error, ValueError) else type(error).__name__
        return StoreError(f"{self.file} is no whole study ({said[:200]}): move it away and search anew")

    def add(self, trial: Trial) -> None:
        """Keeps one more, whole or not at all."""
        attributes = {"excess": base64.b64encode(trial.result.excess.astype("<f8").tobytes()).decode(), "seal": _seal(trial)}
        self.study.add_trial(_frozen(trial, self.spaces, attributes))


def _seal(trial: Trial) -> str:
    """SHA-256 of all that a trial says."""
    words = json.dumps([trial.number, trial.values, trial.result.figure], sort_keys=True).encode()
    return hashlib.sha256(words + trial.result.excess.astype("<f8").tobytes()).hexdigest()


def search(knobs: Sequence[Knob], trials: int, batch: int, seed: int, memory: Memory, look: Look, progress: Progress) -> list[Trial]:
    """`trials` trials, those of `memory` among them; each is kept as soon as it is known.

    Raises `StoreError` where a trial of `memory` is not what this search asks.
    """
    done = memory.trials()[:trials]
    progress(len(done), trials, _best(done))
    while len(done) < trials:
        begin = len(done) - len(done) % batch
        questions = _ask(knobs, done[:begin], min(batch, trials - begin), seed)
        for known, question in zip(done[begin:], questions, strict=False):
            if known.values != question:
                raise StoreError(f"trial {known.number} is not what this search asks: the file was changed, or Optuna is another version")
        fresh = questions[len(done) - begin :]
        for question, result in zip(fresh, look(fresh), strict=True):
            trial = Trial(len(done), question, result)
            memory.add(trial)
            done.append(trial)
            progress(len(done), trials, _best(done))
    return done


def importances(knobs: Sequence[Knob], trials: Sequence[Trial], seed: int) -> dict[str, float]:
    """The share of each knob in how much the figure varies, the largest first; none if unknown.

    Figures in the worst quarter count as its best: how bad a bad setting is, one that hardly trades, would drown what matters above it.
    fANOVA: Hutter, Hoos, Leyton-Brown (2014), An Efficient Approach for Assessing Hyperparameter Importance, ICML.
    """
    import optuna

    figures = [one.result.figure for one in trials if one.result.figure is not None]
    if len(set(figures)) < 2:
        return {}
    floor = float(np.quantile(figures, 0.25))
    told = [
        Trial(one.number, one.values, TrialResult(max(one.result.figure, floor), one.result.excess))
        for one in trials
        if one.result.figure is not None
    ]
    study = _history(knobs, told)
    found = optuna.importance.get_param_importances(study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed))
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def stamp(facts: dict[str, Any]) -> str:
    """Which search it is, as one line."""
    return json.dumps(facts, sort_keys=True, default=str)


def _ask(knobs: Sequence[Knob], history: Sequence[Trial], count: int, seed: int) -> list[Values]:
    """The next `count` settings, from the history and each trial's own seed; the later ones know that the earlier ones are on their way."""
    import optuna

    spaces = {knob.name: _space(knob) for knob in knobs}
    study = _history(knobs, history)
    asked = []
    for k in range(count):
        own = int(np.random.SeedSequence([seed, len(history) + k]).generate_state(1)[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.sampler = optuna.samplers.TPESampler(seed=own, n_startup_trials=STARTUP, constant_liar=True)
        asked.append(dict(study.ask(spaces).params))
    return asked


def _history(knobs: Sequence[Knob], trials: Sequence[Trial]) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spaces = {knob.name: _space(knob) for knob in knobs}
    study = optuna.create_study(direction="maximize")
    study.add_trials([_frozen(one, spaces) for one in trials])
    return study


def _frozen(trial: Trial, spaces: dict[str, Any], attributes: dict[str, Any] | None = None) -> Any:
    import optuna

    known = trial.result.figure is not None
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState.COMPLETE if known else optuna.trial.TrialState.FAIL,
        value=trial.result.figure if known else None,
        params=trial.values,
        distributions=spaces,
        user_attrs=attributes or {},
    )


def _space(knob: Knob) -> Any:
    import optuna

    if knob.choices:
        return optuna.distributions.CategoricalDistribution(knob.choices)
    if knob.whole:
        return optuna.distributions.IntDistribution(int(knob.low), int(knob.high))
    return optuna.distributions.FloatDistribution(knob.low, knob.high)


def _best(trials: Sequence[Trial]) -> str:
    known = [one.result.figure for one in trials if one.result.figure is not None]
    return f"best so far {max(known):.2f}" if known else "looking"


def plain(value: Value) -> str:
    """A setting as a person reads it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
