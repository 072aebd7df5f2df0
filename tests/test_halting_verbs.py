"""Kill, resume, flatten and adopt as a person types them: what is confirmed, what stays, and what is said."""

import json
from pathlib import Path

import pytest

from springback.cli.main import main
from springback.errors import Taken, Unwritable
from springback.state.state import State
from springback.state.trading_rows import Adoption


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


@pytest.mark.parametrize(("error", "exit_code"), [(Unwritable("the disk is full"), 1), (Taken("another holds it"), 2)])
def test_a_step_on_a_full_disk_has_failed_and_nobody_misspelled_it(
    error: Unwritable, exit_code: int, state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr("springback.verbs.trading.trading_account", full)
    code, text = said(monkeypatch, capsys, "trade", "send", "--json")
    assert code == exit_code and f'"exit_code": {exit_code}' in text
