"""Every row of the fault matrix has a test, and the names say of which rows a test is."""

import pytest

from tests.trading.faults.matrix import FAULTS, names, rows_of


def test_every_row_has_a_test() -> None:
    found = names()
    assert list(FAULTS) == list(range(1, 51))
    assert sorted(found) == list(FAULTS), sorted(set(FAULTS) - set(found))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("test_row_07_and_08_a_fill", (7, 8)),
        ("test_rows_1_and_3_an_order", (1, 3)),
        ("test_row_2_what[503]", (2,)),
        ("test_rows_between_and_of", ()),
        ("test_row_47_a_2", (47,)),
        ("test_a_row_3_", ()),
    ],
)
def test_a_name_says_of_which_rows_a_test_is(name: str, rows: tuple[int, ...]) -> None:
    assert rows_of(name) == rows
