"""The record of a forecast, folds.json: the as-of dates of its pairs of models, which are names of folders too."""

import json
from pathlib import Path

import numpy as np

from springback.errors import ModelError

FOLDS = "folds.json"


def as_of_days(record: Path) -> list[str]:
    """The as-of dates of `record`, sorted, each once. Raises `ModelError` on what is no such list, and `FileNotFoundError`."""
    try:
        told = json.loads(record.read_text(encoding="utf-8"))
        days = sorted({str(fold["as_of"]) for fold in told})
        if wrong := [day for day in days if not _is_day(day)]:
            raise ValueError(f"'{wrong[0][:40]}' is no date such as 2020-03-31")
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"a fold has no {error}" if isinstance(error, KeyError) else error
        raise ModelError(f"{record} is not the record of a forecast ({what}): run 'springback forecast'") from None
    if not days:
        raise ModelError(f"{record} names no models: run 'springback forecast', or take --models fixed")
    return days


def _is_day(day: str) -> bool:
    return day.isascii() and day == str(np.datetime64(day, "D")) and len(day) == 10
