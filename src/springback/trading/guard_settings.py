"""The limits of the guard, each of which lets the strategy as it is specified through."""

from dataclasses import dataclass

from springback.errors import SettingsError
from springback.market.limits import Limits

RANGES = {
    "orders": (1, 1000),
    "order_weight": (1, 10),
    "participation": (0.01, 10),
    "margin": (0, 2),
    "clock": (0.1, 600),
    "disk": (0, 1e6),
}
"""The least and the most of each limit."""


@dataclass(frozen=True)
class Guard(Limits):
    """What no order may pass (table `guard`), beside the `Limits`. Each limit stops entries; only the clock stops other orders too.

    A session has at most `orders` orders a slot: entries, exits, stops and what follows an exit that did not fill, on both sides. An entry
    is worth at most `order_weight` times the weight that the rule gives it, and has at most `participation` times the shares that
    `strategy.max_adv_fraction` allows. Gross and net stay within the larger regime's book and `margin` of equity beside it; what prices
    made of a position beyond its weight is nobody's order and does not count. The limit `move` also cancels an entry whose reference close
    is another by more than that when it is sent.

    Nothing is sent while this machine's clock and the broker's differ by more than `clock` seconds, and nothing entered while less than
    `disk` gigabytes are free (0: off).
    """

    orders: float = 8.0
    order_weight: float = 1.25
    participation: float = 1.0
    margin: float = 0.10
    clock: float = 2.0
    disk: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise SettingsError(f"guard.{name} must be {least:g} to {most:g}, was {value:g}", value=value, limit=most)
