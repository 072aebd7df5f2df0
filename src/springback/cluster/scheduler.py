"""A Dask cluster as workers. Dask schedules, moves data and does again what a lost worker had; nothing of that is made here.

Two things Dask leaves to its user. What was scattered, and not computed, cannot be computed again when the last worker that held it is
lost: it is then sent once more, with the tasks that have no result yet. And a worker with another library might give other bits: versions
are compared before any work.
"""

import asyncio
import logging
import platform
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from springback import __version__
from springback.errors import ClusterError

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
PATIENCE = 10  # seconds to wait for a scheduler, or for a first worker
ROUNDS = 5  # times that everything unfinished may be lost at once without a single result in between
LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm", "numba", "dask", "distributed", "cloudpickle")


def installed() -> dict[str, str]:
    """What must be equal here and on every worker, for equal bits: this package, Python, the libraries; absent ones are left out."""
    found = {"springback": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


_installed_here = installed  # apart, so that what a worker runs is always the real one


class Cluster:
    """The workers of a connected Dask `client`."""

    def __init__(self, client: Any, address: str) -> None:
        self.client = client
        self.address = address
        self._shared: Any = None
        self._held: Any = None

    def each(self, work: Callable[[Shared, Task], Outcome], shared: Shared, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """As `Workers` says; `shared` is sent to each worker once, however many calls there are with the same one.

        Raises `ClusterError` where the workers are lost `ROUNDS` times without one result, or a task ends every worker it is given to.
        """
        waiting = list(tasks)
        barren = 0
        while waiting:
            futures = self._send(work, shared, waiting)
            done = 0
            try:
                for outcome in self._gather(futures, len(waiting)):
                    done, barren = done + 1, 0
                    yield outcome
            except _Lost:
                barren += 1
                if barren >= ROUNDS:
                    raise ClusterError(
                        f"the cluster at {self.address} lost its workers {ROUNDS} times without one result: see their logs, give them more "
                        "memory"
                    ) from None
                self._held = None
            finally:
                self.client.cancel(futures)
            waiting = waiting[done:]

    def _send(self, work: Callable[[Shared, Task], Outcome], shared: Shared, tasks: list[Task]) -> list[Any]:
        with self._as_one_line():
            if self._held is None or self._shared is not shared:
                self.client.wait_for_workers(1, timeout=PATIENCE)
                self._shared, self._held = shared, self.client.scatter(shared, broadcast=True, hash=False)
            return [self.client.submit(work, self._held, task, pure=False) for task in tasks]

    def _gather(self, futures: list[Any], count: int) -> Iterator[Any]:
        for done, future in enumerate(list(futures)):
            with self._as_one_line(f" after {done} of {count} tasks"):
                outcome = future.result()
            yield outcome

    @contextmanager
    def _as_one_line(self, when: str = "") -> Iterator[None]:
        """Dask's complaints as one line of ours, or as `_Lost`."""
        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        try:
            yield
        except KilledWorker as error:
            raise ClusterError(
                f"a task ended every worker it was given to{when} ({error.last_worker.address if error.last_worker else 'unknown'} was the "
                "last): out of memory? Give the workers more, or fewer threads each"
            ) from None
        except (CancelledError, CommClosedError, TimeoutError) as error:
            if self.client.status != "running" or not self.client.scheduler_info(n_workers=-1)["workers"]:
                self._wait(when)
            raise _Lost from error

    def _wait(self, when: str) -> None:
        """Until there is a worker again. Raises `ClusterError`."""
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except (TimeoutError, OSError, ValueError):
            raise ClusterError(
                f"the cluster at {self.address} has no scheduler or no worker any more{when}: start it again, then the same command; "
                "what was kept on the way is found again"
            ) from None


class _Lost(Exception):
    """The futures are gone, the cluster is not."""


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """The cluster at `address`, its versions compared with ours. Raises `ClusterError`."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # its tracebacks; ours says what happened in one line
    from distributed import Client

    try:
        asyncio.run(_knock(address))
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({_short(error)}): start one with 'dask scheduler' and give its address, as "
            "tcp://127.0.0.1:8786"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise ClusterError(f"the scheduler at {address} has no worker: start some with 'dask worker {address}'") from None
        _compare(client, address)
        yield Cluster(client, address)


async def _knock(address: str) -> None:
    """Nothing, if someone answers: a `Client` that finds nobody takes a minute to be rid of."""
    from distributed import Security
    from distributed.comm import connect as call

    line = await call(address, timeout=PATIENCE, **Security().get_connection_args("client"))
    await line.close()


def _compare(client: Any, address: str) -> None:
    """Raises `ClusterError` where a worker has another version of anything that makes a number."""
    try:
        theirs: dict[str, dict[str, str]] = client.run(installed)
    except Exception as error:  # noqa: BLE001 (a foreign worker fails in its own way: to unpickle, to import, to answer)
        raise ClusterError(f"the workers at {address} cannot run springback {__version__} ({_short(error)}): install it there") from None
    ours = _installed_here()
    for worker, found in theirs.items():
        for name in sorted(ours.keys() | found.keys()):
            if ours.get(name) != found.get(name):
                raise ClusterError(
                    f"the worker {worker} has {name} {found.get(name, 'not at all')}, here it is {ours.get(name, 'absent')}: results could "
                    "differ; install the same versions"
                )


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
