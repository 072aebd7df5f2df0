"""docs/operation.md knows every code that an evening can give, and says what to do; it knows no other."""

import ast
import re
from pathlib import Path

from springback.workflow import daily, watched
from springback.workflow.alerts import CAUSE
from springback.workflow.book import PAUSE

DOCUMENT = "docs/operation.md"


def codes(package: Path) -> set[str]:
    """The codes of all reasons that the package gives, as they are written down."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in package.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason"]
    return {one.args[0].value for one in calls if one.args and isinstance(one.args[0], ast.Constant)}


def rows(text: str) -> set[str]:
    """What stands in the first column of the tables, word by word."""
    firsts = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `") or re.match(r"\| \d", line)]
    return {word for one in firsts for word in re.findall(r"`([^`]+)`|(\d+)", one) for word in word if word}


def test_each_code_cause_and_exit_code_has_its_row(repository: Path) -> None:
    found = rows((repository / DOCUMENT).read_text(encoding="utf-8"))
    reasons = codes(repository / "src" / "springback") | {PAUSE}
    assert len(reasons) > 15 and set(watched.VERBS) <= reasons
    causes = {watched.FAILED, watched.WAITING, f"{watched.STOPPED}CODE", CAUSE}
    ends = {str(one) for one in (daily.DONE, daily.FAILED, 2, daily.WAITING, daily.EXITS_ONLY)}
    assert found == reasons | causes | ends
