"""Who is champion in which session: one value that the evening, the backtest, LEAN and a rehearsal ask. Pure, and JSON.

A change is stamped with the session after whose close it holds: a tenure after the close of t speaks from the session after t on, and a
contest counts from there on. So no calendar is needed to say when it begins, and nothing of that day is evidence.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, get_args

import numpy as np

from springback.errors import InputError, ModelError
from springback.market.prose import Prose

FORMAT = 1
State = Literal["open", "won", "promoted", "lost", "vetoed", "closed", "lapsed"]
WALK = "walk-forward"
"""Who signs in a backtest."""
UNSAID = Prose("")


@dataclass(frozen=True)
class Tenure:
    """`model` speaks in the sessions after the close of `after` (ISO), until the next tenure; by whose word, and why."""

    model: str
    after: str
    by: str
    why: Prose


@dataclass(frozen=True)
class Contest:
    """`challenger` against `champion`, registered after the close of `after` (ISO) with `share` of the level.

    `state`: "open"; "won", which waits for a signature where one is asked for, "promoted" once it is there; "lost"; "vetoed": won, but kept
    from taking over; "closed" unjudged by a change of champion; "lapsed": won and not signed until the next retraining. `decided` is the
    session by whose close it was (ISO), empty while it is open; `sessions` counted, `gain` of the challenger their mean, `bound` the lower
    bound that may be looked at on any day (None: it cannot be told yet).
    """

    challenger: str
    champion: str
    after: str
    share: float
    state: State = "open"
    decided: str = ""
    sessions: int = 0
    gain: float | None = None
    bound: float | None = None
    why: Prose = UNSAID

    @property
    def waiting(self) -> bool:
        """Whether it is not over: open, or won and not signed."""
        return self.state in ("open", "won")


@dataclass(frozen=True)
class Timeline:
    """Tenures and contests, oldest first; `hashes` of the models by name, where they are kept; `tried`: the newest session (ISO) by whose
    labels a challenger was trained, empty: none was.
    """

    tenures: tuple[Tenure, ...] = ()
    contests: tuple[Contest, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    tried: str = ""

    def champion_on(self, session: Any) -> str:
        """The model that speaks in `session`, a day. Raises `ModelError` where none had begun by then."""
        day = str(np.datetime64(session, "D"))
        for one in reversed(self.tenures):
            if one.after < day:
                return one.model
        raise ModelError(
            f"no models were trained before {day}: the oldest of {len(self.tenures)} is of "
            f"{self.tenures[0].after if self.tenures else None}; run 'springback forecast' from an earlier start, or begin later",
            session=np.datetime64(day),
        )

    @property
    def champion(self) -> str:
        """The newest champion. Raises `ModelError` where there is none."""
        if not self.tenures:
            raise ModelError("there is no champion yet: run 'springback retrain'")
        return self.tenures[-1].model

    @property
    def previous(self) -> str | None:
        """The champion before the newest."""
        return self.tenures[-2].model if len(self.tenures) > 1 else None

    @property
    def waiting(self) -> tuple[Contest, ...]:
        """The contests that are not over."""
        return tuple(one for one in self.contests if one.waiting)

    @property
    def challengers(self) -> tuple[str, ...]:
        """The models whose contests are not over, oldest first."""
        return tuple(one.challenger for one in self.waiting)

    def speakers(self, session: Any) -> tuple[str, ...]:
        """All who forecast in `session`, a day: its champion first, the challengers whose contests had begun and are not over, and the
        champion before, who goes on being scored. Raises `ModelError` where none had begun by then.
        """
        day = str(np.datetime64(session, "D"))
        begun = [one.model for one in self.tenures if one.after < day]
        others = [one.challenger for one in self.waiting if one.after < day]
        return tuple(dict.fromkeys([self.champion_on(day), *others, *begun[-2:-1]]))

    def of(self, challenger: str) -> Contest:
        """The contest of `challenger` that is not over. Raises `InputError`."""
        found = [one for one in self.waiting if one.challenger == challenger]
        if not found:
            known = ", ".join(self.challengers) or "none"
            raise InputError(f"{challenger} is in no contest, open are: {known}: see 'springback models'")
        return found[0]

    def begun(self, model: str, after: str, by: str, why: str) -> "Timeline":
        """With `model` as the next champion and the contests as they are. Raises `InputError` where a later tenure has begun."""
        if self.tenures and after < self.tenures[-1].after:
            raise InputError(f"a tenure after {after} cannot follow one after {self.tenures[-1].after}")
        return replace(self, tenures=(*self.tenures, Tenure(model, after, by, Prose(why))))

    def succeeded(self, model: str, after: str, by: str, why: str) -> "Timeline":
        """With `model` as champion without any contest, and all that wait closed unjudged; nothing where it is champion already."""
        if self.tenures and model == self.champion:
            return self
        closed = self._changed(lambda one: replace(one, state="closed", decided=after) if one.waiting else one)
        return closed.begun(model, after, by, why)

    def registered(self, challenger: str, after: str) -> "Timeline":
        """With a contest of `challenger` against the champion. It is asked once: the champion itself, and a model that is or was in a
        contest with it that was not closed unjudged, are in no other.
        """
        asked = {one.challenger for one in self.contests if one.champion == self.champion and one.state != "closed"}
        if challenger in asked | {self.champion}:
            return self
        share = 1 / (1 + len(self.waiting))
        return replace(self, contests=(*self.contests, Contest(challenger, self.champion, after, share)))

    def promoted(self, challenger: str, after: str, by: str, why: str) -> "Timeline":
        """With `challenger` as champion after the close of `after`: the other contests are closed unjudged, and their challengers are
        registered anew against the new champion, each with its equal share of the level. Raises `InputError`.
        """
        winner = self.of(challenger)
        signed = self.settled(winner, state="promoted", decided=winner.decided or after)
        return signed.begun(challenger, after, by, why)._anew()

    def rolled_back(self, after: str, by: str, why: str) -> "Timeline":
        """With the champion before the newest as champion again; the contests as in `promoted`. Raises `InputError` where there is none."""
        if self.previous is None:
            raise InputError(f"{self.champion} is the first champion: there is none to roll back to")
        return self.begun(self.previous, after, by, why)._anew()

    def lapsed(self, after: str) -> "Timeline":
        """With the wins that nobody signed given up."""
        return self._changed(lambda one: replace(one, state="lapsed", decided=after) if one.state == "won" else one)

    def settled(self, contest: Contest, **facts: Any) -> "Timeline":
        """With `facts` of `contest` as they are now."""
        return self._changed(lambda one: replace(one, **facts) if one is contest else one)

    def to_json(self) -> str:
        """The timeline as text."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=1, sort_keys=True, allow_nan=False) + "\n"

    @staticmethod
    def from_json(text: str, where: str) -> "Timeline":
        """The timeline that `text` holds. Raises `ModelError` naming `where` if it is none."""
        try:
            told = json.loads(text)
            if told.pop("format") != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            tenures = tuple(Tenure(**one) for one in told.pop("tenures"))
            contests = tuple(Contest(**one) for one in told.pop("contests"))
            found = Timeline(tenures, contests, **told)
            found._check()
            return found
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise ModelError(f"{where} is no timeline of models ({error}): bring back a copy, or move it away") from None

    def _check(self) -> None:
        """Raises `ValueError` on a field that is of another kind than it is written as."""
        days = [one.after for one in self.tenures] + [one.after for one in self.contests]
        days += [one.decided for one in self.contests if one.decided]
        if [str(date.fromisoformat(one)) for one in days] != days or (self.tried and str(date.fromisoformat(self.tried)) != self.tried):
            raise ValueError("a day is none")
        if sorted(one.after for one in self.tenures) != [one.after for one in self.tenures]:
            raise ValueError("its tenures do not follow each other")
        for one in self.contests:
            if one.state not in get_args(State) or not 0 < one.share <= 1 or not isinstance(one.sessions, int):
                raise ValueError(f"the contest of {one.challenger} is none")
        words = [word for one in self.tenures for word in (one.model, one.by, one.why)] + [*self.hashes, *self.hashes.values()]
        if not all(isinstance(one, str) for one in words + [one.challenger for one in self.contests]):
            raise ValueError("a name is none")

    def _changed(self, change: Callable[[Contest], Contest]) -> "Timeline":
        return replace(self, contests=tuple(change(one) for one in self.contests))

    def _anew(self) -> "Timeline":
        """The contests that wait are closed unjudged, and their challengers registered against the champion that has just begun."""
        after, champion = self.tenures[-1].after, self.champion
        again = [one for one in self.challengers if one != champion]
        closed = self._changed(lambda one: replace(one, state="closed", decided=after) if one.waiting else one)
        return replace(closed, contests=(*closed.contests, *(Contest(one, champion, after, 1 / len(again)) for one in again)))
