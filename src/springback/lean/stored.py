"""What the algorithm reads: models, forecasts, names and membership, wherever the host keeps them."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from springback.errors import MissingData, ModelError
from springback.forecasting import shelf
from springback.forecasting.models import Models
from springback.lean.parameters import Lean, Parameters
from springback.trading.members import Members
from springback.trading.outlook import FileOutlook, FixedOutlook, ModelOutlook, Outlook

Find = Callable[[str], Path | None]
"""The file that a key names, or None."""


def outlook(parameters: Parameters, find: Find) -> Outlook:
    """The day's forecasts as `lean.models` asks for. Raises `ModelError`, `MissingData`."""
    low, high = parameters.strategy.qpi_low, parameters.strategy.qpi_high
    lean = parameters.lean
    if lean.models == "forecasts":
        path = _must(find, lean.forecasts, "springback lean backtest --forecasts FILE")
        frame = pd.read_csv(path, dtype={"symbol": str}, na_filter=False, float_precision="round_trip")
        days = frame["date"].to_numpy().astype("datetime64[D]")
        return FileOutlook(days, frame["symbol"].tolist(), frame[["qpi", "p_long", "p_short", "adv_63"]].to_numpy())
    if lean.models == "fixed":
        return FixedOutlook(pair(find, lean.folder), parameters.universe, low, high)
    return ModelOutlook(walk_forward(find, lean.folder), parameters.universe, low, high)


def pair(find: Find, folder: str) -> Models:
    """One pair of models: its files, found one by one, are laid into a folder of their own and opened if their card vouches for them."""
    with tempfile.TemporaryDirectory() as place:
        for name in shelf.FILES:
            found = _must(find, f"{folder}/{name}", "springback train")
            (Path(place) / name).write_bytes(found.read_bytes())
        try:
            return shelf.load(Path(place))
        except ModelError as error:
            raise ModelError(str(error).replace(place, folder)) from None


def walk_forward(find: Find, folder: str) -> dict[np.datetime64, Models]:
    """The pairs that `folds.json` lists, by as-of date."""
    record = _must(find, f"{folder}/walk_forward/folds.json", "springback forecast")
    days = [fold["as_of"] for fold in json.loads(record.read_text(encoding="utf-8"))]
    return {np.datetime64(day, "D"): pair(find, f"{folder}/walk_forward/{day}") for day in days}


def names(parameters: Parameters, find: Find) -> tuple[list[str], Members | None]:
    """The names to subscribe, alphabetical, and who of them is in the index when (None: not known, liquidity stands in)."""
    lean, account = parameters.lean, parameters.backtest
    found = find(lean.members) if parameters.universe.members == "index" else None
    listed = find(lean.symbols)
    members = None if found is None else _members(found)
    symbols = None if listed is None else set(pd.read_csv(listed, keep_default_na=False, dtype=str)["symbol"])
    if members is not None:
        known = members.between(np.datetime64(account.start), np.datetime64(account.end))
        return [symbol for symbol in known if symbols is None or symbol in symbols], members
    if symbols is None:
        raise MissingData(_absent(lean, "springback lean export"))
    return sorted(symbols), None


def barred(parameters: Parameters, find: Find) -> Members | None:
    """On which days no order is given for whom: the quarantine of the exported market; None without one."""
    found = find(parameters.lean.barred)
    return None if found is None else _members(found)


def _members(path: Path) -> Members:
    frame = pd.read_csv(path, keep_default_na=False, dtype=str)
    ends = [end or "9999-12-31" for end in frame["end"]]  # an open range: a member still
    return Members(frame["symbol"].tolist(), frame["start"].tolist(), ends)


def _absent(lean: Lean, verb: str) -> str:
    return f"neither {lean.members} nor {lean.symbols} is in the object store or the data folder: run '{verb}'"


def _must(find: Find, key: str, verb: str) -> Path:
    found = find(key)
    if found is None:
        raise MissingData(f"{key} is neither in LEAN's object store nor beside the algorithm: run '{verb}', then deploy it")
    return found
