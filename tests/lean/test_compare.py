"""Two runs side by side: equal ones are called equal, each planted difference is found and named."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from springback.analytics import run_folder
from springback.comparison import comparison_page, comparison_words
from springback.comparison.compare import Comparison, Tolerance, compare
from springback.comparison.comparison_statistics import statistics
from springback.comparison.sides import read_sides
from springback.errors import BadTable, InputError, MissingData
from tests.analytics import golden
from tests.lean import runs
from tests.lean.lean_files import write_result
from tests.terminal import done, springback

START, END = "2020-01-01", "2020-05-05"
SEEDS = (3, 8, 11)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run twice: `ours`, and `theirs`, imported from LEAN's files."""
    folder = tmp_path_factory.mktemp("desk")
    made = runs.ours(folder / "ours", runs.random_result(3, "intraday"), START, END)
    runs.imported(folder / "theirs", runs.theirs(folder / "lean", made, START, END))
    return folder


def laid(a: Path, b: Path, tolerance: Tolerance | None = None) -> Comparison:
    return compare(*read_sides(a, b), tolerance or Tolerance())


@pytest.mark.parametrize("mode", ["close", "intraday"])
@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_an_imported_run_equals_the_one_it_came_from(tmp_path: Path, seed: int, mode: str, record: bool) -> None:
    made = runs.ours(tmp_path / "ours", runs.random_result(seed, mode), START, END)
    runs.imported(tmp_path / "theirs", runs.theirs(tmp_path / "lean", made, START, END, record))
    found = laid(tmp_path / "ours", tmp_path / "theirs")
    assert comparison_words.differences(found) == [] and found.equal
    said = statistics(found)
    equity_only = [
        row.name for row in (*said.trading, *said.lean) if row.differs and abs((row.values[1] or 0) - (row.values[0] or 0)) > 1e-4
    ]
    assert equity_only == []


def test_a_run_equals_itself_with_nothing_to_note(desk: Path) -> None:
    found = laid(desk / "ours", desk / "ours")
    assert found.equal and found.notes == ()
    said = statistics(found)
    assert not any(row.differs for row in (*said.trading, *said.lean)) and said.itself == ()


def test_what_lean_does_not_say_is_noted_and_not_compared(desk: Path) -> None:
    notes = " ".join(laid(desk / "ours", desk / "theirs").notes)
    assert "Cash of 1 session is not known" in notes and "regime of 1 session" in notes and "to 4 decimals" in notes


def _csv(folder: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    file = folder / f"{table}.csv"
    frame = change(run_folder.read_frame(file))
    file.write_text(run_folder.table_text(frame, tuple(frame.columns)))


def _set(row: int, column: str, by: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, column] += by
        return frame

    return change


def _renamed(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[20, "reason"] = "elsewhere"
    return frame


def _flipped(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[30, "bear"] = 1 - frame.loc[30, "bear"]
    return frame


def _twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame.iloc[:41], frame.iloc[[40]], frame.iloc[41:]], ignore_index=True)


def _swapped(frame: pd.DataFrame) -> pd.DataFrame:
    order = [*range(10), 11, 10, *range(12, len(frame))]
    return frame.iloc[order].reset_index(drop=True)


PLANTED: list[tuple[str, str, Callable[[pd.DataFrame], pd.DataFrame], str, str]] = [
    ("an order removed", "orders", lambda frame: frame.drop(index=12).reset_index(drop=True), "orders", "order 13, session"),
    ("a quantity changed", "orders", _set(15, "quantity", 7), "orders", "1 only in A, 1 only in B"),
    ("a reason changed", "orders", _renamed, "orders", "elsewhere"),
    ("two orders swapped", "orders", _swapped, "orders", "in another sequence"),
    ("a fee changed", "fills", _set(25, "fee", 0.25), "fills", "fee A"),
    ("a price changed", "fills", _set(26, "price", 0.01), "fills", "price A"),
    ("an extra fill", "fills", _twice, "fills", "only in B"),
    ("a fill removed", "fills", lambda frame: frame.drop(index=9).reset_index(drop=True), "fills", "only in A"),
    ("equity of a day", "daily", _set(33, "equity", -12.5), "equity", "largest difference is $12.50"),
    ("cash of a day", "daily", _set(34, "cash", 0.02), "cash", "largest difference is $0.02"),
    ("regime flipped", "daily", _flipped, "regime", "Regime: 1 session differs"),
    ("a position more", "daily", _set(35, "n_long", 1), "positions", "Long positions: 1 session differs"),
    ("a session removed", "daily", lambda frame: frame.drop(index=40).reset_index(drop=True), "sessions", "missing in B"),
]


@pytest.mark.parametrize(("table", "change", "part", "words"), [one[1:] for one in PLANTED], ids=[one[0] for one in PLANTED])
def test_a_planted_difference_is_found_and_named(
    desk: Path, tmp_path: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame], part: str, words: str
) -> None:
    shutil.copytree(desk / "theirs", tmp_path / "planted")
    _csv(tmp_path / "planted", table, change)
    found = laid(desk / "ours", tmp_path / "planted")
    assert not found.equal
    assert comparison_words.headline(found) == f"NOT EQUAL: {part} differ."
    assert words in " ".join(comparison_words.differences(found))
    page = comparison_page.page(found, statistics(found))
    assert "The two runs differ" in page
    json.dumps(comparison_words.as_json(found, statistics(found)), allow_nan=False)


