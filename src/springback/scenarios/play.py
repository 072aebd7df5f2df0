"""The base run and every scenario, on the same forecasts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from springback.market.bars import Dates
from springback.scenarios.scene import Numbers, Ran, Run, Scenario
from springback.scenarios.stress_figures import Figures, figures, returns_of


@dataclass(frozen=True, eq=False)
class Kept:
    """What is kept of a scenario's run once its figures are known: `touched`, `first` and `events` as in `Played`, and the `returns` of its
    `sessions`, (S,) both. The market that was made up for it is let go: of some thousand names each takes a third of a gigabyte."""

    touched: int
    first: np.datetime64 | None
    events: tuple[np.datetime64, ...]
    sessions: Dates
    returns: Numbers


@dataclass(frozen=True, eq=False)
class Outcome:
    """A scenario, what became of it, and its figures."""

    scenario: Scenario
    played: Kept
    figures: Figures

    @property
    def warning(self) -> str:
        """What is wrong with it: a scenario that touched nothing says nothing."""
        if self.played.touched:
            return ""
        return f"The scenario '{self.scenario.name}' touched nothing ({self.scenario.touches}: 0): it says nothing about this run."


def play(base: Ran, run: Run, scenarios: Sequence[Scenario], say: Callable[[str], None] = lambda _: None) -> tuple[Outcome, ...]:
    """Each scenario in turn; `run` is the rule with everything but the scene fixed."""
    found = []
    for one in scenarios:
        say(one.name)
        played = one.play(base, run)
        result = played.ran.result
        kept = Kept(played.touched, played.first, played.events, result.sessions, returns_of(result))
        found.append(Outcome(one, kept, figures(played.ran)))
    return tuple(found)
