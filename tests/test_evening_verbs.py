"""The verbs of every evening as a person meets them: an account is opened, decided, seen, corrected, paused, and says who said what."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from springback.data.store.store import Store
from springback.operation.desk_folder import DeskFolder
from springback.state.state import State
from tests.terminal import done, sets, springback

MARKET = sets(demo__names=60, demo__start='"2020-01-02"', demo__end='"2022-12-30"', training__trees=20, training__depth=3)
LAST, EVENING = "2022-12-30", "2022-12-30T17:00"
Say = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn market and a pair of models."""
    folder = tmp_path_factory.mktemp("home")
    done(springback(folder, "fetch", *MARKET, "--quiet"))
    done(springback(folder, "train", *MARKET, "--quiet"))
    return folder


def told(home: Path, *words: object) -> dict[str, Any]:
    """What a command says as one object."""
    said = json.loads(done(springback(home, *words, "--json")).stdout)
    assert isinstance(said, dict)
    return said


def test_an_account_from_its_cash_to_a_pause_and_back(home: Path) -> None:
    refused = springback(home, "daily", "--clock", EVENING)
    assert refused.returncode == 2 and "desk holds no account: open one with 'springback book init" in refused.stderr
    assert not (home / "desk").exists()
    done(springback(home, "book", "init", "--cash", "1000000", "--by", "Ann"))
    known = State(home / "desk" / "state.sqlite")
    assert [(one.kind, one.quantity, one.by) for one in known.book_events("desk")] == [("cash", 1e6, "Ann")]

    dry = done(springback(home, "daily", "--dry-run", "--clock", EVENING)).stdout
    assert "nothing was written" in dry and DeskFolder(home / "desk").sessions() == ()
    first = told(home, "daily", "--clock", EVENING)["daily"]
    assert first["code"] == 0 and [(one["session"], one["kind"]) for one in first["decisions"]] == [(LAST, "frozen")]
    assert f"{LAST} is decided: nothing is due" in done(springback(home, "daily", "--clock", EVENING)).stdout

    looked = {one["thing"]: one["found"] for one in told(home, "doctor", "--desk", "desk")["doctor"]}
    assert f"the newest of {LAST} (frozen)" in looked["desk"] and "0 halts" in looked["state"]
    assert looked["retraining"].startswith("not due") and "by springback" in looked["champion"], looked

    name, other = Store(home / "store").securities()["symbol"][:2]
    strange = springback(home, "book", "set", "ZZZZ", "100", "--price", "1")
    assert strange.returncode == 2 and "store has no bar of ZZZZ: fetch it first" in strange.stderr
    words = ("book", "set", name, "100", "--price", "12.5", "--opened", "2022-12-01", "--by", "Bob", "--why", "bought by hand")
    done(springback(home, *words))
    (home / "book.csv").write_text(f"symbol,quantity,entry_price\n{name},50,10\n")
    done(springback(home, "book", "import", "book.csv", "--by", "Cleo"))
    events = known.book_events("desk")[1:]
    assert [(one.kind, one.symbol, one.quantity, one.price, one.by, str(one.why)) for one in events] == [
        ("set", name, 100, 12.5, "Bob", "bought by hand"),
        ("import", name, 50, 10, "Cleo", ""),
    ]
    held = told(home, "book")["book"]
    assert held["pending"] == 2 and [(one["symbol"], one["quantity"]) for one in held["positions"] if one["quantity"]] == [(name, 50)]

    silent = springback(home, "pause", "--why", "")
    assert silent.returncode == 2 and "a pause says why" in silent.stderr
    done(springback(home, "pause", "--why", "holidays", "--by", "Dan"))
    done(springback(home, "restrict", other, "--from", "2022-12-30", "--why", "merger", "--by", "Eve"))
    now = told(home, "book")["book"]
    assert [(one["code"], one["why"], one["by"]) for one in now["halts"]] == [("pause", "holidays", "Dan")]
    assert [(one.symbol, one.by, str(one.why)) for one in known.restrictions("desk")] == [(other, "Eve", "merger")]
    assert "lifted: pause of" in done(springback(home, "resume", "--yes", "--by", "Fay")).stdout
    done(springback(home, "restrict", other, "--remove", "--by", "Gus"))
    assert known.halts("desk") == () and [one.removed_by for one in known.restrictions("desk")] == ["Gus"]
    assert told(home, "book")["book"]["halts"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--members", "members.csv"), "--members goes with a vendor who is asked"),
        (("--holdings", "funds"), "--holdings goes with a vendor who is asked"),
        (("--keys", "keys.toml", "--source", "yahoo"), "--keys goes with tiingo, alpaca: yahoo needs none"),
    ],
)
def test_a_file_that_nobody_would_read_is_refused(words: tuple[str, ...], said: str, home: Path) -> None:
    done(springback(home, "book", "init", "--cash", "1000", "--desk", f"other{len(said)}"))
    told = springback(home, "daily", "--desk", f"other{len(said)}", *words)
    assert told.returncode == 2 and said in told.stderr and told.stderr.count("\n") == 1
