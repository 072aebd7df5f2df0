"""What `springback fetch` does: fill the store from a vendor, a file or the demo market, and say what came of it."""

from springback.verbs import data_summary
from springback.verbs.console import Console
from springback.workflow import fetch as workflow
from springback.workflow.inputs import Inputs, Loaded, Request, fill, stored_or_fetched
from springback.workflow.settings import Settings

__all__ = ["Inputs", "Request"]


def fetch(console: Console, settings: Settings, inputs: Inputs, source: str, accept_restatement: bool = False) -> Loaded:
    """Fills the store from `source`; a restatement of its past only when that is accepted."""
    if inputs.by_name(source):
        return _asked(console, settings, inputs, source, accept_restatement)
    loaded = fill(settings, inputs, source, console, accept_restatement)
    data_summary.say(console, loaded)
    return loaded


def market_of_run(console: Console, settings: Settings, inputs: Inputs) -> Loaded:
    """The market of a whole job: of a vendor, who is told which names; of the source that was named; of the store; or the demo market."""
    vendor = workflow.vendor_of(inputs)
    if vendor is not None:
        return _asked(console, settings, inputs, vendor)
    loaded = stored_or_fetched(settings, inputs, console)
    data_summary.say(console, loaded)
    return loaded


def _asked(console: Console, settings: Settings, inputs: Inputs, source: str, accept_restatement: bool = False) -> Loaded:
    plan = workflow.plan(settings, inputs, source)
    for line in plan.notes:
        console.say(line)
    asked, loaded = 0, None
    for batch in workflow.batches(plan, console, accept_restatement):
        asked += batch.requests
        for line in batch.notes:
            console.say(line)
        if batch.loaded:
            loaded = batch.loaded
            data_summary.say(console, loaded)
    if plan.downloads:
        console.say(f"  {asked:,} of {plan.names:,} names asked for now, the others kept in {plan.downloads.folder}")
    span = {"first": str(plan.first), "last": str(plan.last)}
    console.payload["fetch"] = {"source": source, "names": plan.names, "asked": asked, **span}
    assert loaded is not None  # there are names, and each stays or joins
    return loaded
