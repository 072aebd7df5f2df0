"""What may be tried: named settings with the range of each, and the neighbours of a point."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from springback.errors import SettingsError

Value = float | int | str
Values = dict[str, Value]
STEPS = 12  # of a knob's range: how far the next neighbour lies


@dataclass(frozen=True)
class Searchable:
    """`values` of the settings that may be tried, by their full names, and the names of those beside them that are `luck`."""

    values: Mapping[str, object]
    luck: frozenset[str]

    @property
    def tables(self) -> str:
        """The tables that they are of, in words."""
        return ", ".join(dict.fromkeys(name.split(".")[0] for name in self.values))


@dataclass(frozen=True)
class Knob:
    """A setting `name` that is tried from `low` to `high`, whole numbers only where `whole`, or one of `choices`."""

    name: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    choices: tuple[Value, ...] = ()

    @property
    def words(self) -> str:
        """The range as a person reads it."""
        return ", ".join(str(one) for one in self.choices) if self.choices else f"{self.low:g} to {self.high:g}"

    def around(self, value: Value, count: int) -> list[Value]:
        """`count` neighbours of `value`, itself among them, a twelfth of the range apart, inside it; all the choices."""
        if self.choices or isinstance(value, str):
            return list(self.choices)
        step = (self.high - self.low) / STEPS
        step = max(1, round(step)) if self.whole else step
        half = (count - 1) // 2
        near = [value + k * step for k in range(-half, half + 1)]
        inside = [one for one in near if self.low <= one <= self.high]
        return [one if one == value else int(one) if self.whole else round(one, 6) for one in inside]


def parse(text: str, searchable: Searchable) -> Knob:
    """The knob of `table.name=low:high` or `table.name=one,other`. Raises `SettingsError`."""
    name, equals, told = (part.strip() for part in text.partition("="))
    if not equals or not told:
        raise SettingsError(
            f"a knob is told as strategy.probability=0.5:0.7 or strategy.stop_mode=close,intraday, was '{text}'", value=text
        )
    values = searchable.values
    if name not in values:
        near = difflib.get_close_matches(name, values, n=1, cutoff=0.5)
        why = "luck is not searched" if name in searchable.luck else f"it must be a setting of {searchable.tables}"
        raise SettingsError(f"'{name}' cannot be tried: {why}{f'; did you mean {near[0]}?' if near else ''}")
    kind = type(values[name])
    low, colon, high = told.partition(":")
    if not colon:
        choices = tuple(_value(name, one, kind) for one in told.split(","))
        if len(set(choices)) < 2:
            raise SettingsError(f"knob {name} needs at least two values to choose from, was '{told}'", value=told)
        return Knob(name, choices=tuple(dict.fromkeys(choices)))
    if kind not in (int, float):
        raise SettingsError(f"knob {name} is a word, not a number: name its values, as {name}={values[name]},...")
    ends = [_value(name, one, kind) for one in (low, high)]
    least, most = (float(one) for one in ends)
    if not least < most:
        raise SettingsError(f"knob {name} needs low < high, was '{told}'", value=told)
    return Knob(name, least, most, whole=kind is int)


def parse_all(texts: Sequence[str], searchable: Searchable) -> tuple[Knob, ...]:
    """Every knob, each named once. Raises `SettingsError`."""
    found = tuple(parse(text, searchable) for text in texts)
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"knob {name} is named twice")
    return found


def _value(name: str, text: str, kind: type) -> Value:
    text = text.strip()
    try:
        return kind(text) if kind in (int, float) else text
    except ValueError:
        raise SettingsError(f"knob {name} is {'a whole number' if kind is int else 'a number'}, was '{text}'", value=text) from None
