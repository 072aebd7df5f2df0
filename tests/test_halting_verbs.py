"""Kill, resume, flatten and adopt as a person types them: what is confirmed, what stays, and what is said."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from springback.cli.main import main
from springback.errors import Taken, Unwritable
from springback.state.state import State
from springback.state.trading_rows import Adoption, Snapshot
from springback.workflow.evening import HEAD


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """The state of the account PA1 of a desk."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk" / "PA1").mkdir(parents=True)
    return State(tmp_path / "desk" / "PA1" / "state.sqlite")


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["springback", *words])
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    out = capsys.readouterr()
    return code, out.out + out.err


def test_kill_and_resume(state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(monkeypatch, capsys, "kill", "--why", "odd fills", "--by", "Ann", "--json")
    assert code == 0 and json.loads(text)["kill"] == {"file": "desk/KILL", "accounts": ["PA1"], "faults": []}
    assert json.loads(text)["entries"] == {"PA1": {}}  # no broker was ever asked
    assert [(one.code, one.by, str(one.why)) for one in state.halts("PA1")] == [("kill", "Ann", "odd fills")]
    code, text = said(monkeypatch, capsys, "resume", "--account", "PA1")
    assert code == 2 and "--only kill" in text and Path("desk/KILL").exists()
    assert said(monkeypatch, capsys, "pause", "--account", "PA1", "--why", "holidays")[0] == 0
    code, text = said(monkeypatch, capsys, "resume", "--account", "PA1", "--only", "pause")
    assert code == 1 and "lifted: pause" in text and "stays: kill by Ann: odd fills" in text and Path("desk/PA1/KILL").exists()
    code, text = said(monkeypatch, capsys, "resume", "--account", "PA1", "--yes", "--by", "Bob")
    assert code == 0 and "lifted: kill" in text and not Path("desk/KILL").exists() and not Path("desk/PA1/KILL").exists()
    assert state.halts("PA1") == () and state.halts("PA1", history=True)[0].lifted_by == "Bob"


def test_the_only_account_of_a_desk_need_not_be_named(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said(monkeypatch, capsys, "kill", "--why", "odd fills")
    assert said(monkeypatch, capsys, "pause", "--why", "holidays")[0] == 0 and [one.code for one in state.halts("PA1")] == ["kill", "pause"]
    assert said(monkeypatch, capsys, "resume", "--yes")[0] == 0 and state.halts("PA1") == () and not Path("desk/KILL").exists()
    Path("desk/PA2").mkdir()
    State(Path("desk/PA2/state.sqlite"))
    code, text = said(monkeypatch, capsys, "pause", "--why", "holidays")
    assert code == 2 and "desk has the accounts PA1, PA2: name one with --account" in text


@pytest.mark.parametrize("words", [("--settings", "nowhere.toml"), ("--set", "brokers.nothing=1")])
def test_a_kill_stands_whatever_settings_are_typed(
    words: tuple[str, str], state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(monkeypatch, capsys, "kill", "--why", "odd fills", "--json", *words)
    (fault,) = json.loads(text)["kill"]["faults"]
    assert code == 0 and words[1].partition("=")[0] in fault and Path("desk/KILL").exists()


def test_kill_of_one_account(state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(monkeypatch, capsys, "kill", "--account", "PA1")[0] == 0
    assert Path("desk/PA1/KILL").exists() and not Path("desk/KILL").exists()
    assert [one.code for one in state.halts("PA1")] == ["kill"]


def test_a_kill_names_a_broker_and_stands_where_there_is_none(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, fault in ((("moon",), "--broker must be"), (("ib", "--live"), "PA1 is neither a paper account")):
        code, text = said(monkeypatch, capsys, "kill", "--account", "PA1", "--broker", *words)
        assert code == 0 and "may still be at the broker" in text and fault in text and Path("desk/PA1/KILL").exists()


def test_a_resume_types_each_name(state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("kill", "pause"):
        said(monkeypatch, capsys, verb, "--account", "PA1", "--why", "a test")
    monkeypatch.setattr("springback.verbs.halting.sys.stdin.isatty", lambda: True, raising=False)
    answers = iter(["no", "pause"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    code, text = said(monkeypatch, capsys, "resume", "--account", "PA1")
    assert code == 1 and "stays: kill" in text and [one.code for one in state.halts("PA1")] == ["kill"]


def test_a_resume_asks_no_other_broker(state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said(monkeypatch, capsys, "kill", "--account", "PA1")
    code, text = said(monkeypatch, capsys, "resume", "--account", "PA1", "--yes", "--broker", "simulated", "--live")
    assert code == 2 and "PA1 is not at the broker 'simulated'" in text
    assert [one.code for one in state.halts("PA1")] == ["kill"] and not Path("desk/SIMULATED").exists()


def test_flatten_needs_the_account_typed(state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(monkeypatch, capsys, "flatten", "--account", "PA1", "--why", "the end", "--by", "Ann")
    assert code == 2 and "--confirm PA1" in text and state.halts("PA1") == ()
    code, text = said(monkeypatch, capsys, "flatten", "--account", "PA1", "--why", "the end", "--by", "Ann", "--confirm", "PA1")
    assert code == 0 and [(one.scope, one.code, one.by) for one in state.halts("PA1")] == [("entries", "flatten", "Ann")]


def test_adopt_keeps_whose_they_are(state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terms = ("--quantity", "-7", "--price", "12.5", "--opened", "2026-02-27", "--why", "a gift", "--by", "Ann")
    assert said(monkeypatch, capsys, "adopt", "abc", "--as", "ours", *terms, "--account", "PA1")[0] == 0
    (kept,) = state.kept("PA1", Adoption)
    assert (kept.symbol, kept.claim, int(kept.quantity), kept.price, str(kept.opened)) == ("ABC", "ours", -7, 12.5, "2026-02-27")
    assert (kept.by, str(kept.why)) == ("Ann", "a gift")


def test_a_kill_of_no_account_says_that_nothing_is_stopped(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who mistyped a number must not believe that it is done."""
    code, text = said(monkeypatch, capsys, "kill", "--account", "PA2", "--why", "odd fills")
    assert code == 2 and "nothing is stopped: desk has no account PA2, it has PA1" in text
    assert not Path("desk/PA2").exists() and state.halts("PA1") == ()
    code, text = said(monkeypatch, capsys, "kill", "--desk", "elsewhere")
    assert (
        code == 0
        and "no account lies in elsewhere: who trades in another folder is not stopped" in text
        and Path("elsewhere/KILL").exists()
    )
    assert "no account lies" not in said(monkeypatch, capsys, "kill")[1]


def test_a_resume_names_what_is_in_force(state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said(monkeypatch, capsys, "pause", "--why", "holidays")
    code, text = said(monkeypatch, capsys, "resume", "--only", "kill")
    assert code == 2 and "no halt kill is in force: account PA1 has pause" in text and [one.code for one in state.halts("PA1")] == ["pause"]


def test_an_adoption_that_may_be_mistyped_is_said(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(monkeypatch, capsys, "adopt", "AAPL", "--as", "mine")
    assert code == 2 and "--as must be ours or foreign, was 'mine'" in text and state.kept("PA1", Adoption) == ()
    at = datetime(2026, 3, 3, 15, tzinfo=UTC)
    state.keep("PA1", Snapshot(at.date(), "decide", at, None, None, None, '{"AAPL": "3"}'))
    assert "mind the spelling" not in said(monkeypatch, capsys, "adopt", "AAPL", "--as", "foreign")[1]
    code, text = said(monkeypatch, capsys, "adopt", "APPL", "--as", "foreign")
    assert code == 0 and "the broker held no share of APPL when it was last asked: mind the spelling" in text


@pytest.mark.parametrize("verb", ["status", "journal", "attribution", "orders", "monitor", "review", "book", "daily"])
def test_of_several_accounts_one_is_named(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    for number in ("PA1", "PA2"):
        (folder := Path("desk") / number).mkdir(exist_ok=True)
        State(folder / "state.sqlite")
        (folder / HEAD).touch()
    code, text = said(monkeypatch, capsys, verb)
    assert code == 2 and text.endswith("desk has the accounts PA1, PA2: name one with --desk desk/PA1\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pause",), "Missing option '--why'. (springback pause --help)"),
        (
            ("attribution", "--session", "3 March"),
            "'--session': '3 March' must be a day such as 2026-11-27 (springback attribution --help)",
        ),
        (("halt",), "No such command 'halt'. Did you mean 'alert'? (springback --help)"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_verb_s_own_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    code, text = said(monkeypatch, capsys, *words)
    assert code == 2 and text.endswith(f"{told}\n") and text.count("\n") == 1


@pytest.mark.parametrize(("error", "exit_code"), [(Unwritable("the disk is full"), 1), (Taken("another holds it"), 2)])
def test_a_step_on_a_full_disk_has_failed_and_nobody_misspelled_it(
    error: Unwritable, exit_code: int, state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr("springback.verbs.trading.trading_account", full)
    monkeypatch.setattr("springback.verbs.trading.has_store", lambda _: True)
    code, text = said(monkeypatch, capsys, "trade", "send", "--json")
    assert code == exit_code and f'"exit_code": {exit_code}' in text
