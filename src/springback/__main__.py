"""The command `springback`, also as `python -m springback`."""

import atexit
import os
import sys
from typing import Any

from springback.cli.main import main


def command() -> None:
    """`main` as a process of its own, which ends here and not in the libraries: a reading thread of Arrow can abort it on its way out."""
    code: Any = 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    command()
