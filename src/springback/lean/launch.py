"""One run of an engine: in a process group of its own, its output kept and read for the session it has come to, stopped when it hangs.

The engine itself writes a line a minute on its memory (LEAN, Common/Isolator.cs), also when the algorithm has stopped moving: such a line
is a sign of life only while the time step it names is younger than a minute.
"""

import os
import re
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO

from springback.errors import EngineError

Progress = Callable[[int, int, str], None]
SILENCE = 600.0  # seconds without a word from the algorithm
GRACE = 10.0  # seconds an engine has to stop by itself
MOST_LOG = 64 * 1024 * 1024
LONGEST_LINE = 64 * 1024
HEARTBEAT = b"Isolator.ExecuteWithTimeLimit()"
MOVING = b"CurrentTimeStepElapsed: 00:"  # minutes, seconds
SESSION = re.compile(rb"TRACE::\s+(?:Debug|Log):.*?\b(\d{4}-\d\d-\d\d)\b")
TROUBLE = re.compile(rb"(?:ERROR::|Unhandled exception\.?)\s*(.*)|^\s*(?:--->\s*)?([\w.]+Exception: .*)")
FRAME = re.compile(rb"^\s+at \S|^\s*--- End of|^\s+File \"")
MERE_WARNING = re.compile(rb"ERROR::\s*(?:Algorithm\.Error: )?(?:Warning\b|.*To meet brokerage precision requirements)", re.IGNORECASE)
"""What LEAN writes as an error and goes on after: a price that was rounded, for one."""


@dataclass(frozen=True)
class TimeLimits:
    """Seconds after which the engine is stopped: of the `whole` run, and of `silence`."""

    whole: float
    silence: float = SILENCE


@dataclass
class EngineOutput:
    """What came out of the engine: its last lines (no stack frames, no mere warnings), its last error or exception, when it last
    said something, and how far it is.
    """

    log: IO[bytes]
    span: tuple[date, date]
    progress: Progress | None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    error: str = ""
    spoke: float = field(default_factory=time.monotonic)
    session: str = ""
    _rest: bytes = b""
    _written: int = 0

    def take(self, piece: bytes) -> None:
        """Takes the next bytes of output."""
        self._keep(piece)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._line(line.rstrip())

    def finish(self) -> None:
        """Takes a last line that was not ended."""
        self._line(self._rest.rstrip())
        self._rest = b""

    def _keep(self, piece: bytes) -> None:
        if self._written < MOST_LOG:
            self.log.write(piece)
            self._written += len(piece)
            if self._written >= MOST_LOG:
                self.log.write(b"\n... further output left out\n")
            self.log.flush()

    def _line(self, line: bytes) -> None:
        beat = HEARTBEAT in line
        if not line or (beat and MOVING not in line):
            return
        self.spoke = time.monotonic()
        if beat:
            return
        if not FRAME.search(line) and not MERE_WARNING.search(line):
            self.tail.append(line[:500].decode(errors="replace"))
            if found := TROUBLE.search(line):
                self.error = (found[1] or found[2] or b"")[:500].decode(errors="replace").strip() or self.error
        if found := SESSION.search(line):
            self._reach(found[1].decode())

    def _reach(self, session: str) -> None:
        first, last = self.span
        with suppress(ValueError):
            here = date.fromisoformat(session)
            if first <= here <= last and session > self.session:
                self.session = session
                if self.progress:
                    self.progress((here - first).days, (last - first).days, session)


def run(
    command: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    limits: TimeLimits,
    span: tuple[date, date],
    progress: Progress | None = None,
    stopped: Callable[[], None] | None = None,
) -> tuple[int, EngineOutput]:
    """The exit code of `command` and what it put out; everything it said stands in `log`.

    `stopped` is called after the group was ended by us (a container has to be ended by its name).
    Raises `EngineError` over one of its `limits`, or when it cannot be started; Ctrl-C ends the group too.
    """
    with log.open("wb") as file:
        output = EngineOutput(file, span, progress)
        try:
            process = subprocess.Popen(
                list(command),
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(f"{command[0]} cannot be started: {error.strerror or error}") from None
        ended = False
        try:
            _listen(process, output, limits, log)
            ended = True
        finally:
            _end(process)
            if not ended and stopped:
                stopped()
    return process.returncode, output


def _listen(process: "subprocess.Popen[bytes]", output: EngineOutput, limits: TimeLimits, log: Path) -> None:
    """Reads until the engine has ended; a child that outlives it and holds the pipe is not waited for."""
    assert process.stdout is not None
    source, started = process.stdout.fileno(), time.monotonic()
    while True:
        ready = select.select([source], [], [], 0.2)[0]
        piece = os.read(source, 1 << 16) if ready else b""
        output.take(piece)
        if process.poll() is not None and not piece:
            output.finish()
            return
        if ready and not piece:  # the pipe is closed, the process not yet gone
            time.sleep(0.05)
        now = time.monotonic()
        if now - started > limits.whole:
            raise EngineError(
                f"LEAN was stopped after {_span(limits.whole)}, the time limit, {_at(output)}; its output: {log}; give --time-limit MINUTES"
            )
        if now - output.spoke > limits.silence:
            raise EngineError(f"LEAN hangs: it said nothing for {_span(limits.silence)}, {_at(output)}; it was stopped; its output: {log}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the whole group: asked first, then forced. What the engine left running is ended with it."""
    gone = process.poll() is not None
    for how, patience in ((signal.SIGINT, GRACE), (signal.SIGTERM, GRACE / 2), (signal.SIGKILL, GRACE)):
        if gone and how is not signal.SIGKILL:
            continue
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            gone = True
    if process.stdout is not None:
        process.stdout.close()


def _at(output: EngineOutput) -> str:
    return f"at session {output.session}" if output.session else "before its first session"


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"
