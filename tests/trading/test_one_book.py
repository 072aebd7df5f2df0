"""One book, one path of events: the backtest's loop, a desk and a replay of the events hold the same, line by line, at every close."""

import ast
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import springback
from springback.backtest.loop import session
from springback.backtest.result import orders_frame
from springback.backtest.run import backtest, prepare
from springback.backtest.state import Rules, empty_account, empty_paper
from springback.market.book import KINDS, RECALLED, Book, Event, apply, empty_book, fold, line_of, remember
from springback.market.costs import Costs, ShortFloor, charges
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.strategy.decide import FUNNEL, SHORT
from springback.strategy.knobs import Regime, Strategy, rule_parameters
from springback.strategy.universe import Universe
from springback.trading.desk import Desk
from springback.trading.resume import Holding, restore, state_of
from tests.backtest.variants import VARIANTS, sessions_of, turned
from tests.backtest.worlds import account_of, random_forecasts, random_tape
from tests.trading.host import Host, Ticket
from tests.trading.test_desk import BUSY, as_file

FREE = Costs(
    half_spread_bp=(0.0, 0.0, 0.0, 0.0), impact_bp=0.0, borrow_general=0.0, borrow_hard=0.0, debit_over=0.0, credit_under=0.0,
    delisting_return=0.0, bankruptcy_return=0.0,
)  # fmt: skip
"""The profile `realistic` without a price for anything but LEAN's commission: what is left of it is the floor under shorts."""
FLOOR = ShortFloor(25.0, 2e6)


def same(one: Book, other: Book) -> None:
    """Column by column; dollars to the rounding of sums in another order."""
    for name, left, right in zip(Book._fields, one, other, strict=True):
        if left.dtype.kind == "f":
            np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(left, right, err_msg=name)


def copied(book: Book) -> Book:
    return Book(*(column.copy() for column in book))


def books_of_loop(
    market_data: MarketData, said: Forecasts, strategy: Strategy, regime: Regime, cash: float, factor: np.ndarray | None = None
) -> list[Book]:
    """The book of the backtest after each session, orders sent."""
    market, sessions = prepare(market_data, said, regime, strategy, entry_factor=factor), len(market_data.bars.sessions)
    account = empty_account(cash, sessions, len(market_data.bars.symbols), strategy.slots)
    paper = empty_paper(len(market_data.bars.symbols), strategy.slots)
    rules = Rules(rule_parameters(strategy, regime), charges(Costs(), "lean"), regime.multiple)
    found = []
    for row in range(sessions):
        session(market, 0, row, row == sessions - 1, rules, account, paper)
        found.append(copied(account.book))
    return found


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), cash=st.sampled_from([1_000_000.0, 2_000.0]))
def test_loop_desk_and_replay_hold_the_same_book_at_every_close(variant: str, seed: int, cash: float) -> None:
    """Whole fills, splits (of a little cash, to nothing), halts, marks, dividends and delistings."""
    market_data = random_tape(seed, sessions_of(variant))
    said = random_forecasts(seed, market_data)
    strategy, regime = turned(BUSY, variant)
    host = Host(market_data, as_file(market_data, said), strategy, regime, cash=cash)
    replayed, seen = empty_book(len(market_data.bars.symbols)), 0
    for row, ours in enumerate(books_of_loop(market_data, said, strategy, regime, cash)):
        host.session(row)
        fold(replayed, host.desk.journal[seen:])
        seen = len(host.desk.journal)
        same(host.desk.book, replayed)
        same(host.desk.book, ours)
        assert host.cash == pytest.approx(ours.cash[0], abs=1e-6), "the host's own account is the witness"


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_loop_and_desk_play_one_factor_of_entries(seed: int) -> None:
    """Whole, halved and no entries, by session."""
    market_data = random_tape(seed)
    said = random_forecasts(seed, market_data)
    factor = np.random.default_rng(seed).choice([1.0, 0.5, 0.0], len(market_data.bars.sessions))
    host = Host(market_data, as_file(market_data, said), BUSY, Regime(), entry_factor=factor)
    for row, ours in enumerate(books_of_loop(market_data, said, BUSY, Regime(), host.cash, factor)):
        host.session(row)
        same(host.desk.book, ours)
        assert factor[row] > 0 or not ((ours.waiting != 0) & (ours.ordered == ours.sessions[0])).any()


