"""The easel of the notebook's pictures (a page under its finding, quiet axes, a still image), and images for the pages."""

import io
from base64 import b64encode
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure as Sheet
from matplotlib.image import imsave
from numpy.typing import NDArray

from springback.analytics import palette
from springback.analytics.figures import tight

WIDE, DPI = 9.2, 100
SIDES = (("long", palette.LONG), ("short", palette.SHORT))


@dataclass(frozen=True, eq=False, repr=False)
class Exhibit:
    """`title` the finding in words, `sheet` the drawing that shows it. A notebook shows the picture, a terminal the title."""

    title: str
    sheet: Sheet

    def __repr__(self) -> str:
        return self.title

    def png(self) -> bytes:
        """The picture, the same bytes for the same data and matplotlib."""
        page = io.BytesIO()
        FigureCanvasAgg(self.sheet).print_figure(page, format="png", metadata={"Software": None}, facecolor=palette.PAPER)
        return page.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()


def sheet(
    title: str,
    note: str,
    tall: float,
    rows: int = 1,
    columns: int = 1,
    heights: list[float] | None = None,
    left: float = 0.6 / WIDE,
    foot: float = 0.45,
    **space: Any,
) -> tuple[Sheet, list[Axes]]:
    """A page of axes, `tall` inches together, under its title and a line on how to read it; `space` is what else a grid of them takes."""
    big, small = _balanced(title, 84), _balanced(note, 128)
    above = 0.3 * (big.count("\n") + 1)
    head = 0.22 + above + 0.19 * (small.count("\n") + 1) + 0.42
    page = head + tall + foot
    made = Sheet(figsize=(WIDE, page), dpi=DPI, facecolor=palette.PAPER)
    made.text(
        0.2 / WIDE, 1 - 0.2 / page, big.replace("$", r"\$"), va="top", color=palette.INK, fontsize=14, family="serif", linespacing=1.3
    )
    made.text(0.2 / WIDE, 1 - (0.25 + above) / page, small.replace("$", r"\$"), va="top", color=palette.MUTED, fontsize=9, linespacing=1.4)
    space = {"left": left, "right": 1 - 0.25 / WIDE, "top": 1 - head / page, "bottom": foot / page} | space
    grid = made.add_gridspec(rows, columns, height_ratios=heights, **space)
    axes = [made.add_subplot(grid[row, column]) for row in range(rows) for column in range(columns)]
    for one in axes:
        quiet(one)
    return made, axes


def _balanced(words: str, most: int) -> str:
    """`words` on as few lines of at most `most` characters as they need, all about equally long."""
    lines = wrap(tight(words), most)
    narrower = (wrap(tight(words), width) for width in range(most - 1, 20, -1))
    for shorter in narrower:
        if len(shorter) > len(lines):
            break
        lines = shorter
    return "\n".join(lines)


def quiet(one: Axes) -> None:
    """Axes without ornament."""
    one.set_facecolor(palette.PAPER)
    one.tick_params(colors=palette.MUTED, labelsize=8.5, length=0)
    one.grid(axis="y", color=palette.RULE, linewidth=0.7)
    one.set_axisbelow(True)
    for spine in one.spines.values():
        spine.set_visible(False)


def named(one: Axes, name: str) -> None:
    """What the axes show, and its unit, above their left end."""
    one.set_title(name.replace("$", r"\$"), loc="left", fontsize=9.5, color=palette.MUTED)


def dated(one: Axes, labels: bool = True) -> None:
    """Dates across; their words only where `labels`."""
    one.margins(x=0)
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    one.xaxis.set_major_locator(locator)
    one.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    one.tick_params(labelbottom=labels)


def percent(value: float, _: object = None) -> str:
    """A label of an axis of fractions, with as many decimals as tell it from its neighbours."""
    return f"{100 * value:.6g}%".replace("-", "\u2212")


def legend(one: Axes) -> None:
    """Above the axes, at the right, where nothing is drawn."""
    one.legend(frameon=False, fontsize=9, labelcolor=palette.INK, ncols=2, loc="lower right", bbox_to_anchor=(1.01, 0.97))


def shaded(shares: NDArray[np.float64], colour: str) -> str:
    """An image of `shares` (R, C), 0 to 1, as a data address: `colour` through which the paper shows where little is there."""
    pixels = np.empty((*shares.shape, 4))
    pixels[..., :3], pixels[..., 3] = to_rgb(colour), shares
    file = io.BytesIO()
    imsave(file, pixels, format="png", metadata={"Software": ""})
    return "data:image/png;base64," + b64encode(file.getvalue()).decode()
