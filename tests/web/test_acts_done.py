"""Each act as an operator does it on its page: what the verb of its name would leave is there, and the journal of acts tells of it."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from springback.forecasting import model_store
from springback.forecasting.archive import Archive, read_timeline, write_timeline
from springback.forecasting.timeline import Timeline
from springback.ledger.book import Ledger
from springback.market.prose import Prose
from springback.state.rows import Attempt, Halt
from springback.state.state import State
from springback.state.trading_rows import Adoption, Snapshot
from springback.training.training_settings import Training
from springback.workflow import halting, ledger_place
from springback.workflow.book import Word
from springback.workflow.broker_events import heard
from springback.workflow.evening import registered
from springback.workflow.settings import Settings, choose
from springback.workflow.state_place import open_state
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_requests import Attention
from springback.workflow.trade_send import send
from springback.workflow.trade_service import beat
from springback.workflow.trader import trading_account
from tests.brokers.fake_alpaca import Fault
from tests.once import made_once
from tests.operation import desks
from tests.trading.broker_desks import BrokerDesk, broker_desk, hold
from tests.web.homes import NOW, PASSWORD, Browser, browser_at


def fields_of(browser: Browser, page: str, name: str) -> dict[str, str]:
    """What the form of an act sends where a person changes nothing."""
    form = browser.get(page).text.partition(f'id="act-{name}"')[2].partition("</form>")[0]
    assert form, f"{page} has no form {name}"
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return given | {key: one for key, one in re.findall(r'<select[^>]*name="(\w+)"><option[^>]*>([^<]*)', form) if key not in given}


def act(browser: Browser, page: str, name: str, account: str = "desk", **fields: str) -> str:
    """Sends the form as the page gives it, with a person's `fields` and password; the text of the page that follows."""
    told = fields_of(browser, f"/a/{account}/{page}", name) | {"password": PASSWORD, "by": "Ann"} | fields
    answer = browser.post(f"/a/{account}/act/{name}", told)
    assert answer.status_code == 303, answer.text.partition('class="said')[2][:300]
    return browser.get(answer.headers["location"]).text


def acts(home: Path, account: str = "") -> list[tuple[str, str]]:
    """What was kept of acts, in order."""
    state = State(home / "desk" / account / "state.sqlite")
    return [(one.kind, one.outcome) for one in state.attempts(account or "desk") if one.kind.startswith("act ")]


@pytest.fixture
def broker(home: Path) -> Iterator[BrokerDesk]:
    """An account at the fake Alpaca beside the desk's own."""
    with broker_desk(home / "desk", attempts=2, timeout=0.2, pause=0.01) as one:
        newest = max(place.name for place in (home / "desk").glob("20*"))
        shutil.copytree(home / "desk" / newest, one.folder / newest)
        registered(one.live, one.live.folder.decision(newest))
        heard(one.account, one.clock, "reconcile")
        (home / "springback.toml").write_text(f'[brokers]\nalpaca_url = "{one.fake.url}"\n')
        yield one


@pytest.fixture
def trading(home: Path, broker: BrokerDesk) -> Browser:
    """An operator who looks at the account at the time that its broker has."""
    browser = browser_at(home, now=broker.clock.now)
    browser.enter()
    return browser


def test_the_trader_resumes_once_the_broker_has_spoken(home: Path, broker: BrokerDesk, trading: Browser) -> None:
    """The page asks nobody: it is answered at once, and again once the trader has done it."""
    name = broker.live.name
    halting.kill(broker.home, name, Word("Bob", datetime.now(UTC), "odd"), open_state)
    broker.state.halt(name, Halt("entries", "pause", Prose("holidays"), "Bob", broker.clock.now()))
    beat(broker.account, broker.clock.now(), "")
    before = len(broker.fake.requests)
    told = fields_of(trading, f"/a/{name}/today", "resume")
    assert told["known"] == "1 2" and told["file"] == "yes" and "broker" not in told and "money" not in told
    text = act(trading, "today", "resume", name, why="all is well")
    assert "The trader was asked" in text and "KILLED" in text and len(broker.fake.requests) == before
    assert acts(home, name) == [("act resume", "begun"), ("act resume", "asked")]
    assert Attention(broker.account, broker.clock)() is not None
    number = broker.state.attempts(name)[1].n
    text = trading.get(f"/a/{name}/today?act={number}").text
    assert "2 halts are lifted, 0 stay." in text and "KILLED" not in text
    assert broker.state.halts(name) == () and not (broker.folder / "KILL").exists() and len(broker.fake.requests) > before
    assert {one.lifted_by for one in broker.state.halts(name, history=True)} == {"Ann"}
    assert acts(home, name)[-1] == ("act resume", "done")


