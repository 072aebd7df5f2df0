"""What keeps orders of an account from being sent: the guard's limits, halts, and the kill switch, asked before every order."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from springback.errors import SpringbackError
from springback.operation.frozen_decision import FrozenDecision, Reason
from springback.state.rows import Halt
from springback.trading.guard import Ground, Proposal, Stake, Standing, Verdict, account_verdicts, order_verdicts
from springback.trading.guard import stops as stopped_by
from springback.workflow.broker_events import Heard
from springback.workflow.broker_words import no_entries, no_shorting
from springback.workflow.curbs import NO_SHORTING
from springback.workflow.halting import ITSELF, KILL, heeded, killed
from springback.workflow.trade_targets import Target
from springback.workflow.trader import TradingAccount

GIGABYTE = 1e9
MOVE = "move"
"""Code of the guard's verdict on a close that moved too far."""


@dataclass(frozen=True)
class Forbidden:
    """What was found to be forbidden before a batch: verdicts of the guard, halts of everything, and unfit sides of the account."""

    verdicts: tuple[Verdict, ...]
    sides: Mapping[str, Reason]

    @property
    def everything(self) -> tuple[Reason, ...]:
        """Why nothing is sent."""
        return tuple(Reason(one.code, str(one.why)) for one in self.verdicts if one.scope == "all")

    @property
    def entries(self) -> tuple[Reason, ...]:
        """Why nothing is entered."""
        return tuple(Reason(one.code, str(one.why)) for one in self.verdicts if one.scope == "entries")


def before_order(account: TradingAccount, target: Target, forbidden: Forbidden) -> Reason | None:
    """Why this order is not sent now; None where it may be."""
    if words := killed(account.live):
        return Reason(KILL, words)
    verdict = next(iter(stopped_by(forbidden.verdicts, proposal(target))), None)
    if verdict is not None:
        return Reason(verdict.code, str(verdict.why), verdict.symbol)
    if target.purpose != "entry":
        return None
    halts = account.live.state.halts(account.live.name)
    halt = next((one for one in halts if one.scope == "entries" or one.symbol == target.symbol), None)
    if halt is not None:
        return Reason(halt.code, f"{halt.code} by {halt.by}: {halt.why}", halt.symbol)
    return forbidden.sides.get(target.side)


def before_batch(account: TradingAccount, decision: FrozenDecision, orders: Sequence[Target], hearing: Heard, set_clock: bool) -> Forbidden:
    """What guard and account say of the orders of a batch, taken together with what is held and waits.

    The verdicts are kept as halts, and those that are over and lift themselves are lifted. Raises as `heeded` does.
    """
    settings = account.live.settings
    standing, simulated = standing_of(account, hearing), set_clock or account.broker.name == "simulated"
    verdicts = account_verdicts(standing, settings.guard, simulated)
    ground = _ground(decision, orders, hearing)
    fraction = settings.strategy.max_adv_fraction
    closes = _closes(account, decision, orders) if settings.guard.move else {}
    proposals = [proposal(one, fraction, closes) for one in orders if one.purpose != "stop"]
    verdicts += order_verdicts(proposals, ground, settings.guard, settings.strategy)
    halts = heeded(account.live, verdicts, hearing.at, ITSELF - ({"clock"} if simulated else set()))
    return Forbidden((*verdicts, *_in_force(halts, verdicts)), unfit(hearing))


def _in_force(halts: Iterable[Halt], verdicts: Iterable[Verdict]) -> Iterable[Verdict]:
    """The halts of everything that no verdict says: a person has not lifted them. The kill switch is asked before each order."""
    known = {one.code for one in verdicts} | {KILL}
    return (Verdict(one.code, "all", one.why) for one in halts if one.scope == "all" and one.code not in known)


def unfit(hearing: Heard) -> dict[str, Reason]:
    """The sides on which the account may not open positions: it must be a margin account in USD, and above $2,000 for shorts."""
    theirs = hearing.state.account
    if found := no_entries(theirs):
        return dict.fromkeys(("buy", "sell"), Reason(*found))
    words = no_shorting(theirs)
    return {"sell": Reason(NO_SHORTING, words)} if words else {}


def standing_of(account: TradingAccount, hearing: Heard) -> Standing:
    """The account and this machine as they are now."""
    theirs, named = hearing.state.account, account.live.settings.brokers.account
    simulated = account.broker.name == "simulated"
    number = theirs.number if simulated or named in {theirs.number, str(theirs.record.get("id", ""))} else named
    return Standing(
        number=number,
        broker_number=theirs.number,
        mode=account.mode,
        broker_mode=theirs.mode,
        blocked=theirs.blocked,
        clock_gap=hearing.clock_gap,
        disk_free=_free(account),
        killed=killed(account.live),
    )


def _free(account: TradingAccount) -> float | None:
    try:
        return shutil.disk_usage(account.folder).free / GIGABYTE
    except OSError:
        return None


def _ground(decision: FrozenDecision, orders: Iterable[Target], hearing: Heard) -> Ground:
    """What is held and waits, without the orders that are to be judged."""
    state, closing = decision.state(), {one.symbol for one in orders if one.purpose == "exit"}
    marks = {} if state is None else {symbol: one.mark for symbol, one in state.positions.items()}
    stakes = {
        symbol: Stake(float(one.quantity), marks.get(symbol, _price(one.market_price)), symbol in closing)
        for symbol, one in hearing.holdings.items()
    }
    for one in hearing.live:
        if one.intent.purpose == "entry":
            held = stakes.get(one.intent.symbol, Stake(0.0, one.intent.reference_close))
            stakes[one.intent.symbol] = Stake(held.quantity + one.sign * float(one.rest), held.mark, held.closing)
    bear = None if decision.regime_name == "unknown" else bool(decision.regime["bear"])
    sent = sum(one.intent.session.isoformat() == decision.session and one.sendings > 0 for one in hearing.orders.values())
    return Ground(decision.equity, stakes, bear, sent)


def moved(account: TradingAccount, decision: FrozenDecision, entries: Sequence[Target]) -> dict[str, Reason]:
    """The names of `entries`, as they were decided, whose close of the decision's session is another one now, beyond `guard.move`."""
    settings = account.live.settings
    if not settings.guard.move:
        return {}
    closes, ground = _closes(account, decision, entries), Ground(decision.equity, {}, bear=False)  # the close alone is judged
    verdicts = order_verdicts([proposal(one, 1.0, closes) for one in entries], ground, settings.guard, settings.strategy)
    return {one.symbol: Reason(one.code, str(one.why), one.symbol) for one in verdicts if one.code == MOVE}


def _price(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _closes(account: TradingAccount, decision: FrozenDecision, orders: Sequence[Target]) -> dict[str, float]:
    """The closes of the decision's session as the store has them now, dollars; nothing where it cannot be read."""
    try:
        bars = account.live.window(decision.session, {one.symbol for one in orders}).market_data.bars
    except SpringbackError:
        return {one.symbol: float("nan") for one in orders}
    return dict(zip(bars.symbols, map(float, bars.printed("close")[-1]), strict=True))


def proposal(target: Target, fraction: float = 1.0, closes: Mapping[str, float] = MappingProxyType({})) -> Proposal:
    """The order as the guard judges it; `fraction` is `strategy.max_adv_fraction`, of which the frozen limit of volume was made, `closes`
    are known better now.
    """
    volume = None if target.adv_limit is None or not fraction else target.adv_limit / fraction
    close = target.reference_close
    return Proposal(target.symbol, target.side, target.purpose, abs(target.quantity), close, volume, closes.get(target.symbol, close))
