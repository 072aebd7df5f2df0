"""The card of a pair of models: what they were trained on, under which libraries, and the SHA-256 of each of their files."""

import dataclasses
import hashlib
import json
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from springback.errors import ModelError

LIBRARIES = ("numpy", "scikit-learn", "lightgbm")


def versions() -> dict[str, str]:
    """Python (major.minor) and the libraries a model file depends on, as they are here; a library that is not installed is left out."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class Card:
    """Everything known about a pair of models, as it stands in card.json.

    `features` in the order the models take them; `first`, `last` the sessions of the oldest and newest training row and `known_by` the
    session by whose close all their labels were known (ISO dates); `rows` of training; `horizon` sessions of the label; `settings` of the
    training; `seed`; `fingerprint` SHA-256 of the training rows; `created` as handed in; `scores` out of sample (None: unknown);
    `versions` of Python and the libraries; `files` name -> SHA-256, filled by the model store.
    """

    features: tuple[str, ...]
    first: str
    last: str
    known_by: str
    rows: int
    horizon: int
    settings: Mapping[str, Any]
    seed: int
    fingerprint: str
    created: str
    scores: Mapping[str, float | None] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=versions)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def lesson(self) -> str:
        """What decides the models, as text: everything but when and where they were written and how they did. Equal lessons train equal
        models.
        """
        return dataclasses.replace(self, created="", scores={}, files={}).to_json()

    @property
    def name(self) -> str:
        """What the models are called: the session by whose close their labels were known, and the start of the lesson's SHA-256."""
        return f"{self.known_by}-{_digest(self.lesson)[:8]}"

    @property
    def hash(self) -> str:
        """SHA-256 of the lesson and of the files: what the models are kept under. Of a card whose files are not written yet it is none."""
        return _digest(dataclasses.replace(self, created="", scores={}).to_json())

    def to_json(self) -> str:
        """The card as text; a score that is not a number is null."""
        values = dataclasses.asdict(self)
        values["scores"] = {name: None if value is None or math.isnan(value) else value for name, value in self.scores.items()}
        return json.dumps(values, indent=2, sort_keys=True, allow_nan=False) + "\n"

    def _check(self) -> None:
        """Raises `ValueError` on a field that is of another kind than it is written as."""
        texts: list[Any] = [self.first, self.last, self.known_by, self.fingerprint, self.created, *self.features]
        texts += [*self.versions.values(), *self.files.values()]
        days = [date.fromisoformat(one) for one in (self.first, self.last, self.known_by)]
        numbers: list[Any] = [self.rows, self.horizon, self.seed]
        if not all(isinstance(one, str) for one in texts) or [str(one) for one in days] != [self.first, self.last, self.known_by]:
            raise ValueError("a name, date or hash of it is none")
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in numbers):
            raise ValueError("rows, horizon and seed must be whole numbers")
        scores: list[Any] = [one for one in self.scores.values() if one is not None]
        if not all(isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < 1e300 for one in scores):
            raise ValueError("a score is no number")
        if not isinstance(self.settings, Mapping):
            raise ValueError("its settings are no table")

    @staticmethod
    def from_json(text: str, where: str) -> "Card":
        """The card that `text` holds. Raises `ModelError` naming `where` if it is not one."""
        names = {one.name for one in dataclasses.fields(Card)}
        try:
            values = json.loads(text)
            odd = names ^ set(values)
            if odd:
                raise ModelError(
                    f"{where}: a card has the fields {', '.join(sorted(names))}, this one differs in {', '.join(sorted(odd))}: train again"
                )
            found = Card(**{**values, "features": tuple(values["features"])})
            found._check()
            return found
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ModelError(f"{where} is not a model card ({error}): train again") from None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
