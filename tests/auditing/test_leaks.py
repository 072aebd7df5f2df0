"""Each planted leak is found by the check that should find it, and its line names the right thing."""

import numpy as np
import pytest

from springback.auditing.difference import panel_fault
from springback.workflow import audit
from tests.auditing.leaks import LEAKS, purged, taught_by
from tests.auditing.worlds import case_of, found, honest, taken

ASKED = (
    *("tomorrow's close in a feature", "unpurged labels", "same-bar fills", "VIX a day early"),
    *("today's membership", "full-sample scaling", "labels in retraining", "survivor-only universe"),
)


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_found(name: str) -> None:
    leak = LEAKS[name]
    settings = taken(1, *leak.knobs)[1]
    case = case_of(leak.change(audit.pipeline(settings), settings), 1, *leak.knobs)
    for check, words in leak.finds.items():
        one = found(case, check)[check]
        assert one.verdict == "FAIL", f"{check} says {one.verdict}: {one.statement}"
        assert words in one.statement, f"{check} says: {one.statement}"


def test_the_leaks_are_of_many_kinds() -> None:
    """The eight that were asked for, others, and every check that can fail has one that it finds."""
    assert set(ASKED) <= set(LEAKS) and len(LEAKS) >= 16
    finding = {check for leak in LEAKS.values() for check in leak.finds}
    assert finding >= {"truncated", "corrupted", "universe", "labels", "unlabelled", "warm-up", "renamed", "fills", "money", "vix"}
    assert finding >= {"survivors", "noise"}


def test_the_leaky_walk_without_its_leak_is_the_real_one() -> None:
    """So what the checks find is the leak, not the way it was planted."""
    case, settings = honest(), taken()[1]
    learned = taught_by(settings, purged)(case.sample, case.base.eligible, case.base.features)
    assert learned.models == case.base.learned.models
    fault = panel_fault("p_long", case.base.learned.forecasts.p_long, learned.forecasts.p_long, case.sample.bars)
    assert fault is None and np.isfinite(learned.forecasts.p_long).any()
