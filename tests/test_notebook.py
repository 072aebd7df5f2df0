"""The notebook runs from top to bottom, says what its plain Python says, and is kept with pictures and without a trace of a machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

NAME = "ml_mean_reversion_training"
MOST_BYTES = 1_500_000
# A small market and short walk: the same cells in a few seconds.
QUICK = """
[demo]
names = 80
start = "2018-01-02"
end = "2020-12-31"
[training]
trees = 20
[walk_forward]
months = 6
[backtest]
start = 2020-01-01
end = 2020-12-31
"""


@pytest.fixture(scope="module")
def kept(repository: Path) -> nbformat.NotebookNode:
    return nbformat.read(repository / "notebooks" / f"{NAME}.ipynb", as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    """Errors, warnings and whatever else went to stderr."""
    return [str(output)[:500] for output in outputs(notebook) if output.output_type == "error" or output.get("name") == "stderr"]


def pictures(notebook: nbformat.NotebookNode) -> list[str]:
    return [output.data["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})]


def test_the_notebook_and_its_python_say_the_same(repository: Path, kept: nbformat.NotebookNode) -> None:
    plain = jupytext.read(repository / "notebooks" / f"{NAME}.py")
    assert kept.metadata["jupytext"]["formats"] == "ipynb,py:percent"
    assert [(cell.cell_type, cell.source) for cell in kept.cells] == [(cell.cell_type, cell.source) for cell in plain.cells], (
        "the notebook and its plain Python differ: run 'make notebook'"
    )


def test_the_notebook_is_kept_whole_with_its_pictures(repository: Path, kept: nbformat.NotebookNode) -> None:
    nbformat.validate(kept)
    code = [cell for cell in kept.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "run 'make notebook'"
    assert all(cell.outputs for cell in code)
    assert len(pictures(kept)) >= 12 and not complaints(kept)
    assert (repository / "notebooks" / f"{NAME}.ipynb").stat().st_size < MOST_BYTES


def test_the_notebook_calls_the_package_and_holds_no_logic(kept: nbformat.NotebookNode) -> None:
    words = ("def ", "class ", "for ", "while ", "if ", "lambda ", "numpy", "pandas")
    found = [(word, cell.source) for cell in kept.cells if cell.cell_type == "code" for word in words if word in cell.source]
    assert not found


@pytest.mark.slow
def test_the_notebook_runs_in_an_empty_folder(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "default.toml").write_text(QUICK, encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    copy = tmp_path / "notebooks" / f"{NAME}.ipynb"
    shutil.copy(repository / "notebooks" / copy.name, copy)
    command = [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=500", "--overwrite", "-q", "--rootdir", str(tmp_path)]
    quiet = ["-c", os.devnull, "-p", "no:cacheprovider", "-p", "no:xdist", str(copy)]
    own = {name: str(tmp_path / "own") for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    ran = subprocess.run([*command, *quiet], cwd=tmp_path, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    told = nbformat.read(copy, as_version=4)
    assert len(pictures(told)) >= 12 and not complaints(told)
    assert (tmp_path / "models" / "ml_mean_reversion_long.pkl").is_file() and (tmp_path / "models" / "card.json").is_file()
    assert not (tmp_path / "store").exists()
