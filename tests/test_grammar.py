"""One of many, in every text that leaves for a person."""

import pytest

from springback.analytics import page
from springback.errors import InputError
from springback.grammar import agree
from springback.verbs.console import Console


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("1 names, 502 sessions", "1 name, 502 sessions"),
        ("1 names have no bar", "1 name has no bar"),
        ("in 1 names (such as AAA)", "in 1 name (such as AAA)"),
        ("1 rows lie on days that are no session", "1 row lies on days that are no session"),
        ("1 companies in 2 files", "1 company in 2 files"),
        ("1 trades.", "1 trade."),
    ],
)
def test_one_is_said_as_one(said: str, right: str) -> None:
    assert agree(said) == right


@pytest.mark.parametrize(
    "said", ["11 names", "0.1 names", "1,001 sessions", "2021-01-1 days", "1.1 years", "10-1 rows", "1 name has", "101 rows lie"]
)
def test_many_stay_many(said: str) -> None:
    assert agree(said) == said


def test_every_mouth_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(as_json=False, quiet=False) as console:
        console.say("1 names are held")
    assert capsys.readouterr().out == "1 name is held\n"
    assert str(InputError("1 rows are wrong: mend them")) == "1 row is wrong: mend them"
    assert page._in_words("1 names have") == "1 name has"
