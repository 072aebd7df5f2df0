"""Signed settings: the pointer leaves the project file as it was, the version lies over it, and what nobody signed is unversioned."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from springback.errors import InputError, SettingsError
from springback.project import FILE, pointed, project, template
from springback.settings import flat
from springback.workflow.settings import Settings, choose
from springback.workflow.version_file import TABLES, folder_of
from springback.workflow.versions import asked, overruled, sign, version_of

MINE = """# mine
[paths]
store = "data"   # where

[strategy]
slots = 25 # not twenty
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a project file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_text(MINE)
    return tmp_path


def wrote(place: Path, *proposals: tuple[str, Any, Any]) -> Path:
    """A written review that proposes (knob, current, value)."""
    told = {"quarter": "2026Q3", "proposals": [dict(zip(("knob", "current", "value"), one, strict=True)) for one in proposals]}
    (place / "review.json").write_text(json.dumps(told))
    return place / "review.json"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", '[settings]\nversion = "0003"\n'),
        ("[paths]\n", '[paths]\n\n[settings]\nversion = "0003"\n'),
        ("[paths]", '[paths]\n\n[settings]\nversion = "0003"\n'),
        ('[settings]\nversion = "0002" # signed\n[paths]\n', '[settings]\nversion = "0003" # signed\n[paths]\n'),
        ('[ settings ] # here\n# version = ""\n', '[ settings ] # here\nversion = "0003"\n# version = ""\n'),
        ("[settings]\n  version='0002'\n", '[settings]\n  version="0003"\n'),
        ("[settings]", '[settings]\nversion = "0003"\n'),
        ('[paths]\r\n# a\r\n[settings]\r\nversion = "0001"\r\n', '[paths]\r\n# a\r\n[settings]\r\nversion = "0003"\r\n'),
    ],
)
def test_the_pointer_changes_its_line_and_no_other(text: str, result: str) -> None:
    assert pointed(text, "0003") == result


@pytest.mark.parametrize("text", ['settings = {version = "0001"}\n', 'settings.version = "0001"\n', 'x = """\n[settings]\n"""\n'])
def test_a_pointer_written_otherwise_is_left_to_a_person(text: str) -> None:
    with pytest.raises(SettingsError, match="by hand"):
        pointed(text, "0003")


def test_the_template_can_be_pointed() -> None:
    text = pointed(template(flat(Settings())), "0001")
    assert tomllib.loads(text)["settings"] == {"version": "0001"} and text.count("version = ") == 2


def test_signing_writes_the_version_and_names_it_and_nothing_else(home: Path) -> None:
    assert version_of(choose()) is None
    signed = sign(asked(wrote(home, ("regime.multiple", 1.15, 1.25))), "Ann")
    assert (signed.number, signed.by, signed.review, signed.previous, signed.changed) == ("0001", "Ann", "2026Q3", "", ("regime.multiple",))
    assert (home / FILE).read_text() == MINE + '\n[settings]\nversion = "0001"\n'
    now = choose()
    assert (now.regime.multiple, now.strategy.slots) == (1.25, 25)  # what was in force was signed with it
    assert version_of(now) == "0001" and set(signed.tables) == set(TABLES)
    assert sorted(path.name for path in (home / "settings" / "versions").iterdir()) == ["0001.toml"]
    again = sign(asked(wrote(home, ("costs.half_spread_bp", [3.0, 8.0, 20.0, 40.0], [4.0, 8.0, 20.0, 40.0]))), "Bob")
    assert (again.number, again.previous) == ("0002", "0001")
    assert choose().costs.half_spread_bp == (4.0, 8.0, 20.0, 40.0) and choose().regime.multiple == 1.25
    assert (home / FILE).read_text() == MINE + '\n[settings]\nversion = "0002"\n'
    (home / FILE).write_text((home / FILE).read_text().replace("0002", "0001"))
    assert choose().costs.half_spread_bp[0] == 3.0 and version_of(choose()) == "0001"  # an older one is a line away
    assert sign(asked(wrote(home, ("strategy.slots", 25, 33))), "Ann").number == "0003"  # and no file is written twice


