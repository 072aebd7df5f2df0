"""The base run and every scenario, on the same forecasts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from springback.market.bars import Dates
from springback.scenarios.scenario_run import Numbers, RuleRun, Runner, Scenario
from springback.scenarios.stress_figures import Figures, figures
from springback.statistics.returns import account_returns


@dataclass(frozen=True, eq=False)
class RunSummary:
    """What is kept of a scenario's run once its figures are known: `touched`, `first` and `events` as in `ScenarioRun`, and the `returns`
    of its `sessions`, (S,) both. The market that was made up for it is let go: of some thousand names each takes a third of a gigabyte."""

    touched: int
    first: np.datetime64 | None
    events: tuple[np.datetime64, ...]
    sessions: Dates
    returns: Numbers


@dataclass(frozen=True, eq=False)
class ScenarioOutcome:
    """A scenario, what became of it, and its figures."""

    scenario: Scenario
    run: RunSummary
    figures: Figures

    @property
    def warning(self) -> str:
        """What is wrong with it: a scenario that touched nothing says nothing."""
        if self.run.touched:
            return ""
        return f"The scenario '{self.scenario.name}' touched nothing ({self.scenario.touches}: 0): it says nothing about this run."


def run_scenarios(
    base: RuleRun, runner: Runner, scenarios: Sequence[Scenario], say: Callable[[str], None] = lambda _: None
) -> tuple[ScenarioOutcome, ...]:
    """Each scenario in turn; `runner` is the rule with everything but its inputs fixed."""
    found = []
    for one in scenarios:
        say(one.name)
        own = one.run(base, runner)
        result = own.run.result
        summary = RunSummary(own.touched, own.first, own.events, result.sessions, account_returns(result))
        found.append(ScenarioOutcome(one, summary, figures(own.run)))
    return tuple(found)
