"""What is restored equals what was backed up, from either database into either."""

import itertools
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from springback.errors import MissingData, StateError, Unwritable
from springback.market.prose import Prose
from springback.state import backup as copies
from springback.state import schema
from springback.state.backup import KEPT, backup, restore
from springback.state.chain import RESTORED
from springback.state.order_rows import OrderEvent, OrderFill, OrderIntent, with_body
from springback.state.orders import Page
from springback.state.rows import Alarm, Attempt, Evening, Halt, Incident, Request, Restriction
from springback.state.state import State
from springback.state.tables import TABLE_OF
from tests.state.samples import AT, BOOKED, FRIDAY, LATER, MONDAY, RECORDS, WHY, event
from tests.state.test_schema import NEXT

KINDS = ("sqlite", "postgresql")
INTENT = OrderIntent("sb-1-20261127-BRK.B-entry-1", FRIDAY, "BRK.B", "buy", "entry", 1, Decimal("100"), 1 / 3, "entry")
FILL = OrderFill("e1", INTENT.client_id, LATER, Decimal("0.10"), Decimal("490.123456789"), Decimal(0))


def filled(url: str) -> State:
    """A state with every kind of row, of two accounts."""
    state = State(url)
    for account in ("paper", "live"):
        for session in (FRIDAY, MONDAY):
            state.freeze(account, Evening(session, "frozen", f"{account}{session}", AT))
        state.record(account, event(), event(price=None, quantity=-5e-324, why=Prose("é 漢 \n ' \" \\")))
        state.lift(account, state.halt(account, Halt("all", "x", WHY, "ann", AT)).n, "bob", LATER)
        state.halt(account, Halt("name", "x", WHY, "ann", AT, "AAPL"))
        state.restrict(account, Restriction("AAPL", FRIDAY, None, WHY, "ann", AT))
        state.unrestrict(account, state.restrict(account, Restriction("MSFT", FRIDAY, MONDAY, WHY, "ann", AT)).n, "bob", LATER)
        state.open_incident(account, Incident("a", AT, None, WHY, "springback daily"))
        state.notify(account, state.open_incident(account, Incident("b", AT, FRIDAY, WHY, "springback daily")).n, "opening", LATER)
        state.close_incident(account, "b", LATER)
        state.raise_alarm(account, Alarm("m", FRIDAY, 1 / 3, 4.0))
        state.attempt(account, Attempt("retraining", AT, FRIDAY, "kept", WHY))
        asked = state.ask(account, Request("resume", "1 2", True, "ann", WHY, AT))
        state.answer(account, asked.n, "done", WHY, LATER)
        state.ask(account, Request("resume", "", False, "bob", WHY, AT))
        for record in RECORDS:
            state.keep(account, record)
        state.book(account, BOOKED)
        with state._writing() as connection:
            page = Page(connection, account)
            page.append(with_body(OrderEvent(AT, INTENT.client_id, "planned"), {}, INTENT))
            page.append(with_body(OrderEvent(AT, INTENT.client_id, "fill"), {}, fills=[FILL]))
    return state


def brought_back(rows: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """`rows` without what a restore adds: one event of each account that says so, where each chain ends now."""
    events = [row for row in rows["order_event"] if row[4] != RESTORED]
    assert len(rows["order_event"]) - len(events) == 2
    ends = {row[0]: row for row in events}
    assert [row[1:] for row in rows["order_head"]] == [
        (3, next(one[-1] for one in rows["order_event"] if one[:2] == (who, 3))) for who in ends
    ]
    return rows | {"order_event": events, "order_head": [(who, row[1], row[-1]) for who, row in ends.items()]}


def contents(state: State) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that a copy keeps, as the database gives it."""
    with state._reading() as connection:
        return {table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))] for table in KEPT}


@pytest.mark.parametrize(("source", "target"), list(itertools.product(KINDS, KINDS)))
def test_a_state_comes_back_as_it_was(source: str, target: str, new: Callable[[str], str], tmp_path: Path) -> None:
    state, out = filled(new(source)), tmp_path / "copies" / "state.backup"
    with state.lease("paper", "alpha"):
        copy = backup(state, out)
    assert [one.name for one in out.parent.iterdir()] == [out.name]
    before = out.read_bytes()
    state.record("paper", event())  # after the copy was made
    other = State(new(target))
    assert restore(other, out) == copy and out.read_bytes() == before
    found = brought_back(contents(other))
    assert all(found.values()) and set(found) == {table.name for table in TABLE_OF.values()}
    assert copy == {name: len(rows) for name, rows in found.items()}
    assert found == contents(State(out)), "the file and the database hold the same"
    found["book_event"].append(next(row for row in contents(state)["book_event"] if row not in found["book_event"]))
    assert {name: sorted(rows, key=repr) for name, rows in found.items()} == {
        name: sorted(rows, key=repr) for name, rows in contents(state).items()
    }
    assert other.record("paper", event())[0].n == 3, "the numbers go on where the copy ended"
    with other.lease("paper", "beta"):
        pass


def test_a_state_with_rows_is_not_written_over(url: str, tmp_path: Path) -> None:
    state = filled(url)
    backup(state, tmp_path / "copy")
    before = contents(state)
    with pytest.raises(StateError, match="restore into an empty state"):
        restore(state, tmp_path / "copy")
    assert contents(state) == before
    with pytest.raises(Unwritable, match="is there already: a backup never takes the place of another"):
        backup(state, tmp_path / "copy")


def test_a_restore_that_breaks_leaves_nothing(new: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup(filled(new("sqlite")), tmp_path / "copy")
    monkeypatch.setattr(copies, "KEPT", (*KEPT, KEPT[0]))
    for kind in KINDS:
        state = State(new(kind))
        with pytest.raises(StateError, match=r"(?i)unique"):
            restore(state, tmp_path / "copy")
        assert not any(contents(state).values())


def test_a_file_that_is_no_whole_backup_is_refused(new: Callable[[str], str], tmp_path: Path) -> None:
    state, copy = State(new("sqlite")), tmp_path / "copy"
    backup(filled(new("sqlite")), copy)
    with pytest.raises(MissingData, match="there is no backup"):
        restore(state, tmp_path / "nothing")
    whole = copy.read_bytes()
    for k, damaged in enumerate((b"", b"text " * 500, whole[: len(whole) // 2], whole[:4096] + bytes(len(whole) - 4096))):
        file = tmp_path / f"damaged{k}"
        file.write_bytes(damaged)
        with pytest.raises(StateError) as refused:
            restore(state, file)
        assert "no whole backup" in str(refused.value) and str(file) in str(refused.value), refused.value
    assert not any(contents(state).values())


def test_an_older_backup_is_restored_and_a_newer_one_refused(
    new: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = tmp_path / "older", tmp_path / "newer"
    evenings = filled(new("sqlite")).evenings("live")
    backup(State(new("sqlite")), tmp_path / "empty")
    backup(filled(new("postgresql")), older)
    folder = shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    newest = schema.ScriptDirectory(str(folder)).get_current_head()
    (folder / "versions" / "v9999.py").write_text(NEXT.format(newest=newest))
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    state = State(new("sqlite"))
    restore(state, older)
    assert state.evenings("live") == evenings
    backup(State(new("sqlite")), newer)
    monkeypatch.undo()
    with pytest.raises(StateError, match="has schema 9999"):
        restore(State(new("sqlite")), newer)
    restore(State(new("sqlite")), tmp_path / "empty")
