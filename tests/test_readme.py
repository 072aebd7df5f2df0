"""The README's lines of Python run as they stand."""

import contextlib
import io
import re
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_lines_of_python_run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (repository / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for block in blocks:
            exec(compile(block, "README.md", "exec"), names)
    lines = said.getvalue().splitlines()
    assert lines[0].startswith("AUC of the long model") and " trades, profit $" in lines[1]
    assert "Demo market" in lines[2] and any(line.startswith(("PASS", "FAIL")) for line in lines)
    assert any(line.startswith("usable") for line in lines) and any(line.startswith("rank IC ") for line in lines)
    for page in ("validation/validation.html", "stress/stress.html", "audit/audit.html"):
        assert (tmp_path / "runs" / page).is_file()
    assert list((tmp_path / "runs" / "optimise").glob("*/winner.toml"))
