"""Whether paper has gone on long enough, and without a doubt, for real money: how far an account is, and what is in the way. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from springback.market.prose import Prose
from springback.trading.paper_settings import Paper

FIRST_LIVE, SMALL = 20, 0.10
"""So many live sessions trade so much of the account's equity, where no capital is named."""


@dataclass(frozen=True)
class Venue:
    """Where and by what an account was traded; another broker, account or major version of the program begins its paper anew."""

    broker: str
    account: str
    version: str

    @property
    def major(self) -> str:
        """The major version: of 0.x the first two numbers."""
        parts = self.version.split(".")
        return ".".join(parts[:2]) if parts[0] == "0" else parts[0]

    def same(self, other: "Venue") -> bool:
        """Whether paper there goes on here."""
        return (self.broker, self.account, self.major) == (other.broker, other.account, other.major)


@dataclass(frozen=True)
class PaperDay:
    """A session as the account's records tell it. `genuine`: at a broker's paper account by the time it was, every row of it; neither
    simulated nor on this machine nor with a set clock. `explained`: every share; `reconciled`: final, and to the cent; `fills` of orders
    for the open.
    """

    session: date
    venue: Venue
    genuine: bool
    explained: bool
    reconciled: bool
    fills: int


@dataclass(frozen=True)
class PaperProgress:
    """How far an account is: good `sessions` on end and `fills` in them, since the session `since` (None: none yet), what is asked for, and
    why the count `began` anew, empty where nothing was in its way. An account that was ever `rehearsed` passes never.
    """

    venue: Venue | None
    sessions: int
    fills: int
    since: date | None
    rules: Paper
    began: str = ""
    rehearsed: bool = False

    @property
    def passed(self) -> bool:
        """Whether it is enough."""
        return not self.rehearsed and self.sessions >= self.rules.sessions and self.fills >= self.rules.fills

    @property
    def sentence(self) -> Prose:
        """It in words."""
        if self.venue is None:
            return Prose("No session was traded on a broker's paper account yet.")
        if self.rehearsed:
            return Prose("This account has sessions of a rehearsal (simulated, on this machine or with a set clock): it never passes.")
        told = f"{self.sessions} of {self.rules.sessions} sessions and {self.fills} of {self.rules.fills} fills of orders for the open"
        words = f"The paper gate is open: {told}" if self.passed else f"{told} on paper"
        again = f"; counted anew since {BEGAN[self.began]}" if self.began else ""
        return Prose(f"{words}{again}.")


BEGAN = {
    "unexplained": "a share was not explained",
    "unreconciled": "a day was not reconciled",
    "missed": "a session was missed",
    "venue": "the broker, the account or the major version is another",
}
"""Why a count begins anew, by its code."""


def paper_progress(days: Sequence[PaperDay], sessions: Iterable[date], rules: Paper, now: Venue | None = None) -> PaperProgress:
    """How far the account of `days`, ascending, is: the good days on end at its newest venue, or at `now`.

    `sessions` are the exchange's from the first of them on, up to the newest that could be final: one without a day was missed.
    """
    known = {one.session: one for one in days}
    venue = now or (days[-1].venue if days else None)
    run: list[PaperDay] = []
    began = ""
    for session in sorted({*sessions, *known}):
        day = known.get(session)
        broken = _broken(day, venue)
        if broken:
            run, began = [], broken
        elif day is not None and day.genuine:
            run.append(day)
    since, rehearsed = run[0].session if run else None, not all(one.genuine for one in days)
    return PaperProgress(venue, len(run), sum(one.fills for one in run), since, rules, began, rehearsed)


def _broken(day: PaperDay | None, venue: Venue | None) -> str:
    """Why a count does not go over this session; nothing where it does."""
    if day is None:
        return "missed"
    if venue is None or not day.venue.same(venue):
        return "venue"
    if not day.explained:
        return "unexplained"
    return "" if day.reconciled else "unreconciled"


@dataclass(frozen=True)
class Gate:
    """Whether real money may be traded, and what is in the way: a code and a sentence each. `override`: who opened it by hand; one that is
    `final` opens by nothing.
    """

    open: bool
    reasons: tuple[tuple[str, Prose], ...] = ()
    override: str = ""
    final: bool = False


def gate(paper: Sequence[PaperProgress], champion: Sequence[tuple[str, Prose]], override: str = "", rehearsed: bool = False) -> Gate:
    """The gate: one account of `paper` has passed and nothing is said against the `champion`, or somebody typed an `override`. An account
    with rows of a rehearsal never trades real money, whatever is typed.
    """
    reasons = list(champion)
    if not any(one.passed for one in paper):
        best = max(paper, key=lambda one: one.sessions, default=None)
        reasons.insert(0, ("paper", best.sentence if best else Prose("No session was traded on a broker's paper account yet.")))
    if rehearsed:
        return Gate(
            False, (("rehearsal", Prose("This account has rows of a rehearsal: it never trades real money.")), *reasons), final=True
        )
    return Gate(not reasons or bool(override), tuple(reasons), override if reasons else "")


def capital_share(capital: float, live_sessions: int) -> float:
    """The share of equity that sizes are worked out on in live trading: all where `capital` dollars are named, else small at first."""
    return SMALL if not capital and live_sessions < FIRST_LIVE else 1.0
