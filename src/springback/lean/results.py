"""LEAN's result as it lies on disk: ID.json with ID-order-events.json beside it, read and not yet judged.

Instants are UTC in the files (orders as ISO text, events and charts as seconds) and New York wall time here. Keys and states are taken
in the spellings of older engines too. LEAN: Common/Packets/BacktestResultParameters.cs, Common/Orders/Order.cs,
Common/Orders/Serialization/SerializedOrderEvent.cs, Common/Util/CandlestickJsonConverter.cs.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback.errors import BadTable, InputError, MissingData

NEW_YORK = "America/New_York"
STATES = {0: "new", 1: "submitted", 2: "partiallyfilled", 3: "filled", 5: "canceled", 6: "none", 7: "invalid", 8: "cancelpending"}
TYPES = ("market", "limit", "stop_market", "stop_limit", "market_on_open", "market_on_close", "option_exercise")
ENDED = ("canceled", "invalid")


@dataclass(frozen=True, eq=False)
class LeanResult:
    """One finished run of the engine.

    `orders` (order_id, sent, symbol, quantity, tag, ended): one row an order by id; `quantity` as it was sent, `ended` when it was
    cancelled or refused, else NaT. `fills` (order_id, time, symbol, quantity, price, fee) in order of time. `curve` the close of LEAN's
    equity chart, dollars rounded to 4 decimals, by time. `printed` LEAN's statistics as text, `performance` its trade and portfolio ones.
    `start`, `end` ISO dates asked for; `cash` at the start; `parameters` of the algorithm; `digest` of both files.
    """

    file: Path
    orders: pd.DataFrame
    fills: pd.DataFrame
    curve: "pd.Series[float]"
    printed: Mapping[str, str]
    performance: Mapping[str, Any]
    start: str
    end: str
    cash: float
    parameters: Mapping[str, str]
    digest: str


def read_result(file: Path) -> LeanResult:
    """The result of `file`, LEAN's ID.json, or a results folder that holds one.

    Raises `MissingData` where a file is not there, `BadTable` on JSON that is not LEAN's result, `InputError` on a run that failed.
    """
    file = _one_result(file) if file.is_dir() else file
    text, found = _json(file)
    result = _checked(file, found)
    _finished(file, result)
    more, events = _events(file, result)
    try:
        return _assembled(file, result, events, hashlib.sha256(text + more).hexdigest())
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise BadTable(f"{file}: an order, event or chart is not as LEAN writes it ({what}): run the algorithm again") from None


def _assembled(file: Path, result: Mapping[str, Any], events: list[dict[str, Any]], digest: str) -> LeanResult:
    orders = _orders([_plain(one) for one in result["orders"].values()], events)
    curve = _curve(_plain(result["charts"]))
    configured = _plain(result.get("algorithmconfiguration") or {})
    performance = _plain(result.get("totalperformance") or {})
    printed = {str(name): str(value) for name, value in (result.get("statistics") or {}).items()}
    start, end = (str(configured.get(name) or "")[:10] for name in ("startdate", "enddate"))
    return LeanResult(
        file=file,
        orders=orders,
        fills=_fills(events),
        curve=curve,
        printed=printed,
        performance={name: performance.get(name.lower()) or {} for name in ("tradeStatistics", "portfolioStatistics")},
        start=start or f"{curve.index[0]:%Y-%m-%d}",
        end=end or f"{curve.index[-1]:%Y-%m-%d}",
        cash=float(printed["Start Equity"]) if "Start Equity" in printed else float(curve.iloc[0]),
        parameters={str(name): str(value) for name, value in (configured.get("parameters") or {}).items()},
        digest=f"sha256:{digest}",
    )


def _one_result(folder: Path) -> Path:
    suffix = "-order-events.json"
    found = [one.with_name(one.name.removesuffix(suffix) + ".json") for one in sorted(folder.glob(f"*{suffix}"))]
    if len(found) != 1:
        many = ", ".join(one.name for one in found) or "none"
        raise MissingData(f"{folder} is a folder with {len(found)} results of LEAN ({many}): name the file, ID.json")
    return found[0]


def _json(file: Path) -> tuple[bytes, Any]:
    if not file.is_file():
        raise MissingData(f"{file} does not exist: give LEAN's result, ID.json of its results folder")
    try:
        text = file.read_bytes()
        return text, json.loads(text)
    except OSError as error:
        raise MissingData(f"{file} cannot be read ({error.strerror}): give LEAN's result, ID.json of its results folder") from None
    except (ValueError, RecursionError) as error:
        raise BadTable(f"{file} is not JSON ({error}): was the engine stopped while it wrote? Run it again") from None


def _checked(file: Path, document: Any) -> Mapping[str, Any]:
    """The result with plain keys, or why it is none."""
    if isinstance(document, list) and file.name.endswith("-order-events.json"):
        raise BadTable(f"{file} holds only the order events: give {file.name.replace('-order-events', '')} beside it")
    result = _plain(document) if isinstance(document, dict) else {}
    if file.name.endswith("-summary.json") and "orders" not in result:
        raise BadTable(f"{file} is LEAN's summary, which has no orders: give {file.name.replace('-summary', '')} beside it")
    missing = [name for name in ("charts", "orders", "statistics") if not isinstance(result.get(name), dict)]
    if missing:
        raise BadTable(f"{file} is not a result of LEAN: it has no '{missing[0]}': give ID.json of the results folder")
    return result


def _finished(file: Path, result: Mapping[str, Any]) -> None:
    state = _plain(result.get("state") or {})
    status, error = str(state.get("status") or "Completed"), str(state.get("runtimeerror") or "").strip()
    if status == "RuntimeError" or error:
        first = error.splitlines()[0] if error else "without a message"
        raise InputError(f"{file}: the algorithm ended in a runtime error: {first}: mend it and run LEAN again")
    if status != "Completed":
        raise InputError(f"{file}: the run is not whole, its status is {status}: let LEAN run to the end")


def _events(file: Path, result: Mapping[str, Any]) -> tuple[bytes, list[dict[str, Any]]]:
    """Events of the file beside the result, of the result itself where it holds them; none where there was no order."""
    beside = file.with_name(f"{file.stem}-order-events.json")
    if beside.is_file():
        text, found = _json(beside)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise BadTable(f"{beside} does not hold LEAN's order events, a list of objects: run the algorithm again")
        return text, [_plain(one) for one in found]
    inside = result.get("orderevents")
    if isinstance(inside, list) and inside:
        return b"", [_plain(one) for one in inside]
    if result["orders"]:
        raise MissingData(f"{beside} does not exist: without LEAN's order events no fill has its price and fee; copy it beside {file.name}")
    return b"", []


def _orders(rows: list[dict[str, Any]], events: list[dict[str, Any]]) -> pd.DataFrame:
    """A split of the shares changes the quantity of an order that waits; its first event still has the one that was sent."""
    first: dict[int, float] = {}
    for event in events:
        if "quantity" in event:
            first.setdefault(int(event["orderid"]), float(event["quantity"]))
    rows = sorted(rows, key=lambda one: int(one["id"]))
    frame = pd.DataFrame(
        {
            "order_id": [int(one["id"]) for one in rows],
            "sent": _instants(one.get("createdtime") or one["time"] for one in rows),
            "symbol": [_symbol(one["symbol"]) for one in rows],
            "quantity": [_whole(first.get(int(one["id"]), one["quantity"])) for one in rows],
            "tag": [_tag(one) for one in rows],
            "ended": _instants(_ended(one) for one in rows),
        }
    )
    return frame.astype({"order_id": "int64", "symbol": object, "tag": object})


def _fills(events: list[dict[str, Any]]) -> pd.DataFrame:
    filled = [one for one in events if _state(one["status"]) in ("filled", "partiallyfilled") and float(one["fillquantity"]) != 0]
    frame = pd.DataFrame(
        {
            "order_id": [int(one["orderid"]) for one in filled],
            "time": _instants(one["time"] for one in filled),
            "symbol": [str(one.get("symbolvalue") or str(one["symbol"]).split(" ")[0]) for one in filled],
            "quantity": [_whole(one["fillquantity"]) for one in filled],
            "price": [float(one["fillprice"]) for one in filled],
            "fee": [float(one.get("orderfeeamount") or 0.0) for one in filled],
        }
    ).astype({"order_id": "int64", "symbol": object, "price": "float64", "fee": "float64"})
    return frame.sort_values("time", kind="stable").reset_index(drop=True)


def _curve(charts: Mapping[str, Any]) -> "pd.Series[float]":
    """Close of each sample: `[t, close]`, `[t, open, high, low, close]`, or `{x, y}` of older engines."""
    series = _plain(_plain(charts["strategy equity"])["series"])
    values = _plain(series["equity"])["values"]
    told = [(one["x"], one["y"]) if isinstance(one, dict) else (one[0], one[-1]) for one in values]
    known = [(when, value) for when, value in told if value is not None]
    if not known:
        raise ValueError("the equity chart is empty")
    curve: pd.Series[float] = pd.Series(np.array([value for _, value in known], np.float64), index=_instants(when for when, _ in known))
    return curve.sort_index(kind="stable")


def _instants(values: Iterable[Any]) -> pd.DatetimeIndex:
    """UTC seconds or ISO text as New York wall time; None as NaT."""
    known = [pd.Timestamp(one, unit="s") if isinstance(one, (int, float)) else pd.Timestamp(one) if one else pd.NaT for one in values]
    aware = pd.DatetimeIndex(pd.to_datetime(pd.Series(known, dtype=object), utc=True))
    return aware.tz_convert(NEW_YORK).tz_localize(None).round("ms")


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Keys in lower case and without dashes: `FillPrice`, `fillPrice` and `fill-price` are one."""
    return {str(name).lower().replace("-", ""): value for name, value in mapping.items()}


def _state(value: Any) -> str:
    return STATES.get(value, "") if isinstance(value, int) else str(value).lower()


def _ended(order: Mapping[str, Any]) -> Any:
    if _state(order["status"]) not in ENDED:
        return None
    return order.get("canceledtime") or order.get("lastupdatetime") or order.get("createdtime") or order["time"]


def _symbol(symbol: Any) -> str:
    return str(_plain(symbol)["value"]) if isinstance(symbol, dict) else str(symbol).split(" ")[0]


def _tag(order: Mapping[str, Any]) -> str:
    kind = int(order.get("type", 0))
    return str(order.get("tag") or "") or (TYPES[kind] if kind < len(TYPES) else "order")


def _whole(value: Any) -> float | int:
    return int(value) if float(value) == int(float(value)) else float(value)
