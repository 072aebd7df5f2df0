"""On drawn markets with everything ugly in them the chain is exact every session, and without faults nothing is in it but the backtest."""

from decimal import Decimal

import pytest

from springback.market.costs import Profile
from springback.trading.attribution import TERMS
from tests.backtest.worlds import random_tape
from tests.trading.simulated_desk import SimulatedDesk

SEEDS = (0,)


@pytest.mark.parametrize("profile", ["lean", "realistic"])
@pytest.mark.parametrize("seed", SEEDS)
def test_without_faults_every_term_but_the_backtest_is_nothing_to_the_cent(seed: int, profile: Profile) -> None:
    desk = SimulatedDesk(random_tape(seed), profile, seed=seed)
    desk.run()
    for k, one in enumerate(desk.chains):
        assert one.residual == 0, (k, one)
        assert all(one.terms[name] == 0 for name in TERMS[1:]), (k, one)
    assert desk.pairs > 20 and any(one.terms["backtest"] for one in desk.chains)


@pytest.mark.parametrize("profile", ["lean", "realistic"])
@pytest.mark.parametrize("seed", SEEDS)
def test_with_partial_fills_and_refusals_the_chain_is_exact_and_they_are_opportunity(seed: int, profile: Profile) -> None:
    desk = SimulatedDesk(random_tape(seed), profile, partial=0.3, refusal=0.2, seed=seed)
    desk.run()
    assert all(one.residual == 0 for one in desk.chains), next((k, one) for k, one in enumerate(desk.chains) if one.residual)
    assert all(one.unexplained == 0 for one in desk.found)
    assert any(one.terms["opportunity"] for one in desk.chains)
    assert all(sum(one.terms.values(), Decimal(0)) == one.change for one in desk.chains)


@pytest.mark.parametrize("seed", [3])
def test_the_desk_of_the_laws_meets_everything_ugly(seed: int) -> None:
    desk = SimulatedDesk(random_tape(seed), "realistic", seed=seed)
    desk.run()
    codes = {line.code for found in desk.found for line in found.lines} | {line.code for found in desk.found for line in found.cash}
    assert {"split", "delisting", "dividend"} & codes and desk.pairs > 20
