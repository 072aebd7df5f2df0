"""A changed, removed or cut event is found and stops trading; what the broker says makes the journal good again, and stays written."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from springback.errors import Disagrees, InputError, StateError
from springback.state.backup import backup, restore
from springback.state.chain import Fault, faults, known_head, seal
from springback.state.order_rows import OrderHead
from springback.state.orders import Page
from springback.state.rows import Attempt
from springback.state.state import State
from springback.trading.journal import Answer, Order
from springback.trading.order_journal import OrderJournal
from springback.trading.rebuild import Activity, BrokerOrder, Truth
from tests.journal.samples import AT, BUY, NAME, NUMBER, execution, later

ME = "paper"
EXIT = replace(BUY, symbol="AAPL", purpose="exit", side="sell", quantity=Decimal(7))
LEAVE = "sb-1234-20261127-AAPL-exit-1"


def traded(journal: OrderJournal) -> OrderJournal:
    """Seven events: a purchase of which 40 are filled, and an exit that was refused."""
    for plan in (BUY, EXIT):
        journal.plan(plan, AT)
    with journal.state.lease(ME, "alpha") as lease:
        for name in (NAME, LEAVE):
            journal.send(name, later(1), lease)
    journal.record(NAME, Answer("accepted", "b1"), later(2))
    journal.fill(execution(1, 40), later(3))
    journal.record(LEAVE, Answer("refused", "b2", code="40310000"), later(4))
    return journal


@pytest.fixture
def journal(url: str, tmp_path: Path) -> OrderJournal:
    return traded(OrderJournal(State(url), ME, tmp_path / "journal.head", NUMBER))


def bypass(state: State, *statements: str) -> None:
    """What somebody does who knows the database's own password."""
    with state._writing() as connection:
        for table in ("order_intent", "order_event", "order_fill"):
            if connection.dialect.name == "sqlite":
                for verb in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_{verb}"))
            else:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        for statement in statements:
            connection.execute(text(statement))


BOUGHT = BrokerOrder(NAME, "b1", "BRK.B", "buy", Decimal(100), Decimal(40), "partly_filled", later(1))
REFUSED = BrokerOrder(LEAVE, "b2", "AAPL", "sell", Decimal(7), Decimal(0), "refused", later(1), later(4))
TRUTH = Truth((BOUGHT, REFUSED), (execution(1, 40),))


def broken_head(file: Path) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | {"hash": "0" * 64}))


HANDS: dict[str, tuple[tuple[str, ...], Callable[[Path], object], set[tuple[str, int]]]] = {
    "an event says other things": (
        ("UPDATE order_event SET body = replace(body, '\"quantity\": \"40\"', '\"quantity\": \"4\"') WHERE n = 6",),
        Path.exists,
        {("changed", 6), ("fill", 0)},
    ),
    "a refusal becomes a cancellation": (("UPDATE order_event SET kind = 'cancelled' WHERE n = 7",), Path.exists, {("changed", 7)}),
    "a body is no JSON": (("UPDATE order_event SET body = '{' WHERE n = 1",), Path.exists, {("changed", 1), ("intent", 0)}),
    "a body is another JSON": (("UPDATE order_event SET body = '[]' WHERE n = 5",), Path.exists, {("changed", 5)}),
    "an event is gone": (("DELETE FROM order_event WHERE n = 5",), Path.exists, {("gap", 6)}),
    "an order is gone": (
        ("DELETE FROM order_event WHERE client_id LIKE '%exit%'",),
        Path.exists,
        {("gap", 3), ("gap", 5), ("cut", 6), ("intent", 0)},
    ),
    "the tail is gone": (("DELETE FROM order_event WHERE n > 5", "DELETE FROM order_fill"), Path.exists, {("cut", 5)}),
    "the tail is gone and the head follows": (
        ("DELETE FROM order_event WHERE n = 7", "UPDATE order_head SET count = 6, hash = (SELECT hash FROM order_event WHERE n = 6)"),
        Path.exists,
        {("cut", 6)},
    ),
    "all is gone": (
        tuple(f"DELETE FROM {one}" for one in ("order_event", "order_head", "order_intent", "order_fill")),
        Path.exists,
        {("cut", 0)},
    ),
    "two events changed places": (
        ("UPDATE order_event SET n = -n WHERE n IN (5, 6)", "UPDATE order_event SET n = 11 + n WHERE n < 0"),
        Path.exists,
        {("changed", 5), ("changed", 6), ("link", 5), ("link", 6), ("link", 7)},
    ),
    "what was meant is another": (("UPDATE order_intent SET quantity = '900'",), Path.exists, {("intent", 0)}),
    "a fill is gone": (("DELETE FROM order_fill",), Path.exists, {("fill", 0)}),
    "the head's file is gone": ((), Path.unlink, {("head", 7)}),
    "the head's file is another": ((), broken_head, {("head", 7)}),
    "the head's file is empty": ((), lambda file: file.write_text(""), {("head", 7)}),
}  # fmt: skip


