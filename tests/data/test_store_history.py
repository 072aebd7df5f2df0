"""What was known when: restatements are shown and refused, updates write what is new, and each day's knowledge can be read again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.data.demo.demo import Demo, draw
from springback.data.store.content_hash import content_hash
from springback.data.store.restatement import EVERY, restatement
from springback.data.store.store import Store
from springback.errors import Damaged, InputError, MissingData, Restated, StoreError
from springback.market.actions import DIVIDEND, SPLIT, Actions
from springback.market.bars import FIELDS, Bars
from springback.market.market_data import BANKRUPT, DELISTED, TRADING, Delisting, MarketData, last_rows, payouts
from springback.market.origin import Origin
from springback.market.prose import Prose, prose
from springback.quality import entry
from tests.data.samples import assert_same

DEMO = draw(Demo(names=30, seed=4, start="2019-10-01", end="2021-03-31", shocks=1))
FIRST = datetime(2024, 1, 1, 22, tzinfo=UTC)
DAY = timedelta(days=1)


def bars_with(market_data: MarketData, **panels: np.ndarray) -> MarketData:
    """The market data with other panels, and what follows from its closes."""
    bars = replace(market_data.bars, **panels)
    return replace(market_data, bars=bars, last=last_rows(bars.close))


def part(market_data: MarketData, first: int, end: int) -> MarketData:
    """The sessions `first <= row < end` as a source would give them on the evening of the last."""
    known = market_data.until(end)
    bars = known.bars.between(first, end)
    series = {name: None if (one := getattr(known, name)) is None else one[first:] for name in ("vix", "members", "benchmark", "risk_free")}
    return replace(known, bars=bars, actions=known.actions.between(first, end), last=last_rows(bars.close), **series)


def restated(market_data: MarketData) -> MarketData:
    """A close, a dividend, a VIX close and a split that say something else, a bar less."""
    close, volume = market_data.bars.close.copy(), market_data.bars.volume.copy()
    rows = np.flatnonzero(~np.isnan(close[:, 3]))
    close[rows[5], 3] += 0.5
    volume[rows[7], 3] *= 2
    panels = {name: getattr(market_data.bars, name).copy() for name in FIELDS} | {"close": close, "volume": volume}
    for panel in panels.values():
        panel[rows[9], 3] = np.nan
    acts, vix = market_data.actions, market_data.vix.copy()
    vix[20] += 1
    value = acts.value.copy()
    value[np.flatnonzero(acts.kind == DIVIDEND)[0]] *= 2
    added = Actions(*(np.append(one, new) for one, new in zip((acts.row, acts.name, acts.kind, value), (100, 2, SPLIT, 0.5), strict=True)))
    order = np.argsort(added.row, kind="stable")
    acts = Actions(added.row[order], added.name[order].astype(np.int64), added.kind[order].astype(np.int64), added.value[order])
    return replace(
        bars_with(market_data, **panels),
        actions=acts,
        vix=vix,
        origin=Origin(words=Prose("restated")),
        findings=prose(("another finding",)),
    )


def test_a_restatement_is_told_and_refused_until_it_is_accepted(tmp_path: Path) -> None:
    store, other = Store(tmp_path), restated(DEMO)
    store.write(DEMO, FIRST)
    before = store.describe()
    with pytest.raises(
        Restated, match=r"2 bars changed, 1 bar vanished, 1 change of the split history, 1 change of past dividends, 1 value"
    ):
        store.write(other, FIRST + DAY)
    assert store.describe() == before and not list(tmp_path.rglob("000002*"))
    told = store.write(other, FIRST + DAY, accept_restatement=True)
    assert told.counts == {"bar": 2, "bar gone": 1, "split": 1, "dividend": 1, "series": 1}
    assert told.counts == restatement(DEMO, other).counts
    examples = {one.kind: one for one in told.examples}
    assert (examples["bar"].field, examples["bar"].symbol) == ("close", DEMO.bars.symbols[3]) or examples["bar"].field == "volume"
    assert examples["split"].before is None and examples["split"].after == 0.5
    assert examples["split"].date == str(DEMO.bars.sessions[100])
    assert examples["bar gone"].after is None


def test_what_is_new_is_no_restatement() -> None:
    assert not restatement(part(DEMO, 0, 200), DEMO)
    assert not restatement(DEMO, DEMO)
    unknown = np.where(np.arange(len(DEMO.vix)) == 7, np.nan, DEMO.vix)
    assert not restatement(replace(DEMO, vix=unknown), DEMO)
    assert restatement(DEMO, replace(DEMO, vix=unknown)).counts == {"series": 1}


def test_what_turns_up_late_or_ends_otherwise_is_a_restatement() -> None:
    """A bar of a stored name on a stored session, a whole session, another ending, another sector: all change the past."""
    bars = DEMO.bars
    name = int(np.flatnonzero(DEMO.last == len(bars.sessions) - 1)[0])
    hole = {field: getattr(bars, field).copy() for field in FIELDS}
    for panel in hole.values():
        panel[50, name] = np.nan
    assert restatement(bars_with(DEMO, **hole), DEMO).counts == {"bar late": 1}
    assert restatement(DEMO, bars_with(DEMO, **hole)).counts == {"bar gone": 1}
    ended = replace(DEMO, ending=np.full(len(DEMO.ending), DELISTED, np.int8))
    assert restatement(ended, replace(ended, ending=np.full(len(DEMO.ending), BANKRUPT, np.int8))).counts == {"ending": len(DEMO.ending)}
    assert not restatement(DEMO, ended), "that a name ends is news"
    sectors = [replace(DEMO, sectors=tuple(f"{word}" for _ in bars.symbols)) for word in ("Energy", "Utilities")]
    assert restatement(*sectors).counts == {"sector": len(bars.symbols)}


def test_a_damaged_file_is_not_written_over_by_other_prices(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(DEMO, FIRST)
    (file,) = tmp_path.glob("bars/year=2020/*.parquet")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(Damaged, match=r"bars/year=2020/000001.parquet is damaged, so whether the source says now what it said then"):
        store.write(bars_with(DEMO, volume=DEMO.bars.volume + (DEMO.bars.sessions == np.datetime64("2020-03-23"))[:, None]), FIRST + DAY)
    assert store.verify() != ()
    store.write(DEMO, FIRST + DAY)
    assert store.verify() == ()
    assert_same(store.read(), DEMO)
    for window in ({}, {"start": "2020-06-01", "end": "2020-09-01"}):
        with pytest.raises(Damaged, match=r"what was known of its bars of 2020 before 2024-01-02 22:00 UTC was lost"):
            store.read(**window, as_of=FIRST)
    assert store.read(start="2021-01-04", as_of=FIRST).bars.sessions[0] == np.datetime64("2021-01-04")
    assert_same(store.read(as_of=FIRST + DAY), DEMO)


def test_a_first_look_that_saw_no_store_forgets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process wrote between the look and the lock: what it wrote is compared, not replaced."""
    entry.fetch(DEMO, tmp_path, FIRST)
    real = replace(restated(DEMO), origin=Origin("recorded", "tiingo", Prose("Prices of tiingo,")))
    monkeypatch.setattr(Store, "exists", lambda _: False)
    with pytest.raises(Restated):
        entry.fetch(real, tmp_path, FIRST + DAY)
    monkeypatch.undo()
    seen = Store(tmp_path).describe() | {"generation": 0}
    monkeypatch.setattr(Store, "describe", lambda _: seen)
    with pytest.raises(StoreError, match="was written by another process meanwhile"):
        Store(tmp_path).replace(real, FIRST + DAY, over=1)


