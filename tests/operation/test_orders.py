"""Tomorrow's orders: the sheet adds up, the morning's splits change what is sent, and every name can be asked after."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.market_data_source import MarketDataSource
from springback.data.store.store import Store
from springback.market.actions import SPLIT, Actions
from springback.market.bars import FIELDS
from springback.market.market_data import MarketData
from springback.market.origin import Origin
from springback.market.prose import Prose
from springback.operation.desk_folder import DeskFolder
from springback.operation.evening import Curbs, Terms, play
from springback.operation.freezing import decision_of
from springback.operation.frozen_decision import FrozenDecision, freeze
from springback.operation.funnel import STAGES, funnel
from springback.operation.order_sheet import order_sheet
from springback.operation.order_table import forecasts_frame, orders_frame
from springback.operation.orders_page import page
from springback.operation.orders_words import STAGE_WORDS
from springback.operation.spoken import ModelsInUse, session_forecasts
from springback.operation.window import without_bars
from springback.workflow import orders as workflow
from springback.workflow.accounts import account_of
from springback.workflow.evening import LiveAccount
from springback.workflow.split_check import split_check
from tests.browser import in_browser, opened
from tests.operation import desks
from tests.terminal import springback

BARRED = Curbs(entries=False, barred=frozenset({"GEWU"}))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a desk of twelve evenings, the last of them without entries, and the models that spoke."""
    home = tmp_path_factory.mktemp("home")
    desks.freeze_evenings(home / "desk", 12, curbs={11: BARRED})
    desks.keep_models(home / "models", desks.pair())
    return home


def account(home: Path, store: str = "store") -> LiveAccount:
    return account_of(home / "desk", desks.SETTINGS, home / store, home / "models")


def before_open(decision: FrozenDecision) -> datetime:
    return datetime.fromisoformat(decision.next_open) - timedelta(hours=2)


def busiest(home: Path) -> FrozenDecision:
    """The decision with the most entries."""
    return max(DeskFolder(home / "desk").decisions(), key=lambda one: int((one.orders()["reason"] == "entry").sum()))


def test_the_sheet_adds_up(home: Path) -> None:
    decisions = list(DeskFolder(home / "desk").decisions())
    for decision, following in zip(decisions, [*decisions[1:], None], strict=True):
        sheet, state = order_sheet(decision), decision.state()
        assert state is not None
        after, orders = sheet.after, decision.orders()
        assert [one.order_id for one in sheet.lines] == list(orders["order_id"])
        value = orders["quantity"] * orders["last_close"]
        assert sheet.bought == pytest.approx(value[value > 0].sum()) and sheet.sold == pytest.approx(-value[value < 0].sum())
        # Filled at the marks, an order moves money and makes none.
        assert after.cash == pytest.approx(decision.cash - value.sum()) and after.unknown == ()
        assert after.cash + after.net * decision.equity == pytest.approx(decision.equity)
        sizes = [one.waiting if one.closing or not one.quantity else one.quantity for one in state.lines.values()]
        assert (after.long, after.short) == (sum(one > 0 for one in sizes), sum(one < 0 for one in sizes))
        assert after.gross >= abs(after.net) and after.largest_share <= after.gross
        for one in sheet.lines:
            assert one.action == {("long", True): "buy", ("long", False): "sell", ("short", False): "sell short"}.get(
                (one.side, one.quantity > 0), "buy to cover"
            )
        if following is not None and not following.ended:  # all were filled: the next evening began with as many
            held = [line["quantity"] for line in following.book["before"] if line["quantity"]]
            assert (after.long, after.short) == (sum(one > 0 for one in held), sum(one < 0 for one in held))


def test_the_share_of_volume_is_of_the_mean_that_capped_it(home: Path) -> None:
    decision = busiest(home)
    volume = decision.forecasts().set_index("symbol")["adv"]
    for one in order_sheet(decision).entries:
        assert one.share == pytest.approx(abs(one.quantity) / volume[one.symbol], rel=1e-3)


def with_split(day: str, symbol: str, factor: float) -> MarketData:
    """The market in which `symbol` splits before the open of `day`."""
    market = desks.market()
    one = [np.array([value]) for value in (market.bars.row(day), market.bars.symbols.index(symbol), SPLIT)]
    return replace(market, actions=Actions(*one, np.array([factor])))


