"""Tomorrow's orders of an account: what is sent, what it costs and leaves, why each was given, and what the morning knows of splits."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from springback.data.files.reading import atomic
from springback.data.sources import Source
from springback.errors import ModelError
from springback.forecasting import Models, model_store
from springback.forecasting.archive import Archive
from springback.operation import orders_page
from springback.operation.explanation import Explanation, explained
from springback.operation.frozen_decision import FrozenDecision
from springback.operation.morning import Morning
from springback.operation.order_sheet import OrderSheet, Scale, order_sheet
from springback.workflow.evening import LiveAccount, trusted
from springback.workflow.split_check import split_check

SAME = ("order_id", "symbol", "action", "send", "side", "reason", "last_close", "dollars", "rank", "score")
COLUMNS = {name: name for name in SAME} | {"frozen": "quantity", "adv_limit": "limit", "adv_share": "share"}
"""Columns of the table of orders, and what of an order stands there."""


def orders(account: LiveAccount, session: str, now: datetime, vendor: Source | None = None) -> Morning:
    """The orders decided after `session`, as they are to be sent at `now`, an aware instant.

    `vendor` is asked for splits instead of the store's. Raises `MissingData` without a decision, `BadTable` where one is damaged.
    """
    decision = trusted(account, session)
    splits = split_check(decision, account.settings, account.store, now, vendor)
    sheet = order_sheet(decision, Scale(splits.factors, _earlier_closes(account, decision)))
    reasons = explained(decision, champion(account.models, decision))
    return Morning(sheet, reasons, splits, now >= datetime.fromisoformat(decision.next_open))


def champion(models: Path, decision: FrozenDecision) -> Models | None:
    """The pair that gave the scores of `decision`; None where the folder of models does not hold it whole."""
    wanted = decision.hashes.get("models", {}).get(decision.champion, "")
    with suppress(ModelError):
        return Archive(models).load(decision.champion, wanted)
    with suppress(ModelError):
        pair = model_store.load(models)
        return pair if pair.card.hash == wanted else None
    return None


def _earlier_closes(account: LiveAccount, decision: FrozenDecision) -> dict[str, float]:
    """What orders that still wait were worth when they were given: last closes in dollars by name."""
    state = decision.state()
    days = {one.decided for one in state.working} - {decision.session} if state else set()
    known = sorted(days & set(account.folder.sessions()))
    tables = [account.folder.decision(day).orders() for day in known]
    return {one["symbol"]: one["last_close"] for table in tables for one in table.dropna(subset="last_close").to_dict("records")}


@dataclass(frozen=True)
class Departure:
    """Where a name left the funnel of a side: the `stage`, how many left there and the best of them."""

    side: str
    stage: str
    count: int
    best: str


@dataclass(frozen=True)
class SymbolWhy:
    """What became of one name on one evening: where it left on each side (nowhere: it was not in the universe, or there is no such name),
    and what the champion said of it (None: it was not ranked).
    """

    symbol: str
    departures: tuple[Departure, ...]
    qpi: float | None
    p_long: float | None
    p_short: float | None


def why(decision: FrozenDecision, symbol: str) -> SymbolWhy:
    """What became of `symbol`. Raises `BadTable` where a file is not what was frozen."""
    said = decision.forecasts()
    row = said[(said["model"] == decision.champion) & (said["symbol"] == symbol)].to_dict("records")
    found = []
    for side, stages in decision.funnel.items():
        inside = [stage for stage, one in stages.items() if symbol in one.get("names", ())] or (["not_extreme"] if row else [])
        found += [Departure(side, stage, stages[stage]["count"], stages[stage]["best"]) for stage in inside]
    numbers = {name: float(row[0][name]) if row else None for name in ("qpi", "p_long", "p_short")}
    return SymbolWhy(symbol, tuple(found), **numbers)


def table(sheet: OrderSheet) -> pd.DataFrame:
    """The orders as a table for whoever sends them: what is sent, what was frozen, and what stands beside it; dollars and shares."""
    rows = [{name: getattr(one, attribute) for name, attribute in COLUMNS.items()} for one in sheet.lines]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"adv_limit": "Int64", "rank": "Int64"})


def write_table(morning: Morning, file: Path) -> None:
    """Writes the orders to the CSV file `file`. Raises `Unwritable`."""
    with atomic(file) as part:
        table(morning.sheet).to_csv(part, index=False, lineterminator="\n")


def write_page(morning: Morning, file: Path) -> None:
    """Writes the page to `file`. Raises `Unwritable`."""
    with atomic(file) as part:
        part.write_text(orders_page.page(morning), encoding="utf-8", newline="\n")


FACTS = ("account", "session", "next_open", "kind", "exits_only", "alarm_factor", "equity", "cash", "champion", "settings_version")
"""What the JSON object has of a decision as it stands."""


def plain(morning: Morning) -> dict[str, Any]:
    """The orders as one JSON object; dollars and signed shares."""
    sheet, decision = morning.sheet, morning.sheet.decision
    return {name: getattr(decision, name) for name in FACTS} | {
        "over": morning.over,
        "reasons": [asdict(one) for one in decision.reasons],
        "regime": dict(decision.regime),
        "bought": sheet.bought,
        "sold": sheet.sold,
        "after": asdict(sheet.after),
        "orders": [asdict(one) for one in sheet.lines],
        "wait": dict(sheet.wait),
        "stops": [asdict(one) for one in sheet.stops],
        "ended": [dict(one) for one in decision.ended],
        "funnel": {side: _counts(stages) for side, stages in decision.funnel.items()},
        "splits": asdict(morning.splits),
        "why": _plain_why(morning.explanation),
        "hashes": dict(decision.hashes),
    }


def _counts(stages: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The stages of a side without their names."""
    return {stage: {key: value for key, value in one.items() if key != "names"} for stage, one in stages.items()}


def _plain_why(explanation: Explanation) -> Mapping[str, Any]:
    return {
        "entries": [asdict(one) | {"calibrated": one.calibrated} for one in explanation.entries],
        "exits": [asdict(one) for one in explanation.exits],
    }
