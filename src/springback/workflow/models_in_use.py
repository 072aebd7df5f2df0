"""Which models speak in a session: the champion by the timeline, its challengers and the champion before it."""

from pathlib import Path

from springback.errors import ModelError
from springback.forecasting import model_store
from springback.forecasting.archive import read_timeline
from springback.operation.spoken import ModelsInUse
from springback.workflow import retrain


def models_in_use(models: Path, session: str) -> ModelsInUse:
    """The models of the folder `models` for `session`; the pair that `springback train` left where nobody is champion yet. What cannot be
    vouched for is left out: no champion, and a `fault` that says why.
    """
    try:
        if read_timeline(models) is None:
            pair = model_store.load(models)
            return ModelsInUse(pair.card.name, {pair.card.name: pair}, {pair.card.name: pair.card.hash})
        known = retrain.in_use(models, session)
    except ModelError as error:
        return ModelsInUse(fault=str(error))
    hashes = {name: pair.card.hash for name, pair in known.models.items()}
    return ModelsInUse(known.champion, known.models, hashes, tried=known.tried)