CHANGES = (
    *("order_event SET broker_id = 'x' WHERE n = (SELECT min(n) FROM order_event)", "order_intent SET reason = 'x'"),
    *("order_event SET broker_id = 'x' WHERE n = (SELECT max(n) FROM order_event WHERE n < 7)", "order_fill SET price = '1'"),
    "order_event SET body = '{}' WHERE client_id = ''",
)


ON_POSTGRESQL = ("an event is gone", "the tail is gone and the head follows", "what was meant is another")


@pytest.mark.parametrize(("kind", "hand"), [*(("sqlite", one) for one in HANDS), *(("postgresql", one) for one in ON_POSTGRESQL)])
def test_what_somebody_did_is_found_and_stops_trading_until_it_is_rebuilt(
    kind: str, hand: str, new: Callable[[str], str], tmp_path: Path
) -> None:
    journal = traded(OrderJournal(State(new(kind)), ME, tmp_path / "journal.head", NUMBER))
    assert journal.verify() == ()
    before = {one.client_id: (one.state, one.filled_quantity, one.intent.quantity) for one in journal.orders()}
    statements, touch, codes = HANDS[hand]
    bypass(journal.state, *statements)
    touch(journal.file)
    found = journal.verify()
    assert {(one.code, one.n) for one in found} == codes
    with pytest.raises(StateError, match=r"is not whole \(\w+ at event \d+, \d+ faults? in all\): .* 'springback journal rebuild'"):
        journal.recover(later(10))
    if codes & {("cut", n) for n in range(9)} or ("head", 7) in codes:
        with pytest.raises(StateError, match="nothing is sent until 'springback journal rebuild'"):
            journal.plan(replace(BUY, symbol="MSFT"), later(10))
    journal.rebuild(TRUTH, "ann", "somebody was at the database", later(20))
    assert journal.verify() == () and journal.recover(later(21)) == ()
    assert {one.client_id: (one.state, one.filled_quantity, one.intent.quantity) for one in journal.orders()} == before
    journal.fill(execution(2, 60), later(30))
    assert {one.client_id: one.state for one in journal.orders()}[NAME] == "filled" and journal.verify() == ()
    with journal.state._reading() as connection:
        last = Page(connection, ME).events("")[-1]
    said = json.loads(last.body)
    assert (said["by"], said["why"], {(code, n) for code, n, _ in said["faults"]}) == ("ann", "somebody was at the database", codes)
    for change in CHANGES:
        with suppress(ZeroDivisionError), journal.state._writing() as connection:
            connection.execute(text(f"UPDATE {change}"))
            assert faults(Page(connection, ME).pages(), known_head(journal.file, ME)), f"{change} after the rebuild is found again"
            raise ZeroDivisionError  # and taken back


NEWS = (
    "UPDATE order_event SET body = '{}' WHERE n = 8",
    "DELETE FROM order_event WHERE n = 8",
    "UPDATE order_fill SET price = '1' WHERE execution_id = (SELECT max(execution_id) FROM order_fill)",
    "DELETE FROM order_fill WHERE execution_id = (SELECT max(execution_id) FROM order_fill)",
    "INSERT INTO order_fill (account, execution_id, client_id, at, quantity, price, fee, corrects) "
    "SELECT account, 'x', client_id, at, quantity, price, fee, corrects FROM order_fill LIMIT 1",
    "UPDATE order_event SET hash = 'x' WHERE n = 7",
)


