"""All that the page of a validation needs, as plain values; what validation.json holds."""

from dataclasses import dataclass, fields
from typing import Any

from springback.analytics import encode
from springback.market.origin import Provenance
from springback.training.judgement import Judgement


@dataclass(frozen=True, eq=False)
class ValidationStudy:
    """A `judgement`, the `first` and `last` session judged (ISO), `how` the forecasts were made in words, and what it stands on."""

    judgement: Judgement
    first: str
    last: str
    how: str
    provenance: Provenance


def as_json(study: ValidationStudy, headline: tuple[str, ...]) -> dict[str, Any]:
    """What validation.json holds: the headline, every figure, the sessions one by one; NaN has become null."""
    told = study.judgement
    figures = {one.name: encode.plain(getattr(told, one.name)) for one in fields(told) if one.name != "days"}
    days = {name: encode.plain(getattr(told.days, name).tolist()) for name in ("rank_ic", "long", "short")}
    stood_on = {name: getattr(study, name) for name in ("first", "last", "how")} | encode.plain(study.provenance.facts())
    return {"headline": list(headline), **figures, **stood_on, "days": {"date": [str(one) for one in told.days.sessions], **days}}
