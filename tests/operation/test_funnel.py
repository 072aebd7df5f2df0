"""The funnel counts every name of an evening once, and at the stages of the rule as the compiled rule counts them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.backtest.run import Backtest
from springback.market.costs import Costs, Profile
from springback.market.quarantine import Span
from springback.operation.account_state import opening
from springback.operation.evening import FREE, Curbs, Evening, Terms, play
from springback.operation.funnel import EARLY, STAGES, Funnel, funnel
from springback.strategy.decide import FUNNEL
from springback.strategy.knobs import Strategy
from springback.strategy.universe import Universe
from tests.backtest.variants import VARIANTS, sessions_of, turned
from tests.backtest.worlds import flat_tape, random_forecasts, random_tape, signals
from tests.operation.nights import nights

BUSY = Strategy(qpi_low=40.0, qpi_high=60.0, probability=0.5, slots=3)
CURBS = {
    "free": FREE,
    "no entries": Curbs(entries=False),
    "barred": Curbs(barred=frozenset({"N02", "N05"})),
    "alarm": Curbs(factor=1e-4),
    "not short": Curbs(not_short=frozenset({"N01", "N04", "N07"})),
    "capital": Curbs(capital=30_000.0, share=0.5),
}


def as_the_rule_counts(found: Funnel) -> list[list[int]]:
    """The counts of `decide`: those beyond the threshold, and who of them left at each stage."""
    late = [[len(by_stage[name]) for name in FUNNEL[1:]] for by_stage in found.names.values()]
    return [[sum(counts), *counts] for counts in late]


@pytest.mark.parametrize("variant", sorted(VARIANTS))
@settings(max_examples=3, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    profile=st.sampled_from(["lean", "realistic"]),
    endings=st.sampled_from(["known", "learned"]),
    curbs=st.sampled_from(sorted(CURBS)),
    cash=st.sampled_from([1_000_000.0, 2_000.0]),
)
def test_the_counts_are_the_loops_own(variant: str, seed: int, profile: Profile, endings: str, curbs: str, cash: float) -> None:
    market_data = replace(random_tape(seed, sessions_of(variant)), quarantine=(Span("N03", "2020-02-03", "2020-03-20"),))
    strategy, regime = turned(BUSY, variant)
    terms = Terms(strategy, regime, Costs(), Backtest(cash=cash, profile=profile, endings=endings))  # type: ignore[arg-type]
    begin = sessions_of(variant) - 50
    for night in nights(market_data, random_forecasts(seed, market_data), terms, CURBS[curbs], begin):
        evening, bars = night.evening, night.seen.bars
        found = funnel(evening, night.seen, night.forecasts, Universe(), terms, CURBS[curbs])
        assert as_the_rule_counts(found) == evening.funnel.tolist()
        here = ~np.isnan(bars.close[-1]) | ~np.isnan(night.forecasts.qpi[-1])
        want = sorted(np.array(bars.symbols)[here])
        for side, by_stage in found.names.items():
            assert tuple(by_stage) == STAGES
            assert sorted(name for names in by_stage.values() for name in names) == want
            entries = [evening.symbols[int(one["name"])] for one in evening.orders if one["reason"] == 0]
            signed = [int(one["quantity"]) for one in evening.orders if one["reason"] == 0]
            sent = [name for name, q in zip(entries, signed, strict=True) if (q > 0) == (side == "long")]
            assert list(by_stage["entered"]) == sent  # ranked, the best first


def market(**worlds: float) -> tuple[Evening, Funnel]:
    """Two flat sessions of names at a price each, all saying what the case says."""
    tape = flat_tape({name: [price, price] for name, price in worlds.items()})
    said = signals(
        tape,
        {
            (1, "AAA"): (5.0, 0.90, 0.1, 1e6),
            (1, "BBB"): (4.0, 0.90, 0.1, 1e6),
            (1, "CCC"): (3.0, 0.80, 0.1, 1e6),
            (1, "DDD"): (2.0, 0.55, 0.1, 1e6),
            (1, "EEE"): (2.0, 0.58, 0.1, 1e6),
        },
    )
    volume = tape.bars.volume.copy()
    volume[:, tape.bars.symbols.index("GGG")] = 10.0
    tape = replace(tape, bars=replace(tape.bars, volume=volume))
    said.qpi[1, [tape.bars.symbols.index(one) for one in ("FFF", "GGG", "HHH")]] = np.nan
    terms = Terms(Strategy(slots=1, probability=0.6), account=Backtest(cash=100_000.0, profile="lean"))
    evening = play(opening(100_000.0), tape, said, terms)
    return evening, funnel(evening, tape, said, Universe(window=1), terms, FREE)


def test_each_name_leaves_where_it_should_and_the_best_one_lost_stands_first() -> None:
    evening, found = market(AAA=10.0, BBB=10.0, CCC=10.0, DDD=10.0, EEE=10.0, FFF=0.5, GGG=10.0, HHH=10.0, III=10.0)
    long = {stage: names for stage, names in found.names["long"].items() if names}
    assert long == {
        "low_price": ("FFF",),
        "illiquid": ("GGG",),
        "unscored": ("HHH",),
        "not_extreme": ("III",),
        "below_probability": ("EEE", "DDD"),
        "no_slot": ("AAA", "CCC"),  # as likely as BBB, but less extreme
        "entered": ("BBB",),
    }
    assert [len(found.names["short"][stage]) for stage in ("low_price", "not_extreme")] == [1, 6]
    plain = found.plain()
    assert plain["long"]["universe"] == {"count": 9}
    assert plain["long"]["no_slot"] == {"count": 2, "best": "AAA", "names": ["AAA", "CCC"]}
    assert plain["long"]["not_extreme"] == {"count": 1, "best": "III"}
    assert plain["short"]["entered"] == {"count": 0, "best": None, "names": []}
    assert evening.funnel.sum() > 0 and set(EARLY) < set(plain["long"])
