"""What `springback optimize` does: a search before the held-back period, or the one look at what was held back, and what came of it."""

import dataclasses
from pathlib import Path
from typing import Any

from springback.analytics import encode
from springback.cluster import Workers
from springback.search import search_words
from springback.search.search_finding import SearchReport
from springback.verbs.console import Console, table
from springback.workflow import optimize as workflow
from springback.workflow.optimize import PAGE, WINNER
from springback.workflow.search import SearchJob, job
from springback.workflow.settings import Settings
from springback.workflow.settings import choose as choose_plain

__all__ = ["Console", "job"]


def choose(settings: Path | None, sets: list[str] | None, knobs: list[str] | None, trials: int | None, original: bool = False) -> Settings:
    """The settings, `--knob` and `--trials` laid over [optimise]. Raises `SettingsError` on what cannot be searched."""
    chosen = choose_plain(settings, sets, original)
    over: dict[str, Any] = ({"knobs": tuple(knobs)} if knobs else {}) | ({} if trials is None else {"trials": trials})
    return workflow.checked(dataclasses.replace(chosen, optimise=dataclasses.replace(chosen.optimise, **over)))


def optimise(console: Console, one: SearchJob, workers: Workers, reveal: bool = False) -> SearchReport:
    """Searches, or with `reveal` looks at the held-back period with the winner, and prints."""
    report = (workflow.reveal if reveal else workflow.optimize)(one, workers, console)
    _say(console, one, report)
    return report


def _say(console: Console, one: SearchJob, report: SearchReport) -> None:
    for line in (
        *search_words.flags(report),
        search_words.verdict(report.finding),
        search_words.worth(report.finding),
        search_words.held(report),
    ):
        console.say(line)
    told = table(f"{report.name}: {report.first} to {report.last}", "knob", "searched", "specification", "winner", "importance")
    for row in search_words.settings(report):
        told.add_row(*row)
    console.show(told)
    console.payload["optimise"] = {
        "folder": str(one.folder),
        "headline": search_words.verdict(report.finding),
        "finding": encode.plain(report.finding),
        "more_than_luck": report.finding.more_than_luck,
        "held_back": {"first": report.held_first, "last": report.held_last, "looked_at": encode.plain(report.revealed)},
    }
    console.say(f"winner: {one.folder / WINNER}")
    console.say(f"page: {one.folder / PAGE}")
