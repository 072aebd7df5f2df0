"""What is in quarantine is neither learned from nor bought, is told, and changes nothing where there is no file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from springback.backtest.result import Result
from springback.backtest.run import Backtest, backtest
from springback.errors import BadTable
from springback.market.costs import Costs
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.market.quarantine import Span, barred, inside
from springback.quality import entry, gate, quarantine
from springback.quality.quality_finding import QualityFinding
from springback.quality.quality_settings import Quality
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.rule import ENTRY
from springback.strategy.universe import Universe, eligible
from springback.workflow.sources import open_store
from tests.data.samples import assert_same
from tests.quality import planted


@pytest.fixture(scope="module")
def clean() -> MarketData:
    return planted.market()


def eager(market_data: MarketData) -> Forecasts:
    """Every listed name wants to be bought every day."""
    listed = ~np.isnan(market_data.bars.close)
    panels = (np.where(listed, value, np.nan) for value in (1.0, 0.9, 0.1, 1e6))
    return Forecasts(*panels)


def played(market_data: MarketData) -> Result:
    account = Backtest(start=market_data.bars.sessions[100].item(), end=market_data.bars.sessions[-1].item())
    return backtest(market_data, eager(market_data), account, Strategy(), Regime(), Costs())


def test_no_order_enters_a_quarantined_name_in_its_span_and_a_position_is_closed(clean: MarketData) -> None:
    free = played(clean)
    name = int(np.bincount(free.orders["name"].astype(int)).argmax())
    days = clean.bars.sessions
    span = Span(clean.bars.symbols[name], str(days[200]), str(days[330]), "by hand", "a test")
    held = replace(clean, quarantine=(span,))
    result = played(held)
    shut = inside(held.bars, held.quarantine)
    entries = result.orders["reason"] == ENTRY
    rows, names = result.orders["row"].astype(int), result.orders["name"].astype(int)
    assert not shut[rows[entries], names[entries]].any()
    opened = result.trades["entry_row"].astype(int), result.trades["name"].astype(int)
    assert not shut[opened].any()
    before = (opened[1] == name) & (opened[0] < 200)
    assert before.any(), "the name was never held before its span: choose another"
    assert (result.trades["exit_row"][before] > 0).all()
    assert ((opened[1] == name) & (opened[0] > 330)).any(), "it may be bought again after its span"


def test_an_order_that_would_fill_inside_is_not_given_and_no_later_bar_says_which_that_is(clean: MarketData) -> None:
    column = planted.steady(clean)
    span = Span(clean.bars.symbols[column], str(clean.bars.sessions[planted.ROW]), str(clean.bars.sessions[planted.ROW + 3]))
    halted = planted.change(clean, lambda p: planted.blank(p, slice(planted.ROW - 5, planted.ROW), column))
    for market_data in (clean, halted):
        assert np.flatnonzero(barred(market_data.bars, (span,))[:, column]).tolist() == list(range(planted.ROW - 1, planted.ROW + 4))


def test_the_span_of_the_gate_begins_with_the_halt_before_it(clean: MarketData) -> None:
    column = planted.steady(clean)
    quality = Quality()
    first = planted.ROW - quality.before
    market_data = planted.change(clean, lambda p: planted.blank(p, slice(first - 5, first + 1), column))
    accused = QualityFinding("spike", "error", "planted", 1, 1, 0.0, places=np.array([(planted.ROW, column)]))
    (span,) = quarantine.drawn_up(market_data, [accused], quality)
    assert span.start == str(market_data.bars.sessions[first - 5])
    (span,) = quarantine.drawn_up(clean, [accused], quality)
    assert span.start == str(clean.bars.sessions[first])


def test_the_universe_leaves_the_span_out_and_nothing_else(clean: MarketData) -> None:
    universe = Universe(min_dollar_volume=0)
    free = eligible(clean, universe)
    column = int(np.argmax(free.sum(axis=0)))
    span = Span(clean.bars.symbols[column], str(clean.bars.sessions[150]), str(clean.bars.sessions[159]))
    held = eligible(replace(clean, quarantine=(span,)), universe)
    changed = np.argwhere(free != held)
    assert set(changed[:, 1]) == {column}
    assert changed[:, 0].tolist() == [row for row in range(149, 160) if free[row, column]]
    assert len(changed) > 0


def test_without_a_file_nothing_changes(clean: MarketData, tmp_path: Path) -> None:
    entry.fetch(clean, tmp_path / "store")
    market_data, digest = open_store(tmp_path / "store")
    assert_same(market_data, clean)
    assert market_data.quarantine == ()
    assert quarantine.imposed(clean, ()) is clean
    quarantine.write(tmp_path / "store", ())
    again, same = open_store(tmp_path / "store")
    assert_same(again, clean)
    assert (again.findings, same) == (market_data.findings, digest)


def test_an_empty_quarantine_gives_the_same_run_bit_for_bit(clean: MarketData) -> None:
    other = replace(clean, quarantine=(Span("NOBODY", "2018-01-02", "2019-01-02"),))
    one, two = played(clean), played(other)
    for table in ("orders", "fills", "trades", "daily"):
        for name, column in getattr(one, table).items():
            assert np.array_equal(column, getattr(two, table)[name], equal_nan=True), (table, name)


def test_the_store_is_opened_under_its_quarantine_and_says_how_much_is_left_out(clean: MarketData, tmp_path: Path) -> None:
    entry.fetch(clean, tmp_path)
    column = planted.steady(clean)
    days = clean.bars.sessions
    quarantine.write(tmp_path, (Span(clean.bars.symbols[column], str(days[10]), str(days[19]), "why", "me"), Span("GONE")))
    market_data, _ = open_store(tmp_path)
    bars = int((~np.isnan(clean.bars.close)).sum())
    assert market_data.findings[0].startswith(
        f"quarantine: 10 of {bars:,} bars, in 1 name, are left out of training and of every order, and 1 "
    )
    assert market_data.findings[0].endswith("it also names 1 name that these data do not have")


def test_what_the_errors_accuse_is_left_out_with_room_on_both_sides(clean: MarketData) -> None:
    market_data, (day, symbol) = planted.spike(clean)
    settings = Quality()
    found = gate.examine(market_data, settings)
    by_hand = Span("OTHER", "2018-02-01", "", "looks odd", "me")
    spans = quarantine.drawn_up(market_data, found, settings, (by_hand, Span("OLD", by=quarantine.GATE)))
    days = market_data.bars.sessions
    made = Span(symbol, str(days[planted.ROW - 7]), str(days[planted.ROW + 21]), f"spike: {day}", quarantine.GATE)
    assert spans == (by_hand, made)
    held = quarantine.imposed(market_data, spans)
    settled = gate.settled(found, held)
    assert not gate.standing(settled, "error")
    assert gate.verdict(settled, spans).startswith("usable with ")
    assert gate.verdict(settled, spans).endswith("; 2 names quarantined")


def test_a_defect_that_no_panel_holds_cannot_be_left_out(clean: MarketData) -> None:
    market_data, _ = planted.lost_sessions(clean)
    found = gate.examine(market_data, Quality())
    held = quarantine.imposed(market_data, (Span("*"),))
    assert [one.check for one in gate.standing(gate.settled(found, held), "error")] == ["missing_session"]


def test_a_store_at_an_address_has_one_too() -> None:
    where = Path("memory:/quarantined")
    assert quarantine.read(where) == ()
    assert quarantine.write(where, (Span("A", reason="why"),)) == "memory://quarantined/quarantine.json"
    assert quarantine.read(where) == (Span("A", reason="why"),)


def test_the_file_is_read_back_and_may_be_short(tmp_path: Path) -> None:
    spans = (Span("A", "2020-01-02", "2020-02-03", "spike", "me"), Span("B", "", "", "all of it", "me"))
    quarantine.write(tmp_path, spans[::-1])
    assert quarantine.read(tmp_path) == spans
    (tmp_path / quarantine.FILE).write_text('{"format": 1, "spans": [{"symbol": "C", "end": null}]}')
    assert quarantine.read(tmp_path) == (Span("C"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "is not a quarantine"),
        ('{"spans": []}', "is not a quarantine"),
        ('{"format": 2, "spans": []}', "has format 2, this version reads 1"),
        ('{"format": 1, "spans": [{"symbol": ""}]}', "a span has a symbol"),
        ('{"format": 1, "spans": [{"symbol": "A", "from": "2020-01-02"}]}', "a span has a symbol and, if you like, by, end, reason, start"),
        ('{"format": 1, "spans": [{"symbol": "A", "start": "soon"}]}', "dates are such as 2020-03-31"),
        ('{"format": 1, "spans": [{"symbol": "A", "start": "2020-03-31", "end": "2020-03-30"}]}', "start must not be after end"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / quarantine.FILE).write_text(text)
    with pytest.raises(BadTable, match=said):
        quarantine.read(tmp_path)


def test_a_rewritten_store_keeps_its_quarantine(clean: MarketData, tmp_path: Path) -> None:
    entry.fetch(clean, tmp_path)
    quarantine.write(tmp_path, (Span(clean.bars.symbols[0], reason="by hand", by="me"),))
    entry.fetch(clean, tmp_path)
    assert json.loads((tmp_path / quarantine.FILE).read_text())["spans"][0]["by"] == "me"
    assert open_store(tmp_path)[0].quarantine
