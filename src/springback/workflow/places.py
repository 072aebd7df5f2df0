"""Where a task finds its models and writes what it makes: refused before the work, held while it is written, never half one run's."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from springback.alone import alone
from springback.analytics import run_folder
from springback.analytics.whole import mend
from springback.data.files.reading import atomic, writing
from springback.data.store.place import is_address
from springback.errors import InputError, MissingData, SettingsError, Taken, Unwritable
from springback.forecasting.archive import ARCHIVE, OLDER
from springback.forecasting.model_store import CARD
from springback.project import usual
from springback.workflow import record
from springback.workflow.progress import Progress

LATEST = "latest"
KINDS = ("walk-forward", "fixed")


def check(models: str | None = None, store: Path | None = None) -> None:
    """Refuses before the work an unknown kind of models and a trial ledger that cannot be written."""
    check_kind(models)
    record.ready(store)


def check_kind(models: str | None) -> None:
    """Refuses an unknown kind of models; None is the usual one. Raises `SettingsError`."""
    if models not in (None, *KINDS):
        raise SettingsError(f"--models must be {' or '.join(KINDS)}, was '{models}'", value=models)


def models_folder(models_dir: Path | None = None, trains: bool = False, beside: Path | None = None, kind: str | None = None) -> Path:
    """The folder of models `models_dir`, or the usual one. Creates nothing.

    `trains`: the task makes models there; where it does not, a folder that was named and has none is refused, since nothing that is there
    was meant. `beside` a file of forecasts nothing is asked of models: `models_dir` and `kind` are refused. Raises `InputError`,
    `MissingData`, `Unwritable`.
    """
    if beside is not None:
        if models_dir is not None or kind is not None:
            raise InputError("--forecasts brings what models would say: leave --models and --models-dir out")
        return usual("models")
    folder = models_dir or usual("models")
    writable(folder)
    if models_dir is not None and not trains and not holds_models(folder):
        raise MissingData(
            f"{folder} holds no models: make them with 'springback forecast --models-dir {folder}', or leave --models-dir out"
        )
    return folder


def holds_models(folder: Path) -> bool:
    """Whether a pair of models lies in `folder`, or one of a walk-forward."""
    return (folder / CARD).is_file() or any(any(folder.glob(f"{one}/*/{CARD}")) for one in (ARCHIVE, OLDER))


def writable(folder: Path) -> None:
    """Nothing, if `folder` can be written, or made. Creates nothing. Raises `Unwritable`."""
    if is_address(folder):
        return  # the store itself tells
    nearest = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists() or one.is_symlink())
    try:
        if not nearest.is_dir():
            raise NotADirectoryError(20, "Not a directory")
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise Unwritable(f"{folder} cannot be written ({error.strerror}): choose another place or free it") from None


@contextmanager
def filling(models: Path, progress: Progress) -> Iterator[None]:
    """Nobody else puts models into the folder `models` while the block runs; whoever does is waited for. Says so where it is a new one."""
    with alone(models, wait=lambda line: progress.say(f"  {line}")):
        if not holds_models(models):
            progress.say(f"  new folder of models: {models}")
        yield


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """`folder`, in which a task writes its page and figures, and nobody else meanwhile. Raises `Taken`, `Unwritable`."""
    writable(folder)
    with alone(Path(os.path.realpath(folder))):
        yield folder


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes `texts`, name -> text, into `folder`: all are whole before the first takes its place."""
    with ExitStack() as stack:
        for name, text in texts.items():
            stack.enter_context(atomic(folder / name)).write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def run(out: Path | None) -> Iterator[Path]:
    """The run folder `out`, nobody else's while the run lasts; without one a new one of the date, to which runs/latest points at the end.

    Raises `InputError` where `out` holds what no run wrote, `Taken`, `Unwritable`.
    """
    runs = usual("runs")
    if out is None or out == runs / LATEST:
        with _dated(runs, datetime.now().strftime("%Y-%m-%d_%H-%M-%S")) as folder:  # noqa: DTZ005 (a folder's name, by the user's clock)
            yield folder
            _point(folder)
        return
    run_folder.check(out)
    with held(out):
        yield out


@contextmanager
def _dated(runs: Path, stem: str) -> Iterator[Path]:
    writable(runs)
    _clear(runs)
    for folder in (runs / (f"{stem}_{k}" if k else stem) for k in range(1000)):
        with ExitStack() as stack:
            try:
                stack.enter_context(alone(folder, patience=0))
            except Taken:
                continue
            if not folder.exists():
                yield folder
                return
    raise InputError(f"{runs} holds a thousand runs of {stem}: clear it")


def _clear(runs: Path) -> None:
    """Clears what killed runs left hidden beside the run folders."""
    names = {one.name[1:].rpartition(".")[0] for word in ("lock", "unfinished", "replaced") for one in runs.glob(f".*.{word}")}
    for name in sorted(names):
        try:
            with alone(runs / name):
                mend(runs / name)
        except Taken:
            continue


def _point(folder: Path) -> None:
    """Lets runs/latest point at a run folder beside it; a run that was written there when it was a folder gets a name by its date."""
    if not (folder / "summary.json").is_file():
        return
    runs = folder.parent
    link, new = runs / LATEST, runs / f".{LATEST}.new"
    with alone(link, wait=lambda _: None), writing(link):
        if link.is_dir() and not link.is_symlink():
            when = datetime.fromtimestamp(link.stat().st_mtime).strftime("%Y-%m-%d_%H-%M-%S")  # noqa: DTZ006 (as above)
            free = (runs / f"{when}{f'_{k}' if k else ''}" for k in range(1000))
            link.rename(next(one for one in free if not one.exists()))
        new.unlink(missing_ok=True)
        new.symlink_to(folder.name)
        new.replace(link)
