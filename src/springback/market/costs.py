"""What trading costs: commission, spread, impact, borrow, financing. Two profiles, `lean` and `realistic`."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from springback.compiled import compiled
from springback.errors import SettingsError

Profile = Literal["lean", "realistic"]
PROFILES: tuple[Profile, ...] = ("lean", "realistic")
DAYS_PER_YEAR = 360.0
"""Brokers accrue interest and borrow fees on actual/360."""


@dataclass(frozen=True)
class Costs:
    """The numbers of the profile `realistic`; `lean` uses the commission alone.

    Basis points are of the fill's value, dollar volume is the 63-session mean in dollars a day, rates are annual fractions.
    """

    commission_per_share: float = 0.005
    """Interactive Brokers fixed pricing, as LEAN's InteractiveBrokersFeeModel charges it."""
    commission_minimum: float = 1.0
    commission_cap: float = 0.005
    """Share of the trade value, unless the minimum applied (LEAN checks the minimum first)."""
    spread_tiers: tuple[float, float, float] = (100e6, 20e6, 5e6)
    """Mean dollar volume above which each of the first three half-spreads holds."""
    half_spread_bp: tuple[float, float, float, float] = (3.0, 8.0, 20.0, 40.0)
    """Half of the quoted spread by size of the firm: quoted-spread studies (Chordia, Roll and Subrahmanyam 2001 and later)."""
    open_multiple: float = 1.5
    """The opening auction is the expensive minute: half as much again."""
    impact_bp: float = 10.0
    """Times the square root of order / mean volume: the square-root law (Almgren et al. 2005; Toth et al. 2011)."""
    borrow_general: float = 0.003
    """General collateral, a year (D'Avolio 2002: 91 % of stocks under 1 %)."""
    borrow_hard: float = 0.03
    """Names under `hard_price` or `hard_dollar_volume`: 7-9 % of stocks are special, fees of 10-50 % exist."""
    hard_price: float = 5.0
    hard_dollar_volume: float = 5e6
    no_short_price: float = 2.0
    no_short_dollar_volume: float = 2e6
    """Under either there is nothing to borrow."""
    debit_over: float = 0.01
    """Over the risk-free rate, on a net debit (retail margin schedules)."""
    credit_under: float = 0.005
    """Under the risk-free rate, on free cash; short proceeds earn nothing."""
    penny_price: float = 1.0
    delisting_return: float = -0.30
    """For longs delisted under `penny_price` for an unknown reason (Shumway 1997)."""
    bankruptcy_return: float = -1.0
    """Where the data say the shares became worthless."""

    def __post_init__(self) -> None:
        for name in ("commission_per_share", "commission_minimum", "commission_cap", "impact_bp", "borrow_general", "borrow_hard"):
            if getattr(self, name) < 0:
                raise SettingsError(f"costs.{name} must be at least 0, was {getattr(self, name)}", limit=0)
        if list(self.spread_tiers) != sorted(self.spread_tiers, reverse=True):
            raise SettingsError(
                f"costs.spread_tiers must fall from the most liquid tier, were {self.spread_tiers}", value=self.spread_tiers
            )
        if min(self.half_spread_bp) < 0 or self.open_multiple < 0:
            raise SettingsError(
                f"costs.half_spread_bp and open_multiple must be at least 0, were {self.half_spread_bp}, {self.open_multiple}",
                value=self.half_spread_bp,
                limit=0,
            )
        for name in ("delisting_return", "bankruptcy_return"):
            if not -1 <= getattr(self, name) <= 0:
                raise SettingsError(f"costs.{name} must lie between -1 and 0, was {getattr(self, name)}")


class ShortFloor(NamedTuple):
    """Under either there is nothing to borrow, so nothing is sold short: dollars a share, and mean dollars a day over 63 sessions."""

    price: float
    dollar_volume: float


NO_FLOOR = ShortFloor(0.0, 0.0)
"""Everything can be sold short: the profile `lean`."""


