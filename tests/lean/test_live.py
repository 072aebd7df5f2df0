"""The algorithm under `lean live`, on the stand-in: when it sends, what it never sends twice, whose shares it leaves alone."""

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from springback.errors import InputError, SettingsError
from springback.lean import prepare
from springback.lean.export import export
from springback.market.actions import Actions
from springback.workflow.sources import open_store
from tests.lean import replays, test_half_day
from tests.lean.small import DAYS, END, START, Case, table_of, tape_of

replays.load()
from lean_standin import Account, Engine  # noqa: E402 (the stand-in is found once the algorithm was looked for)
from lean_standin.names import BrokerageName  # noqa: E402

PAPER, IB, ALPACA, OTHER = (
    BrokerageName.DEFAULT,
    BrokerageName.INTERACTIVE_BROKERS_BROKERAGE,
    BrokerageName.ALPACA,
    BrokerageName.TRADE_STATION,
)
D = [day.astype(object) for day in DAYS]
ONE = Case(tape_of(("ONE", "TWO"), {}, {}, {}), frozenset({(30, "ONE"), (31, "TWO")}), slots=2)
BOTH = Case(tape_of(("ONE", "TWO"), {}, {}, {}), frozenset({(30, "ONE"), (30, "TWO")}), slots=2)


def at(row: int, clock: str) -> datetime:
    return datetime.combine(D[row], datetime.strptime(clock, "%H:%M").time())  # noqa: DTZ007


def live(case: Case, store: Path, first: Any, last: Any, more: dict[str, str] | None = None, **options: Any) -> Any:
    """A live run of `case` from one moment to another."""
    return engine(case, store, first, last, more, **options).run(replays.load().MlMeanReversion)


def engine(case: Case, store: Path, first: Any, last: Any, more: dict[str, str] | None = None, **options: Any) -> Any:
    knobs = {
        "backtest.start": str(DAYS[START]),
        "backtest.end": str(DAYS[END]),
        "lean.models": "forecasts",
        "strategy.slots": str(case.slots),
        **(more or {}),
    }
    return Engine(replays.tape_world(case.market_data), knobs, store, store, live=True, first=first, last=last, **options)


def errors(result: Any) -> list[str]:
    return [line for _, kind, line in result.logs if kind == "error"]


def moments(*results: Any) -> list[tuple[str, str, int]]:
    """(moment, name, shares) of what these lives sent themselves: what was found at the broker has no tag."""
    sent = [row for result in results for row in result.orders.to_dict("records") if row["tag"]]
    return [(f"{row['time']:%m-%d %H:%M}", row["symbol"], row["quantity"]) for row in sent]


def sent_by_the_backtest(case: Case, clock: str, until: int) -> list[tuple[str, str, int]]:
    return [(f"{day:%m-%d} {clock}", name, shares) for day, name, shares, _ in case.ours()[0] if day <= D[until]]


@pytest.mark.parametrize(("brokerage", "clock"), [(PAPER, "16:31"), (IB, "16:31"), (ALPACA, "19:05")])
def test_orders_go_out_when_the_brokerage_takes_them_and_are_those_of_the_backtest(brokerage: Any, clock: str, tmp_path: Path) -> None:
    result = live(ONE, ONE.store(tmp_path), D[29], D[45], brokerage=brokerage)
    assert moments(result) == sent_by_the_backtest(ONE, clock, 45) and len(moments(result)) >= 4
    assert table_of(result)[1] == [row for row in ONE.ours()[1] if row[0] <= D[45]]
    assert errors(result) == []


def test_the_time_can_be_set_and_must_be_where_the_window_is_not_known(tmp_path: Path) -> None:
    store = ONE.store(tmp_path)
    with pytest.raises(SettingsError, match=r"when .* takes orders for the open is not known here: set lean\.send_at"):
        live(ONE, store, D[29], D[31], brokerage=OTHER)
    assert moments(live(ONE, store, D[29], D[30], {"lean.send_at": "20:15"}))[0][0][-5:] == "20:15"


