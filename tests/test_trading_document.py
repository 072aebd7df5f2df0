"""What docs/trading.md names is there: the tests of its threats, and the verbs and settings of its tables."""

import re
from pathlib import Path

from springback import settings as toml
from springback.cli.app import PANELS
from springback.workflow.settings import Settings

DOCUMENT = "docs/trading.md"


def test_every_threat_has_tests_that_are_there(repository: Path) -> None:
    text = (repository / DOCUMENT).read_text(encoding="utf-8").partition("## Threats")[2].partition("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    for row in rows:
        found = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row.rsplit("|", 2)[1])
        assert found, row
        for file, name in found:
            assert f"def {name}(" in (repository / file).read_text(encoding="utf-8"), f"{file} has no {name}"


def test_its_verbs_and_settings_are_there(repository: Path) -> None:
    text = (repository / DOCUMENT).read_text(encoding="utf-8").partition("## LEAN as the host")[0]
    verbs = {verb for group in PANELS.values() for verb in group}
    assert set(re.findall(r"`springback (\w+)", text)) <= verbs
    knobs, tables = set(toml.flat(Settings())), {"guard", "execution", "brokers", "paper", "strategy", "daily"}
    named = {one for one in re.findall(r"`(\w+\.\w+)(?: = \w+)?`", text) if one.partition(".")[0] in tables}
    assert len(named) > 6 and named <= knobs
