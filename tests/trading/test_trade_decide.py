"""An account at a simulated broker decides and earns what the rehearsal and the backtest do, line by line; and what it does without one."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from springback.brokers.broker import State
from springback.brokers.simulated import Simulated
from springback.data.demo.demo import Demo, draw
from springback.data.hours import between, following
from springback.data.store.store import Store
from springback.errors import InputError, MissingData, Unreachable
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import FrozenDecision
from springback.state.trading_rows import Adoption, Reconciliation, Step
from springback.trading.reconciliation import NEW
from springback.workflow import book
from springback.workflow.book import Word
from springback.workflow.inputs import Inputs
from springback.workflow.rehearse import Period, rehearse
from springback.workflow.session_views import curbs_of
from springback.workflow.settings import Settings
from springback.workflow.trade_decide import decide
from springback.workflow.trade_outcome import EXITS_ONLY, HALTED, UNREACHABLE
from tests.operation.test_rehearse import turned
from tests.trading.decided import Sender

FIRST, LAST, SOON = "2022-05-20", "2022-08-19", "2022-06-08"
COLUMNS = ["order_id", "decided", "symbol", "quantity", "reason", "side", "rank"]
INTRADAY = turned(backtest={"profile": "realistic"}, strategy={"stop_mode": "intraday"})


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder with a store of 25 names, in memory where there is such a disk: each event of a journal waits for its own."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        Store(Path(folder) / "store").write(draw(Demo(names=25, seed=4, start="2021-11-01", end="2022-10-31", shocks=1)))
        yield Path(folder)


def rehearsed(place: Path, settings: Settings, last: str) -> tuple[FrozenDecision, ...]:
    """The evenings of the rehearsal, which are the backtest's."""
    shutil.rmtree(place / "rehearsal", ignore_errors=True)
    period = Period(date.fromisoformat(FIRST), date.fromisoformat(last))
    found = rehearse(settings, Inputs(store=place / "store"), place / "models", place / "rehearsal", period)
    assert found.orders_equal and found.orders > 5, found.first_difference
    return tuple(DeskFolder(place / "rehearsal").decisions())


def sender(place: Path, settings: Settings, **brokers: Any) -> Sender:
    """An account at the simulated broker, with the models of the rehearsal, half an hour before its first decision."""
    home = Path(tempfile.mkdtemp(dir=place))
    (home / "store").symlink_to(place / "store")
    (home / "models").symlink_to(place / "rehearsal" / "models")
    settings = replace(settings, brokers=replace(settings.brokers, **brokers))
    first = between(date.fromisoformat(FIRST), date.fromisoformat(FIRST))[0]
    return Sender(home, settings, first.closes + timedelta(minutes=29), settings.backtest.endings == "known")


def same(place: Path, settings: Settings, last: str) -> Sender:
    """The evenings of an account at the simulated broker, which are the rehearsal's: orders line by line, equity and cash."""
    theirs, desk = rehearsed(place, settings, last), sender(place, settings)
    for one in between(date.fromisoformat(FIRST), date.fromisoformat(last)):
        assert desk.evening(one).code == 0
    ours = tuple(desk.account.live.folder.decisions())
    assert len(ours) == len(theirs)
    for decision, other in zip(ours, theirs, strict=True):
        pd.testing.assert_frame_equal(decision.orders()[COLUMNS], other.orders()[COLUMNS])
        assert decision.equity == pytest.approx(other.equity, abs=0.005) and decision.sized_on == decision.equity
        assert decision.cash == pytest.approx(other.cash, abs=1e-6), decision.session
        assert not any(fill["assumed"] for fill in decision.fills if fill["order_id"] in set(other.orders()["order_id"]))
    return desk


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["lean", "realistic"])
@pytest.mark.parametrize("stops", ["close", "intraday"])
def test_sixty_sessions_at_a_broker_are_the_backtests(place: Path, profile: str, stops: str) -> None:
    desk = same(place, turned(backtest={"profile": profile}, strategy={"stop_mode": stops}), LAST)
    assert len(desk.account.live.folder.sessions()) >= 60
    purposes = [one.intent.purpose for one in desk.account.journal.orders() if one.state == "filled"]
    assert ("stop" in purposes) == (stops == "intraday") and purposes.count("entry") > 30


@pytest.fixture(scope="module")
def begun(place: Path) -> Sender:
    """A fortnight at the broker, with stops at the market."""
    return same(place, INTRADAY, SOON)


def again(begun: Sender) -> Sender:
    """A copy of the desk, to be changed."""
    home = Path(tempfile.mkdtemp(dir=begun.home.parent))
    shutil.copytree(begun.home, home, dirs_exist_ok=True, symlinks=True)
    return Sender(home, begun.settings, begun.clock.now(), begun.hindsight)


NEXT = following(date.fromisoformat(SOON))


def silent(*_: Any) -> State:
    """A broker that does not answer."""
    raise Unreachable("the broker does not answer")


