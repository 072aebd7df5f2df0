"""Each session's change of equity from the backtest to the account, by the chain of worlds: provisional in the evening, final after the
next session's booking, and once more where something comes late. What is kept only grows.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from springback.data.files.reading import atomic
from springback.data.hours import NEW_YORK, between, following, hours_of
from springback.operation.account_state import opening
from springback.operation.frozen_decision import FrozenDecision, Reason
from springback.operation.own_session import Own
from springback.operation.worlds import Worlds, played
from springback.state.order_rows import digits
from springback.state.trading_rows import Adoption, Attribution, Reconciliation, Snapshot
from springback.trading.accounted import Memory, memory_of
from springback.trading.attribution import Chain, Counted, Pair, chain
from springback.trading.booked import NOTHING, Receivable
from springback.trading.journal import Order
from springback.trading.order_journal import OrderJournal
from springback.trading.session_books import (
    Calendar,
    Foreign,
    Move,
    OwnSession,
    Reading,
    at_close,
    counted,
    foreign_at,
    moves,
    receivables,
    shares_at,
    total,
    worth,
)
from springback.workflow.evening import LiveAccount, trusted
from springback.workflow.progress import SILENT, Progress
from springback.workflow.reconcile import booked, names_now, remembered
from springback.workflow.session_views import Doubt, seeing, worlds_place

UNSEEN = frozenset(("blind", "no_snapshot"))
"""Codes of doubts that no later day takes away: the session was decided without its data, or the account was not read after its close."""
LATE = timedelta(days=10)
"""How far back a closure of the exchange may push a booking."""


@dataclass(frozen=True)
class Attributed:
    """A session's chain as it is kept, with its `pairs` of fills and why anything of it is not to be trusted."""

    session: str
    chain: Chain | None
    final: bool
    pairs: tuple[Pair, ...] = ()
    events: Mapping[str, Decimal] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the account is explained to the cent."""
        return self.chain is not None and self.chain.whole


def attribute(account: LiveAccount, journal: OrderJournal, now: datetime, progress: Progress = SILENT) -> tuple[Attributed, ...]:
    """Works out every session that is not final, or of which something was heard since, and keeps what is new of it.

    Raises `BadTable` on a damaged decision, and as the store does.
    """
    return _Attribution(account, journal, now).run(progress)


def attribution_faults(account: LiveAccount, journal: OrderJournal, now: datetime, progress: Progress = SILENT) -> tuple[Reason, ...]:
    """Brings the attribution up at the end of a step of trading; why it could not be: whatever went wrong is told, and stops nothing."""
    try:
        attribute(account, journal, now, progress)
    except Exception as error:  # noqa: BLE001 (no fault of a report stops trading)
        return (Reason("attribution", f"the attribution is not brought up ({type(error).__name__}): {error}"),)
    return ()


@dataclass(eq=False)
class _Attribution:
    """One call: all that the account's records say, read once."""

    account: LiveAccount
    journal: OrderJournal
    now: datetime
    bodies: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def calendar(self) -> Calendar:
        """Sessions of days."""
        closed = self.account.closed

        def session_of(day: date) -> date:
            found: date = between(day, day + LATE, closed)[0].day
            return found

        def filled_in(decided: date) -> date:
            found: date = following(decided, closed).day
            return found

        return Calendar(session_of, filled_in)

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """The journal's."""
        return self.journal.orders()

    @cached_property
    def reconciliations(self) -> tuple[Reconciliation, ...]:
        """All, oldest first; of hundreds the bodies of two or three are read."""
        return self.account.state.kept(self.account.name, Reconciliation)

    @cached_property
    def names(self) -> dict[str, str]:
        """What renamed names are called now."""
        return names_now(self.account, self.orders)

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """Everything that moved shares or cash."""
        changes = remembered(self.account.state, self.account.name).changes
        state, name = self.account.state, self.account.name
        found = moves(self.orders, changes, state.bookings(name), state.kept(name, Adoption), self.calendar)
        return tuple(replace(one, symbol=self.names.get(one.symbol, one.symbol)) for one in found) if self.names else found

    @cached_property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The account as the broker had it, oldest first."""
        return self.account.state.kept(self.account.name, Snapshot)

    @cached_property
    def kept(self) -> dict[str, Attribution]:
        """The newest row of each session."""
        return {str(one.session): one for one in self.account.state.kept(self.account.name, Attribution)}

    def _told(self, row: Reconciliation) -> Mapping[str, Any]:
        """Its body, read once."""
        return self.bodies[row.n] if row.n in self.bodies else self.bodies.setdefault(row.n, json.loads(row.body))

    def _memory(self, row: Reconciliation) -> Memory:
        return memory_of(self._told(row)["memory"])

    def run(self, progress: Progress) -> tuple[Attributed, ...]:
        """Every session that is due, oldest first."""
        sessions, step = self.account.folder.sessions(), progress.step("attribution")
        due = self._due(sessions)
        found: list[Attributed] = []
        for count, session in enumerate(due, 1):
            before = sessions[sessions.index(session) - 1]
            found.append(self._session(trusted(self.account, before), trusted(self.account, session)))
            step(count, len(due), session)
        return tuple(found)

    def _due(self, sessions: Sequence[str]) -> tuple[str, ...]:
        """From the first one on that is not settled or of which something came late, to the newest."""
        own, heard = sessions[1:], {str(one.day): one.heard_at for one in sorted(self.moves, key=lambda one: one.heard_at)}
        for k, session in enumerate(own):
            row = self.kept.get(session)
            if row is None or not self._settled(row) or (session in heard and heard[session] > row.at):
                return tuple(own[k:])
        return ()

    def _settled(self, row: Attribution) -> bool:
        """Whether waiting tells no more of a session: it is final, or the account was not seen while it could be."""
        lost = not row.final and any(one["code"] in UNSEEN for one in json.loads(row.body)["doubts"])
        return row.final or (lost and self.now >= following(row.session, self.account.closed).opens)

    def _session(self, before: FrozenDecision, decision: FrozenDecision) -> Attributed:
        state = before.state()
        if state is None:
            return self._keep(decision.session, None, (), (), (Doubt("blind", f"{before.session} was decided without its data"),))
        worlds = self._worlds(before)
        session, doubts = seeing(self.account, decision, worlds.symbols | state.symbols | self._names())
        after, made = played(worlds, session)
        self._write(decision.session, after)
        own = Own(state, session.frozen, self.moves, {one.client_id: (one.intent.symbol, one.intent.purpose) for one in self.orders})
        owed = self._receivables(before.session), self._owed(own, before.session)
        others = tuple(self._foreign(date.fromisoformat(one.session)) for one in (before, decision))
        counts = counted(own.session, self.moves, (total(owed[0]), total(owed[1])), (others[0], others[1]))
        change = self._change(own.session, owed)
        told = None if change is None else chain((*made, own.made), counts, change)
        if told is None:
            doubts = (*doubts, Doubt("no_snapshot", "the broker was not read between a close and the next open: the account is not known"))
        return self._keep(decision.session, told, owed[1], own.session.pairs, doubts, counts)

    # What is known of the account.

    def _names(self) -> frozenset[str]:
        return frozenset(one.symbol for one in self.moves if one.symbol) | frozenset(
            symbol for one in self.reconciliations[-1:] for symbol in self._memory(one).foreign
        )

    def _worlds(self, decision: FrozenDecision) -> Worlds:
        """The worlds after `decision`; made anew from the first one where they were never kept."""
        place = worlds_place(self.account.folder.path, decision.session)
        if place.is_file():
            return Worlds.from_json(place.read_text(encoding="utf-8"), str(place))
        sessions = self.account.folder.sessions()
        k = sessions.index(decision.session)
        worlds = Worlds.of(opening(decision.equity)) if k == 0 else self._worlds(trusted(self.account, sessions[k - 1]))
        session, _ = seeing(self.account, decision, worlds.symbols)
        after, _ = played(worlds, session)
        self._write(decision.session, after)
        return after

    def _write(self, session: str, worlds: Worlds) -> None:
        with atomic(worlds_place(self.account.folder.path, session)) as part:
            part.write_text(worlds.to_json(), encoding="utf-8")

    def _receivables(self, session: str) -> tuple[Receivable, ...]:
        row = self.kept.get(session)
        told = json.loads(row.body)["receivables"] if row is not None else []
        return tuple(Receivable(date.fromisoformat(one["day"]), one["symbol"], Decimal(one["amount"])) for one in told)

    def _owed(self, own: Own, before: str) -> tuple[Receivable, ...]:
        day, held = own.session.day, shares_at(self.moves, own.session.before)
        declared = [Receivable(day, symbol, held[symbol] * value) for symbol, value in own.dividends() if symbol in held]
        return receivables(self._receivables(before), declared, self.moves, day)

    def _foreign(self, day: date) -> Foreign:
        """What was foreign at the close of `day`: by the first reconciliation after it, or else the newest."""
        closes = hours_of(day, self.account.closed).closes
        rows = [one for one in self.reconciliations if one.at >= closes][:1] or list(self.reconciliations[-1:])
        for row in rows:
            memory = self._memory(row)
            return foreign_at(Foreign(memory.foreign, memory.others_cash), self.moves, day, row.at)
        return Foreign()

    def _reading(self, day: date) -> Reading | None:
        """The account at the close of `day`; None where the broker was not read before the next open, or did not say its cash."""
        closes, opens = hours_of(day, self.account.closed).closes, following(day, self.account.closed).opens
        for one in self.snapshots:
            if closes <= one.at < opens and one.cash is not None:
                told = json.loads(one.positions).items()
                shares = {self.names.get(symbol, symbol): Decimal(quantity) for symbol, quantity in told}
                return at_close(Reading(one.at, one.cash, shares), self.moves, day)
        return None

    def _change(self, own: OwnSession, owed: tuple[tuple[Receivable, ...], tuple[Receivable, ...]]) -> Decimal | None:
        """What the account's equity changed by: its cash, its positions at the store's closes, what is receivable and owed."""
        first, last = self._reading(own.before), self._reading(own.day)
        if first is None or last is None:
            return None
        start = first.cash + worth(first.shares, own.first_closes) + total(owed[0])
        return last.cash + worth(last.shares, own.closes) + total(owed[1]) - start

    # What is kept.

    def _keep(
        self,
        session: str,
        result: Chain | None,
        owed: Iterable[Receivable],
        pairs: tuple[Pair, ...],
        doubts: tuple[Doubt, ...],
        counts: Counted | None = None,
    ) -> Attributed:
        day = date.fromisoformat(session)
        after = following(day, self.account.closed).day
        final = result is not None and any(
            one.at.astimezone(NEW_YORK).date() >= after and booked(self._told(one), day) for one in self.reconciliations
        )
        events = {} if counts is None else dict(counts.events)
        body = {
            "terms": None if result is None else {name: digits(value) for name, value in result.terms.items()},
            "change": None if result is None else digits(result.change),
            "receivables": [{"day": str(one.day), "symbol": one.symbol, "amount": digits(one.amount)} for one in owed],
            "pairs": [one.plain() for one in pairs],
            "events": {name: digits(value) for name, value in events.items()},
            "doubts": [vars(one) for one in doubts],
        }
        residual = NOTHING if result is None else result.residual
        row = Attribution(day, self.now, final, residual, json.dumps(body, sort_keys=True), self.journal.rehearsal)
        known = self.kept.get(session)
        if known is None or replace(known, at=row.at, n=row.n) != row:
            self.kept[session] = self.account.state.keep(self.account.name, row)
        return Attributed(session, result, final, pairs, events, doubts)
