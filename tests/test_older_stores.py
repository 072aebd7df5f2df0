"""Stores, a ledger and a run folder as older versions wrote them: what they kept in sentences is read once, as the fields it is in now.

`tests/older` was written by the program at format 2 of the store and format 1 of the ledger. The demo store: a drawn market of 20 names.
The vendor's: six names of Yahoo, continued by a month. The folder's: a market with biases, an oldest list of members and a quarantine.
"""

import json
import shutil
import sqlite3
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from springback.analytics import run_folder
from springback.analytics.summary import summarise
from springback.data import membership
from springback.data.demo.demo import Demo
from springback.data.store.content_hash import content_hash
from springback.data.store.store import Store
from springback.errors import LedgerError, Restated
from springback.ledger.book import Ledger
from springback.ledger.entry import NewEntry
from springback.market import recorded
from springback.market.origin import INVENTED
from springback.market.prose import those, warned
from springback.quality import entry
from springback.workflow import record
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo

OLDER = Path(__file__).parent / "older"
NOW = datetime(2024, 2, 1, tzinfo=UTC)
HELD = "2023-01-03"


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The older store of the name asked for, in a folder of its own."""
    with zipfile.ZipFile(OLDER / f"store_{request.param}.zip") as packed:
        packed.extractall(tmp_path / "store")
    return Store(tmp_path / "store")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """The older ledger: a backtest, a search, two looks at the held-back period from HELD on, and a validation of a demo market."""
    shutil.copy(OLDER / "ledger.sqlite", tmp_path / "ledger.sqlite")
    return Ledger(tmp_path / "ledger.sqlite")


def look(hold_out_start: str = "") -> NewEntry:
    days = np.arange(np.datetime64("2023-06-01"), np.datetime64("2023-07-01"))
    returns = np.random.default_rng(9).normal(0, 0.01, len(days))
    return NewEntry("optimise", "recorded", "ab" * 32, "realistic", {"a.b": 1}, days, returns, 1.0, hold_out_start=hold_out_start)


@pytest.mark.parametrize("store", ["demo", "yahoo", "folder"], indirect=True)
def test_an_older_store_is_read_as_it_was_and_is_sound(store: Store) -> None:
    market_data, digest = store.open()
    assert store.describe()["format"] == 2 and store.verify() == () and content_hash(market_data) == digest
    as_known, _ = store.open(as_of=NOW)
    assert (as_known.origin, as_known.findings) == (market_data.origin, market_data.findings)


@pytest.mark.parametrize("store", ["demo"], indirect=True)
def test_an_older_demo_market_is_still_one(store: Store, tmp_path: Path) -> None:
    """It gives way to any market data, takes the place of none that was recorded, and its trials are its own."""
    market_data, digest = store.open()
    assert market_data.origin.demo and market_data.origin.known_biases == (INVENTED,) and market_data.origin.benchmark == "Demo index"
    assert record.market_of(market_data, digest) == f"demo {digest}"
    other = draw_demo(Settings(demo=Demo(names=12, start="2019-01-02", end="2019-04-30")))
    entry.fetch(other, tmp_path / "store", NOW)
    assert store.describe()["format"] == 3 and len(store.read().bars.symbols) == 12, "a drawn market replaces a drawn one"


@pytest.mark.parametrize("store", ["yahoo", "folder"], indirect=True)
def test_no_demo_market_takes_the_place_of_an_older_recorded_one(store: Store, tmp_path: Path) -> None:
    market_data, digest = store.open()
    assert (
        not market_data.origin.demo and record.market_of(market_data, digest) == record.RECORDED and market_data.origin.benchmark == "SPY"
    )
    with pytest.raises(Restated, match="holds recorded prices"):
        entry.fetch(draw_demo(Settings(demo=Demo(names=10))), tmp_path / "store", NOW)


@pytest.mark.parametrize("store", ["yahoo"], indirect=True)
def test_an_older_vendor_store_knows_its_source_and_goes_on(store: Store) -> None:
    """The next write makes it one of this format, whose every earlier write is read as before."""
    before = store.read()
    origin = before.origin
    assert (origin.kind, origin.source, origin.updated) == ("recorded", "yahoo", date(2019, 4, 30))
    assert str(origin) == f"{origin.words}; updated to 2019-04-30 from {origin.continued}" and "6 names" in origin.words
    assert [line for line in before.findings if line.about] == [] and len(before.findings) == 1
    store.update(before, NOW)
    after = store.read()
    assert store.describe()["format"] == 3 and store.verify() == ()
    assert (after.origin.words, after.origin.updated) == (origin.words, date(2019, 4, 30))
    assert len(store.writes()) == 3 and content_hash(after) == content_hash(before)
    first, _ = store.open(as_of="2024-01-02")
    assert first.origin.updated is None and first.origin.words == origin.words and first.bars.sessions[-1] == np.datetime64("2019-03-29")
    second, _ = store.open(as_of="2024-01-03")
    assert (second.origin, second.findings) == (origin, before.findings)


@pytest.mark.parametrize("store", ["folder"], indirect=True)
def test_biases_members_and_quarantine_of_an_older_store_are_facts(store: Store) -> None:
    market_data = store.read()
    assert len(market_data.origin.known_biases) == 6 and market_data.origin.known_biases[0] == "5 to 9 % of member-days have no price"
    assert market_data.origin.members_from == date(2019, 2, 1)
    answer = membership.from_market_data(market_data, np.datetime64("2019-01-15"))
    assert (answer.source, answer.confidence) == ("membership list of 2019-02-01, which is of later", "low")
    assert [line.about for line in market_data.findings] == ["quarantine", "", "tables", "prices"]
    assert "'Day' as date" in those(market_data.findings, "tables")[0]


def test_an_older_ledger_is_whole_and_its_held_back_period_stays_looked_at(ledger: Ledger) -> None:
    """Before the first write and after it: the old rows stay as they are, in the same chain."""
    old = ledger.entries()
    assert ledger.fault() == "" and [row.hold_out for row in old] == ["", "", HELD, HELD, ""]
    ledger.record(look(), "1.0")
    ledger.record(look("2023-06-01"), "1.0")
    rows = ledger.entries()
    assert rows[: len(old)] == old and [row.hold_out for row in rows[len(old) :]] == ["", "2023-06-01"]
    assert ledger.fault() == "" and rows[len(old)].previous == old[-1].hash


@pytest.mark.parametrize(("row", "value"), [(3, ""), (1, "2022-01-03"), (7, None), (7, ""), (6, "2023-06-01"), (6, None)])
def test_a_seal_that_is_taken_off_or_put_on_by_hand_is_seen(ledger: Ledger, row: int, value: Any) -> None:
    ledger.record(look(), "1.0")
    ledger.record(look("2023-06-01"), "1.0")
    with sqlite3.connect(ledger.file) as db:
        db.execute("DROP TRIGGER looks_update")
        db.execute('UPDATE looks SET hold_out_start = ? WHERE "row" = ?', (value, row))
    assert ledger.fault() == f"row {row} was changed"


def test_a_later_format_of_the_ledger_is_refused(ledger: Ledger) -> None:
    with sqlite3.connect(ledger.file) as db:
        db.execute("PRAGMA user_version = 4")
    with pytest.raises(LedgerError, match="its format is 4, this version reads 3"):
        ledger.entries()


def test_an_older_run_folder_says_what_it_said(tmp_path: Path) -> None:
    """Its figures, flags and texts, and those of the folder that is written of it, are the same."""
    with zipfile.ZipFile(OLDER / "run.zip") as packed:
        packed.extractall(tmp_path / "old")
    text = (tmp_path / "old" / "summary.json").read_text()
    told = json.loads(text.replace("The overlay '", "The part '"))  # a warning is worded anew
    told["settings"] = recorded.named(told["settings"])  # what it leaves unsaid is said
    for figures in (told["figures"], *told["profiles"].values()):
        for name in (name for name in figures if name.endswith(("fired", "signals"))):  # a number of rows is called one
            figures[name]["unit"] = "count"
    report_data = run_folder.read(tmp_path / "old")
    assert len(warned(report_data.provenance.findings)) == 1 and report_data.provenance.demo and report_data.benchmark_name == "SPY"
    again = run_folder.write(tmp_path / "new", report_data, draw=lambda *_: None)
    assert again.flags == summarise(run_folder.read(tmp_path / "new")).flags == tuple(told["headline"][: len(again.flags)])
    assert json.loads((tmp_path / "new" / "summary.json").read_text()) == told
    assert run_folder.read(tmp_path / "new").provenance == report_data.provenance