def test_before_alpacas_window_every_order_is_refused_and_the_book_knows(tmp_path: Path) -> None:
    result = live(ONE, ONE.store(tmp_path), D[29], D[32], {"lean.send_at": "16:31"}, brokerage=ALPACA)
    assert [order.status.name for order in result.order.values()] == ["INVALID", "INVALID"]
    assert all("was refused: MarketOnOpen submission time is invalid" in line for line in errors(result) if "ONE:" in line)
    assert result.algorithm.desk.held() == {} and not result.algorithm.desk.book.waiting.any()


def test_the_evening_is_new_yorks_through_the_change_of_clocks_and_on_half_days(tmp_path: Path) -> None:
    friday = D.index(date(2023, 3, 10))
    case = Case(ONE.market_data, frozenset({(friday, "ONE"), (friday + 1, "TWO")}), slots=2)
    result = live(case, case.store(tmp_path / "a"), D[friday - 1], D[friday + 1], brokerage=ALPACA)
    assert [f"{order.time:%m-%d %H:%M}" for order in result.order.values()] == ["03-11 00:05", "03-13 23:05"]  # UTC
    folder, bars = test_half_day.files(tmp_path / "b", "none")
    from lean_standin.world import World

    knobs = {"backtest.start": "2023-11-15", "backtest.end": "2023-12-08", "lean.models": "forecasts"}
    half = replays.run(World(bars), knobs, folder, live=True, first=date(2023, 11, 20), last=date(2023, 11, 27), brokerage=ALPACA)
    assert [moment for moment, *_ in moments(half)] == ["11-22 19:05", "11-24 19:05"]
    assert [f"{fill:%m-%d}" for fill in half.fills["time"]] == ["11-24", "11-27"]


@pytest.mark.parametrize(
    ("stop", "go", "sent"),
    [
        (at(30, "15:00"), at(30, "16:10"), at(30, "19:05")),  # between close and decision
        (at(30, "16:10"), at(30, "16:20"), at(30, "19:05")),
        (at(30, "16:10"), at(30, "18:00"), at(30, "19:05")),  # the decision was missed
        (at(30, "16:10"), at(30, "23:00"), at(31, "08:30")),
        (at(30, "17:00"), at(30, "17:01"), at(30, "19:05")),  # between decision and sending
        (at(30, "17:00"), at(30, "23:00"), at(31, "08:30")),
        (at(30, "19:06"), at(30, "19:07"), at(30, "19:05")),  # after sending
        (at(30, "19:06"), at(31, "08:00"), at(30, "19:05")),
    ],
)
def test_a_restart_sends_each_order_once(stop: datetime, go: datetime, sent: datetime, tmp_path: Path) -> None:
    store = ONE.store(tmp_path)
    first = live(ONE, store, D[29], stop, brokerage=ALPACA)
    second = live(ONE, store, go, D[45], brokerage=ALPACA, account=first.account)
    wanted = sent_by_the_backtest(ONE, "19:05", 45)
    wanted[0] = (f"{sent:%m-%d %H:%M}", *wanted[0][1:])
    assert moments(first, second) == wanted
    fills = [*table_of(first)[1], *table_of(second)[1]]
    assert fills == [row for row in ONE.ours()[1] if row[0] <= D[45]]
    assert errors(second) == []


def test_orders_whose_open_passed_unsent_are_over(tmp_path: Path) -> None:
    store = ONE.store(tmp_path)
    first = live(ONE, store, D[29], at(30, "17:00"), brokerage=ALPACA)
    second = live(ONE, store, at(31, "12:00"), D[31], brokerage=ALPACA, account=first.account)
    assert moments(first, second) == [row for row in sent_by_the_backtest(ONE, "19:05", 31) if row[1] == "TWO"]
    assert errors(second) == ["ONE: the book had shares or an order, the broker has neither: taken as gone"]


class Crash(Exception):
    """The process dies."""


