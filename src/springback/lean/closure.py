"""Which modules of the package an algorithm needs: the closure of its imports, read from the sources without running them.

Imports inside functions count, those under `if TYPE_CHECKING` do not: they are never run. The face of the package is not followed: it
loads its names when asked for, and a bundle carries a smaller one.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from springback.errors import InputError

PACKAGE = "springback"


def closure(algorithm: Path, package: Path, also: tuple[str, ...] = ()) -> dict[str, Path]:
    """`{dotted name: file}` of every module of `package` (the folder) that `algorithm` needs, and those named in `also`, in order of name.

    `also` is for what no import shows: the class that only a pickle names. Raises `InputError` on an import of what is not there.
    """
    needed: dict[str, Path] = {}
    waiting = [*_wanted(algorithm, "", package), *also]
    while waiting:
        name = waiting.pop()
        for module in _with_packages(name):
            if module == PACKAGE or module in needed:
                continue
            file = _file(module, package)
            if file is None:
                raise InputError(f"{algorithm.name} needs {name}, and {package} holds no module {module}")
            needed[module] = file
            waiting += _wanted(file, module, package)
    return dict(sorted(needed.items()))


def _with_packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _file(module: str, package: Path) -> Path | None:
    parts = module.split(".")[1:]
    for file in (package.joinpath(*parts).with_suffix(".py") if parts else None, package.joinpath(*parts, "__init__.py")):
        if file is not None and file.is_file():
            return file
    return None


def _wanted(file: Path, module: str, package: Path) -> Iterator[str]:
    """The modules of the package that `file` imports."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise InputError(f"{file} cannot be read as Python: {error}") from None
    for node in _run(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE and alias.name != PACKAGE)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, file)
            if base.split(".")[0] == PACKAGE:
                yield from _from(base, node, package, file)
        elif isinstance(node, ast.Call) and (name := _by_name(node)):
            yield name


def _from(base: str, node: ast.ImportFrom, package: Path, file: Path) -> Iterator[str]:
    if base != PACKAGE:
        yield base
    for alias in node.names:
        if _file(f"{base}.{alias.name}", package):
            yield f"{base}.{alias.name}"
        elif base == PACKAGE and alias.name != "__version__":
            raise InputError(
                f"{file.name}:{node.lineno} imports {PACKAGE}.{alias.name}, which a bundle has not: import it from its own module"
            )


def _base(node: ast.ImportFrom, module: str, file: Path) -> str:
    if not node.level:
        return node.module or ""
    here = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    return ".".join([*here[: len(here) - node.level + 1], *([node.module] if node.module else [])])


def _by_name(call: ast.Call) -> str:
    """`import_module("springback.x")`, where the name is written out."""
    if ast.unparse(call.func).split(".")[-1] not in {"import_module", "__import__"} or not call.args:
        return ""
    first = call.args[0]
    name = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    return name if name.startswith(f"{PACKAGE}.") else ""


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that may be run: all but the body of `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for otherwise in child.orelse:
                yield otherwise
                yield from _run(otherwise)
            continue
        yield child
        yield from _run(child)
