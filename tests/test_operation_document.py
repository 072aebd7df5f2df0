"""docs/operation.md knows every code that an evening can give, and says what to do; it knows no other."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from springback.trading.timetable import Phase
from springback.workflow import broker_words, daily, governance, reconcile, trade_batch, trade_outcome, watched
from springback.workflow.alerts import CAUSE
from springback.workflow.book import PAUSE
from springback.workflow.curbs import FLATTEN

DOCUMENT = "docs/operation.md"
GUARD = "src/springback/trading/guard.py"


def codes(paths: Iterable[Path], kind: str = "Reason") -> set[str]:
    """The codes of all values of a kind that modules give, as they are written down: a word, or a constant of one of the modules."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    constants = {name: word for tree in trees for name, word in _constants(tree)}
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == kind]
    given = [one.args[0] for one in calls if one.args]
    plain = {one.value for one in given if isinstance(one, ast.Constant)}
    return plain | {constants[one.id] for one in given if isinstance(one, ast.Name) and one.id in constants}


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The words that a module gives a name, alone or several in one line."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names, values = (one.elts if isinstance(one, ast.Tuple) else [one] for one in (node.targets[0], node.value))
            for name, value in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield name.id, value.value


def rows(text: str) -> set[str]:
    """What stands in the first column of the tables, word by word."""
    firsts = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `") or re.match(r"\| \d", line)]
    return {word for one in firsts for word in re.findall(r"`([^`]+)`|(\d+)", one) for word in word if word}


def test_each_code_cause_and_exit_code_has_its_row(repository: Path) -> None:
    found = rows((repository / DOCUMENT).read_text(encoding="utf-8"))
    reasons = codes((repository / "src" / "springback").rglob("*.py")) | codes([repository / GUARD], "Verdict")
    reasons |= {PAUSE, FLATTEN, governance.CONTESTS, governance.WATCH, governance.RETRAINING}
    reasons |= {word for _, word in trade_batch.CODES.values()} | {*broker_words.UNFIT, reconcile.UNEXPLAINED, reconcile.TAKEN}
    reasons |= set(get_args(Phase)) - {"sending"}
    assert len(reasons) > 15 and set(watched.VERBS) <= reasons
    causes = {watched.FAILED, watched.WAITING, f"{watched.STOPPED}CODE", CAUSE}
    ends = {str(one) for one in (daily.DONE, daily.FAILED, 2, daily.WAITING, daily.EXITS_ONLY)}
    ends |= {str(one) for one in (trade_outcome.UNREACHABLE, trade_outcome.HALTED, trade_outcome.UNKNOWN)}
    assert found == reasons | causes | ends
