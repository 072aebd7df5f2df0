"""Models: who is champion, who contests it, how the watch over it stands, what it looks at and how well its scores are calibrated."""

from collections.abc import Mapping
from typing import Any

from springback.forecasting.timeline import Timeline
from springback.web.page import Act, Bar, BarList, Block, Column, Facts, Line, Page, Picture, Sheet, Tile, Tiles, Words
from springback.web.pages.why import FEATURE
from springback.web.visit import Visit
from springback.workflow.champions import timeline_of, where
from springback.workflow.studies import read, studies, values
from springback.workflow.watch import state_of

CONTESTS = (
    Column("challenger", "Challenger", "code"),
    Column("champion", "Against", "code"),
    Column("after", "After", "session"),
    Column("sessions", "Sessions", "count"),
    Column("gain", "Gain a session", "score", signed=True),
    Column("bound", "Lower bound", "score", signed=True),
    Column("state", "State", "tone"),
    Column("decided", "Decided", "session"),
    Column("why", "Why", wide=True),
)
TENURES = (Column("model", "Champion", "code"), Column("after", "After", "session"), Column("by", "By"), Column("why", "Why", wide=True))
STATES = {"won": "good", "promoted": "good", "lost": "quiet", "vetoed": "bad", "open": ""}


def models(visit: Visit) -> Page:
    """The page. Raises `MissingData` where there is no champion yet."""
    folder = visit.models
    timeline = timeline_of(folder)
    champion = timeline.champion
    blocks: list[Block] = [_tiles(visit, timeline), *_watch(visit)]
    card, evaluation = (read(where(folder, champion)[0] / file) for file in ("card.json", "evaluation.json"))
    evaluation = evaluation or read(folder / "evaluation.json")
    blocks += [*_importance(_evaluated(evaluation)), *_calibration()]
    contests = [vars(one) | {"why": str(one.why), "_tone_state": STATES.get(one.state, "")} for one in reversed(timeline.contests)]
    blocks.append(Sheet("contests", "Contests", CONTESTS, contests, nothing="No challenger yet: one is trained each quarter."))
    blocks.append(Sheet("tenures", "Champions so far", TENURES, [vars(one) | {"why": str(one.why)} for one in reversed(timeline.tenures)]))
    blocks.append(_card(card))
    blocks += _acts(timeline)
    waiting = len(timeline.waiting)
    lead = f"{champion} decides since {timeline.tenures[-1].after}; {waiting} contests are open." if waiting else f"{champion} decides."
    return Page("Models", lead, tuple(blocks))


def _tiles(visit: Visit, timeline: Timeline) -> Tiles:
    watched = None if visit.desk is None else state_of(visit.account.folder.path)
    stand = "not watched" if watched is None or not watched.watched else f"{watched.shortfall:.1f} of {watched.limit:.1f}"
    alarm = bool(watched and watched.alarm)
    return Tiles(
        (
            Tile("Champion", timeline.champion, "text", f"since {timeline.tenures[-1].after}"),
            Tile("Before it", timeline.previous or "none"),
            Tile("Open contests", len(timeline.waiting), "count"),
            Tile(
                "Watch",
                "ALARM" if alarm else stand,
                "text",
                f"alarm since {watched.alarm}" if watched and alarm else "",
                "bad" if alarm else "",
            ),
        )
    )


def _watch(visit: Visit) -> tuple[Block, ...]:
    if visit.desk is None:
        return ()
    state = state_of(visit.account.folder.path)
    if state is None or not state.watched:
        return (Words("The champion has nothing to be held against yet: it is not watched.", "The watch", "absent"),)
    share = min(1.0, state.shortfall / state.limit)
    words = (
        f"The running sum (CUSUM) of what the rank IC falls short of {state.mean:.3f}, in standard deviations. "
        f"{state.count} sessions were scored up to {state.newest or 'none'}; where nothing changes it comes in "
        f"{state.rate:.0%} of {state.sessions} sessions."
    )
    bars = (
        Bar("the sum now", state.shortfall, f"{state.shortfall:.1f}", f"{share:.0%} of the limit", tone="bad" if state.alarm else ""),
        Bar("the limit", state.limit, f"{state.limit:.1f}", tone="quiet"),
    )
    found: list[Block] = [BarList("The watch", words, bars)]
    if state.alarm:
        found.append(Act("clear-alarm", "Clear the alarm", "The watch begins anew, and entries have their whole size again.", "Clear it"))
    return tuple(found)


