"""What a page is made of, as values: tiles, tables, pictures, facts, words, forms and framed studies. Text is escaped where it is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

Kind = Literal[
    "text", "code", "dollars", "cents", "shares", "count", "share", "change", "number", "score", "instant", "session", "tone", "until"
]
"""How a cell is drawn. "share" and "change" are fractions shown in per cent, a change with its sign; "dollars" are whole, "cents" with
them; "tone" is a word that is good, bad or neither; "until" an instant, told by what is left until it."""
Tone = Literal["", "good", "bad", "warn", "quiet", "absent"]
LEFT = ("text", "code", "instant", "session", "tone")


@dataclass(frozen=True)
class Column:
    """A column of a table: the key of its cells, its head and how they are drawn. `link`: the address that a cell leads to, in which
    {key} is the row's; `wide`: it has a line of its own on a narrow screen; `export`: it is in
    the CSV file alone.
    """

    key: str
    head: str
    kind: Kind = "text"
    link: str = ""
    signed: bool = False
    wide: bool = False
    export: bool = False

    @property
    def left(self) -> bool:
        """Whether it stands left."""
        return self.kind in LEFT

    @cached_property
    def marks(self) -> str:
        """The classes of its cells, each with a space behind it; a large table asks for them thousands of times."""
        told = {"left": self.left, "code": self.kind == "code", "day": self.kind in ("session", "instant"), "wide": self.wide}
        return "".join(f"{name} " for name, holds in told.items() if holds)

    @cached_property
    def tone(self) -> str:
        """Under which key a row has the tone of its cell."""
        return f"_tone_{self.key}"


@dataclass(frozen=True)
class Sheet:
    """A table: rows are mappings by key, None an empty cell; `nothing` is said where there are none. It is exported under `key`. A row's
    `_tone` colours it; `_tone_KEY` a cell. Of more rows than `most` the first are shown, all are exported.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    note: str = ""
    nothing: str = "Nothing yet."
    most: int = 200


@dataclass(frozen=True)
class Tile:
    """A figure in large: `under` says of what."""

    head: str
    value: Any
    kind: Kind = "text"
    under: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Tiles:
    """Figures side by side."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Facts:
    """Pairs of a name and what it is; a third entry is the kind."""

    title: str
    pairs: tuple[tuple[str, Any] | tuple[str, Any, Kind], ...]


@dataclass(frozen=True)
class Line:
    """A line of a picture: its name, its values (NaN or None: a gap) and its colour by name (`picture.COLOURS`)."""

    name: str
    values: Sequence[float | None]
    colour: str = "net"
    dashed: bool = False
    filled: bool = False
    points: bool = False


@dataclass(frozen=True)
class Picture:
    """Lines over days (ISO dates, or numbers where `across` names what they are); `words` say what is seen, also to who cannot see it.
    `shaded` are spans of days behind the lines, `level` a line across at a value.
    """

    key: str
    title: str
    words: str
    days: Sequence[Any]
    lines: tuple[Line, ...]
    kind: Literal["dollars", "share", "number"] = "number"
    shaded: tuple[tuple[str, str], ...] = ()
    level: float | None = None
    across: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar of a `BarList`: its length, signed where the others are, what is written beside it, and a second line of text."""

    name: str
    value: float
    text: str
    more: str = ""
    link: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class BarList:
    """Named bars, one a line; `words` say what is seen."""

    title: str
    words: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Words:
    """A paragraph; with a `title` a section begins."""

    text: str
    title: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Links:
    """A line of links: (text, address, whether it is the one in view)."""

    title: str
    links: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True)
class Choice:
    """A form that asks for another view of the page: its fields by name, (label, value, options); without options it is typed."""

    fields: Mapping[str, tuple[str, str, Sequence[str]]]
    button: str


@dataclass(frozen=True)
class Act:
    """A form of an operator: `name` of the act, what it does in words, its fields as in `Choice`, the word that must be typed (empty:
    none), and fixed values that go along.
    """

    name: str
    title: str
    words: str
    button: str
    fields: Mapping[str, tuple[str, str, Sequence[str]]] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    word: str = ""


@dataclass(frozen=True)
class Frame:
    """A study in a box of its own, at an address of this dashboard."""

    title: str
    address: str


Block = Tiles | Sheet | Facts | Picture | BarList | Words | Links | Choice | Act | Frame


@dataclass(frozen=True)
class Page:
    """A page: its title, the sentence under it and its blocks in order."""

    title: str
    lead: str
    blocks: tuple[Block, ...]
    tone: Tone = ""

    def sheets(self) -> dict[str, Sheet]:
        """Its tables by key."""
        return {one.key: one for one in self.blocks if isinstance(one, Sheet)}
