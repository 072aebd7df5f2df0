"""The knobs of the search itself."""

from dataclasses import dataclass, field
from typing import Literal

from springback.errors import SettingsError

KNOBS = (
    "strategy.probability=0.5:0.7",
    "strategy.qpi_low=5:30",
    "strategy.qpi_high=70:95",
    "strategy.stop_loss=0.03:0.15",
    "strategy.holding_sessions=3:10",
    "strategy.slots=10:40",
    "regime.multiple=1.05:1.4",
)


@dataclass(frozen=True)
class Optimise:
    """How settings are searched.

    `knobs` that are tried, each `table.name=low:high` or `table.name=one,other`; `trials` of them, `batch` at a time on any number of
    cores: the next batch knows all earlier ones; `seed` of the sampler. `held_back`: so many last calendar months of the backtest, that of
    its end among them, are not looked at. `objective`: net Sharpe ratio of the "sharpe" of all searched sessions, or the "median_fold" of
    those of the walk-forward's periods. `grid`: neighbours of the winner along a knob, itself among them. The bootstrap resamples whole
    sessions `draws` times, in blocks of `block` on average.
    """

    knobs: tuple[str, ...] = KNOBS
    trials: int = field(default=100, metadata={"moves": "report"})
    batch: int = 8
    seed: int = 1
    held_back: int = 12
    objective: Literal["sharpe", "median_fold"] = "sharpe"
    grid: int = field(default=7, metadata={"moves": "report"})
    draws: int = field(default=2000, metadata={"moves": "report"})
    block: int = field(default=10, metadata={"moves": "report"})

    def __post_init__(self) -> None:
        if self.objective not in ("sharpe", "median_fold"):
            raise SettingsError(f"optimise.objective must be one of sharpe, median_fold, was '{self.objective}'", value=self.objective)
        if not self.knobs:
            raise SettingsError("optimise.knobs is empty: name at least one, as strategy.probability=0.5:0.7")
        for name, least in (("trials", 1), ("batch", 1), ("seed", 0), ("held_back", 1), ("grid", 3), ("draws", 100), ("block", 1)):
            if getattr(self, name) < least:
                raise SettingsError(f"optimise.{name} must be at least {least}, was {getattr(self, name)}", limit=least)
