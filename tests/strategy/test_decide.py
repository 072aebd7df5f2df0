"""One decision: exits before entries, no name twice, no slot too many."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from springback.market.book import Book, empty_book
from springback.strategy.decide import FUNNEL, LONG, SHORT, Orders, Today, decide, empty_orders
from springback.strategy.knobs import Regime, Strategy, rule_parameters
from springback.strategy.rule import ENTRY, TIME_STOP

NAMES, SLOTS = 14, 3
KNOBS = rule_parameters(Strategy(slots=SLOTS), Regime())


def random_session(seed: int) -> tuple[Today, Book]:
    """A session with ties, halts, last sessions and names without a rank; a book of at most a few names a side."""
    draw = np.random.default_rng(seed)
    close = np.round(draw.uniform(5, 50, NAMES), 2)
    close[draw.random(NAMES) < 0.1] = np.nan
    qpi, p_long, p_short = np.round(draw.random(NAMES) * 100), np.round(draw.random(NAMES), 1), np.round(draw.random(NAMES), 1)
    qpi[draw.random(NAMES) < 0.1] = np.nan
    book = empty_book(NAMES)
    for name in range(5):
        side = 1 if name < SLOTS else -1
        if draw.random() < 0.7:
            book.quantity[name] = side * 100
            book.entry_price[name], book.mark[name] = 20.0, draw.choice([10.0, 20.0, 30.0])
            book.opened[name], book.closing[name] = -draw.integers(0, 8), draw.random() < 0.2
        elif draw.random() < 0.5:
            book.waiting[name] = side * 100
    final = draw.random(NAMES) < 0.1
    high, trend = np.round(draw.uniform(5, 50, (2, NAMES)), 2)
    high[draw.random(NAMES) < 0.1] = trend[draw.random(NAMES) < 0.1] = np.nan
    book.left_long[:], book.left_short[:] = -draw.integers(0, 6, (2, NAMES))
    volume = np.full(NAMES, 1e6)
    flipped = bool(draw.random() < 0.5)
    return Today(close, qpi, p_long, p_short, volume, np.full(NAMES, 1e8), final, volume, high, high - 5.0, trend, flipped, 1.0), book


def quiet(close: np.ndarray, qpi: np.ndarray, probability: np.ndarray, **others: np.ndarray | bool) -> Today:
    """A session in which every name has a bar, volume and a rank, and no variant has anything to look at."""
    unknown, volume = np.full(NAMES, np.nan), np.full(NAMES, 1e6)
    today = Today(
        *(close, qpi, probability, probability, volume, np.full(NAMES, 1e8), np.zeros(NAMES, np.bool_), volume),
        *(unknown, unknown, unknown, False, 1.0),
    )
    return today._replace(**others)


def decided(today: Today, book: Book) -> tuple[Orders, np.ndarray]:
    """The orders sent and the funnel."""
    orders, funnel = empty_orders(NAMES, SLOTS), np.zeros((2, len(FUNNEL)), np.int64)
    count = decide(KNOBS, False, 1e6, today, book, orders, funnel)
    return Orders(*(column[:count] for column in orders)), funnel


@given(st.integers(0, 2**32 - 1))
def test_exits_come_before_entries_longs_before_shorts(seed: int) -> None:
    today, book = random_session(seed)
    orders, _ = decided(today, book)
    stage = [0 if reason != ENTRY else 1 if quantity > 0 else 2 for reason, quantity in zip(orders.reason, orders.quantity, strict=True)]
    assert stage == sorted(stage)


@given(st.integers(0, 2**32 - 1))
def test_a_name_gets_one_order_and_an_exit_is_the_whole_position(seed: int) -> None:
    today, book = random_session(seed)
    held = book.quantity.copy()
    orders, _ = decided(today, book)
    assert len(set(orders.name)) == len(orders.name)
    for name, quantity, reason in zip(*orders, strict=True):
        assert (held[name] == 0) if reason == ENTRY else (quantity == -held[name] != 0 and book.closing[name])
        assert not today.final[name]


@given(st.integers(0, 2**32 - 1))
def test_no_side_holds_more_than_its_slots_and_every_name_is_counted(seed: int) -> None:
    today, book = random_session(seed)
    _, funnel = decided(today, book)
    staying = np.where(book.closing, 0, book.quantity) + book.waiting
    assert np.sum(staying > 0) <= SLOTS and np.sum(staying < 0) <= SLOTS
    np.testing.assert_array_equal(funnel[:, 0], funnel[:, 1:].sum(axis=1))
    assert funnel[LONG, 0] == np.sum(today.qpi < 15) and funnel[SHORT, 0] == np.sum(today.qpi > 85)


def test_a_closing_position_frees_its_slot_the_same_session() -> None:
    flat = np.full(NAMES, 20.0)
    book = empty_book(NAMES)
    book.quantity[:SLOTS], book.entry_price[:SLOTS], book.mark[:SLOTS] = 100, 20.0, 20.0
    book.opened[0] = -6
    qpi, sure = np.full(NAMES, 50.0), np.full(NAMES, 0.9)
    qpi[[0, 7, 9]] = 1.0
    orders, funnel = decided(quiet(flat, qpi, sure), book)
    assert orders.reason.tolist() == [TIME_STOP, ENTRY] and orders.name.tolist() == [0, 7]
    assert orders.quantity.tolist() == [-100, 18_333], "$1,000,000 x 1.1 / 3 slots / $20"
    assert funnel[LONG, FUNNEL.index("in_book")] == 1 and funnel[LONG, FUNNEL.index("no_slot")] == 1


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.0]))
def test_a_factor_sizes_new_entries_and_nothing_else(seed: int, factor: float) -> None:
    """The same exits; the same names in the same slots at half of the size; at nothing no entry."""
    (today, book), (_, other) = random_session(seed), random_session(seed)
    whole, funnel = decided(today, book)
    small, counts = decided(today._replace(entry_factor=factor), other)
    entry, leaving = whole.reason == ENTRY, small.reason != ENTRY
    np.testing.assert_array_equal(whole.quantity[~entry], small.quantity[leaving])
    np.testing.assert_array_equal(counts[:, :8], funnel[:, :8])
    if factor:
        np.testing.assert_array_equal(whole.name, small.name)
        capped = np.abs(whole.quantity[entry]) == 50_000
        assert (np.abs(small.quantity[~leaving]) <= np.where(capped, 50_000, np.abs(whole.quantity[entry]) / 2 + 1)).all()
    else:
        assert leaving.all()
