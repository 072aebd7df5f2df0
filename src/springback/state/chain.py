"""The chain of an account's journal: each event sealed with the hash before it, its head in a file beside the database.

The chain alone cannot show that its tail was cut off; the file knows how far it had come. It is evidence of tampering, no proof against it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from springback.errors import StateError, Unwritable
from springback.state.order_rows import OrderEvent, OrderFill, OrderHead, OrderIntent, plain

EMPTY = OrderHead(0, "")
RESTORED, REBUILT = "restored", "rebuilt"
"""Events of the journal itself: it came out of a backup; it was made good again from what the broker says."""
WAY = "nothing is sent until 'springback journal rebuild'"


class Fault(NamedTuple):
    """What is wrong with a chain: a `code`, at event `n` (0: of no event), and the client or execution id it concerns.

    | code | |
    |---|---|
    | changed | the event is not what was sealed |
    | link | it does not follow the event before it |
    | gap | events before it are gone |
    | cut | events after it are gone |
    | head | the file of the head is gone, or of another chain |
    | restored | the journal came out of a backup, and nobody rebuilt it since |
    | intent, fill | the row of the table is not what the event says |
    """

    code: str
    n: int
    subject: str = ""


@dataclass(frozen=True)
class Pages:
    """All that the database holds of an account's journal, as of one moment."""

    account: str
    intents: tuple[OrderIntent, ...]
    events: tuple[OrderEvent, ...]
    fills: tuple[OrderFill, ...]
    head: OrderHead


def seal(account: str, event: OrderEvent, head: OrderHead) -> OrderEvent:
    """`event` as the one after `head`."""
    numbered = replace(event, n=head.count + 1, previous=head.hash)
    return replace(numbered, hash=_hash(account, numbered))


def _hash(account: str, event: OrderEvent) -> str:
    """SHA-256 of all that the event says and of the hash before it."""
    row = plain(event)
    row.pop("hash")
    return _digest([account, row])


def read_head(file: Path, account: str) -> OrderHead | None:
    """The head that `file` keeps; None where there is none. Raises `StateError` where it cannot be read or is another account's."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        if (other := told["account"]) != account:
            raise StateError(f"{file} is the head of account {other}, not of {account}: {WAY}", value=other, limit=account)
        return OrderHead(int(told["count"]), str(told["hash"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"{file}, the head of the order journal, cannot be read ({type(error).__name__}): {WAY}") from None


def known_head(file: Path, account: str) -> OrderHead | None:
    """The head that `file` keeps; None where there is none that can be used."""
    try:
        return read_head(file, account)
    except StateError:
        return None


def write_head(file: Path, account: str, head: OrderHead) -> None:
    """Keeps `head` in `file`, whole and on the disk. Raises `Unwritable`."""
    part = file.with_name(f".writing-{os.getpid()}-{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as out:
            json.dump({"account": account, **plain(head)}, out)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise Unwritable(f"{file}, the head of the order journal, cannot be written ({error.strerror}): free the place") from None


def faults(pages: Pages, outside: OrderHead | None, since: OrderHead = EMPTY) -> tuple[Fault, ...]:
    """What is wrong with the journal, beside the `outside` head; what a rebuild has listed is no fault any more. `pages` are all of it, or
    those after the head `since`, up to which it was whole.
    """
    known = {(one.n, fault) for one in _rebuilds(pages.events) for fault in _acknowledged(pages, one)}
    found = (*_broken_links(pages, since), *_ends(pages, outside, since), *_other_rows(pages))
    return tuple(one for one in dict.fromkeys(found) if not any(n > one.n and fault == one for n, fault in known))


def acknowledge(pages: Pages, n: int, items: Sequence[Fault]) -> dict[str, Any]:
    """What a rebuild, event `n`, says of the faults that it ends: which they are, and a digest of all that they may concern."""
    subjects = {one.subject for one in items}
    events = [plain(one) for one in pages.events if one.n < n]
    intents = [plain(one) for one in pages.intents if one.client_id in subjects]
    fills = [plain(one) for one in pages.fills if one.execution_id in subjects]
    return {"faults": [list(one) for one in items], "digest": _digest([events, intents, fills])}


def _acknowledged(pages: Pages, rebuild: OrderEvent) -> Iterator[Fault]:
    """The faults that `rebuild` ended, as long as they are the same."""
    body = _body(rebuild)
    found = [Fault(*one) for one in body.get("faults", ())]
    if body.get("digest") == acknowledge(pages, rebuild.n, found)["digest"]:
        yield from found


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _rebuilds(events: Iterable[OrderEvent]) -> list[OrderEvent]:
    return [one for one in events if one.kind == REBUILT and not one.client_id]


def _body(event: OrderEvent) -> dict[str, Any]:
    """What the event's body says; nothing where somebody made it unreadable."""
    try:
        body = json.loads(event.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _broken_links(pages: Pages, before: OrderHead) -> Iterator[Fault]:
    """A rebuild follows whatever was there, and names it."""
    for one in pages.events:
        told = _body(one).get("before") if one.kind == REBUILT and not one.client_id else [one.n - 1, one.previous]
        if one.hash != _hash(pages.account, one):
            yield Fault("changed", one.n, one.client_id)
        if told != [before.count, before.hash]:
            yield Fault("gap" if told and told[0] != before.count else "link", one.n, one.client_id)
        before = OrderHead(one.n, one.hash)


def _ends(pages: Pages, outside: OrderHead | None, since: OrderHead) -> Iterator[Fault]:
    last = OrderHead(pages.events[-1].n, pages.events[-1].hash) if pages.events else since
    if pages.head != last:
        yield Fault("cut", last.count)
    hashes = {since.count: since.hash} | {one.n: one.hash for one in pages.events}
    if outside is None and last != EMPTY:
        yield Fault("head", last.count)
    elif outside is not None and hashes.get(outside.count) != outside.hash:
        yield Fault("cut" if outside.count > last.count else "head", last.count)
    own = [one for one in pages.events if not one.client_id and one.kind in {RESTORED, REBUILT}]
    if own and own[-1].kind == RESTORED:
        yield Fault("restored", own[-1].n)


def laid_down(events: Iterable[OrderEvent]) -> tuple[list[str], list[str]]:
    """Client ids of the intents and ids of the executions that `events` lay down."""
    bodies = [(one.client_id, _body(one)) for one in events]
    executions = [fill["execution_id"] for _, body in bodies for fill in body.get("fills", ())]
    return [name for name, body in bodies if "intent" in body], executions


def _other_rows(pages: Pages) -> Iterator[Fault]:
    """Rows of the tables that no event laid down as they are, and what an event laid down that has no row."""
    intents: dict[str, Any] = {}
    fills: dict[str, Any] = {}
    for one in pages.events:
        body = _body(one)
        if "intent" in body:
            intents.setdefault(one.client_id, body["intent"])
        for fill in body.get("fills", ()):
            fills.setdefault(fill["execution_id"], fill)
    yield from _differences("intent", intents, {one.client_id: plain(one) for one in pages.intents})
    yield from _differences("fill", fills, {one.execution_id: plain(one) for one in pages.fills})


def _differences(code: str, events: dict[str, Any], rows: dict[str, Any]) -> Iterator[Fault]:
    return (Fault(code, 0, subject) for subject in sorted({*events, *rows}) if events.get(subject) != rows.get(subject))
