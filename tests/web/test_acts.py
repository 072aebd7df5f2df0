"""Acts: an operator's alone, with the password again, kept before they are done, and what the verbs do."""

import json
from pathlib import Path

import pytest

from springback.errors import InputError
from springback.state.state import State
from springback.web.acts import DEEDS
from springback.workflow import book, watch
from tests.web.homes import PASSWORD, Browser

TODAY = "/a/desk/today"


def act(browser: Browser, name: str, /, **fields: str) -> tuple[int, str]:
    told = {"csrf": browser.csrf(TODAY), "password": PASSWORD, "by": "somebody"} | fields
    answer = browser.post(f"/a/desk/act/{name}", told)
    if answer.status_code == 303:
        answer = browser.get(answer.headers["location"])
    return answer.status_code, answer.text


def state(home: Path) -> State:
    return State(home / "desk" / "state.sqlite")


def test_a_pause_halts_entries_and_resume_lifts_it(operator: Browser, home: Path) -> None:
    code, text = act(operator, "pause", why="the news")
    assert code == 200 and "PAUSE: the news" in text
    halt = state(home).halts("desk")[0]
    assert (halt.code, str(halt.why), halt.by, halt.scope) == ("pause", "the news", "somebody", "entries")
    assert act(operator, "resume", only="all of them", known="1")[0] == 200
    assert state(home).halts("desk") == ()
    assert state(home).halts("desk", history=True)[0].lifted_by == "somebody"


@pytest.mark.parametrize("name", DEEDS)
def test_a_reader_does_nothing(reader: Browser, home: Path, name: str) -> None:
    code, text = act(reader, name, why="x")
    assert code == 403 and "Only an operator" in text
    assert not state(home).halts("desk") and not state(home).attempts("desk")


@pytest.mark.parametrize("name", DEEDS)
@pytest.mark.parametrize("fields", [{"password": "wrong wrong wrong"}, {"password": ""}, {"csrf": "x"}, {"csrf": ""}])
def test_an_act_asks_for_the_password_and_its_own_form(operator: Browser, home: Path, name: str, fields: dict[str, str]) -> None:
    code, _ = act(operator, name, why="x", **fields)
    assert code == 403 and not state(home).halts("desk") and not state(home).attempts("desk")


def test_nobody_acts_without_signing_in(browser: Browser, home: Path) -> None:
    answer = browser.post("/a/desk/act/pause", {"csrf": browser.csrf(), "password": PASSWORD, "why": "x"})
    assert answer.status_code == 303 and not state(home).halts("desk")


def test_wrong_passwords_of_acts_wait_like_those_of_the_door(operator: Browser, home: Path) -> None:
    codes = [act(operator, "pause", why="x", password="wrong wrong wrong")[0] for _ in range(6)]
    assert codes == [403] * 5 + [429] and act(operator, "pause", why="x")[0] == 429 and not state(home).halts("desk")


def test_an_act_is_kept_before_it_is_done(operator: Browser, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def paused(account: object, word: object) -> None:
        seen.extend(state(home).attempts("desk"))
        raise InputError("it is not to be")

    monkeypatch.setattr(book, "paused", paused)
    code, text = act(operator, "pause", why="the news")
    assert code == 409 and "it is not to be" in text
    assert [(one.kind, one.outcome, str(one.detail)) for one in seen] == [("act pause", "begun", "by somebody: the news")]
    assert [one.outcome for one in state(home).attempts("desk")] == ["begun", "refused"]
    assert "the news" in operator.get("/a/desk/incidents").text


def test_what_is_not_kept_is_not_done(operator: Browser, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise InputError("the disk is full")

    monkeypatch.setattr(State, "attempt", full)
    code, text = act(operator, "pause", why="x")
    assert code == 500 and "Nothing was done" in text and not state(home).halts("desk")


def test_a_refusal_of_the_verb_is_said(operator: Browser) -> None:
    assert "a pause says why" in act(operator, "pause", why="")[1]
    assert "no alarm stands" in act(operator, "clear-alarm")[1]
    assert act(operator, "promote", name="x")[0] == 409
    assert act(operator, "apply-review", quarter="../../x")[0] == 409
    assert act(operator, "no-such-act")[0] == 404


def test_an_alarm_is_cleared(operator: Browser, home: Path) -> None:
    told = {"champion": "2022-12-30", "mean": 0.1, "deviation": 0.1, "limit": 5.0, "rate": 0.1, "allowance": 0.25, "sessions": 252}
    told |= {"shortfall": 7.0, "count": 9, "newest": "2023-01-05", "alarm": "2023-01-05", "cleared": ""}
    (home / "desk" / "monitor.json").write_text(json.dumps(told))
    code, text = act(operator, "clear-alarm")
    state_ = watch.state_of(home / "desk")
    assert code == 200 and "is cleared" in text and state_ is not None and not state_.alarm and state_.cleared == "somebody"
    (row,) = state(home).alarms("desk", history=True)
    assert (row.model, row.cleared_by) == ("2022-12-30", "somebody") and "CUSUM" in operator.get("/a/desk/incidents").text
