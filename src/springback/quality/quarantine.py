"""The quarantine: a JSON file beside the store, written on demand from the gate's errors, and yours to edit.

STORE/quarantine.json   {"format": 1, "spans": [{"symbol", "start", "end", "reason", "by"}]}; both days included, "" open, "*" all names
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from springback.data.store.place import place_of
from springback.errors import BadTable, SpringbackError
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.market.quarantine import EVERY_NAME, FETCHED, Span, barred, inside
from springback.quality.quality_finding import ALL_NAMES, QualityFinding, named
from springback.quality.quality_settings import Quality

FILE = "quarantine.json"
FORMAT = 1
GATE = "springback data check"
"""Who spoke: spans under this name are the gate's own and are written anew each time; all others stay."""
TAKEN = f"{GATE} --quarantine"
"""Who speaks for a span around an event that was set aside, once a quarantine was asked for."""
OUTSIDE = 20
"""Sessions between two spans of a name that are too few to be worth keeping apart."""


def read(store: Path) -> tuple[Span, ...]:
    """The spans of the file beside `store`; none without a file. Raises `BadTable`."""
    path = f"{place_of(store).name}/{FILE}"
    try:
        content = place_of(store).read(FILE)
    except FileNotFoundError:
        return ()
    try:
        told = json.loads(content)
        spans = tuple(_span(one, path) for one in told["spans"])
        known = told["format"] == FORMAT
    except SpringbackError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadTable(f'{path} is not a quarantine ({{"format": {FORMAT}, "spans": [...]}}): mend it or take it away') from None
    if not known:
        raise BadTable(f"{path} has format {told['format']}, this version reads {FORMAT}")
    return spans


def _span(one: Any, path: str) -> Span:
    fields = set(Span.__dataclass_fields__)
    if set(one) - fields or not str(one.get("symbol", "")).strip():
        raise BadTable(
            f"{path}: a span has a symbol and, if you like, {', '.join(sorted(fields - {'symbol'}))}; was {json.dumps(one)[:120]}"
        )
    try:
        return Span(**{name: "" if value is None else str(value) for name, value in one.items()})
    except BadTable as error:
        raise BadTable(f"{path}: {error}") from None


def write(store: Path, spans: Iterable[Span]) -> str:
    """Puts `spans` into the file beside `store`, sorted, and returns what it is called. Raises `Unwritable`."""
    ordered = sorted(spans, key=lambda one: (one.symbol, one.start, one.end))
    lines = ",\n".join("  " + json.dumps(asdict(one), ensure_ascii=False) for one in ordered)
    text = f'{{"format": {FORMAT}, "spans": [\n{lines}\n]}}\n'
    place_of(store).swap(FILE, text.encode())
    return f"{place_of(store).name}/{FILE}"


def enter(store: Path, market_data: MarketData) -> None:
    """Puts the spans around events that were set aside on reading `market_data` into the file beside `store`.

    Those of an earlier reading go where the same names and days were read again, and stay elsewhere; one that another has taken over is
    not entered again. Nothing is written where nothing changes. Raises `BadTable`, `Unwritable`.
    """
    before, first, names = read(store), str(market_data.bars.sessions[0]), set(market_data.bars.symbols)
    kept = [one for one in before if one.by != FETCHED or one.symbol not in names or one.reason[:10] < first]
    known = {(one.symbol, one.reason) for one in kept}
    after = (*kept, *(one for one in market_data.quarantine if one.by == FETCHED and (one.symbol, one.reason) not in known))
    if set(after) != set(before):
        write(store, after)


def drawn_up(
    market_data: MarketData, findings: Iterable[QualityFinding], settings: Quality, older: Iterable[Span] = ()
) -> tuple[Span, ...]:
    """The spans of `older` that others wrote, and those of the gate's errors in `findings`. Those around events that were set aside on
    reading are taken over by this: from now on they are known.

    Each accused cell reaches `before` sessions back, over a halt to the last bar there was, whose orders would fill after it, and
    `after` forward; cells of a name that meet become one span.
    """
    kept = tuple(replace(one, by=TAKEN) if one.by == FETCHED else one for one in older if one.by != GATE)
    reasons: dict[int, dict[str, list[int]]] = {}
    for one in findings:
        if one.severity == "error":
            for row, column in one.places:
                reasons.setdefault(int(column), {}).setdefault(one.check, []).append(int(row))
    made = [span for column, checks in sorted(reasons.items()) for span in _spans(market_data, column, checks, settings)]
    return (*kept, *made)


def _spans(market_data: MarketData, column: int, checks: dict[str, list[int]], settings: Quality) -> list[Span]:
    days, last, opens = market_data.bars.sessions, len(market_data.bars.sessions) - 1, market_data.bars.traded
    rows = np.unique([row for listed in checks.values() for row in listed])
    cuts = np.flatnonzero(np.diff(rows) > settings.before + settings.after + OUTSIDE) + 1
    symbol = EVERY_NAME if column == ALL_NAMES else market_data.bars.symbols[column]
    out = []
    for group in np.split(rows, cuts):
        told = {check: [row for row in listed if group[0] <= row <= group[-1]] for check, listed in checks.items()}
        reason = "; ".join(f"{check}: {_when(days, listed)}" for check, listed in told.items() if listed)
        first, end = max(0, group[0] - settings.before), min(last, group[-1] + settings.after)
        if column != ALL_NAMES:
            first = 1 + int(np.max(np.flatnonzero(opens[:first, column]), initial=-1))
        out.append(Span(symbol, str(days[first]), str(days[end]), reason, GATE))
    return out


def _when(days: "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]", rows: list[int]) -> str:
    return str(days[rows[0]]) if len(rows) == 1 else f"{len(rows):,} bars from {days[min(rows)]} to {days[max(rows)]}"


def imposed(market_data: MarketData, spans: tuple[Span, ...]) -> MarketData:
    """`market_data` under the quarantine `spans` and no other, with a finding on how many rows it leaves out; none is no quarantine."""
    if not spans and not market_data.quarantine:
        return market_data
    told = tuple(line for line in market_data.findings if line.about != "quarantine")
    if not spans:
        return replace(market_data, quarantine=(), findings=told)
    shut = inside(market_data.bars, spans)
    has = ~np.isnan(market_data.bars.close)
    kept_out, sessions = int((shut & has).sum()), int((barred(market_data.bars, spans) & has & ~shut).sum())
    names = int((shut & has).any(axis=0).sum())
    unknown = len({one.symbol for one in spans} - set(market_data.bars.symbols) - {EVERY_NAME})
    line = (
        f"quarantine: {kept_out:,} of {int(has.sum()):,} bars, in {named(names)}, are left out of training and of every order, and "
        f"{sessions:,} just before, whose orders would fill there; positions are still marked and closed"
        + (f"; it also names {named(unknown)} that these data do not have" if unknown else "")
    )
    return replace(market_data, quarantine=spans, findings=(Prose(line, "quarantine"), *told))
