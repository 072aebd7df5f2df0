"""Bad input as a user meets it: one clear line, the exit code that says whose fault it is, and nothing half-written."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal import COMMAND, TINY, done, sets, springback

SYMBOLS = ("AAA", "BBB", "CCC")
DAYS = [f"2020-01-{day:02d}" for day in (2, 3, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17, 21, 22, 23, 24, 27, 28, 29, 30, 31)]
BARS = ["date,symbol,open,high,low,close,volume", *(f"{day},{symbol},10,11,9,10.5,100000" for day in DAYS for symbol in SYMBOLS)]
VIX = ["date,close", *(f"{day},15" for day in DAYS)]
FORECASTS = ["date,symbol,qpi,p_long,p_short,adv_63", *(f"{day},{symbol},5,0.7,0.3,100000" for day in DAYS for symbol in SYMBOLS)]
FILES = {"bars.csv": BARS, "vix.csv": VIX, "forecasts.csv": FORECASTS}
SPAN = sets(backtest__start="2020-01-01", backtest__end="2020-01-31")
BACKTEST = ("backtest", "--bars", "bars.csv", "--vix", "vix.csv", "--forecasts", "forecasts.csv", "--out", "run", *SPAN)
Lines = list[str]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with three good files."""
    for name, lines in FILES.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture(scope="module")
def home(trained_home: Path) -> Path:
    """A folder with a store and models."""
    return trained_home


def refused(folder: Path, result: subprocess.CompletedProcess[str], *said: str, code: int = 2) -> None:
    """Exit code, one line on stderr with all that `said`, nothing half-written."""
    assert result.returncode == code, result.stderr
    assert result.stderr.startswith("springback: ") and result.stderr.count("\n") == 1 and result.stderr.endswith("\n"), result.stderr
    for words in said:
        assert words in result.stderr, result.stderr
    unfinished(folder)


def unfinished(folder: Path) -> None:
    """No summary, no store, no report, and no file that only a writer knows."""
    assert [str(path) for name in ("summary.json", "manifest.json", "report.*", ".*") for path in folder.rglob(name)] == []


def cell(row: int, column: str, value: str) -> Callable[[Lines], Lines]:
    def change(lines: Lines) -> Lines:
        cells = lines[row].split(",")
        cells[lines[0].split(",").index(column)] = value
        return [*lines[:row], ",".join(cells), *lines[row + 1 :]]

    return change


def without(column: str) -> Callable[[Lines], Lines]:
    def change(lines: Lines) -> Lines:
        k = lines[0].split(",").index(column)
        return [",".join(word for j, word in enumerate(line.split(",")) if j != k) for line in lines]

    return change


BAD: dict[str, tuple[str, Callable[[Lines], Lines], tuple[str, ...]]] = {
    "missing column": ("bars.csv", without("high"), ("bars.csv", "no column 'high'")),
    "misspelt column": ("bars.csv", lambda lines: [lines[0].replace("volume", "volme"), *lines[1:]], ("did you mean 'volme'?",)),
    "unparsable date": ("bars.csv", cell(3, "date", "Jan 3rd"), ("line 4", "date", "Jan 3rd")),
    "text for a number": ("bars.csv", cell(5, "volume", "lots"), ("line 6", "volume", "lots")),
    "empty file": ("bars.csv", lambda lines: lines[:0], ("bars.csv is empty",)),
    "header only": ("bars.csv", lambda lines: lines[:1], ("bars.csv has a header and no rows",)),
    "no VIX on a session": ("vix.csv", lambda lines: [*lines[:9], *lines[10:]], ("no VIX for session 2020-01-14",)),
    "VIX without rows": ("vix.csv", lambda lines: lines[:1], ("vix.csv",)),
    "forecast for an unknown name": ("forecasts.csv", cell(8, "symbol", "ZZZ"), ("forecasts.csv: line 9", "'ZZZ'")),
    "forecast for an unknown day": ("forecasts.csv", cell(8, "date", "2020-01-04"), ("line 9", "2020-01-04 is not a session")),
    "forecast above certainty": ("forecasts.csv", cell(8, "p_long", "1.2"), ("line 9", "p_long must be 0 to 1, was 1.2")),
    "forecast twice": ("forecasts.csv", lambda lines: [*lines, lines[1]], ("line 65", "AAA on 2020-01-02 is there twice")),
}

