"""What the verbs of the models' timeline say: retraining, who is champion and who contests it, a person's signature, the way back."""

from pathlib import Path
from typing import Any

from springback.verbs import data_summary, steps
from springback.verbs.console import Console, table
from springback.workflow import champions, places, record
from springback.workflow import retrain as workflow
from springback.workflow.champions import Registry, Word
from springback.workflow.inputs import Inputs
from springback.workflow.settings import Settings, choose

__all__ = ["Inputs", "Word", "choose", "places"]


def retrain(console: Console, settings: Settings, inputs: Inputs, models: Path, now: bool) -> None:
    """Trains a challenger on what is known by the newest session of the store, when it is due or `now`."""
    market = data_summary.stored(console, inputs)
    session = str(market.market_data.bars.sessions[-1])
    if not now and (tried := workflow.served(settings, models, session)):
        console.say(f"not due: the pair that was trained on what was known by {tried} is of this period; --now trains all the same")
        console.payload["retrain"] = {"due": False, "session": session}
        return
    prepared = steps.prepared(console, settings, market, None)
    name = record.market_of(market.market_data, market.hash)
    registry = Registry(models, settings.retraining, inputs.store, name, market.hash)
    found = workflow.retrain(registry, prepared, settings, console)
    steps.say_evaluation(console, found.evaluation, settings.training.threshold)
    standing = workflow.standing(settings, found.timeline, session)
    console.say(f"{found.name}: trained on every label known by {session}; the figures above are of the same settings, 20 % held out")
    _show(console, standing, settings)
    console.payload["retrain"] = {"due": True, "session": session, "model": found.name, "models": standing}


def models(console: Console, settings: Settings, folder: Path, desk: Path) -> None:
    """Champion, previous, challengers and contests."""
    timeline = champions.timeline_of(folder)
    standing = workflow.standing(settings, timeline, newest(desk) or timeline.tried)
    _show(console, standing, settings)
    console.payload.update(standing)


def promote(console: Console, settings: Settings, registry: Registry, name: str, word: Word, override: str, desk: Path) -> None:
    """Makes `name` the champion."""
    timeline = champions.promote(registry, name, word, override, newest(desk), console)
    _changed(console, settings, timeline)


def rollback(console: Console, settings: Settings, registry: Registry, word: Word, desk: Path) -> None:
    """Makes the champion before the newest champion again."""
    _changed(console, settings, champions.roll_back(registry, word, newest(desk), console))


def registry_of(settings: Settings, models: Path, store: Path | None) -> Registry:
    """Where champions are kept, without market data at hand."""
    return Registry(models, settings.retraining, store)


def newest(desk: Path) -> str:
    """The newest session that the desk decided; empty where it has none yet."""
    return workflow.newest_session(desk)


def _changed(console: Console, settings: Settings, timeline: Any) -> None:
    newest_ = timeline.tenures[-1]
    console.say(f"{newest_.model} is champion in the sessions after {newest_.after}, by {newest_.by}: {newest_.why}")
    standing = workflow.standing(settings, timeline, newest_.after)
    console.payload.update(standing)


def _show(console: Console, standing: dict[str, Any], settings: Settings) -> None:
    tenures = table("Champions", "model", "after the close of", "by", "why")
    for one in standing["tenures"]:
        tenures.add_row(one["model"], one["after"], one["by"], one["why"])
    console.show(tenures)
    if standing["contests"]:
        contests = table("Contests", "challenger", "champion", "after", "share of the level", "sessions", "gain a session", "state")
        for one in standing["contests"]:
            gain = "" if one["gain"] is None else f"{one['gain']:+.5f}"
            row = f"{one['share']:.2f}", f"{one['sessions']:,} of {settings.retraining.sessions}", gain
            contests.add_row(one["challenger"], one["champion"], one["after"], *row, one["state"])
        console.show(contests)
    console.say(f"champion: {standing['champion']}; previous: {standing['previous'] or 'none'}; policy {standing['policy']}")
    for one in standing["contests"]:
        if one["state"] == "won":
            console.say(f"{one['challenger']} has won and waits: springback promote {one['challenger']} --by WHO")
    if standing["stale"]:
        console.say("WARNING: no retraining was tried for 1.5 intervals: run 'springback retrain'")
