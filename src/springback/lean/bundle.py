"""Our files in a LEAN project: the package beside the algorithm, models and forecasts in the object store, a whole project for the cloud.

A folder we wrote carries a list of what is ours in it. Only what stands on that list is overwritten or removed; a folder that holds
something else and no list is not touched. The list is written first and holds old and new names, so that an interrupted write goes on.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from springback.data.files.reading import Columns, atomic, read_table, write_table, writing
from springback.errors import InputError
from springback.lean import closure as imports
from springback.lean.engine_config import ALGORITHM

PACKAGE = imports.PACKAGE
OURS = ".springback-bundle.json"
PICKLED = (f"{PACKAGE}.forecasting.boosted",)  # named by the pickles of the models, imported by nobody
# QuantConnect refuses larger project files; 64 KB is the quota of the lowest tier that may use the lean CLI
# (Documentation, Resources/projects/files/size-quotas.html; Free 32, Quant Researcher 64, Team 128, Trading Firm 256).
MOST_BYTES = 64_000
FORECASTS = Columns(dates=("date",), texts=("symbol",), numbers=("qpi", "p_long", "p_short", "adv_63"))
FORECASTS_KEY = "springback/forecasts.csv"


def package_files(algorithm: Path, package: Path, version: str) -> dict[str, bytes]:
    """`{path: content}` of the modules that `algorithm` needs, with a face that has the version and loads nothing."""
    face = f'"""The modules of Springback {version} that its LEAN algorithm needs."""\n\n__version__ = "{version}"\n'
    found = {f"{PACKAGE}/__init__.py": face.encode()}
    for file in imports.closure(algorithm, package, PICKLED).values():
        found[f"{PACKAGE}/{file.relative_to(package).as_posix()}"] = file.read_bytes()
    return found


def forecast_files(file: Path) -> dict[str, bytes]:
    """`{object store key: content}` of a file of forecasts, as plain CSV. Raises `InputError`."""
    table = read_table(file, FORECASTS)
    if file.suffix in (".parquet", ".pq"):
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            write_table(Path(folder) / "forecasts.csv", table[list(FORECASTS.names)])
            return {FORECASTS_KEY: (Path(folder) / "forecasts.csv").read_bytes()}
    content = file.read_bytes()
    return {FORECASTS_KEY: gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content}


def lay(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes `files` into `folder` and removes what an earlier `lay` wrote there and is no more. Raises `InputError`, `Unwritable`."""
    before = ours(folder)
    if before is None:
        raise InputError(f"{folder} holds other files and no bundle of ours: name an empty or a new folder, or clear it")
    _replace(folder, before, files)


def lay_among(folder: Path, files: Mapping[str, bytes]) -> None:
    """The same in a folder that we share, as the object store: what is not on our list and has another name stays."""
    _replace(folder, ours(folder) or {}, files)


def _replace(folder: Path, before: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    if before == digests and all(_same(folder / name, files[name]) for name in files):
        return
    _list(folder, {**before, **digests})
    for name, content in files.items():
        if not _same(folder / name, content):
            with atomic(folder / name) as part:
                part.write_bytes(content)
    with writing(folder):
        for name in before.keys() - digests.keys():
            (folder / name).unlink(missing_ok=True)
            _prune((folder / name).parent, folder)
    _list(folder, digests)


def ours(folder: Path) -> dict[str, str] | None:
    """`{path: SHA-256}` of what is ours in `folder`: {} where it is empty or not there, None where something else stands there."""
    if not folder.exists():
        return {}
    if not folder.is_dir():
        return None
    try:
        listed = json.loads((folder / OURS).read_text(encoding="utf-8"))
        found = {str(name): str(digest) for name, digest in listed["files"].items()}
        return found if all(map(_inside, found)) else None
    except FileNotFoundError:
        idle = {".gitkeep", "__pycache__"}
        return {} if not [one for one in folder.iterdir() if one.name not in idle and not one.name.startswith(".writing-")] else None
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError):
        return None


def project_files(
    project: Path, package: Path, version: str, config: Mapping[str, Any], storage: Mapping[str, bytes], out: Path
) -> dict[str, bytes]:
    """`{path: content}` of a self-contained project for `lean cloud push`. Raises `InputError` on a file the cloud would refuse.

    `storage` goes to the folder `storage`, which `lean cloud push` leaves out. What the CLI has added to the config.json in `out`, such as
    the id of the cloud project, is kept.
    """
    algorithm = project / ALGORITHM
    if not algorithm.is_file():
        raise InputError(f"{algorithm} is not there: give --project the folder of the LEAN project")
    files = {"main.py": algorithm.read_bytes(), **package_files(algorithm, package, version)}
    for name, content in files.items():
        if len(content) > MOST_BYTES:
            raise InputError(
                f"{name} has {len(content):,} bytes, QuantConnect takes {MOST_BYTES:,} at most (tier Quant Researcher): split it"
            )
    files |= {f"storage/{key}": content for key, content in storage.items()}
    requirements = project / "requirements.txt"
    if requirements.is_file():
        files["requirements.txt"] = requirements.read_bytes()
    files["config.json"] = as_json({**_added(out / "config.json", config), **config})
    files["README.md"] = _readme(version, sorted(storage)).encode()
    return files


def as_json(value: Any) -> bytes:
    """JSON as the lean CLI itself writes it, so that a run leaves no difference in the tree."""
    return (json.dumps(value, indent=4) + "\n").encode()


def _added(file: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {name: value for name, value in told.items() if name not in config} if isinstance(told, dict) else {}


def _readme(version: str, keys: list[str]) -> str:
    listed = "\n".join(f"- `{key}`" for key in keys)
    return f"""# Springback {version} as a LEAN project

Self-contained: `main.py`, the modules it needs under `springback/`, its parameters in `config.json`. It runs without numba.

The folder must stand inside a workspace made by `lean init`. From the folder above this one, with `NAME` for this folder's name:

```
lean cloud push --project NAME
cd NAME/storage
find {PACKAGE} models -type f 2>/dev/null | while read -r key; do lean cloud object-store set "$key" "$key"; done
cd ../..
lean cloud backtest NAME --open
```

`lean cloud push` takes the Python files and the parameters; the third line puts the models into the object store, each under its path:

{listed}

On this machine, with Docker: copy `storage/` over the workspace's own `storage/`, then `lean backtest NAME`.
The parameter `lean.vix` is `index`: the cloud has the VIX index, and no file of ours.
"""


def _list(folder: Path, digests: Mapping[str, str]) -> None:
    with atomic(folder / OURS) as part:
        part.write_bytes(as_json({"files": dict(sorted(digests.items()))}))


def _inside(name: str) -> bool:
    """Whether `name` stays within its folder: a list that was tampered with must not make us write or remove elsewhere."""
    return bool(name) and not Path(name).is_absolute() and ".." not in Path(name).parts and "\0" not in name


def _same(file: Path, content: bytes) -> bool:
    try:
        return file.stat().st_size == len(content) and file.read_bytes() == content
    except OSError:
        return False


def _prune(folder: Path, top: Path) -> None:
    while folder != top and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