def test_an_unreachable_broker_is_waited_for_until_the_deadline(begun: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = again(begun)
    desk.clock.fixed = NEXT.closes + timedelta(minutes=30)
    monkeypatch.setattr(Simulated, "events", silent)
    outcome = decide(desk.account, desk.clock)
    assert outcome.code == UNREACHABLE and desk.account.live.folder.sessions()[-1] == SOON
    desk.clock.fixed = following(NEXT.day).opens - timedelta(minutes=60)
    outcome = decide(desk.account, desk.clock)
    decision = desk.account.live.folder.decision()
    assert outcome.code == EXITS_ONLY and decision.session == str(NEXT.day) and "unreachable" in {one.code for one in decision.reasons}
    assert not (decision.orders()["reason"] == "entry").any()
    steps = [one.code for one in desk.account.live.state.kept(desk.account.live.name, Step)]
    assert steps[-2:] == [UNREACHABLE, EXITS_ONLY]


def test_capital_bounds_the_size_and_the_decision_shows_both(place: Path, begun: Sender) -> None:
    desk = again(begun)
    desk.settings = replace(desk.settings, brokers=replace(desk.settings.brokers))
    trader: Any = desk.account.live.trader
    limits = trader.limits(SOON, ["AAA"])
    assert (limits.capital, limits.share) == (float("inf"), 1.0) and {one.code for one in limits.barred} == {"no_asset"}
    trader.account = replace(desk.account, mode="live")
    assert trader.limits(SOON, []).share == 0.1
    small = sender(place, INTRADAY, capital=50_000.0)
    session = between(date.fromisoformat(FIRST), date.fromisoformat(FIRST))[0]
    small.evening(session)
    decision = small.account.live.folder.decision()
    assert (decision.sized_on, decision.equity) == (50_000.0, 50_000.0)


def test_what_nobody_lends_and_foreign_names_are_said_with_the_decision(begun: Sender) -> None:
    desk = again(begun)
    live, names = desk.account.live, desk.market.bars.symbols
    live.state.keep(live.name, Adoption(names[0], "foreign", Decimal(10), None, None, desk.clock.now(), "a tester"))
    trader: Any = live.trader
    limits = trader.limits(SOON, names)
    assert names[0] in {one.symbol for one in limits.barred if one.code == "foreign"}
    lent = desk.account.broker.state(names).assets
    assert {one.symbol for one in limits.not_short} == {name for name in names if lent[name].borrow != "easy"}
    assert set(limits.facts["assets"]) == set(names)
    assert limits.facts["cash"] == float(desk.account.broker.state().account.cash or 0)


def test_no_person_says_what_a_brokers_account_holds(begun: Sender, tmp_path: Path) -> None:
    live, word = begun.account.live, Word("a tester", begun.clock.now(), "why")
    for account in (live, replace(live, trader=None)):
        for act in (
            lambda one=account: book.opened(one, 1000.0, word),
            lambda one=account: book.cash_set(one, 1000.0, word),
            lambda one=account: book.position_set(one, "AAA", 1, 1.0, None, word),
            lambda one=account: book.imported(one, tmp_path / "none.csv", word),
        ):
            with pytest.raises(InputError, match="is at a broker"):
                act()


def test_an_account_that_was_opened_by_hand_is_no_brokers(place: Path, begun: Sender) -> None:
    desk = sender(place, INTRADAY)
    book.opened(replace(desk.account.live, trader=None), 1000.0, Word("a tester", desk.clock.now()))
    with pytest.raises(InputError, match="opened by a tester"):
        decide(desk.account, desk.clock)


def test_shares_that_were_there_before_are_claimed_before_anything_is_decided(
    place: Path, begun: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, asked = sender(place, INTRADAY), Simulated.state
    there = begun.account.broker.state().positions[:1]
    monkeypatch.setattr(Simulated, "state", lambda self, symbols=(): replace(asked(self, symbols), positions=there))
    outcome = decide(desk.account, desk.clock)
    assert outcome.code == HALTED and [one.symbol for one in outcome.reasons] == [there[0].symbol]
    with pytest.raises(MissingData, match="never at its broker"):
        desk.account.live.trader.own(date.fromisoformat(FIRST))  # type: ignore[union-attr]


def test_what_another_hand_bought_back_is_not_sold_short_again_and_nobody_is_where_shorting_is_off(
    begun: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = again(begun)
    live, names, asked = desk.account.live, desk.market.bars.symbols, Simulated.state
    at, session = desk.clock.now(), date.fromisoformat(SOON)
    body = json.dumps({"not_short": [names[1]], "fractions": {}, "memory": NEW.plain()})
    live.state.keep(live.name, Reconciliation(session, "morning", at, 0, body))
    trader: Any = live.trader
    limits = trader.limits(SOON, names)
    assert [one.symbol for one in limits.not_short if one.code == "bought_back"] == [names[1]]
    for change in ({"shorting": False}, {"equity": Decimal("1999.99")}):

        def told(self: Simulated, symbols: Any = (), change: Any = change) -> State:
            one = asked(self, symbols)
            return replace(one, account=replace(one.account, **change))

        monkeypatch.setattr(Simulated, "state", told)
        limits = trader.limits(SOON, names)
        assert [(one.code, one.symbol) for one in limits.not_short] == [("no_shorting", "")]
    outcome = desk.evening(NEXT)
    decision = desk.account.live.folder.decision()
    assert outcome.code == 0 and [one.code for one in decision.reasons].count("no_shorting") == 1
    entries = decision.orders().query("reason == 'entry'")
    assert len(entries) and (entries["quantity"] > 0).all()
    curbs = curbs_of(decision)
    assert curbs is not None and not curbs.shorts and not curbs.not_short and not curbs.barred
