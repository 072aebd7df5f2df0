"""Splits by session. No row is trained on whose label was not known before the first session it is tested or used on."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from springback.errors import MissingData
from springback.market.bars import Dates
from springback.training.rows import TrainingRows
from springback.training.training_settings import Training, WalkForward


def split_by_time(rows: TrainingRows, training: Training) -> tuple[TrainingRows, TrainingRows]:
    """(train, test): the newest `test_fraction` of the sessions, and what came before, less the horizon and the embargo.

    The last training label is known `embargo` sessions before the first test session. Raises `MissingData` if either part is empty.
    """
    sessions = np.unique(rows.session)
    tested = max(1, round(len(sessions) * training.test_fraction))
    gap = training.horizon + training.embargo
    if len(sessions) <= tested:
        raise MissingData(f"training needs labelled rows in at least 2 sessions, found {len(sessions)}: fetch a longer history")
    first = int(sessions[-tested])
    train = rows.between(0, first - gap)
    if len(train) == 0:
        raise MissingData(
            f"training: {len(sessions)} sessions with labelled rows leave none before the test part of {tested} and the gap of {gap}: "
            "fetch a longer history"
        )
    return train, rows.between(first, int(sessions[-1]) + 1)


@dataclass(frozen=True)
class Period:
    """Sessions `first <= row < end` that one pair of models forecasts, trained on labels known at the close of row `as_of`."""

    as_of: int
    first: int
    end: int


def periods(sessions: Dates, start: np.datetime64, end: np.datetime64, months: int = 3) -> list[Period]:
    """Periods of `months` calendar months that tile the sessions of `start..end`; the first begins at `start`'s own session.

    A period's `as_of` is the session before its first one. Deterministic: the calendar alone decides.
    """
    low = int(np.searchsorted(sessions, start))
    high = int(np.searchsorted(sessions, end, side="right"))
    if low >= high:
        return []
    number = sessions[low:high].astype("datetime64[M]").astype(np.int64) // months
    edges = [low, *(low + 1 + np.flatnonzero(np.diff(number))).tolist(), high]
    return [Period(first - 1, first, stop) for first, stop in pairwise(edges)]


def walk(
    rows: TrainingRows, sessions: Dates, settings: WalkForward, start: np.datetime64 | None, end: np.datetime64 | None
) -> list[Period]:
    """The periods of a walk-forward from the later of `start` and the settings' start to `end` (None: the last session).

    Without any start: from the first period that has `min_sessions` of known labels. Raises `MissingData` if a given start has fewer.
    """
    wanted = [np.datetime64(one, "D") for one in (settings.start or None, start) if one is not None]
    last = sessions[-1] if end is None else end
    if wanted:
        found = periods(sessions, max(wanted), last, settings.months)
        if found and (known := _known_sessions(rows, found[0].as_of)) < settings.min_sessions:
            enough = [one for one in found if _known_sessions(rows, one.as_of) >= settings.min_sessions]
            later = f"start later (--set backtest.start={sessions[enough[0].first]})" if enough else "start later"
            raise MissingData(
                f"walk-forward from {sessions[found[0].first]}: {known} earlier sessions have known labels, "
                f"walk_forward.min_sessions is {settings.min_sessions}: {later} or fetch an earlier history"
            )
    else:
        found = periods(sessions, sessions[0], last, settings.months)[1:]
        found = [one for one in found if _known_sessions(rows, one.as_of) >= settings.min_sessions]
    if not found:
        raise MissingData(
            f"walk-forward: no session to forecast between {max(wanted) if wanted else sessions[0]} and {last} with "
            f"{settings.min_sessions} sessions of known labels before it: fetch a longer history or lower walk_forward.min_sessions"
        )
    return found


def _known_sessions(rows: TrainingRows, as_of: int) -> int:
    return len(np.unique(rows.known_by(as_of).session)) if as_of >= 0 else 0
