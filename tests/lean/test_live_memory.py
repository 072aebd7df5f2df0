"""What a life of the algorithm leaves to the next one, and whose the account's shares are."""

import json

import numpy as np
import pytest

from springback.errors import InputError, SettingsError
from springback.lean import live, parameters
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.universe import Universe
from springback.trading.day_forecasts import FileForecasts
from springback.trading.desk import Desk, Order
from springback.trading.resume import Holding

DAY = np.datetime64("2024-03-04")
SHEET = live.Sheet("2024-03-05", (Order("AAA", 100, "entry"), Order("BBB", -50, "stop_loss")), {"BBB": "2024-03-04"})
SHARES = {"AAA": Holding(100, 9.5, 10.0)}


def desk() -> Desk:
    silent = FileForecasts(np.array([], "datetime64[D]"), [], np.empty((0, 4)))
    one = Desk(("AAA", "BBB"), silent, Strategy(), Regime(), Universe())
    one.rolling.fill(DAY + np.arange(3), np.full((3, 2), 10.0), np.full((3, 2), 1e6))
    return one


def test_the_book_is_read_as_it_was_kept() -> None:
    memory = live.remembered(live.kept(desk(), SHEET, ["AAA:ours"], DAY))
    assert (memory.sheet, memory.adopted, memory.damage) == (SHEET, ("AAA:ours",), "")
    assert memory.state["session"] == str(DAY)
    assert live.remembered(None) == live.Memory()


def test_a_book_of_a_program_that_kept_no_sheet_is_a_book() -> None:
    old = {name: one for name, one in json.loads(live.kept(desk(), SHEET, [], DAY)).items() if name not in ("sheet", "adopted")}
    memory = live.remembered(json.dumps(old))
    assert memory.state and memory.sheet == live.Sheet() and memory.damage == ""


@pytest.mark.parametrize(("old", "new"), [('"2024-03-05"', '"soon"'), ("-50", '"x"'), ('"orders"', '"order"'), ("AAA:ours", "AAA:mine")])
def test_a_damaged_sheet_is_no_book(old: str, new: str) -> None:
    text = live.kept(desk(), SHEET, ["AAA:ours"], DAY)
    assert old in text
    memory = live.remembered(text.replace(old, new, 1))
    assert memory.state == {} and memory.sheet == live.Sheet() and memory.damage.startswith("the book of the last run cannot be read")


def test_a_split_before_the_open_sizes_what_was_not_sent() -> None:
    assert SHEET.split("BBB", 0.5).orders[1].quantity == -100
    assert [one.symbol for one in SHEET.split("BBB", 64.0).orders] == ["AAA"]


@pytest.mark.parametrize("text", ["4pm", "19:5", "24:00", "19:60", "16:30", "09:00"])
def test_a_time_that_no_evening_has_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"lean\.send_at must"):
        parameters.read({"lean.send_at": text})
    assert parameters.read({"lean.send_at": "19:05"}).lean.send_at == "19:05"


@pytest.mark.parametrize("text", ["AAA", "AAA:mine", "AAA:ours:soon", "AAA:foreign:2024-03-04", ":ours", "AAA:ours,AAA:foreign"])
def test_a_claim_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"lean\.adopt"):
        parameters.read({"lean.adopt": text})


def test_without_a_book_every_share_must_be_typed() -> None:
    with pytest.raises(
        InputError, match=r"there is no book, and the account holds AAA 100, ZZZ \(an order\): .*lean\.adopt=AAA:ours,ZZZ:foreign"
    ):
        live.claimed(live.Memory(), (), desk(), SHARES, {"ZZZ"})
    words = live.claims("AAA:foreign, ZZZ:foreign")
    assert live.claimed(live.Memory(), words, desk(), SHARES, {"ZZZ"}) == live.Memory()


@pytest.mark.parametrize(("word", "age"), [("AAA:ours", 0), ("AAA:ours:2024-03-04", 2)])
def test_what_is_typed_as_ours_is_ours_once(word: str, age: int) -> None:
    memory = live.claimed(live.Memory(), live.claims(word), desk(), SHARES, ())
    assert memory.state["positions"]["AAA"] == {
        "quantity": 100,
        "waiting": 0,
        "waited": 0,
        "closing": False,
        "held": age,
        "entry_price": 9.5,
    }
    later = live.remembered(live.kept(desk(), live.Sheet(), memory.adopted, DAY))  # sold meanwhile, and bought by somebody else
    assert live.claimed(later, live.claims(word), desk(), SHARES, ()).state["positions"] == {}


@pytest.mark.parametrize(("word", "why"), [("BBB:ours", "the account holds none of it"), ("ZZZ:ours", "it is not among the names")])
def test_ours_must_be_there_and_of_our_names(word: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        live.claimed(live.Memory(), live.claims(word), desk(), {"ZZZ": SHARES["AAA"]}, ())


def test_an_entry_that_was_never_sent_explains_no_shares() -> None:
    one = desk()
    state = {"session": str(DAY), "vix": [], "bear": None, "cooling": {}, "positions": {"AAA": {"quantity": 0, "waiting": 100}}}
    memory = live.claimed(live.Memory(state, SHEET), (), one, SHARES, ())
    assert memory.state["positions"] == {} and [order.symbol for order in memory.sheet.orders] == ["BBB"]
