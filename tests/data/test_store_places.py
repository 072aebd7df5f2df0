"""The store at an address: the same laws on S3 (a server of this machine) and in memory, and no credentials in what goes wrong."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from springback.data.store import place
from springback.data.store.content_hash import content_hash
from springback.data.store.store import Store
from springback.errors import MissingData, StoreError, Unwritable
from tests.data import store_writer
from tests.data.samples import assert_same
from tests.terminal import TINY, done, springback

ONE, TWO = store_writer.market_data(1), store_writer.market_data(2)
KEY, SECRET = "AKIATESTKEY000000001", "a-secret-that-nobody-may-read-in-a-message"
FIRST = datetime(2024, 1, 1, 22, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server of this machine with the bucket `market`; the environment names it and the keys."""
    code = (
        "import sys, time\nfrom moto.server import ThreadedMotoServer\nserver = ThreadedMotoServer('127.0.0.1', 0, verbose=False)\n"
        "server.start()\nprint(server.get_host_and_port()[1], flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    address = f"http://127.0.0.1:{process.stdout.readline().strip()}"
    named = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        import s3fs

        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("market")
        yield address
    finally:
        process.kill()
        process.communicate()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(params=["s3", "memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        return Store(f"file://{tmp_path}/store")
    if request.param == "memory":
        return Store(f"memory://{tmp_path.name}")
    request.getfixturevalue("server")
    return Store(f"s3://market/{tmp_path.name}/prefix")


def test_what_is_written_there_is_read_and_what_was_known_too(store: Store) -> None:
    assert not store.exists()
    with pytest.raises(MissingData, match="holds no store"):
        store.read()
    store.write(ONE, FIRST)
    assert_same(store.read(), ONE)
    store.write(TWO, FIRST + DAY, accept_restatement=True)
    assert_same(store.read(), TWO)
    assert_same(store.read(as_of=FIRST), ONE)
    assert store.hash == content_hash(TWO) and store.verify() == ()
    store.write(ONE, FIRST + 2 * DAY, accept_restatement=True)
    assert set(store.place.files()) == {*store.describe()["files"], *store.describe()["retired"], "manifest.json"}


def test_damage_there_is_seen(store: Store) -> None:
    store.write(ONE)
    path = next(path for path in store.describe()["files"] if path.startswith("bars/"))
    store.place.write(path, store.place.read(path)[:-1] + b"?")
    with pytest.raises(StoreError, match="SHA-256 differs"):
        store.read()
    assert len(store.verify()) == 1


def test_a_second_writer_there_is_refused_and_an_abandoned_lock_is_not(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(ONE)
    monkeypatch.setattr(place, "PATIENCE", 0.2)
    with store.place.alone(), pytest.raises(StoreError, match=f"is being written by process {os.getpid()}"):
        store.write(TWO, accept_restatement=True)
    if isinstance(store.place, place.Bucket):
        held = {"host": "elsewhere", "pid": 1, "at": time.time(), "token": "x"}
        store.place.write(place.LOCK, json.dumps(held).encode())
        with pytest.raises(StoreError, match="process 1 on elsewhere"):
            store.write(TWO, accept_restatement=True)
        store.place.write(place.LOCK, json.dumps(held | {"at": time.time() - 2 * place.STALE}).encode())
    store.write(TWO, accept_restatement=True)
    assert_same(store.read(), TWO)
    assert place.LOCK not in store.place.files()


def test_a_reader_sees_what_another_process_wrote_since_it_listed_the_place(server: str, tmp_path: Path) -> None:
    where = f"s3://market/{tmp_path.name}/listed"
    reader, writer = Store(where), Store(where, {"skip_instance_cache": True})
    writer.write(ONE)
    assert reader.place.files()
    writer.write(TWO, accept_restatement=True)
    assert_same(reader.read(), TWO)


def test_a_write_while_the_place_does_not_answer_forgets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, read = Store(tmp_path), place.Folder.read
    store.write(ONE, FIRST)

    def deaf(folder: place.Folder, path: str) -> bytes:
        if path.startswith("splits/"):
            raise StoreError(f"{path} cannot be read (TimeoutError)")
        return read(folder, path)

    monkeypatch.setattr(place.Folder, "read", deaf)
    with pytest.raises(StoreError, match="TimeoutError"):
        store.write(TWO, FIRST + DAY, accept_restatement=True)
    monkeypatch.undo()
    assert_same(store.read(), ONE)
    (file,) = tmp_path.glob("splits/*.parquet")
    file.unlink()
    store.write(TWO, FIRST + DAY, accept_restatement=True)
    assert_same(store.read(), TWO)


@pytest.mark.slow
def test_a_killed_writer_leaves_a_whole_store_on_s3(server: str, tmp_path: Path) -> None:
    store, chance = Store(f"s3://market/{tmp_path.name}/kills"), random.Random(3)
    store.write(ONE)
    versions = {content_hash(market_data): market_data for market_data in (ONE, TWO)}
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, store_writer.__file__, f"s3://market/{tmp_path.name}/kills"], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.3, 1.5))
            writer.kill()
        market_data, digest = store.open()
        assert_same(market_data, versions[digest])
    store.write(ONE, accept_restatement=True)
    store.write(TWO, accept_restatement=True)
    assert store.verify() == ()
    assert set(store.place.files()) == {*store.describe()["files"], *store.describe()["retired"], "manifest.json"}


def test_the_verbs_take_an_address(server: str, tmp_path: Path) -> None:
    where = f"s3://market/{tmp_path.name}/verbs"
    done(springback(tmp_path, "fetch", "--source", "demo", *TINY, "--store", where, "--quiet"))
    assert "is sound" in done(springback(tmp_path, "data", "verify", "--store", where)).stdout
    done(springback(tmp_path, "features", "--store", where, "--out", "features.parquet", "--quiet"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features.parquet"]


@pytest.mark.slow
def test_no_credential_is_in_a_message(server: str, tmp_path: Path) -> None:
    said = []
    for where, options in (
        (f"s3://{KEY}:{SECRET}@absent/x", {}),
        ("s3://absent-bucket/x", {"key": KEY, "secret": SECRET}),
        ("s3://market/x", {"key": KEY, "secret": SECRET, "endpoint_url": f"http://{KEY}:{SECRET}@127.0.0.1:1"}),
    ):
        for action in (lambda store: store.write(ONE), lambda store: store.read()):
            with pytest.raises((StoreError, Unwritable, MissingData)) as caught:
                action(Store(where, options))
            said.append(str(caught.value))
    assert all(SECRET not in text and KEY not in text and "\n" not in text for text in said), said


def test_an_address_of_an_unknown_kind_is_told() -> None:
    with pytest.raises(StoreError, match="nowhere://x cannot be opened"):
        Store("nowhere://x")


def test_a_path_made_of_an_address_is_the_address(server: str, tmp_path: Path) -> None:
    Store(f"s3://market/{tmp_path.name}/path").write(ONE)
    assert_same(Store(Path(f"s3://market/{tmp_path.name}/path")).read(), ONE)
    assert place.is_address(Path("s3://market/x")) and not place.is_address(Path("store")) and not place.is_address("file:///x")