def test_the_first_differing_order_stands_between_its_neighbours(desk: Path, tmp_path: Path) -> None:
    shutil.copytree(desk / "theirs", tmp_path / "planted")
    _csv(tmp_path / "planted", "orders", lambda frame: frame.drop(index=12).reset_index(drop=True))
    context = laid(desk / "ours", tmp_path / "planted").orders.context
    assert [pair.same for pair in context] == [True] * 5 + [False] + [True] * 5
    assert [pair.place_a for pair in context] == list(range(8, 19))
    assert context[5].b == "" and context[5].place_b is None and context[6].place_b == 13


def test_the_tolerance_is_what_may_differ(desk: Path, tmp_path: Path) -> None:
    shutil.copytree(desk / "theirs", tmp_path / "planted")
    _csv(tmp_path / "planted", "fills", _set(25, "fee", 0.25))
    _csv(tmp_path / "planted", "daily", _set(33, "equity", -0.25))
    assert not laid(desk / "ours", tmp_path / "planted", Tolerance(fill=0.2)).equal
    assert laid(desk / "ours", tmp_path / "planted", Tolerance(fill=0.26, equity=0.26)).equal
    with pytest.raises(InputError, match="must be 0 or more dollars, was -1"):
        Tolerance(fill=-1)


def test_the_command_says_it_in_the_first_line_and_in_the_exit_code(desk: Path, tmp_path: Path) -> None:
    same = done(springback(desk, "lean", "compare", "ours", "theirs", "--out", tmp_path / "page.html"))
    assert same.stdout.startswith("EQUAL: ") and same.stdout.rstrip().endswith("page.html")
    shutil.copytree(desk / "theirs", tmp_path / "planted")
    _csv(tmp_path / "planted", "orders", lambda frame: frame.drop(index=12).reset_index(drop=True))
    other = springback(tmp_path, "lean", "compare", desk / "ours", "planted", "--json")
    assert (other.returncode, other.stderr) == (1, "")
    told: dict[str, Any] = json.loads(other.stdout)
    assert told["compare"]["equal"] is False and told["compare"]["orders"]["first"]["place"] == 13
    assert told["page"] == "planted/compare.html" and (tmp_path / "planted" / "compare.html").is_file()
    names = {row["name"] for row in told["compare"]["statistics"]["lean"]}
    assert {"Sharpe Ratio", "Drawdown", "Total Orders"} <= names


def test_the_same_runs_give_the_same_page(desk: Path) -> None:
    found = laid(desk / "ours", desk / "theirs")
    page = comparison_page.page(found, statistics(found))
    assert page == comparison_page.page(found, statistics(found))
    assert "<script src" not in page and '<link rel="stylesheet"' not in page


def test_names_from_the_runs_are_escaped(desk: Path, tmp_path: Path) -> None:
    shutil.copytree(desk / "theirs", tmp_path / "planted")
    _csv(tmp_path / "planted", "orders", lambda frame: frame.assign(reason="<b>x</b>"))
    found = laid(desk / "ours", tmp_path / "planted")
    assert "<b>x</b>" not in comparison_page.page(found, statistics(found))


