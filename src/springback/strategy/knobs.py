"""The settings of the rule, checked once, and the numbers the compiled rule takes."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from springback.errors import SettingsError
from springback.market import recorded


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}, was '{value}'", value=value)


@dataclass(frozen=True)
class Regime:
    """Bear when VIX closes above `multiple` times its mean of `window` sessions, today's included.

    `scope`: the regime sizes new "entries" only, or the whole "book": on the session it turns, every position that stays is brought to
    floor(equity * gross / slots / close) shares at the next open, an increase by at most `strategy.max_adv_fraction`; a side with the same
    exposure in both regimes, and a name without a bar, stay as they are.
    """

    window: int = 15
    multiple: float = 1.15
    scope: Literal["entries", "book"] = "entries"

    def __post_init__(self) -> None:
        if self.window < 2:
            raise SettingsError(f"regime.window must be at least 2 sessions, was {self.window}", value=self.window, limit=2)
        if self.multiple <= 0:
            raise SettingsError(f"regime.multiple must be above 0, was {self.multiple}", value=self.multiple, limit=0)
        _one_of("regime.scope", self.scope, ("entries", "book"))


@dataclass(frozen=True)
class Strategy:
    """The trading rule's knobs. Exposures are gross, as a multiple of equity, for each side and regime.

    `stop_mode`: the stop is seen on the "close", rests at the market ("intraday"), or there is "none". Named variants, off by default:
    `exit_rule` "above_yesterday_high" also closes a long whose close is above the high of the session before, a short below its low;
    `trend` "sma200" enters longs only above the mean of the name's own last 200 closes, shorts only below; `cool_down` sessions,
    the exit's own the first, in which a name is not entered again on the side it left (0: none); `indicator` "return_percentile"
    takes the rank of the 3-session return within its own sign over the name's last 1,260 sessions (`lookback.return_percentile`) for QPI,
    with QPI's thresholds ("rarity", its older name, is read as it).

    `entry_life` openings that an entry, or an order that increases a position, waits for its fill before the next decision takes it back
    (1: a day order for the next opening auction; 0: it waits until it fills, as in runs recorded before the knob was there).
    """

    qpi_low: float = 15.0
    qpi_high: float = 85.0
    probability: float = 0.60
    slots: int = 20
    stop_loss: float = 0.05
    stop_mode: Literal["close", "intraday", "none"] = "close"
    holding_sessions: int = 6
    max_adv_fraction: float = 0.05
    bull_long: float = 1.1
    bull_short: float = 0.2
    bear_long: float = 0.1
    bear_short: float = 0.2
    exit_rule: Literal["none", "above_yesterday_high"] = "none"
    trend: Literal["off", "sma200"] = "off"
    cool_down: int = 0
    indicator: Literal["qpi", "return_percentile", "rarity"] = field(default="qpi", metadata={"moves": "forecasts"})
    entry_life: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.qpi_low <= self.qpi_high <= 100:
            raise SettingsError(
                f"strategy needs 0 <= qpi_low <= qpi_high <= 100, was {self.qpi_low} and {self.qpi_high}", value=self.qpi_low
            )
        if not 0 <= self.probability <= 1:
            raise SettingsError(f"strategy.probability must lie between 0 and 1, was {self.probability}", value=self.probability)
        if self.slots < 1:
            raise SettingsError(f"strategy.slots must be at least 1, was {self.slots}", value=self.slots, limit=1)
        if self.stop_loss <= 0:
            raise SettingsError(
                f"strategy.stop_loss must be above 0 (1 or more never stops a long), was {self.stop_loss}", value=self.stop_loss, limit=0
            )
        if self.holding_sessions < 1:
            raise SettingsError(
                f"strategy.holding_sessions must be at least 1, was {self.holding_sessions}", value=self.holding_sessions, limit=1
            )
        if self.entry_life < 0:
            raise SettingsError(
                f"strategy.entry_life must be at least 0 openings (0: an entry waits until it fills), was {self.entry_life}",
                value=self.entry_life,
                limit=0,
            )
        if self.max_adv_fraction <= 0:
            raise SettingsError(
                f"strategy.max_adv_fraction must be above 0, was {self.max_adv_fraction}", value=self.max_adv_fraction, limit=0
            )
        for name in ("bull_long", "bull_short", "bear_long", "bear_short"):
            if not 0 <= getattr(self, name) <= 2:
                raise SettingsError(f"strategy.{name} must lie between 0 and 2 (margin ends there), was {getattr(self, name)}")
        self._check_variants()

    def _check_variants(self) -> None:
        object.__setattr__(self, "indicator", recorded.today("strategy.indicator", self.indicator))
        _one_of("strategy.stop_mode", self.stop_mode, ("close", "intraday", "none"))
        _one_of("strategy.exit_rule", self.exit_rule, ("none", "above_yesterday_high"))
        _one_of("strategy.trend", self.trend, ("off", "sma200"))
        _one_of("strategy.indicator", self.indicator, ("qpi", "return_percentile"))
        if self.cool_down < 0:
            raise SettingsError(f"strategy.cool_down must be at least 0 sessions, was {self.cool_down}", value=self.cool_down, limit=0)
        if self.indicator == "return_percentile" and not self.qpi_low <= 50 <= self.qpi_high:
            raise SettingsError(
                f"strategy.indicator=return_percentile needs qpi_low <= 50 <= qpi_high (falls rank below 50, rises above), "
                f"was {self.qpi_low} and {self.qpi_high}",
                value=self.qpi_low,
            )


class RuleParameters(NamedTuple):
    """`Strategy` as the compiled rule takes it, with the floor under which the host's broker lends no shares (0: no floor).

    Without a stop `stop_loss` is infinite; `resize` says that the regime's scope is the book.
    """

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
    exit_beyond: bool
    trend: bool
    cool_down: int
    entry_life: int
    resize: bool
    short_min_price: float
    short_min_dollars: float


def rule_parameters(strategy: Strategy, regime: Regime, short_min_price: float = 0.0, short_min_dollars: float = 0.0) -> RuleParameters:
    """The numbers of `strategy` and of the regime's scope for the compiled rule. Raises `SettingsError` if they do not go together."""
    if regime.scope == "book" and strategy.stop_mode == "intraday":
        raise SettingsError(
            "regime.scope=book changes the size of positions and strategy.stop_mode=intraday leaves a stop of the old size at the market: "
            "set stop_mode to close or none"
        )
    return RuleParameters(
        float(strategy.qpi_low),
        float(strategy.qpi_high),
        float(strategy.probability),
        int(strategy.slots),
        float("inf") if strategy.stop_mode == "none" else float(strategy.stop_loss),
        strategy.stop_mode == "intraday",
        int(strategy.holding_sessions),
        float(strategy.max_adv_fraction),
        float(strategy.bull_long),
        float(strategy.bull_short),
        float(strategy.bear_long),
        float(strategy.bear_short),
        strategy.exit_rule == "above_yesterday_high",
        strategy.trend == "sma200",
        int(strategy.cool_down),
        int(strategy.entry_life),
        regime.scope == "book",
        float(short_min_price),
        float(short_min_dollars),
    )