def _evaluated(evaluation: Mapping[str, Any]) -> Mapping[str, Any]:
    """The champion's own evaluation, else that of the models of the newest run that has one."""
    told = None if evaluation else _newest("importance")[1]
    if not told:
        return evaluation
    rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    return {f"importance_{side}": [one for one in rows if one["side"] == side] for side in ("long", "short")}


def _newest(table: str) -> tuple[str, Mapping[str, Any]]:
    """The newest run whose report has rows in a table, and the table; nothing where there is none."""
    for run in sorted(studies("run"), reverse=True):
        told = values("run", run, "report.json").get(table) or {}
        if told.get("rows"):
            return run, told
    return "", {}


def _importance(evaluation: Mapping[str, Any]) -> tuple[Block, ...]:
    found = []
    for side, word in (("long", "P(up)"), ("short", "P(down)")):
        rows = sorted(evaluation.get(f"importance_{side}", ()), key=lambda one: -one["auc_lost"])
        if rows:
            bars = tuple(
                Bar(FEATURE.get(one["feature"], one["feature"]), one["auc_lost"], f"{one['auc_lost']:+.4f}".replace("-", "−"))
                for one in rows
            )
            found.append(BarList(f"What {word} stands on", "AUC that is lost when a feature is shuffled, out of sample.", bars))
    nothing = "No evaluation is at hand: 'springback run' and 'springback train' make one."
    return tuple(found) or (Words(nothing, "What the scores stand on", "absent"),)


def _calibration() -> tuple[Block, ...]:
    run, told = _newest("reliability")
    if not told:
        return ()
    rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    across = sorted({round(one["probability"], 4) for one in rows})
    lines = []
    for side, colour in (("long", "good"), ("short", "bad")):
        at = {round(one["probability"], 4): one["came_true"] for one in rows if one["side"] == side}
        lines.append(Line(f"{side}: came true", [at.get(one) for one in across], colour, points=True))
    lines.append(Line("as said", across, "muted", dashed=True))
    words = f"What was said against how often it came true, out of sample, run {run}; on the dashed line a score means what it says."
    return (Picture("calibration", "Calibration", words, across, tuple(lines), "share", across="probability"),)


def _card(card: Mapping[str, Any]) -> Facts:
    names = {
        "first": "Learned from",
        "last": "Learned to",
        "known_by": "Known by",
        "rows": "Rows",
        "horizon": "Horizon, sessions",
    }
    pairs = [(name, card.get(key)) for key, name in names.items()]
    trained = ("Trained, New York", card.get("created"), "instant")
    return Facts("The champion's card", (trained, *pairs, ("Fingerprint", card.get("fingerprint"), "code")))  # type: ignore[arg-type]


def _acts(timeline: Timeline) -> list[Block]:
    found: list[Block] = []
    if timeline.challengers:
        fields = {
            "name": ("Challenger", timeline.challengers[-1], timeline.challengers),
            "why": ("Why", "", ()),
            "override": ("Why before the verdict (empty: it has won)", "", ()),
        }
        words = "It is champion from the next session on, and the other contests begin anew. The ledger keeps who signed."
        found.append(Act("promote", "Promote a challenger", words, "Promote", fields))
    if timeline.previous:
        words = f"{timeline.previous} is champion again from the next session on."
        found.append(Act("rollback", "Roll back", words, "Roll back", {"why": ("Why", "", ())}))
    return found
