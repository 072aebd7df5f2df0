"""The VIX close comes at a quarter past four, on half days too: who decides on it decides after it, and fills at the next open."""

from pathlib import Path

import numpy as np
import pandas as pd

from springback.backtest.result import orders_frame
from springback.backtest.run import Backtest, backtest
from springback.data.files import csv_file
from springback.data.files.tables import read_forecasts
from springback.market.costs import Costs
from springback.strategy.knobs import Regime, Strategy
from tests.lean import replays

HALF_DAY, BEFORE, AFTER = "2023-11-24", "2023-11-22", "2023-11-27"


def files(folder: Path, shock: str) -> tuple[Path, pd.DataFrame]:
    """An object store and its bars: a name fires on the session before the half day and another on it; VIX leaps on `shock`."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XNYS", start="2023-10-02", end="2023-12-08")
    assert HALF_DAY in calendar.early_closes
    days = calendar.sessions.strftime("%Y-%m-%d")
    bars = pd.DataFrame([(day, name, 10.0, 10.0, 10.0, 10.0, 1e6) for day in days for name in ("AAA", "BBB")])
    bars.columns = pd.Index(["date", "symbol", "open", "high", "low", "close", "volume"])
    ours = folder / "springback"
    ours.mkdir(parents=True)
    bars.to_csv(folder / "bars.csv", index=False)
    closes = [f"{day},{40 if day == shock else 15}" for day in days]
    (ours / "vix.csv").write_text("\n".join(["date,close", *closes, ""]))
    fired = {(BEFORE, "AAA"): (5, 0.9), (HALF_DAY, "BBB"): (5, 0.9)}
    rows = [(day, name, *fired.get((day, name), (50, 0.5)), 0.1, 1e6) for day in days for name in ("AAA", "BBB")]
    pd.DataFrame(rows, columns=["date", "symbol", "qpi", "p_long", "p_short", "adv_63"]).to_csv(ours / "forecasts.csv", index=False)
    (ours / "symbols.csv").write_text("symbol\nAAA\nBBB\n")
    return folder, bars


def on_lean(folder: Path, bars: pd.DataFrame) -> pd.DataFrame:
    replays.load()
    from lean_standin.world import World

    knobs = {"backtest.start": "2023-11-15", "backtest.end": "2023-12-08", "backtest.cash": "1000000", "lean.models": "forecasts"}
    result = replays.run(World(bars), knobs, folder)
    fills = result.fills.set_index("order_id")["time"]
    return result.orders.assign(filled=result.orders["order_id"].map(fills))


def test_on_a_half_day_the_regime_is_that_of_its_own_vix_and_counts_for_the_next_open(tmp_path: Path) -> None:
    orders = on_lean(*files(tmp_path, HALF_DAY))
    entries = orders[orders["tag"] == "entry"]
    assert entries["symbol"].tolist() == ["AAA", "BBB"]
    # $1,000,000 x 1.1 / 20 / $10 the session before; on the half day the VIX of that very day says bear: 0.1, and a fee is gone.
    assert entries["quantity"].tolist() == [5500, 499]
    decided = pd.to_datetime(entries["time"])
    assert decided.dt.strftime("%Y-%m-%d %H:%M").tolist() == [f"{BEFORE} 16:30", f"{HALF_DAY} 16:30"]
    assert (decided.dt.time > pd.Timestamp("16:15").time()).all(), "not at 13:00, when the stocks closed: the VIX is not known then"
    assert pd.to_datetime(entries["filled"]).dt.strftime("%Y-%m-%d").tolist() == [HALF_DAY, AFTER]


def test_tomorrows_vix_is_not_in_todays_decision(tmp_path: Path) -> None:
    calm = on_lean(*files(tmp_path / "a", "none"))
    later = on_lean(*files(tmp_path / "b", AFTER))
    for column in ("symbol", "quantity", "time"):
        assert calm.head(2)[column].tolist() == later.head(2)[column].tolist()
    assert calm["quantity"].head(2).tolist() == [5500, 5499]


def test_the_backtest_decides_the_same(tmp_path: Path) -> None:
    folder, bars = files(tmp_path, HALF_DAY)
    market_data = csv_file.read(folder / "bars.csv", vix=folder / "springback" / "vix.csv")
    said = read_forecasts(folder / "springback" / "forecasts.csv", market_data.bars)
    first, last = (np.datetime64(day).astype(object) for day in ("2023-11-15", "2023-12-08"))
    ours = orders_frame(backtest(market_data, said, Backtest(first, last, 1_000_000.0, "lean"), Strategy(), Regime(), Costs()))
    theirs = on_lean(folder, bars)
    assert ours["quantity"].tolist() == theirs["quantity"].tolist() and ours["reason"].tolist() == theirs["tag"].tolist()
    assert ours["decided"].dt.date.tolist() == pd.to_datetime(theirs["time"]).dt.date.tolist()