def test_a_kill_on_the_page_is_heard_by_the_trader(broker: BrokerDesk, trading: Browser) -> None:
    """The page asks no broker; the trader's next look takes the entry back."""
    broker.decide(("AAA", 10, "entry"))
    broker.settings = replace(broker.settings, execution=replace(broker.settings.execution, open="opg"))
    assert send(broker.account, broker.clock).code == 0 and broker.states() == {"AAA-entry-1": "accepted"}
    beat(broker.account, broker.clock.now(), "")
    before = len(broker.fake.requests)
    page = f"/a/{broker.live.name}/kill"
    text = trading.post(page, {"csrf": trading.csrf(page), "word": "kill", "why": "odd"}).text
    assert "The trader takes open entries back within seconds" in text and len(broker.fake.requests) == before
    assert Attention(broker.account, broker.clock)() is not None and broker.states() == {"AAA-entry-1": "cancelled"}


def test_what_the_trader_refuses_is_said(home: Path, broker: BrokerDesk, trading: Browser) -> None:
    name = broker.live.name
    broker.state.halt(name, Halt("entries", "pause", Prose("holidays"), "Bob", broker.clock.now()))
    beat(broker.account, broker.clock.now(), "")
    act(trading, "today", "resume", name)
    broker.fake.faults = [Fault("answer", "GET", "/v2/", status=503, times=99)]
    Attention(broker.account, broker.clock)()
    text = trading.get(f"/a/{name}/today?act={broker.state.attempts(name)[1].n}").text
    assert "nothing is lifted before the broker said" in text and len(broker.state.halts(name)) == 1


def test_without_a_trader_the_page_says_what_to_run(home: Path, broker: BrokerDesk, trading: Browser) -> None:
    name = broker.live.name
    broker.state.halt(name, Halt("entries", "pause", Prose("holidays"), "Bob", broker.clock.now()))
    told = fields_of(trading, f"/a/{name}/today", "resume") | {"password": PASSWORD}
    before = len(broker.fake.requests)
    answer = trading.post(f"/a/{name}/act/resume", told)
    assert answer.status_code == 409 and f"springback resume --account {name}" in answer.text
    assert len(broker.state.halts(name)) == 1 and len(broker.fake.requests) == before and not broker.state.requests(name)
    assert acts(home, name) == [("act resume", "begun"), ("act resume", "refused")]


def test_a_trader_at_work_is_asked_later(broker: BrokerDesk, trading: Browser) -> None:
    """An act may take longer than a request is good for."""
    name = broker.live.name
    broker.state.halt(name, Halt("entries", "pause", Prose("holidays"), "Bob", broker.clock.now()))
    beat(broker.account, broker.clock.now(), "collect")
    told = fields_of(trading, f"/a/{name}/today", "resume") | {"password": PASSWORD}
    answer = trading.post(f"/a/{name}/act/resume", told)
    assert answer.status_code == 409 and "at work (collect)" in answer.text and not broker.state.requests(name)


def test_a_halt_that_the_page_did_not_show_is_not_lifted(home: Path, operator: Browser) -> None:
    state = State(home / "desk" / "state.sqlite")
    state.halt("desk", Halt("entries", "pause", Prose("holidays"), "Bob", NOW))
    told = fields_of(operator, "/a/desk/today", "resume") | {"password": PASSWORD}
    state.halt("desk", Halt("entries", "losses", Prose("a bad day"), "Bob", NOW))
    assert operator.post("/a/desk/act/resume", told).status_code == 303
    assert [one.code for one in state.halts("desk")] == ["losses"]
    for only in ("", "  ", "9 none", "2x"):
        operator.post("/a/desk/act/resume", told | {"only": only})
        assert len(state.halts("desk")) == 1, "nothing else is meant by it"
    operator.post("/a/desk/act/resume", told | {"only": "2 losses"})
    assert state.halts("desk") == ()


