"""One corridor: a room imports what its row names, a pure room sees nothing of the world, a vendor stays in its room.

The tables below are the law. A new room, vendor or exception is one line here (and, for a room, one row in ARCHITECTURE.md).
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "springback"
REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE = REPOSITORY / "src" / PACKAGE

# room -> the rooms it may import, beside itself. FACE is `springback/__init__.py`: the public names, loaded when asked for.
FACE = "__init__"
ALL = "*"
ROOMS: dict[str, tuple[str, ...]] = {
    "errors": (),
    "compiled": (),
    "grammar": (),
    "alone": ("errors",),
    "settings": ("errors",),
    "project": ("errors", "settings"),
    "market": ("errors",),
    "statistics": ("errors", "market"),
    "data": ("errors", "market"),
    "features": ("errors", "market"),
    "forecasting": ("errors", "market", "features"),
    "cluster": ("errors",),
    "training": ("errors", "market", "statistics", "features", "forecasting", "cluster"),
    "strategy": ("errors", "market"),
    "backtest": ("errors", "market", "strategy"),
    "analytics": ("errors", "alone", "market", "statistics"),
    "validation": ("errors", "market", "statistics", "features", "forecasting", "cluster", "training", "analytics"),
    "ledger": ("errors", "market"),
    "state": ("errors", "market"),
    "alerting": ("errors", "market", "state"),
    "brokers": ("errors", "market"),
    "trading": ("errors", "market", "features", "forecasting", "strategy", "state"),
    "lean": ("errors", "settings", "market", "data", "forecasting", "strategy", "trading", "analytics"),
    "comparison": ("errors", "market", "statistics", "analytics", "lean"),
    "scenarios": ("errors", "market", "statistics", "strategy", "backtest", "analytics"),
    "auditing": ("errors", "market", "statistics", "training", "validation", "strategy", "backtest", "analytics"),
    "operation": ("errors", "market", "statistics", "features", "forecasting", "strategy", "backtest", "trading", "analytics"),
    "monitoring": ("errors", "market", "statistics", "analytics", "training", "validation"),
    "search": ("errors", "alone", "market", "statistics", "analytics"),
    "quality": ("errors", "market", "data", "analytics"),
    "review": ("errors", "market", "statistics", "strategy", "operation", "monitoring", "analytics"),
    "workflow": (
        *("errors", "alone", "settings", "project", "market", "statistics", "data", "features", "forecasting", "cluster", "training"),
        *("validation", "strategy", "backtest", "analytics", "ledger", "lean", "scenarios", "auditing", "search", "quality"),
        *("operation", "monitoring", "review", "state", "alerting", "brokers", "trading"),
    ),
    "frames": (ALL,),
    "notebook": (ALL,),
    "web": ("errors", "project", "market", "data", "forecasting", "analytics", "state", "trading", "operation", "workflow"),
    "verbs": (
        *("errors", "alone", "settings", "project", "market", "cluster", "analytics", "workflow"),
        *("training", "validation", "comparison", "scenarios", "auditing", "search"),  # the words and figures of each study
        *("quality", "review", "monitoring", "operation", "web"),
    ),
    "cli": ("errors", "project", "verbs"),
    FACE: ("frames",),
    "__main__": ("cli",),
}
EVERYWHERE = ("compiled", "grammar")  # leaves that any room may stand on: `@compiled` itself, one of many

# Rooms where everything comes in as an argument: these modules of the standard library, and numpy, and no more.
PURE = ("market", "features", "strategy")
PURE_LIBRARY = {
    *("__future__", "abc", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "itertools"),
    *("math", "operator", "types", "typing", "numpy"),
}
IMPURE_NAMES = {"open", "print", "input", "exec", "eval", "compile", "breakpoint", "__import__", "globals"}
IMPURE_CALLS = (  # dotted, aliases resolved; a name stands for all beneath it
    *("numpy.random", "numpy.load", "numpy.save", "numpy.savez", "numpy.savez_compressed", "numpy.loadtxt", "numpy.savetxt"),
    *("numpy.genfromtxt", "numpy.fromfile", "numpy.memmap", "numpy.DataSource"),
    *("datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow", "datetime.date.today"),
)

# Rooms that say nothing themselves and hear nobody: what comes out is a value, what goes in an argument.
SILENT = ("workflow",)
SPEECH = ("print", "input", "sys.argv", "sys.stdout", "sys.stderr", "sys.stdin")

# library -> the rooms that may import it. Its types never leave them.
VENDORS: dict[str, tuple[str, ...]] = {
    "numpy": (ALL,),
    "pandas": (
        *("data", "forecasting", "training", "validation", "backtest", "analytics", "operation", "lean", "comparison", "quality"),
        *("review", "workflow", "notebook", "frames", "monitoring"),
    ),
    "numba": ("compiled",),
    "scipy": ("statistics", "training", "validation", "analytics", "monitoring"),
    "sklearn": ("training", "forecasting"),
    "lightgbm": ("training", "forecasting"),
    "joblib": ("training", "forecasting"),
    "pyarrow": ("data",),
    "exchange_calendars": ("data",),
    "fsspec": ("data",),
    "s3fs": ("data",),
    "httpx": ("data", "alerting", "brokers"),
    "ib_async": ("brokers",),
    "stamina": ("data", "brokers"),
    "matplotlib": ("analytics", "notebook"),
    "jinja2": ("analytics", "web"),
    "pydantic": ("settings",),
    "typer": ("cli",),
    "rich": ("verbs",),
    "optuna": ("search",),
    "sqlalchemy": ("state",),
    "alembic": ("state",),
    "prometheus_client": ("alerting", "monitoring"),
    "apprise": ("alerting",),
    "starlette": ("web",),
    "uvicorn": ("web",),
    "argon2": ("web",),
    "dask": ("cluster",),
    "distributed": ("cluster",),
}
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "prometheus_client": "prometheus-client",
    "argon2": "argon2-cffi",
}  # import name -> name in pyproject.toml, where they differ

# What gives the returns of an account without entering them in the trial ledger -> the rooms, or modules of one, that may use it.
UNCOUNTED: dict[str, tuple[str, ...]] = {
    "springback.backtest.loop.replay": ("backtest",),
    "springback.backtest.loop.session": ("backtest",),
    "springback.backtest.loop.until_close": ("backtest", "operation"),  # one session of a remembered account
    "springback.operation.evening.play": ("operation", "workflow.daily", "workflow.evening", "workflow.monitor"),
    "springback.backtest.run.backtest": ("backtest", "workflow.backtests"),  # the overlays of one report; `simulate`
    "springback.workflow.backtests.simulate": (
        "workflow.monitor",  # the same days again, nothing is chosen
        "workflow.backtests",  # `run_backtest` enters it
        "workflow.report",
        "workflow.stress",
        "workflow.audit",
        "workflow.rehearse",  # shown as equal or not, never as a figure
    ),
}

MOST_LINES = 400
LONGER: dict[str, str] = {}  # module -> why it is longer than MOST_LINES
VAGUE = re.compile(r"manager|handler|helper|utils?|common|misc", re.IGNORECASE)


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, its room and its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.split(".")[1] if "." in self.name else FACE


@dataclass(frozen=True)
class Import:
    """`module` names `target` (dotted, as deep as a module or attribute goes) at `line`, anywhere in the file."""

    module: Module
    target: str
    line: int

    @property
    def where(self) -> str:
        return f"{self.module.name}:{self.line}"


def read_modules(source: Path) -> dict[str, Module]:
    """Every module under `source`, the folder of the package, by dotted name."""
    modules = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        name = ".".join((PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)))
        modules[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return modules


def imports_of(module: Module) -> Iterator[Import]:
    """Every import of `module`, those inside functions and by literal name too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            for alias in node.names:
                yield Import(module, base if alias.name == "*" else f"{base}.{alias.name}", node.lineno)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"import_module", "__import__"}:
            literal = node.args[0] if node.args else None
            yield Import(module, str(literal.value) if isinstance(literal, ast.Constant) else "<a name made at run time>", node.lineno)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def room_of(target: str, modules: Mapping[str, Module]) -> str | None:
    """The room that a dotted import enters; None where it is only a name of the package's face, as `__version__`."""
    parts = target.split(".")
    if len(parts) == 1:
        return FACE
    return parts[1] if parts[1] in {module.room for module in modules.values()} else None


