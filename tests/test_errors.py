"""An error is one sentence, and what the sentence names stands beside it as fields."""

import pickle

import numpy as np
import pytest

from springback import errors
from springback.errors import BadTable, BrokerError, SettingsError, SpringbackError
from springback.strategy.knobs import Strategy
from springback.trading.rolling import Rolling


def test_a_limit_that_is_broken_is_a_field() -> None:
    with pytest.raises(SettingsError) as refused:
        Strategy(slots=0)
    assert (refused.value.value, refused.value.limit) == (0, 1) and "must be at least 1, was 0" in str(refused.value)


def test_the_session_that_comes_twice_is_a_field() -> None:
    rolling, day = Rolling(("A",), 21), np.datetime64("2020-01-02")
    rolling.push(day, np.ones(1), np.ones(1))
    with pytest.raises(BadTable) as refused:
        rolling.push(day, np.ones(1), np.ones(1))
    assert refused.value.session == day and refused.value.symbol is None


def test_the_fields_survive_a_worker() -> None:
    """An error raised by a process of a pool or a cluster arrives whole."""
    error = BadTable(
        "bars.csv: the close of AAPL on 2020-01-02 must be above 0, was -1", symbol="AAPL", session="2020-01-02", value=-1, limit=0
    )
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) and vars(again) == vars(error) == {"symbol": "AAPL", "session": "2020-01-02", "value": -1, "limit": 0}


def test_the_page_of_the_tree_names_every_kind() -> None:
    kinds = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, SpringbackError)}
    assert all(name in (errors.__doc__ or "") for name in kinds) and len(kinds) > 20
    assert {"Refused", "Unreachable", "Disagrees"} <= {one.__name__ for one in BrokerError.__subclasses__()}
