"""Writes what LEAN leaves behind: ID.json, ID-order-events.json and the object store's daily record, from tables of a run.

Shapes and spellings are those of the engine: orders by id with type and status as numbers and instants as ISO text in UTC; events as a
list with states as words and unix seconds; decimals as plain numbers; charts as arrays of seconds and values, rounded to 4 decimals.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

ID = "Springback"
DELISTING = "Liquidate from delisting"
MARKET, STOP_MARKET, MARKET_ON_OPEN = 0, 2, 4
SUBMITTED, FILLED, CANCELED = 1, 3, 5
SENT = pd.Timedelta(hours=16, minutes=30)


def write_result(
    folder: Path,
    orders: pd.DataFrame,
    fills: pd.DataFrame,
    daily: pd.DataFrame,
    *,
    chart: pd.DataFrame | None = None,
    cash: float = 1_000_000.0,
    start: str = "2020-01-01",
    end: str = "2020-12-31",
    told: Mapping[str, Any] | None = None,
    record: bool = True,
    state: Mapping[str, str] | None = None,
) -> Path:
    """The result file of a run whose tables have the golden columns. `chart` (utc, equity_close), made from `daily` where it is None;
    `told` statistics.json of a golden run; `record`: whether the algorithm saved its daily rows (all but the last session's)."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {str(one)[:10] for one in fills["time"] if str(one)[11:16] == "13:00"}
    times = pd.to_datetime(fills["time"])
    by_id = {row["order_id"]: (row, time) for row, time in zip(fills.to_dict("records"), times, strict=True)}
    sent = _sent(orders, by_id, half)
    curve = _curve(daily, cash, half) if chart is None else chart
    told = told or _statistics(orders, fills, curve, cash)
    result = {
        "rollingWindow": {},
        "totalPerformance": {
            "tradeStatistics": told.get("tradeStatistics", {}),
            "portfolioStatistics": told.get("portfolioStatistics", {}),
            "closedTrades": [],
        },
        "charts": {
            "Strategy Equity": {
                "name": "Strategy Equity",
                "chartType": 0,
                "series": {
                    "Equity": {
                        "name": "Equity",
                        "unit": "$",
                        "index": 0,
                        "seriesType": 2,
                        "values": [[int(when), value, value, value, value] for when, value in curve.itertuples(index=False)],
                    },
                    "Return": {"name": "Return", "unit": "%", "index": 1, "seriesType": 3, "values": []},
                },
            }
        },
        "orders": {str(one["id"]): one for one in (_order(row, by_id) for row in sent)},
        "profitLoss": {},
        "statistics": told["statistics"],
        "runtimeStatistics": told.get("runtimeStatistics", {}),
        "state": state
        or {"StartTime": "2026-08-21 10:00:00Z", "EndTime": "2026-08-21 10:02:00Z", "RuntimeError": "", "Status": "Completed"},
        "algorithmConfiguration": {
            "name": ID,
            "tags": [],
            "accountCurrency": "USD",
            "brokerage": "Default",
            "accountType": "Margin",
            "parameters": {"slots": "20"},
            "startDate": f"{start}T00:00:00",
            "endDate": f"{end}T23:59:59",
            "outOfSampleMaxEndDate": None,
            "tradingDaysPerYear": 252,
        },
    }
    file = folder / f"{ID}.json"
    file.write_text(json.dumps(result), encoding="utf-8")
    (folder / f"{ID}-order-events.json").write_text(json.dumps(_events(sent, by_id)), encoding="utf-8")
    if record:
        store = folder / "storage" / "springback"
        store.mkdir(parents=True, exist_ok=True)
        daily.to_csv(store / "daily.csv", index=False, na_rep="nan")
    return file


def _sent(orders: pd.DataFrame, by_id: Mapping[int, Any], half: set[str]) -> list[dict[str, Any]]:
    """Orders by id with the moment they were sent, New York, and `dropped`, when one that never filled was cancelled: before the next
    order in the name. LEAN's own liquidations at a delisting take a number among them."""
    rows = []
    for row in orders.to_dict("records"):
        day = pd.Timestamp(row["decided"])
        close = pd.Timedelta(hours=13 if str(day)[:10] in half else 16)
        rows.append({**row, "sent": day + (close if str(row["reason"]).startswith("resting_stop@") else SENT)})
    known = set(orders["order_id"])
    for number, (fill, time) in by_id.items():
        if number not in known:
            rows.append({**fill, "sent": time})
    rows.sort(key=lambda row: int(row["order_id"]))
    following: dict[str, pd.Timestamp] = {}
    for row in reversed(rows):
        filled = by_id.get(row["order_id"])
        row["dropped"] = following.get(row["symbol"], row["sent"] + pd.Timedelta(days=1))
        if row.get("status") in ("cancelled", "dropped"):
            row["dropped"] = pd.Timestamp(row["ended"]) + (SENT if row["status"] == "cancelled" else pd.Timedelta(0))
        following[row["symbol"]] = filled[1] if filled and row["reason"] == DELISTING else row["sent"]
    return rows


def _order(row: Mapping[str, Any], by_id: Mapping[int, Any]) -> dict[str, Any]:
    filled = by_id.get(row["order_id"])
    stop = str(row["reason"]).startswith("resting_stop@")
    quantity = float(filled[0]["quantity"] if filled else row["quantity"])
    price = float(filled[0]["price"]) if filled else 0.0
    kind = STOP_MARKET if stop else MARKET if row["reason"] == DELISTING else MARKET_ON_OPEN
    made = {
        "type": kind,
        "id": int(row["order_id"]),
        "contingentId": 0,
        "brokerId": [str(row["order_id"])],
        "symbol": _symbol(row["symbol"]),
        "price": price,
        "priceCurrency": "USD",
        "time": _iso(row["sent"]),
        "createdTime": _iso(row["sent"]),
        "quantity": quantity,
        "status": FILLED if filled else SUBMITTED if row.get("status") == "waiting" else CANCELED,
        "tag": row["reason"],
        "properties": {"timeInForce": {}},
        "securityType": 1,
        "direction": 0 if quantity > 0 else 1,
        "value": quantity * price,
        "orderSubmissionData": {"bidPrice": 0.0, "askPrice": 0.0, "lastPrice": 0.0},
        "isMarketable": False,
        "priceAdjustmentMode": 0,
    }
    if filled:
        made["lastFillTime"] = _iso(filled[1])
    elif made["status"] == CANCELED:
        made["canceledTime"] = made["lastUpdateTime"] = _iso(row["dropped"])
    return made | ({"stopPrice": float(str(row["reason"]).split("@")[1])} if stop else {})


def _events(sent: list[dict[str, Any]], by_id: Mapping[int, Any]) -> list[dict[str, Any]]:
    events = []
    for row in sent:
        quantity = float(row["quantity"])
        events.append(_event(row, 1, row["sent"], "submitted", quantity) | {"fillPrice": 0.0, "fillQuantity": 0.0})
        if row["order_id"] in by_id:
            fill, time = by_id[row["order_id"]]
            done = {"fillPrice": float(fill["price"]), "fillQuantity": float(fill["quantity"]), "orderFeeAmount": float(fill["fee"])}
            events.append(_event(row, 2, time, "filled", float(fill["quantity"])) | done | {"orderFeeCurrency": "USD"})
        elif row.get("status") != "waiting":
            events.append(_event(row, 2, row["dropped"], "canceled", quantity) | {"fillPrice": 0.0, "fillQuantity": 0.0})
    place = {number: k for k, number in enumerate(by_id)}
    return sorted(events, key=lambda one: (one["time"], one["status"] != "filled", place.get(one["orderId"], 0)))


def _event(row: Mapping[str, Any], number: int, time: pd.Timestamp, status: str, quantity: float) -> dict[str, Any]:
    symbol = _symbol(row["symbol"])
    return {
        "id": f"{ID}-{row['order_id']}-{number}",
        "algorithmId": ID,
        "orderId": int(row["order_id"]),
        "orderEventId": number,
        "symbol": symbol["id"],
        "symbolValue": symbol["value"],
        "symbolPermtick": symbol["permtick"],
        "time": _unix(time),
        "status": status,
        "fillPriceCurrency": "USD",
        "direction": "buy" if quantity > 0 else "sell",
        "isAssignment": False,
        "quantity": quantity,
    }


def _symbol(name: str) -> dict[str, str]:
    return {"value": name, "id": f"{name} R735QTJ8XC9X", "permtick": name}


def _utc(time: pd.Timestamp) -> pd.Timestamp:
    return time.tz_localize("America/New_York").tz_convert("UTC")


def _unix(time: pd.Timestamp) -> float:
    return _utc(time).timestamp()


def _iso(time: pd.Timestamp) -> str:
    return _utc(time).strftime("%Y-%m-%dT%H:%M:%SZ")


def _curve(daily: pd.DataFrame, cash: float, half: set[str]) -> pd.DataFrame:
    """Midnights and closes, as LEAN samples them."""
    rows, before = [], cash
    for date, equity in zip(pd.to_datetime(daily["date"]), daily["equity"], strict=True):
        close = pd.Timedelta(hours=13 if str(date)[:10] in half else 16)
        rows += [(_unix(date), before), (_unix(date + close), equity)]
        before = equity
    return pd.DataFrame({"utc": [int(when) for when, _ in rows], "equity_close": [round(value, 4) for _, value in rows]})


def _statistics(orders: pd.DataFrame, fills: pd.DataFrame, curve: pd.DataFrame, cash: float) -> dict[str, Any]:
    count = len(set(orders["order_id"]) | set(fills["order_id"]))
    end = float(curve["equity_close"].iloc[-1])
    statistics = {"Total Orders": str(count), "Start Equity": f"{cash:.0f}", "End Equity": f"{end:.2f}"}
    return {"statistics": statistics | {"Total Fees": f"${fills['fee'].sum():.2f}"}}