def test_a_crash_while_sending_sends_nothing_twice(tmp_path: Path) -> None:
    store = BOTH.store(tmp_path)

    def dying(order: Any, moment: str) -> None:
        if moment == "submit" and order.symbol.value == "TWO":
            raise Crash

    first = engine(BOTH, store, D[29], D[31], brokerage=ALPACA, interfere=dying)
    with pytest.raises(Crash):
        first.run(replays.load().MlMeanReversion)
    account = first.account()
    assert [order.symbol for order in account.open_orders] == ["ONE"]
    assert json.loads((store / "springback" / "book.json").read_text())["sheet"]["orders"] == []
    second = live(BOTH, store, at(30, "19:10"), D[32], brokerage=ALPACA, account=account)
    assert moments(second) == [] and [name for _, name, *_ in table_of(second)[1]] == ["ONE"]
    assert errors(second) == ["TWO: the book had shares or an order, the broker has neither: taken as gone"]


def test_a_book_that_is_not_kept_sends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lean_standin.host import ObjectStore

    real = ObjectStore.save
    monkeypatch.setattr(ObjectStore, "save", lambda self, path, text: path != "springback/book.json" and real(self, path, text))
    result = live(ONE, ONE.store(tmp_path), D[29], D[31])
    assert moments(result) == []
    assert "1 orders are not sent: the object store does not keep the book" in errors(result)
    assert any("ONE" in line and "were never sent: their open has passed" in line for line in errors(result))


def holding(**shares: int) -> Account:
    return Account(Decimal(1_000_000), {name: (Decimal(count), Decimal(10)) for name, count in shares.items()})


def test_a_first_start_with_shares_there_is_refused_until_they_are_typed(tmp_path: Path) -> None:
    store = ONE.store(tmp_path)
    with pytest.raises(InputError, match=r"no book, and the account holds ONE 700: say whose each is, as lean\.adopt=ONE:ours"):
        live(ONE, store, D[29], D[45], account=holding(ONE=700))
    assert not (store / "springback" / "book.json").exists()


def test_foreign_shares_are_told_left_alone_and_count_nothing(tmp_path: Path) -> None:
    alone = live(ONE, ONE.store(tmp_path / "a"), D[29], D[45])
    result = live(ONE, ONE.store(tmp_path / "b"), D[29], D[45], {"lean.adopt": "ONE:foreign"}, account=holding(ONE=30_000))
    assert [name for _, name, _ in moments(result)] == ["TWO", "TWO"]
    assert result.account.positions["ONE"][0] == 30_000
    assert [line.split(":")[0] for line in errors(result)] == ["ONE"] and "not ours, never sold by us" in errors(result)[0]
    size = next(shares for _, name, shares in moments(alone) if name == "TWO")
    assert moments(result)[0][2] == pytest.approx(size, rel=1e-3), "sized without the 300,000 dollars that are not ours"


def test_shares_that_are_typed_as_ours_are_sold_by_the_rule(tmp_path: Path) -> None:
    store = ONE.store(tmp_path)
    more = {"lean.adopt": f"ONE:ours:{DAYS[26]}"}
    first = live(ONE, store, D[29], D[29], more, account=holding(ONE=700))
    second = live(ONE, store, D[30], D[45], more, account=first.account)  # the words may stay where they are
    exits = [(moment, shares) for moment, name, shares in moments(first, second) if name == "ONE" and shares < 0]
    assert exits[0] == (f"{D[32]:%m-%d} 16:31", -700)  # six sessions after the 26th
    assert errors(first) == errors(second) == []


def test_shares_bought_by_hand_between_two_lives_are_not_taken_over(tmp_path: Path) -> None:
    store = ONE.store(tmp_path)
    first = live(ONE, store, D[29], D[30])
    mine = Account(first.account.cash, {"TWO": (Decimal(5), Decimal(10))}, first.account.open_orders)
    second = live(ONE, store, D[31], D[45], account=mine)
    assert {name for _, name, _ in moments(second)} == {"ONE"}
    assert second.account.positions["TWO"][0] == 5
    assert errors(second) == [
        "TWO: the broker holds 5 shares, the book knows of none: not ours, never sold by us, and the name is no candidate"
    ]