def test_in_the_morning_a_split_changes_what_is_sent(home: Path) -> None:
    decision = busiest(home)
    entry = order_sheet(decision).entries[0]
    told = with_split(decision.next_open[:10], entry.symbol, 0.3)
    morning = workflow.orders(replaced(home), decision.session, before_open(decision), MarketDataSource("alpaca", told))
    line = next(one for one in morning.sheet.lines if one.symbol == entry.symbol)
    assert (line.quantity, line.send) == (entry.quantity, int(entry.quantity / 0.3))
    assert line.last_close == pytest.approx((entry.last_close or 0) * 0.3) and line.dollars == entry.dollars and line.share == entry.share
    assert morning.sheet.after == order_sheet(decision).after
    others = [one for one in morning.sheet.lines if one.symbol != entry.symbol]
    assert all(one.send == one.quantity for one in others) and others
    assert f"frozen {entry.quantity:,} \u2192 send {line.send:,}" in page(morning)
    assert morning.splits.ahead and dict(morning.splits.factors) == {entry.symbol: 0.3}
    later = split_check(decision, desks.SETTINGS, home / "filled", before_open(decision), MarketDataSource("yahoo", desks.market()))
    assert (later.source, later.ahead, later.factors) == ("yahoo", False, {})


def replaced(home: Path) -> LiveAccount:
    """The account with a store to ask."""
    if not (home / "filled").exists():
        Store(home / "filled").write(desks.market())
    return account(home, "filled")


def test_a_reverse_split_that_leaves_no_share_sends_nothing() -> None:
    from springback.operation.order_sheet import sent

    assert (sent(100, 0.25), sent(-100, 0.25), sent(7, 10.0), sent(-7, 2.0)) == (400, -400, 0, -3)


def test_once_the_open_has_passed_the_store_tells_the_splits(home: Path, tmp_path: Path) -> None:
    decision = busiest(home)
    entry = order_sheet(decision).entries[0]
    late = datetime.fromisoformat(decision.next_open) + timedelta(days=1)
    Store(tmp_path / "store").write(with_split(decision.next_open[:10], entry.symbol, 0.5))
    found = split_check(decision, desks.SETTINGS, tmp_path / "store", late)
    assert (found.source, found.ahead, dict(found.factors)) == ("store", True, {entry.symbol: 0.5})
    Store(tmp_path / "short").write(desks.market().until(desks.market().bars.row(decision.session) + 1))
    assert split_check(decision, desks.SETTINGS, tmp_path / "short", late).fault is not None
    assert split_check(decision, desks.SETTINGS, tmp_path / "none", late).fault is not None


def test_a_vendor_that_does_not_answer_is_a_fault_and_the_orders_are_shown(home: Path, tmp_path: Path) -> None:
    recorded = replace(desks.market(), origin=Origin("recorded", "yahoo", Prose("Prices of yahoo")))
    Store(tmp_path / "store").write(recorded)
    deaf = replace(desks.SETTINGS, fetch=Fetch(yahoo_url="http://127.0.0.1:9", attempts=1, timeout=1.0))
    live, decision = account_of(home / "desk", deaf, tmp_path / "store", home / "models"), busiest(home)
    morning = workflow.orders(live, decision.session, before_open(decision))
    assert morning.splits.fault is not None and morning.splits.source == "yahoo" and morning.sheet.lines
    assert "could not be asked for" in page(morning)


def test_who_is_no_vendor_tells_splits_later_and_nobody_is_asked(home: Path) -> None:
    decision = busiest(home)
    found = split_check(decision, desks.SETTINGS, replaced(home).store, before_open(decision))
    assert (found.source, found.ahead, found.fault, found.factors) == ("demo", False, None, {})


