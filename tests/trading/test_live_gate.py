"""Real money: refused where the host is not the broker's live one, closed until paper and champion have passed, opened by hand by a word
that is kept, and small at first.
"""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from springback.brokers import alpaca as client
from springback.cli.main import main
from springback.operation.frozen_decision import DECISION
from springback.workflow.order_journal import journal_of
from springback.workflow.settings import Settings
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_outcome import NO_DECISION
from springback.workflow.trader import trading_account
from tests.brokers.broker_cases import QUICK, fake_market
from tests.brokers.fake_alpaca import KEYS, FakeAlpaca, running


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAlpaca]:
    """The fake server, its keys in the owner's file, and an empty project around."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (keys := tmp_path / ".config" / "springback" / "keys.toml").parent.mkdir(parents=True)
    keys.write_text(f'[live]\nAPCA_API_KEY_ID = "{KEYS[0]}"\nAPCA_API_SECRET_KEY = "{KEYS[1]}"\n')
    keys.chmod(0o600)
    with running(fake_market()) as one:
        yield one
    assert not one.violations, one.violations


def trade(fake: FakeAlpaca, step: str, *words: str) -> tuple[int, str]:
    """What `springback trade` says of the account at the server: exit code, and stdout or what it was refused for."""
    named = [f'brokers.alpaca_url="{fake.url}"', f'brokers.account="{fake.number}"', 'brokers.keys="live"']
    sets = [word for one in named for word in ("--set", one)]
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["springback", "trade", step, "--broker", "alpaca", "--json", *sets, *words])
        with pytest.raises(SystemExit) as stop:
            main()
    return int(stop.value.code or 0), out.getvalue() + " ".join(err.getvalue().split())


def live(fake: FakeAlpaca, *words: str) -> tuple[int, str]:
    """Sending with real money."""
    return trade(fake, "send", "--live", *words)


SIGNED = ("--by", "a tester", "--why", "I know what I do")


def test_live_is_refused_where_the_host_is_not_alpacas_live_one(fake: FakeAlpaca) -> None:
    code, told = live(fake, "--override", fake.number, *SIGNED)
    assert code == 1 and "live was meant: name https://api.alpaca.markets, or leave --live out" in told
    assert not fake.requests


@pytest.fixture
def real(fake: FakeAlpaca, monkeypatch: pytest.MonkeyPatch) -> FakeAlpaca:
    """The server as if its host were Alpaca's live one."""
    monkeypatch.setitem(client.MODES, "127.0.0.1", "live")
    return fake


def test_live_is_closed_before_anything_is_asked_and_opened_by_the_typed_number_alone(real: FakeAlpaca) -> None:
    code, told = live(real)
    assert code == 2 and "--live is closed: No session was traded on a broker's paper account yet; No model is champion" in told
    assert f"type the account's number: --override {real.number}" in live(real, "--override", "PA-OTHER", *SIGNED)[1]
    assert "an override is signed: say why with --why" in live(real, "--override", real.number)[1]
    assert not real.requests and not Path("desk").exists()  # an account that was refused is none
    code, told = live(real, "--override", real.number, *SIGNED)
    gate = json.loads(told)["gate"]
    assert code == NO_DECISION and (gate["override"], gate["validation"]) == ("a tester: I know what I do", "missing")
    (kept,) = journal_of(Path("desk") / real.number, real.number).overrides()
    assert (kept["by"], kept["why"], kept["account"], kept["broker"]) == ("a tester", "I know what I do", real.number, "alpaca")
    assert live(real)[0] == NO_DECISION


def test_what_is_refused_leaves_no_account_and_the_keys_may_lie_elsewhere(fake: FakeAlpaca) -> None:
    usual = Path(".config/springback/keys.toml")
    keys = usual.rename("keys.toml")
    code, told = trade(fake, "reconcile")
    assert code == 2 and "under [live] in ~/.config/springback/keys.toml" in told and not Path("desk").exists()
    keys.chmod(0o644)
    code, told = trade(fake, "reconcile", "--keys", "keys.toml")
    assert code == 2 and "rights 0644, must be 0600" in told and not Path("desk").exists() and not fake.requests
    keys.chmod(0o600)
    assert trade(fake, "reconcile", "--keys", "keys.toml")[0] == 0 and fake.requests


def test_an_account_of_a_rehearsal_never_trades_real_money_whatever_is_typed(fake: FakeAlpaca, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trade(fake, "reconcile")[0] == 0
    monkeypatch.setitem(client.MODES, "127.0.0.1", "live")
    code, told = live(fake, "--override", fake.number, *SIGNED)
    assert code == 2 and "rows of a rehearsal: it never trades real money" in told
    assert not journal_of(Path("desk") / fake.number, fake.number).overrides()


def test_the_first_twenty_sessions_of_real_money_are_sized_on_a_tenth_unless_capital_is_named(real: FakeAlpaca) -> None:
    brokers = replace(QUICK, alpaca_url=real.url, account=real.number, keys="live")
    for capital, few, later in ((0.0, (float("inf"), 0.1), (float("inf"), 1.0)), (500.0, (500.0, 1.0), (500.0, 1.0))):
        settings = replace(Settings(), brokers=replace(brokers, capital=capital))
        for count, sized in ((19, few), (20, later)):
            desk = Path(f"{capital:g}-{count}")
            for day in range(1, count + 1):
                (place := desk / real.number / f"2026-01-{day:02d}").mkdir(parents=True)
                (place / DECISION).touch()
            trader: Any = trading_account(desk, settings, "alpaca", True, TradeClock()).live.trader
            assert trader._sized() == sized
