"""The settings of a run on LEAN: the tables of `settings/default.toml` that the host does not decide itself, and one of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from springback import settings
from springback.errors import SettingsError
from springback.lean import live
from springback.market.account import Account
from springback.market.costs import NO_FLOOR, Costs, Profile, ShortFloor
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe


@dataclass(frozen=True)
class Lean:
    """Where the algorithm finds what it needs (table `lean`).

    `models`: "walk-forward" pairs, each used on the sessions after its as-of date; one "fixed" pair; or "forecasts" from a file. `folder`
    of the models and the other files are keys of LEAN's object store, or paths beside the algorithm, above it, or in LEAN's data folder.
    `vix`: "csv" reads `vix_file`, "index" subscribes LEAN's own VIX index. `profile`: in "lean" everything can be sold short, as LEAN
    does by default; in "realistic" nothing under the floor of the table `costs`; a live account has that floor whatever is set.

    For `lean live` alone: `send_at` is when the evening's orders are sent, New York (empty: by the brokerage); `adopt` says whose the
    shares in the account are, see `live.claims`; models that were trained more than `model_days` days ago, one and a half of the quarters
    in which pairs are trained, leave exits only.
    """

    models: Literal["walk-forward", "fixed", "forecasts"] = "walk-forward"
    folder: str = "models"
    forecasts: str = "springback/forecasts.csv"
    symbols: str = "springback/symbols.csv"
    members: str = "springback/members.csv"
    barred: str = "springback/barred.csv"
    vix: Literal["csv", "index"] = "csv"
    vix_file: str = "springback/vix.csv"
    profile: Profile = "lean"
    send_at: str = ""
    adopt: str = ""
    model_days: int = 137

    def __post_init__(self) -> None:
        if self.send_at:
            live.sending_time(self.send_at)
        live.claims(self.adopt)
        if self.model_days < 1:
            raise SettingsError(f"lean.model_days must be at least 1, was {self.model_days}", value=self.model_days)


@dataclass(frozen=True)
class Shorts:
    """What of the table `costs` concerns a host that charges its own: nothing is sold short under either, see `Costs`."""

    no_short_price: float = Costs.no_short_price
    no_short_dollar_volume: float = Costs.no_short_dollar_volume


@dataclass(frozen=True)
class Parameters:
    """Every setting a LEAN run takes, as `table.name`. What is charged is LEAN's own affair."""

    backtest: Account = field(default_factory=Account)
    strategy: Strategy = field(default_factory=Strategy)
    regime: Regime = field(default_factory=Regime)
    universe: Universe = field(default_factory=Universe)
    lean: Lean = field(default_factory=Lean)
    costs: Shorts = field(default_factory=Shorts)

    def short_floor(self, live: bool) -> ShortFloor:
        """Under what nothing is sold short by this run, or by a `live` account."""
        if not live and self.lean.profile == "lean":
            return NO_FLOOR
        return ShortFloor(self.costs.no_short_price, self.costs.no_short_dollar_volume)


def read(pairs: Mapping[str, str]) -> Parameters:
    """The settings that LEAN's parameters give, by their names `table.name`; what is not given keeps its default.

    Names without a dot belong to LEAN itself and are passed over. Raises `SettingsError` on an unknown one and on a value out of range.
    """
    return settings.load(Parameters, (), [f"{name}={value}" for name, value in pairs.items() if "." in name])


def write(parameters: Parameters) -> dict[str, str]:
    """The same as text, for LEAN's configuration: `read(write(p)) == p`."""
    return {name: str(value) for name, value in settings.flat(parameters).items()}
