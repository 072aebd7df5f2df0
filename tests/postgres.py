"""A PostgreSQL server of the tests' own: made in a temporary folder, run by an ordinary user, heard on a Unix socket alone."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ADMIN = "springback"
BINARIES = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
QUICK = "-c fsync=off -c full_page_writes=off -c listen_addresses='' -c max_connections=60"
"""A test kills clients, never the server."""


def binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None where no server is installed."""
    on_path = shutil.which("initdb")
    return next((folder for folder in [*([Path(on_path).parent] if on_path else []), *BINARIES] if (folder / "initdb").exists()), None)


def ordinary_user() -> str:
    """Whom the server runs as, which root may not be; nothing where we are one ourselves."""
    if os.getuid():
        return ""
    known = {one.pw_name for one in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@contextmanager
def server() -> Iterator[Path]:
    """The folder of the socket of a running server. Skips where none is installed, and fails there in CI."""
    home = binaries()
    if home is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no PostgreSQL server on this machine: apt-get install postgresql")
    user = ordinary_user()
    as_user = ["runuser", "-u", user, "--"] if user else []
    with tempfile.TemporaryDirectory(prefix="springback-pg-") as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        data, log = folder / "data", folder / "log"

        def run(*words: str | Path) -> None:
            with tempfile.TemporaryFile() as out:  # not a pipe, which the server would keep open
                done = subprocess.run([*as_user, *map(str, words)], cwd=folder, stdout=out, stderr=out, check=False)
                out.seek(0)
                assert done.returncode == 0, out.read().decode() + (log.read_text() if log.exists() else "")

        run(home / "initdb", "-D", data, "-U", ADMIN, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        run(home / "pg_ctl", "-D", data, "-l", log, "-w", "-o", f"{QUICK} -c unix_socket_directories='{folder}'", "start")
        try:
            yield folder
        finally:
            run(home / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def address(folder: Path, database: str) -> str:
    """The URL of a database of the server in `folder`."""
    return f"postgresql://{ADMIN}@/{database}?host={folder}"
