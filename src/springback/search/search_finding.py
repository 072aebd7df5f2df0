"""What a search found, and how far it is luck."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from springback.analytics import encode
from springback.analytics.gates import FEWEST_SESSIONS, FEWEST_TRADES
from springback.market.bars import Dates
from springback.market.origin import Provenance
from springback.search.knobs import Knob, Values
from springback.search.optimizer import Trial, TrialResult
from springback.search.search_settings import Optimise
from springback.statistics import overfitting
from springback.statistics.overfitting import Search, beats_luck
from springback.statistics.paired import Gain, gain, sharpes
from springback.statistics.returns import lost
from springback.statistics.significance import block_rows, sharpe_error

Numbers = NDArray[np.float64]
SURE = 0.05


@dataclass(frozen=True)
class SearchFinding:
    """`winner` of the candidates, the specification and every trial (its settings; number None: the specification), net Sharpe ratios a
    year of both on the searched sessions (NaN: it does not vary, or its account was lost), the `gain` of one on the other, how many
    `trials` this study made and how many of them lost the account, what the best of all the trials of the ledger would show without
    skill, the probability that the winner is above that, and that of backtest overfitting. None: unknown. `little` says why the search is
    too small for a verdict; empty where it is not.
    """

    winner: Values
    number: int | None
    sharpe: float
    specified: Values
    specified_sharpe: float
    gain: Gain
    trials: int
    lost: int
    ledger_trials: int
    luck: float
    deflated: float | None
    overfitting: float | None
    little: str = ""

    @property
    def more_than_luck(self) -> bool:
        """Whether the gain's interval lies above zero, no more than one search in twenty without skill ends this well, and the winner's own
        ratio is above what luck gives the best of all trials: the bar that the report of a run has too."""
        return not self.little and self.gain.low > 0 and self.gain.chance < SURE and beats_luck(self.deflated)


@dataclass(frozen=True, eq=False)
class Line:
    """The Sharpe ratio `figures` at `values` of one knob, the winner's others unchanged; None where settings do not go together."""

    name: str
    values: tuple[Any, ...]
    figures: tuple[float | None, ...]


@dataclass(frozen=True, eq=False)
class Plane:
    """The same over two knobs: `figures[k][j]` at the k-th value of `down` and the j-th of `across`."""

    across: Line
    down: Line
    figures: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, eq=False)
class Revealed:
    """The held-back period, looked at once: `row` of the ledger, when, both Sharpe ratios, and how many other trials had seen it before."""

    row: int
    at: str
    sharpe: float | None
    specified_sharpe: float | None
    sessions: int


@dataclass(frozen=True, eq=False)
class SearchReport:
    """All that the page of a search needs, as plain values."""

    name: str
    first: str
    last: str
    held_first: str
    held_last: str
    seen_before: int
    finding: SearchFinding
    trials: tuple[tuple[int, Values, float | None, float | None], ...]
    knobs: tuple[Knob, ...]
    importances: Mapping[str, float]
    lines: tuple[Line, ...]
    plane: Plane | None
    objective: str
    how: str
    provenance: Provenance
    ledger_fault: str = ""
    revealed: Revealed | None = None


def as_json(report: SearchReport) -> dict[str, Any]:
    """What optimise.json holds of it; NaN has become null."""
    own = {one.name: getattr(report, one.name) for one in fields(report) if one.name != "provenance"}
    return dict(encode.plain(own | report.provenance.facts()))


def best(trials: list[Trial], specified: TrialResult) -> int | None:
    """The place of the best trial in `trials`, the first of equals; None where none is above the specification."""
    place, highest = None, -math.inf if specified.figure is None or lost(specified.excess) else specified.figure
    for k, one in enumerate(trials):
        if one.result.figure is not None and one.result.figure > highest:
            place, highest = k, one.result.figure
    return place


def judge(
    trials: list[Trial],
    specification: Values,
    specified: TrialResult,
    tally: Search,
    settings: Optimise,
    sessions: Dates,
    entries: int | None = None,
) -> SearchFinding:
    """What the search was worth. `tally` is what the ledger says of its sessions; `entries` how many positions the winner asked for, where
    it is known. A trial that lost its account is no winner and is set beside nothing."""
    tried = [one for one in trials if one.result.figure is not None]
    told = [one for one in tried if not lost(one.result.excess)]
    place = best(told, specified)
    runs = np.array([specified.excess, *(one.result.excess for one in told)])
    chosen = 0 if place is None else place + 1
    ratios = sharpes(runs, np.ones((1, len(sessions))))[0]
    rows = block_rows(len(sessions), settings.draws, settings.block, np.random.default_rng(settings.seed))
    own, excess = overfitting.search(len(runs), runs), runs[chosen]
    return SearchFinding(
        winner=dict(specification) if place is None else told[place].values,
        number=None if place is None else told[place].number,
        sharpe=math.nan if lost(excess) else float(ratios[chosen]),
        specified=dict(specification),
        specified_sharpe=math.nan if lost(specified.excess) else float(ratios[0]),
        gain=gain(runs, chosen, specified.excess, rows),
        trials=1 + len(tried),
        lost=len(tried) - len(told),
        ledger_trials=tally.trials,
        luck=tally.luck(sharpe_error(excess)),
        deflated=_known(overfitting.deflated_sharpe(excess, tally)),
        overfitting=own.overfitting,
        little=_little(len(sessions), entries),
    )


def _little(sessions: int, entries: int | None) -> str:
    if sessions < FEWEST_SESSIONS:
        return f"{sessions} sessions were searched; a verdict needs {FEWEST_SESSIONS}"
    if entries is not None and entries < FEWEST_TRADES:
        return f"the winner opened {entries} position{'' if entries == 1 else 's'}; a verdict needs {FEWEST_TRADES}"
    return ""


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
