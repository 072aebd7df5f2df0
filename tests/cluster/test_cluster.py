"""A real scheduler and two real workers give what this machine gives; a worker that is killed takes nothing with it."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from springback.cluster import Cores, Workers, scheduler, workers_at
from springback.errors import ClusterError, MissingData
from springback.training import Training, WalkForward, WalkOptions, walk_forward
from springback.training.rows import gather
from springback.training.training_settings import Validation
from springback.validation.cross_validation import cross_validate
from tests.cluster import clusters
from tests.training.schools import NOW, lessons, random_tape
from tests.training.test_walk_forward import PANELS, same_models

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
FAST = Training(trees=8)
EARLY = WalkForward(min_sessions=100, months=1)
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with clusters.two_workers(tmp_path_factory.mktemp("dask")) as made:
        yield made


@pytest.fixture
def workers(cluster: Any) -> Iterator[Workers]:
    with workers_at(cluster.scheduler_address) as made:
        yield made


def test_the_same_in_the_same_order(workers: Workers) -> None:
    assert list(workers.each(pow, 2, range(20))) == list(Cores().each(pow, 2, range(20))) == [2**k for k in range(20)]


def test_an_error_of_ours_stays_ours(workers: Workers) -> None:
    with pytest.raises(MissingData, match="nothing at 0"):
        list(workers.each(clusters.refuse, None, range(3)))


@pytest.mark.slow
def test_a_walk_forward_is_the_same_to_the_last_bit(workers: Workers) -> None:
    market_data = random_tape(41, reversal=0.1)
    here = walk_forward(*lessons(market_data), FAST, EARLY, NOW)
    there = walk_forward(*lessons(market_data), FAST, EARLY, NOW, WalkOptions(workers=workers))
    for name in PANELS:
        np.testing.assert_array_equal(getattr(here.forecasts, name), getattr(there.forecasts, name))
    assert here.folds == there.folds


def test_cross_validation_is_the_same_to_the_last_bit(workers: Workers) -> None:
    rows = gather(*lessons(random_tape(7, 200)), FAST)
    here, there = (cross_validate(rows, FAST, Validation(groups=4), workers=one) for one in (None, workers))
    np.testing.assert_array_equal(here.p_long, there.p_long)
    np.testing.assert_array_equal(here.p_short, there.p_short)
    assert here.learned == there.learned


@pytest.mark.slow
def test_a_worker_killed_during_a_walk_forward_takes_nothing_with_it(tmp_path: Path) -> None:
    market_data, slow, walk = random_tape(41, reversal=0.1), Training(trees=100), WalkForward(min_sessions=100, months=2)
    here = walk_forward(*lessons(market_data), slow, walk, NOW)
    killed: list[int] = []
    with clusters.two_workers(tmp_path) as cluster, workers_at(cluster.scheduler_address) as workers:
        before = clusters.pids(cluster)

        def murder(done: int, total: int, text: str) -> None:
            if done in (1, 3):  # both that were there, one after the other: no copy of what was shared may be left
                time.sleep(0.2)
                killed.append(before[len(killed)])
                clusters.kill(killed[-1])

        there = walk_forward(*lessons(market_data), slow, walk, NOW, WalkOptions(progress=murder, workers=workers))
        assert killed == before
    for name in PANELS:
        np.testing.assert_array_equal(getattr(here.forecasts, name), getattr(there.forecasts, name))
    assert here.folds == there.folds and list(here.models) == list(there.models)
    panel = lessons(market_data)[2]
    assert all(same_models(here.models[one], there.models[one], panel) for one in here.models)


@pytest.mark.slow
def test_all_workers_killed_at_once_and_the_work_goes_on(tmp_path: Path) -> None:
    """What was scattered is gone with them and cannot be computed again: it is sent anew."""
    shared = np.arange(1000.0)
    with clusters.two_workers(tmp_path) as cluster, workers_at(cluster.scheduler_address) as workers:
        tasks = [(k, 0.15) for k in range(12)]
        threading.Timer(0.5, lambda: [clusters.kill(pid) for pid in clusters.pids(cluster)]).start()
        assert [one[0] for one in workers.each(clusters.linger, shared, tasks)] == [499500.0 + k for k in range(12)]


@pytest.mark.slow
def test_each_worker_holds_what_is_shared_once(tmp_path: Path) -> None:
    """Forty tasks on a panel of 160 MB: a worker grows by little more than one panel, and every task sees the same object."""
    shared = np.random.default_rng(1).normal(size=20 * MEGABYTE)
    size = shared.nbytes
    with clusters.two_workers(tmp_path, threads=2) as cluster, workers_at(cluster.scheduler_address) as workers:
        list(workers.each(clusters.linger, np.ones(1), [(k, 0.0) for k in range(8)]))
        before = {pid: clusters.memory(pid) for pid in clusters.pids(cluster)}
        peak = dict(before)
        watching = threading.Event()

        def watch() -> None:
            while not watching.wait(0.05):
                for pid in before:
                    peak[pid] = max(peak[pid], clusters.memory(pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        seen = [list(workers.each(clusters.linger, shared, [(k, 0.05) for k in range(20)])) for _ in range(2)]
        settled = {pid: clusters.memory(pid) for pid in before}
        watching.set()
        watcher.join()
    seats: dict[int, set[int]] = {}
    for _, pid, object_ in seen[0] + seen[1]:
        seats.setdefault(pid, set()).add(object_)
    assert len(seats) == 2 and max(len(objects) for objects in seats.values()) <= 2, seats
    for pid, was in before.items():
        assert settled[pid] - was < 1.5 * size, f"{(settled[pid] - was) / size:.2f} panels after forty tasks"
        assert peak[pid] - was < 3.5 * size, f"{(peak[pid] - was) / size:.2f} panels at worst"


@pytest.mark.slow
def test_a_task_that_ends_every_worker_is_named(tmp_path: Path) -> None:
    with (
        clusters.two_workers(tmp_path) as cluster,
        workers_at(cluster.scheduler_address) as workers,
        pytest.raises(ClusterError, match=r"a task ended every worker it was given to|lost its workers 5 times without one result"),
    ):
        list(workers.each(clusters.suicide, None, [0]))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere", "gopher://here:70"])
def test_nobody_at_the_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "PATIENCE", 1)
    with pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address} "), workers_at(address):
        pass


def test_another_version_is_refused(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = scheduler.installed()
    monkeypatch.setattr(scheduler, "_installed_here", lambda: ours | {"lightgbm": "0.1"})
    with (
        pytest.raises(ClusterError, match=rf"has lightgbm {ours['lightgbm']}, here it is 0\.1: results could differ"),
        workers_at(cluster.scheduler_address),
    ):
        pass
