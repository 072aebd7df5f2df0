"""A vendor's record against its own prices: how often Yahoo adjusted, what is set aside, and what becomes of the name."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from springback.data.sources import Event, History, yahoo
from springback.data.sources.assemble import VixAndRates, assemble
from springback.data.sources.downloads import Downloads
from springback.data.sources.event_check import check_history
from springback.market.actions import SPLIT
from springback.market.origin import Origin
from springback.market.prose import Prose
from springback.market.quarantine import FETCHED
from springback.quality import quarantine
from springback.quality.entry import fetch
from springback.quality.gate import settled
from springback.quality.quality_settings import Quality
from springback.quality.record import set_aside
from springback.workflow.sources import open_store

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
needs_cases = pytest.mark.skipif(not CASES.parent.is_dir(), reason="the folder `shared` is not beside the checkout")
START, END = date(2021, 6, 7), date(2021, 8, 6)
DAYS = [one for k in range(60) if (one := START + timedelta(days=k)).weekday() < 5 and one != date(2021, 7, 5)]
SPLIT_DAY = date(2021, 7, 7)
AT = DAYS.index(SPLIT_DAY)


def printed(ratio: float) -> np.ndarray:
    """Closes in whole cents, as printed around a split of `ratio` new shares for one on SPLIT_DAY."""
    moves = 0.012 * np.sin(np.arange(len(DAYS)) * 2.3)
    level = 80 * np.exp(np.cumsum(moves)) * np.where(np.arange(len(DAYS)) < AT, max(ratio, 1.0), max(1 / ratio, 1.0))
    return np.asarray(np.round(level, 2))


def answer(
    close: np.ndarray, splits: list[tuple[date, float]], dividends: Sequence[tuple[date, float, str]] = (), adj: np.ndarray | None = None
) -> dict[str, Any]:
    def stamp(day: date) -> int:
        return int(datetime(day.year, day.month, day.day, 13, 30, tzinfo=UTC).timestamp())

    prices = [float(one) for one in close]
    quote = dict.fromkeys(("open", "high", "low", "close"), prices) | {"volume": [1_000_000] * len(prices)}
    events = {
        "splits": {str(k): {"date": stamp(day), "numerator": ratio, "denominator": 1} for k, (day, ratio) in enumerate(splits)},
        "dividends": {str(k): {"date": stamp(day), "amount": paid, "currency": money} for k, (day, paid, money) in enumerate(dividends)},
    }
    closes = [{"adjclose": [float(one) for one in (close if adj is None else adj)]}]
    return {
        "meta": {"currency": "USD"},
        "timestamp": [stamp(day) for day in DAYS],
        "events": events,
        "indicators": {"quote": [quote], "adjclose": closes},
    }


def told(close: np.ndarray, *args: object) -> History:
    return check_history(yahoo._raw("X", answer(close, *args), START, END))  # type: ignore[arg-type]


@pytest.mark.parametrize("ratio", [4.0, 1.5, 0.1, 1 / 190])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_prices_are_put_back_as_often_as_they_were_adjusted(ratio: float, times: int) -> None:
    raw = printed(ratio)
    close = np.where(np.arange(len(DAYS)) < AT, raw / ratio**times, raw)
    one = told(close, [(SPLIT_DAY, ratio)])
    np.testing.assert_allclose(one.prices[:, 3], raw, atol=6e-5)
    assert [event.value for event in one.events] == [pytest.approx(1 / ratio)]
    assert bool(one.notes) == (times != 1)


def test_a_ratio_that_a_days_move_hides_is_told_by_whole_cents() -> None:
    """11 for 10: 3 of 20 such prices are in whole cents once they are adjusted."""
    raw = printed(1.1)
    for times in (0, 1):
        one = told(np.where(np.arange(len(DAYS)) < AT, raw / 1.1**times, raw), [(SPLIT_DAY, 1.1)])
        np.testing.assert_allclose(one.prices[:, 3], raw, atol=6e-5)


@pytest.mark.parametrize("other", [SPLIT_DAY, date(2021, 7, 9), date(2021, 7, 2)])
def test_a_split_told_twice_or_on_two_days_counts_once(other: date) -> None:
    raw = printed(4.0)
    one = told(np.where(np.arange(len(DAYS)) < AT, raw / 4, raw), sorted([(SPLIT_DAY, 4.0), (other, 4.0)]))
    assert [(event.day, event.value) for event in one.events] == [(np.datetime64(SPLIT_DAY), 0.25)]
    np.testing.assert_allclose(one.prices[:, 3], raw, atol=6e-5)


@pytest.mark.parametrize("amount", [0.275, 1.1])
def test_a_dividend_before_a_split_is_what_adjclose_says_it_was(amount: float) -> None:
    """1.10 a share of before the 4:1, told in shares of today or of its day."""
    raw = printed(4.0)
    close = np.where(np.arange(len(DAYS)) < AT, raw / 4, raw)
    paid = DAYS.index(date(2021, 6, 22))
    adj = np.where(np.arange(len(DAYS)) < paid, close * (1 - 0.275 / close[paid - 1]), close)
    one = told(close, [(SPLIT_DAY, 4.0)], [(date(2021, 6, 22), amount, "USD")], adj)
    assert [event.value for event in one.events if event.kind == "dividend"] == [pytest.approx(1.1)]


def test_without_adjclose_the_next_dividend_of_one_rate_tells() -> None:
    raw = printed(4.0)
    close = np.where(np.arange(len(DAYS)) < AT, raw / 4, raw)
    one = told(close, [(SPLIT_DAY, 4.0)], [(date(2021, 6, 22), 1.1, "USD"), (date(2021, 7, 22), 0.275, "USD")])
    assert [event.value for event in one.events if event.kind == "dividend"] == [pytest.approx(1.1), pytest.approx(0.275)]


def test_another_currency_is_no_dollar() -> None:
    one = told(printed(1.0), [], [(date(2021, 6, 22), 12.0, "KRW")])
    assert not one.events and [note.against for note in one.notes] == [True] and "KRW" in one.notes[0].text


def history(symbol: str, raw: np.ndarray, factor: float) -> History:
    days = np.array(DAYS, "datetime64[D]")
    prices = np.column_stack([raw, raw, raw, raw, np.full(len(raw), 1e6)])
    return History(symbol, days, prices, (Event(np.datetime64(SPLIT_DAY), "split", factor),))


BESIDE = VixAndRates(dict.fromkeys(DAYS, 18.0), None)


def test_a_contradicted_event_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    """The inverse of a 4:1 is not applied; its name is left out around it, in the store too, until somebody takes the span over."""
    market_data = assemble(
        [history("BAD", printed(4.0), 4.0), history("GOOD", printed(4.0), 0.25)],
        BESIDE,
        None,
        START,
        END,
        Origin(words=Prose("Prices of a test")),
    )
    assert [market_data.bars.symbols[k] for k in market_data.actions.name[market_data.actions.kind == SPLIT]] == ["GOOD"]
    assert [(one.symbol, one.by) for one in market_data.quarantine] == [("BAD", FETCHED)]
    assert any("BAD 2021-07-07" in line and "times 4" in line for line in market_data.findings)
    store = tmp_path / "store"
    fetch(market_data, store)
    again, _ = open_store(store)
    (error,) = set_aside(again, Quality())
    assert error.severity == "error" and error.stands and "BAD" in error.sentence
    fetch(market_data, store)
    assert len(quarantine.read(store)) == 1
    taken = quarantine.drawn_up(again, [error], Quality(), again.quarantine)
    (left,) = settled([error], quarantine.imposed(again, taken))
    assert not left.stands and next(iter(settled([error], again))).stands
    mine = quarantine.Span("BAD", "2021-06-25", "2021-08-09", quarantine.read(store)[0].reason, "me")
    quarantine.write(store, [mine])
    fetch(market_data, store)
    assert quarantine.read(store) == (mine,)
    assert set_aside(open_store(store)[0], Quality()) == ()


def test_what_a_vendor_told_right_later_is_no_longer_set_aside(tmp_path: Path) -> None:
    store = tmp_path / "store"
    fetch(assemble([history("BAD", printed(4.0), 4.0)], BESIDE, None, START, END, Origin(words=Prose("Prices of a test"))), store)
    mended = assemble([history("BAD", printed(4.0), 0.25)], BESIDE, None, START, END, Origin(words=Prose("Prices of a test")))
    fetch(mended, store, accept_restatement=True)
    assert quarantine.read(store) == ()


def test_notes_are_kept_with_the_answer(tmp_path: Path) -> None:
    one = told(printed(4.0), [(SPLIT_DAY, 4.0)])
    kept = Downloads(tmp_path, "yahoo", timedelta(hours=1)).keep(one, START, END, datetime.now(UTC))
    again = Downloads(tmp_path, "yahoo", timedelta(hours=1)).known("X", START, END, datetime.now(UTC))
    assert again is not None and again.notes == kept.notes == one.notes != ()


@needs_cases
@pytest.mark.parametrize(
    ("case", "symbol", "day", "close", "volume"),
    [
        ("01-yahoo-split-not-adjusted", "REVX", "2024-03-21", 0.0198, 61_357_200),
        ("01-yahoo-split-not-adjusted", "FORX", "2024-03-21", 129.92, 1_098_400),
        ("01-yahoo-split-not-adjusted", "GOOD", "2024-03-21", 92.55, 1_293_200),
        ("11-event-told-twice", "TWI", "2021-07-06", 406.95, None),
    ],
)
def test_the_cases_of_prices(case: str, symbol: str, day: str, close: float, volume: float | None) -> None:
    one = of_case(case, symbol)
    k = int(np.searchsorted(one.days, np.datetime64(day)))
    assert one.prices[k, 3] == pytest.approx(close) and volume in (None, one.prices[k, 4])
    assert len([event for event in one.events if event.kind == "split"]) == 1


@needs_cases
@pytest.mark.parametrize(
    ("case", "symbol", "paid"),
    [
        ("02-yahoo-dividend-of-old-shares", "CFX", [1.5, 0.3]),
        ("02-yahoo-dividend-of-old-shares", "CFOK", [1.5, 0.3]),
        ("11-event-told-twice", "TWI", [1.1]),
        ("13-dividend-larger-than-the-price", "SKX", []),
    ],
)
def test_the_cases_of_dividends(case: str, symbol: str, paid: list[float]) -> None:
    assert [event.value for event in of_case(case, symbol).events if event.kind == "dividend"] == pytest.approx(paid)


def of_case(case: str, symbol: str) -> History:
    result = json.loads((CASES / case / "answers" / "yahoo" / f"{symbol}.json").read_text(encoding="utf-8"))["chart"]["result"][0]
    return check_history(yahoo._raw(symbol, result, date(2000, 1, 1), date(2026, 1, 1)))
