"""On noise the honest split finds nothing, and the careless one finds more than chance allows: the canary is alive."""

import dataclasses

import numpy as np

from springback.training import Training, train
from springback.training.train import Evaluation
from tests.training.schools import NOW, lessons, random_tape

PANELS = 2


def noise(seed: int) -> Evaluation:
    """Names that move together, without any edge, tested on the newer half: a neighbouring session tells a label, no earlier one."""
    market_data = random_tape(seed, sessions=900, names=40)
    common = np.exp(np.cumsum(np.random.default_rng(seed + 100).normal(0.0, 0.03, (900, 1)), axis=0))
    market_data = dataclasses.replace(market_data, bars=dataclasses.replace(market_data.bars, close=market_data.bars.close * common))
    return train(*lessons(market_data), Training(trees=60, test_fraction=0.5), NOW).evaluation


def test_on_noise_the_purged_auc_is_a_coins_and_a_random_split_exceeds_three_standard_errors() -> None:
    """The error of a day's AUC, widened by sqrt(6): a label shares its steps with those of the 5 sessions beside it. Mean of the panels."""
    told = [noise(seed) for seed in range(PANELS)]
    purged = [one.long.auc_by_day or np.nan for one in told]
    careless = [one.random_split_auc[0] or np.nan for one in told]
    error = np.sqrt(6 * np.sum(np.square([one.long.auc_by_day_error or np.nan for one in told]))) / PANELS
    assert error < 0.02
    assert abs(np.mean(purged) - 0.5) < 3 * error
    assert np.mean(careless) - 0.5 > 3 * error
    assert all(more > less for more, less in zip(careless, purged, strict=True))
