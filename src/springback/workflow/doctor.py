"""What is there to work with: what is installed, which data, models, ledger, engine, keys and account there are, what is missing."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path

from springback import __version__
from springback.errors import MissingData
from springback.lean import engines
from springback.ledger.book import Ledger
from springback.project import FILE, Project
from springback.workflow import ledger_place
from springback.workflow.check import BROKEN, FOUND, MISSING, Check, tried

LEAST_DISK = 2.0  # GB that a store of 3,000 names, its models and a run take, with room to write the next beside it
_LOAD = "import ctypes, importlib.util; from pathlib import Path; place = Path(importlib.util.find_spec('lightgbm').origin).parent"
_LOAD += "; [ctypes.CDLL(str(file)) for file in place.rglob('lib_lightgbm.*')]"
NATIVE = {"lightgbm": _LOAD, "numba": "import numba", "pyarrow": "import pyarrow"}
"""Libraries that can be installed and not load, as each needs a shared library of the system, and what shows it: all of LightGBM takes a
second to import, its library alone does not.
"""


def examine(here: Project, desk: Path) -> tuple[Check, ...]:
    """Each thing in turn; what is merely missing is no fault."""
    return (*_checks(here), *_account(desk))


def _account(desk: Path) -> Iterator[Check]:
    from springback.workflow import doctor_desk

    return doctor_desk.examine(desk)


def _checks(here: Project) -> Iterator[Check]:
    """Each thing in turn; what one of them raises is what it is broken by."""
    paths = here.paths
    yield Check("springback", FOUND, f"{__version__}, Python {platform.python_version()}, {sys.platform}")
    yield Check("project", FOUND, str(here.file) if here.file else f"none ({FILE}): 'springback init' writes one; the defaults hold")
    yield tried("settings", lambda: _settings(here))
    yield from _libraries()
    yield _machine()
    yield tried("store", lambda: _store(Path(paths.store)), "backtest of prices of your own", "Fill it with 'springback fetch'.")
    yield tried(
        "models",
        lambda: _models(Path(paths.models)),
        "forecasts",
        "Make them with 'springback forecast', or with all else by 'springback run'.",
    )
    yield tried("ledger", lambda: _ledger(Path(paths.store)))
    yield tried(
        "keys", lambda: _keys(paths.keys), "data of tiingo and alpaca (yahoo needs none)", "Where keys go is said in docs/sources.md."
    )
    yield _lean()
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("firefox")
    yield (
        Check("browser", FOUND, browser)
        if browser
        else Check(
            "browser",
            MISSING,
            "none on the PATH",
            "look at a report on this machine",
            "copy report.html to one that has a browser: it is one file",
        )
    )


def _settings(here: Project) -> str:
    """Which signed version is in force, and which lines of the project file it overrules."""
    from springback.workflow.version_file import in_force
    from springback.workflow.versions import overruled

    signed = in_force(here)
    if signed is None:
        return "unversioned: no signed version is named ('springback review --apply' signs one)"
    lines = overruled(here)
    less = f"; it overrules {', '.join(lines)} of {FILE}" if lines else ""
    return f"version {signed.number}, signed by {signed.by} on {signed.at[:10]} after the review of {signed.review}{less}"


def _libraries() -> Iterator[Check]:
    """Those the program cannot do without, together; one more line for each that is absent or does not load."""
    try:
        wanted = metadata.requires("springback") or []
    except metadata.PackageNotFoundError:
        wanted = []
    names = sorted({found[0] for one in wanted if "extra ==" not in one and (found := re.match(r"[\w.-]+", one))})
    absent = []
    for name in names:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            absent.append(name)
    yield Check("libraries", BROKEN if absent else FOUND, f"{len(names) - len(absent)} of {len(names)}", "run", "Run 'make setup'.")
    for name in (*absent, *(one for one in NATIVE if one not in absent)):
        trial = NATIVE.get(name, f"import {name.replace('-', '_')}")
        tried = subprocess.run([sys.executable, "-c", trial], capture_output=True, text=True, check=False)
        if tried.returncode:
            why = (tried.stderr.strip() or f"it ends Python with {tried.returncode}").splitlines()[-1]
            way = "Install OpenMP's library (Debian: libgomp1)." if name == "lightgbm" else "Install it anew."
            yield Check(name, BROKEN, why, "models by LightGBM" if name == "lightgbm" else "run", way)


def _machine() -> Check:
    free = shutil.disk_usage(Path()).free / 1e9
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else 0.0
    found = f"{os.cpu_count()} cores, {memory:.0f} GB of memory, {free:.0f} GB of disk free"
    if free < LEAST_DISK:
        return Check("machine", BROKEN, found, "whole store written", f"Free the disk: under {LEAST_DISK:.0f} GB are left.")
    return Check("machine", FOUND, found)


def _store(folder: Path) -> str:
    from springback.data.store.store import Store  # heavy, as are those below: each is imported where there is something to look at
    from springback.quality import quarantine

    if not Store(folder).exists():
        raise MissingData(f"{folder}: nothing was fetched")
    manifest = Store(folder).describe()
    newest = date.fromisoformat(str(manifest["last_session"])[:10])
    age = (datetime.now(UTC).date() - newest).days
    origin = Store(folder).open()[0].origin
    quarantine.read(folder)
    drawn, kind = origin.demo, "the demo market" if origin.demo else origin.description
    return f"{folder}: {kind}; {manifest['rows']:,} bars, {manifest['first_session']} to {newest}" + ("" if drawn else f", {age} days ago")


def _models(folder: Path) -> str:
    if not folder.is_dir():
        raise MissingData(f"{folder} holds no models: none were trained")
    from springback.forecasting import model_store
    from springback.forecasting.archive import Archive

    kept = Archive(folder).names()
    fixed = model_store.read_card(folder) if (folder / model_store.CARD).is_file() else None
    if not kept and fixed is None:
        raise MissingData(f"{folder} holds no models: none were trained")
    if fixed is not None:
        model_store.load(folder)
    newest = model_store.load(kept[max(kept)]).card if kept else fixed
    quarters = f", {len(kept)} pairs in the archive, the newest {max(kept)}" if kept else ""
    said = f"{folder}: one fixed pair" if fixed is not None else f"{folder}: no fixed pair"
    return f"{said}{quarters}; the newest knew labels up to {newest.known_by if newest else '?'}"


def _ledger(store: Path) -> Check:
    book = Ledger(ledger_place.place(store))
    entries, fault = book.entries(), book.fault()
    if fault:
        return Check("ledger", BROKEN, f"{book.file}: {fault}", "count of trials that can be trusted", "Bring back a copy of it.")
    book.ready()
    return Check("ledger", FOUND, f"{book.file}: {len(entries):,} rows" if entries else f"{book.file}: begins with the first backtest")


def _keys(file: str) -> str:
    from springback.data.sources.keys import read_keys

    found = repr(read_keys(Path(file) if file else None)).removeprefix("Keys(").removesuffix(")")
    if not found:
        raise MissingData("none in the environment or the file of keys")
    return found


def _lean() -> Check:
    engine, missing = engines.find(None, os.environ)
    if missing:
        return Check("LEAN", MISSING, "; ".join(one.partition(":")[0] for one in missing), "backtest on the real engine", f"{missing[0]}.")
    where = engine.launcher if isinstance(engine, engines.Native) else f"{engine.lean} and Docker"
    return Check("LEAN", FOUND, str(where))
