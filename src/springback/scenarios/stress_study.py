"""All that the page of a stress test needs, as plain values; what stress.json holds."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from springback.analytics import encode
from springback.market.bars import Dates
from springback.market.origin import Provenance
from springback.scenarios.resample import LEVELS, Spread
from springback.scenarios.scenario_outcome import ScenarioOutcome
from springback.scenarios.scenario_run import Numbers, RuleRun
from springback.scenarios.stress_figures import Figures
from springback.scenarios.windows import Slice
from springback.statistics.returns import account_returns


@dataclass(frozen=True, eq=False)
class StressStudy:
    """The `base` run with its `figures`, the `outcomes` of the scenarios, the `slices` of the named windows, the histories resampled
    `by_day` and `by_trade` (None: too short), and what all of it stands on. `profile` of costs; `in_sample`: training and test overlap."""

    base: RuleRun
    figures: Figures
    outcomes: tuple[ScenarioOutcome, ...]
    slices: tuple[Slice, ...]
    by_day: Spread | None
    by_trade: Spread | None
    profile: str
    models: str
    in_sample: bool
    provenance: Provenance

    @property
    def first(self) -> str:
        """The first session of the base run, ISO."""
        return str(self.base.result.sessions[0])

    @property
    def last(self) -> str:
        """The last session of the base run, ISO."""
        return str(self.base.result.sessions[-1])

    @property
    def open_positions(self) -> int:
        """Positions that the base run still holds at its end: no closed trade, so not resampled."""
        daily = self.base.result.daily
        return int(daily["n_long"][-1] + daily["n_short"][-1])


def as_json(study: StressStudy, headline: tuple[str, ...], finding: str, warnings: tuple[str, ...]) -> dict[str, Any]:
    """What stress.json holds: the headline and the finding in it, every figure, the returns of each scenario; NaN has become null."""
    told = {
        "headline": list(headline),
        "finding": finding,
        "warnings": list(warnings),
        "window": {"first": study.first, "last": study.last, "sessions": len(study.base.result.sessions)},
        "base": {**asdict(study.figures), "returns": _course(study.base.result.sessions, account_returns(study.base.result))},
        "scenarios": [_outcome(one, study.figures) for one in study.outcomes],
        "windows": [{**asdict(one.window), **{name: getattr(one, name) for name in _SLICE}} for one in study.slices],
        "levels": list(LEVELS),
        "by_day": study.by_day,
        "by_trade": study.by_trade,
        **{name: getattr(study, name) for name in ("profile", "models", "in_sample")},
        **study.provenance.facts(),
        "benchmark_name": study.provenance.origin.benchmark,
    }
    return dict(encode.plain(told))


_SLICE = tuple(one.name for one in fields(Slice) if one.name != "window")


def _outcome(one: ScenarioOutcome, base: Figures) -> dict[str, Any]:
    scenario, run = one.scenario, one.run
    return {
        **{name: getattr(scenario, name) for name in ("key", "name", "words", "source", "touches")},
        "touched": run.touched,
        "first": None if run.first is None else str(run.first),
        "events": [str(day) for day in run.events],
        **asdict(one.figures),
        "less_a_year": one.figures.annual_return - base.annual_return,
        "returns": _course(run.sessions, run.returns),
    }


def _course(sessions: Dates, returns: Numbers) -> dict[str, Any]:
    return {"first": str(sessions[0]), "daily": [round(float(one), 7) for one in returns]}
