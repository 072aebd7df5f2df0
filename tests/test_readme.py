"""The README's lines of Python run as they stand."""

import contextlib
import io
import re
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_ten_lines_of_python_run(repository: Path) -> None:
    found = re.search(r"```python\n(.*?)```", (repository / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(found.group(1), "README.md", "exec"), {})
    lines = said.getvalue().splitlines()
    assert lines[0].startswith("AUC of the long model") and " trades, profit $" in lines[1]
    assert "Demo market" in lines[2] and any(line.startswith(("PASS", "FAIL")) for line in lines)