class Charges(NamedTuple):
    """The numbers of a profile as the compiled loop takes them; all zero but the commission in the profile `lean`."""

    per_share: float
    minimum: float
    cap: float
    tier_1: float
    tier_2: float
    tier_3: float
    spread_1: float
    spread_2: float
    spread_3: float
    spread_4: float
    open_multiple: float
    impact: float
    flat: float
    borrow_general: float
    borrow_hard: float
    hard_price: float
    hard_dollar_volume: float
    no_short_price: float
    no_short_dollar_volume: float
    debit_over: float
    credit_under: float
    financed: bool
    penny_price: float
    delisting_return: float
    bankruptcy_return: float


def _is_realistic(profile: str) -> bool:
    if profile not in PROFILES:
        raise SettingsError(f"profile must be one of {', '.join(PROFILES)}, was '{profile}'", value=profile)
    return profile == "realistic"


def charges(costs: Costs, profile: str, flat_bp: float = 0.0) -> Charges:
    """The charges of `profile`, with `flat_bp` basis points a side on top (the cost sweep).

    Dollars, and fractions where `Costs` has basis points. Raises `SettingsError` on a profile that there is not.
    """
    on = 1.0 if _is_realistic(profile) else 0.0
    bp = [basis / 1e4 * on for basis in costs.half_spread_bp]
    return Charges(
        per_share=costs.commission_per_share,
        minimum=costs.commission_minimum,
        cap=costs.commission_cap,
        tier_1=costs.spread_tiers[0],
        tier_2=costs.spread_tiers[1],
        tier_3=costs.spread_tiers[2],
        spread_1=bp[0],
        spread_2=bp[1],
        spread_3=bp[2],
        spread_4=bp[3],
        open_multiple=costs.open_multiple,
        impact=costs.impact_bp / 1e4 * on,
        flat=flat_bp / 1e4,
        borrow_general=costs.borrow_general * on,
        borrow_hard=costs.borrow_hard * on,
        hard_price=costs.hard_price,
        hard_dollar_volume=costs.hard_dollar_volume,
        no_short_price=costs.no_short_price * on,
        no_short_dollar_volume=costs.no_short_dollar_volume * on,
        debit_over=costs.debit_over,
        credit_under=costs.credit_under,
        financed=on > 0,
        penny_price=costs.penny_price,
        delisting_return=costs.delisting_return * on,
        bankruptcy_return=costs.bankruptcy_return * on,
    )


@compiled
def commission(charges: Charges, quantity: float, value_price: float) -> float:
    """Dollars for an order of `quantity` shares valued at `value_price` (LEAN: InteractiveBrokersFeeModel.cs)."""
    shares = abs(quantity)
    fee = charges.per_share * shares
    if fee < charges.minimum:
        return charges.minimum
    return float(min(fee, charges.cap * shares * value_price))


@compiled
def slippage_rate(charges: Charges, quantity: float, mean_volume: float, mean_dollars: float, at_open: bool) -> float:
    """Share of the price lost to spread, impact and the flat sweep; unknown liquidity (NaN) is the worst tier."""
    spread = charges.spread_4
    if mean_dollars > charges.tier_1:
        spread = charges.spread_1
    elif mean_dollars > charges.tier_2:
        spread = charges.spread_2
    elif mean_dollars > charges.tier_3:
        spread = charges.spread_3
    if at_open:
        spread *= charges.open_multiple
    part = abs(quantity) / mean_volume if mean_volume > 0 else 1.0
    return float(spread + charges.impact * part**0.5 + charges.flat)


@compiled
def borrow_rate(charges: Charges, price: float, mean_dollars: float) -> float:
    """Annual fee for holding a short, as a fraction; unknown liquidity (NaN) is hard to borrow."""
    if price < charges.hard_price or not mean_dollars >= charges.hard_dollar_volume:
        return charges.borrow_hard
    return charges.borrow_general
