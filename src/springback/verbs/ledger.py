"""What `springback ledger` does: the trials in a table, how many saw the same period, and what luck makes of so many."""

from pathlib import Path
from typing import Any

from springback.analytics.figures import shown
from springback.verbs.console import Console, table
from springback.workflow import record
from springback.workflow.trials import trials_of

MOST_KNOBS = 4  # in a row of the table; --json has them all


def ledger(console: Console, store: Path | None) -> None:
    """Lists the ledger beside `store`."""
    known = trials_of(store)
    rows = list(known.rows)
    told = {"file": str(known.file), "looks": known.looks, "fault": known.fault or None, "trials": rows}
    console.payload["ledger"] = told | {"standings": list(known.standings)}
    if not rows:
        console.say(f"No trial so far: {known.file} is made by the first backtest.")
        return
    shared = _shared(rows)
    listed = table("", "trial", "when", "what", "period", "Sharpe", "seen", "its own settings")
    for column in (1, 2, 3, -1):
        listed.columns[column].justify = "left"
    listed.columns[-1].no_wrap = False
    for k, row in enumerate(rows, 1):
        listed.add_row(str(k), *_cells(row, shared))
    console.show(listed)
    if shared:
        console.say(f"all with {', '.join(f'{name}={value}' for name, value in shared.items())}")
    for one in known.standings:
        console.say(_sentence(one))
    if known.fault:
        console.say(f"WARNING: the ledger was changed by hand: {known.fault}. The number of trials cannot be trusted.")
    console.say(f"ledger: {known.file}")


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


def _sentence(one: dict[str, Any]) -> str:
    market = "the recorded market" if one["market"] == record.RECORDED else f"the demo market {one['market'].split()[-1][:8]}"
    count = one["trials"]
    sentence = f"{count:,} trial{'' if count == 1 else 's'} so far on {market}, {one['first']} to {one['last']}"
    if count == 1:
        return sentence + ": nothing was chosen among yet."
    worth = f" (worth {one['independent']:.1f} independent ones)" if one["independent"] < count - 0.05 else ""
    return f"{sentence}{worth}; a skill-less searcher would show {shown(one['best_by_luck'], 'ratio')}."
