"""How a verb speaks: a progress bar on stderr, text or one JSON object on stdout."""

import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from springback.grammar import agree
from springback.project import project

WIDTH = 120  # of tables that go to a file or a pipe


class _Mouth(RichConsole):
    """A console whose reader may leave (`| head`): the job is done all the same, only nobody hears it."""

    def on_broken_pipe(self) -> None:
        """What rich calls then; its own way is to end the process."""
        self.quiet = True
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (for as long as the process lasts)


class Console:
    """One verb's output. `payload` is what `--json` prints at the end; text goes to stdout unless `--json` or `--quiet`."""

    def __init__(self, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.silent = quiet or as_json
        self.payload: dict[str, Any] = {}
        self.out = _Mouth(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)
        self.bar = Progress(
            TextColumn("{task.fields[step]:<10}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.description}"),
            console=RichConsole(stderr=True),
            transient=True,
            disable=self.silent or not sys.stderr.isatty(),
        )
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        here = project().file
        if here:
            self.payload["project"] = str(here)
            self.say(f"project: {here}")
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.bar.stop()
        if error is None and self.as_json:
            sys.stdout.write(json.dumps(self.payload, default=str, allow_nan=False) + "\n")

    def step(self, step: str) -> "Step":
        """A progress callable (done, total, text) shown under the name `step`."""
        return Step(self, step)

    def say(self, text: str) -> None:
        """One line of text."""
        if not self.silent:
            self.out.print(agree(text), markup=False)

    def show(self, table: Table) -> None:
        """A table."""
        if not self.silent:
            self.out.print(table)


class Step:
    """Progress of one step; calling it moves its bar."""

    def __init__(self, console: Console, step: str) -> None:
        self.console = console
        self.name = step

    def __call__(self, count: int, total: int, text: str) -> None:
        """`count` of `total`, busy with `text`."""
        tasks, bar = self.console.tasks, self.console.bar
        if self.name not in tasks:
            tasks[self.name] = bar.add_task(text, total=total, step=self.name)
        bar.update(tasks[self.name], completed=count, total=total, description=text)


class _Table(Table):
    """A table whose cells agree in number, as all text that leaves for a person does."""

    def add_row(self, *cells: Any, **style: Any) -> None:
        """A row, as rich adds it."""
        super().add_row(*(agree(cell) if isinstance(cell, str) else cell for cell in cells), **style)


def table(title: str, *columns: str) -> Table:
    """An empty table, the first column on the left and the others right-aligned."""
    empty = _Table(title=agree(title), title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 1))
    for k, column in enumerate(columns):
        empty.add_column(column, justify="left" if k == 0 else "right", style="" if k else "bold", no_wrap=True)
    return empty
