"""What became of the orders: counted in the summary, told by the report, warned of where slots waited; and read from older runs too."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.analytics import order_sections, run_folder
from springback.analytics.orders import POSITION_COLUMNS, order_figures, warning
from springback.analytics.report_data import Account, ReportData
from springback.analytics.summary import Summary, warnings
from springback.errors import BadTable
from tests.analytics.materials import account, report_data


def drawn(told: ReportData, summary: Summary, folder: Path) -> None:
    (folder / "report.html").write_text("drawn")
    (folder / "report.png").write_bytes(b"drawn")


def told() -> Account:
    """An account whose last three entries were cancelled, dropped and are waiting, with one slot that waited for two sessions."""
    made = account(count=60, trades=8)
    orders = made.orders.assign(status="filled", ended=made.orders["decided"], why="")
    extra = orders.iloc[[0, 0, 0]].assign(
        order_id=[900, 901, 902], reason="entry", status=["cancelled", "dropped", "waiting"], why=["unfilled", "delisted", ""]
    )
    extra.loc[extra["status"] == "waiting", "ended"] = pd.NaT
    waits = np.zeros(60, np.int64)
    waits[[10, 11]] = 1
    daily = made.daily.assign(
        long_positions=made.daily["n_long"] - waits, long_waiting=waits, short_positions=made.daily["n_short"], short_waiting=0
    )
    held = ["NA", "long", "2020-01-20", 100, 10.0, 11.0, 3, 1100.0, 98.0, 0.098, False]
    positions = pd.DataFrame([dict(zip(POSITION_COLUMNS, held, strict=True))])
    return dataclasses.replace(made, orders=pd.concat([orders, extra], ignore_index=True), daily=daily, positions=positions)


def test_entries_are_counted_by_what_became_of_them() -> None:
    one = told()
    found = order_figures(one.orders, one.fills, one.daily, one.positions)
    counts = {name.removeprefix("entries_"): int(figure.number()) for name, figure in found.items() if name.startswith("entries")}
    assert counts == {"entries": 11, "filled": 8, "cancelled": 1, "dropped": 1, "waiting": 1}
    assert found["open_positions"].number() == 1
    assert found["slots_waiting"].number() == 2 / (one.daily["n_long"] + one.daily["n_short"]).sum()


def test_slots_that_waited_are_warned_of_with_the_way_out() -> None:
    day = str(told().daily["date"].iloc[10])[:10]
    (said,) = [line for line in warnings(report_data(accounts=(told(),))) if "waiting for a fill" in line]
    assert f"on 2 of 60 sessions, up to 1 at once ({day})" in said and said.endswith(
        "strategy.entry_life = 1 takes them back after one opening."
    )
    quiet = told().daily.assign(long_waiting=0)
    assert warning(quiet) == "" and warning(account().daily) == ""


def test_a_run_that_does_not_tell_has_no_such_figures_and_no_tables() -> None:
    old = account(count=60, trades=8)
    found = order_figures(old.orders, old.fills, old.daily, old.positions)
    unknown = ("entries_cancelled", "entries_dropped", "entries_waiting", "slots_waiting", "open_positions")
    assert found["entries_filled"].number() == 8 and all(found[name].value is None for name in unknown)
    bare = report_data(accounts=(old,))
    assert order_sections.orders(bare) is None and order_sections.positions(bare) is None


def test_the_report_lists_orders_and_what_is_open() -> None:
    whole = report_data(accounts=(told(),))
    listed, held = order_sections.orders(whole), order_sections.positions(whole)
    assert listed is not None and held is not None
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in listed.rows}
    assert rows["entry"] == ["11", "8", "1", "1", "1"]
    assert [cell.text for cell in held.rows[0]][:4] == ["NA", "long", "2020-01-20", "3"]


def test_they_come_back_from_the_folder_and_an_older_folder_reads_as_it_did(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "new", report_data(accounts=(told(),)), drawn)
    head, *rows = (tmp_path / "new" / "orders.csv").read_text().splitlines()
    assert head.startswith("order_id,decided,symbol,quantity,reason,status,ended,why") and rows[-1].endswith(",entry,waiting,,")
    back = run_folder.read(tmp_path / "new").headline
    assert back.positions is not None and back.positions["symbol"].tolist() == ["NA"] and back.orders["ended"].iloc[-1] == ""
    run_folder.write(tmp_path / "again", run_folder.read(tmp_path / "new"), drawn)
    for name in ("orders.csv", "positions.csv", "daily.csv", "summary.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "new" / name).read_bytes()

    settings = {"strategy.slots": 20, "backtest.start": "2019-11-01"}
    run_folder.write(tmp_path / "old", report_data(accounts=(account(count=60, trades=8),), settings=settings), drawn)
    assert not (tmp_path / "old" / "positions.csv").exists()
    old = run_folder.read(tmp_path / "old")
    assert old.headline.positions is None and "status" not in old.headline.orders
    assert old.provenance.settings["strategy.entry_life"] == 0, "a recorded run that does not name it kept entries waiting"
    redrawn = run_folder.redraw(tmp_path / "old", drawn)
    assert json.loads((tmp_path / "old" / "summary.json").read_text())["settings"]["strategy.entry_life"] == 0
    assert redrawn.figures["realistic"]["entries"].number() == 8


def test_a_table_of_positions_without_its_columns_is_refused(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "new", report_data(accounts=(told(),)), drawn)
    (tmp_path / "new" / "positions.csv").write_text("symbol,side\nNA,long\n")
    with pytest.raises(BadTable, match=r"positions.csv has no column entry_date: write the run again"):
        run_folder.read(tmp_path / "new")
