"""The settings of the rule, checked once, and the numbers the compiled rule takes."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from springback.errors import SettingsError


@dataclass(frozen=True)
class Regime:
    """Bear when VIX closes above `multiple` times its mean of `window` sessions, today's included."""

    window: int = 15
    multiple: float = 1.15

    def __post_init__(self) -> None:
        if self.window < 2:
            raise SettingsError(f"regime.window must be at least 2 sessions, was {self.window}")
        if self.multiple <= 0:
            raise SettingsError(f"regime.multiple must be above 0, was {self.multiple}")


@dataclass(frozen=True)
class Strategy:
    """The trading rule's knobs. Exposures are gross, as a multiple of equity, for each side and regime."""

    qpi_low: float = 15.0
    qpi_high: float = 85.0
    probability: float = 0.60
    slots: int = 20
    stop_loss: float = 0.05
    stop_mode: Literal["close", "intraday"] = "close"
    holding_sessions: int = 6
    max_adv_fraction: float = 0.05
    bull_long: float = 1.1
    bull_short: float = 0.2
    bear_long: float = 0.1
    bear_short: float = 0.2

    def __post_init__(self) -> None:
        if not 0 <= self.qpi_low <= self.qpi_high <= 100:
            raise SettingsError(f"strategy needs 0 <= qpi_low <= qpi_high <= 100, was {self.qpi_low} and {self.qpi_high}")
        if not 0 <= self.probability <= 1:
            raise SettingsError(f"strategy.probability must lie between 0 and 1, was {self.probability}")
        if self.slots < 1:
            raise SettingsError(f"strategy.slots must be at least 1, was {self.slots}")
        if self.stop_loss <= 0:
            raise SettingsError(f"strategy.stop_loss must be above 0 (1 or more never stops a long), was {self.stop_loss}")
        if self.holding_sessions < 1:
            raise SettingsError(f"strategy.holding_sessions must be at least 1, was {self.holding_sessions}")
        if self.max_adv_fraction <= 0:
            raise SettingsError(f"strategy.max_adv_fraction must be above 0, was {self.max_adv_fraction}")
        for name in ("bull_long", "bull_short", "bear_long", "bear_short"):
            if not 0 <= getattr(self, name) <= 2:
                raise SettingsError(f"strategy.{name} must lie between 0 and 2 (margin ends there), was {getattr(self, name)}")


class Knobs(NamedTuple):
    """`Strategy` as the compiled rule takes it, with the floor under which the host's broker lends no shares (0: no floor)."""

    qpi_low: float
    qpi_high: float
    probability: float
    slots: int
    stop_loss: float
    intraday: bool
    holding_sessions: int
    max_adv_fraction: float
    bull_long: float
    bull_short: float
    bear_long: float
    bear_short: float
    short_min_price: float
    short_min_dollars: float


def knobs(strategy: Strategy, short_min_price: float = 0.0, short_min_dollars: float = 0.0) -> Knobs:
    """The numbers of `strategy` for the compiled rule."""
    return Knobs(
        float(strategy.qpi_low),
        float(strategy.qpi_high),
        float(strategy.probability),
        int(strategy.slots),
        float(strategy.stop_loss),
        strategy.stop_mode == "intraday",
        int(strategy.holding_sessions),
        float(strategy.max_adv_fraction),
        float(strategy.bull_long),
        float(strategy.bull_short),
        float(strategy.bear_long),
        float(strategy.bear_short),
        float(short_min_price),
        float(short_min_dollars),
    )