def test_a_simulated_account_is_resumed_at_once(home: Path, operator: Browser) -> None:
    """Its broker is of this machine: it is laid beside its word here."""
    with trading_account(home / "desk", Settings(), "simulated", False, TradeClock(NOW)) as account:
        heard(account, TradeClock(NOW), "reconcile")
        state = account.live.state
    folder = home / "desk" / "SIMULATED"
    newest = max(place.name for place in (home / "desk").glob("20*"))
    shutil.copytree(home / "desk" / newest, folder / newest)
    registered(account.live, account.live.folder.decision(newest))
    halting.kill(home / "desk", "SIMULATED", Word("Bob", NOW, "odd"), open_state)
    count = len(state.kept("SIMULATED", Snapshot))
    assert "1 halts are lifted" in act(operator, "today", "resume", "SIMULATED").replace("1 halt is", "1 halts are")
    assert state.halts("SIMULATED") == () and not (folder / "KILL").exists()
    assert len(state.kept("SIMULATED", Snapshot)) == count + 1, "its broker was asked"


def test_a_pause_at_a_broker_is_a_row_that_the_trader_honours(home: Path, broker: BrokerDesk, trading: Browser) -> None:
    """While a step is at work too: no act waits for the lease."""
    with broker.state.lease(broker.live.name, "the trader"):
        assert "PAUSE: the news" in act(trading, "today", "pause", broker.live.name, why="the news")
    broker.decide(("AAA", 10, "entry"))
    assert send(broker.account, broker.clock).code == 4 and not broker.posts()


def test_an_old_act_is_not_told_of_as_if_it_were_done_now(home: Path, operator: Browser) -> None:
    state = State(home / "desk" / "state.sqlite")
    long_ago = state.attempt("desk", Attempt("act pause", NOW, NOW.date(), "done", Prose("No entries from now on")))
    assert "No entries from now on" not in operator.get(f"/a/desk/today?act={long_ago.n}").text
    just_now = state.attempt("desk", replace(long_ago, at=datetime.now(UTC), n=0))
    assert "No entries from now on" in operator.get(f"/a/desk/today?act={just_now.n}").text


def test_a_flatten_is_typed(home: Path, operator: Browser) -> None:
    state = State(home / "desk" / "state.sqlite")
    told = fields_of(operator, "/a/desk/positions", "flatten") | {"password": PASSWORD, "why": "the end", "word": "desks"}
    answer = operator.post("/a/desk/act/flatten", told)
    assert answer.status_code == 409 and "type the account" in answer.text and state.halts("desk") == ()
    assert "an exit of every position" in act(operator, "positions", "flatten", why="the end", word="desk")
    assert [(one.scope, one.code, one.by, str(one.why)) for one in state.halts("desk")] == [("entries", "flatten", "Ann", "the end")]
    assert acts(home) == [("act flatten", "begun"), ("act flatten", "refused"), ("act flatten", "begun"), ("act flatten", "done")]


def test_shares_are_adopted(home: Path, broker: BrokerDesk, trading: Browser) -> None:
    name = broker.live.name
    hold(broker, "BRK.B", "7")
    assert halting.checked(broker.account, broker.clock) == {"BRK.B"} and broker.state.halts(name)
    fields = {"symbol": "brk.b", "claim": "ours", "quantity": "7", "price": "301.5", "opened": "2026-02-27", "why": "a gift"}
    assert "BRK.B is ours: 7 shares" in act(trading, "positions", "adopt", name, **fields)
    (kept,) = broker.state.kept(name, Adoption)
    assert (kept.symbol, kept.claim, kept.quantity, kept.price) == ("BRK.B", "ours", Decimal(7), 301.5)
    assert (str(kept.opened), kept.by, str(kept.why)) == ("2026-02-27", "Ann", "a gift")
    assert broker.state.halts(name) == () and halting.checked(broker.account, broker.clock) == frozenset()
    told = fields_of(trading, f"/a/{name}/positions", "adopt") | {"password": PASSWORD, "symbol": "X", "claim": "mine"}
    for wrong in (
        {},
        {"claim": "ours", "quantity": "NaN"},
        {"claim": "ours", "quantity": "1e999999"},
        {"claim": "ours", "quantity": "7", "price": "inf"},
    ):
        answer = trading.post(f"/a/{name}/act/adopt", told | wrong)
        assert answer.status_code == 409 and 'class="said bad"' in answer.text, wrong
    assert len(broker.state.kept(name, Adoption)) == 1


