"""What an account needs for its evenings: its folder and newest decision, its state, a champion, and a retraining that is not overdue."""

from collections.abc import Iterator
from pathlib import Path

from springback.errors import MissingData
from springback.forecasting.archive import Archive
from springback.project import usual
from springback.workflow import places, retrain
from springback.workflow.accounts import account_of
from springback.workflow.champions import timeline_of
from springback.workflow.check import BROKEN, Check, tried
from springback.workflow.evening import trusted
from springback.workflow.settings import choose


def examine(desk: Path) -> Iterator[Check]:
    """The account whose folder is `desk`, and what its evenings stand on; creates nothing."""
    way = "Open the account with 'springback book init --cash 1000000'."
    yield tried("desk", lambda: _desk(desk), "evenings", way)
    yield tried("state", lambda: _state(desk), "evenings", way)
    yield tried("champion", lambda: _champion(usual("models")), "entries", "Train one with 'springback retrain --now'.")
    yield tried("retraining", lambda: _retraining(desk, usual("models")), "contests", "Begin with 'springback retrain --now'.")


def _desk(desk: Path) -> str:
    account = account_of(desk, choose())
    sessions = account.folder.sessions()
    if not sessions:
        return f"{desk}: opened, no evening yet"
    newest = trusted(account, sessions[-1])
    kind = f"{newest.kind}{', exits only' if newest.exits_only else ''}"
    return f"{desk}: {len(sessions):,} decisions, the newest of {newest.session} ({kind})"


def _state(desk: Path) -> str:
    account = account_of(desk, choose())
    halts, incidents = account.state.halts(account.name), account.state.incidents(account.name)
    events = account.state.book_events(account.name)
    open_ = f"; open: {', '.join(one.cause for one in incidents)}" if incidents else ""
    return f"{account.state.name}: {len(events):,} events of the book, {len(halts)} halts, {len(incidents)} incidents{open_}"


def _champion(models: Path) -> str:
    try:
        timeline = timeline_of(models)
    except MissingData:
        if not places.holds_models(models):
            raise
        return f"the pair of 'springback train' in {models}, until 'springback retrain' names one"
    name = timeline.champion
    Archive(models).load(name, timeline.hashes.get(name, ""))
    newest = timeline.tenures[-1]
    contests = f"{len(timeline.waiting)} contests open" if timeline.waiting else "no contest open"
    return f"{name} since {newest.after}, by {newest.by}; {contests}"


def _retraining(desk: Path, models: Path) -> Check | str:
    settings, timeline = choose(), timeline_of(models)
    session = retrain.newest_session(desk) or timeline.tried
    tried = timeline.tried or timeline.tenures[0].after
    if retrain.stale(settings, tried, session):
        words = f"none was tried since {tried}, one and a half intervals: entries stop"
        return Check("retraining", BROKEN, words, "entries", "Run 'springback retrain'.")
    if retrain.due(settings, timeline, session):
        return "due: the next evening does it"
    return f"not due; tried on what was known by {tried}, policy {settings.walk_forward.policy}"