def foreign_rooms(modules: Mapping[str, Module]) -> list[str]:
    """Imports that the table of rooms does not allow."""
    found = []
    for module in modules.values():
        if module.room not in ROOMS:
            found.append(f"{module.name}: the room '{module.room}' has no row in ROOMS of {Path(__file__).name}")
            continue
        row = ROOMS[module.room]
        for one in imports_of(module):
            if one.target.split(".")[0] != PACKAGE:
                continue
            room = room_of(one.target, modules)
            if room not in {None, *EVERYWHERE, module.room, *row} and ALL not in row:
                found.append(f"{one.where} imports {one.target}; the row is {module.room}: {', '.join(row) or 'nothing of ours'}")
    return found


def foreign_vendors(modules: Mapping[str, Module]) -> list[str]:
    """Third-party libraries imported outside their rooms, or known to no row."""
    found = []
    for module in modules.values():
        for one in imports_of(module):
            library = one.target.split(".")[0]
            if library == PACKAGE or library in sys.stdlib_module_names:
                continue
            row = VENDORS.get(library)
            if row is None:
                found.append(f"{one.where} imports {one.target}; VENDORS of {Path(__file__).name} has no row for it")
            elif ALL not in row and module.room not in row:
                found.append(f"{one.where} imports {one.target}; the row is {library}: {', '.join(row)}")
    return found


