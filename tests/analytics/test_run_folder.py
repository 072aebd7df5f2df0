"""The run folder: nothing is lost in it, it is whole or not there, and the same run gives the same bytes."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from springback.analytics import run_folder
from springback.analytics.encode import text
from springback.analytics.report_data import GOLDEN_COLUMNS, Account, ReportData
from springback.analytics.summary import Summary
from springback.errors import BadTable, MissingData, Unwritable
from tests.analytics.materials import account, empty_account, report_data


def no_pictures(told: ReportData, summary: Summary, folder: Path) -> None:
    (folder / "report.html").write_text("drawn")
    (folder / "report.png").write_bytes(b"drawn")


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_folder_read_back_and_written_again_is_the_same_to_the_byte(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "one", report_data(), no_pictures)
    run_folder.write(tmp_path / "two", run_folder.read(tmp_path / "one"), no_pictures)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_report_json_calls_the_ablations_overlays_as_it_always_did(tmp_path: Path) -> None:
    told = report_data()
    run_folder.write(tmp_path / "run", told, no_pictures)
    facts = json.loads((tmp_path / "run" / "report.json").read_text())
    assert "ablations" not in facts and facts["overlays"]["columns"][0] == "overlay"
    back = run_folder.read(tmp_path / "run").ablations
    assert back is not None and told.ablations is not None
    pd.testing.assert_frame_equal(back, told.ablations, check_dtype=False)


def test_floats_come_back_to_the_last_bit_and_a_name_called_na_stays(tmp_path: Path) -> None:
    told = report_data()
    run_folder.write(tmp_path / "run", told, no_pictures)
    back = run_folder.read(tmp_path / "run")
    for before, after in zip(told.accounts, back.accounts, strict=True):
        assert before.profile == after.profile
        np.testing.assert_array_equal(before.daily["equity"], after.daily["equity"])
        np.testing.assert_array_equal(before.daily["vix_sma15"], after.daily["vix_sma15"])
        np.testing.assert_array_equal(before.trades["profit"], after.trades["profit"])
        assert list(before.fills["symbol"]) == list(after.fills["symbol"])
        assert "NA" in set(after.fills["symbol"]) and "TRUE" in set(after.fills["symbol"])
    assert back.benchmark is not None and told.benchmark is not None
    np.testing.assert_array_equal(back.benchmark, told.benchmark)


def test_tables_begin_with_the_golden_columns_in_their_order(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(), no_pictures)
    for name, columns in GOLDEN_COLUMNS.items():
        header = (tmp_path / "run" / f"{name}.csv").read_text().splitlines()[0].split(",")
        assert tuple(header[: len(columns)]) == columns
    rows = (tmp_path / "run" / "daily.csv").read_text().splitlines()
    assert rows[1].startswith("2019-11-01,") and rows[1].split(",")[7] == "nan"
    assert " 16:00:00," in (tmp_path / "run" / "fills.csv").read_text().splitlines()[1]


def test_summary_is_strict_json_with_a_definition_for_every_figure(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(accounts=(empty_account(),)), no_pictures)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    told = json.loads((tmp_path / "run" / "summary.json").read_text(), parse_constant=refuse)
    assert told["figures"]["win_rate"]["value"] is None
    for figures in (told["figures"], told["lean"]["realistic"]):
        assert all(one["definition"] for one in figures.values())
    assert told["settings"]["strategy.slots"] == 20 and told["seed"] == 7 and told["data_hash"].startswith("sha256:")
    assert len(told["gates"]) == 6 and told["versions"]["numpy"]


def test_an_in_sample_run_says_so_first(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(in_sample=True), no_pictures)
    told = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert told["headline"][0].startswith("IN-SAMPLE") and told["in_sample"] is True
    assert "planted edge" in told["headline"][1]


def test_an_interrupted_run_leaves_the_old_folder_whole_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(), no_pictures)
    before = files(tmp_path / "run")

    def interrupted(told: ReportData, summary: Summary, folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_folder.write(tmp_path / "run", report_data(seed=8), interrupted)
    assert files(tmp_path / "run") == before and [path.name for path in tmp_path.iterdir()] == ["run"]
    killed = tmp_path / ".run.unfinished"
    killed.mkdir()
    (killed / "orders.csv").write_text("half")
    run_folder.write(tmp_path / "run", report_data(), no_pictures)
    assert files(tmp_path / "run") == before and not killed.exists()


def test_a_folder_without_a_summary_is_not_a_run(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(), no_pictures)
    (tmp_path / "run" / "summary.json").unlink()
    with pytest.raises(MissingData, match="not a finished run folder"):
        run_folder.read(tmp_path / "run")


def test_a_damaged_folder_is_told_in_one_line(tmp_path: Path) -> None:
    run_folder.write(tmp_path / "run", report_data(), no_pictures)
    (tmp_path / "run" / "report.json").write_text("{")
    with pytest.raises(BadTable, match="damaged"):
        run_folder.read(tmp_path / "run")


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unwritable, match="cannot be written"):
        run_folder.write(tmp_path / "file" / "run", report_data(), no_pictures)
    with pytest.raises(Unwritable, match="cannot be written"):
        run_folder.write(tmp_path / "file", report_data(), no_pictures)
    assert (tmp_path / "file").read_text() == "in the way"


def test_only_splits_of_traded_names_are_kept(tmp_path: Path) -> None:
    events = pd.DataFrame(
        {"date": ["2020-08-31"] * 3, "symbol": ["AAA", "AAA", "QQQ"], "event": ["split", "dividend", "split"], "value": [0.25, 1.0, 0.5]}
    )
    run_folder.write(tmp_path / "run", report_data(events=events), no_pictures)
    kept = run_folder.read(tmp_path / "run").events
    assert kept is not None and kept.to_numpy().tolist() == [["2020-08-31", "AAA", "split", 0.25]]


def test_an_account_without_a_golden_column_is_refused() -> None:
    one = account()
    with pytest.raises(BadTable, match="daily has no column vix"):
        Account("lean", 1.0, one.daily.drop(columns="vix"), one.fills, one.orders, one.trades)
    with pytest.raises(BadTable, match="no session"):
        dataclasses.replace(one, daily=one.daily.iloc[:0])


def test_json_knows_no_nan() -> None:
    told = text(
        {"a": float("nan"), "b": np.float64("inf"), "c": np.int64(3), "d": pd.Timestamp("2020-01-02"), "e": pd.NaT, "f": (True, None)}
    )
    assert json.loads(told) == {"a": None, "b": None, "c": 3, "d": "2020-01-02", "e": None, "f": [True, None]}
