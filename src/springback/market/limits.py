"""The limits of a guard that an account can meet, so that the backtest knows them too."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from springback.errors import SettingsError
from springback.market.actions import Actions
from springback.market.bars import Bars


@dataclass(frozen=True)
class Limits:
    """Limits on entries, each a share from 0 (off) on.

    A name whose close moved by more than `move` in one session, without a corporate action, is no candidate. Nothing is entered after a
    session that lost more than `day_loss` of equity, nor while equity lies more than `drawdown` under its highest close.
    """

    move: float = field(default=0.0, metadata={"moves": "orders"})
    day_loss: float = field(default=0.0, metadata={"moves": "orders"})
    drawdown: float = field(default=0.0, metadata={"moves": "orders"})

    def __post_init__(self) -> None:
        for name, most in (("move", 100), ("day_loss", 1), ("drawdown", 1)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise SettingsError(f"guard.{name} must be a share from 0 (off) to {most}, was {value:g}", value=value, limit=most)


UNLIMITED = Limits()


def moved(bars: Bars, actions: Actions, limit: float) -> NDArray[np.bool_]:
    """Where a close lies more than the share `limit` beside that of the session before, (T, N), or one of both is NaN; not in a row with a
    split or dividend.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        near = np.abs(bars.close[1:] / bars.close[:-1] - 1) <= limit
    beyond = np.ones(bars.shape, np.bool_)
    beyond[1:] = ~near
    beyond[actions.row, actions.name] = False
    return beyond