@pytest.mark.parametrize("statement", NEWS)
def test_who_found_the_journal_whole_reads_what_is_new_and_finds_what_somebody_did_to_it(statement: str, tmp_path: Path) -> None:
    journal = traded(OrderJournal(State(tmp_path / "state.sqlite"), ME, tmp_path / "journal.head", NUMBER))
    journal.recover(later(10))
    journal.fill(execution(2, 30), later(11))
    bypass(journal.state, statement)
    assert journal.state.new_faults(ME, journal.file) == journal.verify() != ()
    with pytest.raises(StateError):
        journal.recover(later(12))


def test_what_is_new_is_read_alone_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = traded(OrderJournal(State(tmp_path / "state.sqlite"), ME, tmp_path / "journal.head", NUMBER))
    journal.recover(later(10))
    monkeypatch.setattr(Page, "pages", None)
    journal.fill(execution(2, 30), later(11))
    journal.recover(later(12))
    another = OrderJournal(State(tmp_path / "state.sqlite"), ME, journal.file, NUMBER)
    with pytest.raises(TypeError):
        another.recover(later(13))  # another process reads all of it
    assert another.orders() == journal.orders()


def test_a_chain_that_is_sealed_anew_does_not_fit_its_head(journal: OrderJournal) -> None:
    with journal.state._reading() as connection:
        events = Page(connection, ME).pages().events
    head, statements = OrderHead(0, ""), []
    for one in events:
        sealed = seal(ME, replace(one, at=one.at + timedelta(seconds=1)), head)
        head = OrderHead(sealed.n, sealed.hash)
        statements.append(f"UPDATE order_event SET previous = '{sealed.previous}', hash = '{sealed.hash}' WHERE n = {sealed.n}")
    second = "at = datetime(at, '+1 second') || substr(at, 20)" if "://" not in journal.state.name else "at = at + interval '1 second'"
    bypass(journal.state, *statements, f"UPDATE order_event SET {second}", f"UPDATE order_head SET hash = '{head.hash}'")
    assert journal.verify() == (Fault("head", 7),)


