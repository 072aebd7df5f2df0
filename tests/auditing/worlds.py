"""A small demo market and the real pipeline on it, small enough to be audited in a test."""

from functools import cache

from springback import settings
from springback.auditing.audit_finding import AuditFinding
from springback.auditing.case import Case
from springback.auditing.checks import examine
from springback.auditing.pipeline import Pipeline, run_pipeline
from springback.auditing.sample import Sample, Size
from springback.market.market_data import MarketData
from springback.workflow import audit
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo

SIZE = Size(names=40, crowd=80, sessions=480, at=3, retrainings=2, trees=12, rows=0, months=3)
KNOBS = (
    *("demo.names=160", "demo.start=2021-01-04", "demo.end=2023-12-29", "backtest.end=2023-12-29", "backtest.start=2022-01-03"),
    *("walk_forward.min_sessions=200", "strategy.probability=0.52", "training.threads=1"),
)


@cache
def market(*more: str) -> tuple[MarketData, Settings]:
    """The demo market under `KNOBS` and `more`, and these settings."""
    chosen = settings.load(Settings, (), (*KNOBS, *more))
    return draw_demo(chosen), chosen


@cache
def taken(seed: int = 1, *more: str) -> tuple[Sample, Settings]:
    """A sample of it and the settings that run on the sample."""
    return audit.sampled(*market(*more), SIZE, seed)


@cache
def honest(seed: int = 1, *more: str) -> Case:
    """The real pipeline's case."""
    sample, chosen = taken(seed, *more)
    return audit.case_of(audit.pipeline(chosen), sample, market(*more)[0], SIZE, seed)


def case_of(tested: Pipeline, seed: int = 1, *more: str) -> Case:
    """The same for another pipeline."""
    like = honest(seed, *more)
    return Case(tested, run_pipeline(tested, like.sample), like.whole, like.crowd, like.at, like.retrainings, seed)


def found(case: Case, *keys: str) -> dict[str, AuditFinding]:
    """The findings of the checks `keys`."""
    return {one.check: one for one in examine(case, keys)}
