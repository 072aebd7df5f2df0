"""The model store: a folder of one pair of models, or of one folder for each as-of date. What its card does not vouch for is not unpickled.

A pickle runs code when it is read. So a file's bytes are read once, their SHA-256 is compared with card.json, and only those bytes
are unpickled. The card guards against damage, mix-ups and files from elsewhere, not against someone who can rewrite the card as well.
"""

import hashlib
import io
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from springback.errors import ModelError, Unwritable
from springback.features import FEATURES
from springback.forecasting.card import Card, versions
from springback.forecasting.models import Models

LONG = "ml_mean_reversion_long.pkl"
SHORT = "ml_mean_reversion_short.pkl"
COLUMNS = "feature_columns.pkl"
CARD = "card.json"
FILES = (LONG, SHORT, COLUMNS, CARD)


def save(models: Models, folder: Path) -> Models:
    """Writes the three pickles and, last, the card; comes back with the card that names their SHA-256. Raises `Unwritable`."""
    sealed, contents = seal(models)
    lay(contents, folder)
    return sealed


def seal(models: Models) -> tuple[Models, dict[str, bytes]]:
    """The models with the card that names the SHA-256 of their files, and the files, name -> content, the card last."""
    contents = {LONG: _pickled(models.long), SHORT: _pickled(models.short), COLUMNS: _pickled(list(models.card.features))}
    card = replace(models.card, files={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})
    return replace(models, card=card), {**contents, CARD: card.to_json().encode()}


def lay(contents: Mapping[str, bytes], folder: Path) -> None:
    """Writes `contents`, name -> content, into `folder`, in their order.

    All files are written beside their place first and then renamed: an interruption leaves the old ones, or a card that does not match
    and is refused, never one that vouches for a half. Raises `Unwritable`.
    """
    temporary = {name: folder / f".{name}.{os.getpid()}.part" for name in contents}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            with temporary[name].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for name, path in temporary.items():
            path.replace(folder / name)
    except OSError as error:
        raise Unwritable(f"models cannot be written to {folder}: {error.strerror}; name another folder") from None
    finally:
        for path in temporary.values():
            with suppress(OSError):
                path.unlink(missing_ok=True)


def contents_of(folder: Path) -> dict[str, bytes]:
    """The files of the models in `folder`, name -> content, each as its card says, the card last. Raises `ModelError`."""
    card = read_card(folder)
    return {**{name: _vouched(folder / name, card) for name in (LONG, SHORT, COLUMNS)}, CARD: card.to_json().encode()}


def load(folder: Path) -> Models:
    """The models of `folder`. Raises `ModelError` if a file is missing, differs from its card or was written under other libraries."""
    card = read_card(folder)
    if card.features != FEATURES:
        raise ModelError(f"{folder}: its models take {', '.join(card.features)}, this program computes {', '.join(FEATURES)}: train again")
    contents = {name: _vouched(folder / name, card) for name in (LONG, SHORT, COLUMNS)}
    _same_libraries(folder, card)
    if _unpickled(contents[COLUMNS], folder / COLUMNS) != list(card.features):
        raise ModelError(f"{folder / COLUMNS} lists other features than its card: train again")
    return Models(_unpickled(contents[LONG], folder / LONG), _unpickled(contents[SHORT], folder / SHORT), card)


def read_card(folder: Path) -> Card:
    """The card of `folder`, without touching its models. Raises `ModelError` where there is none or it cannot be read."""
    path = folder / CARD
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ModelError(f"{folder} holds no {CARD}, so nothing vouches for models there: run 'springback train'") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read ({error}): train again") from None
    return Card.from_json(text, str(path))


def save_all(models: Mapping[np.datetime64, Models], folder: Path) -> None:
    """Each pair of models in the sub-folder of its as-of date."""
    for as_of, one in models.items():
        save(one, place(folder, as_of))


def load_all(folder: Path) -> dict[np.datetime64, Models]:
    """Models by as-of date, oldest first. A sub-folder without a card is an interrupted save and is passed over; anything else that
    `load` would refuse raises `ModelError`.
    """
    dated = sorted(path.parent for path in folder.glob(f"????-??-??/{CARD}"))
    return {np.datetime64(path.name, "D"): load(path) for path in dated}


def place(folder: Path, as_of: np.datetime64) -> Path:
    """Where in a model store of many the models of `as_of` stand."""
    return folder / str(as_of.astype("datetime64[D]"))


def _pickled(value: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def _unpickled(content: bytes, path: Path) -> Any:
    try:
        return joblib.load(io.BytesIO(content))
    except Exception as error:
        raise ModelError(f"{path} matches its card but cannot be read ({type(error).__name__}: {error}): train again") from error


def _vouched(path: Path, card: Card) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): train again") from None
    expected, found = card.files.get(path.name), hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelError(
            f"{path} is not the file of its card: SHA-256 {found[:12]}, the card says {str(expected)[:12]}; it is not opened: train again"
        )
    return content


def _same_libraries(folder: Path, card: Card) -> None:
    here = versions()
    for library in sorted(set(card.versions) | set(here)):
        then, now = card.versions.get(library, "none"), here.get(library, "none")
        if then != now:
            raise ModelError(
                f"{folder}: its models were trained under {library} {then}, here is {now}: train again or install {library} {then}"
            )
