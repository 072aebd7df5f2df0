"""What `springback ledger` does: the trials in a table, how many saw the same period, and what luck makes of so many."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from springback.analytics.figures import shown
from springback.ledger import look
from springback.ledger.book import Ledger
from springback.ledger.look import Trial
from springback.market import recorded
from springback.settings import flat
from springback.statistics.significance import SESSIONS
from springback.verbs.console import Voice, table
from springback.workflow import record
from springback.workflow.settings import Settings

__all__ = ["Voice"]
MOST_KNOBS = 4  # in a row of the table; --json has them all


def ledger(voice: Voice, store: Path | None) -> None:
    """Lists the ledger beside `store`."""
    file = record.place(store)
    book = Ledger(file)
    entries = book.entries()
    known = look.trials(entries)
    fault = book.fault()
    rows = [_row(book, one) for one in known]
    standings = _standings(book, known)
    voice.told["ledger"] = {"file": str(file), "looks": len(entries), "fault": fault or None, "trials": rows, "standings": standings}
    if not known:
        voice.say(f"No trial so far: {file} is made by the first backtest.")
        return
    shared = _shared(rows)
    listed = table("", "trial", "when", "what", "period", "Sharpe", "seen", "its own settings")
    for column in (1, 2, 3, -1):
        listed.columns[column].justify = "left"
    listed.columns[-1].no_wrap = False
    for k, row in enumerate(rows, 1):
        listed.add_row(str(k), *_cells(row, shared))
    voice.show(listed)
    if shared:
        voice.say(f"all with {', '.join(f'{name}={value}' for name, value in shared.items())}")
    for one in standings:
        voice.say(_sentence(one))
    if fault:
        voice.say(f"WARNING: the ledger was changed by hand: {fault}. The number of trials cannot be trusted.")
    voice.say(f"ledger: {file}")


def _row(book: Ledger, one: Trial) -> dict[str, Any]:
    entry = one.entry
    knobs = recorded.named(json.loads(book.settings(entry.settings)))
    usual = json.loads(json.dumps(flat(Settings()), default=str))
    other = {name: value for name, value in knobs.items() if name not in usual or usual[name] != value}
    named = ("row", "at", "kind", "command", "models", "market", "data_hash", "profile", "first", "last", "sessions", "sharpe")
    return {**{name: getattr(entry, name) for name in named}, "seen": one.looks, "newest": one.newest, "settings": other}


def _shared(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What all rows set, and set alike, other than the defaults."""
    first = rows[0]["settings"]
    return {name: value for name, value in first.items() if all(row["settings"].get(name) == value for row in rows)}


def _cells(row: dict[str, Any], shared: dict[str, Any]) -> tuple[str, ...]:
    what = row["kind"] if row["market"] == record.RECORDED else f"{row['kind']}, demo"
    hidden = {*shared, "backtest.start", "backtest.end"}
    own = [f"{name}={value}" for name, value in row["settings"].items() if name not in hidden]
    words = ", ".join(own[:MOST_KNOBS]) + (f" and {len(own) - MOST_KNOBS} more" if len(own) > MOST_KNOBS else "")
    when = row["newest"][:16].replace("T", " ")
    return when, what, f"{row['first']} to {row['last']}", shown(row["sharpe"], "ratio"), f"{row['seen']} ×", words or "none"


def _standings(book: Ledger, known: tuple[Trial, ...]) -> list[dict[str, Any]]:
    """For the newest backtest of each market: how many trials saw its period, and what the best of them would show without skill."""
    newest = {one.entry.market: one for one in sorted(known, key=lambda one: one.newest) if one.entry.kind in record.ACCOUNTS}
    told = []
    for market, one in newest.items():
        held = book.records(frozenset([one.entry.returns])).get(one.entry.returns)
        if held is None:
            continue
        found = record.search_of(book, market, held[0])
        luck = found.luck(float(np.sqrt(SESSIONS / one.entry.sessions)))
        place = {"market": market, "first": one.entry.first, "last": one.entry.last}
        told.append({**place, "trials": found.trials, "independent": round(found.independent, 1), "best_by_luck": luck})
    return told


def _sentence(one: dict[str, Any]) -> str:
    market = "the recorded market" if one["market"] == record.RECORDED else f"the demo market {one['market'].split()[-1][:8]}"
    count = one["trials"]
    sentence = f"{count:,} trial{'' if count == 1 else 's'} so far on {market}, {one['first']} to {one['last']}"
    if count == 1:
        return sentence + ": nothing was chosen among yet."
    worth = f" (worth {one['independent']:.1f} independent ones)" if one["independent"] < count - 0.05 else ""
    return f"{sentence}{worth}; a skill-less searcher would show {shown(one['best_by_luck'], 'ratio')}."