def test_each_day_s_knowledge_is_read_again_bit_for_bit(tmp_path: Path) -> None:
    store, other = Store(tmp_path), restated(DEMO)
    store.write(DEMO, FIRST)
    store.write(other, FIRST + DAY, accept_restatement=True)
    store.write(replace(DEMO, sectors=None, members=None), FIRST + 2 * DAY, accept_restatement=True)
    for when, market_data in ((FIRST, DEMO), (FIRST + DAY, other)):
        for known in (when, f"{when:%Y-%m-%d}", when + DAY - timedelta(microseconds=1)):
            back = store.read(as_of=known)
            assert_same(back, market_data)
            assert (back.origin, back.findings) == (market_data.origin, market_data.findings)
            assert content_hash(back) == content_hash(market_data) == store.hash_as_of(known)
    assert store.read().members is None
    with pytest.raises(MissingData, match="knew nothing then: it was first written at 2024-01-01 22:00"):
        store.read(as_of="2023-12-31")
    with pytest.raises(InputError, match="as-of must be a day"):
        store.read(as_of="yesterday")


def test_a_window_as_of_a_day_is_the_window_of_that_day(tmp_path: Path) -> None:
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    one.write(DEMO, FIRST)
    two.write(DEMO, FIRST)
    two.write(restated(DEMO), FIRST + DAY, accept_restatement=True)
    for window in (("2019-12-15", "2020-06-30"), ("2020-06-30", None), (None, "2020-01-31")):
        assert_same(two.read(*window, as_of=FIRST), one.read(*window))