def impurities(modules: Mapping[str, Module]) -> list[str]:
    """What a pure room takes from the world: a file, clock, network, random number or log."""
    found = []
    for module in modules.values():
        if module.room not in PURE:
            continue
        for one in imports_of(module):
            library = one.target.split(".")[0]
            if library != PACKAGE and (library not in PURE_LIBRARY or _impure(one.target)):
                found.append(f"{one.where} imports {one.target}; {module.room} is pure: hand it in as an argument")
        for line, name in _names(module):
            if name in IMPURE_NAMES or _impure(name):
                found.append(f"{module.name}:{line} uses {name}; {module.room} is pure: hand it in as an argument")
    return found


def _impure(dotted: str) -> bool:
    return any(dotted == name or dotted.startswith(f"{name}.") for name in IMPURE_CALLS)


def _names(module: Module) -> Iterator[tuple[int, str]]:
    """Every name and dotted chain that is read, with import aliases resolved: `np.random.rand` -> `numpy.random.rand`."""
    aliases = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            aliases.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom) and not node.level:
            aliases.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            first, dot, rest = ast.unparse(node).partition(".")
            yield node.lineno, aliases.get(first, first) + dot + rest


def speech(modules: Mapping[str, Module]) -> list[str]:
    """Ways past the value that a task returns: a line printed, an argument of the command line read."""
    found = []
    for module in modules.values():
        if module.room in SILENT:
            found += [f"{module.name}:{line} uses {name}; {module.room} returns values" for line, name in _names(module) if name in SPEECH]
    return found


def uncounted(modules: Mapping[str, Module]) -> list[str]:
    """Ways to a figure that lead past the trial ledger."""
    found = []
    for module in modules.values():
        aliases = {one.target.rpartition(".")[2]: one.target for one in imports_of(module)}
        named = [(one.target, one.line) for one in imports_of(module)]
        for line, name in _names(module):
            first, _, rest = name.partition(".")
            named.append((f"{aliases.get(first, first)}.{rest}", line))
        for target, rooms in UNCOUNTED.items():
            if not {module.room, module.name.removeprefix(f"{PACKAGE}.")} & set(rooms):
                found += [f"{module.name}:{line} uses {name}, which no trial ledger sees" for name, line in named if name == target]
    return found


def cycles(modules: Mapping[str, Module]) -> list[str]:
    """Rings of modules that import one another, at any depth; each once, from its first module by name."""
    graph = {name: sorted({_deepest(one.target, modules) for one in imports_of(module)} - {name, ""}) for name, module in modules.items()}
    found, done = [], set()

    def walk(name: str, path: list[str]) -> None:
        if name in path:
            ring = path[path.index(name) :]
            found.append(" -> ".join([*ring, name]))
        elif name not in done:
            for following in graph[name]:
                walk(following, [*path, name])
            done.add(name)

    for name in sorted(graph):
        walk(name, [])
    return found


