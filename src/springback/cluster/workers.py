"""The door to whoever does the work. A caller hands over a function, what all its tasks share, and the tasks."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


class Workers(Protocol):
    """Whoever does the work: `Cores` of this machine, or a `scheduler.Cluster`."""

    def each(self, work: Callable[[Shared, Task], Outcome], shared: Shared, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """`work(shared, task)` of each task, in the order of the tasks. `work` is a function of a module and depends on nothing else.

        `shared` is held once by each process, never once a task, and must not be changed by `work`.
        """
        ...


@dataclass(frozen=True)
class Cores:
    """This machine: one thread a core, or `threads` of them. `shared` is the caller's own.

    Threads, not processes: the fits and the backtest release Python's lock, and nothing is copied.
    """

    threads: int = 0

    def each(self, work: Callable[[Shared, Task], Outcome], shared: Shared, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """As `Workers` says; what has not begun is dropped when the caller stops."""
        pool = ThreadPoolExecutor(self.threads or len(os.sched_getaffinity(0)))
        try:
            yield from pool.map(lambda task: work(shared, task), tasks)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def workers_at(address: str | None, threads: int = 0) -> Iterator[Workers]:
    """The workers of the Dask scheduler at `address`, or this machine's cores where there is none. Raises `ClusterError`."""
    if address is None:
        yield Cores(threads)
        return
    from springback.cluster.scheduler import connect

    with connect(address) as cluster:
        yield cluster