def test_every_name_can_be_asked_after(home: Path) -> None:
    assert tuple(STAGE_WORDS) == STAGES
    decision = busiest(home)
    for side, stages in decision.funnel.items():
        assert stages["universe"]["count"] == sum(one["count"] for name, one in stages.items() if name != "universe")
        ranked = set(decision.forecasts()["symbol"])
        told = {stage: one["names"] for stage, one in stages.items() if "names" in one}
        told["not_extreme"] = sorted(ranked - {symbol for names in told.values() for symbol in names})
        assert set(stages) - set(told) == {"universe", "not_member"}
        for stage, names in told.items():
            one = stages[stage]
            assert one["count"] == len(names)
            for symbol in names:
                (departure,) = (found for found in workflow.why(decision, symbol).departures if found.side == side)
                assert (departure.stage, departure.count, departure.best) == (stage, one["count"], one["best"])
    entry = order_sheet(decision).entries[0]
    found = workflow.why(decision, entry.symbol)
    assert {one.side: one.stage for one in found.departures}[entry.side] == "entered"
    assert (found.p_long if entry.side == "long" else found.p_short) == entry.score
    barred = workflow.why(DeskFolder(home / "desk").decision(), "GEWU")
    assert {one.stage for one in barred.departures} == {"barred"} and barred.qpi is not None
    outside = decision.funnel["long"]["not_member"]["best"]
    for symbol in (outside, "ZZZZ"):
        found = workflow.why(decision, symbol)
        assert (found.departures, found.qpi) == ((), None)


def test_the_champion_is_the_pair_of_its_hash_or_nobody(home: Path, tmp_path: Path) -> None:
    decision = busiest(home)
    pair = workflow.champion(home / "models", decision)
    assert pair is not None and pair.card.hash == desks.pair().card.hash
    desks.keep_models(tmp_path / "other", replace(desks.pair(), card=replace(desks.pair().card, seed=99)))
    assert workflow.champion(tmp_path / "other", decision) is None and workflow.champion(tmp_path / "none", decision) is None


def test_the_verb_says_writes_and_explains(home: Path) -> None:
    decision = busiest(home)
    words = ("orders", "--session", decision.session)
    told = springback(home, *words, "--csv", "orders.csv", "--out", "orders.html", "--json")
    found = json.loads(told.stdout)
    assert told.returncode == 0 and found["csv"] == "orders.csv" and (home / "orders.html").stat().st_size > 1e6
    orders, table = found["orders"], pd.read_csv(home / "orders.csv")
    assert (orders["session"], orders["over"], orders["splits"]["fault"] is None) == (decision.session, True, False)
    assert list(table["symbol"]) == [one["symbol"] for one in orders["orders"]] == list(decision.orders()["symbol"])
    assert list(table["send"]) == list(decision.orders()["quantity"])
    assert all(one["absent"] == "" and len(one["parts"]) == 8 for one in orders["why"]["entries"]) and orders["why"]["entries"]
    text = springback(home, *words).stdout
    for one in order_sheet(decision).lines:
        assert f"{one.symbol} " in text and f"{one.action} {abs(one.quantity):,}" in text
    assert f"Names with a row {orders['funnel']['long']['universe']['count']}" in " ".join(text.split())
    symbol = orders["why"]["entries"][0]["symbol"]
    assert f"{orders['why']['entries'][0]['side']}: ordered" in springback(home, *words, "--why", symbol).stdout
    assert "not in the universe" in springback(home, *words, "--why", "ZZZZ").stdout
    assert springback(home, "orders", "--desk", "nowhere").returncode == 2 and not (home / "nowhere").exists()


def test_without_entries_the_reason_stands_first(home: Path) -> None:
    decision = DeskFolder(home / "desk").decision()
    morning = workflow.orders(account(home), decision.session, before_open(decision))
    assert morning.sheet.decision.session == decision.session and morning.sheet.entries == () and not morning.over
    assert "Exits only: a person paused the desk." in page(morning)


def test_a_decision_without_data_shows_its_exits(home: Path, tmp_path: Path) -> None:
    *_, last = desks.evenings(tmp_path / "desk", 7)
    dark = without_bars(last.seen, np.datetime64(last.decision.next_open[:10]))
    said = session_forecasts(dark, ModelsInUse(), desks.SETTINGS.universe, "qpi")
    terms, curbs, session = (
        Terms(desks.SETTINGS.strategy, account=desks.SETTINGS.backtest),
        Curbs(entries=False),
        str(dark.bars.sessions[-1]),
    )
    evening = play(last.evening.after, dark, said.decisive, terms, curbs)
    stages = funnel(evening, dark, said.decisive, desks.SETTINGS.universe, terms, curbs).plain()
    around = desks.around(session, ModelsInUse(), desks.SETTINGS, curbs)
    decision = decision_of(evening, session, said, terms, curbs, around, "deadline", stages)
    tables = orders_frame(evening, dark, said.decisive, terms), forecasts_frame(said.by_model, said.features, dark.bars.symbols)
    frozen = freeze(decision, tmp_path / "desk" / session, *tables, None)
    assert frozen.regime_name == "unknown" == DeskFolder(tmp_path / "desk").decision().regime_name and last.decision.regime_name == "bear"
    morning = workflow.orders(account_of(tmp_path / "desk", desks.SETTINGS, home / "store", home / "models"), session, before_open(frozen))
    assert {one.reason for one in morning.sheet.lines} == {"time_stop"} and {why.reason for why in morning.explanation.exits} == {
        "time_stop"
    }
    assert "Exits only: a person paused the desk." in page(morning) and "time: held 6 of 6 sessions" in page(morning)
    json.dumps(workflow.plain(morning), allow_nan=False)


