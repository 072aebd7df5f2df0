"""Made-up runs with every column and part that the report can show; the same seed, the same run."""

from typing import Any

import numpy as np
import pandas as pd

from springback.analytics.report_data import Account, ReportData
from springback.market.origin import FUND, Kind, Origin, Provenance
from springback.market.prose import Prose, prose
from springback.statistics.overfitting import Search

CASH = 1_000_000.0
FUNNEL = (
    ("extreme", 9000, 8000),
    ("no_bar", 3, 2),
    ("last_session", 1, 0),
    ("in_book", 900, 800),
    ("not_shortable", 0, 400),
    ("below_probability", 5400, 5000),
    ("no_slot", 2500, 1700),
    ("no_shares", 36, 8),
    ("entered", 160, 90),
)
SCORES = {
    "auc": 0.512, "accuracy": 0.508, "long_auc": 0.515, "long_auc_by_day": 0.503, "long_accuracy": 0.51, "long_precision": 0.54,
    "long_fired": 120_000, "long_signals": 9000, "long_signal_precision": 0.55, "long_signal_tradable": 0.0031, "long_brier": 0.2512,
    "short_auc": 0.509, "short_auc_by_day": 0.501, "short_accuracy": 0.506, "short_precision": 0.52, "short_fired": 1, "short_signals": 0,
    "short_signal_precision": None, "short_signal_tradable": None, "short_brier": 0.2498,
}  # fmt: skip
SYMBOLS = ("AAA", "NA", "BRK.B", "TRUE", "ZZZ")


def days(count: int, start: str = "2019-11-01") -> pd.DatetimeIndex:
    return pd.bdate_range(start, periods=count)


def daily_frame(seed: int, count: int, drift: float = 0.0003, start: str = "2019-11-01") -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    equity = CASH * np.cumprod(1 + draw.normal(drift, 0.008, count))
    n_long, n_short = draw.integers(0, 21, count), draw.integers(0, 21, count)
    vix = np.round(18 * np.exp(np.cumsum(draw.normal(0, 0.04, count)) * 0.3), 2)
    mean = pd.Series(vix).rolling(15).mean().to_numpy()
    long_value, short_value = equity * n_long * 0.055, -equity * n_short * 0.01
    passed = draw.integers(0, 40, (count, 2))
    return pd.DataFrame(
        {
            "date": days(count, start), "equity": equity, "cash": equity - long_value - short_value, "n_long": n_long, "n_short": n_short,
            "bear": (vix > 1.05 * np.nan_to_num(mean, nan=np.inf)).astype(np.int64), "vix": vix, "vix_sma15": mean,
            "long_value": long_value, "short_value": short_value, "traded": equity * draw.random(count) * 0.3,
            "fees": draw.random(count) * 40, "slippage": draw.random(count) * 300, "dividends": draw.normal(5, 20, count),
            "borrow": draw.random(count) * 5, "financing": draw.normal(0, 20, count), "long_candidates": passed[:, 0],
            "short_candidates": passed[:, 1], "long_entries": passed[:, 0] // 8, "short_entries": passed[:, 1] // 8,
            "equity_midnight": np.concatenate([[CASH], equity[:-1]]),
        }
    )  # fmt: skip


