"""The limits of a guard that an account can meet, so that the backtest knows them too."""

from dataclasses import dataclass, field

from springback.errors import SettingsError


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
