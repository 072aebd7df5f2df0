"""The store: what is written is read, or the old one stays; damage is told in one line."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from springback.data.demo.demo import Demo, draw
from springback.data.files import csv_file
from springback.data.store.content_hash import content_hash
from springback.data.store.place import Folder
from springback.data.store.store import Store
from springback.errors import InputError, MissingData, StoreError, Unwritable
from springback.market.bars import Bars
from springback.market.market_data import TRADING, MarketData
from springback.market.origin import Origin
from springback.market.prose import Prose
from tests.data.samples import TAPES, assert_same

DEMO = draw(Demo(names=60, seed=4, start="2019-06-03", end="2021-06-30", shocks=1))
MONDAY, TUESDAY = datetime(2024, 1, 1, 22, tzinfo=UTC), datetime(2024, 1, 2, 22, tzinfo=UTC)


def changed(market_data: MarketData) -> MarketData:
    """The same market data with one close of its last session corrected."""
    close = market_data.bars.close.copy()
    close[-1, 0] += 1.0
    bars = market_data.bars
    return replace(market_data, bars=Bars(bars.sessions, bars.symbols, bars.open, bars.high, bars.low, close, bars.volume))


def test_a_tape_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.write(DEMO)
    back = store.read()
    assert_same(back, DEMO)
    assert (back.origin, back.findings) == (DEMO.origin, DEMO.findings)
    assert store.hash == content_hash(DEMO) == content_hash(back)


@pytest.mark.parametrize("name", ["split", "halt", "delisting", "gap"])
def test_small_ugly_tapes_come_back(tmp_path: Path, name: str) -> None:
    events = TAPES / "split_events.csv" if name == "split" else None
    market_data = csv_file.read(TAPES / f"{name}.csv", events=events)
    Store(tmp_path).write(market_data)
    assert_same(Store(tmp_path).read(), market_data)


def test_a_window_is_the_tape_of_that_window(tmp_path: Path) -> None:
    Store(tmp_path).write(DEMO)
    window = Store(tmp_path).read("2019-12-15", "2020-09-30")
    first, end = DEMO.bars.row("2019-12-15"), DEMO.bars.row("2020-10-01")
    assert np.array_equal(window.bars.sessions, DEMO.bars.sessions[first:end])
    expected = DEMO.bars.between(first, end).of(window.bars.symbols)
    assert np.array_equal(window.bars.close, expected.close, equal_nan=True)
    ends_later = [DEMO.last[DEMO.bars.symbols.index(name)] >= end for name in window.bars.symbols]
    assert np.all(window.ending[ends_later] == TRADING)
    assert np.array_equal(window.vix, DEMO.vix[first:end])


def test_the_hash_knows_every_number_and_not_the_origin() -> None:
    assert content_hash(changed(DEMO)) != content_hash(DEMO)
    assert content_hash(replace(DEMO, vix=DEMO.vix + 0.01)) != content_hash(DEMO)
    assert content_hash(replace(DEMO, origin=Origin(words=Prose("elsewhere")))) == content_hash(DEMO)


def test_each_row_keeps_the_time_it_was_learned(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(DEMO, MONDAY)
    store.write(changed(DEMO), TUESDAY, accept_restatement=True)
    files = [tmp_path / path for path in store.describe()["files"] if path.startswith("bars/")]
    known = pd.concat([pd.read_parquet(path) for path in files]).set_index(["date", "symbol"])["known_at"]
    assert (known == pd.Timestamp(TUESDAY)).sum() == 1
    assert known[known == pd.Timestamp(TUESDAY)].index[0] == (DEMO.bars.sessions[-1].item(), DEMO.bars.symbols[0])
    assert (known == pd.Timestamp(MONDAY)).sum() == len(known) - 1


def test_duckdb_reads_it(tmp_path: Path) -> None:
    Store(tmp_path).write(DEMO)
    query = f"select count(*), sum(volume), min(year) from read_parquet('{tmp_path}/bars/*/*.parquet', hive_partitioning=true)"
    rows, volume, year = duckdb.execute(query).fetchall()[0]
    assert rows == int((~np.isnan(DEMO.bars.close)).sum())
    assert volume == pytest.approx(np.nansum(DEMO.bars.volume))
    assert year == 2019


def test_an_interrupted_write_leaves_the_old_store_and_the_next_one_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.write(DEMO, MONDAY)
    real, count = Folder.write, iter(range(100))

    def failing(place: Folder, path: str, content: bytes) -> None:
        if next(count) == 2:
            raise KeyboardInterrupt
        real(place, path, content)

    monkeypatch.setattr(Folder, "write", failing)
    with pytest.raises(KeyboardInterrupt):
        store.write(changed(DEMO), TUESDAY, accept_restatement=True)
    monkeypatch.undo()
    assert_same(store.read(), DEMO)
    for leftover in ("g000008/bars/year=2019/bars.parquet", "splits/000007.parquet", ".writing-abc-manifest.json", "notes/mine.parquet"):
        (tmp_path / leftover).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / leftover).touch()
    store.write(changed(DEMO), TUESDAY, accept_restatement=True)
    assert_same(store.read(), changed(DEMO))
    named = {*store.describe()["files"], *store.describe()["retired"], "manifest.json", "notes/mine.parquet"}
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == named
    assert not (tmp_path / "g000008").exists()


def test_damage_is_told_in_one_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(MissingData, match="holds no store: run 'springback fetch'"):
        store.read()
    store.write(DEMO)
    bars = tmp_path / "bars" / "year=2020" / "000001.parquet"
    whole = bars.read_bytes()
    bars.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    with pytest.raises(StoreError, match="SHA-256 differs"):
        store.read()
    assert store.read("2021-01-01").bars.sessions[0] == np.datetime64("2021-01-04")
    bars.unlink()
    with pytest.raises(StoreError, match="is missing"):
        store.read()
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match="is damaged"):
        store.read()
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 99, "files": {}, "content_hash": ""}))
    with pytest.raises(StoreError, match="format 99"):
        store.read()
    (tmp_path / "manifest.json").unlink()
    store.write(DEMO)
    assert_same(store.read(), DEMO)


def test_a_store_that_lost_its_manifest_is_not_taken_for_an_empty_folder(tmp_path: Path) -> None:
    Store(tmp_path).write(DEMO, MONDAY)
    Store(tmp_path).write(changed(DEMO), TUESDAY, accept_restatement=True)
    (tmp_path / "manifest.json").unlink()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match=r"holds files of several writes and no manifest.json: move the store aside"):
        Store(tmp_path).write(DEMO)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("manifest", ["{", '{"format": 99, "files": {}}'])
def test_a_store_that_cannot_be_read_is_not_written_over(tmp_path: Path, manifest: str) -> None:
    Store(tmp_path).write(DEMO)
    (tmp_path / "manifest.json").write_text(manifest)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for write in (Store.write, Store.update, Store.replace):
        with pytest.raises(StoreError, match="move the store aside"):
            write(Store(tmp_path), changed(DEMO))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_window_without_sessions_and_a_folder_that_cannot_be(tmp_path: Path) -> None:
    Store(tmp_path).write(DEMO)
    with pytest.raises(MissingData, match="no session"):
        Store(tmp_path).read("2030-01-01")
    with pytest.raises(InputError, match="must be dates"):
        Store(tmp_path).read("soon")
    (tmp_path / "file").write_text("")
    with pytest.raises(Unwritable):
        Store(tmp_path / "file" / "store").write(DEMO)
