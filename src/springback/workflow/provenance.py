"""What a figure stands on, gathered where it is made."""

from springback import __version__
from springback.forecasting.card import versions
from springback.market.market_data import MarketData
from springback.market.origin import Provenance
from springback.market.prose import Prose
from springback.settings import flat
from springback.workflow.settings import Settings


def provenance(
    market_data: MarketData,
    data_hash: str,
    settings: Settings,
    universe: str,
    command: str,
    seed: int | None = None,
    more: tuple[Prose, ...] = (),
) -> Provenance:
    """Of a run on `market_data` under `settings`; `seed` where it is not that of the training, `more` findings beside those of the market
    data.
    """
    return Provenance(
        origin=market_data.origin,
        universe=Prose(universe),
        settings=flat(settings),
        data_hash=data_hash,
        versions={"springback": __version__, **versions()},
        seed=settings.training.seed if seed is None else seed,
        findings=(*market_data.findings, *more),
        command=command,
    )