def contested(folder: Path) -> None:
    """A champion and a challenger whose contest is open."""
    models, archive = folder / "models", Archive(folder / "models")
    first, second = (archive.save(desks.pair(one)) for one in (None, Training(trees=10, depth=2)))
    names = [one.card.name for one in (first, second)]
    hashes = {one.card.name: one.card.hash for one in (first, second)}
    timeline = replace(Timeline().begun(names[0], "2022-12-30", "tests", "the first"), hashes=hashes).registered(names[1], "2023-01-05")
    write_timeline(models, timeline)
    archive.raise_copy(names[0], hashes[names[0]])


@pytest.fixture
def champion(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """The desk's models are those of a contest."""
    made = made_once(tmp_path_factory, "contested", contested)
    shutil.rmtree(home / "models")
    shutil.copytree(made / "models", home / "models")
    timeline = read_timeline(home / "models")
    assert timeline is not None
    return timeline


def test_a_challenger_is_promoted_and_taken_back(home: Path, operator: Browser, champion: Timeline) -> None:
    old, (new,) = champion.champion, champion.challengers
    told = fields_of(operator, "/a/desk/models", "promote") | {"password": PASSWORD}
    answer = operator.post("/a/desk/act/promote", told)
    assert answer.status_code == 409 and "wait for the verdict" in answer.text and read_timeline(home / "models") == champion
    assert f"{new} is champion from the next session on" in act(operator, "models", "promote", override="the old one is broken")
    now = read_timeline(home / "models")
    assert now is not None and (now.champion, now.previous, now.tenures[-1].by) == (new, old, "Ann")
    assert model_store.load(home / "models").card.name == new
    ledger = Ledger(ledger_place.place(home / "store"))
    assert ("overridden", new) in [(one.event.event, one.event.challenger) for one in ledger.contests()]
    assert f"{old} is champion again" in act(operator, "models", "rollback", why="it was not")
    now = read_timeline(home / "models")
    assert now is not None and now.champion == old == model_store.load(home / "models").card.name
    assert ledger.contests()[-1].event.by == "Ann" and ledger.fault() == ""
    assert [one for one in acts(home) if one[1] == "done"] == [("act promote", "done"), ("act rollback", "done")]


def proposed(home: Path) -> Path:
    """A written review that proposes two changes."""
    folder = home / "runs" / "review" / "2022Q4"
    folder.mkdir(parents=True)
    (folder / "review.html").write_text("<p>a review</p>")
    proposals = [
        {"knob": "regime.multiple", "current": 1.15, "value": 1.25, "why": "it was late"},
        {"knob": "strategy.slots", "current": 10, "value": 12, "why": "room"},
    ]
    told = {"quarter": "2022Q4", "first": "2022-10-03", "last": "2022-12-30", "state": "amber", "flags": [], "proposals": proposals}
    (folder / "review.json").write_text(json.dumps(told | {"sections": [], "triggers": []}))
    (home / "springback.toml").write_text("[strategy]\nslots = 10\n")
    return folder


def test_a_review_is_signed(home: Path, operator: Browser) -> None:
    proposed(home)
    told = fields_of(operator, "/a/desk/review", "apply-review") | {"password": PASSWORD}
    answer = operator.post("/a/desk/act/apply-review", told)
    assert answer.status_code == 409 and "signed by a person" in answer.text and choose().regime.multiple == 1.15
    text = act(operator, "review", "apply-review", only="regime.multiple")
    assert "Settings version 0001 is signed by Ann; it changes regime.multiple" in text
    assert (choose().regime.multiple, choose().strategy.slots) == (1.25, 10)
    assert 'version = "0001"' in (home / "springback.toml").read_text() and (home / "settings" / "versions" / "0001.toml").exists()
    assert "Version 0001 is in force" in operator.get("/a/desk/settings").text
    assert acts(home)[-1] == ("act apply-review", "done")
    answer = operator.post("/a/desk/act/apply-review", told | {"by": "Ann", "only": "strategy.nothing"})
    assert answer.status_code == 409 and "the review proposes" in answer.text


def test_an_act_that_cannot_be_kept_afterwards_is_said_to_be_done(home: Path, operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from springback.errors import Unwritable

    attempt, count = State.attempt, iter(range(9))

    def once(self: State, *given: object) -> object:
        if next(count):
            raise Unwritable("the disk is full")
        return attempt(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(State, "attempt", once)
    told = fields_of(operator, "/a/desk/today", "pause") | {"password": PASSWORD, "why": "the news"}
    answer = operator.post("/a/desk/act/pause", told)
    assert answer.status_code == 200 and "It is done, but that could not be kept" in answer.text
    assert State(home / "desk" / "state.sqlite").halts("desk")
