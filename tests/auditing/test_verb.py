"""`springback audit` as a user types it: the table, the files, the exit code, the ledger; and its page in a browser."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from springback.auditing.audit_finding import AuditFinding, failed
from springback.auditing.audit_page import Audit, page, title
from springback.auditing.checks import CHECKS
from springback.market.origin import Origin, Provenance
from springback.market.prose import Prose
from springback.verbs import audit
from springback.verbs.console import Console
from springback.workflow import audit as workflow
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings
from tests.auditing.leaks import LEAKS
from tests.auditing.worlds import KNOBS, SIZE, case_of, found, market, taken
from tests.browser import in_browser, opened
from tests.terminal import done, springback

SETS = [word for knob in KNOBS for word in ("--set", knob)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which an audit of the small demo market ended well; what it said is in said.txt."""
    folder = tmp_path_factory.mktemp("home")
    said = done(springback(folder, "audit", "--quick", "--sessions", "1", "--seed", "3", *SETS))
    (folder / "said.txt").write_text(said.stdout, encoding="utf-8")
    return folder


def told_by(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "runs" / "audit" / "audit.json").read_text(encoding="utf-8")))


def test_it_says_what_was_tried_and_leaves_figures_and_a_page(home: Path) -> None:
    said, told = (home / "said.txt").read_text(encoding="utf-8"), told_by(home)
    assert [one["check"] for one in told["findings"]] == list(CHECKS)
    assert all(f"\n{key} " in said for key in CHECKS) and all(one["tried"] for one in told["findings"])
    assert told["verdict"] == "No look-ahead was found" and told["failed"] == []
    assert {tuple(one) for one in told["findings"]} == {("check", "does", "verdict", "tried", "said", "figures")}
    assert "No look-ahead was found; " in said and said.splitlines()[-1] == "page: runs/audit/audit.html"
    assert "60 of 160 names, drawn at random" in said and "Demo market with a planted edge" in said
    text = (home / "runs" / "audit" / "audit.html").read_text(encoding="utf-8")
    assert text.count("badge good") >= 10 and "does not say that there is an edge" in text


def test_the_run_as_it_is_is_a_trial_and_nothing_else_is(home: Path) -> None:
    told = json.loads(done(springback(home, "ledger", "--json")).stdout)
    kinds = [one["kind"] for one in told["ledger"]["trials"]]
    assert kinds == ["audit"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--sessions", "0"), "--sessions must be at least 1"),
        (("--store", "nowhere"), "nowhere holds no store"),
        (("--set", "demo.end='2021-09-30'", "--set", "backtest.end=2021-09-30", "--set", "backtest.start=2021-08-02"), "an audit needs"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, words: tuple[str, ...], line: str) -> None:
    result = springback(tmp_path, "audit", "--quick", *SETS, *words)
    assert result.returncode in {1, 2} and line in result.stderr and len(result.stderr.splitlines()) == 1


def leaky(name: str, *keys: str) -> Audit:
    """The audit of a planted leak."""
    settings = taken()[1]
    case = case_of(LEAKS[name].change(workflow.pipeline(settings), settings))
    stood_on = Provenance(Origin("file"), Prose("40 names, 2022-01-03 to 2023-12-29"), {}, "a" * 64, {}, 1)
    return Audit(tuple(found(case, *keys).values()), stood_on, 1.0, {"Seed": "1"})


def test_a_leak_is_the_first_thing_the_page_says() -> None:
    audit = leaky("today's membership", "universe", "survivors", "fills")
    assert title(audit.findings) == "2 checks of 3 fail"
    text = page(audit)
    assert '<h1 class="bad">2 checks of 3 fail</h1>' in text and "looks like survivors only" in text and text == page(audit)
    assert title(audit.findings[:1]) == "1 check of 1 fails"


def test_a_failed_check_ends_with_code_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def survivors_only(settings: Settings) -> Any:
        return LEAKS["survivor-only universe"].change(clean(settings), settings)

    clean = workflow.pipeline
    monkeypatch.setattr(workflow, "pipeline", survivors_only)
    monkeypatch.setattr(workflow, "FULL", replace(SIZE, at=1, retrainings=1))
    market_data, chosen = market()
    with Console(as_json=False, quiet=True) as console:
        clean_bill = audit.audit(console, chosen, market_data, audit.Effort(), tmp_path / "out", Recorder(tmp_path / "store", "hash"))
    assert clean_bill is False
    told: list[str] = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))["failed"]
    assert {"survivors", "universe"} <= set(told)
    assert failed((AuditFinding("a", "b", "WARN", "c", "d"),)) == ()


@in_browser
def test_the_page_opens_offline_and_fits(home: Path, width: int, scheme: str) -> None:
    with opened(home / "runs" / "audit" / "audit.html", width, scheme) as tab:
        assert tab.locator("h1").inner_text() == "No look-ahead was found"
        assert tab.locator("section").count() == 7 and tab.locator("td.badge").count() == 15
