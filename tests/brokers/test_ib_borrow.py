"""IB's list of shares to borrow: what it says, and when it says nothing."""

from datetime import timedelta
from pathlib import Path

import pytest

from springback.brokers.ib_borrow import read_borrow_list
from springback.errors import BadTable, MissingData
from tests.brokers.broker_cases import at
from tests.brokers.ib_cases import client, ib_case

TEXT = """#BOF|2026.03.03|18:45:02
#SYM|CUR|NAME|CON|ISIN|REBATERATE|FEERATE|AVAILABLE|FIGI|
A|USD|AGILENT TECHNOLOGIES INC|1715006|XXXXXXXU1016|2.8137|0.2563|>10000000|X|
B|USD|FEW|11|X|-3|0.5|900|X|
C|USD|DEAR|12|X|-60|60.2|50000|X|
D|USD|NOT SAID|13|X|NA|NA|NA|X|
E|CAD|ELSEWHERE|14|X|1|0.3|50000|X|
#EOF|5
"""
EVENING = at("2026-03-03 19:05")


def test_the_list_says_what_is_easy(tmp_path: Path) -> None:
    (file := tmp_path / "usa.txt").write_text(TEXT)
    found = read_borrow_list(file)
    told = {one: found.of(one, 3.0, EVENING) for one in ("1715006", "11", "12", "13", "14", "15")}
    assert told == {"1715006": "easy", "11": "hard", "12": "hard", "13": "unknown", "14": "hard", "15": "hard"}
    assert found.of("12", 100.0, EVENING) == "easy" and found.at == at("2026-03-03 18:45:02")
    for days in (-1, 5):
        assert found.of("1715006", 3.0, EVENING + timedelta(days=days)) == "unknown"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("#EOF|5\n", "", "whole list"), ("FEERATE", "FEE", "no column FEERATE"), ("#BOF|2026.03.03", "#BOF|3 March", "#BOF")],
)
def test_a_list_that_is_cut_or_changed_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    (file := tmp_path / "usa.txt").write_text(TEXT.replace(old, new))
    with pytest.raises(BadTable, match=words):
        read_borrow_list(file)
    with pytest.raises(MissingData, match="ib_borrow"):
        read_borrow_list(tmp_path / "none.txt")


def test_without_a_list_nothing_can_be_borrowed_and_nothing_else_stops() -> None:
    with ib_case() as case:
        bare = client(case.market, ib_client_id=2, ib_borrow="none.txt")
        assert {one.borrow for one in bare.state(("AAA", "HARD")).assets.values()} == {"unknown"}
        bare.close()
