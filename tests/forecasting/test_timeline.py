"""One timeline: who is champion in which session, whose contests are open, and what a change of champion does to them."""

from dataclasses import replace

import numpy as np
import pytest

from springback.errors import InputError, ModelError
from springback.forecasting.timeline import Timeline

FIRST = Timeline(hashes={"a": "0" * 64}).begun("a", "2020-03-31", "WHO", "the first")
THREE = FIRST.registered("b", "2020-06-30").registered("c", "2020-09-30").registered("d", "2020-12-31")


def test_a_champion_speaks_from_the_session_after_the_close_that_made_it() -> None:
    two = THREE.promoted("c", "2021-02-03", "WHO", "better")
    assert [two.champion_on(day) for day in ("2020-04-01", "2021-02-03", "2021-02-04", "2031-01-01")] == ["a", "a", "c", "c"]
    assert two.champion_on(np.datetime64("2021-02-04")) == "c"
    with pytest.raises(ModelError, match="no models were trained before 2020-03-31: the oldest of 2 is of 2020-03-31"):
        two.champion_on("2020-03-31")
    with pytest.raises(ModelError, match="there is no champion yet"):
        _ = Timeline().champion


def test_each_contest_has_its_share_of_the_contests_open_when_it_was_registered() -> None:
    assert [one.share for one in THREE.contests] == [1, 1 / 2, 1 / 3]
    lost = THREE.settled(THREE.contests[0], state="lost", decided="2021-01-15")
    assert lost.challengers == ("c", "d")
    assert lost.registered("e", "2021-03-31").contests[-1].share == 1 / 3


def test_nobody_is_asked_twice_about_one_champion() -> None:
    assert THREE.registered("a", "2021-03-31") is THREE and THREE.registered("c", "2021-03-31") is THREE
    lost = THREE.settled(THREE.contests[0], state="lost", decided="2021-01-15")
    assert lost.registered("b", "2021-03-31") is lost


def test_a_promotion_closes_the_others_and_registers_them_anew() -> None:
    won = THREE.settled(THREE.contests[1], state="won", decided="2021-02-01")
    assert won.challengers == ("b", "c", "d")  # it waits for a signature
    two = won.promoted("c", "2021-02-03", "WHO", "better")
    assert (two.champion, two.previous) == ("c", "a")
    assert [(one.challenger, one.champion, one.state, one.decided) for one in two.contests] == [
        ("b", "a", "closed", "2021-02-03"),
        ("c", "a", "promoted", "2021-02-01"),
        ("d", "a", "closed", "2021-02-03"),
        ("b", "c", "open", ""),
        ("d", "c", "open", ""),
    ]
    assert [(one.after, one.share) for one in two.waiting] == [("2021-02-03", 0.5)] * 2
    with pytest.raises(InputError, match="c is in no contest, open are: b, d"):
        two.promoted("c", "2021-02-04", "WHO", "again")


def test_a_rollback_is_a_tenure_too() -> None:
    back = THREE.promoted("c", "2021-02-03", "WHO", "better").rolled_back("2021-03-01", "WHO", "worse")
    assert (back.champion, back.previous) == ("a", "c")
    assert [(one.challenger, one.champion) for one in back.waiting] == [("b", "a"), ("d", "a")]
    assert back.champion_on("2021-03-01") == "c" and back.champion_on("2021-03-02") == "a"
    with pytest.raises(InputError, match="a is the first champion"):
        FIRST.rolled_back("2021-03-01", "WHO", "worse")
    with pytest.raises(InputError, match="a tenure after 2020-01-01 cannot follow one after 2020-03-31"):
        FIRST.begun("x", "2020-01-01", "WHO", "late")


def test_a_win_that_nobody_signs_lapses() -> None:
    lapsed = THREE.settled(THREE.contests[1], state="won", decided="2021-02-01").lapsed("2021-03-31")
    assert [one.state for one in lapsed.contests] == ["open", "lapsed", "open"]


def test_it_is_the_same_after_a_file() -> None:
    whole = replace(THREE.promoted("c", "2021-02-03", "WHO", "better"), tried="2021-01-01")
    assert Timeline.from_json(whole.to_json(), "here") == whole
    assert whole.to_json() == Timeline.from_json(whole.to_json(), "here").to_json()


@pytest.mark.parametrize(
    "odd",
    ["", "[]", "{}", '{"format": 2}', '{"format": 1, "tenures": [{}], "contests": []}', '{"format": 1, "tenures": 1, "contests": []}'],
)
def test_what_is_none_is_refused(odd: str) -> None:
    with pytest.raises(ModelError, match="here is no timeline of models"):
        Timeline.from_json(odd, "here")


@pytest.mark.parametrize(
    ("old", "new"), [('"2020-06-30"', '"soon"'), ('"open"', '"maybe"'), ('"share": 1.0', '"share": 2'), ('"model": "a"', '"model": 7')]
)
def test_a_field_that_is_none_is_refused(old: str, new: str) -> None:
    assert old in THREE.to_json()
    with pytest.raises(ModelError, match="here is no timeline of models"):
        Timeline.from_json(THREE.to_json().replace(old, new), "here")
