"""What every page stands on: the template engine, plotly.js inside the page, data that may stand inside a script element."""

from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from springback.analytics import encode
from springback.analytics.figures import tight, whole_dates
from springback.grammar import agree


def script(value: Any) -> str:
    """JSON that may stand inside a script element."""
    return encode.text(value, indent=None).strip().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def plotly() -> str:
    """plotly.js, whole."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("</script", "<\\/script")


def _in_words(value: Any) -> Any:
    """A plain text as a person reads it; what is marked as HTML stays."""
    return agree(value) if type(value) is str else value


def render(template: str, *packages: str, **values: Any) -> str:
    """`template` with `values`, every text escaped. It is looked for in the templates of `packages`, then in those of this room."""
    found = ChoiceLoader([PackageLoader(one) for one in (*packages, "springback.analytics")])
    environment = Environment(
        loader=found, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_in_words
    )
    environment.filters |= {"tight": tight, "whole_dates": whole_dates}
    return environment.get_template(template).render(plotly=plotly(), **values)
