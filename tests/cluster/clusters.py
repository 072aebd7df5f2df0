"""A real scheduler and real worker processes, and how they die."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil


@contextmanager
def two_workers(folder: Path, threads: int = 1) -> Iterator[Any]:
    """A scheduler of its own port with two worker processes under nannies, which raise a new worker for one that died."""
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=2,
        threads_per_worker=threads,
        processes=True,
        dashboard_address=":0",
        local_directory=str(folder),
        memory_limit=0,
        silence_logs=60,
    )
    try:
        yield cluster
    finally:
        _close(cluster)


def _close(cluster: Any) -> None:
    """The end of a cluster, by force where a nanny waits for ever for a worker that was killed while it started."""
    try:
        cluster.close(timeout=30)
    except TimeoutError:
        for child in psutil.Process().children(recursive=True):
            if "multiprocessing" in " ".join(child.cmdline()):
                child.kill()


def pids(cluster: Any) -> list[int]:
    """Process of each worker."""
    return [nanny.process.pid for nanny in cluster.workers.values() if nanny.process and nanny.process.pid]


def kill(pid: int) -> None:
    """As the kernel does it when memory runs out: no goodbye."""
    os.kill(pid, signal.SIGKILL)


def memory(pid: int) -> int:
    """Bytes that belong to the process alone."""
    return int(psutil.Process(pid).memory_full_info().uss)


def linger(shared: Any, task: Any) -> Any:
    """A task that takes a while and touches all that is shared."""
    time.sleep(task[1])
    return float(shared.sum()) + task[0], os.getpid(), id(shared)


def suicide(shared: Any, task: Any) -> Any:
    """A task that ends its worker each time."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(shared: Any, task: Any) -> Any:
    """A task that fails with a message of ours."""
    from springback.errors import MissingData

    raise MissingData(f"nothing at {task}")
