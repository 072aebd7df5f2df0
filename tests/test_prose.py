"""Text for people is written and shown, and nothing is read back out of it: a law over the syntax tree of every module.

Whatever is of the type `Prose` counts, by its annotation: fields, properties, parameters, what functions return, and every name that one of
these is bound to. `market/older_prose.py` alone may read: it is for files of versions that kept facts in sentences.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "springback"
MIGRATION = "market/older_prose.py"
READING = frozenset(
    (
        *("startswith", "endswith", "find", "rfind", "index", "rindex", "count", "partition", "rpartition", "split", "rsplit"),
        *("splitlines", "removeprefix", "removesuffix", "match", "search", "fullmatch", "findall", "finditer"),
    )
)
"""Methods of a text, and of a pattern, that read it."""
TEXTS = frozenset(("models", "command", "said", "statement", "how"))
"""Attributes that are texts for people too, though their type is a plain `str` (columns of files): they may be compared, and not read."""
PASSING = frozenset(("str", "tuple", "list", "sorted", "reversed", "iter", "next", "enumerate", "zip", "set", "map", "filter", "join"))
"""Calls that give back what they were given, or a part of it."""


@dataclass
class Carriers:
    """Names that are of the type by their annotation: attributes (fields, properties) and functions."""

    attributes: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=lambda: {"Prose"})


def carriers(trees: list[ast.Module]) -> Carriers:
    """What any of the modules declares to be prose."""
    found = Carriers()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                fields = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
                found.attributes |= {one.target.id for one in fields if isinstance(one.target, ast.Name) and is_prose(one.annotation)}
            elif isinstance(node, ast.FunctionDef) and is_prose(node.returns):
                decorated = {ast.unparse(one) for one in node.decorator_list}
                (found.attributes if decorated & {"property", "cached_property"} else found.functions).add(node.name)
    return found


def is_prose(annotation: ast.expr | None) -> bool:
    """Whether an annotation is the type, or a plain collection of it."""
    if annotation is None:
        return False
    names = {one.id for one in ast.walk(annotation) if isinstance(one, ast.Name)}
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        names |= set(annotation.value.replace("[", " ").replace("]", " ").replace(",", " ").split())
    return "Prose" in names and names <= {"Prose", "tuple", "list", "Iterable", "Sequence", "Iterator", "None"}


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def parts(node: ast.AST | None) -> Iterator[ast.AST]:
    """What an expression is made of, where it is of the type if one of these is."""
    of: dict[type[ast.AST], tuple[str, ...]] = {
        **dict.fromkeys((ast.GeneratorExp, ast.ListComp, ast.SetComp), ("elt",)),
        **dict.fromkeys((ast.Subscript, ast.Starred, ast.FormattedValue, ast.NamedExpr), ("value",)),
        **dict.fromkeys((ast.Tuple, ast.List, ast.Set), ("elts",)),
        **dict.fromkeys((ast.JoinedStr, ast.BoolOp), ("values",)),
        ast.BinOp: ("left", "right"),
        ast.IfExp: ("body", "orelse"),
    }
    for name in of.get(type(node), ()) if node is not None else ():
        part = getattr(node, name)
        yield from part if isinstance(part, list) else [part]


class Reader(ast.NodeVisitor):
    """Finds where a module reads prose."""

    def __init__(self, known: Carriers) -> None:
        self.known, self.names, self.found = known, set[str](), list[tuple[int, str]]()

    def holds(self, node: ast.AST | None) -> bool:
        """Whether an expression is prose, or a collection of it."""
        if isinstance(node, ast.Name):
            return node.id in self.names
        if isinstance(node, ast.Attribute):
            return node.attr in self.known.attributes
        if isinstance(node, ast.Call):
            name = called(node)
            return name in self.known.functions or (name in PASSING and any(map(self.holds, node.args)))
        return any(map(self.holds, parts(node)))

    def bind(self, target: ast.expr, value: ast.AST | None) -> None:
        if self.holds(value):
            self.names |= {one.id for one in ast.walk(target) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer, given = set(self.names), node.args
        of_self = {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
        self.names = (self.names - of_self) | {
            one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs) if is_prose(one.annotation)
        }
        for _ in range(2):  # a name may be used above where it is bound, in a loop
            kept = list(self.found)
            self.found = []
            self.generic_visit(node)
            again, self.found = self.found, kept
        self.found += again
        self.names = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.bind(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if is_prose(node.annotation) and isinstance(node.target, ast.Name):
            self.names.add(node.target.id)
        self.bind(node.target, node.value)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.bind(node.target, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self.bind(node.target, node.iter)
        self.generic_visit(node)

    def _comprehension(self, node: ast.AST) -> None:
        outer = set(self.names)
        for one in getattr(node, "generators", ()):
            bound = {part.id for part in ast.walk(one.target) if isinstance(part, ast.Name)}
            self.names -= bound
            self.bind(one.target, one.iter)
        self.generic_visit(node)
        self.names = outer

    visit_GeneratorExp = visit_ListComp = visit_SetComp = visit_DictComp = _comprehension  # noqa: N815

    def visit_Compare(self, node: ast.Compare) -> None:
        reads = any(not isinstance(one, ast.Is | ast.IsNot) for one in node.ops)
        if reads and any(map(self.holds, (node.left, *node.comparators))):
            self.found.append((node.lineno, ast.unparse(node)))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            of = node.func.value
            pattern = isinstance(of, ast.Name) and of.id == "re"
            text = isinstance(of, ast.Attribute) and of.attr in TEXTS
            if (node.func.attr in READING and (text or self.holds(of) or any(map(self.holds, node.args)))) or (
                pattern and any(map(self.holds, node.args))
            ):
                self.found.append((node.lineno, ast.unparse(node)))
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        if self.holds(node.subject):
            self.found.append((node.lineno, f"match {ast.unparse(node.subject)}"))
        self.generic_visit(node)


def readings(source: Path, known: Carriers) -> list[str]:
    """Where prose is read: a line each, module, line and expression."""
    out = []
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        if name != MIGRATION:
            reader = Reader(known)
            reader.visit(ast.parse(path.read_text(encoding="utf-8")))
            out += [f"{name}:{line}: {words}" for line, words in reader.found]
    return out


@pytest.fixture(scope="module")
def known() -> Carriers:
    return carriers([ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")])


def test_nothing_is_read_out_of_text_for_people(known: Carriers) -> None:
    found = readings(SOURCE, known)
    assert not found, "\n".join(["text for people is read, keep the fact in a field of its own:", *found])


def test_the_texts_are_known_by_their_type(known: Carriers) -> None:
    """The law is of no use where a text is a plain `str`: these are the ones from which facts were once read."""
    assert {"findings", "biases", "known_biases", "words", "universe", "continued"} <= known.attributes
    assert {"Prose", "prose", "those", "warned", "findings"} <= known.functions


VIOLATIONS: dict[str, str] = {
    "begins": "def f(tape):\n    return tape.origin.words.startswith('Demo market')",
    "holds": "def f(tape):\n    return any('NOT USABLE' in line for line in tape.findings)",
    "equals": "def f(tape):\n    return tape.findings[0] == 'the list'",
    "cut": "def f(origin):\n    return origin.words.partition(' Known biases: ')[2]",
    "bound": "def f(tape):\n    lines = tape.findings\n    first = lines[0]\n    return first.split(': ')",
    "pattern": "import re\ndef f(tape):\n    return [re.match('a', str(line)) for line in tape.findings]",
    "compiled": "def f(tape, pattern):\n    return next(found for line in tape.findings if (found := pattern.fullmatch(line)))",
    "parameter": "def f(findings: tuple[Prose, ...]):\n    for line in findings:\n        if line.endswith('.'):\n            return line",
    "joined": "def f(tape):\n    return 'stale' in '; '.join(tape.findings)",
    "formatted": "def f(tape):\n    return f'{tape.origin.words}'.startswith('Prices')",
    "matched": "def f(one):\n    match one.universe:\n        case 'names of the file':\n            return 1",
    "membership": "def f(tape, line):\n    return line in tape.findings",
    "ledger": "def f(row):\n    return row.models.startswith('the held-back period, looked at once')",
    "made": "def f():\n    return Prose('a').count('a')",
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_the_law_can_fail(name: str, known: Carriers, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(VIOLATIONS[name])
    assert len(readings(tmp_path, known)) == 1


HONEST = """
def f(tape, findings: tuple[Prose, ...], bad: list[str]):
    heads = [line for line in tape.findings if line.about == 'prices']
    said = tape.origin.biases is None
    names = [word for word in bad if word.startswith('a')]
    return heads, said, names, len(findings), f'{findings[0]}', tape.origin.kind == 'demo'
"""


def test_honest_modules_pass(known: Carriers, tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(HONEST)
    assert readings(tmp_path, known) == []
