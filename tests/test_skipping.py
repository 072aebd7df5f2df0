"""A proof that needs ../shared is skipped where the folder is absent, and fails where it is there and was skipped all the same."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
SKIPPING = """
import pytest

@pytest.mark.golden
@pytest.mark.skipif(True, reason="../somewhere/else is absent")
def test_marked():
    pass

def test_named():
    pytest.skip("../shared/data is absent")

def test_of_another_kind():
    pytest.skip("no Chromium on this machine")
"""


@pytest.mark.parametrize(("there", "said"), [(True, "1 failed, 1 skipped, 1 error"), (False, "3 skipped")])
def test_a_skip_fails_where_what_it_needs_is_there(there: bool, said: str, tmp_path: Path) -> None:
    tests = tmp_path / "checkout" / "tests"
    tests.mkdir(parents=True)
    if there:
        (tmp_path / "shared").mkdir()
    shutil.copy(CONFTEST, tests / "conftest.py")
    (tests / "test_some.py").write_text(SKIPPING)
    (tests.parent / "pytest.ini").write_text("[pytest]\nmarkers = golden\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(command, cwd=tests.parent, capture_output=True, text=True, check=False)
    assert said in done.stdout, done.stdout + done.stderr
    assert done.returncode == (1 if there else 0)