LEFT_OUT: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "duplicate row": (
        lambda lines: [*lines, lines[-1]],
        "1 row is there twice, the same each time: one is kept (such as CCC on 2020-01-31)",
    ),
    "another row of the day": (
        lambda lines: [*lines, lines[-1].replace("10.5", "10.6").replace("100000", "99")],
        "1 row is there twice, and otherwise: of a day the one with an open and the larger volume is kept (such as CCC on 2020-01-31)",
    ),
    "negative price": (cell(5, "low", "-9"), "BBB on 2020-01-03: low must be above 0 and finite, was -9"),
    "zero price": (cell(5, "close", "0"), "BBB on 2020-01-03: close must be above 0 and finite, was 0"),
    "high below low": (cell(5, "high", "8"), "BBB on 2020-01-03: high must not be below its low 9, was 8"),
    "negative volume": (cell(5, "volume", "-1"), "BBB on 2020-01-03: volume must be a number, 0 or more, was -1"),
    "empty cell": (cell(5, "close", ""), "1 row has no close and is no row (such as BBB on 2020-01-03)"),
    "NaN": (cell(5, "close", "NaN"), "1 row has no close and is no row (such as BBB on 2020-01-03)"),
}
"""What the laws of all doors (docs/data.md) leave out of a file of bars, and how it is told."""


def test_the_good_files_are_good(desk: Path) -> None:
    done(springback(desk, *BACKTEST))
    assert (desk / "run" / "summary.json").is_file()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_the_backtest(desk: Path, name: str) -> None:
    file, change, said = BAD[name]
    (desk / file).write_text("".join(line + "\n" for line in change(FILES[file])))
    refused(desk, springback(desk, *BACKTEST), *said)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_row_that_cannot_count_is_left_out_and_told(desk: Path, name: str) -> None:
    change, said = LEFT_OUT[name]
    (desk / "bars.csv").write_text("".join(line + "\n" for line in change(FILES["bars.csv"])))
    findings = json.loads(done(springback(desk, *BACKTEST, "--json")).stdout)["summary"]["findings"]
    assert any(said in finding for finding in findings), findings


@pytest.mark.slow
def test_the_order_of_rows_does_not_matter(desk: Path) -> None:
    done(springback(desk, *BACKTEST))
    sorted_ = (desk / "run" / "orders.csv").read_bytes()
    lines = FILES["bars.csv"]
    (desk / "bars.csv").write_text("".join(line + "\n" for line in [*lines[:1], *lines[4:7], *lines[1:4], *lines[7:]]))
    done(springback(desk, *BACKTEST))
    assert (desk / "run" / "orders.csv").read_bytes() == sorted_


@pytest.mark.parametrize(
    "words",
    [("fetch", "--source", "csv", "--path", "bars.csv", "--vix", "vix.csv"), ("features", "--bars", "bars.csv", "--out", "out.csv")],
)
def test_a_bad_file_is_refused_by_every_verb_that_reads_it(desk: Path, words: tuple[str, ...]) -> None:
    (desk / "bars.csv").write_text("\n".join(cell(5, "close", "much")(BARS)) + "\n")
    refused(desk, springback(desk, *words), "line 6", "much")
    assert not (desk / "out.csv").exists()


def test_a_refused_backtest_leaves_the_last_good_run_alone(desk: Path) -> None:
    done(springback(desk, *BACKTEST))
    before = {path: path.read_bytes() for path in (desk / "run").rglob("*") if path.is_file()}
    (desk / "bars.csv").write_text("\n".join(cell(5, "close", "much")(BARS)) + "\n")
    assert springback(desk, *BACKTEST).returncode == 2
    assert {path: path.read_bytes() for path in (desk / "run").rglob("*") if path.is_file()} == before


def test_a_name_with_too_short_a_history_is_a_finding(desk: Path) -> None:
    (desk / "bars.csv").write_text("\n".join([*BARS, "2020-01-31,NEW,10,11,9,10.5,100"]) + "\n")
    words = ("fetch", "--source", "csv", "--path", "bars.csv", "--vix", "vix.csv", "--json")
    findings = json.loads(done(springback(desk, *words)).stdout)["store"]["findings"]
    assert any("1 names have fewer than 21 bars" in finding and "NEW has 1" in finding for finding in findings)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "strategy.slot=3"), ("no knob 'strategy.slot'", "did you mean 'strategy.slots'?")),
        (("--set", "stratgy.slots=3"), ("no table 'stratgy'", "did you mean 'strategy'?")),
        (("--set", "strategy.slots=many"), ("strategy.slots", "many")),
        (("--set", "strategy.slots=0"), ("strategy.slots", "0")),
        (("--set", "strategy.stop_mode=never"), ("strategy.stop_mode", "never")),
        (("--set", "strategy.slots"), ("--set takes table.name=value",)),
        (("--set", "backtest.end=2019-01-01"), ("backtest.start", "2019-01-01")),
        (("--settings", "absent.toml"), ("absent.toml does not exist",)),
        (("--settings", "bars.csv"), ("bars.csv is not TOML",)),
        (("--profile", "dreamy"), ("backtest.profile", "dreamy")),
        (("--models", "crystal"), ("--models", "crystal")),
        (("--bars", "absent.csv"), ("absent.csv does not exist",)),
        (("--vix", "absent.csv"), ("absent.csv does not exist",)),
        (("--forecasts", "absent.csv"), ("absent.csv does not exist",)),
        (("--out", "bars.csv"), ("bars.csv", "cannot be written")),
        (("--out", "bars.csv/run"), ("bars.csv/run", "cannot be written")),
    ],
    ids=lambda value: " ".join(value) if value[0].startswith("--") and len(value) == 2 else "",
)
def test_a_bad_word_on_the_command_line_is_refused(desk: Path, words: tuple[str, ...], said: tuple[str, ...]) -> None:
    refused(desk, springback(desk, *BACKTEST, *words), *said)


