"""The recorder hands a session on as it is, and writes it without the account's number."""

import json
from pathlib import Path

from springback.brokers.ib_recorder import MASK, recording, shapes
from tests.brokers.broker_cases import Case, at
from tests.brokers.fake_tws import running
from tests.brokers.ib_cases import client, gateway


def test_a_session_goes_through_and_is_written(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    with running(gateway()) as fake, recording(file, ("127.0.0.1", fake.port), fake.account) as recorder:
        broker = client(fake, ib_port=recorder.port)
        case = Case(broker, fake)
        case.submit("sb-1")
        fake.move_to(at("2026-03-04 09:31"))
        assert [one.quantity for one in case.events().fills] == [10] and case.held() == {"AAA": 10}
        broker.close()
    text = file.read_text()
    assert fake.account not in text and MASK in text
    messages = [json.loads(line) for line in text.splitlines()]
    assert next(one["fields"] for one in messages if one["from"] == "client") == ["v157..178"]
    kinds = {kind for side, kind in shapes(file) if side == "gateway"}
    assert {"178", "15", "9", "5", "3", "11", "59", "101", "61", "6", "10"} <= kinds
    assert [one["fields"] for one in messages if one["from"] == "client" and one["fields"][0] == "3"] == [
        [word.replace(fake.account, MASK) for word in fake.sent()[0]]
    ]
    assert all(len(counts) == 1 for (_, kind), counts in shapes(file).items() if kind in {"5", "101", "11", "61", "10"})
