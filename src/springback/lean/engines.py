"""Which LEAN there is on this machine: a native build, or the `lean` CLI with Docker; and, in one line each, what is missing."""

import ctypes.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from springback.data.files.reading import atomic

LAUNCHER = "QuantConnect.Lean.Launcher.dll"
LAUNCHER_VARIABLE = "SPRINGBACK_LEAN_LAUNCHER"
LIBPYTHON_VARIABLE = "PYTHONNET_PYDLL"
DATABASES = ("market-hours/market-hours-database.json", "symbol-properties/symbol-properties-database.csv")
INTEREST_RATE = "alternative/interest-rate/usa/interest-rate.csv"
DOCKER_PATIENCE = 20.0  # seconds that `docker info` may take
UP_TO_CHECKOUT = 6  # folders from the launcher up to the LEAN checkout, at most


@dataclass(frozen=True)
class Native:
    """A build of LEAN run by `dotnet`."""

    dotnet: str
    launcher: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def command(self, config: Path) -> list[str]:
        """The engine's command; it is run in the launcher's folder, where LEAN's own Python files are."""
        return [self.dotnet, str(self.launcher), "--config", str(config)]


@dataclass(frozen=True)
class Cli:
    """The `lean` CLI, which runs LEAN's image in Docker."""

    lean: str

    def command(self, algorithm: str, workspace: Path, output: Path, parameters: Mapping[str, str]) -> list[str]:
        """`lean backtest`, to be run in the project folder. `--parameter` replaces all parameters of config.json, so all are given."""
        pairs = [word for name, value in parameters.items() for word in ("--parameter", name, value)]
        return [self.lean, "backtest", algorithm, "--lean-config", str(workspace), "--output", str(output), *pairs]


def find(launcher: Path | None, env: Mapping[str, str]) -> tuple[Native | Cli, list[str]]:
    """The native build that was named (`launcher`, or the variable in `env`), else the `lean` CLI; and a line for each thing it lacks."""
    named = launcher or (Path(env[LAUNCHER_VARIABLE]) if env.get(LAUNCHER_VARIABLE) else None)
    return native(named, env) if named else cli(env)


def native(launcher: Path, env: Mapping[str, str]) -> tuple[Native, list[str]]:
    """The native engine as it would be run, and what it lacks."""
    missing = []
    launcher = launcher.expanduser().absolute()
    if launcher.is_dir():
        launcher = launcher / LAUNCHER
    if not launcher.is_file():
        missing.append(f"the launcher {launcher} is not there: give --launcher (or {LAUNCHER_VARIABLE}) the path of a built {LAUNCHER}")
    dotnet = shutil.which("dotnet", path=env.get("PATH")) or _beneath(env.get("DOTNET_ROOT"), "dotnet")
    if not dotnet:
        missing.append("dotnet is not on the PATH: install the .NET runtime that LEAN was built for (dotnet.microsoft.com/download)")
    library = libpython(env)
    if not library:
        missing.append(
            f"no shared libpython of this Python was found: set {LIBPYTHON_VARIABLE} to the libpython3.11.so that LEAN is to use"
        )
    return Native(dotnet or "dotnet", launcher, _environment(env, library)), missing


def cli(env: Mapping[str, str]) -> tuple[Cli, list[str]]:
    """The `lean` CLI as it would be run, and what it lacks."""
    missing = []
    lean = shutil.which("lean", path=env.get("PATH"))
    if not lean:
        missing.append(
            f"the lean CLI is not on the PATH: 'pip install lean', or name a native build's {LAUNCHER} by --launcher or {LAUNCHER_VARIABLE}"
        )
    docker = shutil.which("docker", path=env.get("PATH"))
    if not docker:
        missing.append("docker is not on the PATH: install Docker Engine (docs.docker.com/engine/install)")
    elif trouble := _daemon(docker, env):
        missing.append(trouble)
    return Cli(lean or "lean"), missing


def libpython(env: Mapping[str, str]) -> str:
    """The shared library of Python that LEAN loads: as the user's variable says, else that of the running Python; '' if there is none."""
    if env.get(LIBPYTHON_VARIABLE):
        return env[LIBPYTHON_VARIABLE]
    folder = Path(sysconfig.get_config_var("LIBDIR") or Path(sys.base_prefix) / "lib")
    for variable in ("LDLIBRARY", "INSTSONAME"):
        name = str(sysconfig.get_config_var(variable) or "")
        if (".so" in name or ".dylib" in name) and (folder / name).is_file():
            return str(folder / name)
    return ctypes.util.find_library(f"python{sys.version_info.major}.{sys.version_info.minor}") or ""


def databases(data: Path, launcher: Path) -> list[str]:
    """Sees to it that `data` holds the two databases without which LEAN does not start, and its risk-free rate; a line for what it lacks.

    They are LEAN's own and not ours to write: they are copied from the `Data` of the checkout that a native build stands in. The `lean`
    CLI fetches them itself.
    """
    source = checkout_data(launcher)
    for name in (*DATABASES, INTEREST_RATE) if source else ():
        if source and not (data / name).is_file() and (source / name).is_file():
            with atomic(data / name) as part:
                part.write_bytes((source / name).read_bytes())
    return [
        f"{data} has no {name}, without which LEAN does not start: copy it from the Data folder of the LEAN checkout (none was found above "
        f"{launcher}), or from a workspace that 'lean init' made"
        for name in lacking(data)
    ]


def lacking(data: Path) -> list[str]:
    """Which of LEAN's two databases are not in `data`."""
    return [name for name in DATABASES if not (data / name).is_file()]


def checkout_data(launcher: Path) -> Path | None:
    """The `Data` folder of the checkout the launcher was built in (LEAN/Launcher/bin/Release beside LEAN/Data); None if it is not there."""
    for folder in list(launcher.absolute().parents)[:UP_TO_CHECKOUT]:
        if (folder / "Data" / DATABASES[0]).is_file():
            return folder / "Data"
    return None


def remove_container(results: Path, env: Mapping[str, str]) -> None:
    """Ends the container of a stopped `lean backtest`, whose name the CLI left in `results`/config: it outlives the CLI otherwise."""
    docker = shutil.which("docker", path=env.get("PATH"))
    try:
        name = json.loads((results / "config").read_text(encoding="utf-8"))["container"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return
    if docker and isinstance(name, str) and name.startswith("lean_cli_"):
        _quiet([docker, "rm", "--force", name], env)


def _environment(env: Mapping[str, str], library: str) -> dict[str, str]:
    """The engine's environment: libpython, and this Python's packages, unless the user chose a Python of their own."""
    if env.get(LIBPYTHON_VARIABLE):
        return dict(env)
    packages = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    paths = [*packages, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    return {**env, LIBPYTHON_VARIABLE: library, "PYTHONPATH": os.pathsep.join(paths)}


def _daemon(docker: str, env: Mapping[str, str]) -> str:
    code, said = _quiet([docker, "info"], env)
    if code == 0:
        return ""
    if "permission denied" in said.lower():
        return "docker may not be used by this user (permission denied on its socket): add the user to the group docker, and log in again"
    return "the docker daemon is not running ('docker info' fails): start it (sudo systemctl start docker, or Docker Desktop)"


def _quiet(command: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
    try:
        done = subprocess.run(
            list(command),
            env=dict(env),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DOCKER_PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout + done.stderr


def _beneath(folder: str | None, name: str) -> str | None:
    return str(Path(folder) / name) if folder and (Path(folder) / name).is_file() else None
