"""What ran and who answers for it: inventory, incidents, contests, triggers of an extra review, assumptions that failed, the signature."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from springback.analytics.figures import shown as percent
from springback.market.bars import Dates
from springback.market.prose import Prose
from springback.operation.attribution_study import AttributionStudy
from springback.review.desk_frames import DeskFrames
from springback.review.document import NOWHERE, Absence, Figure, Grid, Section, Source, State, Trigger, counted, missing, worst
from springback.review.outcome import Reference, account_returns, band, deepest_fall, known_equity
from springback.review.review_settings import ReviewRules

GROWN = 1.5
"""Times as large gross or capital asks for an extra review."""
HASHES = ("data", "settings", "program")


@dataclass(frozen=True)
class LedgerFacts:
    """What the trial ledger says: its file and the hash of its newest row, how many `trials` saw this market and how many of them the
    quarter added, and what is wrong with it (empty: it is whole).
    """

    source: Source
    trials: int
    added: int
    fault: str


@dataclass(frozen=True)
class ContestFact:
    """What happened to a contest by the close of `session` (ISO): `event` of the ledger, challenger and champion by name, the sessions
    counted by then and their mean gain (None: none yet), by whom and why.
    """

    session: str
    event: str
    challenger: str
    champion: str
    sessions: int
    gain: float | None
    by: str
    why: Prose


@dataclass(frozen=True)
class IncidentFact:
    """Something that a person had to know: its `cause`, when it was `opened` (ISO, UTC), after how many `hours` it ended (None: it stands),
    and the same in words.
    """

    cause: str
    opened: str
    hours: float | None
    words: Prose


def inventory(desk: DeskFrames, version: str | None, ledger: LedgerFacts | None, facts: Mapping[str, Any]) -> Section:
    """Section 2: models, data, program and settings by their hashes at the newest decision, what changed in the quarter, and when."""
    figures = [counted(name, value, "text", Source("this machine")) for name, value in facts.items()]
    named = version or "unversioned: these settings came from no signed version"
    figures.append(counted("Settings version", named, "text", Source("springback.toml")))
    absent: list[Absence] = [] if len(desk.days) else ["account"]
    grids: tuple[Grid, ...] = ()
    if len(desk.days):
        newest = _flat(desk.hashes[-1])
        figures += [counted(f"Hash of {name}", value[:16], "text", desk.source) for name, value in newest.items()]
        figures.append(counted("Champion", str(desk.days["champion"].iloc[-1]), "text", desk.source))
        figures.append(counted("Challengers", ", ".join(desk.challengers[-1]) or "none", "text", desk.source))
        grids = (_changes(desk),)
    if ledger is None:
        absent.append("ledger")
    else:
        figures.append(counted("Trials on this market", ledger.trials, "count", ledger.source, f"{ledger.added} of them in the quarter"))
    broken = ledger is not None and bool(ledger.fault)
    words = (Prose(f"The trial ledger is damaged: {ledger.fault}."),) if ledger is not None and broken else ()
    unversioned = version is None or (len(desk.days) and desk.days["settings_version"].isna().any())
    state: State = "red" if broken else "amber" if unversioned else "green"
    if len(desk.days) and (bare := int(desk.days["settings_version"].isna().sum())):
        words = (*words, Prose(f"{bare} of {len(desk.days)} decisions ran under unversioned settings."))
    return Section("inventory", "Inventory", state, tuple(figures), grids, words, missing(*absent))


def _flat(hashes: Mapping[str, Any]) -> dict[str, str]:
    """`hashes` with those of the models by name."""
    found = {name: str(hashes.get(name, "")) for name in HASHES}
    models = hashes.get("models", {})
    return found | {f"model {name}": str(value) for name, value in (models.items() if isinstance(models, Mapping) else ())}


def _changes(desk: DeskFrames) -> Grid:
    """What differs between one decision and the one before it: the data change every day and are left out."""
    rows: list[tuple[str, str, str, str]] = []
    for k in range(1, len(desk.days)):
        day = str(desk.days["session"].iloc[k])
        for before, after in ((_flat(desk.hashes[k - 1]), _flat(desk.hashes[k])), (desk.settings[k - 1], desk.settings[k])):
            rows += [
                (day, name, _short(before.get(name, "")), _short(after.get(name, "")))
                for name in sorted({*before, *after} - {"data"})
                if before.get(name, "") != after.get(name, "")
            ]
        rows += [
            (day, name, str(desk.days[name].iloc[k - 1]), str(desk.days[name].iloc[k]))
            for name in ("champion", "settings_version", "profile", "account")
            if str(desk.days[name].iloc[k - 1]) != str(desk.days[name].iloc[k])
        ]
    heads = ("Session", "What", "Before", "After")
    return Grid("What changed", heads, tuple(rows), (True,) * 4, Prose("" if rows else "Nothing changed but the data."))


def _short(value: Any) -> str:
    return str(value)[:24]


def incidents(
    desk: DeskFrames,
    calendar: Dates,
    rules: ReviewRules,
    begun: str,
    events: Sequence[IncidentFact] | None = None,
    at_broker: bool = False,
) -> Section:
    """Section 11: evenings missed, late or without entries, halts, orders that did not fill; `calendar` (S,) holds the sessions due.

    They are due from `begun` on, the session (ISO) of the account's first decision; empty: it has none, and nothing was due. `events` are
    those of the state database (None: there is none). `at_broker`: the account has a journal that is reconciled.
    """
    lacking = ("drill",) if at_broker else ("broker", "drill")
    if not begun:
        return Section("incidents", "Incidents", "unknown", absent=missing("account", *lacking))
    kinds = Counter(desk.days["kind"])
    decided = {*desk.days["session"], *desk.damaged}
    lost = [str(day) for day in calendar if str(day) not in decided and str(day) >= begun]
    due = len(decided) + len(lost)
    gone = len(lost) + kinds["late"]
    figures = [
        counted("Sessions due", due, "count", Source("exchange calendar"), "from the account's first decision on"),
        counted("Decisions frozen in time", kinds["frozen"], "count", desk.source),
        counted("At the deadline, exits only", kinds["deadline"], "count", desk.source),
        counted("Late, without orders", kinds["late"], "count", desk.source),
        counted("Without any record", len(lost), "count", desk.source),
        counted("Decisions without entries", int(desk.days["exits_only"].astype(bool).sum()), "count", desk.source),
        counted("Decisions that are not what was frozen", len(desk.damaged), "count", desk.source, "none of them is used"),
        counted("Orders that ended unfilled", len(desk.ended), "count", desk.source),
    ]
    figures += [] if events is None else _resolved(events)
    missed = gone / due if due else 0.0
    standing = any(one.hours is None for one in events or ())
    curbed = bool(gone or kinds["deadline"] or desk.notices or standing)
    state: State = "red" if missed > rules.missed or desk.damaged else "amber" if curbed else "green"
    failures = (Prose(f"an order every evening: {gone} of {due} evenings gave none in time"),) if missed > rules.missed else ()
    grids = (_causes(desk), _unfilled(desk), *(() if events is None else (_told(events),)))
    return Section("incidents", "Incidents", state, tuple(figures), grids, (), missing(*lacking), (), failures)


def _resolved(events: Sequence[IncidentFact]) -> list[Figure]:
    hours = [one.hours for one in events if one.hours is not None]
    source = Source("state database")
    return [
        counted("Incidents opened", len(events), "count", source),
        counted("Incidents that stand", len(events) - len(hours), "count", source),
        counted("Hours until an incident ended, median", float(np.median(hours)) if hours else None, "one", source),
    ]


def _told(events: Sequence[IncidentFact]) -> Grid:
    rows = tuple((one.cause, one.opened, "stands" if one.hours is None else percent(one.hours, "one"), str(one.words)) for one in events)
    heads = ("Cause", "Opened, UTC", "Hours", "In words")
    return Grid("Incidents", heads, rows, (True, True, False, True), Prose("" if rows else "Nobody had to be told of anything."))


def _causes(desk: DeskFrames) -> Grid:
    """Reasons of exits only and halts, by code: first and last session, how many, the words of the last."""
    found: dict[str, list[tuple[str, str]]] = {}
    for day, code, text in desk.notices:
        found.setdefault(code, []).append((day, text))
    rows = tuple((code, f"{len(days)}", days[0][0], days[-1][0], days[-1][1]) for code, days in sorted(found.items()))
    heads = ("Cause", "Sessions", "First", "Last", "In words, the last")
    note = Prose("" if rows else "No cause kept entries away, and nothing was halted.")
    return Grid("Why there were no entries", heads, rows, (True, False, True, True, True), note)


def _unfilled(desk: DeskFrames) -> Grid:
    counts = Counter(zip(desk.ended["status"].astype(str), desk.ended["why"].astype(str), strict=True))
    rows = tuple((status, why, f"{count:,}") for (status, why), count in sorted(counts.items()))
    note = Prose("" if rows else "Every order that ended was filled.")
    return Grid("Orders that ended unfilled", ("Status", "Why", "Orders"), rows, (True, True, False), note)


def contests(desk: DeskFrames, ledger: LedgerFacts | None, events: Sequence[ContestFact]) -> Section:
    """Section 12: who was champion when, and what happened to the contests that the ledger holds."""
    lacking: list[Absence] = [] if len(desk.days) else ["account"]
    if ledger is None:
        lacking.append("ledger")
    spans: list[tuple[str, str, str]] = []
    for day, name in zip(desk.days["session"], desk.days["champion"], strict=True):
        if not spans or spans[-1][0] != str(name):
            spans.append((str(name), str(day), str(day)))
        spans[-1] = (*spans[-1][:2], str(day))
    champions = Grid("Champions", ("Model", "First session", "Last session"), tuple(spans), (True, True, True))
    grids = (*((champions,) if spans else ()), *((_happened(events),) if ledger else ()))
    source = NOWHERE if ledger is None else ledger.source
    figures = (
        counted("Champions in the quarter", len(spans), "count", desk.source),
        counted("Events of contests", None if ledger is None else len(events), "count", source),
    )
    state: State = "unknown" if lacking else "amber" if len(spans) > 1 else "green"
    return Section("contests", "Contests and decisions", state, figures, grids, absent=missing(*lacking))


def _happened(events: Sequence[ContestFact]) -> Grid:
    rows = tuple(
        (one.session, one.event, one.challenger, one.champion, f"{one.sessions:,}", percent(one.gain, "three"), one.by, str(one.why))
        for one in events
    )
    heads = ("Session", "Event", "Challenger", "Champion", "Sessions", "Gain", "By", "Why")
    note = Prose("" if rows else "Nothing happened to a contest in the quarter.")
    return Grid("Contests", heads, rows, (True, True, True, True, False, False, True, True), note)


def triggers(
    whole: DeskFrames, part: DeskFrames, reference: Reference | None, chains: AttributionStudy | None = None
) -> tuple[Trigger, ...]:
    """What asks for a review before the next quarter, each told where nobody can know."""
    return (_drawdown(whole, part, reference), _alarm(part), _unreconciled(part, chains), *_changed(part), *_grown(part))


def _drawdown(whole: DeskFrames, part: DeskFrames, reference: Reference | None) -> Trigger:
    returns = account_returns(whole, part)
    limit = band(reference.returns, len(returns)).deepest if reference is not None and len(returns) else float("nan")
    source = NOWHERE if reference is None else reference.source
    if np.isnan(limit):
        return Trigger("drawdown", None, Prose("Drawdown beyond the 95 % band: no band is known."), source)
    fall = deepest_fall(returns)
    words = f"Drawdown beyond the 95 % band: {percent(fall, 'percent2')} against {percent(limit, 'percent2')}."
    return Trigger("drawdown", fall < limit, Prose(words), source)


def _alarm(part: DeskFrames) -> Trigger:
    if part.days.empty:
        return Trigger("alarm", None, Prose("CUSUM alarm: no decision tells."), part.source)
    factors = pd.to_numeric(part.days["alarm_factor"], errors="coerce")
    count = int((factors < 1).sum())
    return Trigger("alarm", count > 0, Prose(f"CUSUM alarm: entries were scaled down on {count} of {len(factors)} sessions."), part.source)


def _unreconciled(part: DeskFrames, chains: AttributionStudy | None) -> Trigger:
    if chains is not None and chains.days:
        count = sum(one.state == "unreconciled" for one in chains.days)
        return Trigger("unreconciled", count >= 2, Prose(f"Two unreconciled days: {count} of {len(chains.days)}."), part.source)
    return Trigger("unreconciled", None, Prose("Two unreconciled days: no broker yet, so no day is reconciled."), part.source)


def _changed(part: DeskFrames) -> tuple[Trigger, ...]:
    found = []
    named = (("model", "New champion", ("champion",)), ("broker", "Broker, account or program", ("account",)))
    for key, name, columns in named:
        if part.days.empty:
            found.append(Trigger(key, None, Prose(f"{name}: no decision tells."), part.source))
            continue
        values = {tuple(map(str, row)) for row in part.days[list(columns)].to_numpy()}
        programs = {str(one.get("program", "")) for one in part.hashes} if key == "broker" else {""}
        fired = len(values) > 1 or len(programs) > 1
        found.append(Trigger(key, fired, Prose(f"{name}: {'it changed' if fired else 'it did not change'}."), part.source))
    return tuple(found)


def _grown(part: DeskFrames) -> tuple[Trigger, ...]:
    """Capital and gross at the last decision of the quarter against the first, whose book was empty where the account is new."""
    equity = known_equity(part)
    lines = part.lines.assign(size=(part.lines["quantity"] * part.lines["mark"]).abs())
    gross = lines.groupby("session")["size"].sum().reindex(part.days["session"]).fillna(0.0).to_numpy(np.float64)
    found = []
    for key, name, values in (("capital", "Capital", equity), ("gross", "Gross", gross)):
        known = values[values > 0]
        if len(known) < 2:
            found.append(Trigger(key, None, Prose(f"{name} times {GROWN:g}: too few decisions tell."), part.source))
            continue
        times = float(known[-1] / known[0])
        found.append(Trigger(key, times >= GROWN, Prose(f"{name} times {GROWN:g}: it is {times:.2f} times as large."), part.source))
    return tuple(found)


def assumptions(sections: Sequence[Section]) -> Section:
    """Section 13: what the other sections found to be otherwise than assumed."""
    failed = tuple(words for section in sections for words in section.failures)
    words = failed or (Prose("No assumption that could be tested failed."),)
    return Section("assumptions", "Assumptions that failed", "red" if failed else "green", words=words)


def signature(sections: Sequence[Section]) -> Section:
    """Section 14: open actions, an owner and a date to be filled in for each, and who signs."""
    actions = [f"decide on {one.knob}" for section in sections for one in section.proposals]
    actions += [f"find out why: {section.title.lower()} is red" for section in sections if section.state == "red"]
    rows = tuple((action, "", "") for action in actions) or (("none", "", ""),)
    signed = Grid("Signed", ("Name", "Date"), (("", ""),), (True, True))
    return Section("signature", "Signature", "unknown", grids=(Grid("Open actions", ("Action", "Owner", "Due"), rows, (True,) * 3), signed))


def one_page(sections: Sequence[Section], fired: Sequence[Trigger]) -> Section:
    """Section 1: the state of each section, what asks for an extra review, and the decisions that are asked."""
    rows = tuple((section.title, section.state, "; ".join(one.words for one in section.absent) or "–") for section in sections)
    table = Grid("State of each section", ("Section", "State", "Without"), rows, (True, True, True))
    asked = tuple((one.knob, shown(one.current), shown(one.value), str(one.why)) for section in sections for one in section.proposals)
    note = Prose("Nothing is changed by this document; 'springback review --apply --by WHO' signs what it proposes.")
    decisions = Grid("Decisions asked", ("Setting", "In force", "Proposed", "Why"), asked, (True, False, False, True), note)
    alarms = tuple(("extra review" if one.fired else "no" if one.fired is False else "unknown", str(one.words)) for one in fired)
    causes = Grid("What asks for an extra review", ("Answer", "Trigger"), alarms, (True, True))
    state = worst([*(section.state for section in sections), *(("amber",) if any(one.fired for one in fired) else ())])
    return Section("summary", "On one page", state, grids=(table, decisions, causes))


def shown(value: float | tuple[float, ...]) -> str:
    """A setting as a person reads it."""
    return ", ".join(f"{one:g}" for one in value) if isinstance(value, tuple) else f"{value:g}"
