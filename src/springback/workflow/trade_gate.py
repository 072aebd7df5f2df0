"""The gate before real money."""

from pathlib import Path

from springback.errors import InputError
from springback.forecasting.archive import read_timeline
from springback.project import usual
from springback.workflow.champion_verdict import champion_verdict
from springback.workflow.paper import live_gate
from springback.workflow.settings import Settings
from springback.workflow.trader import TradingAccount


def check_gate(account: TradingAccount, desk: Path, settings: Settings) -> None:
    """Raises `InputError` where the account may not trade real money: paper was too short, or the champion did not pass."""
    timeline = read_timeline(account.live.models)
    verdict = champion_verdict(settings, "" if timeline is None else timeline.champion, usual("runs"))
    gate = live_gate(desk, settings, account.folder, account.broker.name, verdict)
    if not gate.open:
        words = "; ".join(str(text) for _, text in gate.reasons)
        raise InputError(f"--live is closed: {words}", value=[code for code, _ in gate.reasons])
