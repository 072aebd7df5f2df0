"""What a figure stands on, gathered where it is made."""

from springback import __version__
from springback.forecasting.card import versions
from springback.market.origin import Provenance
from springback.market.prose import Prose
from springback.market.tape import Tape
from springback.settings import flat
from springback.workflow.settings import Settings


def provenance(
    tape: Tape, data_hash: str, settings: Settings, universe: str, command: str, seed: int | None = None, more: tuple[Prose, ...] = ()
) -> Provenance:
    """Of a run on `tape` under `settings`; `seed` where it is not that of the training, `more` findings beside those of the tape."""
    return Provenance(
        origin=tape.origin,
        universe=Prose(universe),
        settings=flat(settings),
        data_hash=data_hash,
        versions={"springback": __version__, **versions()},
        seed=settings.training.seed if seed is None else seed,
        findings=(*tape.findings, *more),
        command=command,
    )
