"""The chain of worlds sums to the cent, whatever it is made of; each thing that can differ lands in its own term."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from springback.errors import InputError
from springback.trading.attribution import PLAYED, TERMS, Counted, Pair, chain

MONEY = some.decimals(-(10**7), 10**7, places=6)
PLAIN = (Decimal(100),) * PLAYED


def pair(quantity: int, price: str, modelled: str | None, purpose: str = "entry", fee: str = "0", model_fee: str = "0") -> Pair:
    known = None if modelled is None else Decimal(modelled)
    return Pair("sb-1", "AAA", purpose, Decimal(quantity), Decimal(price), Decimal(fee), known, Decimal(model_fee), known)


@given(some.lists(MONEY, min_size=PLAYED, max_size=PLAYED), MONEY, MONEY, MONEY, MONEY, MONEY)
def test_the_terms_and_the_residual_sum_to_the_change_to_the_cent(
    played: list[Decimal], fees: Decimal, financing: Decimal, events: Decimal, foreign: Decimal, change: Decimal
) -> None:
    counted = Counted((pair(7, "10.013", "9.987"),), fees, financing, Decimal(1), {"dividend": events}, foreign)
    found = chain(played, counted, change)
    assert sum(found.terms.values()) + found.residual == found.change and abs(found.change - change) <= Decimal("0.005")
    assert tuple(found.terms) == TERMS and all(one == one.quantize(Decimal("0.01")) for one in found.terms.values())


@given(some.lists(MONEY, min_size=PLAYED, max_size=PLAYED), MONEY)
def test_a_change_that_the_worlds_explain_leaves_nothing_wherever_the_cents_are_rounded(played: list[Decimal], foreign: Decimal) -> None:
    noise = Decimal("1e-9")
    assert all(chain(played, Counted(foreign=foreign), played[-1] + foreign + one).residual == 0 for one in (-noise, Decimal(0), noise))


def test_each_thing_lands_in_its_own_term() -> None:
    played = tuple(Decimal(one) for one in (100, 99, 97, 94, 90, 85))
    pairs = (pair(10, "10.50", "10.00"), pair(-4, "9.00", "10.00", "stop", "1.25", "1.00"))
    counted = Counted(pairs, Decimal("-0.10"), Decimal(-3), Decimal(-1), {"dividend": Decimal(2), "bust": Decimal(-1)}, Decimal(500))
    found = chain(played, counted, Decimal("574.65"))
    names = dict(zip(TERMS, (100, -1, -2, -3, -4, -5, -5, -4, "-0.35", -2, 1, 500), strict=True))
    assert found.terms == {name: Decimal(value) for name, value in names.items()} and found.whole


def test_what_nobody_explains_is_the_residual() -> None:
    found = chain(PLAIN, Counted(), Decimal("103.01"))
    assert (found.residual, found.whole) == (Decimal("3.01"), False)


def test_slippage_is_a_cost_on_either_side_of_the_open() -> None:
    assert pair(10, "10.01", "10").slippage == pytest.approx(10)
    assert pair(-10, "9.99", "10").slippage == pytest.approx(10)
    assert pair(10, "10.01", None).slippage is None


def test_another_number_of_worlds_is_refused() -> None:
    with pytest.raises(InputError, match="6 worlds"):
        chain(PLAIN[:-1], Counted(), Decimal(0))
