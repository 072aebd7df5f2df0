"""The report says how many names the policy for unknown delisting returns touched."""

from types import SimpleNamespace

import numpy as np

from springback.market.actions import Actions
from springback.market.bars import Bars
from springback.market.market_data import BANKRUPT, DELISTED, MarketData
from springback.strategy.rule import REASONS
from springback.workflow.report import endings_held
from springback.workflow.settings import Settings

DELISTING, STOP = REASONS.index("delisting"), REASONS.index("stop_loss")
CLOSE = np.array([[10.0, 0.5, 4.0], [9.0, 0.4, 3.0]])
TAPE = MarketData(
    Bars(np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]"), ("A", "B", "C"), *[CLOSE] * 5),
    Actions.none(),
    np.full(2, 15.0),
    np.array([1, 1, 1]),
    np.array([DELISTED, DELISTED, BANKRUPT], np.int8),
)


def run(name: list[int], price: list[float], reason: int) -> SimpleNamespace:
    """A result with these fills."""
    return SimpleNamespace(fills={"name": np.array(name), "price": np.array(price), "reason": np.full(len(name), reason)})


def test_each_ending_is_counted_where_it_belongs() -> None:
    (line,) = endings_held(TAPE, run([0, 1, 2], [9.0, 0.4 * 0.7, 0.0], DELISTING), Settings())
    assert line.startswith("3 names were held when their series ended: 1 of them, delisted below $1 ")
    assert "were given -30% on the last close (costs.delisting_return), 1 bankrupt ones -100%, 1 the last close itself" in line


def test_nothing_is_said_where_nothing_ended() -> None:
    assert endings_held(TAPE, run([0], [9.0], STOP), Settings()) == ()
    assert endings_held(TAPE, run([], [], STOP), Settings()) == ()