def halted(symbol: str, day: str) -> MarketData:
    """The market in which `symbol` has no bar on `day`."""
    bars = desks.market().bars
    panels = {name: getattr(bars, name).copy() for name in FIELDS}
    for panel in panels.values():
        panel[bars.row(day), bars.symbols.index(symbol)] = np.nan
    return replace(desks.market(), bars=replace(bars, **panels))


@pytest.mark.parametrize("life", [1, 0])
def test_what_of_yesterday_was_not_filled_is_shown(life: int, tmp_path: Path) -> None:
    """An entry without a bar is taken back after one opening, or waits and is priced as it was ordered."""
    settings = replace(desks.SETTINGS, strategy=replace(desks.SETTINGS.strategy, entry_life=life))
    first = next(desks.evenings(tmp_path / "first", 1, settings=settings))
    entry = order_sheet(first.decision).entries[0]
    desks.freeze_evenings(tmp_path / "desk", 2, settings=settings, tape=halted(entry.symbol, first.decision.next_open[:10]))
    live = account_of(tmp_path / "desk", settings, tmp_path / "store", tmp_path / "models")
    newest = live.folder.decision()
    morning = workflow.orders(live, newest.session, before_open(newest))
    sheet, text = morning.sheet, page(morning)
    assert f'<td class="left ">{entry.symbol}</td>' in text[text.index("Earlier orders that were not filled") :]
    if life:
        assert ("no bar to fill it" in text, [one["symbol"] for one in sheet.decision.ended], sheet.wait) == (True, [entry.symbol], {})
    else:
        assert ("still waits" in text, sheet.decision.ended, sheet.wait) == (True, (), {entry.symbol: entry.quantity})
        assert sheet.after.unknown == () and order_sheet(sheet.decision).after.unknown == (entry.symbol,)
        assert sheet.after.cash + sheet.after.net * sheet.decision.equity == pytest.approx(sheet.decision.equity)


def test_stops_rest_beside_the_orders(tmp_path: Path) -> None:
    settings = replace(desks.SETTINGS, strategy=replace(desks.SETTINGS.strategy, stop_mode="intraday"))
    decision = desks.freeze_evenings(tmp_path / "desk", 3, settings=settings).decision()
    sheet, state = order_sheet(decision), decision.state()
    assert state is not None
    resting = {one.symbol: one.level for one in state.working if one.reason == "resting_stop"}
    assert {one.symbol: one.level for one in sheet.stops} == resting and resting
    assert {one.symbol for one in sheet.lines} == {one.symbol for one in state.working if one.reason != "resting_stop"}
    assert {one.symbol for one in sheet.stops} == set(state.positions)


@in_browser
def test_the_page_in_a_browser(home: Path, width: int, scheme: str, tmp_path: Path) -> None:
    decision = busiest(home)
    first = order_sheet(decision).entries[0]
    told = with_split(decision.next_open[:10], first.symbol, 0.25)
    morning = workflow.orders(replaced(home), decision.session, before_open(decision), MarketDataSource("alpaca", told))
    workflow.write_page(morning, tmp_path / "orders.html")
    with opened(tmp_path / "orders.html", width, scheme) as shown:
        for one in morning.sheet.entries:
            assert one.symbol in shown.text_content("#entries")
        assert "send" in shown.text_content(".flag") and first.symbol in shown.text_content("h1")
        tops = [shown.evaluate(f"document.querySelector('{one}').getBoundingClientRect().top") for one in ("h1", ".tiles", "#entries")]
        assert tops == sorted(tops) and tops[-1] < 900  # what is bought begins on the first screen
