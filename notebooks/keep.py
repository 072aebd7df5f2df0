"""Runs the notebook in an empty working folder, on the demo market of settings/default.toml, and keeps it with its outputs.

The plain Python is the source; the same source and libraries give the same bytes.
"""

import os
import shutil
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "ml_mean_reversion_training.py"


def main() -> None:
    """Reads the percent script, runs it, writes the notebook beside it."""
    notebook = jupytext.read(SOURCE)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "notebooks").mkdir()
        shutil.copytree(HERE.parent / "settings", work / "settings")
        NotebookClient(
            notebook,
            timeout=1200,
            kernel_name="python3",
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],  # the kernel's remarks on its own connection
            resources={"metadata": {"path": str(work / "notebooks")}},
        ).execute(env={**os.environ, "IPYTHONDIR": str(work / "ipython")})  # nobody's own start-up files
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.validate(notebook)
    with SOURCE.with_suffix(".ipynb").open("w", encoding="utf-8") as file:
        nbformat.write(notebook, file)


if __name__ == "__main__":
    main()
