"""Killed at any instant, read while it is written, written by two: the store is one version or the other, whole."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from springback.data.store import place
from springback.data.store.content_hash import content_hash
from springback.data.store.store import Store
from springback.errors import StoreError
from springback.market.market_data import MarketData
from tests.data import store_writer
from tests.data.samples import assert_same

VERSIONS = {content_hash(store_writer.market_data(version)): store_writer.market_data(version) for version in (1, 2)}
KILLS = 200


def forked(folder: Path) -> int:
    """A writer in a process of its own that shares what is imported already, so that 200 of them take seconds."""
    child = os.fork()
    if child == 0:
        try:
            store, versions = Store(folder), tuple(VERSIONS.values())
            while True:
                for market_data in versions:
                    store.write(market_data, accept_restatement=True)
        finally:
            os._exit(1)
    return child


def whole(store: Store) -> MarketData:
    """The market data of the store, which is sound and one of the two versions, to the bit."""
    assert store.verify() == ()
    market_data = store.read()
    assert_same(market_data, VERSIONS[store.hash])
    assert market_data.origin == VERSIONS[store.hash].origin and market_data.findings == VERSIONS[store.hash].findings
    return market_data


def run_writer(folder: Path) -> subprocess.Popen[str]:
    writer = subprocess.Popen([sys.executable, store_writer.__file__, str(folder)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    return writer


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_two_hundred_kills_at_random_instants_leave_a_whole_store(tmp_path: Path) -> None:
    """What a kill leaves is the old or the new version, never a mixture, and what it half wrote is swept by the next writer."""
    store, chance = Store(tmp_path), random.Random(7)
    store.write(store_writer.market_data(1))
    leftovers = 0
    for turn in range(KILLS):
        writer = forked(tmp_path)
        time.sleep(chance.uniform(0.0, 0.15))
        os.kill(writer, signal.SIGKILL)
        _, status = os.waitpid(writer, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        market_data = store.read()
        assert_same(market_data, VERSIONS[store.hash])
        if turn % 10 == 0:
            whole(store)
        named = {*store.describe()["files"], *store.describe()["retired"], "manifest.json"}
        leftovers += bool(set(store.place.files()) - named)
    assert leftovers > KILLS // 20, "no kill fell into a write: the test shows nothing"
    for version in (1, 2):
        store.write(store_writer.market_data(version), accept_restatement=True)
    whole(store)
    assert set(store.place.files()) == {*store.describe()["files"], *store.describe()["retired"], "manifest.json"}
    assert not (tmp_path / place.LOCK).exists()


@pytest.mark.slow
def test_a_reader_beside_a_writer_always_has_one_whole_version(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(store_writer.market_data(1))
    writer = run_writer(tmp_path)
    try:
        seen, generations, until = set(), set(), time.monotonic() + 60
        while len(seen) < 2 or len(generations) < 10:
            assert time.monotonic() < until and writer.poll() is None
            market_data, digest = store.open()
            assert_same(market_data, VERSIONS[digest])
            assert store.verify() == ()
            seen.add(digest)
            generations.add(store.describe()["generation"])
    finally:
        writer.kill()
        writer.communicate()


def test_of_two_writers_one_waits_and_then_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Store(tmp_path), Store(tmp_path)
    one.write(store_writer.market_data(1))
    monkeypatch.setattr(place, "PATIENCE", 0.2)
    with one.place.alone(), pytest.raises(StoreError, match=rf"is being written by process {os.getpid()}: wait until it is done"):
        two.write(store_writer.market_data(2), accept_restatement=True)
    monkeypatch.setattr(place, "PATIENCE", 30.0)
    with one.place.alone():
        second = threading.Thread(target=two.write, args=(store_writer.market_data(2), None, True))
        second.start()
        time.sleep(0.3)
        assert_same(one.read(), store_writer.market_data(1))
    second.join()
    assert_same(one.read(), store_writer.market_data(2))


@pytest.mark.slow
def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(store_writer.market_data(1))
    writers = [run_writer(tmp_path) for _ in range(2)]
    try:
        begun, until = int(store.describe()["generation"]), time.monotonic() + 60
        while int(store.describe()["generation"]) < begun + 12:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    whole(store)
    writes = store.writes()
    assert writes["generation"].tolist() == list(range(1, len(writes) + 1))
    assert np.all(np.diff(writes["at"]) > 0)


def test_the_lock_of_a_killed_writer_holds_nobody_up(tmp_path: Path) -> None:
    Store(tmp_path).write(store_writer.market_data(1))
    (tmp_path / place.LOCK).write_text("999999")
    Store(tmp_path).write(store_writer.market_data(2), accept_restatement=True)
    assert not (tmp_path / place.LOCK).exists()