@dataclass
class PartialHost(Host):
    """Fills a random part of each order at an open, the rest at later ones; lenders want some shares back; the broker refuses some orders.
    `tally` counts the shares by itself."""

    seed: int = 0
    tally: dict[str, int] = field(default_factory=dict)

    def _fills(self, row: int) -> None:
        draw = np.random.default_rng((self.seed, row))
        for name in np.flatnonzero((self.desk.book.quantity < 0) & (draw.random(len(self.desk.symbols)) < 0.2)):
            if order := self.desk.recall(self.desk.symbols[name]):
                self.tickets = [one for one in self.tickets if one.symbol != order.symbol]
                self.tickets.append(Ticket(order.symbol, order.quantity, order.reason))
        left = []
        for one in self.tickets:
            name = self.desk.columns[one.symbol]
            price = float(self.market_data.bars.printed("open")[row, name])
            if np.isnan(price) or one.quantity == 0:
                left += [one] if one.quantity else []
                continue
            if draw.random() < 0.1:
                self.desk.drop(one.symbol, one.quantity)
                continue
            part = int(np.sign(one.quantity) * np.ceil(abs(one.quantity) * draw.choice([0.3, 0.7, 1.0])))
            self.desk.fill(one.symbol, part, price)
            self.cash -= part * price
            self.tally[one.symbol] = self.tally.get(one.symbol, 0) + part
            left += [Ticket(one.symbol, one.quantity - part, one.reason)] if part != one.quantity else []
        self.tickets = left

    def _actions(self, row: int) -> None:
        super()._actions(row)
        actions = self.market_data.actions
        for k in np.flatnonzero((actions.row == row) & (actions.kind == 1)):
            symbol = self.market_data.bars.symbols[actions.name[k]]
            self.tally[symbol] = int(self.tally.get(symbol, 0) / actions.value[k])

    def _delistings(self, row: int) -> None:
        for name in np.flatnonzero(self.market_data.last == row - 1):
            self.tally.pop(self.market_data.bars.symbols[name], None)
        super()._delistings(row)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), life=st.sampled_from([0, 1, 3]))
def test_desk_and_replay_hold_the_same_book_with_partial_fills_and_recalls(seed: int, life: int) -> None:
    market_data = random_tape(seed)
    host = PartialHost(
        market_data, as_file(market_data, random_forecasts(seed, market_data)), replace(BUSY, entry_life=life, cool_down=3), seed=seed
    )
    replayed, seen = empty_book(len(market_data.bars.symbols)), 0
    for row in range(len(market_data.bars.sessions)):
        host.session(row)
        fold(replayed, host.desk.journal[seen:])
        seen = len(host.desk.journal)
        same(host.desk.book, replayed)
        assert host.desk.held() == {symbol: shares for symbol, shares in sorted(host.tally.items()) if shares}
        assert host.cash == pytest.approx(replayed.cash[0], abs=1e-4)
        waiting = {one.symbol: one.quantity for one in host.tickets if one.reason == "entry" and one.quantity}
        book = host.desk.book
        assert waiting == {host.desk.symbols[name]: int(book.waiting[name]) for name in np.flatnonzero(book.waiting)}


