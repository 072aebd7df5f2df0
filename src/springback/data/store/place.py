"""Where a store lies: a folder of this machine, or an address that fsspec knows (s3://bucket/prefix, memory://name).

A store asks little of its place: files are written once under names nobody refers to yet, and one small file, the manifest, is swapped.
A folder swaps by renaming, an object store by its own law that an object is there whole or not at all.
"""

import fcntl
import json
import os
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from springback.data.files.reading import atomic, writing
from springback.errors import StoreError, Unwritable

LOCK = "writing.lock"
PATIENCE = 10.0
"""Seconds that a second writer waits for the first."""
STALE = 3600.0
"""Seconds after which the lock of an object store, whose writer cannot be asked, counts as left behind."""
URL = re.compile(r"([a-z][a-z0-9+]+):/{1,2}(.*)", re.DOTALL)


class Place(Protocol):
    """Files by their relative names, `bars/year=2020/000001.parquet`."""

    name: str
    """What an error calls it; without credentials."""

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises `FileNotFoundError`, `StoreError`."""

    def write(self, path: str, content: bytes) -> None:
        """A new file, on disk when this is back; a kill may leave half of it. Raises `Unwritable`."""

    def swap(self, path: str, content: bytes) -> None:
        """Replaces a file, whole or not at all. Raises `Unwritable`."""

    def files(self) -> list[str]:
        """The names of all files."""

    def remove(self, path: str) -> None:
        """Takes a file away, if it is there and can be."""

    def alone(self) -> Any:
        """A context in which no other writer is at work; one that is gets `PATIENCE` seconds. Raises `StoreError`, `Unwritable`."""


def place_of(where: str | Path, options: dict[str, Any] | None = None) -> Place:
    """The place `where` names; `options` go to fsspec. A `Path` made of an address (`s3:/bucket`) is understood.

    Raises `StoreError` when fsspec does not know the kind of address or its library is absent.
    """
    found = URL.fullmatch(str(where))
    if not found:
        return Folder(Path(where))
    kind, rest = found.groups()
    if kind == "file":
        return Folder(Path("/" + rest.lstrip("/")))
    return Bucket(f"{kind}://{rest.strip('/')}", options or {})


def is_address(where: str | Path) -> bool:
    """Whether `where` is an address such as s3://bucket/prefix and not a folder of this machine."""
    found = URL.fullmatch(str(where))
    return bool(found) and found[1] != "file" if found else False


class Folder:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises `FileNotFoundError`, `StoreError`."""
        try:
            return (self.folder / path).read_bytes()
        except NotADirectoryError:
            raise FileNotFoundError(path) from None
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(f"{self.folder / path} cannot be read ({error.strerror or error})") from None

    def write(self, path: str, content: bytes) -> None:
        """A new file, on disk when this is back."""
        target = self.folder / path
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

    def swap(self, path: str, content: bytes) -> None:
        """Replaces a file by renaming another over it, once the names of all other files are on disk; then its own."""
        with writing(self.folder):
            for folder in (one for one in self.folder.rglob("*") if one.is_dir()):
                _settled(folder)
        with atomic(self.folder / path) as part:
            part.write_bytes(content)
        with writing(self.folder):
            _settled(self.folder)

    def files(self) -> list[str]:
        """The names of all files."""
        return [path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if not path.is_dir()]

    def remove(self, path: str) -> None:
        """Takes a file away, and its folder when that was the last one in it."""
        try:
            (self.folder / path).unlink(missing_ok=True)
            for parent in (self.folder / path).parents:
                if parent == self.folder:
                    break
                parent.rmdir()
        except OSError:
            return

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds the operating system's lock on a file that is gone afterwards; a killed writer's lock is free at once."""
        path = self.folder / LOCK
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        handle = _patiently(lambda: _locked(path), lambda: _holder(path), self.name)
        try:
            os.truncate(handle, 0)
            os.write(handle, f"{os.getpid()}".encode())
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(handle)