def trades_frame(seed: int, count: int, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    draw = np.random.default_rng(seed + 7)
    entry = np.sort(draw.integers(0, len(sessions) - 8, count))
    held = draw.integers(1, 8, count)
    price, gain = np.round(draw.uniform(2, 300, count), 2), draw.normal(0.002, 0.05, count)
    quantity = np.maximum(1, (50_000 / price).astype(np.int64))
    return pd.DataFrame(
        {
            "symbol": draw.choice(SYMBOLS, count), "side": draw.choice(["long", "short"], count), "entry_date": sessions[entry],
            "exit_date": sessions[entry + held], "quantity": quantity, "entry_price": price, "exit_price": np.round(price * (1 + gain), 2),
            "sessions": held, "reason": draw.choice(["time_stop", "stop_loss"], count, p=[0.8, 0.2]), "fees": 2.0, "slippage": 30.0,
            "dividends": 0.0, "borrow": 0.1, "profit": gain * quantity * price, "return": gain, "bear": draw.integers(0, 2, count),
            "probability": draw.uniform(0.6, 0.9, count), "qpi": draw.uniform(0, 15, count),
        }
    )  # fmt: skip


def account(profile: str = "realistic", seed: int = 1, count: int = 700, trades: int = 240, drift: float = 0.0003) -> Account:
    daily = daily_frame(seed, count, drift)
    closed = trades_frame(seed, trades, pd.DatetimeIndex(daily["date"]))
    side = np.where(closed["side"] == "long", 1, -1)
    legs = []
    for date, price, sign, reason in (("entry_date", "entry_price", 1, "entry"), ("exit_date", "exit_price", -1, closed["reason"])):
        leg = closed[["symbol"]].assign(
            quantity=sign * side * closed["quantity"], price=closed[price], fee=1.0, reason=reason, slippage=15.0
        )
        leg.insert(0, "time", closed[date] + pd.Timedelta(hours=16))
        legs.append(leg)
    fills = pd.concat(legs).sort_values("time", kind="stable").reset_index(drop=True)
    fills.insert(0, "order_id", np.arange(1, len(fills) + 1))
    orders = fills[["order_id", "time", "symbol", "quantity", "reason"]].rename(columns={"time": "decided"})
    orders["decided"] = orders["decided"].dt.normalize() - pd.offsets.BDay(1)
    return Account(profile, CASH, daily, fills, orders, closed)


def empty_account(count: int = 60) -> Account:
    full = account(count=count, trades=3)
    daily = full.daily.assign(equity=CASH, cash=CASH, n_long=0, n_short=0)
    return Account("realistic", CASH, daily, full.fills.iloc[:0], full.orders.iloc[:0], full.trades.iloc[:0])


def report_data(**changes: object) -> ReportData:
    """A full material; `changes` replace fields."""
    draw = np.random.default_rng(5)
    sessions = pd.DatetimeIndex(daily_frame(1, 700)["date"])
    quarters = [f"{year} Q{quarter}" for year in (2020, 2021, 2022) for quarter in (1, 2, 3, 4)][:11]
    sides = ["long"] * 11 + ["short"] * 11
    features = ["qpi_3day", "rsi_14", "bb_position", "volume_surge", "mom_5", "mom_10", "mom_20", "vol_ratio"]
    tenths = np.arange(0.05, 1.0, 0.1)
    fields: dict[str, object] = {
        "accounts": (account(), account("lean", seed=1, drift=0.0006)),
        "start": "2019-11-01",
        "end": "2022-07-31",
        "models": "Quarterly walk-forward, expanding window, purged by 6 sessions.",
        "search": Search(trials=17, peers=15, different=14, correlation=0.4, spread=0.3, overfitting=0.42),
        "benchmark": pd.Series(300 * np.cumprod(1 + draw.normal(0.0005, 0.01, 700)), index=sessions),
        "risk_free": pd.Series(0.02, index=sessions),
        "events": pd.DataFrame({"date": ["2020-08-31"], "symbol": ["AAA"], "event": ["split"], "value": [0.25]}),
        "scores": SCORES,
        "quarters": pd.DataFrame(
            {"quarter": quarters * 2, "side": sides, "auc": draw.normal(0.51, 0.015, 22), "error": 0.009, "rows": 180_000}
        ),
        "reliability": pd.DataFrame(
            {
                "side": ["long"] * 10 + ["short"] * 10,
                "probability": np.tile(tenths, 2),
                "came_true": 0.5 + 0.1 * (np.tile(tenths, 2) - 0.5) + draw.normal(0, 0.02, 20),
                "rows": np.tile([2, 300, 9000, 40_000, 90_000, 88_000, 35_000, 8000, 200, 0], 2),
            }
        ),
        "importance": pd.DataFrame(
            {"side": ["long"] * 8 + ["short"] * 8, "feature": features * 2, "auc_lost": draw.normal(0.002, 0.003, 16), "spread": 0.0012}
        ),
        "cost_sweep": pd.DataFrame(
            {"bp": np.arange(0, 41, 5), "annual_return": 0.14 - 0.006 * np.arange(0, 41, 5), "sharpe": 0.9 - 0.03 * np.arange(0, 41, 5)}
        ),
        "ablations": pd.DataFrame(
            {
                "overlay": ["model", "regime", "stop", "time stop", "ADV cap"],
                "touched": [5400, 38, 48, 192, 0],
                "among": [9000, 240, 240, 240, 240],
                "of_what": [
                    "candidates it refused",
                    "entries it sized for a bear",
                    "exits at the stop",
                    "exits by time",
                    "entries made smaller",
                ],
                "annual_return": [0.01, 0.05, 0.08, 0.03, 0.06],
                "sharpe": [0.1, 0.3, 0.6, 0.2, 0.4],
            }
        ),
        "funnel": pd.DataFrame(
            {"side": ["long", "short"]} | {stage: counts for stage, *counts in FUNNEL},
        ),
    }
    stood_on = {name: changes.pop(name) for name in STOOD_ON & set(changes)}
    return ReportData(**(fields | {"provenance": provenance(**stood_on)} | changes))  # type: ignore[arg-type]


STOOD_ON = {"origin", "universe", "settings", "data_hash", "versions", "seed", "command", "kind", "biases", "findings"}


def provenance(
    origin: str = "Made up for a test, <b>not</b> a market.",
    kind: Kind = "demo",
    biases: tuple[str, ...] = ("Names that were bought out leave early.", "Spreads are estimated, not seen."),
    findings: tuple[str, ...] = ("AAA: 3 sessions without a bar.",),
    **changes: Any,
) -> Provenance:
    """What the material stands on: a demo market with an edge."""
    settings = {"backtest.start": "2019-11-01", "strategy.slots": 20, "strategy.stop_loss": 0.05, "strategy.entry_life": 1}
    settings |= {"walk_forward.policy": "if_better", "backtest.endings": "known"}
    fields: dict[str, Any] = {
        "universe": Prose("5 made-up names"),
        "settings": settings | {"demo.reversal": 0.02},
        "data_hash": "sha256:" + "0123456789abcdef" * 4,
        "versions": {"numpy": "1.26.4", "pandas": "2.3.3"},
        "seed": 7,
        "command": "springback run --set strategy.slots=20",
    }
    made = Origin(kind, "made up", Prose(origin), prose(biases), benchmark=FUND)
    return Provenance(origin=made, findings=prose(findings), **(fields | changes))
