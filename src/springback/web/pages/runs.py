"""Runs: every run folder with a filter, two of them side by side, and a run's report in a box of its own."""

from collections.abc import Mapping
from typing import Any

from springback.errors import MissingData
from springback.project import usual
from springback.web.cells import shown
from springback.web.page import Block, Choice, Column, Frame, Page, Sheet, Words
from springback.web.visit import Visit
from springback.workflow.runs import runs_in
from springback.workflow.studies import studies, values

COLUMNS = (
    Column("run", "Run", link="runs?run={run}"),
    Column("written", "Written", "instant"),
    Column("window", "Window", "session"),
    Column("annual_return", "Return a year", "share"),
    Column("sharpe", "Sharpe", "number"),
    Column("max_drawdown", "Deepest fall", "share"),
    Column("trades", "Trades", "count"),
    Column("what", "What"),
    Column("command", "Command", "code", wide=True),
)
UNITS: Mapping[str, str] = {"fraction": "share", "dollars": "dollars", "count": "count", "sessions": "count", "date": "session"}


def runs(visit: Visit) -> Page:
    """The page. Raises `MissingData` where there is no run."""
    found = runs_in(usual("runs"))
    one, other = visit.query.get("run", ""), visit.query.get("beside", "")
    if one and other:
        return _beside(one, other)
    if one:
        return _one(one)
    words = visit.query.get("find", "").strip().lower()
    rows = [row for row in found.rows[::-1] if words in " ".join(str(value) for value in row.values()).lower()]
    blocks: list[Block] = [Choice({"find": ("Find in name, command, kind", words, ())}, "Filter")]
    if len(found.rows) > 1:
        names = tuple(str(row["run"]) for row in found.rows[::-1])
        blocks.append(Choice({"run": ("Run", names[0], names), "beside": ("beside", names[1], names)}, "Side by side"))
    blocks.append(Sheet("runs", "Run folders", COLUMNS, rows, "The newest first.", f"No run has '{words}' in it."))
    blocks += [Words(f"{name} cannot be read: its summary is damaged.", tone="bad") for name in found.damaged]
    return Page("Runs", f"{len(found.rows)} runs; the newest is {found.rows[-1]['run']}." if found.rows else "", tuple(blocks))


def _one(run: str) -> Page:
    if run not in studies("run"):
        raise MissingData(f"there is no run {run[:64]}: choose one of the list")
    told = values("run", run)
    if "window" not in told:
        raise MissingData(f"{run} has no summary that can be read: make the run anew")
    gates = [
        {"gate": one["label"], "verdict": _verdict(one), "_tone_verdict": _tone(one)}
        | {name: shown(one[key], UNITS.get(one["unit"], "score")) for name, key in (("found", "value"), ("limit", "limit"))}
        for one in told.get("gates", ())
    ]
    columns = (
        Column("gate", "Gate"),
        Column("found", "Found", "score"),
        Column("limit", "Limit", "score"),
        Column("verdict", "Verdict", "tone"),
    )
    head = [str(line) for line in told.get("headline", ())]
    blocks: tuple[Block, ...] = (
        *(Words(line, tone="warn" if told.get("demo") and k == 0 else "") for k, line in enumerate(head)),
        Sheet("gates", "Gates", columns, gates),
        Frame("The report", f"/study/run/{run}"),
    )
    return Page(run, f"{told['window']['start']} to {told['window']['end']}, {told['profile']} costs.", blocks)


def _verdict(gate: Mapping[str, Any]) -> str:
    return "unknown" if gate["passed"] is None else "pass" if gate["passed"] else "fail"


def _tone(gate: Mapping[str, Any]) -> str:
    return "" if gate["passed"] is None else "good" if gate["passed"] else "bad"


def _beside(one: str, other: str) -> Page:
    told = [values("run", name) for name in (one, other)]
    for name, found in zip((one, other), told, strict=True):
        if not found:
            raise MissingData(f"there is no run {name[:64]}: choose one of the list")
    figures = [found["figures"] for found in told]
    rows = []
    for name, figure in figures[0].items():
        kind = UNITS.get(figure["unit"], "number")
        pair = [found.get(name, {}).get("value") for found in figures]
        told_as = [shown(value, kind) for value in pair]
        rows.append({"figure": name.replace("_", " "), "one": told_as[0], "other": told_as[1], "definition": figure["definition"]})
    columns = (
        Column("figure", "Figure"),
        Column("one", one, "number"),
        Column("other", other, "number"),
        Column("definition", "Is", wide=True),
    )
    knobs = sorted({key for found in told for key in found["settings"] if told[0]["settings"].get(key) != told[1]["settings"].get(key)})
    turned = [{"knob": key, "one": told[0]["settings"].get(key), "other": told[1]["settings"].get(key)} for key in knobs]
    heads = (Column("knob", "Setting", "code"), Column("one", one), Column("other", other))
    blocks = (
        Sheet("settings", "Settings that differ", heads, turned, nothing="The settings are the same."),
        Sheet("figures", "Figures", columns, rows),
    )
    return Page("Side by side", f"{one} and {other}.", blocks)
