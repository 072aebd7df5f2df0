"""The whole review out of its materials: fourteen sections in their order, those without a source too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from springback.market.bars import Dates
from springback.market.costs import Costs
from springback.market.market_data import MarketData
from springback.operation.attribution_study import AttributionStudy
from springback.review import governance
from springback.review.concentration import concentration, stress
from springback.review.desk_frames import DeskFrames
from springback.review.document import NOWHERE, Missing, Quarter, Review, Source, missing
from springback.review.limits import capacity, limits
from springback.review.outcome import Reference, Ripe, attribution, outcome
from springback.review.review_settings import ReviewRules
from springback.review.threshold import Tried, threshold
from springback.review.trading_costs import evidence, trading_costs
from springback.strategy.knobs import Strategy


@dataclass(frozen=True, eq=False)
class Materials:
    """What a review is built from; whatever is None is not there. `desk` holds all decisions of the account, `calendar` (S,) the sessions
    of the quarter that are over, `untried` why no threshold was tried, what happened to `contests` by the ledger, the `incidents` of
    the state database, and the `chains` of worlds of the quarter's sessions; `flags` must be read first.
    """

    quarter: Quarter
    desk: DeskFrames
    rules: ReviewRules
    strategy: Strategy
    costs: Costs
    version: str | None = None
    market_data: MarketData | None = None
    market_source: Source = NOWHERE
    reference: Reference | None = None
    ripe: Ripe | None = None
    tried: Tried | None = None
    untried: tuple[Missing, ...] = missing("models")
    ledger: governance.LedgerFacts | None = None
    contests: Sequence[governance.ContestFact] = ()
    incidents: Sequence[governance.IncidentFact] | None = None
    chains: AttributionStudy | None = None
    calendar: Dates = field(default_factory=lambda: np.zeros(0, "datetime64[D]"))
    flags: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mode(self) -> str:
        """paper, live or rehearsal; empty where no broker tells."""
        return "" if self.chains is None else self.chains.mode


def build(materials: Materials) -> Review:
    """The review of `materials.quarter`; nothing is changed by it."""
    whole, quarter = materials.desk, materials.quarter
    part = whole.within(quarter.first, quarter.next.first)
    until = whole.within(min(quarter.first, quarter.previous.first), quarter.next.first)
    upto = whole.before(quarter.next.first)
    fired = governance.triggers(upto, part, materials.reference, materials.chains)
    spread = evidence(until, materials.market_data, materials.costs, materials.strategy.max_adv_fraction)
    middle = (
        governance.inventory(part, materials.version, materials.ledger, materials.facts),
        outcome(upto, part, materials.reference, materials.ripe),
        attribution(upto, part, materials.chains),
        limits(upto, part, materials.strategy, materials.rules, materials.reference),
        concentration(part, materials.market_data, materials.rules, materials.market_source),
        stress(part, materials.market_data, materials.rules, materials.market_source),
        trading_costs(spread, part, quarter, materials.costs, materials.rules, materials.mode),
        threshold(materials.tried, materials.rules, materials.untried),
        capacity(part),
        governance.incidents(part, materials.calendar, materials.rules, upto.begun, materials.incidents, bool(materials.mode)),
        governance.contests(part, materials.ledger, materials.contests),
    )
    last = (governance.assumptions(middle), governance.signature(middle))
    sections = (governance.one_page([*middle, *last], fired), *middle, *last)
    days = part.days["session"]
    first, end = (str(days.iloc[0]), str(days.iloc[-1])) if len(days) else ("", "")
    account = str(part.days["account"].iloc[-1]) if len(days) else ""
    return Review(quarter, account, first, end, sections, fired, materials.version, materials.flags, materials.facts)
