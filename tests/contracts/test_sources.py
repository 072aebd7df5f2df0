"""One contract for every source: asked for the same small market, each tells it the same way."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from springback.data.demo.demo import Demo
from springback.data.demo.demo import draw as draw_demo
from springback.data.files import csv_file
from springback.data.sources import Event, History, Source
from springback.data.sources.alpaca import Alpaca
from springback.data.sources.assemble import VixAndRates, assemble
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.keys import Keys
from springback.data.sources.lean_folder import LeanFolder
from springback.data.sources.market_data_source import MarketDataSource
from springback.data.sources.tiingo import Tiingo
from springback.data.sources.yahoo import Yahoo
from springback.lean.export import export
from springback.market.market_data import MarketData
from springback.market.origin import Origin
from springback.market.prose import Prose
from tests.contracts.replay import IDENTITY, KEY, SECRET, VIX, Name, Replay, day, market, serving

START, END = day("2020-08-24"), day("2020-09-04")
KEYS = Keys({"TIINGO_API_KEY": KEY, "APCA_API_KEY_ID": IDENTITY, "APCA_API_SECRET_KEY": SECRET})


def quick(replay: Replay, **knobs: float | int) -> Fetch:
    """Settings that point at `replay` and do not dawdle."""
    manners: dict[str, float | int] = {"per_second": 10_000, "timeout": 2, "attempts": 3, "pause": 0.001, "patience": 5, "alpaca_batch": 3}
    return Fetch(
        **(manners | knobs),  # type: ignore[arg-type]
        yahoo_url=replay.url,
        tiingo_url=replay.url,
        tiingo_names_url=f"{replay.url}/supported_tickers.zip",
        alpaca_url=replay.url,
        alpaca_names_url=f"{replay.url}/v2/assets",
        cboe_url=f"{replay.url}/VIX_History.csv",
        fred_url=f"{replay.url}/graph/fredgraph.csv",
    )


def expected(symbol: str, name: Name) -> History:
    """What any source must say of `name`."""
    rows = sorted(name.bars.items())
    events = [Event(np.datetime64(one), "split", 1 / ratio) for one, ratio in name.splits.items()]
    events += [Event(np.datetime64(one), "dividend", dollars) for one, dollars in name.dividends.items()]
    days = np.array([one for one, _ in rows], dtype="datetime64[D]")
    return History(symbol, days, np.array([row for _, row in rows]), tuple(sorted(events, key=lambda one: one.day)))


def tape_of(names: dict[str, Name]) -> MarketData:
    return assemble(
        [expected(symbol, name) for symbol, name in names.items()], VixAndRates(VIX, None), None, START, END, Origin(words=Prose("by hand"))
    )


def bars_file(folder: Path, names: dict[str, Name]) -> MarketData:
    bars = [f"{one},{symbol},{','.join(str(cell) for cell in row)}" for symbol, name in names.items() for one, row in name.bars.items()]
    events = [f"{one},{symbol},split,{1 / ratio}" for symbol, name in names.items() for one, ratio in name.splits.items()]
    events += [f"{one},{symbol},dividend,{paid}" for symbol, name in names.items() for one, paid in name.dividends.items()]
    (folder / "bars.csv").write_text("\n".join(["date,symbol,open,high,low,close,volume", *bars]) + "\n")
    (folder / "events.csv").write_text("\n".join(["date,symbol,event,value", *events]) + "\n")
    return csv_file.read(folder / "bars.csv", events=folder / "events.csv")


def lean_folder(folder: Path) -> LeanFolder:
    export(tape_of(market()), folder)
    return LeanFolder(folder)


def demo_world() -> tuple[MarketData, dict[str, History]]:
    market_data = draw_demo(Demo(names=30, start="2020-01-02", end="2021-03-31", shocks=1))
    taped = MarketDataSource("demo", market_data)
    return market_data, {one.symbol: one for one in taped.histories(market_data.bars.symbols[:5], date(2020, 1, 1), date(2021, 12, 31))}


MADE: dict[str, Callable[[Replay, Path], Source]] = {
    "yahoo": lambda replay, _: Yahoo(quick(replay)),
    "tiingo": lambda replay, _: Tiingo(quick(replay), KEYS),
    "alpaca": lambda replay, _: Alpaca(quick(replay), KEYS),
    "csv": lambda _, folder: MarketDataSource("csv", bars_file(folder, market())),
    "lean": lambda _, folder: lean_folder(folder),
    "demo": lambda *_: MarketDataSource("demo", demo_world()[0]),
}


@pytest.fixture(name="replay")
def _replay() -> Iterator[Replay]:
    with serving() as replay:
        yield replay


@pytest.fixture(name="world", params=MADE)
def _world(request: pytest.FixtureRequest, replay: Replay, tmp_path: Path) -> tuple[Source, dict[str, History]]:
    """A source, and what is known of its market from another hand."""
    source = MADE[request.param](replay, tmp_path)
    if request.param == "demo":
        return source, demo_world()[1]
    return source, {symbol: expected(symbol, name) for symbol, name in market().items()}


World = tuple[Source, dict[str, History]]


def assert_tells(found: History, known: History, start: date, end: date) -> None:
    """`found` is `known` between the days, prices to a hundredth of a cent, events to nine digits."""
    kept = (known.days >= np.datetime64(start)) & (known.days <= np.datetime64(end))
    assert found.symbol == known.symbol
    assert np.array_equal(found.days, known.days[kept])
    assert found.prices.dtype == np.float64
    np.testing.assert_allclose(found.prices, known.prices[kept], rtol=0, atol=1e-4)
    events = [one for one in known.events if np.datetime64(start) <= one.day <= np.datetime64(end)]
    assert [(one.day, one.kind) for one in found.events] == [(one.day, one.kind) for one in events]
    np.testing.assert_allclose([one.value for one in found.events], [one.value for one in events], rtol=1e-6)


def test_prices_are_raw_and_events_stand_on_their_day(world: World) -> None:
    source, known = world
    start, end = min(one.days[0] for one in known.values()), max(one.days[-1] for one in known.values())
    found = list(source.histories(list(known), start.item(), end.item()))
    assert [one.symbol for one in found] == list(known)
    for one in found:
        assert not one.gone
        assert_tells(one, known[one.symbol], start.item(), end.item())


def test_both_ends_of_the_span_are_included_and_nothing_beyond_them(world: World) -> None:
    source, known = world
    days = next(iter(known.values())).days
    start, end = days[2].item(), days[6].item()
    for one in source.histories(list(known), start, end):
        assert_tells(one, known[one.symbol], start, end)


def test_a_name_that_nobody_knows_is_gone_and_the_others_still_come(world: World) -> None:
    source, known = world
    first = next(iter(known))
    found = list(source.histories(["NOSUCH", first], known[first].days[0].item(), known[first].days[-1].item()))
    assert [(one.symbol, one.gone, len(one.days) > 0) for one in found] == [("NOSUCH", True, False), (first, False, True)]


def test_asked_twice_it_says_the_same(world: World) -> None:
    source, known = world
    start, end = (next(iter(known.values())).days[k].item() for k in (0, -1))
    for one, other in zip(*(source.histories(list(known), start, end) for _ in range(2)), strict=True):
        assert np.array_equal(one.prices, other.prices, equal_nan=True) and one.events == other.events


def test_asked_for_nothing_it_says_nothing(world: World) -> None:
    assert list(world[0].histories([], START, END)) == []


def test_the_listing_holds_the_delisted_or_is_empty(world: World) -> None:
    source, known = world
    start, end = (next(iter(known.values())).days[k].item() for k in (0, -1))
    listed = source.listing(start, end).symbols
    assert list(listed) == sorted(set(listed))
    assert not listed or set(known) - {"SPY"} <= set(listed)
    assert bool(listed) == (source.name != "yahoo")


def test_it_has_a_name_and_a_batch(world: World) -> None:
    assert world[0].name in MADE and world[0].batch >= 1


def test_apples_split_of_2020_08_31_is_undone(replay: Replay) -> None:
    """The close of 2020-08-28 was 499.23 on 46.9 million shares; Yahoo says 124.8075 and 187.6 million ever since."""
    said = replay._yahoo("AAPL", {"period1": "1598227200", "period2": "1600000000"})[1]
    assert b"124.8075" in said and b"187630000" in said
    apple = next(Yahoo(quick(replay)).histories(["AAPL"], START, END))
    before = apple.days == np.datetime64("2020-08-28")
    assert apple.prices[before].tolist() == [[504.05, 505.77, 498.31, 499.23, 46907500.0]]
    assert apple.prices[apple.days == np.datetime64("2020-08-31"), 3].tolist() == [129.04]
    assert (np.datetime64("2020-08-31"), "split", 0.25) in apple.events
    assert (np.datetime64("2020-08-26"), "dividend", 0.82) in apple.events


def test_a_split_after_the_end_is_undone_too(replay: Replay) -> None:
    """Asked for prices up to the day before the split, Yahoo's are already divided by four."""
    apple = next(Yahoo(quick(replay)).histories(["AAPL"], START, day("2020-08-28")))
    assert apple.prices[-1, 3] == 499.23
    assert [one.kind for one in apple.events] == ["dividend"]


def test_a_dividend_paid_after_the_end_is_found(replay: Replay) -> None:
    """Alpaca files it under the day of payment, weeks later."""
    apple = next(Alpaca(quick(replay), KEYS).histories(["AAPL"], START, day("2020-08-27")))
    assert [one.kind for one in apple.events] == ["dividend"]


def test_the_assembled_tape_keeps_the_delisted_name(replay: Replay) -> None:
    histories = list(Tiingo(quick(replay), KEYS).histories(["AAPL", "GONE"], START, END))
    market_data = assemble(histories, VixAndRates(VIX, None), histories[0], START, END, Origin(words=Prose("Tiingo")))
    assert market_data.bars.symbols == ("AAPL", "GONE") and market_data.ending.tolist() == [0, 1]
    assert market_data.benchmark is not None
    assert market_data.benchmark[0] == 100.0
    assert market_data.benchmark[5] / market_data.benchmark[4] == pytest.approx(4 * 129.04 / 499.23)
    assert market_data.benchmark[2] / market_data.benchmark[1] == pytest.approx((506.09 + 0.82) / 499.30)