def test_without_vix_or_bars_of_today_exits_are_decided_and_entries_are_not(tmp_path: Path) -> None:
    leaving = 36  # ONE was ordered on 30 and leaves six sessions later
    fires = frozenset({(30, "ONE"), (leaving, "TWO")})
    whole = Case(ONE.market_data, fires, slots=2)
    exit_of_one = [row for row in whole.ours()[0] if row[3] != "entry" and row[1] == "ONE"]
    assert [row[0] for row in exit_of_one] == [D[leaving]]
    store = whole.store(tmp_path / "vix")
    vix = store / "springback" / "vix.csv"
    vix.write_text("\n".join(line for line in vix.read_text().splitlines() if not line.startswith(str(DAYS[leaving]))))
    silent = live(whole, store, D[29], D[leaving])
    barless = Case(tape_of(("ONE", "TWO"), {}, {}, {"ONE": [leaving], "TWO": [leaving]}), fires, slots=2)
    blind = live(barless, barless.store(tmp_path / "bars"), D[29], D[leaving])
    for result, why in ((silent, "no VIX came"), (blind, f"no bar came, the newest session is {DAYS[leaving - 1]}")):
        assert [(name, shares > 0) for _, name, shares in moments(result)] == [("ONE", True), ("ONE", False)]
        assert errors(result) == [f"{DAYS[leaving]}: exits only: {why}"]


def test_models_that_are_too_old_leave_exits_only(shop: Path, deployed_models: Path, tmp_path: Path) -> None:
    market_data, _ = open_store(shop / "store")
    busy = {"backtest.start": "2020-01-01", "backtest.end": "2020-12-31", "strategy.probability": "0.5", "strategy.slots": "5"}
    span: dict[str, Any] = {"live": True, "first": date(2020, 1, 2), "last": date(2020, 1, 17)}
    runs = {}
    for days in (137, 10):
        kept = Path(shutil.copytree(deployed_models, tmp_path / str(days)))
        runs[days] = replays.run(replays.tape_world(market_data), busy | {"lean.model_days": str(days)}, kept, kept, **span)
    entries = {days: [day for day, *_, tag in table_of(result)[0] if tag == "entry"] for days, result in runs.items()}
    assert errors(runs[137]) == [] and max(entries[137]) > date(2020, 1, 13)
    stale = [line for line in errors(runs[10]) if "days old, more than 10 (lean.model_days)" in line]
    assert stale and not any(str(day) in line for day in entries[10] for line in stale)
    assert [day for day in entries[137] if not any(str(day) in line for line in stale)] == entries[10]


@pytest.fixture
def deployed_models(shop: Path, tmp_path: Path) -> Path:
    """An object store and data folder in one, with the models and the market of the shop."""
    folder = tmp_path / "deployed"
    for key, content in prepare.models(shop / "models", "walk-forward", date(2020, 1, 1))[0].items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(content)
    export(open_store(shop / "store")[0], folder)
    return folder


FALLING = {33: (10.33, 10.4, 9.0, 9.1), 34: (9.0, 9.2, 8.9, 9.1)}
"""ONE is bought at 10.31 on session 31 and falls through its stop, 9.79, in the middle of 33."""


def falling() -> Case:
    tape = tape_of(("ONE", "TWO"), {}, {}, {})
    panels = [getattr(tape.bars, name).copy() for name in ("open", "high", "low", "close")]
    for row, prices in FALLING.items():
        for panel, price in zip(panels, prices, strict=True):
            panel[row, 0] = price
    bars = replace(tape.bars, open=panels[0], high=panels[1], low=panels[2], close=panels[3])
    tape = replace(tape, bars=bars)
    return Case(tape, frozenset({(30, "ONE")}))


