"""The gate before real money."""

from dataclasses import dataclass
from pathlib import Path

from springback.errors import InputError
from springback.forecasting.archive import read_timeline
from springback.market.prose import Prose
from springback.project import usual
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
    timeline, name, broker = read_timeline(account.live.models), account.live.name, account.broker.name
    verdict = champion_verdict(settings, "" if timeline is None else timeline.champion, usual("runs"))
    gate = live_gate(desk, settings, account.folder, broker, verdict)
    if not gate.open and override is not None and not gate.final:
        if override.account != name:
            raise InputError(f"to open the gate by hand type the account's number: --override {name}", value=override.account)
        facts, word = override_facts(broker, name, verdict.champion), override.word
        account.journal.override(facts, word.by, word.why, word.at)
        gate = live_gate(desk, settings, account.folder, broker, verdict)
    if not gate.open:
        words = "; ".join(str(text) for _, text in gate.reasons)
        way = "" if gate.final else f" (by hand: --override {name} --why ...)"
        raise InputError(f"--live is closed: {words}{way}", value=[code for code, _ in gate.reasons])
    return OpenGate(verdict, gate.override, tuple(text for _, text in gate.reasons))
