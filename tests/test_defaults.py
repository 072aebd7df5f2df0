"""settings/default.toml says what the code does without it."""

from pathlib import Path

from springback import settings
from springback.wiring import Settings


def test_the_file_of_defaults_holds_every_knob_at_its_default(repository: Path) -> None:
    file = repository / "settings" / "default.toml"
    assert settings.load(Settings, [file]) == Settings()
    import tomllib

    told = tomllib.loads(file.read_text())
    assert {f"{table}.{name}" for table, knobs in told.items() for name in knobs} == set(settings.flat(Settings()))
