"""The guard stops what is beyond a limit or cannot be judged, and lets every order through that reduces a position."""

from dataclasses import replace
from typing import Any

import pytest

from springback.errors import SettingsError
from springback.strategy.knobs import Strategy
from springback.trading.guard import (
    EVERYTHING,
    Ground,
    Proposal,
    Stake,
    Standing,
    Verdict,
    account_verdicts,
    order_verdicts,
    stops,
)
from springback.trading.guard_settings import Guard

STRATEGY, GUARD = Strategy(), Guard()
GROUND = Ground(1_000_000.0, {}, bear=False)
ENTRY = Proposal("AAA", "buy", "entry", 550, 100.0, 1e6, 100.0)
EXIT = Proposal("BBB", "sell", "exit", 100)
HELD = replace(GROUND, stakes={"BBB": Stake(100, None, closing=True)})
SOUND = Standing("PA1", "PA1", "paper", "paper", False, 0.1, 50.0)


def codes(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [one.code for one in verdicts]


def judged(*orders: Proposal, ground: Ground = GROUND, **guard: Any) -> list[str]:
    return codes(order_verdicts(orders, ground, replace(GUARD, **guard), STRATEGY))


def test_an_entry_of_the_rule_passes() -> None:
    assert judged(ENTRY) == []  # 1,000,000 * 1.1 / 20 = 55,000 dollars


@pytest.mark.parametrize(
    ("order", "ground", "code"),
    [
        (replace(ENTRY, quantity=688), GROUND, "order_weight"),  # 1.25 * 55,000 = 68,750 dollars
        (replace(ENTRY, quantity=63), replace(GROUND, bear=True), "order_weight"),  # 1.25 * 5,000
        (replace(ENTRY, side="sell", quantity=126), GROUND, "order_weight"),  # 1.25 * 10,000
        (replace(ENTRY, mean_volume=10_980.0), GROUND, "participation"),  # 5 % of it are 549 shares
        (replace(ENTRY, mean_volume=None), GROUND, "unjudged"),
        (replace(ENTRY, mean_volume=float("nan")), GROUND, "unjudged"),
        (replace(ENTRY, reference_close=0.0), GROUND, "unjudged"),
        (ENTRY, replace(GROUND, equity=None), "unjudged"),
        (ENTRY, replace(GROUND, equity=-5.0), "unjudged"),
        (ENTRY, replace(GROUND, bear=None), "unjudged"),
    ],
)
def test_an_entry_beyond_a_limit_is_an_order_not_sent(order: Proposal, ground: Ground, code: str) -> None:
    verdicts = order_verdicts([order, EXIT], replace(ground, stakes=HELD.stakes), GUARD, STRATEGY)
    assert codes(verdicts) == [code] and verdicts[0].scope == "order"
    assert stops(verdicts, order) == verdicts and not stops(verdicts, EXIT)


def test_just_under_a_limit_it_passes() -> None:
    assert judged(replace(ENTRY, quantity=687)) == []
    assert judged(replace(ENTRY, quantity=62), ground=replace(GROUND, bear=True)) == []
    assert judged(replace(ENTRY, mean_volume=11_000.0)) == []


def test_a_reference_close_that_moved_halts_the_name() -> None:
    assert judged(replace(ENTRY, latest_close=300.0)) == []  # off
    assert judged(replace(ENTRY, latest_close=109.0), move=0.1) == []
    for latest, scope in {111.0: "name", 89.0: "name", None: "order", float("nan"): "order"}.items():
        verdict = order_verdicts([replace(ENTRY, latest_close=latest)], GROUND, replace(GUARD, move=0.1), STRATEGY)[0]
        assert (verdict.code, verdict.scope, verdict.symbol) == ("move", scope, "AAA")  # who cannot be judged is not halted


def test_orders_of_a_session_are_counted_and_only_entries_stopped() -> None:
    assert judged(ENTRY, EXIT, ground=replace(HELD, sent=158)) == []  # 8 * 20 slots
    verdicts = order_verdicts([ENTRY, EXIT], replace(HELD, sent=159), GUARD, STRATEGY)
    assert codes(verdicts) == ["orders"] and stops(verdicts, ENTRY) and not stops(verdicts, EXIT)


def book(longs: int, shorts: int, dollars: float = 55_000.0, closing: bool = False) -> Ground:
    held = {f"L{k}": Stake(dollars / 100, 100.0, closing) for k in range(longs)}
    return replace(GROUND, stakes=held | {f"S{k}": Stake(-100, 100.0, closing) for k in range(shorts)})


def test_gross_and_net_end_a_tenth_above_the_bull_book() -> None:
    short = Proposal("ZZZ", "sell", "entry", 100, 100.0, 1e6, 100.0)
    assert judged(ENTRY, ground=book(19, 20)) == []
    assert judged(ENTRY, ground=book(20, 20)) == []  # 110 % + 5.5 % long, 20 % short: within the tenth
    assert judged(ENTRY, ground=book(21, 20)) == ["gross"]
    assert judged(ENTRY, ground=book(21, 0)) == ["net"]
    assert judged(short, ground=book(0, 30)) == ["net"]
    assert judged(ENTRY, ground=book(40, 40, closing=True)) == []
    assert judged(EXIT, ground=replace(book(60, 60), stakes={**book(60, 60).stakes, **HELD.stakes})) == []


def test_what_prices_made_of_a_position_is_nobodys_order() -> None:
    assert judged(ENTRY, ground=book(19, 20, dollars=500_000.0)) == []


def test_a_position_without_a_mark_stops_entries_and_no_exit() -> None:
    blind = replace(GROUND, stakes={"BBB": Stake(100, float("nan"))})
    verdicts = order_verdicts([ENTRY, EXIT], blind, GUARD, STRATEGY)
    assert codes(verdicts) == ["gross"] and stops(verdicts, ENTRY) and not stops(verdicts, EXIT)


@pytest.mark.parametrize(
    "order", [replace(EXIT, quantity=101), replace(EXIT, side="buy"), replace(EXIT, symbol="CCC"), replace(EXIT, quantity=0)]
)
def test_an_exit_that_reduces_nothing_is_not_sent(order: Proposal) -> None:
    verdicts = order_verdicts([order], HELD, GUARD, STRATEGY)
    assert codes(verdicts) == ["no_reduction"] and stops(verdicts, order)
    assert not stops(verdicts, replace(order, purpose="entry"))


def test_a_sound_account_may_trade() -> None:
    assert account_verdicts(SOUND, GUARD) == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"broker_number": "PA2"}, "wrong_account"),
        ({"broker_number": ""}, "wrong_account"),
        ({"number": "", "broker_number": ""}, "wrong_account"),
        ({"broker_mode": "live"}, "wrong_account"),
        ({"clock_gap": 2.1}, "clock"),
        ({"clock_gap": -180.0}, "clock"),
        ({"clock_gap": None}, "clock"),
        ({"clock_gap": float("nan")}, "clock"),
        ({"killed": "a file says so"}, "kill"),
        ({"journal": "cut"}, "journal"),
        ({"lease": "lost"}, "lease"),
    ],
)
def test_what_stops_everything(change: dict[str, Any], code: str) -> None:
    (verdict,) = account_verdicts(replace(SOUND, **change), GUARD)
    assert (verdict.code, verdict.scope) == (code, "all") and code in EVERYTHING
    assert stops((verdict,), EXIT) and stops((verdict,), ENTRY)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"disk_free": 0.9}, "disk"),
        ({"disk_free": None}, "disk"),
        ({"blocked": True}, "blocked"),
    ],
)
def test_what_stops_entries_alone(change: dict[str, Any], code: str) -> None:
    (verdict,) = account_verdicts(replace(SOUND, **change), GUARD)
    assert (verdict.code, verdict.scope) == (code, "entries") and code not in EVERYTHING
    assert stops((verdict,), ENTRY) and not stops((verdict,), EXIT)


def test_a_clock_that_is_set_is_not_compared() -> None:
    assert account_verdicts(replace(SOUND, clock_gap=None), GUARD, simulated=True) == ()


@pytest.mark.parametrize("knob", ["orders", "order_weight", "clock", "day_loss", "move"])
def test_a_limit_out_of_range_is_refused(knob: str) -> None:
    with pytest.raises(SettingsError, match=f"guard.{knob} must be"):
        Guard(**{knob: -1.0})
