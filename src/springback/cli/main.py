"""The last door: what goes wrong in a verb becomes one line and an exit code."""

import json
import sys
import time
from typing import Any

import typer

from springback.cli.app import app
from springback.cli.encoding import speakable
from springback.errors import SpringbackError

USAGE: Any = typer.BadParameter.__mro__[2]  # click's ClickException, which typer brings along but does not name
INTERRUPTED = 130  # what typer makes of Ctrl-C
PLAIN = (("Value error, ", ""), ("does not match the formats '%Y-%m-%d'.", "must be a day such as 2026-11-27"))
"""What typer's words about a value mean."""


def main() -> None:
    """The command: exit code 0 done, 1 the job failed, 2 bad usage or bad input."""
    arguments = sys.argv[1:]
    started = time.monotonic()
    speakable()
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except USAGE as error:
        said = error.format_message()
        if not said:  # no verb at all: the help was shown
            sys.exit(2)
        _fail(error, f"{_plain(said)} ({_verb(error)} --help)", 2, arguments)
    except SpringbackError as error:
        _fail(error, str(error), error.exit_code, arguments)
    except (KeyboardInterrupt, typer.Abort) as stop:
        spent = time.monotonic() - started
        _fail(stop, f"interrupted after {spent:.0f} s; nothing is half-written: the same command goes on", 1, arguments)
    except MemoryError as error:
        _fail(error, "out of memory: take fewer names or a shorter span", 1, arguments)
    except Exception as error:  # noqa: BLE001 (the last door: a user never sees a traceback unless asked for)
        _fail(
            error,
            f"internal error, {type(error).__name__}: {error}: run again with 'springback --debug ...' for the traceback",
            1,
            arguments,
        )


def _plain(text: str) -> str:
    for theirs, ours in PLAIN:
        text = text.replace(theirs, ours)
    return text


def _verb(error: Any) -> str:
    """The verb that was used wrongly, as it is called."""
    words: list[str] = []
    context = getattr(error, "ctx", None)
    while context is not None and context.parent is not None:
        words.insert(0, context.info_name)
        context = context.parent
    return " ".join(["springback", *words])


def _fail(error: BaseException, message: str, code: int, arguments: list[str]) -> None:
    if "--debug" in arguments:
        raise error
    line = " ".join(message.split())
    if "--json" in arguments:
        told: dict[str, Any] = {"error": type(error).__name__, "message": line, "exit_code": code}
        sys.stdout.write(json.dumps(told) + "\n")
    sys.stderr.write(f"springback: {line}\n")
    sys.exit(code)
