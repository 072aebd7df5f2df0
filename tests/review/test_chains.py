"""The review of an account at a broker: its chain of worlds, two unreconciled days, and what paper may not say of costs."""

from decimal import Decimal
from pathlib import Path

import pytest

from springback.market.market_data import MarketData
from springback.operation.attribution_study import AttributionDay, AttributionStudy
from springback.review import governance
from springback.review.desk_frames import desk_frames
from springback.review.document import NOWHERE
from springback.review.outcome import attribution
from springback.review.trading_costs import evidence, trading_costs
from springback.trading.attribution import TERMS
from tests.review.test_sections import COSTS, Q1, RULES, costs_of, tape

__all__ = ["tape"]


def day(session: str, residual: str = "0", final: bool = True) -> AttributionDay:
    terms = dict.fromkeys(TERMS, Decimal(0)) | {"backtest": Decimal(100), "price": Decimal(-3)}
    change = sum(terms.values(), Decimal(residual))
    return AttributionDay(session, terms, change, Decimal(residual), final, (), {}, ())


@pytest.mark.parametrize(
    ("days", "state", "fired"),
    [
        ((day("2026-01-05"), day("2026-01-06")), "green", False),
        ((day("2026-01-05"), day("2026-01-06", final=False)), "amber", False),
        ((day("2026-01-05", "1.25"), day("2026-01-06")), "red", False),
        ((day("2026-01-05", "1.25"), day("2026-01-06", "-1.25")), "red", True),
    ],
)
def test_the_chain_is_the_section_and_two_unreconciled_days_ask_for_a_review(
    days: tuple[AttributionDay, ...], state: str, fired: bool
) -> None:
    desk, chains = desk_frames([], NOWHERE, Q1.first), AttributionStudy("PA1", "paper", days)
    found = attribution(desk, desk, chains)
    told = {one.name: one.value for one in found.figures}
    assert found.state == state and told["Backtest"] == 200 and told["Price"] == -6
    assert told["Not explained"] == float(chains.residual)
    assert {one.key: one.fired for one in governance.triggers(desk, desk, None, chains)}["unreconciled"] is fired


@pytest.mark.parametrize("mode", ["paper", "rehearsal"])
def test_fills_that_met_no_market_are_shown_and_propose_no_cost(tape: MarketData, tmp_path: Path, mode: str) -> None:
    live, desk = costs_of(tape, tmp_path, lambda _, draw: 25.0 + float(draw.normal(0, 4)))
    part = desk.within(Q1.first, Q1.next.first)
    found = trading_costs(evidence(desk, tape, COSTS, 0.05), part, Q1, COSTS, RULES, mode)
    assert live.proposals and not found.proposals and found.state == "unknown" and found.figures == live.figures