def _settled(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _locked(path: Path) -> int | None:
    """The open lock file, or None while another process holds it."""
    with writing(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def _holder(path: Path) -> str:
    try:
        return f"process {path.read_text()[:20] or '?'}"
    except (OSError, UnicodeDecodeError):
        return "another process"


def _patiently(attempt: Callable[[], int | None], holder: Callable[[], str], name: str) -> int:
    deadline = time.monotonic() + PATIENCE
    while (got := attempt()) is None:
        if time.monotonic() > deadline:
            raise StoreError(f"{name} is being written by {holder()}: wait until it is done")
        time.sleep(0.05)
    return got


class Bucket:
    """An address that fsspec knows. What goes wrong is told without the library's own words: they may hold credentials."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self.name = re.sub(r"//[^/@]*@", "//", url).partition("?")[0]
        try:
            import fsspec

            self._files, self._root = fsspec.core.url_to_fs(url, **options)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"{self.name} cannot be opened ({type(error).__name__}): the library for this kind of address is absent"
            ) from None
        self._root = str(self._root).rstrip("/")

    def read(self, path: str) -> bytes:
        """The bytes of an object as it is now: a listing that the library remembers would hide what another process wrote since.

        Raises `FileNotFoundError`, `StoreError`.
        """
        try:
            self._files.invalidate_cache()
            return bytes(self._files.cat_file(f"{self._root}/{path}"))
        except FileNotFoundError:
            raise FileNotFoundError(path) from None
        except Exception as error:  # noqa: BLE001 (each library fails in its own way)
            raise self._unreadable(path, error) from None

    def write(self, path: str, content: bytes) -> None:
        """A new object; it is there whole or not at all. Raises `Unwritable`."""
        try:
            self._files.pipe_file(f"{self._root}/{path}", content)
        except Exception as error:  # noqa: BLE001
            raise self._unwritable(path, error) from None

    swap = write

    def files(self) -> list[str]:
        """The names of all objects. Raises `StoreError`."""
        try:
            self._files.invalidate_cache()
            found = self._files.find(self._root)
        except FileNotFoundError:
            return []
        except Exception as error:  # noqa: BLE001
            raise self._unreadable("", error) from None
        return [str(path)[len(self._root) :].lstrip("/") for path in found]

    def remove(self, path: str) -> None:
        """Takes an object away, if it is there."""
        try:
            self._files.rm_file(f"{self._root}/{path}")
        except Exception:  # noqa: BLE001 (a leftover is swept by the next write)
            return

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds an object that only one writer can create; one left behind is taken over when its writer is surely gone."""
        token = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "at": time.time(), "token": uuid.uuid4().hex})
        _patiently(lambda: self._claim(token), self._owner, self.name)
        try:
            yield
        finally:
            self.remove(LOCK)

    def _claim(self, token: str) -> int | None:
        for last in (False, True):
            try:
                self._files.pipe_file(f"{self._root}/{LOCK}", token.encode(), mode="create")
            except Exception as error:  # noqa: BLE001 (libraries do not agree on what says that it is there)
                if not self._holder():
                    raise self._unwritable(LOCK, error) from None
                if last or not self._abandoned():
                    return None
                self.remove(LOCK)
            else:
                return 0
        return None

    def _holder(self) -> dict[str, Any]:
        """Who holds the lock: host, pid and since when; nothing where there is none, no host where what lies there is no lock of ours."""
        try:
            content = self.read(LOCK)
        except (FileNotFoundError, StoreError):
            return {}
        try:
            told = json.loads(content)
            return {"host": str(told["host"]), "pid": int(told["pid"]), "at": float(told["at"])}
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return {"at": time.time()}  # never stale: whose it is, is not known

    def _owner(self) -> str:
        told = self._holder()
        if told and "host" not in told:
            return f"someone whose lock cannot be read (remove {LOCK} there if nobody writes)"
        return f"process {told.get('pid', '?')} on {told.get('host', 'another machine')}"

    def _abandoned(self) -> bool:
        told = self._holder()
        if not told:
            return False
        if told.get("host") == socket.gethostname() and not Path("/proc", str(told["pid"])).exists() and Path("/proc").exists():
            return True
        return bool(time.time() - told["at"] > STALE)

    def _unreadable(self, path: str, error: Exception) -> StoreError:
        return StoreError(f"{self.name}/{path} cannot be read ({type(error).__name__}): is the address right, and may you read there?")

    def _unwritable(self, path: str, error: Exception) -> Unwritable:
        return Unwritable(f"{self.name}/{path} cannot be written ({type(error).__name__}): is the address right, and may you write there?")
