"""Everything a run of LEAN needs, laid where LEAN looks for it: package, models, forecasts, folders, configuration; and the command."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from springback.data.files.reading import Columns, atomic, read_table, writing
from springback.errors import InputError, MissingData, ModelError
from springback.forecasting import model_store
from springback.forecasting.archive import OLDER, Archive, read_timeline
from springback.forecasting.card import Card
from springback.lean import bundle, engine_config, engines, folds
from springback.lean.engine_config import ALGORITHM
from springback.lean.engines import Cli, Native
from springback.lean.export import FORMAT
from springback.lean.parameters import Parameters, write
from springback.lean.side_files import spans_hash
from springback.market.bars import Dates
from springback.market.quarantine import Span

MODELS = "models"
WALK_FORWARD = f"{MODELS}/walk_forward"
RECORD = "springback/daily.csv"  # what the algorithm leaves in the object store at the end
CONFIG = "engine-config.json"
OUTPUT = "engine-output.txt"
RUN_WORKSPACE = ".springback-lean.json"
FETCHED = "file-database-last-update"
IMAGE = {"python": "3.11", "numpy": "1.26.4", "scikit-learn": "1.6.1", "lightgbm": "4.6.0"}
"""Versions in LEAN's image (DockerfileLeanFoundation) that a pickled model depends on."""


@dataclass(frozen=True)
class Run:
    """What is ready to be started: `command` in `cwd` with `env`; `config` the engine's, `results` where it writes, `log` where we do."""

    command: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    config: Path
    results: Path
    log: Path


def models(folder: Path, which: str, start: date) -> tuple[dict[str, bytes], list[Card]]:
    """`{object store key: content}` of the "fixed" pair in `folder` or of its "walk-forward" pairs, and their cards.

    Of a walk-forward they are the champions of its timeline, each under the day after whose close it speaks; `folds.json` lists those days,
    and the algorithm reads it. Raises `ModelError`, also where the oldest pair is too young for a backtest from `start` on.
    """
    if which == "fixed":
        files, card = _pair(folder, MODELS)
        return files, [card]
    champions = _champions(folder)
    first = next(iter(champions))
    if first >= start.isoformat():
        raise ModelError(
            f"the oldest models in {folder / 'walk_forward'} are of {first}, the backtest starts on {start}: run 'springback forecast' "
            "from an earlier start, or begin later"
        )
    found = {f"{WALK_FORWARD}/{folds.FOLDS}": bundle.as_json([{"as_of": day} for day in champions])}
    cards = []
    for day, place in champions.items():
        files, card = _pair(place, f"{WALK_FORWARD}/{day}")
        found |= files
        cards.append(card)
    return found, cards


def names(data: Path) -> dict[str, bytes]:
    """`{object store key: content}` of the lists in an exported data folder: the cloud has no such folder."""
    found = {key: data / key for key in ("springback/symbols.csv", "springback/members.csv", "springback/barred.csv")}
    return {key: file.read_bytes() for key, file in found.items() if file.is_file()}


def sessions(data: Path) -> Dates | None:
    """The sessions of an exported data folder with a VIX close; None where it has none."""
    file = data / "springback" / "vix.csv"
    if not file.is_file():
        return None
    return read_table(file, Columns(("date",), (), ("close",)))["date"].to_numpy().astype("datetime64[D]")


def strangers(cards: list[Card]) -> list[str]:
    """A line for each library under which the models were trained in another version than LEAN's image has."""
    found = {
        f"the models were trained under {library} {card.versions[library]}, LEAN's image has {version}: they will not open there"
        for card in cards
        for library, version in IMAGE.items()
        if card.versions.get(library, version) != version
    }
    return sorted(found)


def in_sample(cards: list[Card], which: str, start: date) -> list[str]:
    """A line where the fixed pair learned from sessions of the backtest."""
    late = max((card.known_by for card in cards), default="") if which == "fixed" else ""
    return [f"the fixed models learned from sessions up to {late}, the backtest starts on {start}: its result is in sample"] * (
        late >= start.isoformat()
    )


