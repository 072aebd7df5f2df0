"""Who follows whom: the contests of a timeline judged by the scores so far. Pure: asked every evening, or once for many sessions, it gives
the same timeline, and what comes after the session asked about changes nothing of it.
"""

import math
from collections.abc import Mapping

import numpy as np

from springback.forecasting.timeline import Contest, Timeline
from springback.market.bars import Dates
from springback.market.prose import Prose
from springback.statistics.contest import Retraining, Verdict, verdict, vetoes
from springback.training.daily_scores import DailyScore, ratios

Board = Mapping[str, DailyScore]
"""The scores of each model by name, on the rows of `sessions`."""


def judged(timeline: Timeline, board: Board, sessions: Dates, row: int, horizon: int, rules: Retraining, signer: str = "") -> Timeline:
    """The timeline at the close of `sessions[row]`: every open contest judged on the sessions whose labels are known by then.

    Contests are decided in the order of the closes that decide them. `signer` signs each win at once, the one with the largest gain where
    several were won at one close; empty: a win waits. `sessions` (T,) hold every session of every open contest.
    """
    while True:
        open_ = [one for one in timeline.contests if one.state == "open"]
        first = min((close for one in open_ if (close := _stand(one, board, sessions, row, horizon, rules)[0]) is not None), default=None)
        for contest in open_:
            close, found = _stand(contest, board, sessions, row if first is None else first, horizon, rules)
            facts = _progress(found) if close is None else _decision(contest, found, board, sessions, close, horizon, rules)
            timeline = timeline.settled(contest, **facts)
        if first is None:
            return timeline
        if signer:
            timeline = _signed(timeline, signer)


def _stand(contest: Contest, board: Board, sessions: Dates, row: int, horizon: int, rules: Retraining) -> tuple[int | None, Verdict]:
    """The row whose close decided `contest` by the close of `row`, None while it is open, and how it stands then."""
    first = _first(contest, sessions)
    ripe = slice(first, max(first, row - horizon + 1))
    challenger, champion = (board[name].rank_ic[ripe] for name in (contest.challenger, contest.champion))
    found = verdict(challenger - champion, rules, contest.share)
    return (None if found.row is None else first + found.row + horizon), found


def _progress(ruling: Verdict) -> dict[str, object]:
    return {
        "sessions": ruling.sessions,
        "gain": ruling.gain if math.isfinite(ruling.gain) else None,
        "bound": ruling.bound if math.isfinite(ruling.bound) else None,
        "why": ruling.why,
    }


def _decision(
    contest: Contest, ruling: Verdict, board: Board, sessions: Dates, close: int, horizon: int, rules: Retraining
) -> dict[str, object]:
    facts = _progress(ruling) | {"state": ruling.state, "decided": str(sessions[close])}
    if ruling.state != "won":
        return facts
    span = slice(_first(contest, sessions), close - horizon + 1)
    against = vetoes(ratios(board[contest.challenger], board[contest.champion], span, horizon), rules)
    if against:
        words = ", ".join(f"{one.name} {one.value:.2f} of the champion's, limit {one.limit:g}" for one in against)
        facts |= {"state": "vetoed", "why": Prose(f"{ruling.why}; vetoed: {words}")}
    return facts


def _signed(timeline: Timeline, signer: str) -> Timeline:
    won = [one for one in timeline.contests if one.state == "won"]
    if not won:
        return timeline
    best = max(won, key=lambda one: one.gain or 0.0)
    return timeline.promoted(best.challenger, best.decided, signer, best.why)


def _first(contest: Contest, sessions: Dates) -> int:
    """The row of the contest's first session."""
    return int(np.searchsorted(sessions, np.datetime64(contest.after), side="right"))
