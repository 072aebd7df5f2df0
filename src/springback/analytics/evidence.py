"""What every page says of what it stands on, written once: the flags before any figure, the table of settings, the pair of files."""

from collections.abc import Mapping
from typing import Any

from springback.analytics import encode
from springback.analytics.cells import Cell, Table
from springback.market.origin import Provenance
from springback.market.prose import warned

IN_SAMPLE = "IN-SAMPLE: the models were trained on part of the window they are tested on. These figures say nothing about the future."
NO_EVIDENCE = "not evidence about real markets."


def flags(provenance: Provenance, without_edge: str, with_edge: str = NO_EVIDENCE, in_sample: bool = False) -> tuple[str, ...]:
    """What must be known before any figure: that the data are not usable, that training and test overlap, and that the market is a demo,
    with the words for one without an edge and one with a planted one.
    """
    said = [*warned(provenance.findings), *((IN_SAMPLE,) if in_sample else ())]
    if provenance.demo:
        edge, words = ("with a planted edge", with_edge) if provenance.planted else ("without any edge", without_edge)
        said.append(f"Demo market {edge}: {words}")
    return tuple(said)


def settings_table(provenance: Provenance) -> Table:
    """Every knob."""
    rows = tuple((Cell(name, left=True), Cell(str(value), left=True)) for name, value in provenance.settings.items())
    return Table("Settings", "", (("Knob", True), ("Value", True)), rows)


def pair(name: str, figures: Mapping[str, Any], page: str) -> dict[str, str]:
    """The files of a study, text by name: its figures as NAME.json and its page as NAME.html."""
    return {f"{name}.json": encode.text(figures), f"{name}.html": page}
