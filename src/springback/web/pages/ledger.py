"""The trial ledger, what luck makes of so many trials, and what the search for settings found."""

from collections.abc import Mapping
from typing import Any

from springback.web.page import Bar, BarList, Block, Column, Facts, Frame, Page, Sheet, Words
from springback.web.visit import Visit
from springback.workflow.studies import studies, values

TRIALS = (
    Column("row", "Row", "count"),
    Column("at", "When", "instant"),
    Column("kind", "What"),
    Column("first", "First", "session"),
    Column("last", "Last", "session"),
    Column("sharpe", "Sharpe", "number"),
    Column("seen", "Looks", "count"),
    Column("knobs", "Settings turned", "count"),
    Column("turned", "Settings other than usual", export=True),
    Column("command", "Command", "code", export=True),
)
STANDINGS = (
    Column("market", "Market"),
    Column("first", "First", "session"),
    Column("last", "Last", "session"),
    Column("trials", "Trials", "count"),
    Column("independent", "Independent", "number"),
    Column("best_by_luck", "Best by luck, Sharpe", "number"),
)


def ledger(visit: Visit) -> Page:
    """The page."""
    found = visit.desks.trials(visit.store)
    rows = [one | {"knobs": len(one["settings"]), "turned": _turned(one["settings"])} for one in found.rows[::-1]]
    standings = [one | {"market": _short(str(one["market"]))} for one in found.standings]
    known = studies("optimise")
    name = visit.query.get("study", max(known, key=lambda one: known[one].stat().st_mtime, default=""))
    blocks: list[Block] = [Words(found.fault, tone="bad")] if found.fault else []
    blocks += [
        Sheet("standings", "What luck would show", STANDINGS, standings, "Sharpe of the best of so many trials without any skill."),
        *(_study(name) if name in known else (Words("No search yet: 'springback optimize' makes one.", "The search", "absent"),)),
        Sheet(
            "trials",
            "Trials",
            TRIALS,
            rows,
            "Every look at a period, the newest first; settings and commands stand in the CSV file.",
            "The ledger is empty.",
            25,
        ),
    ]
    return Page(
        "Ledger and optimisation", f"{found.looks} looks are entered in {found.file.name}, {len(found.rows)} of them trials.", tuple(blocks)
    )


def _short(market: str) -> str:
    """A market's name, of its hash the first sixteen letters, as on every page."""
    return " ".join(word[:16] if len(word) == 64 else word for word in market.split())


def _turned(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in settings.items())


def _study(name: str) -> tuple[Block, ...]:
    told = values("optimise", name)
    finding, plane = told.get("finding") or {}, told.get("plane")
    pairs = (
        ("Period", f"{told['first']} to {told['last']}; held back {told['held_first']} to {told['held_last']}"),
        ("Best Sharpe", finding.get("sharpe"), "number"),
        ("Of the specification", finding.get("specified_sharpe"), "number"),
        ("Best by luck", finding.get("luck"), "number"),
        ("Deflated", finding.get("deflated"), "share"),
        ("Probability of overfitting", finding.get("overfitting"), "share"),
    )
    importances = told.get("importances") or {}
    bars = tuple(Bar(key, value, f"{value:.2f}") for key, value in sorted(importances.items(), key=lambda one: -one[1]))
    return (
        Facts(f"The search {name}", pairs),  # type: ignore[arg-type]
        *((BarList("Which settings mattered", "Share of the variation between trials that each setting explains.", bars),) if bars else ()),
        *((_map(plane),) if plane else ()),
        Frame("The page of the search", f"/study/optimise/{name}"),
    )


def _map(plane: Mapping[str, Any]) -> Sheet:
    """The sensitivity map: one setting across, one down, the Sharpe ratio in each cell."""
    across, down = plane["across"], plane["down"]
    heads = (Column("down", down["name"], "text"), *(Column(f"c{k}", f"{value:.4g}", "number") for k, value in enumerate(across["values"])))
    known = [value for row in plane["figures"] for value in row if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    rows = []
    for value, figures in zip(down["values"], plane["figures"], strict=True):
        cells = {f"c{k}": figure for k, figure in enumerate(figures)}
        tones = {f"_tone_c{k}": _heat(figure, low, high) for k, figure in enumerate(figures)}
        rows.append({"down": f"{value:.4g}", **cells, **tones})
    note = f"Sharpe ratio by {across['name']} across and {down['name']} down, before the held-back period; darker is better."
    return Sheet("map", "Sensitivity map", heads, rows, note)


def _heat(figure: float | None, low: float, high: float) -> str:
    if figure is None or high <= low:
        return ""
    return f"heat-{min(4, int(5 * (figure - low) / (high - low)))}"
