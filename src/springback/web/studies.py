"""The pages that other verbs write, by what they are: each found by a list, never by a path that a visitor names."""

from collections.abc import Mapping
from pathlib import Path

from springback.project import usual

KINDS: Mapping[str, tuple[str, str]] = {
    "run": ("*/report.html", "report.html"),
    "review": ("review/*/review.html", "review.html"),
    "optimise": ("optimise/*/*.html", ""),
    "check": ("check/check.html", "check.html"),
    "monitor": ("monitor/monitor.html", "monitor.html"),
    "validation": ("validation/*.html", ""),
    "stress": ("stress/*.html", ""),
    "audit": ("audit/*.html", ""),
}
"""Kind -> where its pages lie in the folder of runs."""


def studies(kind: str, folder: Path | None = None) -> dict[str, Path]:
    """The pages of a kind, by the name of the folder each lies in, in order; nothing of an unknown kind."""
    pattern = KINDS.get(kind, ("", ""))[0]
    root = folder or usual("runs")
    found = sorted(root.glob(pattern)) if pattern and root.is_dir() else []
    return {one.parent.name: one for one in found if not one.parent.is_symlink() and not one.parent.name.startswith(".")}
