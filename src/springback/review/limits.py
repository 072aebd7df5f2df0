"""How far the limits of the rule were used, what one day may lose, and how much capital the rule bears."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.market.prose import Prose
from springback.review.desk_frames import ENTRY, DeskFrames
from springback.review.document import Curve, Figure, Missing, Proposal, Section, Source, State, counted, curve, estimated, missing, worst
from springback.review.outcome import Reference, account_returns, known_equity, sessions_told
from springback.review.review_settings import ReviewRules
from springback.statistics.shrinkage import clustered_mean
from springback.statistics.value_at_risk import WINDOW, Coverage, coverage, exceptions, tail
from springback.strategy.knobs import Strategy

Numbers = NDArray[np.float64]
WHOLE = 1e-9
SIDES = ("long", "short")
REFUSED = 0.05
"""Chance under which a test of the value at risk calls it wrong."""


@dataclass(frozen=True, eq=False)
class Usage:
    """By decision (S,): positions of the fuller side over its slots, `gross` market value over what the regime allows, the `largest` line
    over equity; and of the entries (E,): shares over the cap by volume.
    """

    slots: Numbers
    gross: Numbers
    largest: Numbers
    capped: Numbers
    entry_session: NDArray[np.int64]


def usage(part: DeskFrames, strategy: Strategy) -> Usage:
    """How far each decision of `part` used what `strategy` allows. The regime sizes new entries only, so that the bull book, of which a
    bear regime keeps what it holds, is the limit of the gross.
    """
    lines = part.lines[part.lines["quantity"] != 0].assign(value=lambda frame: frame["quantity"] * frame["mark"])
    sessions = part.days["session"]
    equity = known_equity(part)
    signed = lines.assign(side=np.where(lines["value"] > 0, "long", "short"), size=lines["value"].abs().astype(np.float64))
    counts = signed.groupby(["session", "side"]).size().unstack("side").reindex(sessions).reindex(columns=SIDES).fillna(0.0)
    size = signed.groupby("session")["size"].agg(["sum", "max"]).reindex(sessions).fillna(0.0)
    allowed = max(strategy.bull_long, strategy.bear_long) + max(strategy.bull_short, strategy.bear_short)
    entries = part.orders[(part.orders["reason"] == ENTRY) & part.orders["adv_limit"].notna()]
    return Usage(
        slots=counts.to_numpy(np.float64).max(axis=1) / strategy.slots if len(sessions) else np.zeros(0),
        gross=size["sum"].to_numpy(np.float64) / equity / allowed if allowed > 0 else np.zeros(len(equity)),
        largest=size["max"].to_numpy(np.float64) / equity,
        capped=_ratio(entries["quantity"].abs(), entries["adv_limit"]),
        entry_session=np.unique(entries["session"].to_numpy(str), return_inverse=True)[1].astype(np.int64),
    )


def _ratio(top: "pd.Series[float]", bottom: "pd.Series[float]") -> Numbers:
    above, below = top.to_numpy(np.float64), bottom.to_numpy(np.float64)
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def limits(whole: DeskFrames, part: DeskFrames, strategy: Strategy, rules: ReviewRules, reference: Reference | None) -> Section:
    """Section 5: utilisation, breaches, near misses, the gap loss, and the value at risk with its tests of exceptions."""
    if not sessions_told(part):
        return Section("limits", "Limits", "unknown", absent=missing("account" if part.days.empty else "equity"))
    used = usage(part, strategy)
    figures = [
        *_used("Slots of the fuller side", used.slots, rules, part.source),
        *_used("Gross exposure", used.gross, rules, part.source),
        *_adv(used, part.source),
    ]
    gap, proposals = gap_loss(used, strategy, rules, part.source)
    risk, tested, absent = value_at_risk(account_returns(whole, whole), reference, rules, whole.source)
    breaches = int((used.slots > 1 + WHOLE).sum() + (used.gross > 1.1).sum() + (used.capped > 1 + WHOLE).sum())
    wrong = tested.tested and min(tested.kupiec, tested.christoffersen) < REFUSED
    states: list[State] = ["red" if breaches else "green", "amber" if proposals or wrong else "green"]
    failures = (Prose(f"value at risk: {tested.exceptions} exceptions in {tested.sessions} sessions, not as it says"),) if wrong else ()
    words = (
        Prose(f"{breaches} breaches of a limit of the rule: slots, gross (10 % of drift let through), cap by volume."),
        *_near(used, rules),
    )
    note = Prose("1 is the limit of the rule.")
    lines = (("slots", curve(used.slots)), ("gross", curve(used.gross)))
    drawn = Curve("limits", "Use of slots and gross", note, tuple(part.days["session"]), lines, "fraction")
    return Section("limits", "Limits", worst(states), (*figures, *gap, *risk), (), words, absent, proposals, failures, (drawn,))


def _used(name: str, share: Numbers, rules: ReviewRules, source: Source) -> list[Figure]:
    share = share[~np.isnan(share)]
    over, near = int((share > 1 + WHOLE).sum()), int(((share >= rules.near) & (share <= 1 + WHOLE)).sum())
    note = f"mean and most of {len(share)} sessions; {over} above the limit, {near} from {100 * rules.near:g} % of it on"
    return [
        counted(f"{name}, mean of the limit", float(share.mean()) if len(share) else None, "fraction", source, note),
        counted(f"{name}, most of the limit", float(share.max()) if len(share) else None, "fraction", source),
    ]


def _adv(used: Usage, source: Source) -> list[Figure]:
    """The share of entries that the cap by volume bound, with an interval over sessions, for the entries of an evening lean on one
    another.
    """
    known = ~np.isnan(used.capped)
    cut = (np.floor(used.capped[known] + 1e-6) >= 1).astype(np.float64)
    bound = clustered_mean(cut, used.entry_session[known])
    note = f"{bound.count:,} entries on {bound.clusters} sessions, clustered by session"
    return [estimated("Entries that the cap by volume bound", bound.mean, (bound.low, bound.high), "fraction", source, note)]


def _near(used: Usage, rules: ReviewRules) -> tuple[Prose, ...]:
    close = int(((used.gross >= rules.near) & (used.gross <= 1 + WHOLE)).sum())
    words = f"The gross stood at {100 * rules.near:g} % of its limit or more on {close} of {len(used.gross)} sessions: near misses."
    return (Prose(words),) if close else ()


def gap_loss(used: Usage, strategy: Strategy, rules: ReviewRules, source: Source) -> tuple[list[Figure], tuple[Proposal, ...]]:
    """What one name that opens lower by `gap` costs, at the largest line that was held and at the size that the rule aims at; more slots
    are proposed where the aim alone costs more than `gap_loss` of equity.
    """
    aim = max(strategy.bull_long, strategy.bull_short, strategy.bear_long, strategy.bear_short) / strategy.slots
    most = float(np.nanmax(used.largest, initial=0.0))
    name = f"Loss when the largest line gaps by {100 * rules.gap:g} %"
    limit = f"limit {100 * rules.gap_loss:g} % of equity"
    figures = [
        counted(f"{name}, as held", most * rules.gap, "percent2", source, limit),
        counted(f"{name}, as the rule sizes it", aim * rules.gap, "percent2", Source("settings"), limit),
    ]
    if aim * rules.gap <= rules.gap_loss + WHOLE:
        return figures, ()
    slots = int(np.ceil(aim * strategy.slots * rules.gap / rules.gap_loss - WHOLE))
    why = f"an entry of {100 * aim:.2f} % of equity that opens {100 * rules.gap:g} % lower costs {100 * aim * rules.gap:.2f} % of equity, "
    why += f"the limit is {100 * rules.gap_loss:g} %; {slots} slots bring it there. What it costs in return is not known before a backtest"
    return figures, (Proposal("strategy.slots", strategy.slots, slots, Prose(why)),)


def value_at_risk(
    returns: Numbers, reference: Reference | None, rules: ReviewRules, source: Source
) -> tuple[list[Figure], Coverage, tuple[Missing, ...]]:
    """The next session's value at risk and expected shortfall, fractions, and how often the account's `returns` (S,) passed it.

    The window of 250 sessions begins in the reference where there is one, so that the account is tested from its first session on.
    """
    before = np.zeros(0) if reference is None else reference.returns[-WINDOW:]
    history = np.concatenate([before, returns])
    loss, mean = tail(history[-WINDOW:], rules.tail)
    share = 100 * rules.tail
    note = f"of the last {min(len(history), WINDOW)} sessions, {len(before)} of the reference before the account's {len(returns)}"
    figures = [
        counted(f"Value at risk, one session, {share:g} %", loss, "percent2", source, note),
        counted(f"Expected shortfall, one session, {share:g} %", mean, "percent2", source, note),
    ]
    hits = exceptions(history, rules.tail)[-len(returns) :] if len(returns) else np.zeros(0, np.bool_)
    found = coverage(hits, rules.tail)
    figures.append(counted("Sessions that lost more", found.exceptions, "count", source, f"of {found.sessions}; {found.expected:.1f} due"))
    if not found.tested:
        few = f"{found.sessions} sessions with a value at risk, 250 are needed to test its exceptions: too few"
        return figures, found, (Missing("sessions", Prose(few)),)
    chances = {"Kupiec, as often as due": found.kupiec, "Christoffersen, scattered": found.independence, "both": found.christoffersen}
    return [*figures, *(counted(f"Chance: {name}", value, "three", source) for name, value in chances.items())], found, ()


def capacity(part: DeskFrames) -> Section:
    """Section 10: by how much the account could grow before the cap by volume binds one entry in ten, and half of them."""
    entries = part.orders[(part.orders["reason"] == ENTRY) & part.orders["adv_limit"].notna() & (part.orders["quantity"] != 0)]
    room = _ratio(entries["adv_limit"], entries["quantity"].abs())
    if not len(room) or np.isnan(part.equity):
        return Section("capacity", "Capacity", "unknown", absent=missing("account" if part.days.empty else "sessions"))
    tenth, half = np.quantile(room, [0.1, 0.5])
    note = f"{len(room):,} entries"
    figures = (
        counted("Capital at which one entry in ten is cut", float(tenth) * part.equity, "dollars", part.source, note),
        counted("Capital at which half of them are cut", float(half) * part.equity, "dollars", part.source, note),
    )
    state: State = "green" if tenth >= 1.5 else "amber"
    words = Prose(f"The account could be {tenth:.1f} times as large before the cap by volume cuts one entry in ten.")
    return Section("capacity", "Capacity", state, figures, words=(words,))
