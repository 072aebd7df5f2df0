"""What a review is made of: figures with interval and source, what is missing and why, proposals, triggers, sections."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args

import numpy as np

from springback.analytics.figures import Unit
from springback.errors import InputError
from springback.market.origin import NOTHING
from springback.market.prose import Prose

State = Literal["green", "amber", "red", "unknown"]
Interval = Literal["exact", "estimated", "too few"]
"""How sure a figure is: counted, with no interval to give; estimated, with one; estimated from too few for one."""
Absence = Literal[
    "account",
    "benchmark",
    "broker",
    "drill",
    "equity",
    "evidence",
    "forecasts",
    "ledger",
    "market",
    "models",
    "sectors",
    "sessions",
    "shares",
]
"""What a section is without."""
WORDS: Mapping[Absence, Prose] = {
    "account": Prose("no frozen decision of this quarter: the desk's folder holds none"),
    "equity": Prose("the equity of the account is unknown at every decision of this quarter"),
    "broker": Prose("no broker yet: there is no journal, so nothing is reconciled and no chain of worlds can be told"),
    "evidence": Prose("no fill that a broker told: assumed fills are no evidence of what trading costs"),
    "forecasts": Prose("no frozen forecast whose label is known"),
    "ledger": Prose("the trial ledger holds no backtest of this market: nothing says what to expect"),
    "market": Prose("no market data: no store was found"),
    "models": Prose("no models: the threshold is not walked forward ('springback forecast' makes them)"),
    "benchmark": Prose("no benchmark in the market data: beta unknown"),
    "sectors": Prose("sector unknown: the market data name none"),
    "sessions": Prose("too few sessions"),
    "shares": Prose("shares outstanding unknown: size is told by dollar volume alone"),
    "drill": Prose("no restore drill is recorded"),
}
Knob = float | tuple[float, ...]
ABSENCES: tuple[str, ...] = get_args(Absence)


@dataclass(frozen=True)
class Quarter:
    """A calendar quarter, `year` and `number` 1 to 4; written 2026Q3."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def next(self) -> "Quarter":
        """The quarter after it."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def previous(self) -> "Quarter":
        """The quarter before it."""
        return Quarter(self.year - (self.number == 1), (self.number - 2) % 4 + 1)

    def holds(self, session: date) -> bool:
        """Whether `session` lies in it."""
        return self.first <= session < self.next.first


def quarter_of(session: date) -> Quarter:
    """The quarter of a day."""
    return Quarter(session.year, (session.month + 2) // 3)


def quarter_from(text: str) -> Quarter:
    """The quarter that `text` writes as 2026Q3. Raises `InputError`."""
    year, mark, number = text.upper().partition("Q")
    if not (mark and len(year) == 4 and year.isdecimal() and int(year) >= 1 and number in ("1", "2", "3", "4")):
        raise InputError(f"--quarter takes a quarter such as 2026Q3, was '{text}'", value=text)
    return Quarter(int(year), int(number))


@dataclass(frozen=True)
class Source:
    """The file or table that a figure comes from, and the SHA-256 of what was read; an empty hash where there is nothing to hash."""

    name: str
    hash: str = ""


NOWHERE = Source("none")


@dataclass(frozen=True)
class Figure:
    """A `value` in `unit` (None: unknown), its 95 % interval `low..high` where it is estimated, `source`, and a `note` on how it is
    meant.
    """

    name: str
    value: float | str | None
    unit: Unit
    source: Source
    interval: Interval = "exact"
    low: float | None = None
    high: float | None = None
    note: Prose = NOTHING


def counted(name: str, value: float | str | None, unit: Unit, source: Source, note: str = "") -> Figure:
    """A figure without an interval: it was counted, or read. What is no number is unknown."""
    return Figure(name, _finite(value), unit, source, note=Prose(note))


def estimated(name: str, value: float, band: tuple[float, float], unit: Unit, source: Source, note: str = "") -> Figure:
    """A figure with its interval `band`; "too few" where that is not known."""
    low, high = (_finite(one) for one in band)
    known = low is not None and high is not None
    return Figure(name, _finite(value), unit, source, "estimated" if known else "too few", low, high, Prose(note))  # type: ignore[arg-type]


def _finite(value: float | str | None) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    return float(value) if np.isfinite(value) else None


@dataclass(frozen=True)
class Missing:
    """What a section is without, and the same in words."""

    what: Absence
    words: Prose


def missing(*names: Absence) -> tuple[Missing, ...]:
    """Those absences with their words."""
    return tuple(Missing(name, WORDS[name]) for name in names)


@dataclass(frozen=True)
class Proposal:
    """A setting `knob` that the review proposes to change from `current` to `value`, why, and the gain with the interval that speaks for it
    (None where the reason is a limit, not a gain). Nothing is changed by it.
    """

    knob: str
    current: Knob
    value: Knob
    why: Prose
    gain: Figure | None = None


@dataclass(frozen=True)
class Trigger:
    """Something that asks for an extra review: whether it `fired` (None: nobody can know), in words, and where that is from."""

    key: str
    fired: bool | None
    words: Prose
    source: Source


@dataclass(frozen=True)
class Grid:
    """A table: the heads, whether each column holds text, and cells as shown."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: tuple[bool, ...]
    note: Prose = NOTHING


@dataclass(frozen=True)
class Curve:
    """A picture: `lines` (name, values), values None where unknown, over the labels `across`; in `unit`."""

    key: str
    title: str
    note: Prose
    across: tuple[str, ...]
    lines: tuple[tuple[str, tuple[float | None, ...]], ...]
    unit: Unit


def curve(values: Iterable[float]) -> tuple[float | None, ...]:
    """Values as a `Curve` has them: rounded to what can be seen, None where there is none."""
    return tuple(round(float(one), 6) if np.isfinite(one) else None for one in values)


@dataclass(frozen=True)
class Section:
    """A section: its `state`, figures, tables, what it says in words, what it is without, what it proposes, assumptions that failed, and
    pictures."""

    key: str
    title: str
    state: State
    figures: tuple[Figure, ...] = ()
    grids: tuple[Grid, ...] = ()
    words: tuple[Prose, ...] = ()
    absent: tuple[Missing, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    failures: tuple[Prose, ...] = ()
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True)
class Review:
    """The whole document of a `quarter`, its sections in order; `first` and `last` the sessions that were decided in it, empty where
    none.
    """

    quarter: Quarter
    account: str
    first: str
    last: str
    sections: tuple[Section, ...]
    triggers: tuple[Trigger, ...]
    version: str | None
    flags: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """What all sections propose."""
        return tuple(proposal for section in self.sections for proposal in section.proposals)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source of a figure or trigger, once."""
        every = [figure.source for section in self.sections for figure in section.figures] + [one.source for one in self.triggers]
        return tuple(dict.fromkeys(one for one in every if one != NOWHERE))


def worst(states: Iterable[State]) -> State:
    """The worst of `states`; unknown where nothing is known."""
    known = set(states)
    return next((one for one in ("red", "amber", "green") if one in known), "unknown")