@pytest.mark.parametrize("words", [("dance",), ("run", "--fast"), ("features",), ("report",), ("report", "nowhere"), ("forecast",)])
def test_bad_usage_ends_with_2_and_without_a_traceback(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = springback(tmp_path, *words)
    assert result.returncode == 2
    assert result.stderr.startswith("springback: ") and len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    unfinished(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ("fetch", "--store", "bars.csv/store", *TINY),
        ("features", "--bars", "bars.csv", "--out", "bars.csv/out.csv"),
        ("features", "--bars", "bars.csv", "--out", "out.xlsx"),
        ("run", "--store", "bars.csv/store", *TINY),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(desk: Path, words: tuple[str, ...]) -> None:
    refused(desk, springback(desk, *words), words[words.index("--store" if "--store" in words else "--out") + 1])


@pytest.mark.parametrize("words", [("--models-dir", "bars.csv/models"), ("--out", "bars.csv/run")])
def test_a_run_refuses_the_place_before_the_work(desk: Path, words: tuple[str, ...]) -> None:
    result = springback(desk, "run", *TINY, *words)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "cannot be written" in result.stderr
    assert "AUC" not in result.stdout, "it trained for nothing"


def test_json_speaks_of_an_error_as_an_object_too(desk: Path) -> None:
    result = springback(desk, *BACKTEST, "--bars", "absent.csv", "--json")
    refused(desk, result, "absent.csv does not exist")
    assert json.loads(result.stdout) == {"error": "MissingData", "message": result.stderr[12:-1], "exit_code": 2}


@pytest.mark.parametrize("name", ["ml_mean_reversion_long.pkl", "ml_mean_reversion_short.pkl", "feature_columns.pkl"])
def test_a_model_file_that_is_not_its_card_s_is_not_opened(home: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(home / "models", tmp_path / "models")
    with (tmp_path / "models" / name).open("ab") as file:
        file.write(b"\0")
    words = ("--store", home / "store", "--models", "fixed", "--out", "run", *TINY)
    refused(tmp_path, springback(tmp_path, "backtest", *words), name, "not the file of its card", code=1)


def test_fixed_models_that_are_not_there_are_asked_for(home: Path, tmp_path: Path) -> None:
    words = ("--store", home / "store", "--models", "fixed", "--out", "run", *TINY)
    refused(tmp_path, springback(tmp_path, "backtest", *words), "springback train", code=1)


def test_a_damaged_store_is_refused(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "store", tmp_path / "damaged")
    victim = next((tmp_path / "damaged").glob("bars/*/*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-100])
    result = springback(tmp_path, "backtest", "--store", "damaged", "--out", "run", *TINY)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert not (tmp_path / "run" / "summary.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
@pytest.mark.parametrize("when", ["store/manifest.json", "models/archive/*/card.json", "runs/.*.unfinished"])
def test_an_interrupted_run_leaves_nothing_that_looks_finished_and_the_next_goes_on(tmp_path: Path, how: signal.Signals, when: str) -> None:
    run = subprocess.Popen(
        [*COMMAND, "run", *TINY], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    limit = time.monotonic() + 120
    while not list(tmp_path.glob(when)):
        assert run.poll() is None and time.monotonic() < limit, f"{when} never came"
        time.sleep(0.005)
    run.send_signal(how)
    said = run.communicate(timeout=60)[1]
    if how == signal.SIGINT:
        assert run.returncode == 1
        assert said.startswith("springback: interrupted") and said.count("\n") == 1, said
        assert [str(path) for path in tmp_path.rglob(".*")] == []
    assert not (tmp_path / "runs" / "latest" / "summary.json").exists()
    done(springback(tmp_path, "run", *TINY, "--quiet"))
    assert (tmp_path / "runs" / "latest" / "summary.json").is_file()
    left = [
        str(path) for path in tmp_path.rglob(".*") if not path.name.startswith(".writing-")
    ]  # what was killed in its writing lies hidden
    assert left == []
