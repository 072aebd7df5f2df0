"""Which models speak in a session: the champion by the timeline, and its challengers."""

from pathlib import Path

from springback.errors import ModelError
from springback.forecasting import model_store
from springback.forecasting.archive import Archive, read_timeline
from springback.operation.spoken import ModelsInUse


def models_in_use(models: Path, session: str) -> ModelsInUse:
    """The models of the folder `models` for `session`. What cannot be vouched for is left out: a champion with a `fault` that says why, a
    challenger without a word.
    """
    try:
        timeline = read_timeline(models)
        if timeline is None:
            pair = model_store.load(models)
            return ModelsInUse(pair.card.name, {pair.card.name: pair}, {pair.card.name: pair.card.hash})
        champion = timeline.champion_on(session)
        pair = Archive(models).load(champion, timeline.hashes.get(champion, ""))
    except ModelError as error:
        return ModelsInUse(fault=str(error))
    pairs, hashes = {champion: pair}, {champion: pair.card.hash}
    for name in timeline.challengers:
        try:
            pairs[name] = Archive(models).load(name, timeline.hashes.get(name, ""))
            hashes[name] = pairs[name].card.hash
        except ModelError:
            continue
    return ModelsInUse(champion, pairs, hashes)