def test_a_window_keeps_the_columns_of_the_names_asked_for_with_all_that_stands_beside_them(tmp_path: Path) -> None:
    """A name that ended before the window keeps its ending and what its holders got; today and as it was known."""
    name, gone = DEMO.bars.symbols[5], np.zeros(DEMO.bars.shape, dtype=bool)
    gone[120:, 5] = True
    cut = bars_with(DEMO, **{field: np.where(gone, np.nan, getattr(DEMO.bars, field)) for field in FIELDS})
    ending = np.where(np.arange(30) == 5, BANKRUPT, DEMO.ending).astype(np.int8)
    told = replace(cut, ending=ending, delistings=(Delisting(name, DEMO.bars.sessions[119], "ruin", -0.8),))
    Store(tmp_path).write(told, FIRST)
    first, end = (str(DEMO.bars.sessions[row]) for row in (250, 339))
    bare = Store(tmp_path).read(first, end)
    assert name not in bare.bars.symbols
    for as_of in (None, FIRST):
        kept = Store(tmp_path).read(first, end, as_of, (name, "NOBODY", bare.bars.symbols[0]))
        assert kept.bars.symbols == tuple(sorted((*bare.bars.symbols, name)))
        column = kept.bars.symbols.index(name)
        assert np.isnan(kept.bars.close[:, column]).all() and kept.last[column] == -1 and kept.ending[column] == BANKRUPT
        assert payouts(kept)[column] == -0.8 and kept.members is not None and kept.members.shape == kept.bars.shape
        others = np.arange(len(kept.bars.symbols)) != column
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(kept.bars, field)[:, others], getattr(bare.bars, field))
        assert len(kept.actions.row) == len(bare.actions.row)


def test_every_change_can_be_asked_for(tmp_path: Path) -> None:
    """Twenty closes and volumes that are others: five are shown, forty can be listed."""
    Store(tmp_path).write(DEMO, FIRST)
    close, volume = DEMO.bars.close.copy(), DEMO.bars.volume.copy()
    column = int(np.flatnonzero(~np.isnan(close).any(axis=0))[0])
    close[-40:-20, column] += 1
    volume[-40:-20, column] += 1
    later = part(bars_with(DEMO, close=close, volume=volume), len(close) - 60, len(close))
    told = Store(tmp_path).update(later, FIRST + DAY, True, EVERY)
    bars = [one for one in told.examples if one.kind == "bar"]
    assert told.counts["bar"] == 20 and len(bars) == 40
    assert [(one.field, one.date) for one in bars[:2]] == [(field, str(DEMO.bars.sessions[-40])) for field in ("close", "volume")]
    few = Store(tmp_path).update(part(DEMO, len(close) - 60, len(close)), FIRST + 2 * DAY, True)
    assert few.counts == told.counts and len(few.examples) == 5


def test_updates_session_by_session_give_the_whole_tape(tmp_path: Path) -> None:
    store, total = Store(tmp_path), len(DEMO.bars.sessions)
    store.write(part(DEMO, 0, total - 60), FIRST)
    at = FIRST
    for first, end in ((total - 60, total - 59), (total - 59, total - 30), (total - 35, total - 5), (total - 5, total)):
        at += DAY
        assert not store.update(part(DEMO, first, end), at)
        found = store.read()
        expected = part(DEMO, 0, end)
        listed = np.flatnonzero(~np.isnan(expected.bars.close).all(axis=0))
        assert found.bars.symbols == tuple(expected.bars.symbols[k] for k in listed)
        assert np.array_equal(found.bars.close, expected.bars.close[:, listed], equal_nan=True)
        assert store.hash == content_hash(found)
    ended = part(DEMO, total - 5, total)
    told = replace(ended, ending=DEMO.ending)
    store.update(told, at + DAY)
    assert_same(store.read(), DEMO)
    assert store.hash == content_hash(DEMO)
    assert str(store.read().origin).endswith(f"; updated to {DEMO.bars.sessions[-1]} from {DEMO.origin}")


