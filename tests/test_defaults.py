"""settings/default.toml says what the code does without it, settings/original.toml what `--original` does without it."""

import tomllib
from pathlib import Path

from springback import settings
from springback.market.account import Account
from springback.workflow.settings import Settings


def test_the_file_of_defaults_holds_every_knob_at_its_default(repository: Path) -> None:
    file = repository / "settings" / "default.toml"
    assert settings.load(Settings, [file]) == Settings()
    told = tomllib.loads(file.read_text())
    assert {f"{table}.{name}" for table, knobs in told.items() for name in knobs} == set(settings.flat(Settings()))


def test_the_file_of_the_original_plan_holds_its_dates_and_no_more(repository: Path) -> None:
    told = tomllib.loads((repository / "settings" / "original.toml").read_text())
    assert told == {"backtest": {"start": Account.start, "end": Account.end}}
