"""Targets relative to the market's or the sector's median: cases by hand, pandas as the witness, and what is not known does not enter."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springback.errors import MissingData, SettingsError
from springback.training import Training, walk_forward
from springback.training.estimators import targets
from springback.training.labels import residual
from springback.training.rows import gather
from springback.training.training_settings import WalkForward
from tests.training.schools import NOW, lessons, random_tape

MARKET, SECTOR = (Training(trees=8, target=target) for target in ("residual_market", "residual_sector"))
TAPE = random_tape(61, sessions=200, names=14)
SECTORS = ("Energy",) * 6 + ("Health",) * 6 + ("Utilities", "")


def test_the_market_by_hand() -> None:
    """Of 5, 1, -2 and 4 % the last is not in the universe: the median of the others is 1 %."""
    forward = np.array([[0.05, 0.01, -0.02, 0.04]])
    found = residual(forward, np.array([[True, True, True, False]]))
    np.testing.assert_allclose(found, [[0.04, 0.0, -0.03, np.nan]])


def test_a_sector_of_five_has_its_own_median_and_a_smaller_one_the_markets() -> None:
    forward = np.array([[0.01, 0.02, 0.03, 0.04, 0.05, 0.10, 0.20]])
    groups = np.array([0, 0, 0, 0, 0, 1, -1])
    found = residual(forward, np.ones((1, 7), dtype=np.bool_), groups)
    np.testing.assert_allclose(found, [[-0.02, -0.01, 0.0, 0.01, 0.02, 0.06, 0.16]])  # 3 % in the sector, 4 % in the market


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_pandas_finds_the_same(seed: int) -> None:
    draw = np.random.default_rng(seed)
    forward, groups = draw.normal(0, 0.05, (6, 30)), draw.integers(-1, 4, 30)
    usable = draw.random(forward.shape) < 0.8
    frame = pd.DataFrame({"row": np.nonzero(usable)[0], "group": groups[np.nonzero(usable)[1]], "forward": forward[usable]})
    market = frame.groupby("row")["forward"].transform("median")
    own = frame.groupby(["row", "group"])["forward"].transform("median")
    size = frame.groupby(["row", "group"])["forward"].transform("size")
    middle = np.where((frame["group"] >= 0) & (size >= 5), own, market)
    np.testing.assert_allclose(residual(forward, usable, groups)[usable], frame["forward"] - middle)
    np.testing.assert_allclose(residual(forward, usable)[usable], frame["forward"] - market)


def test_half_of_every_session_beats_its_median_whatever_the_market_did() -> None:
    rows = gather(*lessons(TAPE), MARKET)
    rises, falls = targets(rows)
    for session in np.unique(rows.session):
        today = rows.session == session
        assert rises[today].sum() == falls[today].sum() == 7
    plain = gather(*lessons(TAPE), Training())
    np.testing.assert_array_equal(rows.forward, plain.forward)
    assert rows.fingerprint() != plain.fingerprint()
    assert rows.known_by(100).fingerprint() == gather(*lessons(TAPE.until(101)), MARKET).fingerprint()


def test_events_are_relative_to_everyone_not_to_events() -> None:
    everyone, events = (gather(*lessons(TAPE), dataclasses.replace(MARKET, rows=kind)) for kind in ("all", "events"))
    place = {(s, n): value for s, n, value in zip(everyone.session, everyone.name, everyone.learned, strict=True)}
    assert 0 < len(events) < len(everyone)
    assert all(place[s, n] == value for s, n, value in zip(events.session, events.name, events.learned, strict=True))


def test_a_common_move_teaches_nothing() -> None:
    """The same shock for all names on a split-free market data leaves the market-relative lesson as it was."""
    shock = np.ones((200, 1))
    shock[120:] = 0.7
    shocked = dataclasses.replace(TAPE, bars=dataclasses.replace(TAPE.bars, close=TAPE.bars.close * shock))
    ours, theirs = gather(*lessons(TAPE), MARKET), gather(*lessons(shocked), MARKET)
    assert np.mean(targets(ours)[0] == targets(theirs)[0]) > 0.999
    plain = gather(*lessons(TAPE), Training()), gather(*lessons(shocked), Training())
    assert np.mean(targets(plain[0])[0] == targets(plain[1])[0]) < 0.995


def test_sectors_are_needed_and_used() -> None:
    with pytest.raises(MissingData, match="residual_sector needs sectors, and these bars come without: take residual_market"):
        gather(*lessons(TAPE), SECTOR)
    sectored = dataclasses.replace(TAPE, sectors=SECTORS)
    rows = gather(*lessons(sectored), SECTOR)
    for session in np.unique(rows.session)[:20]:
        today = (rows.session == session) & (rows.name < 6)
        assert np.median(rows.learned[today]) == pytest.approx(0.0, abs=1e-12)


def test_a_walk_forward_is_trained_and_judged() -> None:
    result = walk_forward(*lessons(dataclasses.replace(TAPE, sectors=SECTORS)), SECTOR, WalkForward(min_sessions=60), NOW)
    assert len(result.folds) >= 1 and all(models.card.settings["target"] == "residual_sector" for models in result.models.values())


@pytest.mark.parametrize(("knob", "value"), [("target", "residual"), ("scores", "isotonic")])
def test_an_unknown_variant_is_refused_with_its_choices(knob: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"training.{knob} must be one of .*, was '{value}'"):
        Training(**{knob: value})  # type: ignore[arg-type]
