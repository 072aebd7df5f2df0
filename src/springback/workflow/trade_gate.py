"""The gate before real money."""

from dataclasses import dataclass
from pathlib import Path

from springback.errors import InputError
from springback.forecasting.archive import read_timeline
from springback.market.prose import Prose
from springback.project import usual
from springback.trading.paper_gate import Gate
from springback.workflow.book import Word
from springback.workflow.champion_verdict import ChampionVerdict, champion_verdict
from springback.workflow.paper import live_gate, override_facts
from springback.workflow.settings import Settings
from springback.workflow.trader import TradingAccount


@dataclass(frozen=True)
class Override:
    """The number of the `account` as a person typed it to open its gate by hand, and what was said."""

    account: str
    word: Word


@dataclass(frozen=True)
class OpenGate:
    """What real money stands on: what validation and audit say of the champion, and who opened the gate by hand against which words."""

    verdict: ChampionVerdict
    override: str = ""
    against: tuple[Prose, ...] = ()


def check_gate(account: TradingAccount, desk: Path, settings: Settings, override: Override | None = None) -> OpenGate:
    """The gate of the account, which is open; an `override` is kept in the journal's chain.

    Raises `InputError` where it may not trade real money: paper was too short, or the champion did not pass, and no override holds for it.
    """
    name, broker, models = account.live.name, account.broker.name, account.live.models
    verdict, gate = _looked(desk, settings, account.folder, broker, models)
    if not gate.open and _typed(gate, name, override):
        assert override is not None
        facts, word = override_facts(broker, name, verdict.champion), override.word
        account.journal.override(facts, word.by, word.why, word.at)
        verdict, gate = _looked(desk, settings, account.folder, broker, models)
    if not gate.open:
        raise _closed(gate, name)
    return OpenGate(verdict, gate.override, tuple(text for _, text in gate.reasons))


def check_unopened(desk: Path, settings: Settings, broker: str, models: Path, override: Override | None = None) -> None:
    """Refuses as `check_gate` does an account that has no folder yet, before one is made for it. Raises `InputError`."""
    name = settings.brokers.account
    _, gate = _looked(desk, settings, desk / name, broker, models)
    if not gate.open and not _typed(gate, name, override):
        raise _closed(gate, name)


def _looked(desk: Path, settings: Settings, folder: Path, broker: str, models: Path) -> tuple[ChampionVerdict, Gate]:
    timeline = read_timeline(models)
    verdict = champion_verdict(settings, "" if timeline is None else timeline.champion, usual("runs"))
    return verdict, live_gate(desk, settings, folder, broker, verdict)


def _typed(gate: Gate, name: str, override: Override | None) -> bool:
    """Whether a person opens the closed `gate` of the account by hand. Raises `InputError` where another number was typed."""
    if gate.final or override is None:
        return False
    if override.account != name:
        raise InputError(f"to open the gate by hand type the account's number: --override {name}", value=override.account)
    return True


def _closed(gate: Gate, name: str) -> InputError:
    words = "; ".join(str(text).rstrip(".") for _, text in gate.reasons)
    way = "" if gate.final else f" (by hand: --override {name} --why ...)"
    return InputError(f"--live is closed: {words}{way}", value=[code for code, _ in gate.reasons])
