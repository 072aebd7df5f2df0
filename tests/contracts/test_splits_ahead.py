"""In the morning of a split its session has no bar yet: who lists corporate actions tells it all the same."""

from dataclasses import replace
from datetime import date

from springback.data.sources.alpaca import Alpaca
from springback.workflow.split_check import splits_told
from tests.contracts.replay import Name, day, market, serving
from tests.contracts.test_sources import KEYS, quick

FRIDAY, MONDAY = day("2020-08-28"), day("2020-08-31")


def known_on(evening: date) -> dict[str, Name]:
    """The market without the bars after `evening`."""
    return {symbol: replace(one, bars={when: row for when, row in one.bars.items() if when <= evening}) for symbol, one in market().items()}


def test_alpaca_tells_the_splits_of_the_next_open() -> None:
    with serving(known_on(FRIDAY)) as replay:
        vendor = Alpaca(quick(replay, alpaca_batch=2), KEYS)
        names = sorted(market())
        assert splits_told(vendor, names, FRIDAY, MONDAY) == {"AAPL": 0.25}
        assert splits_told(vendor, names, day("2020-08-27"), FRIDAY) == {}
        assert splits_told(vendor, names, FRIDAY, day("2020-09-02")) == {"AAPL": 0.25, "REV": 10.0}