@pytest.mark.parametrize(("brokerage", "force"), [(PAPER, "GOOD_TIL_CANCELED"), (IB, "DAY"), (ALPACA, "DAY")])
def test_stops_rest_from_the_morning_after_the_fill_as_in_the_backtest(brokerage: Any, force: str, tmp_path: Path) -> None:
    case = falling()
    result = live(case, case.store(tmp_path / "a"), D[29], D[35], {"strategy.stop_mode": "intraday"}, brokerage=brokerage)
    stops = [(moment, shares) for moment, name, shares in moments(result) if shares < 0]
    assert [moment for moment, _ in stops] == [f"{D[row]:%m-%d} 08:30" for row in (32, 33)]  # filled on 31: none yet
    assert [order.time_in_force.name for order in result.order.values() if order.quantity < 0] == [force] * 2
    assert [order.status.name for order in result.order.values() if order.quantity < 0] == ["CANCELED", "FILLED"]
    assert errors(result) == [] and result.algorithm.desk.held() == {}
    fills = table_of(result)[1]
    knobs = {"backtest.start": str(DAYS[START]), "lean.models": "forecasts", "strategy.slots": "1", "strategy.stop_mode": "intraday"}
    assert fills == table_of(replays.run(replays.tape_world(case.market_data), knobs, case.store(tmp_path / "b"), last=D[35]))[1]
    assert [(day, name, price) for day, name, _, price in fills] == [(D[31], "ONE", 10.31), (D[33], "ONE", 9.79)]


def test_a_restart_finds_its_stops_and_leaves_none_behind(tmp_path: Path) -> None:
    case, more = falling(), {"strategy.stop_mode": "intraday"}
    store = case.store(tmp_path)
    first = live(case, store, D[29], at(32, "10:00"), more, brokerage=ALPACA)
    assert [order.type.name for order in first.account.open_orders] == ["STOP_MARKET"]
    second = live(case, store, at(32, "11:00"), D[32], more, brokerage=ALPACA, account=first.account)
    assert moments(second) == [] and second.account.open_orders == ()
    gone = Account(first.account.cash, {}, first.account.open_orders)  # sold by hand while nobody looked
    third = live(case, store, at(32, "11:00"), at(32, "12:00"), more, brokerage=ALPACA, account=gone)
    assert third.account.open_orders == ()
    assert errors(third) == ["ONE: the book had shares or an order, the broker has neither: taken as gone"]


def test_a_name_that_splits_before_the_open_is_sent_in_the_morning_by_its_new_count(tmp_path: Path) -> None:
    tape = BOTH.market_data
    halved = Actions.align(tape.bars, DAYS[31:32], ["ONE"], ["split"], [0.5])
    case = replace(BOTH, market_data=replace(tape, actions=halved))
    result = live(case, case.store(tmp_path / "once"), D[29], D[31], brokerage=ALPACA)
    assert moments(result)[:2] == [(f"{D[30]:%m-%d} 19:05", "TWO", 50_000), (f"{D[31]:%m-%d} 08:30", "ONE", 100_000)]
    assert result.algorithm.desk.held() == {"ONE": 100_000, "TWO": 50_000} and errors(result) == []
    store = case.store(tmp_path / "again")  # the warning came at midnight, and outlives a restart
    first = live(case, store, D[29], at(30, "10:00"), brokerage=ALPACA)
    assert moments(live(case, store, at(30, "12:00"), D[31], brokerage=ALPACA, account=first.account)) == moments(result)


def test_bars_that_come_after_the_decision_are_known_and_decide_nothing(tmp_path: Path) -> None:
    barless = Case(tape_of(("ONE", "TWO"), {}, {}, {"ONE": [31], "TWO": [31]}), frozenset({(31, "TWO")}), slots=2)
    result = live(barless, barless.store(tmp_path), D[29], D[31])
    late = result.algorithm
    assert late.desk.rolling.newest == DAYS[30]
    late.close[:], late.volume[:], late.session = 10.0, 1e6, DAYS[31]
    late._send_sheet()
    assert late.desk.rolling.newest == DAYS[31] and late.sheet.orders == () and not late.desk.book.waiting.any()


def test_a_vix_of_yesterday_that_comes_today_is_not_todays(tmp_path: Path) -> None:
    from lean_standin.data import Slice

    algorithm = live(ONE, ONE.store(tmp_path), D[29], D[31]).algorithm
    for days, known in ((1, False), (0, True)):
        point = replays.load().Vix()
        point.symbol, point.value, point.end_time = algorithm.vix_symbol, 17.0, algorithm.time - timedelta(days=days)
        data = Slice(algorithm.time, algorithm.utc_time)
        data._custom[algorithm.vix_symbol] = point
        algorithm.on_data(data)
        assert (algorithm.vix == 17.0) is known