def exported(data: Path, market_data: str, quarantine: Iterable[Span] = ()) -> bool:
    """Whether `data` holds a finished export of the market data whose content hash is `market_data`, under this quarantine."""
    try:
        told = json.loads((data / "springback" / "export.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    identity = told.get("identity") if isinstance(told, dict) else None
    return isinstance(identity, dict) and (
        (identity.get("format"), identity.get("tape"), identity.get("quarantine")) == (FORMAT, market_data, spans_hash(quarantine))
    )


def check_data(data: Path) -> None:
    """Refuses a data folder that holds no daily bars of ours. Raises `MissingData`."""
    if not (data / "equity" / "usa" / "daily").is_dir():
        raise MissingData(f"{data} holds no equity/usa/daily: run 'springback lean export --out {data}'")


def renew(project: Path) -> None:
    """Writes the `lean.json` and `config.json` of a project as the defaults of the settings are now."""
    _write(project / "lean.json", engine_config.workspace_config("data"))
    _write(project / "config.json", engine_config.project_config(write(Parameters())))


def lay_out(project: Path, package: Path, version: str, storage: Mapping[str, bytes]) -> None:
    """Writes the package beside the algorithm and `storage` into the object store, where what an earlier run of ours left is replaced.

    Raises `InputError` where the project has no algorithm or holds a package of someone else.
    """
    algorithm = project / ALGORITHM
    if not algorithm.is_file():
        raise InputError(f"{algorithm} is not there: give --project the folder of the LEAN project")
    files = bundle.package_files(algorithm, package, version)
    bundle.lay(project / bundle.PACKAGE, {name.partition("/")[2]: content for name, content in files.items()})
    bundle.lay_among(project / "storage", storage)
    with writing(project / "storage"):
        (project / "storage" / RECORD).unlink(missing_ok=True)


def run(engine: Native | Cli, project: Path, data: Path, parameters: Mapping[str, str], env: Mapping[str, str], now: datetime) -> Run:
    """The command of `engine` and all it reads, in a new folder of results under `project`/backtests."""
    project = project.absolute()
    results = _new_folder(project / "backtests", now)
    log = results / OUTPUT
    if isinstance(engine, Native):
        config = results / CONFIG
        _write(config, engine_config.engine_config(project / ALGORITHM, data, results, project / "storage", parameters))
        return Run(tuple(engine.command(config)), engine.launcher.parent, engine.env, config, results, log)
    workspace = _workspace(project, data)
    return Run(tuple(engine.command(ALGORITHM, workspace, results, parameters)), project, dict(env), workspace, results, log)


def keep_record(project: Path, results: Path) -> None:
    """Puts the account's record that the algorithm left in the object store beside the result it belongs to."""
    record = project / "storage" / RECORD
    if record.is_file():
        with atomic(results / record.name) as part:
            part.write_bytes(record.read_bytes())


def _pair(folder: Path, key: str) -> tuple[dict[str, bytes], Card]:
    card = model_store.read_card(folder)
    found = {}
    for name in model_store.FILES:
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise ModelError(f"{folder / name} cannot be read ({error.strerror}): train again") from None
        if name != model_store.CARD and hashlib.sha256(content).hexdigest() != card.files.get(name):
            raise ModelError(f"{folder / name} is not the file of its card: train again")
        found[f"{key}/{name}"] = content
    return found, card


def _champions(models: Path) -> dict[str, Path]:
    """Where the champion lies who speaks after the close of each day, oldest first, as the last forecast had it.

    A folder of an older version has no timeline: there the pair of each as-of date spoke after it, without a record all that are there.
    """
    folder = models / OLDER
    timeline = read_timeline(folder)
    if timeline is not None:
        archive = Archive(models)
        return {one.after: archive.folder(one.model, timeline.hashes.get(one.model, "")) for one in timeline.tenures}
    try:
        days = folds.as_of_days(folder / folds.FOLDS)
    except FileNotFoundError:
        days = sorted(card.parent.name for card in folder.glob(f"????-??-??/{model_store.CARD}"))
    if not days:
        raise ModelError(f"{folder} holds no models: run 'springback forecast', or take --models fixed")
    return {day: folder / day for day in days}


def _workspace(project: Path, data: Path) -> Path:
    """A workspace file of our own: the project's `lean.json` with the data folder of this run.

    The CLI writes into the file it is given, so git's stays clean. When it has not done so for a day by the time it noted there, it
    fetches LEAN's two databases into the data folder (lean-cli, components/cloud/data_downloader.py); without them the note is dropped.
    """
    mine = project / RUN_WORKSPACE
    told = engine_config.workspace_config("data") | _told(project / "lean.json")
    told |= {FETCHED: _told(mine).get(FETCHED, ""), "data-folder": str(data.resolve())}
    if not told[FETCHED] or engines.lacking(data):
        del told[FETCHED]
    _write(mine, told)
    return mine


def _told(file: Path) -> dict[str, Any]:
    """What a JSON file says; nothing where it cannot be read, as with comments in it."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _new_folder(parent: Path, now: datetime) -> Path:
    """A folder that was not there: the instant, and a number where a run of the same second has it."""
    stem = now.strftime("%Y-%m-%d_%H-%M-%S")
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
        for k in range(1000):
            folder = parent / (f"{stem}_{k}" if k else stem)
            try:
                folder.mkdir()
                return folder
            except FileExistsError:
                continue
    raise InputError(f"{parent} holds a thousand runs of {stem}: clear it")


def _write(path: Path, value: Any) -> None:
    with atomic(path) as part:
        part.write_bytes(bundle.as_json(value))
