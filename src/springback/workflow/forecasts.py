"""The forecasts that a backtest or a stress test stands on: of the models in a folder, kept or made anew, or of a file."""

from dataclasses import dataclass
from pathlib import Path

from springback.market.forecasts import Forecasts
from springback.workflow import forecast_cache, places
from springback.workflow.models import (
    forecast_fixed,
    forecast_walk_forward,
    forecasts_from,
    in_sample,
    save_forecasts,
)
from springback.workflow.prepare import PreparedData
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings

WALKED = {
    "if_better": "walk-forward, trained anew each quarter on what was known, a newer pair used once it proved better",
    "newest": "walk-forward, trained anew each quarter on what was known",
    "never": "walk-forward, trained once on what was known",
}
"""What is said of each `walk_forward.policy`."""


@dataclass(frozen=True)
class Choice:
    """Whose forecasts: of the models in the folder `models`, `kind` one of `places.KINDS`, or of the file `file` instead."""

    models: Path
    kind: str | None = None
    file: Path | None = None

    def __post_init__(self) -> None:
        places.check_kind(self.kind)


@dataclass(frozen=True, eq=False)
class Forecasted:
    """Forecasts, how they were made in words, and whether their models saw part of the backtest's days."""

    forecasts: Forecasts
    words: str
    in_sample: bool = False


def forecasts_for(settings: Settings, prepared: PreparedData, choice: Choice, progress: Progress = SILENT) -> Forecasted:
    """The forecasts of `choice`; those of a walk-forward are kept beside its models and found again where nothing they need has changed.

    Raises `InputError`, `ModelError`, `MissingData`, `Unwritable`.
    """
    if choice.file:
        return Forecasted(forecasts_from(choice.file, prepared.market_data), f"forecasts of {choice.file.name}")
    if choice.kind == "fixed":
        made, pair = forecast_fixed(prepared, choice.models, settings)
        words = f"one fixed pair, trained on {pair.card.first} to {pair.card.last}"
        return Forecasted(made, words, in_sample(pair, settings))
    return Forecasted(_walked(settings, prepared, choice.models, progress), WALKED[settings.walk_forward.policy])


def _walked(settings: Settings, prepared: PreparedData, models: Path, progress: Progress) -> Forecasts:
    folder = models / "walk_forward"
    with places.filling(models, progress):
        kept = forecast_cache.find(prepared, settings, folder)
        if kept is not None:
            progress.step("forecast")(1, 1, "as made before: data, settings, models and program are the same")
            return kept
        result = forecast_walk_forward(prepared, settings, models, progress)
        save_forecasts(prepared, result, folder / forecast_cache.FILE)
        forecast_cache.note(prepared, settings, folder)
        return result.forecasts
