"""The closure of imports: all that may run, nothing that is only for types, and a clear word for what is not there."""

from pathlib import Path

import pytest

from springback.errors import InputError
from springback.lean.closure import closure

PACKAGE = {
    "__init__.py": "from springback.heavy import everything\n",
    "heavy.py": "import matplotlib\n",
    "a/__init__.py": "from springback.a.first import x\n",
    "a/first.py": "import typing\nif typing.TYPE_CHECKING:\n    import springback.heavy\nelse:\n    from springback import leaf\n",
    "a/second.py": "def f():\n    from springback.b import third\n",
    "b/__init__.py": "",
    "b/third.py": "from . import fourth\nfrom ..leaf import z\nfrom .fifth import w as v\n",
    "b/fourth.py": "",
    "b/fifth.py": "import numpy\nimport springback.named\n",
    "leaf.py": "from springback import __version__\n",
    "named.py": "from importlib import import_module\nimport_module('springback.late')\nimport_module('json')\n",
    "late.py": "",
    "pickled.py": "",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in PACKAGE.items():
        (tmp_path / "springback" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "springback" / name).write_text(text)
    return tmp_path / "springback"


def names(package: Path, text: str, also: tuple[str, ...] = ()) -> list[str]:
    algorithm = package.parent / "main.py"
    algorithm.write_text(text)
    return [name.removeprefix("springback.") for name in closure(algorithm, package, also)]


def test_imports_are_followed_wherever_they_stand(package: Path) -> None:
    found = names(package, "import json\nfrom springback.a.second import f\n")
    assert found == ["a", "a.first", "a.second", "b", "b.fifth", "b.fourth", "b.third", "late", "leaf", "named"]


def test_what_only_types_need_stays_out(package: Path) -> None:
    assert names(package, "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import springback.a\nimport springback.leaf\n") == [
        "leaf"
    ]


def test_what_only_a_pickle_names_comes_along(package: Path) -> None:
    assert names(package, "", ("springback.pickled",)) == ["pickled"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from springback.nowhere import x", "main.py needs springback.nowhere"),
        ("import springback.a.nowhere", "main.py needs springback.a.nowhere"),
        ("\nfrom springback import everything", "main.py:2 imports springback.everything, which a bundle has not"),
        ("def f(:", "main.py cannot be read as Python"),
    ],
)
def test_what_is_not_there_is_said(package: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        names(package, text)
