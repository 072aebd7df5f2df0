"""What a reader may rely on: a docstring says shapes, units and errors; a function is short; a parameter is a noun.

The lists of exceptions only shrink: a name that needs none any more must leave, and none may come.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "springback"
KERNELS = ("backtest", "features", "strategy", "market")  # compiled code takes its columns one by one

ARRAYS = re.compile(r"\bNDArray\b|\bPanel\b")
SHAPE = re.compile(r"\((?:[A-Z]\w*|\d+)(?:, ?(?:[A-Z]\w*|\d+))*,?\)")
"""(T,), (T, N), (rows, 8): capitals for what varies; said in the docstring of the function or of its module's types."""

MONEY = ("Bars", "Actions", "Book", "Charges", "Costs", "Profile", "Liquidity", "Account")
"""Types that hold prices, shares, dollars and rates."""
UNITS = re.compile(r"dollar|\$|share|price|rate|basis point|\bbp\b|a year|cent|per cent|fraction|%", re.IGNORECASE)

MOST_LINES = 30
MOST_PARAMETERS = 8
PARTICIPLES = frozenset(
    (
        *("told", "said", "made", "found", "chosen", "known", "shown", "drawn", "asked", "given", "kept", "seen", "done", "held"),
        *("taken", "put", "wanted", "spoken", "played", "judged", "written"),
    )
)


@dataclass(frozen=True)
class Function:
    """A function or method of the package: its dotted name without the package's, and its tree."""

    name: str
    tree: ast.FunctionDef
    aliases: frozenset[str]

    @property
    def public(self) -> bool:
        return not any(part.startswith("_") for part in self.name.split("."))

    @property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree) or ""

    @property
    def annotations(self) -> str:
        """The text of what its parameters and its result are."""
        arguments = self.tree.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        return " ".join(ast.unparse(one) for one in [*(a.annotation for a in every), self.tree.returns] if one is not None)

    @property
    def parameters(self) -> list[str]:
        arguments = self.tree.args
        return [one.arg for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs] if one.arg not in {"self", "cls"}]

    @property
    def lines(self) -> int:
        """Lines of its body without the docstring."""
        body = self.tree.body[1:] if self.docstring else self.tree.body
        return 0 if not body else (self.tree.end_lineno or 0) - body[0].lineno + 1

    @property
    def raises(self) -> bool:
        """Whether it raises itself, what it hands on apart."""
        inner = {
            id(node) for one in ast.walk(self.tree) if isinstance(one, ast.FunctionDef) and one is not self.tree for node in ast.walk(one)
        }
        return any(isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and id(node) not in inner for node in ast.walk(self.tree))

    def takes(self, words: frozenset[str]) -> bool:
        return bool(set(re.findall(r"\w+", self.annotations)) & words)


def functions(source: Path = SOURCE) -> Iterator[Function]:
    """Every function and method at the top of a module or a class."""
    for path in sorted(source.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = ".".join(path.relative_to(source).with_suffix("").parts)
        aliases = frozenset(
            node.targets[0].id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and ARRAYS.search(ast.unparse(node.value))
        )
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                yield Function(f"{module}.{node.name}", node, aliases)
            elif isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef):
                        yield Function(f"{module}.{node.name}.{inner.name}", inner, aliases)


def fields(source: Path = SOURCE) -> Iterator[tuple[str, str]]:
    """Every annotated field of a class: where, and its name."""
    for path in sorted(source.rglob("*.py")):
        module = ".".join(path.relative_to(source).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                        yield f"{module}.{node.name}", inner.target.id


def without_shape(one: Function) -> bool:
    return bool(one.public and (ARRAYS.search(one.annotations) or one.takes(one.aliases)) and not SHAPE.search(one.docstring))


def without_units(one: Function) -> bool:
    return one.public and one.takes(frozenset(MONEY)) and not UNITS.search(one.docstring)


def without_raises(one: Function) -> bool:
    return one.public and one.raises and "Raises" not in one.docstring


def too_long(one: Function) -> bool:
    return one.lines > MOST_LINES


def too_many(one: Function) -> bool:
    return len(one.parameters) > MOST_PARAMETERS and one.name.split(".")[0] not in (*KERNELS, "cli")


def participle(one: Function) -> bool:
    return bool(PARTICIPLES & set(one.parameters))


LAWS = {
    "shapes": ("a public function with arrays says their shapes, as (T, N)", without_shape),
    "units": ("a public function with prices, shares, dollars or rates says their units", without_units),
    "raises": ("a public function that raises says what: 'Raises'", without_raises),
    "length": (f"a function has at most {MOST_LINES} lines", too_long),
    "parameters": (f"a function outside kernels and cli has at most {MOST_PARAMETERS} parameters", too_many),
    "nouns": ("a parameter is a noun of the field", participle),
}
EXCEPTIONS = Path(__file__).with_name("contract_exceptions.txt")
"""`law: function`, a line each; the list only shrinks."""


def exceptions(law: str) -> set[str]:
    lines = EXCEPTIONS.read_text(encoding="utf-8").splitlines()
    return {line.partition(": ")[2] for line in lines if line.startswith(f"{law}: ")}


@pytest.mark.parametrize("law", LAWS)
def test_functions_keep_the_law(law: str) -> None:
    words, broken_by = LAWS[law]
    broken = {one.name for one in functions() if broken_by(one)}
    assert not broken - exceptions(law), f"{words}:\n" + "\n".join(sorted(broken - exceptions(law)))
    assert not exceptions(law) - broken, f"these keep it now, take them off {EXCEPTIONS.name}:\n{sorted(exceptions(law) - broken)}"


def test_a_field_is_a_noun() -> None:
    broken = {f"{where}.{name}" for where, name in fields() if name in PARTICIPLES}
    assert broken == exceptions("fields"), "\n".join(sorted(broken ^ exceptions("fields")))


PLANTED = '''
from numpy.typing import NDArray

Numbers = NDArray

def bare(prices: Numbers) -> None:
    """Without a shape."""

def free(bars: Bars) -> None:
    """Without anything."""

def loud() -> None:
    """Without its error."""
    raise ValueError("x")

def wide(a, b, c, d, e, f, g, h, i) -> None:
    """Nine."""

def past(told: str) -> None:
    """A participle."""

def long() -> None:
    """Long."""
'''


def test_the_laws_can_fail(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(PLANTED + "    x = 1\n" * (MOST_LINES + 1))
    names = [[one.name.removeprefix("planted.") for one in functions(tmp_path) if broken_by(one)] for _, broken_by in LAWS.values()]
    assert names == [["bare"], ["free"], ["loud"], ["long"], ["wide"], ["past"]]
