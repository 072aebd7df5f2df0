"""The archive: every pair of models that was ever in use, in a folder of its own by its hash, and never overwritten.

    MODELS/archive/HASH/               the files of one pair
    MODELS/timeline.json               who is champion from when on, and the contests, of the desk
    MODELS/ml_mean_reversion_*.pkl     the champion's copy, with its card
    MODELS/walk_forward/timeline.json  the same of the newest walk-forward
    MODELS/walk_forward/AS_OF/         where a walk-forward of an older version kept its pairs: found as well

Whoever writes holds the folder MODELS (`alone`).
"""

from contextlib import suppress
from pathlib import Path

from springback.errors import ModelError
from springback.forecasting import model_store
from springback.forecasting.card import Card
from springback.forecasting.models import Models
from springback.forecasting.timeline import Timeline

ARCHIVE, OLDER, TIMELINE = "archive", "walk_forward", "timeline.json"


def read_timeline(folder: Path) -> Timeline | None:
    """The timeline in `folder`; None where there is none. Raises `ModelError`."""
    file = folder / TIMELINE
    try:
        return Timeline.from_json(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} cannot be read ({error}): bring back a copy, or move it away") from None


def write_timeline(folder: Path, timeline: Timeline) -> None:
    """Puts `timeline` into `folder` in one step: a kill leaves the old one or the new one. Raises `Unwritable`."""
    model_store.lay({TIMELINE: timeline.to_json().encode()}, folder)


class Archive:
    """The pairs of the folder of models `models`. Names are `Card.name`, hashes `Card.hash`."""

    def __init__(self, models: Path) -> None:
        self.models = Path(models)
        self._names: dict[str, Path] = {}

    def save(self, pair: Models) -> Models:
        """Keeps `pair` and comes back with the card that names its files: that of the archive where it has the same files already.

        Raises `Unwritable`.
        """
        sealed, contents = model_store.seal(pair)
        self._keep(contents, sealed.card)
        return sealed

    def lookup(self, lesson: Card) -> Models | None:
        """The pair that learned what the card `lesson` says, whole; None where there is none."""
        with suppress(ModelError):
            folder = self.folder(lesson.name)
            return model_store.load(folder if folder.parent.name == ARCHIVE else self._adopt(folder))
        return None

    def load(self, name: str, hash_: str = "") -> Models:
        """The pair called `name`. Raises `ModelError`: also where it is not the pair of `hash_`."""
        folder = self.folder(name, hash_)
        found = model_store.load(folder)
        if hash_ and found.card.hash != hash_:
            raise ModelError(f"{folder} is not the pair {name} of hash {hash_[:12]}: bring back a copy, or roll back")
        return found

    def folder(self, name: str, hash_: str = "") -> Path:
        """Where the pair called `name` lies, that of `hash_` if it is known. Raises `ModelError`."""
        if hash_:
            return self.models / ARCHIVE / hash_
        if name not in self._names:
            self._names = self.names()
        if name not in self._names:
            raise ModelError(f"{self.models / ARCHIVE} holds no pair {name}: see 'springback models', or run 'springback forecast'")
        return self._names[name]

    def names(self) -> dict[str, Path]:
        """The folder of each pair by name, those of the archive before older ones, of two of one name the one written first."""
        found: dict[str, tuple[bool, str, Path]] = {}
        for path in (*self.models.glob(f"{ARCHIVE}/*/{model_store.CARD}"), *self.models.glob(f"{OLDER}/*/{model_store.CARD}")):
            with suppress(ModelError):
                card = model_store.read_card(path.parent)
                rank = path.parent.parent.name != ARCHIVE, card.created, path.parent
                found[card.name] = min(found.get(card.name, rank), rank)
        return {name: rank[-1] for name, rank in found.items()}

    def raise_copy(self, name: str, hash_: str = "") -> None:
        """Makes the pair called `name` the copy in the folder of models itself, unless it is. Raises `ModelError`, `Unwritable`."""
        contents = model_store.contents_of(self.folder(name, hash_))
        with suppress(ModelError):
            if model_store.contents_of(self.models) == contents:
                return
        model_store.lay(contents, self.models)

    def _adopt(self, folder: Path) -> Path:
        """The archive's copy of a pair that lies in `folder`."""
        return self._keep(model_store.contents_of(folder), model_store.read_card(folder))

    def _keep(self, contents: dict[str, bytes], card: Card) -> Path:
        """Writes a pair unless it is there whole; a half that an interruption left is completed with the same bytes."""
        place = self.models / ARCHIVE / card.hash
        try:
            model_store.contents_of(place)
        except ModelError:
            model_store.lay(contents, place)
        self._names.setdefault(card.name, place)
        return place
