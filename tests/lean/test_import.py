"""LEAN's result as a run folder: nothing lost, nothing invented, and one clear line for what is no result."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from springback.analytics import run_folder
from springback.analytics.lean_statistics import printed
from springback.analytics.report_data import GOLDEN_COLUMNS, Account
from springback.analytics.summary import summarise
from springback.errors import BadTable, InputError, MissingData
from springback.lean import as_run
from springback.lean.results import read_result
from springback.lean.round_trips import round_trips, split_between
from tests.analytics import golden
from tests.lean import runs
from tests.lean.lean_files import ID, write_result
from tests.terminal import done, springback

START, END = "2020-01-01", "2020-05-05"
SEEDS = (3, 8, 11)


@pytest.fixture
def made(tmp_path: Path) -> Account:
    return runs.ours(tmp_path / "ours", runs.random_result(3), START, END)


@pytest.fixture
def file(tmp_path: Path, made: Account) -> Path:
    return runs.theirs(tmp_path / "lean", made, START, END)


def edited(file: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    told = json.loads(file.read_text())
    change(told)
    file.write_text(json.dumps(told))
    return file


@pytest.mark.parametrize("mode", ["close", "intraday"])
@pytest.mark.parametrize("seed", SEEDS)
def test_orders_and_fills_come_back_as_they_were_sent(tmp_path: Path, seed: int, mode: str) -> None:
    made = runs.ours(tmp_path / "ours", runs.random_result(seed, mode), START, END)
    runs.imported(tmp_path / "run", runs.theirs(tmp_path / "lean", made, START, END))
    orders, sent = (pd.read_csv(tmp_path / name / "orders.csv", dtype=str, keep_default_na=False) for name in ("run", "ours"))
    for column in (*GOLDEN_COLUMNS["orders"], "status"):
        assert orders[column].tolist() == sent[column].tolist(), column
    alive = orders["status"].isin(["filled", "cancelled"])
    assert orders.loc[alive, "ended"].tolist() == sent.loc[alive, "ended"].tolist() and set(orders["status"]) >= {"filled", "cancelled"}
    back, fills = (run_folder.read(tmp_path / name).headline.fills for name in ("run", "ours"))
    stamped = fills.assign(time=runs.as_lean_stamps(made.fills)["time"].dt.strftime("%Y-%m-%d %H:%M:%S"))  # LEAN's own are kept
    pd.testing.assert_frame_equal(back, stamped.drop(columns="slippage"), check_exact=True)


@pytest.mark.parametrize("mode", ["close", "intraday"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_days_are_the_records_and_the_last_one_is_the_charts(tmp_path: Path, seed: int, mode: str) -> None:
    made = runs.ours(tmp_path / "ours", runs.random_result(seed, mode), START, END)
    daily = runs.imported(tmp_path / "run", runs.theirs(tmp_path / "lean", made, START, END)).headline.daily
    assert len(daily) == len(made.daily) and daily["from_chart"].tolist() == [0] * (len(daily) - 1) + [1]
    for name in ("equity", "cash", "bear"):
        assert daily[name].iloc[:-1].tolist() == made.daily[name].iloc[:-1].tolist(), name
    assert daily["equity"].iloc[-1] == pytest.approx(made.daily["equity"].iloc[-1], abs=5.1e-5)
    assert daily[["cash", "bear", "vix"]].iloc[-1].isna().all()
    for name in ("traded", "fees"):
        np.testing.assert_allclose(daily[name], made.daily[name], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_record_equity_is_the_charts_and_the_rest_is_not_invented(tmp_path: Path, seed: int) -> None:
    made = runs.ours(tmp_path / "ours", runs.random_result(seed), START, END)
    report_data = runs.imported(tmp_path / "run", runs.theirs(tmp_path / "lean", made, START, END, record=False))
    daily = report_data.headline.daily
    np.testing.assert_allclose(daily["equity"], made.daily["equity"], atol=5.1e-5)
    assert daily[["cash", "bear", "vix", "vix_sma15"]].isna().all().all()
    assert report_data.headline.trades["bear"].isna().all()
    for name in ("n_long", "n_short"):
        assert daily[name].tolist() == made.daily[name].tolist(), name
    assert any("cash, VIX and regime are unknown" in one for one in report_data.provenance.findings)


@pytest.mark.parametrize("seed", SEEDS)
def test_trades_are_ours_but_for_what_lean_does_not_say(tmp_path: Path, seed: int) -> None:
    made = runs.ours(tmp_path / "ours", runs.random_result(seed), START, END)
    trades = runs.imported(tmp_path / "run", runs.theirs(tmp_path / "lean", made, START, END)).headline.trades
    key = ["exit_date", "symbol"]
    back, mine = (one.sort_values(key).reset_index(drop=True) for one in (trades, made.trades))
    for name in ("symbol", "side", "entry_date", "exit_date", "quantity", "sessions", "reason", "bear"):
        assert back[name].tolist() == mine[name].tolist(), name
    whole = set(back["symbol"]) - set(round_trips(made.fills).splits["symbol"])
    plain = back["symbol"].isin(whole) & (mine["dividends"] == 0)
    assert plain.any()
    np.testing.assert_allclose(back.loc[plain, "profit"], mine.loc[plain, "profit"], atol=1e-6)


def test_the_run_folder_is_like_our_own_and_can_be_drawn_again(file: Path, tmp_path: Path) -> None:
    said = done(springback(tmp_path, "lean", "import", file, "--out", "run"))
    assert said.stdout.rstrip().split("\n")[-1] == "report: run/report.html"
    for name, columns in GOLDEN_COLUMNS.items():
        header = (tmp_path / "run" / f"{name}.csv").read_text().split("\n", 1)[0].split(",")
        assert tuple(header[: len(columns)]) == columns, name
    told = json.loads((tmp_path / "run" / "lean_statistics.json").read_text())
    assert told["statistics"]["Start Equity"] == "1000000"
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "LEAN itself printed" in page
    done(springback(tmp_path, "report", "run", "--quiet"))
    assert (tmp_path / "run" / "report.html").read_text(encoding="utf-8") == page
    assert (tmp_path / "run" / "report.png").is_file() and (tmp_path / "run" / "lean_statistics.json").is_file()


def test_json_is_one_object(file: Path, tmp_path: Path) -> None:
    told = json.loads(done(springback(tmp_path, "lean", "import", file, "--out", "run", "--json")).stdout)
    assert told["import"]["folder"] == "run" and told["report"] == "run/report.html" and told["summary"]["profile"] == "lean"


def test_the_record_is_found_beside_the_result_and_above_it(file: Path, made: Account) -> None:
    assert as_run.find_record(file) == file.parent / "storage" / "springback" / "daily.csv"
    deep = file.parent / "backtests" / "2026-01-01"
    deep.mkdir(parents=True)
    assert as_run.find_record(deep / file.name) == file.parent / "storage" / "springback" / "daily.csv"
    (deep / "daily.csv").write_text("date\n")
    assert as_run.find_record(deep / file.name) == deep / "daily.csv"
    (deep / "summary.json").write_text("{}")
    assert as_run.find_record(deep / file.name) != deep / "daily.csv"


def test_the_record_of_another_run_is_not_used(file: Path, made: Account, tmp_path: Path) -> None:
    record = file.parent / "storage" / "springback" / "daily.csv"
    frame = pd.read_csv(record)
    frame.loc[5, "equity"] += 3
    frame.to_csv(record, index=False)
    report_data = runs.imported(tmp_path / "run", file)
    assert any("record of another run" in one and "2020-01-08" in one for one in report_data.provenance.findings)
    assert report_data.headline.daily["cash"].isna().all()


def test_older_engines_spell_otherwise(file: Path, tmp_path: Path, made: Account) -> None:
    """PascalCase keys, {x, y} points, dashed event keys and states as numbers."""
    events = file.with_name(f"{ID}-order-events.json")
    numbers = {"submitted": 1, "filled": 3, "canceled": 5}
    old = [
        {"order-id": one["orderId"], "symbol-value": one["symbolValue"], "time": one["time"], "status": numbers[one["status"]],
         "fill-price": one["fillPrice"], "fill-quantity": one["fillQuantity"], "quantity": one["quantity"], "symbol": one["symbol"]}
        | ({"order-fee-amount": one["orderFeeAmount"]} if "orderFeeAmount" in one else {})
        for one in json.loads(events.read_text())
    ]  # fmt: skip
    told = json.loads(file.read_text())
    points = told["charts"]["Strategy Equity"]["series"]["Equity"]["values"]
    orders = {}
    for number, one in told["orders"].items():
        orders[number] = {name[0].upper() + name[1:]: value for name, value in one.items()}
        orders[number]["Symbol"] = {"Value": one["symbol"]["value"], "ID": one["symbol"]["id"]}
    series = {"Equity": {"Name": "Equity", "Values": [{"x": one[0], "y": one[-1]} for one in points]}}
    before = read_result(file)
    file.write_text(json.dumps({"Charts": {"Strategy Equity": {"Series": series}}, "Orders": orders, "Statistics": told["statistics"]}))
    events.write_text(json.dumps(old))
    after = read_result(file)
    pd.testing.assert_frame_equal(after.orders, before.orders)
    pd.testing.assert_frame_equal(after.fills, before.fills)
    pd.testing.assert_series_equal(after.curve, before.curve)
    assert after.cash == before.cash


def test_a_half_day_and_summer_time_are_new_yorks(tmp_path: Path) -> None:
    """13:00 on a half day is 18:00 UTC; 16:30 in June is 20:30 UTC, in January 21:30 UTC."""
    orders = pd.DataFrame(
        {"order_id": [1, 2], "decided": ["2020-06-30", "2020-11-25"], "symbol": ["A", "A"], "quantity": [10, -10],
         "reason": ["entry", "time_stop"]}
    )  # fmt: skip
    fills = orders.assign(time=["2020-07-01 16:00:00", "2020-11-27 13:00:00"], price=1.5, fee=1.0)
    daily = pd.DataFrame({"date": ["2020-06-30", "2020-07-01", "2020-11-27"], "equity": [1e6, 1e6 - 1, 1e6 - 2]})
    file = write_result(tmp_path, orders, fills, daily, record=False)
    sent = [one["createdTime"] for one in json.loads(file.read_text())["orders"].values()]
    assert sent == ["2020-06-30T20:30:00Z", "2020-11-25T21:30:00Z"]
    found = read_result(file)
    assert found.fills["time"].astype(str).tolist() == ["2020-07-01 16:00:00", "2020-11-27 13:00:00"]
    assert found.orders["sent"].dt.strftime("%Y-%m-%d").tolist() == ["2020-06-30", "2020-11-25"]
    account = as_run.as_run(found).headline
    assert account.daily["date"].astype(str).tolist() == ["2020-06-30", "2020-07-01", "2020-11-27"]
    assert len(account.trades) == 1


def test_a_run_without_orders_has_no_events_file_and_is_a_run(tmp_path: Path, made: Account) -> None:
    file = write_result(tmp_path / "lean", made.orders.iloc[:0], made.fills.iloc[:0], made.daily.assign(equity=made.cash), record=False)
    file.with_name(f"{ID}-order-events.json").unlink()
    done(springback(tmp_path, "lean", "import", file, "--out", "run", "--quiet"))
    assert run_folder.read(tmp_path / "run").headline.fills.empty


def test_what_does_not_add_up_is_said(file: Path) -> None:
    edited(file, lambda told: told["statistics"].update({"Total Fees": "$1.00", "Total Orders": "7", "End Equity": "12.00"}))
    said = " ".join(as_run.as_run(read_result(file)).provenance.findings)
    assert "LEAN printed $1.00" in said and "LEAN printed 7" in said and "LEAN printed 12.00" in said


def test_a_split_is_the_simplest_one_that_fits() -> None:
    assert split_between(100, 400) == 0.25
    assert split_between(101, 151) == pytest.approx(2 / 3)
    assert split_between(1000, 125) == 8.0
    assert split_between(1_000_003, 7) == pytest.approx(1_000_003 / 7, rel=0.2)


def _write(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def _without_events(file: Path) -> Path:
    file.with_name(f"{ID}-order-events.json").unlink()
    return file


def _bad_events(file: Path) -> Path:
    file.with_name(f"{ID}-order-events.json").write_text('{"a": 1}')
    return file


def _two(file: Path) -> Path:
    shutil.copy(file.with_name(f"{ID}-order-events.json"), file.with_name("Other-order-events.json"))
    return file.parent


SAID: list[tuple[str, Callable[[Path], Path], type[InputError], str]] = [
    ("no file", lambda file: file.with_name("other.json"), MissingData, "does not exist"),
    ("not JSON", lambda file: _write(file, '{"charts": '), BadTable, "is not JSON"),
    ("other JSON", lambda file: _write(file, '{"a": 1}'), BadTable, "not a result of LEAN: it has no 'charts'"),
    ("a list", lambda file: _write(file, "[1]"), BadTable, "not a result of LEAN"),
    ("events given", lambda file: file.with_name(f"{ID}-order-events.json"), BadTable, f"give {ID}.json beside it"),
    ("no events", _without_events, MissingData, f"{ID}-order-events.json does not exist"),
    ("bad events", _bad_events, BadTable, "list of objects"),
    ("runtime error", lambda file: edited(file, lambda told: told["state"].update(
        {"Status": "RuntimeError", "RuntimeError": "Algorithm.OnData(): no SPY\n  at line 3"})), InputError, "error: Algorithm.OnData"),
    ("stopped", lambda file: edited(file, lambda told: told["state"].update({"Status": "Stopped"})), InputError, "status is Stopped"),
    ("no quantity", lambda file: edited(file, lambda told: told["orders"]["1"].pop("symbol")), BadTable, "no 'symbol'"),
    ("no equity", lambda file: edited(file, lambda told: told["charts"].clear()), BadTable, "strategy equity"),
    ("two results", _two, MissingData, "2 results"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error", "words"), [case[1:] for case in SAID], ids=[case[0] for case in SAID])
def test_what_is_no_result_is_refused_in_one_line(file: Path, change: Callable[[Path], Path], error: type, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        read_result(change(file))
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2


def test_a_summary_is_named_as_such(file: Path) -> None:
    short = file.with_name(f"{ID}-summary.json")
    short.write_text('{"charts": {}, "statistics": {}}')
    with pytest.raises(BadTable, match="summary, which has no orders"):
        read_result(short)


def test_a_damaged_record_is_refused(file: Path) -> None:
    record = file.parent / "storage" / "springback" / "daily.csv"
    record.write_text("date,equity\n2020-01-01,1\n")
    with pytest.raises(BadTable, match="no column 'cash'"):
        as_run.as_run(read_result(file), record)


def test_the_command_ends_with_two_and_one_line(file: Path, tmp_path: Path) -> None:
    _write(file, "nothing")
    result = springback(tmp_path, "lean", "import", file, "--out", "run")
    assert result.returncode == 2 and result.stderr.count("\n") == 1 and "is not JSON" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@golden.needs_golden
@pytest.mark.golden
@pytest.mark.parametrize("name", golden.RUNS)
def test_the_recorded_runs_come_back_byte_for_byte_and_to_leans_printed_digits(name: str, tmp_path: Path) -> None:
    run, (orders, fills, daily) = golden.load(name), runs.golden_tables(name)
    file = write_result(tmp_path / "lean", orders, fills, daily, chart=run.equity_chart, end=run.settings["end"], told=run.statistics)
    rates = golden.GOLDEN / "strategy" / "interest-rate.csv"
    report_data = as_run.as_run(read_result(file), as_run.find_record(file), rates)
    run_folder.write(tmp_path / "run", report_data, runs.undrawn)
    world, short = name.split("/")
    folder = golden.GOLDEN / world / "runs" / short
    assert (tmp_path / "run" / "fills.csv").read_bytes() == (folder / "fills.csv").read_bytes()
    recorded = [line.rsplit(",", 3)[0] for line in (tmp_path / "run" / "orders.csv").read_text().splitlines()]  # before status, ended, why
    assert recorded == (folder / "orders.csv").read_text().splitlines()
    assert len(report_data.headline.daily) == len(daily) + 1
    wanted = {key: text for key, text in run.statistics["statistics"].items() if "Capacity" not in key}
    assert printed(summarise(report_data).lean["lean"]) == wanted
    assert dict(report_data.printed_by_lean or {}) == run.statistics["statistics"]
