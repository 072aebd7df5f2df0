"""All that the page of a validation needs, as plain values; what validation.json holds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from springback.analytics import encode
from springback.training.judgement import Judgement


@dataclass(frozen=True, eq=False)
class Study:
    """A `judgement` and what it stands on: `first` and `last` session judged (ISO), `how` the forecasts were made and `purge`d in words,
    the universe, the origin of the data with its biases, whether it is the demo market and what was `planted` in it, every setting, the
    hash of the data, the libraries, the seed, the command.
    """

    judgement: Judgement
    first: str
    last: str
    how: str
    universe: str
    origin: str
    biases: tuple[str, ...]
    findings: tuple[str, ...]
    demo: bool
    planted: float
    settings: Mapping[str, Any]
    data_hash: str
    versions: Mapping[str, str]
    seed: int
    command: str


def as_json(study: Study, headline: tuple[str, ...]) -> dict[str, Any]:
    """What validation.json holds: the headline, every figure, the sessions one by one; NaN has become null."""
    told = study.judgement
    figures = {one.name: encode.plain(getattr(told, one.name)) for one in fields(told) if one.name != "days"}
    days = {name: encode.plain(getattr(told.days, name).tolist()) for name in ("rank_ic", "long", "short")}
    stood_on = {one.name: encode.plain(getattr(study, one.name)) for one in fields(study) if one.name != "judgement"}
    return {"headline": list(headline), **figures, **stood_on, "days": {"date": [str(one) for one in told.days.sessions], **days}}
