"""What the algorithm reads: models, forecasts, names and membership, wherever the host keeps them."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from springback.errors import BadTable, MissingData, ModelError
from springback.forecasting import model_store
from springback.forecasting.models import Models
from springback.lean import folds
from springback.lean.parameters import Lean, Parameters
from springback.lean.plain_table import read_plain
from springback.market.forecasts import LIMITS
from springback.market.membership import Membership
from springback.trading.day_forecasts import FileForecasts, FixedModelForecasts, ForecastSource, ModelForecasts

Find = Callable[[str], Path | None]
"""The file that a key names, or None."""
AGAIN = "run 'springback lean export' again"


def outlook(parameters: Parameters, find: Find) -> ForecastSource:
    """The day's forecasts as `lean.models` asks for. Raises `ModelError`, `MissingData`."""
    low, high = parameters.strategy.qpi_low, parameters.strategy.qpi_high
    lean = parameters.lean
    if lean.models == "forecasts":
        return _said(_must(find, lean.forecasts, "springback lean backtest --forecasts FILE"))
    if lean.models == "fixed":
        return FixedModelForecasts(pair(find, lean.folder), parameters.universe, low, high)
    return ModelForecasts(walk_forward(find, lean.folder), parameters.universe, low, high)


def pair(find: Find, folder: str) -> Models:
    """One pair of models: its files, found one by one, are laid into a folder of their own and opened if their card vouches for them.

    Raises `MissingData` where one is not there, `ModelError`.
    """
    with tempfile.TemporaryDirectory() as place:
        for name in model_store.FILES:
            found = _must(find, f"{folder}/{name}", "springback train")
            (Path(place) / name).write_bytes(found.read_bytes())
        try:
            return model_store.load(Path(place))
        except ModelError as error:
            raise ModelError(str(error).replace(place, folder)) from None


def walk_forward(find: Find, folder: str) -> dict[np.datetime64, Models]:
    """The pairs that `folds.json` lists, by as-of date."""
    record = _must(find, f"{folder}/walk_forward/folds.json", "springback forecast")
    return {np.datetime64(day, "D"): pair(find, f"{folder}/walk_forward/{day}") for day in folds.as_of_days(record)}


def names(parameters: Parameters, find: Find) -> tuple[list[str], Membership | None]:
    """The names to subscribe, alphabetical, and who of them is in the index when (None: not known, liquidity stands in).

    Raises `MissingData` where nothing lists them or nobody is a member in the window, `BadTable`.
    """
    lean, account = parameters.lean, parameters.backtest
    found = find(lean.members) if parameters.universe.members == "index" else None
    listed = find(lean.symbols)
    members = None if found is None else _members(found)
    symbols = None if listed is None else set(read_plain(listed, AGAIN)["symbol"])
    if members is not None:
        known = members.between(np.datetime64(account.start), np.datetime64(account.end))
        kept = [symbol for symbol in known if symbols is None or symbol in symbols]
        if not kept:
            beside = f" that {listed} lists" if listed else ""
            raise MissingData(f"{found} has no member from {account.start} to {account.end}{beside}: export a market of those days")
        return kept, members
    if symbols is None:
        raise MissingData(_absent(lean, "springback lean export"))
    return sorted(symbols), None


def barred(parameters: Parameters, find: Find) -> Membership | None:
    """On which days no order is given for whom: the quarantine of the exported market; None without one."""
    found = find(parameters.lean.barred)
    return None if found is None else _members(found)


def _members(path: Path) -> Membership:
    frame = read_plain(path, AGAIN, ("start", "end"), sparse=("end",))
    ends = frame["end"].where(frame["end"] != "", "9999-12-31")  # an open range: a member still
    late = np.flatnonzero(frame["start"] > ends)
    if len(late):
        row = int(late[0])
        raise BadTable(f"{path}: row {row + 1}: start must not be after end, was {frame['start'][row]}, end {ends[row]}: {AGAIN}")
    return Membership.through(frame["symbol"].tolist(), frame["start"].tolist(), ends.tolist())


def _said(path: Path) -> FileForecasts:
    frame = read_plain(path, "take a file of 'springback forecast'", ("date",), LIMITS)
    twice = np.flatnonzero(frame.duplicated(["date", "symbol"]))
    if len(twice):
        row = int(twice[0])
        raise BadTable(f"{path}: row {row + 1}: the forecast for {frame['symbol'][row]} on {frame['date'][row]} is there twice")
    return FileForecasts(frame["date"].to_numpy().astype("datetime64[D]"), frame["symbol"].tolist(), frame[list(LIMITS)].to_numpy())


def _absent(lean: Lean, verb: str) -> str:
    return f"neither {lean.members} nor {lean.symbols} is in the object store or the data folder: run '{verb}'"


def _must(find: Find, key: str, verb: str) -> Path:
    found = find(key)
    if found is None:
        raise MissingData(f"{key} is neither in LEAN's object store nor beside the algorithm: run '{verb}', then deploy it")
    return found
