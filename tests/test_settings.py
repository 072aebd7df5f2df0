"""Settings: defaults, then files, then --set; what is wrong is named with its way out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from springback.errors import SettingsError
from springback.settings import build, flat, load


@dataclass(frozen=True)
class Engine:
    pistons: int = 4
    heat: float = 1.5
    fuel: Literal["petrol", "diesel"] = "petrol"

    def __post_init__(self) -> None:
        if self.pistons < 1:
            raise SettingsError(f"engine.pistons must be at least 1, was {self.pistons}")


@dataclass(frozen=True)
class Wheels:
    sizes: tuple[float, float] = (17.0, 18.0)


@dataclass(frozen=True)
class Car:
    engine: Engine = field(default_factory=Engine)
    wheels: Wheels = field(default_factory=Wheels)


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_nothing_given_is_the_defaults() -> None:
    assert load(Car) == Car()


def test_later_files_win_and_set_wins_over_files(tmp_path: Path) -> None:
    first = written(tmp_path, "first.toml", "[engine]\npistons = 6\nheat = 2.0\n[wheels]\nsizes = [1, 2]\n")
    second = written(tmp_path, "second.toml", "[engine]\npistons = 8\n")
    assert load(Car, [first, second]) == Car(Engine(8, 2.0), Wheels((1.0, 2.0)))
    assert load(Car, [second, first]).engine.pistons == 6
    assert load(Car, [first, second], ["engine.pistons=2", "engine.pistons = 3"]) == Car(Engine(3, 2.0), Wheels((1.0, 2.0)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("engine.pistons=5", Car(Engine(pistons=5))),
        (" engine.heat = 2", Car(Engine(heat=2.0))),
        ("engine.fuel=diesel", Car(Engine(fuel="diesel"))),
        ('engine.fuel="diesel"', Car(Engine(fuel="diesel"))),
        ("wheels.sizes=[1.5, 2.5]", Car(wheels=Wheels((1.5, 2.5)))),
    ],
)
def test_set_takes_what_toml_takes_and_bare_words(text: str, wanted: Car) -> None:
    assert load(Car, overrides=[text]) == wanted


@pytest.mark.parametrize("text", ["", "engine", "engine.pistons", "pistons=5", "engine.=5"])
def test_set_without_table_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--set takes table\.name=value, was '"):
        load(Car, overrides=[text])


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"engin": {}}, r"settings have no table 'engin': did you mean 'engine'\?"),
        ({"zzz": {}}, r"settings have no table 'zzz': known are engine, wheels"),
        ({"engine": {"piston": 3}}, r"settings have no knob 'engine.piston': did you mean 'engine.pistons'\?"),
        ({"wheels": {"colour": 3}}, r"settings have no knob 'wheels.colour': known are wheels.sizes"),
        ({"engine": 3}, r"'engine' is a table of knobs, was 3: write 'engine.name = value'"),
        ({"engine": {"pistons": "many"}}, r"settings: engine.pistons should be a valid integer.*was 'many'"),
        ({"engine": {"pistons": 2.5}}, r"settings: engine.pistons should be a valid integer.*was 2.5"),
        ({"engine": {"heat": float("nan")}}, r"settings: engine.heat should be a finite number, was nan"),
        ({"engine": {"fuel": "coal"}}, r"settings: engine.fuel should be 'petrol' or 'diesel', was 'coal'"),
        ({"engine": {"pistons": 0}}, r"engine.pistons must be at least 1, was 0"),
    ],
)
def test_what_is_wrong_is_named(tables: dict[str, dict[str, object]], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        build(Car, tables)


def test_a_file_that_is_no_toml_absent_or_a_folder_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"torn\.toml is not TOML: ."):
        load(Car, [written(tmp_path, "torn.toml", "[engine")])
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(SettingsError, match=r"latin\.toml is not TOML"):
        load(Car, [tmp_path / "latin.toml"])
    with pytest.raises(SettingsError, match=r"absent\.toml does not exist"):
        load(Car, [tmp_path / "absent.toml"])
    with pytest.raises(SettingsError, match="cannot be read"):
        load(Car, [tmp_path])


def test_a_knob_outside_any_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'pistons' stands outside any table"):
        load(Car, [written(tmp_path, "flat.toml", "pistons = 3\n")])


def test_flat_names_every_knob_and_builds_the_same_again() -> None:
    car = Car(Engine(6, 2.0, "diesel"))
    names = flat(car)
    assert names == {"engine.pistons": 6, "engine.heat": 2.0, "engine.fuel": "diesel", "wheels.sizes": (17.0, 18.0)}
    assert load(Car, overrides=[f"{name}={list(value) if isinstance(value, tuple) else value}" for name, value in names.items()]) == car
