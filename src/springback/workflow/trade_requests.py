"""What a trader does at a person's word, beside its timetable: it takes entries back once it is killed, and lifts halts that a page asks
it to lift, for it alone holds the broker.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from springback.errors import InputError, SpringbackError, Taken
from springback.market.prose import Prose
from springback.operation.frozen_decision import Reason
from springback.state.rows import Attempt, Request
from springback.workflow import halting
from springback.workflow.book import Word
from springback.workflow.evening import LiveAccount
from springback.workflow.trade_batch import coded
from springback.workflow.trade_clock import TradeClock
from springback.workflow.trade_halting import taken_back
from springback.workflow.trade_outcome import DONE, FAILED, HALTED, TradeOutcome
from springback.workflow.trading_account import TradingAccount

RESUME = "resume"
ACT = "act"
"""Kind of the attempts that tell of a person's acts on a page: "act resume"."""
ASKED, ANSWERED, REFUSED = "asked", "done", "refused"
EXPIRES = 60.0
"""Seconds after which a request that no trader heard is void: whoever asked has looked away since."""
RETRY = 60.0
"""Seconds until entries that could not be taken back are tried again."""


def ask(account: LiveAccount, numbers: Collection[int], file: bool, word: Word) -> Request:
    """Asks the trader of the account to lift the halts of these `numbers`, and with `file` the files of the kill switch."""
    row = Request(RESUME, " ".join(map(str, sorted(numbers))), file, word.by, Prose(word.why), word.at)
    return account.state.ask(account.name, row)


@dataclass
class Attention:
    """Looks whether a person wants something of the trader of `account`; called between its acts and while it waits."""

    account: TradingAccount
    clock: TradeClock
    _heeded: bool = field(default=False, init=False)
    _again: datetime | None = field(default=None, init=False)

    def __call__(self) -> TradeOutcome | None:
        """What came of it; None where nobody wants anything, or what is wanted is done. Raises nothing."""
        with suppress(SpringbackError):  # the database does not answer now, say: it is asked at the next look
            return self._lifted() or self._stopped()
        return None

    def _stopped(self) -> TradeOutcome | None:
        """The entries at the broker are taken back, once for each kill, and again while that did not come to its end."""
        if not halting.killed(self.account.live):
            self._heeded, self._again = False, None
            return None
        now = self.clock.now()
        if self._heeded or (self._again is not None and now < self._again):
            return None
        self._again = now + timedelta(seconds=RETRY)
        try:
            outcome = coded(self.account, self.clock, halting.KILL, None, self._taken_back)
        except Taken:  # whoever killed it is at that
            return None
        except SpringbackError as error:  # a decision that cannot be read, say: the service goes on, and tries again
            return TradeOutcome(halting.KILL, self._session, FAILED, reasons=(Reason(halting.KILL, str(error)),))
        self._heeded = outcome.code == DONE
        if self._heeded and not outcome.facts["entries"]:
            return None
        self.account.live.state.keep(self.account.live.name, outcome.row(self.clock.now(), self.account.rehearsal))
        return outcome

    def _taken_back(self) -> TradeOutcome:
        own = [one for one in self.account.journal.orders() if one.intent.purpose == "entry" and not one.closed]
        found = taken_back(self.account, self.clock) if own else ()
        reasons = tuple(Reason(halting.KILL, f"{one.client_id} is not taken back yet: {one.state}") for one in found if not one.over)
        facts = {"entries": {one.client_id: one.state for one in found}}
        return TradeOutcome(halting.KILL, self._session, HALTED if reasons else DONE, facts, reasons)

    @property
    def _session(self) -> str:
        return next(iter(self.account.live.folder.sessions()[-1:]), "")

    def _lifted(self) -> TradeOutcome | None:
        live, outcome = self.account.live, None
        for one in live.state.requests(live.name):
            try:
                outcome = TradeOutcome(RESUME, self._session, facts={"lifted": self._answer(one)})
                left = len(halting.liftable(live))
                code, words = ANSWERED, f"{len(outcome.facts['lifted'])} halts are lifted, {left} stay."
            except SpringbackError as error:
                code, words = REFUSED, str(error)
                outcome = TradeOutcome(RESUME, self._session, HALTED, reasons=(Reason(REFUSED, words),))
            now = datetime.now(UTC)
            session = date.fromisoformat(self._session) if self._session else now.date()
            live.state.answer(live.name, one.n, code, Prose(words), now)
            live.state.attempt(live.name, Attempt(f"{ACT} {one.act}", now, session, code, Prose(words)))
        return outcome

    def _answer(self, request: Request) -> list[int]:
        """The numbers of the halts that are lifted. Raises `InputError` where the request is void, and as `resumed` does."""
        live, since = self.account.live, datetime.now(UTC) - request.at
        if since > timedelta(seconds=EXPIRES):
            raise InputError(f"no trader heard it within {EXPIRES:.0f} s, so that it is void: look again, and ask again")
        if any(one is not None and one > request.at for one in halting.marks(live.folder.path)):
            raise InputError(f"account {live.name} was killed after it was asked: nothing is lifted")
        word, numbers = Word(request.by, datetime.now(UTC), str(request.why)), {int(one) for one in request.numbers.split()}
        lifted = halting.resumed(live, word, numbers, lambda: halting.checked(self.account, self.clock), request.file)
        return [one.n for one in lifted]
