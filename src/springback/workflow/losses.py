"""What follows from losses beyond their limits in an account at a broker: a halt, until a person says that it may go on."""

from dataclasses import replace
from datetime import datetime

from springback.market.prose import Prose
from springback.operation.account_state import AccountState
from springback.operation.frozen_decision import FrozenDecision
from springback.state.rows import Halt
from springback.state.state import State

BY = "springback daily"
DRAWDOWN = "drawdown"
LOSSES = ("day_loss", DRAWDOWN)
"""Codes of the limits, as reasons of a decision and as halts."""


def halted_by_losses(state: State, account: str, decision: FrozenDecision) -> None:
    """Keeps the losses for which `decision` entered nothing as halts that a person lifts, once for each decision."""
    found = [one for one in decision.reasons if one.code in LOSSES]
    at = datetime.fromisoformat(decision.frozen_at)
    known = {(one.code, one.at) for one in state.halts(account, history=True)} if found else set()
    for one in found:
        if (one.code, at) not in known:
            state.halt(account, Halt("entries", one.code, Prose(one.text), BY, at))


def afresh(state: State, account: str, decision: FrozenDecision, left: AccountState) -> AccountState:
    """The account as `decision` `left` it; its peak is counted anew where a person has lifted the halt of a drawdown since."""
    since = datetime.fromisoformat(decision.frozen_at)
    lifted = [one.lifted_at for one in state.halts(account, history=True, code=DRAWDOWN)]
    return replace(left, peak=float("nan")) if any(one is not None and one >= since for one in lifted) else left
