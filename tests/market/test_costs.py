"""What trading costs: LEAN's commissions, and the tiers of the profile `realistic` by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from springback.errors import SettingsError
from springback.market.costs import Charges, Costs, borrow_rate, charges, commission, slippage_rate

LEAN, REAL = charges(Costs(), "lean"), charges(Costs(), "realistic")


@pytest.mark.parametrize(
    ("quantity", "price", "fee"),
    [
        (1, 100.0, 1.0),  # LEAN, InteractiveBrokersFeeModelTests.USAEquityMinimumFeeInUSD
        (1000, 100.0, 5.0),  # USAEquityFeeInUSD of the same file
        (199, 0.10, 1.0),  # by hand from here: under the minimum no cap is looked at
        (200, 0.10, 0.1),  # not under the minimum, so that 0.5 % of $20 caps it
        (20_000, 0.10, 10.0),
    ],
)
def test_commissions_are_leans(quantity: int, price: float, fee: float) -> None:
    for charged in (LEAN, REAL):
        assert commission(charged, quantity, price) == commission(charged, -quantity, price) == pytest.approx(fee)


@given(quantity=st.integers(1, 10**7), price=st.floats(0.01, 5000))
def test_a_commission_is_never_above_the_larger_of_minimum_and_cap(quantity: int, price: float) -> None:
    assert 0 < commission(LEAN, quantity, price) <= max(1.0, 0.005 * quantity * price * (1 + 1e-12))


@pytest.mark.parametrize(
    ("dollars", "bp"), [(100e6 + 1, 3), (100e6, 8), (20e6 + 1, 8), (20e6, 20), (5e6 + 1, 20), (5e6, 40), (0, 40), (np.nan, 40)]
)
def test_half_spreads_by_tier(dollars: float, bp: float) -> None:
    assert slippage_rate(REAL, 0, 1e6, dollars, False) == pytest.approx(bp / 1e4)
    assert slippage_rate(REAL, 0, 1e6, dollars, True) == pytest.approx(1.5 * bp / 1e4)


def test_impact_is_the_square_root_law() -> None:
    assert slippage_rate(REAL, -40_000, 1e6, 1e9, False) == pytest.approx(3e-4 + 10e-4 * 0.2)


@pytest.mark.parametrize("volume", [0.0, np.nan])
def test_unknown_volume_is_a_whole_days_volume(volume: float) -> None:
    assert slippage_rate(REAL, 10, volume, np.nan, False) == pytest.approx(40e-4 + 10e-4)


def test_the_profile_lean_pays_the_flat_sweep_alone() -> None:
    assert slippage_rate(LEAN, 10**6, 10.0, np.nan, True) == 0.0
    assert slippage_rate(charges(Costs(), "lean", 5.0), 10**6, 10.0, np.nan, True) == pytest.approx(5e-4)
    assert borrow_rate(LEAN, 1.0, np.nan) == 0.0 and not LEAN.financed


@pytest.mark.parametrize(("price", "dollars", "rate"), [(5.0, 5e6, 0.003), (4.99, 5e6, 0.03), (5.0, 4.99e6, 0.03), (50.0, np.nan, 0.03)])
def test_borrow_by_tier(price: float, dollars: float, rate: float) -> None:
    assert borrow_rate(REAL, price, dollars) == rate


@given(a=st.floats(0, 1e9), b=st.floats(0, 1e9), quantity=st.integers(0, 10**6))
def test_a_more_liquid_name_never_costs_more(a: float, b: float, quantity: int) -> None:
    def rate(dollars: float, charged: Charges = REAL) -> float:
        return float(slippage_rate(charged, quantity, dollars / 10, dollars, True))

    if min(a, b) >= 10 * max(quantity, 1):
        assert rate(max(a, b)) <= rate(min(a, b))


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(SettingsError, match="profile must be one of lean, realistic, was 'free'"):
        charges(Costs(), "free")


def test_bad_costs_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"costs.impact_bp must be at least 0, was -1"):
        Costs(impact_bp=-1)
    with pytest.raises(SettingsError, match=r"costs.spread_tiers must fall"):
        Costs(spread_tiers=(1.0, 2.0, 3.0))
    with pytest.raises(SettingsError, match=r"costs.delisting_return must lie between -1 and 0, was 0.3"):
        Costs(delisting_return=0.3)