def test_what_holds_no_run_is_refused(desk: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="holds no run: it has no orders"):
        read_sides(desk / "ours", tmp_path)
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("orders", "fills", "daily"):
        shutil.copy(desk / "ours" / f"{name}.csv", bare)
    assert laid(desk / "ours", bare).equal
    (bare / "daily.csv").write_text("date,equity\n2020-01-01,1\n")
    with pytest.raises(BadTable, match="no column 'cash'"):
        read_sides(desk / "ours", bare)


def test_a_profile_is_found_in_the_run_and_by_its_own_folder(desk: Path, tmp_path: Path) -> None:
    """Our run's headline is realistic; LEAN knows only its own profile, so that one is compared."""
    made = run_folder.read(desk / "ours")
    dear = dataclasses.replace(made.headline, profile="realistic", daily=made.headline.daily.assign(equity=1.0))
    both = dataclasses.replace(made, accounts=(dear, made.headline))
    run_folder.write(tmp_path / "both", both, runs.undrawn)
    for folder in (tmp_path / "both", tmp_path / "both" / "profiles" / "lean"):
        assert laid(folder, desk / "theirs").equal
        assert read_sides(folder, desk / "theirs")[0].profile == "lean"
    assert read_sides(tmp_path / "both", tmp_path / "both")[0].profile == "realistic"


def test_runs_without_a_common_session_cannot_be_compared(desk: Path, tmp_path: Path) -> None:
    shutil.copytree(desk / "ours", tmp_path / "later")
    _csv(tmp_path / "later", "daily", lambda frame: frame.assign(date=frame["date"].str.replace("2020", "2022")))
    with pytest.raises(InputError, match="no session in common"):
        laid(desk / "ours", tmp_path / "later")


@pytest.mark.slow
@golden.needs_golden
@pytest.mark.golden
@pytest.mark.parametrize("name", golden.RUNS)
def test_our_backtest_equals_the_recorded_run_and_its_import(name: str, tmp_path: Path) -> None:
    run = golden.load(name)
    world, short = name.split("/")
    runs.ours(tmp_path / "ours", runs.golden_result(name), run.settings["start"], run.settings["end"])
    recorded = laid(tmp_path / "ours", golden.GOLDEN / world / "runs" / short)
    assert comparison_words.differences(recorded) == [] and recorded.equal
    assert any("no row for the last session, 2023-12-29" in note for note in recorded.notes)

    orders, fills, daily = runs.golden_tables(name)
    file = write_result(tmp_path / "lean", orders, fills, daily, chart=run.equity_chart, end=run.settings["end"], told=run.statistics)
    runs.imported(tmp_path / "theirs", file)
    found = laid(tmp_path / "ours", tmp_path / "theirs")
    assert comparison_words.differences(found) == [] and found.equal
    said = statistics(found)
    assert [row.name for row in said.trading if row.differs] == []
    printed = {row.name: row.differs for row in said.itself if row.difference != "–"}
    rated = {"Sharpe Ratio", "Sortino Ratio", "Probabilistic Sharpe Ratio"}  # these need the rate, which neither run was given
    assert {name for name, differs in printed.items() if differs} <= rated and len(printed) == 25


@golden.needs_golden
@pytest.mark.golden
def test_the_commands_alone_prove_that_both_hosts_agree(tmp_path: Path) -> None:
    world = golden.GOLDEN / "strategy"
    words = ("--bars", world / "bars.csv.gz", "--vix", world / "vix.csv", "--forecasts", world / "forecasts.csv.gz", "--profile", "lean")
    told = ("backtest.start=2020-01-01", "backtest.end=2023-12-31", "strategy.entry_life=0")  # as the run was recorded
    done(springback(tmp_path, "backtest", *words, *(word for one in told for word in ("--set", one)), "--out", "ours", "--quiet"))
    said = done(springback(tmp_path, "lean", "compare", world / "runs" / "default", "ours")).stdout
    assert said.startswith("EQUAL: 724 orders, 725 fills and 1,005 sessions agree.")