def test_a_version_lies_over_the_project_and_under_what_is_said_for_one_run(home: Path) -> None:
    """Defaults, settings/default.toml, project, version, --settings, --set."""
    sign(asked(wrote(home, ("strategy.slots", 25, 33))), "Ann")
    (home / FILE).write_text((home / FILE).read_text() + "[regime]\nmultiple = 1.3\n[training]\ntrees = 7\n")
    (home / "more.toml").write_text("[strategy]\nslots = 12\n")
    now = choose()
    assert (now.strategy.slots, now.regime.multiple, now.training.trees) == (33, 1.15, 7)
    assert overruled(project()) == ("strategy.slots", "regime.multiple")
    assert choose(home / "more.toml").strategy.slots == 12 and choose(None, ["strategy.slots=9"]).strategy.slots == 9
    assert version_of(now) == "0001" and version_of(choose(None, ["training.trees=9"])) == "0001"
    assert version_of(choose(home / "more.toml")) is None and version_of(choose(None, ["costs.impact_bp=11"])) is None
    assert choose(original=True).strategy.slots == 33


@pytest.mark.parametrize(
    ("proposal", "said"),
    [
        (("training.trees", 200, 300), "no setting that rule and backtest know"),
        (("strategy.slot", 20, 30), "no setting that rule and backtest know"),
        (("review.gap", 0.3, 0.2), "no setting that rule and backtest know"),
        (("strategy.slots", 20, 30), "the review saw strategy.slots = 20, in force is 25"),
        (("strategy.slots", 25, 0), "must be at least 1"),
        (("strategy.slots", 25, "many"), "strategy.slots"),
    ],
)
def test_what_rule_and_backtest_do_not_know_is_refused_and_not_written(home: Path, proposal: tuple[str, Any, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        sign(asked(wrote(home, proposal)), "Ann")
    assert (home / FILE).read_text() == MINE and not (home / "settings").exists()


def test_what_is_asked_must_be_there(home: Path) -> None:
    with pytest.raises(InputError, match="run 'springback review' first"):
        asked(home / "review.json")
    file = wrote(home, ("strategy.slots", 25, 33), ("regime.multiple", 1.15, 1.2))
    with pytest.raises(InputError, match=r"the review proposes strategy\.slots, regime\.multiple"):
        asked(file, ["costs.impact_bp"])
    assert sign(asked(file, ["regime.multiple"]), "Ann").changed == ("regime.multiple",) and choose().strategy.slots == 25
    for nobody in ("", "  ", "a\nb"):
        with pytest.raises(InputError, match="--by"):
            sign(asked(wrote(home)), nobody)
    file.write_text("{")
    with pytest.raises(InputError, match="is no review"):
        asked(file)
    (home / FILE).unlink()
    with pytest.raises(InputError, match="springback init"):
        sign(asked(wrote(home)), "Ann")


def test_settings_as_they_are_can_be_signed_once(home: Path) -> None:
    assert sign(asked(wrote(home)), 'Ann "the owner"').changed == ()
    assert version_of(choose()) == "0001"
    with pytest.raises(InputError, match="nothing to sign"):
        sign(asked(wrote(home)), "Ann")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace('number = "0001"', 'number = "0002"'), "no signed version"),
        (lambda text: text + "[training]\ntrees = 3\n", r"says \[training\]"),
        (lambda text: text.replace("[version]", "[other]"), "no signed version"),
        (lambda text: text.replace("slots = 25", "slots = 0"), "must be at least 1"),
        (lambda _: "[", "is not TOML"),
    ],
)
def test_a_version_that_is_none_is_one_line_that_names_it(home: Path, change: Any, said: str) -> None:
    sign(asked(wrote(home)), "Ann")
    file = folder_of(project()) / "0001.toml"
    file.write_text(change(file.read_text()))
    with pytest.raises(SettingsError, match=said) as error:
        choose()
    assert "0001.toml" in str(error.value)
    file.unlink()
    with pytest.raises(SettingsError, match="is not there"):
        choose()


def test_a_number_that_is_none_is_refused(home: Path) -> None:
    (home / FILE).write_text('[settings]\nversion = "3"\n')
    with pytest.raises(SettingsError, match="four digits such as 0003, was '3'"):
        project()