def test_an_update_writes_only_what_is_new(tmp_path: Path) -> None:
    store, total = Store(tmp_path), len(DEMO.bars.sessions)
    store.write(part(DEMO, 0, total - 1), FIRST)
    before = store.describe()["files"]
    store.update(part(DEMO, total - 1, total), FIRST + DAY)
    after = store.describe()["files"]
    assert {path for path in after if path.startswith("bars/")} - set(before) == {"bars/year=2021/000002.parquet"}
    assert {"bars/year=2019/000001.parquet", "bars/year=2020/000001.parquet"} <= set(after)
    content = {path.name: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    assert not store.update(part(DEMO, total - 1, total), FIRST + 2 * DAY)
    assert store.update(part(DEMO, total - 1, total), FIRST + 3 * DAY).counts == {}
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == content


def test_an_update_of_some_names_leaves_the_others_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(DEMO, FIRST)
    last = len(DEMO.bars.sessions)
    some = part(DEMO, last - 10, last)
    kept = [k for k in range(0, len(some.bars.symbols), 3) if not np.isnan(some.bars.close[:, k]).all()]
    column = {k: place for place, k in enumerate(kept)}
    acts = [k for k in range(len(some.actions.row)) if int(some.actions.name[k]) in column]
    few = replace(
        some,
        bars=some.bars.of([some.bars.symbols[k] for k in kept]),
        actions=Actions(
            some.actions.row[acts],
            np.array([column[int(some.actions.name[k])] for k in acts], dtype=np.int64),
            some.actions.kind[acts],
            some.actions.value[acts],
        ),
        last=some.last[kept],
        ending=some.ending[kept],
        members=None,
        sectors=None,
    )
    told = store.update(few, FIRST + DAY)
    assert not told
    assert_same(store.read(), DEMO)


def test_a_name_that_ended_is_heard_of_by_its_ending(tmp_path: Path) -> None:
    sessions = np.array(["2024-01-02", "2024-01-03", "2024-01-04"], dtype="datetime64[D]")
    close = np.array([[10.0, 20.0], [11.0, 21.0], [np.nan, 22.0]])
    whole = MarketData(
        Bars(sessions, ("A", "B"), close, close, close, close, close),
        Actions.none(),
        np.full(3, 15.0),
        np.array([1, 2]),
        np.zeros(2, np.int8),
    )
    store = Store(tmp_path)
    store.write(part(whole, 0, 2), FIRST)
    store.update(part(whole, 2, 3), FIRST + DAY)
    assert store.read().ending.tolist() == [TRADING, TRADING]
    told = "1 names have no bar on 2024-01-04 and no word on how they end: they count as halted (such as A)"
    assert store.read().findings == (f"update 2024-01-04 to 2024-01-04: {told}",)
    gone = replace(part(whole, 2, 3), ending=np.array([DELISTED, TRADING], np.int8))
    store.update(gone, FIRST + 2 * DAY)
    assert store.read().ending.tolist() == [DELISTED, TRADING]
    assert store.read().findings == ()
    assert store.read(as_of=FIRST + DAY).ending.tolist() == [TRADING, TRADING]


def test_a_clock_that_went_back_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(DEMO, FIRST)
    with pytest.raises(InputError, match="set the clock right"):
        store.write(DEMO, FIRST)


def test_a_drawn_market_is_replaced_and_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(DEMO, FIRST)
    store.replace(restated(DEMO), FIRST + DAY)
    assert_same(store.read(), restated(DEMO))
    assert not list(tmp_path.glob("superseded/*/*"))
    with pytest.raises(MissingData, match="knew nothing"):
        store.read(as_of=FIRST)


@st.composite
def tapes(draw: st.DrawFn) -> MarketData:
    """A market of up to four names and six sessions over a year's end, all of it a matter of chance."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    total, count = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    sessions = np.datetime64("2023-12-27") + np.sort(rng.choice(9, total, replace=False))
    close = np.where(rng.random((total, count)) < 0.3, np.nan, rng.integers(1, 3, (total, count)).astype(float))
    close[:, 0] = rng.integers(1, 3, total)
    panels = [close] * 4 + [np.where(np.isnan(close), np.nan, rng.integers(0, 2, close.shape))]
    events = np.sort(rng.integers(0, total, draw(st.integers(0, 4))))
    acts = Actions(events, rng.integers(0, count, len(events)), rng.integers(0, 2, len(events)), rng.integers(1, 3, len(events)) / 2)
    optional = draw(st.tuples(*[st.booleans()] * 3))
    return MarketData(
        Bars(sessions, tuple("ABCD"[:count]), *panels),
        acts,
        rng.integers(10, 12, total).astype(float),
        last_rows(close),
        np.where(last_rows(close) < total - 1, DELISTED, TRADING).astype(np.int8),
        rng.random((total, count)) < 0.5 if optional[0] else None,
        rng.random(total).round() if optional[1] else None,
        None,
        tuple(rng.choice(["x", "y"], count)) if optional[2] else None,
        Origin(words=Prose("chance")),
    )


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.tuples(tapes(), st.booleans()), min_size=2, max_size=4))
def test_whatever_was_written_every_instant_can_be_read_again(told: list[tuple[MarketData, bool]]) -> None:
    store = Store("memory://history")
    store.replace(told[0][0])
    seen = []
    for market_data, updates in told[1:]:
        (store.update if updates else store.write)(market_data, accept_restatement=True)
        seen.append((datetime.fromisoformat(store.describe()["written_at"]), store.read()))
        assert store.verify() == ()
        assert store.hash == content_hash(seen[-1][1])
        if not updates:
            assert store.hash == content_hash(market_data)
    for when, market_data in seen:
        assert_same(store.read(as_of=when), market_data)
