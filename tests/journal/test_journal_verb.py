"""`springback journal`: every order under its fixed names, the chain checked, and a rebuild that is typed."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from springback.errors import BadTable, MissingData
from springback.trading.journal import Answer
from springback.workflow.book import Word
from springback.workflow.order_journal import HEAD, journal_of, listing, made_good, truth_of
from springback.workflow.state_place import back_up, bring_back
from tests.journal.samples import AT, BUY, NAME, NUMBER, execution, later
from tests.terminal import done, springback

SAID = {
    "orders": [
        {
            "client_id": NAME,
            "broker_id": "b1",
            "symbol": "BRK.B",
            "side": "buy",
            "quantity": 100,
            "filled_quantity": "40.0",
            "state": "expired",
            "at": "2026-11-28T00:05:01+00:00",
            "closed_at": "2026-11-30T14:31:00Z",
        }
    ],
    "fills": [
        {
            "execution_id": "e1",
            "client_id": NAME,
            "at": "2026-11-30T14:30:00Z",
            "quantity": 40,
            "price": 490.25,
            "fee": "0",
            "corrects": "",
        }
    ],
}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk with an order that was accepted."""
    journal = journal_of(tmp_path / "desk", NUMBER)
    journal.plan(BUY, AT)
    with journal.state.lease("desk", "alpha") as lease:
        journal.send(NAME, later(1), lease)
    journal.record(NAME, Answer("accepted", "b1"), later(2))
    return tmp_path / "desk"


def test_a_desk_lists_checks_and_rebuilds_its_journal(desk: Path) -> None:
    home = desk.parent
    told = json.loads(done(springback(home, "journal", "--json", "--verify")).stdout)
    assert told["faults"] == [] and told["account"] == "desk"
    line = {"client_id": NAME, "session": "2026-11-27", "symbol": "BRK.B", "side": "buy", "purpose": "entry", "quantity": 100}
    assert told["orders"] == [
        line | {"filled_quantity": 0, "average_price": None, "state": "accepted", "broker_id": "b1", "reason": "entry"}
    ]
    (desk / HEAD).unlink()
    bad = springback(home, "journal", "--verify")
    assert bad.returncode == 1 and "head at event 3" in bad.stdout and "1 fault: nothing is sent" in bad.stdout
    (home / "broker.json").write_text(json.dumps(SAID))
    unsigned = springback(home, "journal", "rebuild", "broker.json", "--account", NUMBER, "--why", " ")
    assert unsigned.returncode == 2 and "says why: give --why REASON" in unsigned.stderr
    said = done(springback(home, "journal", "rebuild", "broker.json", "--account", NUMBER, "--why", "the file was deleted", "--by", "ann"))
    assert "1 order was written anew" in said.stdout
    assert "whole, from its first event to its last" in said.stdout
    (order,) = listing(desk, verify=True).orders
    assert order == line | {"filled_quantity": 40, "average_price": 490.25, "state": "expired", "broker_id": "b1", "reason": "entry"}


def test_a_state_that_is_brought_back_waits_for_the_broker(desk: Path, tmp_path: Path) -> None:
    back_up(desk, tmp_path / "copy")
    journal_of(desk, NUMBER).fill(execution(1, 40), later(3))
    (desk / "state.sqlite").rename(tmp_path / "lost")
    bring_back(desk, tmp_path / "copy")
    found = listing(desk, verify=True)
    assert {one.code for one in found.faults or ()} == {"restored", "head"} and found.orders == ()
    (tmp_path / "broker.json").write_text(json.dumps(SAID))
    assert made_good(desk, tmp_path / "broker.json", NUMBER, Word("ann", later(9), "a new disk")).faults == ()
    assert [one.filled_quantity for one in journal_of(desk).orders()] == [Decimal(40)]
    assert journal_of(desk, NUMBER).plan(BUY, later(10)).state == "expired"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "does not say what a broker knows"),
        ("[]", "does not say what a broker knows"),
        ("{}", "has no list of fills and orders"),
        ('{"orders": [{"client_id": "x"}], "fills": []}', "does not say what a broker knows"),
        (json.dumps(SAID | {"orders": [SAID["orders"][0] | {"state": "new"}]}), "the state must be one of planned"),
        (json.dumps(SAID | {"fills": [SAID["fills"][0] | {"quantity": "many"}]}), "does not say what a broker knows"),
        (json.dumps(SAID | {"fills": [SAID["fills"][0] | {"at": "2026-11-30T14:30:00"}]}), "must be an instant with its zone"),
    ],
)
def test_a_file_that_says_nothing_of_a_broker_is_refused(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "broker.json"
    with pytest.raises(MissingData, match="there is no file"):
        truth_of(file)
    file.write_text(text)
    with pytest.raises(BadTable, match=said):
        truth_of(file)


def test_where_there_is_no_desk_there_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="there is no state"):
        listing(tmp_path)
    assert not list(tmp_path.iterdir())
