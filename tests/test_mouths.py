"""What leaves the program is read by a person on any terminal, in any folder, of any market: the odd ones end no job."""

import os
import subprocess
import sys
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from springback import __version__
from springback.cli.encoding import nearest
from tests.terminal import COMMAND, done, script, sets, springback

SPAN = sets(backtest__start="2019-03-01", backtest__end="2019-12-30", training__trees=10, walk_forward__min_sessions=100)
SEARCH = sets(optimise__held_back=2)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a market of one symbol was run."""
    folder = tmp_path_factory.mktemp("one")
    sessions = exchange_calendars.get_calendar("XNYS", start="2018-01-02", end="2019-12-31").sessions
    rng = np.random.default_rng(1)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, len(sessions))))
    open_ = close * np.exp(rng.normal(0, 0.01, len(sessions)))
    high, low = np.maximum(open_, close) * 1.01, np.minimum(open_, close) * 0.99
    day = sessions.strftime("%Y-%m-%d")
    prices = {"open": open_.round(2), "high": high.round(2), "low": low.round(2), "close": close.round(2)}
    pd.DataFrame({"date": day, "symbol": "AAA", **prices, "volume": rng.integers(10**5, 10**6, len(sessions))}).to_csv(
        folder / "bars.csv", index=False
    )
    pd.DataFrame({"date": day, "close": 15.0}).to_csv(folder / "vix.csv", index=False)
    strict(folder, "run", "--path", "bars.csv", "--vix", "vix.csv", "--out", "run", *SPAN)
    return folder


def strict(folder: Path, *words: object) -> str:
    """What the command said, every warning of a library being an error."""
    told = subprocess.run(
        [*COMMAND, *map(str, words)], cwd=folder, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONWARNINGS": "error"}
    )
    assert (told.returncode, told.stderr) == (0, ""), told.stderr
    return told.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("data", "check", "--out", "check"),
        ("features", "--out", "features.csv"),
        ("validate", "--out", "validation", *SPAN),
        ("stress", "--out", "stress", *SPAN),
        ("optimize", "--out", "optimise", "--trials", "3", *SPAN, *SEARCH),
        ("universe", "--on", "2019-05-06"),
        ("ledger",),
        ("report", "run"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_market_of_one_symbol_passes_through_every_verb_without_a_warning(home: Path, words: tuple[str, ...]) -> None:
    said = strict(home, *words)
    for wrong in ("1 names", "1 trades", "1 sessions", "1 findings"):
        assert f" {wrong}" not in f" {said}".replace("\n", " "), said


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
@pytest.mark.parametrize(
    "words", [("report", "run"), ("ledger",), ("data", "check", "--out", "check"), ("--help",)], ids=lambda words: words[0]
)
def test_any_encoding_of_the_terminal_will_do(home: Path, encoding: str, words: tuple[str, ...]) -> None:
    told = subprocess.run([*COMMAND, *words], cwd=home, capture_output=True, check=False, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert (told.returncode, told.stderr) == (0, b"")
    assert "?" not in told.stdout.decode(encoding)


def test_signs_without_a_place_become_their_nearest() -> None:
    assert nearest("−1.83 → 2 × 3 ± 4 … é 漢") == "-1.83 -> 2 x 3 +/- 4 ... e ?"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_error_may_name_what_the_terminal_cannot_write(tmp_path: Path, encoding: str) -> None:
    told = subprocess.run(
        [*COMMAND, "data", "check", "--path", "nö−漢.csv"], cwd=tmp_path, capture_output=True, check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert told.returncode == 2 and told.stderr.count(b"\n") == 1 and told.stderr.startswith(b"springback: ")


def test_data_check_says_its_verdict_where_no_page_can_be_written(home: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder would be")
    told = done(springback(tmp_path, "data", "check", "--store", home / "store"))
    assert told.stdout.startswith("usable") and "no page: runs/check cannot be written" in told.stdout
    refused = springback(tmp_path, "data", "check", "--store", home / "store", "--out", "runs/mine")
    assert refused.returncode == 2 and "runs/mine cannot be written" in refused.stderr and refused.stdout == ""


@pytest.mark.parametrize("knob", ["backtest.start=2020-13-45", "backtest.start=soon", "backtest.end=20201231", "backtest.end=true"])
def test_a_date_is_refused_in_our_words(tmp_path: Path, knob: str) -> None:
    told = springback(tmp_path, "backtest", "--set", knob)
    assert told.returncode == 2
    assert f"{knob.split('=', maxsplit=1)[0]} must be a date such as 2020-01-02, was " in told.stderr, told.stderr


def test_more_is_held_back_than_there_is(home: Path) -> None:
    told = springback(home, "optimize", "--trials", "2", *SPAN, *sets(optimise__held_back=60))
    assert told.returncode == 2 and "nothing is left to search" in told.stderr


def test_the_version_is_told(tmp_path: Path) -> None:
    assert done(springback(tmp_path, "--version")).stdout == f"springback {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_verbs(tmp_path: Path, shell: str) -> None:
    words = {"bash": ("COMP_WORDS=springback val", "COMP_CWORD=1"), "zsh": ("_TYPER_COMPLETE_ARGS=springback val",)}
    given = words.get(shell, ("_TYPER_COMPLETE_ARGS=springback val", "_TYPER_COMPLETE_FISH_ACTION=get-args"))
    told = done(script(tmp_path, "env", f"_SPRINGBACK_COMPLETE=complete_{shell}", *given, Path(sys.executable).with_name("springback")))
    assert "validate" in told.stdout
