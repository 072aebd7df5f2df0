"""`springback state`: where the state lies, and copies of it by one command."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from springback.project import FILE, project
from springback.state.state import State
from springback.workflow.state_place import place
from tests.state.test_backup import filled
from tests.terminal import done, springback


def test_the_state_lies_in_the_desk_or_where_the_project_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place() == "desk/state.sqlite" and place(Path("other")) == "other/state.sqlite"
    (tmp_path / FILE).write_text('[paths]\nstate = "safe/state.db"\n')
    assert place(Path("other")) == "safe/state.db" == project().paths.state
    (tmp_path / FILE).write_text('[paths]\nstate = "postgresql://ann@host:5433/state?sslmode=require"\n')
    assert place() == "postgresql://ann@host:5433/state?sslmode=require"


def test_a_desk_moves_to_postgresql_and_back_by_two_commands(new: Callable[[str], str], tmp_path: Path) -> None:
    evenings = filled(str(tmp_path / "desk" / "state.sqlite")).evenings("live")
    said = done(springback(tmp_path, "state", "backup", "copies/friday.backup"))
    assert "evening" in said.stdout and "copies/friday.backup" in said.stdout
    url = new("postgresql")
    (tmp_path / FILE).write_text(f'[paths]\nstate = "{url}"\n')
    told = json.loads(done(springback(tmp_path, "state", "restore", "copies/friday.backup", "--json")).stdout)["state"]
    assert told["rows"]["evening"] == 4 and told["database"].startswith("postgresql://springback@/state")
    assert State(url).evenings("live") == evenings
    again = springback(tmp_path, "state", "restore", "copies/friday.backup")
    assert again.returncode == 1 and again.stderr.count("\n") == 1 and "restore into an empty state" in again.stderr
    done(springback(tmp_path, "state", "backup", "copies/back.backup"))
    (tmp_path / FILE).unlink()
    done(springback(tmp_path, "state", "restore", "copies/back.backup", "--desk", "second"))
    assert State(tmp_path / "second" / "state.sqlite").evenings("live") == evenings


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("backup", "copy"), 2, "there is no state desk/state.sqlite to back up"),
        (("restore", "copy"), 2, "there is no backup copy"),
    ],
)
def test_what_is_not_there_is_one_line(words: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    told = springback(tmp_path, "state", *words)
    assert (told.returncode, told.stdout) == (code, "") and told.stderr.count("\n") == 1 and said in told.stderr, told.stderr
    assert not (tmp_path / "copy").exists()