def _deepest(target: str, modules: Mapping[str, Module]) -> str:
    while target and target not in modules:
        target = target.rpartition(".")[0]
    return "" if target == PACKAGE else target  # the face loads its names late


def oversized(modules: Mapping[str, Module], source: Path) -> list[str]:
    """Modules past the limit without a reason, and reasons that no module needs any more."""
    lines = {
        module.path.relative_to(source).as_posix(): len(module.path.read_text(encoding="utf-8").splitlines()) for module in modules.values()
    }
    found = [
        f"{path} has {count} lines, the limit is {MOST_LINES}: split it"
        for path, count in lines.items()
        if count > MOST_LINES and path not in LONGER
    ]
    return found + [f"LONGER names {path}, which needs no exception" for path in LONGER if lines.get(path, 0) <= MOST_LINES]


def vague_names(modules: Mapping[str, Module]) -> list[str]:
    """Modules and classes whose name says nothing."""
    found = []
    for module in modules.values():
        classes = [(node.name, node.lineno) for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
        for name, line in [(module.name.rpartition(".")[2], 1), *classes]:
            words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
            if any(VAGUE.fullmatch(word) for word in words):
                found.append(f"{module.name}:{line} is called {name}: name it for what it holds")
    return found


def _nothing(found: list[str]) -> None:
    assert not found, "\n".join(["", *found])


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    return read_modules(SOURCE)


def test_a_room_imports_only_what_its_row_names(modules: dict[str, Module]) -> None:
    _nothing(foreign_rooms(modules))


def test_a_vendor_stays_in_its_room(modules: dict[str, Module]) -> None:
    _nothing(foreign_vendors(modules))


def test_a_pure_room_sees_nothing_of_the_world(modules: dict[str, Module]) -> None:
    _nothing(impurities(modules))


def test_a_task_returns_values_and_prints_nothing(modules: dict[str, Module]) -> None:
    _nothing(speech(modules))


def test_no_way_to_a_figure_leads_past_the_ledger(modules: dict[str, Module]) -> None:
    _nothing(uncounted(modules))
    for target in UNCOUNTED:
        module, _, name = target.rpartition(".")
        defined = [node.name for node in modules[module].tree.body if isinstance(node, ast.FunctionDef)]
        assert name in defined, f"UNCOUNTED names {target}, which is not there any more"


def test_no_module_imports_itself_by_a_detour(modules: dict[str, Module]) -> None:
    _nothing(cycles(modules))


def test_a_module_is_small(modules: dict[str, Module]) -> None:
    _nothing(oversized(modules, SOURCE))


def test_a_name_says_what_it_holds(modules: dict[str, Module]) -> None:
    _nothing(vague_names(modules))


def test_the_rows_run_one_way() -> None:
    """The table itself has no ring, so no two rooms can come to need each other."""
    left = {room: set(row) - {ALL} for room, row in ROOMS.items() if ALL not in row}
    while free := [room for room, row in left.items() if not row & set(left)]:
        for room in free:
            del left[room]
    assert not left, f"these rows lean on one another: {left}"


def test_the_page_and_the_table_agree() -> None:
    """ARCHITECTURE.md shows the rows that this test holds."""
    cells = re.findall(
        r"^\| `(\w+)(?:/|\.py)?` \|[^|]*\| ([\w, ]+) \|$", (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(cells) >= 8, "ARCHITECTURE.md shows no table of rooms"
    for room, cell in cells:
        row = (ALL,) if cell == "all" else tuple(cell.split(", "))
        assert set(ROOMS.get(room, ())) == set(row), f"ARCHITECTURE.md lets {room} import {cell}, ROOMS says {ROOMS.get(room)}"


def test_every_vendor_is_a_declared_dependency() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(one for extra in ("alerts", "ib", "web") for one in project["optional-dependencies"][extra])]
    declared = {re.split(r"[<>=~! ]", line)[0].lower() for line in lines}
    assert {DISTRIBUTIONS.get(library, library) for library in VENDORS} == declared


PLANTED = {  # a bad module, and what must be said of it
    "market/a.py": (
        "def f():\n    from springback.data.store.store import Store\n",
        "imports springback.data.store.store.Store; the row is market: errors",
    ),
    "market/b.py": ("from ..strategy import rule\n", "imports springback.strategy.rule; the row is market: errors"),
    "data/c.py": (
        "import importlib\nimportlib.import_module('springback.cli')\n",
        "imports springback.cli; the row is data: errors, market",
    ),
    "attic/d.py": ("", "the room 'attic' has no row"),
    "data/e.py": ("import matplotlib.figure as sheet\n", "imports matplotlib.figure; the row is matplotlib: analytics, notebook"),
    "data/f.py": ("import torch\n", "imports torch; VENDORS"),
    "features/g.py": ("import pandas as pd\n", "imports pandas; features is pure"),
    "features/h.py": ("import os.path\n", "imports os.path; features is pure"),
    "features/i.py": ("import numpy as np\nx = np.random.rand(3)\n", "uses numpy.random.rand; features is pure"),
    "features/j.py": ("from numpy import random as r\n", "imports numpy.random; features is pure"),
    "strategy/k.py": ("from datetime import datetime as clock\nx = clock.now()\n", "uses datetime.datetime.now; strategy is pure"),
    "strategy/l.py": ("def f():\n    print(open('x').read())\n", "uses open; strategy is pure"),
    "strategy/m.py": ("import logging\n", "imports logging; strategy is pure"),
    "backtest/n.py": ("from springback.backtest import o\n", "springback.backtest.n -> springback.backtest.o -> springback.backtest.n"),
    "backtest/o.py": (
        "def f():\n    import springback.backtest.n\n",
        "springback.backtest.n -> springback.backtest.o -> springback.backtest.n",
    ),
    "training/q.py": (
        "from springback.backtest.run import backtest as f\n",
        "uses springback.backtest.run.backtest, which no trial ledger sees",
    ),
    "verbs/r.py": (
        "from springback.workflow import backtests\nx = backtests.simulate\n",
        "uses springback.workflow.backtests.simulate, which no trial ledger sees",
    ),
    "workflow/s.py": (
        "from springback.verbs.console import Voice\n",
        "imports springback.verbs.console.Voice; the row is workflow: errors",
    ),
    "workflow/t.py": ("import sys\nx = sys.argv[1:]\n", "uses sys.argv; workflow returns values"),
    "workflow/u.py": ("def f():\n    print(1)\n", "uses print; workflow returns values"),
    "backtest/p.py": ("x = 1\n" * (MOST_LINES + 1), "backtest/p.py has 401 lines"),
    "backtest/utils.py": ("class OrderManager:\n    pass\n", "is called OrderManager"),
}


@pytest.mark.parametrize("path", PLANTED)
def test_the_laws_can_fail(path: str, tmp_path: Path) -> None:
    """Each planted wrong is seen, under its own module's name."""
    for other in ("__init__.py", "cli.py", "data/store/store.py", "strategy/rule.py", *PLANTED):
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).write_text(PLANTED.get(other, ("",))[0])
    planted = read_modules(tmp_path)
    said = [*foreign_rooms(planted), *foreign_vendors(planted), *impurities(planted), *cycles(planted)]
    said += [*oversized(planted, tmp_path), *vague_names(planted), *uncounted(planted), *speech(planted)]
    module = f"{PACKAGE}.{path.removesuffix('.py').replace('/', '.')}"
    assert [line for line in said if PLANTED[path][1] in line and (module in line or path in line)], f"nothing was said of {path}: {said}"


def test_honest_modules_pass(tmp_path: Path) -> None:
    """What the laws allow: own room, the row's rooms, numpy, a date that is handed in, the package's version."""
    (tmp_path / "market").mkdir()
    (tmp_path / "__init__.py").write_text("__version__ = '1'\n")
    (tmp_path / "errors.py").write_text("")
    (tmp_path / "market" / "bars.py").write_text("import numpy as np\nfrom datetime import date\nx = np.zeros(3), date(2024, 1, 2)\n")
    (tmp_path / "market" / "market_data.py").write_text(
        "from springback import __version__, errors\nfrom springback.market.bars import x\n"
    )
    honest = read_modules(tmp_path)
    assert not [*foreign_rooms(honest), *foreign_vendors(honest), *impurities(honest), *cycles(honest)]
