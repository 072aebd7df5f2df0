"""A verb of the command line: groups of options laid out flat, a console to speak with, and the command as it was typed."""

import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from inspect import Parameter, Signature, signature
from typing import Any

import typer

from springback.cli.options import Output
from springback.project import project

ELSEWHERE = ("--out", "--cluster")
UNSPOKEN = {"--quiet", "-q", "--json", "--debug"}


def spoken(function: Callable[..., int | None]) -> Callable[..., None]:
    """`function(console, ...)` as a verb: a parameter whose type is a group of `options` becomes the options of the group, and those of
    `Output` stand last. Exit code 1 where it returns False, and the code itself where it returns another one.
    """
    groups: dict[str, Any] = {}
    flat: list[Parameter] = []
    for one in list(signature(function).parameters.values())[1:]:
        if is_dataclass(one.annotation):
            groups[one.name] = one.annotation
            flat += _options(one.annotation)
        else:
            flat.append(one.replace(kind=Parameter.KEYWORD_ONLY))
    flat += _options(Output)

    def verb(**given: Any) -> None:
        from springback.verbs.console import Console

        with Console(given.pop("as_json"), given.pop("quiet")) as console:
            for name, group in groups.items():
                given[name] = group(**{one.name: given.pop(one.name) for one in fields(group)})
            sound = function(console, **given)
        if sound is False or (sound is not None and sound is not True and sound != 0):
            raise typer.Exit(int(sound) or 1)

    verb.__name__, verb.__doc__ = function.__name__, function.__doc__
    verb.__wrapped__ = function  # type: ignore[attr-defined]
    verb.__annotations__ = {one.name: one.annotation for one in flat}
    verb.__signature__ = Signature(flat)  # type: ignore[attr-defined]
    return verb


def unless_named(verb: Callable[..., None]) -> Callable[..., None]:
    """`verb`, which `spoken` made, as what a group of verbs does where none of them is named: `springback book`."""

    def alone(context: typer.Context, **given: Any) -> None:
        if context.invoked_subcommand is None:
            verb(**given)

    own = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    alone.__doc__, alone.__wrapped__ = verb.__doc__, verb.__wrapped__  # type: ignore[attr-defined]
    alone.__annotations__ = {"context": typer.Context, **verb.__annotations__}
    alone.__signature__ = Signature([own, *signature(verb).parameters.values()])  # type: ignore[attr-defined]
    return alone


def _options(group: Any) -> list[Parameter]:
    return [Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type) for one in fields(group)]


def command() -> str:
    """The command as it was typed, but for where it wrote, who did the work and how it spoke: the same run elsewhere is the same run."""
    words = [word for word in sys.argv[1:] if word not in UNSPOKEN]
    kept = [
        word
        for k, word in enumerate(words)
        if not word.startswith(tuple(f"{one}=" for one in ELSEWHERE)) and not {word, words[k - 1] if k else ""} & set(ELSEWHERE)
    ]
    here = project().file
    return " ".join(["springback", *kept, *([f"(project {here})"] if here else [])])
