"""The broker's account laid beside the journal: every difference gets a code, and what nobody can explain halts.

Ours are the executions of our orders that are in force, what a person adopted as ours, and what bookings did to both; foreign are the
shares of another hand, which are never ours. The broker's positions are followed by asset id, whatever they are called. Pure.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from springback.state.trading_rows import Adoption, Booking
from springback.trading.accounted import CashLine, Held, Line, Memory, Ours, Reconciled, Seen, our_spelling
from springback.trading.booked import (
    NOTHING,
    Change,
    after_split,
    cash_code,
    divided,
    left_of,
    moves_shares,
    share_changes,
    share_code,
    standing,
    told,
)

HALF_CENT = Decimal("0.005")
"""What a broker that books whole cents may round an execution or a booking by."""


NEW = Memory()
"""Nothing was reconciled yet."""


def reconciled(
    ours: Ours, account: Seen, memory: Memory = NEW, adoptions: Sequence[Adoption] = (), splits: Mapping[str, Decimal] | None = None
) -> Reconciled:
    """Lays the `account` beside `ours` and `memory`. `splits` are old shares per new one by our symbol, effective in the session, which
    explain a position that was split before the broker booked it.
    """
    table = _Table(ours, account, _adopted(memory, adoptions), splits or {})
    lines = tuple(table.line(symbol) for symbol in table.symbols)
    return table.result(lines)


def _adopted(memory: Memory, adoptions: Iterable[Adoption]) -> Memory:
    """`memory` with what persons called foreign since; foreign shares that they called ours are foreign no more."""
    new = [one for one in adoptions if one.n > memory.adoption]
    foreign = dict(memory.foreign)
    for one in new:
        if one.claim == "foreign":
            foreign[one.symbol] = one.quantity
        elif abs(foreign.get(one.symbol, NOTHING)) >= abs(one.quantity) and foreign[one.symbol] * one.quantity > 0:
            foreign[one.symbol] -= one.quantity
    return replace(memory, foreign=foreign, adoption=max([memory.adoption, *(one.n for one in new)]))


class _Table:
    """Everything of one reconciliation by our symbol. `names` are as they were known before, `now` as the broker spells them today."""

    def __init__(self, ours: Ours, account: Seen, memory: Memory, splits: Mapping[str, Decimal]) -> None:
        first = {identity: symbol for symbol, (identity, _) in sorted(memory.names.items(), reverse=True) if identity}
        same = {symbol: first.get(identity, symbol) for symbol, (identity, _) in account.names.items() if symbol not in memory.names}
        called = {symbol: name for symbol, name in same.items() if symbol != name}
        self.ours, self.account, self.memory = ours.called(called), account, memory
        self.splits = {called.get(symbol, symbol): factor for symbol, factor in splits.items()}
        self.names = {**{symbol: name for symbol, name in account.names.items() if symbol not in called}, **memory.names}
        self.now = dict(self.names)
        stand = {one.activity_id: one for one in standing(account.bookings)}
        self.kept = tuple(one for one in memory.changes if one.activity_id in stand and told(stand[one.activity_id]) == one.content)
        known = {one.activity_id for one in self.kept}
        self.new = [one for one in stand.values() if one.activity_id not in known]
        self.changes: list[Change] = []
        self.positions = self._positions()
        self.traded = [one for one in account.traded if one.execution_id not in memory.traded]
        self.foreign = dict(memory.foreign)
        for one in self.traded:
            key = self.key(one.symbol)
            self.foreign[key] = self.foreign.get(key, NOTHING) + one.quantity
        booked = [self.key(one.symbol) for one in self.new if one.symbol]
        found = (*ours.shares, *(one.symbol for one in self.kept), *self.foreign, *self.positions, *ours.rests, *ours.corrected, *booked)
        self.symbols = sorted({one for one in found if one})

    def key(self, spelling: str, asset_id: str = "") -> str:
        """Our symbol of what the broker calls so; its own spelling where we have none."""
        for symbol, (identity, name) in (*self.now.items(), *self.names.items()):
            if (asset_id and identity == asset_id) or (not asset_id and name == spelling):
                return symbol
        taken = asset_id and self.names.get(spelling, (asset_id, ""))[0] not in {"", asset_id}
        return f"{spelling}@{asset_id}" if taken else spelling

    def _positions(self) -> dict[str, Held]:
        """The broker's positions by our symbol: by asset id, and where the id changed with the name by the booking that says so."""
        found = {self.key(one.symbol, one.asset_id): one for one in self.account.positions}
        renamed = {one.symbol for one in self.new if one.kind == "name_change"}
        gone = [symbol for symbol in self.ours.shares if symbol not in found]
        for key in [key for key, one in found.items() if key not in self.ours.shares and one.symbol in renamed]:
            same = [symbol for symbol in gone if self._before(symbol) == found[key].quantity]
            if len(same) == 1:
                found[same[0]] = found.pop(key)
                gone.remove(same[0])
        self.now |= {key: (one.asset_id, one.symbol) for key, one in found.items()}
        return found

    def _before(self, symbol: str) -> Decimal:
        """Our signed shares before the bookings that are new."""
        booked = sum((one.quantity for one in self.kept if one.symbol == symbol), NOTHING)
        return self.ours.shares.get(symbol, NOTHING) + booked

    def _bookings(self, symbol: str) -> list[Booking]:
        return [one for one in self.new if one.symbol and self.key(one.symbol) == symbol]

    def line(self, symbol: str) -> Line:
        """The name with its code; what its bookings did is noted."""
        before, foreign = self._before(symbol), self.foreign.get(symbol, NOTHING)
        position = self.positions.get(symbol, Held(self.names.get(symbol, ("", ""))[0], symbol, NOTHING))
        difference = position.quantity - before - foreign
        code, changes = self._explained(symbol, before, foreign, position)
        mine = self._note(symbol, before, foreign, changes, code)
        if not changes and code in {"split", "cash_in_lieu"}:
            mine = divided(difference, before, foreign)[0]
        ours = before + mine
        others = foreign if code in {"unexplained", "unbooked"} else position.quantity - ours
        if code in {"split", "cash_in_lieu"} and ours % 1:
            code = "fraction"
        return Line(symbol, position.asset_id, ours, others, position.quantity, difference, code, tuple(changes))

    def _explained(self, symbol: str, before: Decimal, foreign: Decimal, position: Held) -> tuple[str, dict[str, Decimal]]:
        """Why the position is as it is, and the signed shares that each booking moved."""
        expected = before + foreign
        if position.quantity == expected:
            return self._quiet(symbol, before, foreign, position), {}
        moving = [one for one in self._bookings(symbol) if moves_shares(one)]
        changes = share_changes(moving, expected, position.quantity)
        code = share_code(moving, expected, position.quantity) if changes else "unexplained"
        if changes and code != "unexplained" and (code == "foreign" or self._claimed(before, foreign)):
            return code, changes
        return self._unbooked(symbol, expected, position.quantity), {}

    def _claimed(self, before: Decimal, foreign: Decimal) -> bool:
        """Whether it is known whose shares a booking moved: of a new name only where we trade, and nobody else holds any in the account."""
        return bool(before or foreign) or (self.ours.first is not None and not any(self.foreign.values()))

    def _note(self, symbol: str, before: Decimal, foreign: Decimal, changes: Mapping[str, Decimal], code: str) -> Decimal:
        """Notes what each new booking of the name did; our signed shares of it."""
        mine = NOTHING
        for one in self._bookings(symbol):
            if moves_shares(one) and one.activity_id not in changes:
                continue
            moved, amount = changes.get(one.activity_id, NOTHING), one.amount or NOTHING
            why = cash_code(one)
            own = NOTHING if code == "foreign" else divided(moved, before, foreign)[0]
            cash = self._our_part(symbol, amount, before, foreign) if why != "foreign" else NOTHING
            word = why if amount else code
            arrival = bool(own) and not before
            self.changes.append(Change(one.activity_id, symbol, word, own, cash, moved - own, amount - cash, arrival, told(one)))
            mine += own
        return mine

    def _our_part(self, symbol: str, amount: Decimal, before: Decimal, foreign: Decimal) -> Decimal:
        """Our dollars of what was booked on a name: by shares, and on one that nobody holds any more ours if we ever did."""
        if not before and not foreign:
            return amount if symbol in self.ours.names or not any(self.foreign.values()) else NOTHING
        return divided(amount, before, foreign)[0]

    def _quiet(self, symbol: str, before: Decimal, foreign: Decimal, position: Held) -> str:
        """Why a name is as it was known to be."""
        if foreign:
            return "foreign"
        if symbol in self.ours.corrected:
            return self.ours.corrected[symbol][0]
        if before and our_spelling(position.symbol) != our_spelling(self.names.get(symbol, ("", symbol))[1]):
            return "name_change"
        return "fraction" if before % 1 else "equal"

    def _unbooked(self, symbol: str, expected: Decimal, broker: Decimal) -> str:
        """Why a position differs of which no booking tells."""
        low, high = self.ours.rests.get(symbol, (NOTHING, NOTHING))
        corrected = self.ours.corrected.get(symbol, ("", NOTHING))[1]
        if low <= broker - expected <= high or (corrected and broker - expected == -corrected):
            return "unbooked"
        factor = self.splits.get(symbol)
        split = after_split(expected, factor) if factor else expected
        if broker == split:
            return "split"
        return "cash_in_lieu" if factor and broker == int(split) else "unexplained"

    def result(self, lines: tuple[Line, ...]) -> Reconciled:
        """All of it, and what is remembered."""
        first = self.memory.base is None
        noted = {one.activity_id for one in self.changes}
        for one in self.new:
            if one.activity_id not in noted and (first or not one.symbol):
                code, amount = cash_code(one), one.amount or NOTHING
                mine = NOTHING if code == "foreign" else amount
                self.changes.append(Change(one.activity_id, "", code, NOTHING, mine, NOTHING, amount - mine, False, told(one)))
        changes = (*self.kept, *self.changes)
        others = self.memory.others_cash - sum((one.quantity * one.price + one.fee for one in self.traded), NOTHING)
        cash, base, drift = self._cash(others, any(one.code == "unbooked" for one in lines))
        known = self.memory.traded | {one.execution_id for one in self.traded}
        foreign = {one.symbol: one.foreign for one in lines if one.foreign}
        kept = Memory(changes, foreign, known, self.now, base, others, drift, self.memory.adoption)
        return Reconciled(lines, cash, kept, _fractions(lines, changes, self.ours.ended), self._not_short(lines))

    def _cash(self, others: Decimal, unheard: bool) -> tuple[tuple[CashLine, ...], Decimal | None, Decimal]:
        """Dollars by reason since the last time, the cash before anything of ours, and what is not explained. Nothing is counted from a
        cash in which there may be executions that are `unheard`.
        """
        booked = sum((one.amount or NOTHING for one in standing(self.account.bookings)), NOTHING)
        flows, cash = self.ours.cash + others + booked, self.account.cash
        lines = [CashLine(one.code, one.amount + one.others_amount, one.symbol) for one in self.changes if one.amount or one.others_amount]
        lines += [CashLine("foreign", others - self.memory.others_cash)] if others != self.memory.others_cash else []
        if cash is None or (unheard and self.memory.base is None):
            return (*lines, CashLine("unread", NOTHING)), self.memory.base, self.memory.drift
        base = cash - flows if self.memory.base is None else self.memory.base
        drift = cash - base - flows
        slack = HALF_CENT * (self.ours.executions + len(self.account.bookings) + len(self.memory.traded) + len(self.traded))
        if abs(drift - self.memory.drift) > slack and abs(drift) > slack:
            lines.append(CashLine("unexplained", drift - self.memory.drift))
        return tuple(lines) or (CashLine("equal", NOTHING),), base, drift

    def _not_short(self, lines: Iterable[Line]) -> frozenset[str]:
        """Names whose short another hand, or the lender's call, made smaller."""
        bought = {self.key(one.symbol) for one in self.traded if one.quantity > 0}
        shorts = {one.symbol for one in lines if self._before(one.symbol) < 0}
        return frozenset({one.symbol for one in lines if one.code == "recall"} | (bought & shorts))


def _fractions(lines: Iterable[Line], changes: Collection[Change], ended: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Signed shares of ours that the rule never ends: what is no whole share, and what is left of what came by booking."""
    arrived: dict[str, Decimal] = {}
    for one in changes:
        if one.arrival:
            arrived[one.symbol] = arrived.get(one.symbol, NOTHING) + one.quantity
    parts = {}
    for line in lines:
        if line.code != "unexplained":
            left = left_of(arrived.get(line.symbol, NOTHING), ended.get(line.symbol, NOTHING), line.ours)
            parts[line.symbol] = line.ours - int(line.ours - left)
    return {symbol: part for symbol, part in parts.items() if part}