def test_partial_fills_and_recalls_happen_on_these_tapes() -> None:
    kinds: set[str] = set()
    for seed in range(3):
        market_data = random_tape(seed)
        host = PartialHost(
            market_data, as_file(market_data, random_forecasts(seed, market_data)), replace(BUSY, entry_life=3), seed=seed
        ).run()
        kinds |= {KINDS[event.kind] for event in host.desk.journal}
    assert kinds == set(KINDS) - {"corrected"}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_restart_from_the_memory_goes_on_as_if_nothing_had_been(seed: int) -> None:
    """The desk is thrown away after every seventh session; what the broker holds and the state give the book again."""
    market_data = random_tape(seed, splits=False)
    said = as_file(market_data, random_forecasts(seed, market_data))
    strategy = replace(BUSY, cool_down=3, entry_life=2)
    whole, broken = Host(market_data, said, strategy), Host(market_data, said, strategy)
    for row in range(len(market_data.bars.sessions)):
        whole.session(row)
        broken.session(row)
        assert broken.orders == whole.orders
        if row % 7 == 6:
            old = broken.desk
            broken.desk = Desk(market_data.bars.symbols, said, strategy, Regime(), Universe())
            broken.desk.rolling = old.rolling
            held = {
                symbol: Holding(shares, float(old.book.entry_price[old.columns[symbol]]), float(old.book.mark[old.columns[symbol]]))
                for symbol, shares in old.held().items()
            }
            assert restore(broken.desk, state_of(old), held, [one.symbol for one in broken.tickets]) == []
            for name in range(len(old.symbols)):
                before, after = line_of(old.book, name), line_of(broken.desk.book, name)
                assert after[:7] == pytest.approx(before[:7], nan_ok=True)
                for was, now in ((before.since_long, after.since_long), (before.since_short, after.since_short)):
                    assert now == was or min(was, now) >= strategy.cool_down
            for name in np.flatnonzero((market_data.last == row) & (market_data.ending != 0)):
                broken.desk.last_session(market_data.bars.symbols[name])


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), variant=st.sampled_from(["none", "book", "cool_down"]))
def test_the_floor_under_shorts_is_the_same_in_both(seed: int, variant: str) -> None:
    """A name under it leaves its slot to the next candidate, in the backtest and on the desk."""
    market_data = replace(random_tape(seed), risk_free=None)
    said = random_forecasts(seed, market_data)
    strategy, regime = turned(BUSY, variant)
    costs = replace(FREE, no_short_price=FLOOR.price, no_short_dollar_volume=FLOOR.dollar_volume)
    result = backtest(market_data, said, account_of(market_data, "realistic"), strategy, regime, costs)
    host = Host(market_data, as_file(market_data, said), strategy, regime, floor=FLOOR).run()
    expected = orders_frame(result)
    assert [one[:3] for one in host.orders] == list(
        zip(expected["decided"].dt.strftime("%Y-%m-%d"), expected["symbol"], expected["quantity"], strict=True)
    )
    free = Host(market_data, as_file(market_data, said), strategy, regime).run()
    assert result.funnel[:, SHORT, FUNNEL.index("not_shortable")].sum() > 0 and free.orders != host.orders


def test_no_other_module_writes_into_a_book() -> None:
    """Neither `book.quantity[name] = ...` nor `book.opened[name] += ...` stands outside `market/book.py`."""
    source = Path(springback.__file__).parent
    found = []
    for file in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
            written = [one for target in targets for one in ast.walk(target) if isinstance(one, ast.Subscript)]
            if any(re.search(rf"book\.({'|'.join(Book._fields)})$", ast.unparse(one.value)) for one in written):
                found.append(f"{file.relative_to(source).as_posix()}:{node.lineno}")
    assert found and all(one.startswith("market/book.py:") for one in found), found


def test_a_recall_of_what_is_no_short_changes_nothing() -> None:
    book = empty_book(1)
    remember(book, 0, line_of(book, 0)._replace(quantity=5, waiting=3))
    apply(book, Event(RECALLED, 0))
    assert line_of(book, 0).quantity == 5 and line_of(book, 0).waiting == 3 and not book.closing[0]
