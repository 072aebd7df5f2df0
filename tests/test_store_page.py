"""docs/store.md tells the truth: its layout is what is written, and each example runs on a small store."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from springback.data.demo.demo import Demo, draw
from springback.data.store.pack import COLUMNS, SPARE
from springback.data.store.store import Store
from tests.terminal import REPOSITORY

PAGE = (REPOSITORY / "docs" / "store.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
TAPE = draw(Demo(names=12, seed=4, start="2018-12-03", end="2020-03-31", shocks=1))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that was written twice, so that a glob would find too much."""
    folder = tmp_path_factory.mktemp("home")
    Store(folder / "store").write(TAPE.until(len(TAPE.vix) - 5))
    Store(folder / "store").write(TAPE)
    return folder


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: re.findall(r"import (\w+)", text)[-1])
def test_each_example_runs_and_says_something_true(example: str, home: Path) -> None:
    said = subprocess.run([sys.executable, "-W", "error", "-c", example], cwd=home, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    if "group" in example:
        symbol = TAPE.bars.symbols[0]
        assert symbol in said.stdout and str(int((~np.isnan(TAPE.bars.close[:, 0])).sum())) in said.stdout
    else:
        assert said.stdout.endswith("()\n")


def test_there_is_an_example_for_each_tool() -> None:
    assert [re.findall(r"^import (\w+)$", text, re.MULTILINE)[-1:] for text in EXAMPLES] == [[], ["duckdb"], ["polars"], ["pandas"]]


def test_duckdb_alone_can_do_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    found = re.search(r"`(set variable files = .*?)`, then `(.*?)`", PAGE, re.DOTALL)
    assert found
    with duckdb.connect() as connection:
        connection.execute(found[1])
        rows = connection.execute(f"select count(*) {found[2]}").fetchall()[0][0]
    assert rows == int((~np.isnan(TAPE.bars.close)).sum())


def test_the_layout_is_what_is_written(home: Path) -> None:
    """Each line of the layout names a table, and each table's columns are those of its line."""
    shown = dict(re.findall(r"^store/(\w+)/(?:year=\d+/)?\d{6}\.parquet +(.+)$", PAGE, re.MULTILINE))
    files = Store(home / "store").describe()["files"]
    assert {path.split("/")[0] for path in files} - {"superseded"} == set(shown) - set(SPARE), "the demo knows no more of its delistings"
    for name in SPARE:
        assert shown[name].split("; ")[0].split(", ") == [*COLUMNS[name], "known_at"]
    for path in files:
        name = path.split("/")[0]
        if name in ("superseded", "writes"):
            continue
        columns = [
            row[0]
            for row in duckdb.execute(f"describe select * from read_parquet('{home / 'store' / path}', hive_partitioning=false)").fetchall()
        ]
        assert [re.sub(r" \(.*?\)", "", one) for one in re.sub(r" \([^)]*\)", "", shown[name]).split(", ")] == columns
