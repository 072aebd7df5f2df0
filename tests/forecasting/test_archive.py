"""The archive: a pair of models is kept by its hash, found by its name, and never overwritten."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from springback.errors import ModelError
from springback.forecasting import Models, model_store
from springback.forecasting.archive import Archive
from tests.forecasting.shelves import small_models


def other(pair: Models) -> Models:
    """The same as-of day on other rows."""
    return replace(pair, card=replace(pair.card, fingerprint="f" * 64))


def test_two_pairs_of_one_day_lie_side_by_side(tmp_path: Path) -> None:
    pair = small_models()
    archive = Archive(tmp_path)
    first = archive.save(pair)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    second = archive.save(other(pair))
    assert first.card.known_by == second.card.known_by and first.card.name != second.card.name
    assert {path: path.read_bytes() for path in before} == before
    assert {one.parent.name for one in tmp_path.glob("archive/*/card.json")} == {first.card.hash, second.card.hash}
    for one in (first, second):
        assert Archive(tmp_path).load(one.card.name, one.card.hash).card == one.card
        found = Archive(tmp_path).lookup(replace(one.card, created="later", files={}, scores={}))
        assert found is not None and found.card == one.card


def test_the_same_pair_again_writes_nothing(tmp_path: Path) -> None:
    pair = small_models()
    Archive(tmp_path).save(pair)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in tmp_path.rglob("*") if path.is_file()}
    Archive(tmp_path).save(replace(pair, card=replace(pair.card, created="2030-01-01T00:00:00+00:00")))
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_pair_of_an_older_folder_is_found_and_taken_in(tmp_path: Path) -> None:
    pair = small_models()
    place = model_store.place(tmp_path / "walk_forward", np.datetime64(pair.card.known_by))
    kept = model_store.save(pair, place)
    before = {path: path.read_bytes() for path in place.iterdir()}
    assert Archive(tmp_path).folder(kept.card.name) == place
    found = Archive(tmp_path).lookup(pair.card)
    assert found is not None and found.card == kept.card
    assert Archive(tmp_path).folder(kept.card.name) == tmp_path / "archive" / kept.card.hash
    assert {path: path.read_bytes() for path in place.iterdir()} == before


def test_a_half_that_a_kill_left_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = small_models()
    calls = iter(range(2))

    def killed(*_: object) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        Archive(tmp_path).save(pair)
    monkeypatch.undo()
    assert Archive(tmp_path).lookup(pair.card) is None
    assert Archive(tmp_path).load(Archive(tmp_path).save(pair).card.name).card.name == pair.card.name


def test_a_damaged_pair_is_told_and_not_used(tmp_path: Path) -> None:
    kept = Archive(tmp_path).save(small_models())
    (tmp_path / "archive" / kept.card.hash / model_store.LONG).write_bytes(b"other")
    with pytest.raises(ModelError, match=r"is not the file of its card"):
        Archive(tmp_path).load(kept.card.name, kept.card.hash)
    assert Archive(tmp_path).lookup(kept.card) is None
    with pytest.raises(ModelError, match=r"holds no pair 2020-01-01-12345678: see 'springback models'"):
        Archive(tmp_path).load("2020-01-01-12345678")


def test_the_copy_is_the_champion_s_and_made_again_after_a_kill(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    old, new = archive.save(small_models()), archive.save(other(small_models()))
    archive.raise_copy(old.card.name)
    assert model_store.load(tmp_path).card == old.card
    (tmp_path / model_store.CARD).write_bytes((tmp_path / "archive" / new.card.hash / model_store.CARD).read_bytes())
    (tmp_path / model_store.SHORT).unlink()
    archive.raise_copy(old.card.name, old.card.hash)
    assert model_store.load(tmp_path).card == old.card
