"""Models and their forecasts: trained, judged, saved, and asked quarter by quarter or once for all."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from springback.cluster import Workers
from springback.data.files.reading import atomic
from springback.data.files.tables import read_forecasts, write_forecasts
from springback.errors import ModelError
from springback.forecasting import model_store
from springback.forecasting.archive import Archive, read_timeline, write_timeline
from springback.forecasting.forecast import QPI, forecast_panel
from springback.forecasting.models import Models
from springback.market.forecasts import Forecasts
from springback.market.liquidity import mean_volume
from springback.market.market_data import MarketData
from springback.strategy.indicator import indicator, triggered
from springback.training.train import Trained
from springback.training.train import train as teach
from springback.training.walk_forward import WalkForwardResult, WalkOptions
from springback.training.walk_forward import walk_forward as walk
from springback.workflow.prepare import PreparedData
from springback.workflow.progress import SILENT, Progress
from springback.workflow.settings import Settings, dated

EVALUATION = "evaluation.json"


def train_models(prepared: PreparedData, settings: Settings, progress: Progress = SILENT) -> Trained:
    """Long and short models by the 80/20 split in time, judged on the newest sessions."""
    return teach(prepared.market_data, prepared.eligible, prepared.features, settings.training, _now(), progress.step("train"))


def save_models(trained: Trained, folder: Path) -> Models:
    """Keeps the pair in the archive of `folder`, with its evaluation, and in `folder` itself at the specified names, the card last.

    Where the desk has a timeline of champions, `folder` itself holds the champion's copy, and stays as it is.
    """
    archive = Archive(folder)
    kept = archive.save(trained.models)
    folders = [archive.folder(kept.card.name)]
    if read_timeline(folder) is None:
        archive.raise_copy(kept.card.name, kept.card.hash)
        folders.append(folder)
    for place in folders:
        write_json(place / EVALUATION, dataclasses.asdict(trained.evaluation))
    return kept


def evaluation_of(folder: Path) -> dict[str, Any] | None:
    """The evaluation saved beside the models, or None. Raises `ModelError` where the file is damaged."""
    path = folder / EVALUATION
    if not path.is_file():
        return None
    try:
        evaluation = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not the evaluation of models ({error}): train again") from None
    if not isinstance(evaluation, dict):
        raise ModelError(f"{path} is not the evaluation of models (it holds no table): train again")
    return evaluation


def forecast_walk_forward(
    prepared: PreparedData, settings: Settings, models: Path | None = None, progress: Progress = SILENT, workers: Workers | None = None
) -> WalkForwardResult:
    """Quarterly walk-forward forecasts of the backtest's window.

    With a folder `models`, each pair is kept in its archive as soon as it is ready, and found again there by the next run if it was trained
    on the same rows under the same settings. `workers` fit; None is this machine.
    """
    archive = Archive(models) if models else None

    def save(_: np.datetime64, pair: Models) -> Models | None:
        return archive.save(pair) if archive and not pair.card.files else None

    settings = dated(settings, prepared.market_data)
    start, end = (np.datetime64(day) for day in settings.backtest.days)
    lookup = archive.lookup if archive else None
    name, bars, actions = settings.strategy.indicator, prepared.market_data.bars, prepared.market_data.actions
    ranked = None if name == "qpi" else ~np.isnan(indicator(name, prepared.features[..., QPI], bars, actions))
    options = WalkOptions(start, end, save, lookup, progress.step("forecast"), workers, settings.retraining, ranked)
    rows = prepared.market_data, prepared.eligible, prepared.features
    result = walk(*rows, settings.training, settings.walk_forward, _now(), options)
    return dataclasses.replace(result, forecasts=triggered(result.forecasts, name, bars, actions))


def save_forecasts(prepared: PreparedData, result: WalkForwardResult, out: Path) -> None:
    """Writes the forecasts to `out` (CSV or Parquet by suffix), and beside it the record of each fold, `folds.json`, and who was champion
    when, `timeline.json`.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    write_forecasts(out, prepared.market_data.bars, result.forecasts)
    write_json(out.parent / "folds.json", [dataclasses.asdict(fold) for fold in result.folds])
    write_timeline(out.parent, result.timeline)


def forecast_fixed(prepared: PreparedData, models: Path, settings: Settings) -> tuple[Forecasts, Models]:
    """Forecasts of every session by the one pair in `models`. Raises `ModelError`."""
    pair = model_store.load(models)
    bars, actions = prepared.market_data.bars, prepared.market_data.actions
    forecasts = forecast_panel(pair, prepared.features, prepared.eligible, mean_volume(bars))
    return triggered(forecasts, settings.strategy.indicator, bars, actions), pair


def in_sample(pair: Models, settings: Settings) -> bool:
    """Whether a session of the backtest lies before the end of what the pair was trained on."""
    return bool(np.datetime64(settings.backtest.days[0]) <= np.datetime64(pair.card.known_by))


def forecasts_from(path: Path, market_data: MarketData) -> Forecasts:
    """The forecasts of a file: date, symbol, qpi, p_long, p_short, adv_63. Raises `InputError`."""
    return read_forecasts(path, market_data.bars)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_json(path: Path, value: Any) -> None:
    with atomic(path) as part:
        part.write_text(json.dumps(value, indent=2, default=str), encoding="utf-8")
