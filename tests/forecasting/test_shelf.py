"""The shelf gives back what was put on it, and opens nothing that its card does not vouch for."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest

from springback.errors import ModelError, Unwritable
from springback.features import FEATURES
from springback.forecasting import model_store
from springback.forecasting.card import Card
from tests.forecasting.shelves import complete_rows, small_models

FILES = (model_store.LONG, model_store.SHORT, model_store.COLUMNS)


class Bomb:
    """A pickle that leaves a mark when it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]


def same(left: object, right: object) -> bool:
    """Two pairs of models answer alike."""
    rows = complete_rows()
    return all(np.array_equal(*pair) for pair in zip(left.probabilities(rows), right.probabilities(rows), strict=True))  # type: ignore[attr-defined]


@pytest.mark.parametrize("estimator", ["histogram", "exact"])
def test_what_is_saved_is_loaded(tmp_path: Path, estimator: str) -> None:
    models = small_models(estimator=estimator)
    saved = model_store.save(models, tmp_path / "models")
    loaded = model_store.load(tmp_path / "models")
    assert loaded.card == saved.card and set(saved.card.files) == set(FILES)
    assert replace(loaded.card, files={}) == models.card
    assert same(loaded, models)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == sorted((*FILES, model_store.CARD))
    assert joblib.load(tmp_path / "models" / model_store.COLUMNS) == list(FEATURES)


@pytest.mark.parametrize("name", FILES)
def test_a_tampered_file_is_not_opened(tmp_path: Path, name: str) -> None:
    model_store.save(small_models(), tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "mark")))
    with pytest.raises(ModelError, match="not the file of its card"):
        model_store.load(tmp_path)
    assert not (tmp_path / "mark").exists()


def test_a_bomb_is_a_bomb(tmp_path: Path) -> None:
    """The test above can fail: opened, the bomb leaves its mark."""
    pickle.loads(pickle.dumps(Bomb(tmp_path / "mark")))
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    model_store.save(small_models(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=name):
        model_store.load(tmp_path)


def test_files_of_another_pair_are_refused(tmp_path: Path) -> None:
    model_store.save(small_models(0), tmp_path / "a")
    model_store.save(small_models(1), tmp_path / "b")
    (tmp_path / "a" / model_store.LONG).write_bytes((tmp_path / "b" / model_store.LONG).read_bytes())
    with pytest.raises(ModelError, match="not the file of its card"):
        model_store.load(tmp_path / "a")


def test_no_card_no_models(tmp_path: Path) -> None:
    model_store.save(small_models(), tmp_path)
    (tmp_path / model_store.CARD).unlink()
    with pytest.raises(ModelError, match="springback train"):
        model_store.load(tmp_path)
    with pytest.raises(ModelError, match="springback train"):
        model_store.load(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "null", '{"features": []}', "\ufffd"])
def test_a_card_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    model_store.save(small_models(), tmp_path)
    (tmp_path / model_store.CARD).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="card"):
        model_store.load(tmp_path)


@pytest.mark.parametrize("library", ["numpy", "python", "lightgbm", "scikit-learn"])
def test_other_libraries_are_named(tmp_path: Path, library: str) -> None:
    model_store.save(small_models(), tmp_path)
    card = json.loads((tmp_path / model_store.CARD).read_text())
    card["versions"][library] = "0.1"
    (tmp_path / model_store.CARD).write_text(json.dumps(card))
    with pytest.raises(ModelError, match=rf"trained under {library} 0\.1, here is "):
        model_store.load(tmp_path)


def test_another_order_of_features_is_refused(tmp_path: Path) -> None:
    models = small_models()
    model_store.save(replace(models, card=replace(models.card, features=FEATURES[::-1])), tmp_path)
    with pytest.raises(ModelError, match="train again"):
        model_store.load(tmp_path)


def test_a_card_survives_its_text() -> None:
    card = replace(small_models().card, scores={"a": float("nan"), "b": 0.5})
    assert Card.from_json(card.to_json(), "here") == replace(card, scores={"a": None, "b": 0.5})


@pytest.mark.parametrize("renamed", range(4))
def test_an_interrupted_save_vouches_for_nothing_half(tmp_path: Path, renamed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after `renamed` of the four files are in place: the old pair is whole, or the folder is refused."""
    old, new = small_models(0), small_models(1)
    model_store.save(old, tmp_path)
    real = Path.replace
    done: list[Path] = []

    def stop(self: Path, target: Path) -> Path:
        if len(done) == renamed:
            raise KeyboardInterrupt
        done.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        model_store.save(new, tmp_path)
    monkeypatch.undo()
    if renamed == 0:
        assert same(model_store.load(tmp_path), old)
    else:
        with pytest.raises(ModelError):
            model_store.load(tmp_path)
    assert not list(tmp_path.glob(".*"))
    model_store.save(new, tmp_path)
    assert same(model_store.load(tmp_path), new)


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unwritable, match="another folder"):
        model_store.save(small_models(), tmp_path / "file")


def test_many_pairs_by_date(tmp_path: Path) -> None:
    pairs = {np.datetime64("2020-03-31"): small_models(1), np.datetime64("2019-12-31"): small_models(0)}
    model_store.save_all(pairs, tmp_path)
    (tmp_path / "2020-06-30").mkdir()  # an interrupted save
    loaded = model_store.load_all(tmp_path)
    assert list(loaded) == sorted(pairs)
    assert all(same(loaded[as_of], pairs[as_of]) for as_of in pairs)
    assert model_store.load_all(tmp_path / "nowhere") == {}
