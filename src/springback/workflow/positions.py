"""What an account holds, a line each, with what a person asks of a position: profit, sessions left, the way to its stop."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from springback.strategy.knobs import Strategy
from springback.workflow.book import Standing, standing
from springback.workflow.evening import LiveAccount


@dataclass(frozen=True)
class Position:
    """A position, or an entry that waits (`quantity` 0): signed shares, dollars.

    `age` counts its sessions, of which `left` are left until the rule closes it; `value` is signed, `share` its size as a fraction of
    equity; `profit` in dollars and `gain` as a fraction are without costs. It is stopped at `level`, from which `room` is left, a fraction
    of the last close `mark` (both None: no stop). `closing`: it is on its way out; `assumed`: nobody has said what was really filled.
    """

    symbol: str
    side: str
    quantity: int
    waiting: int
    opened: str
    age: int
    left: int
    entry_price: float
    mark: float
    value: float
    share: float
    profit: float
    gain: float
    level: float | None
    room: float | None
    closing: bool
    assumed: bool


@dataclass(frozen=True, eq=False)
class Holdings:
    """An account as it `stands`, its `positions` by symbol, and of them the sum of values on each side and of profits, dollars."""

    stands: Standing
    positions: tuple[Position, ...]

    @property
    def long(self) -> float:
        """Dollars, at least 0."""
        return sum(one.value for one in self.positions if one.value > 0)

    @property
    def short(self) -> float:
        """Dollars, at most 0."""
        return sum(one.value for one in self.positions if one.value < 0)

    @property
    def profit(self) -> float:
        """Dollars, of what is held, without costs."""
        return sum(one.profit for one in self.positions)


def holdings(account: LiveAccount, now: datetime) -> Holdings:
    """What the account holds, with the corrections that the next decision will know. Raises `MissingData` where it was never opened."""
    found = standing(account, now)
    return Holdings(found, tuple(_position(one, account.settings.strategy, found.equity) for one in found.lines))


def _position(line: dict[str, Any], rule: Strategy, equity: float) -> Position:
    quantity, price, mark = int(line["quantity"]), _number(line["entry_price"]), _number(line["mark"])
    size = quantity or int(line["waiting"])
    sign = 1 if size > 0 else -1
    level = None if rule.stop_mode == "none" or not quantity else price * (1 - sign * rule.stop_loss)
    value = quantity * mark if quantity else 0.0
    return Position(
        symbol=str(line["symbol"]),
        side="long" if sign > 0 else "short",
        quantity=quantity,
        waiting=int(line["waiting"]),
        opened=str(line["opened"]),
        age=int(line["age"]) if quantity else 0,
        left=max(0, rule.holding_sessions - int(line["age"])) if quantity else rule.holding_sessions,
        entry_price=price,
        mark=mark,
        value=value,
        share=abs(value) / equity if equity else 0.0,
        profit=quantity * (mark - price) if quantity else 0.0,
        gain=sign * (mark / price - 1) if quantity and price else 0.0,
        level=level,
        room=None if level is None or not mark else sign * (mark - level) / mark,
        closing=bool(line["closing"]),
        assumed=bool(line["assumed"]),
    )


def _number(value: float | None) -> float:
    """A price that there is none of yet is NaN."""
    return float("nan") if value is None else float(value)
