"""What every page stands on: the template engine, plotly.js inside the page, data that may stand inside a script element."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from springback.analytics import encode, palette
from springback.analytics.charts import Chart
from springback.analytics.figures import tight, whole_dates
from springback.grammar import agree

BUNDLE = "plotly-basic.min.js"
"""plotly.js 2.35.2, its authors' partial bundle of lines, bars and pies (npm plotly.js-basic-dist-min, MIT), unchanged: a quarter of the
whole library. It has no heat map: a page draws one of bars, boxes or an image."""
SHARED = 30
"""Lists from this length on that stand in more than one trace are written once."""


def script(value: Any) -> str:
    """JSON that may stand inside a script element."""
    return encode.text(value, indent=None).strip().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def figures(charts: Iterable[Chart]) -> str:
    """The charts' traces and layouts as JSON for a script element; the dates that many traces have in common stand there once."""
    lists: dict[tuple[Any, ...], int] = {}

    def lean(trace: dict[str, Any]) -> dict[str, Any]:
        across = trace.get("x", ())
        return trace if len(across) < SHARED else trace | {"x": lists.setdefault(tuple(across), len(lists))}

    drawn = {chart.key: {"data": [lean(trace) for trace in chart.traces], "layout": chart.layout} for chart in charts}
    return script({"lists": list(lists), "charts": drawn})


@cache
def plotly() -> str:
    """plotly.js as it may stand inside a script element."""
    return files(__package__).joinpath("vendor", BUNDLE).read_text(encoding="utf-8").replace("</script", "<\\/script")


def _in_words(value: Any) -> Any:
    """A text as a person reads it, prose too; what is marked as HTML stays."""
    return agree(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def chapters(body: str) -> list[tuple[str, str]]:
    """(id, heading) of every section of a page's body that has both, in order."""
    return re.findall(r'<section id="([^"]+)">\s*<h2>(.*?)</h2>', body, re.DOTALL)


def render(template: str, *packages: str, charts: Mapping[str, Sequence[Chart]] | None = None, **values: Any) -> str:
    """`template` with `values`, every text escaped, and `charts` by where they stand. It is looked for in the templates of `packages`, then
    in those of this room."""
    found = ChoiceLoader([PackageLoader(one) for one in (*packages, "springback.analytics")])
    environment = Environment(
        loader=found, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_in_words
    )
    environment.filters |= {"tight": tight, "whole_dates": whole_dates, "chapters": chapters}
    if charts is not None:
        drawn = figures(chart for group in charts.values() for chart in group)
        values |= {"charts": charts, "plotly": plotly(), "figures_json": drawn, "twins": script(palette.DARK)}
    return environment.get_template(template).render(palette=palette, **values)
