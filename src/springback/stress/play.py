"""The base run and every scenario, on the same forecasts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from springback.stress.figures import Figures, figures
from springback.stress.scene import Played, Ran, Run, Scenario


@dataclass(frozen=True, eq=False)
class Outcome:
    """A scenario, what became of it, and its figures."""

    scenario: Scenario
    played: Played
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
        found.append(Outcome(one, played, figures(played.ran)))
    return tuple(found)