def test_the_database_itself_refuses_to_change_the_journal(journal: OrderJournal) -> None:
    for table in ("order_intent", "order_event", "order_fill"):
        for statement in (f"UPDATE {table} SET client_id = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(StateError, match="the order journal is never changed"), journal.state._writing() as connection:
                connection.execute(text(statement))
    assert journal.verify() == ()


def test_what_is_written_while_somebody_looks_is_no_fault(journal: OrderJournal) -> None:
    """A page that reads one moment of the state still lays the chain beside a head that is no newer."""
    other = replace(journal, state=State(journal.state.url.render_as_string(hide_password=False)))
    with journal.state.moment():
        journal.state.halts(ME)
        other.fill(execution(2, 1), later(5))
        assert journal.verify() == ()


def test_a_head_that_lags_behind_a_commit_is_no_fault(journal: OrderJournal) -> None:
    """Who is killed between the two leaves the file behind; the next step brings it along."""
    before = journal.file.read_text()
    journal.fill(execution(2, 1), later(5))
    after = journal.file.read_text()
    journal.file.write_text(before)
    assert journal.verify() == () and before != after
    journal.fill(execution(3, 1), later(6))
    assert json.loads(journal.file.read_text())["count"] == 9 and journal.verify() == ()


@pytest.fixture
def restored(journal: OrderJournal, new: Callable[[str], str], tmp_path: Path) -> OrderJournal:
    """The journal out of a backup, on which the purchase was finished and another order sent meanwhile."""
    backup(journal.state, tmp_path / "backup")
    other = State(new("sqlite"))
    journal.fill(execution(2, 60), later(5))
    restore(other, tmp_path / "backup")
    return replace(journal, state=other)


NEW = "sb-1234-20261130-MSFT-entry-2"
SINCE = Truth(
    (
        replace(BOUGHT, filled_quantity=Decimal(100), state="filled", closed_at=later(5)),
        REFUSED,
        BrokerOrder(NEW, "b9", "MSFT", "sell", Decimal(30), Decimal(10), "expired", later(90), later(99)),
        BrokerOrder("by hand", "b8", "TSLA", "buy", Decimal(1), Decimal(0), "accepted", later(90)),
        BrokerOrder("sb-9999-20261130-MSFT-entry-1", "b7", "MSFT", "buy", Decimal(1), Decimal(0), "accepted", later(90)),
    ),
    (execution(1, 40), execution(2, 60), execution(1, 12, NEW, price=400), execution(2, 10, NEW, price=400, corrects=f"{NEW}/1")),
    (Activity("a1", later(50), "DIV", "BRK.B", dollars=Decimal("12.5")),),
)


def test_a_restored_backup_stops_until_the_broker_has_told_what_it_lacks(restored: OrderJournal) -> None:
    assert {one.code for one in restored.verify()} == {"restored", "head"}
    with pytest.raises(StateError, match="came out of a backup: nothing is sent until 'springback journal rebuild'"):
        restored.record(NAME, Answer("accepted"), later(100))
    with pytest.raises(InputError, match="is signed: say who does it, and why"):
        restored.rebuild(SINCE, "", "why", later(100))
    anew = restored.rebuild(SINCE, "ann", "the disk died", later(100))
    assert {one.client_id for one in anew} == {NAME, NEW}
    orders = {one.client_id: one for one in restored.orders()}
    assert (orders[NAME].state, orders[NAME].filled_quantity, len(orders[NAME].history)) == ("filled", 100, 2)
    found = orders[NEW]
    assert (found.state, found.filled_quantity, found.average_price, len(found.history)) == ("expired", 10, 400, 2)
    assert (found.intent.side, found.intent.purpose, found.intent.number, found.broker_id) == ("sell", "entry", 2, "b9")
    assert (found.planned_at, found.closed_at) == (later(90), later(99))
    assert restored.verify() == () and restored.recover(later(101)) == () and set(orders) == {NAME, LEAVE, NEW}
    assert restored.plan(BUY, later(102)).state == "filled", "the decision of before sends nothing again"
    restored.fill(execution(3, 20, NEW, price=401), later(103))
    assert {one.client_id: one.state for one in restored.orders()}[NEW] == "filled" and restored.verify() == ()


def test_a_restored_backup_of_before_the_first_order_stops_too(url: str, tmp_path: Path, new: Callable[[str], str]) -> None:
    state = State(url)
    state.attempt(ME, Attempt("retraining", AT, BUY.session, "kept"))
    backup(state, tmp_path / "backup")
    other = State(new("sqlite"))
    restore(other, tmp_path / "backup")
    journal = OrderJournal(other, ME, tmp_path / "another machine" / "journal.head", NUMBER)
    with pytest.raises(StateError, match="came out of a backup"):
        journal.plan(BUY, AT)
    journal.rebuild(Truth((), ()), "ann", "moved", AT)
    assert journal.verify() == () and journal.plan(BUY, AT).state == "planned"


def test_what_the_broker_does_not_have_never_goes_out_again(url: str, tmp_path: Path) -> None:
    journal = OrderJournal(State(url), ME, tmp_path / "journal.head", NUMBER)
    names = [journal.plan(replace(BUY, symbol=symbol), AT).client_id for symbol in "ABCD"]
    with journal.state.lease(ME, "alpha") as lease:
        for name in names[:3]:
            journal.send(name, later(1), lease)
        journal.record(names[1], Answer("accepted", "b"), later(2))
        journal.fill(execution(1, 30, names[2]), later(2))
        journal.rebuild(Truth((), ()), "ann", "a new machine", later(9))
        states = [one.state for one in journal.orders()]
        assert states == ["missed", "missed", "cancelled", "planned"] and journal.verify() == ()
        with pytest.raises(Disagrees, match="is missed"):
            journal.send(names[0], later(10), lease)
        journal.send(names[3], later(10), lease)


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        (
            replace(SINCE, fills=SINCE.fills[:1]),
            "100 shares of sb-1234-20261127-BRK.B-entry-1 were filled, and executions of 40 were given",
        ),
        (replace(SINCE, orders=SINCE.orders[:2]), f"executions of {NEW} and no such order"),
        (Truth((replace(SINCE.orders[2], symbol="AAPL"),), ()), f"{NEW} is an order of AAPL at the broker"),
    ],
)
def test_a_rebuild_that_lacks_something_changes_nothing(truth: Truth, said: str, restored: OrderJournal) -> None:
    def rows() -> list[Order]:
        return list(restored.orders())

    before = rows()
    with pytest.raises(Disagrees, match=said):
        restored.rebuild(truth, "ann", "the disk died", later(100))
    assert rows() == before and {one.code for one in restored.verify()} == {"restored", "head"}
