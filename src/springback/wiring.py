"""The only module that knows every concrete door by name: settings, sources, and the steps from bars to a run folder.

Each step takes values and gives values; files are read and written only where a step says so. The verbs of `cli` and the package's
public names stand on it.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback import features as workbench
from springback.backtest.loop import Market
from springback.backtest.result import Result
from springback.backtest.run import Backtest, prepare
from springback.backtest.run import backtest as replay
from springback.cluster import Workers
from springback.data import checks
from springback.data import rows as data_rows
from springback.data.demo.demo import Demo
from springback.data.demo.demo import draw as draw_market
from springback.data.files import csv_file, csv_folder, one_a_name
from springback.data.files.headers import understanding
from springback.data.files.reading import Table, atomic
from springback.data.files.sheets import Given
from springback.data.files.tables import read_forecasts, write_features, write_forecasts
from springback.data.sources import Source
from springback.data.sources.fetch_settings import Fetch
from springback.data.sources.keys import Keys
from springback.data.store import intake
from springback.data.store.content_hash import content_hash
from springback.data.store.store import Store
from springback.errors import InputError, MissingData, ModelError
from springback.forecasting import model_store
from springback.forecasting.forecast import forecast_panel
from springback.forecasting.models import Models
from springback.market.bars import Bars, Dates, Panel
from springback.market.costs import Costs, Profile
from springback.market.forecasts import Forecasts
from springback.market.liquidity import mean_volume
from springback.market.tape import Tape
from springback.quality import entry, quarantine
from springback.quality.quality_settings import Quality
from springback.search import Optimise
from springback.settings import flat
from springback.strategy.knobs import Regime, Strategy
from springback.strategy.lookback import rarity
from springback.strategy.universe import Universe, eligible
from springback.training.train import Trained
from springback.training.train import train as teach
from springback.training.training_settings import Training, Validation, WalkForward
from springback.training.walk_forward import WalkForwardResult
from springback.training.walk_forward import walk_forward as walk
from springback.workflow import record

Progress = Callable[[int, int, str], None]
SOURCES = ("yahoo", "tiingo", "alpaca", "lean")
"""What `source_of` knows; `csv` and `demo` bring a tape of their own."""
NEED_KEYS = ("tiingo", "alpaca")


fetch, is_demo = entry.fetch, intake.is_demo


@dataclass(frozen=True)
class Settings:
    """Every knob, one table for each part; `settings.load(Settings, files, overrides)` fills it."""

    backtest: Backtest = field(default_factory=Backtest)
    strategy: Strategy = field(default_factory=Strategy)
    regime: Regime = field(default_factory=Regime)
    costs: Costs = field(default_factory=Costs)
    universe: Universe = field(default_factory=Universe)
    training: Training = field(default_factory=Training)
    walk_forward: WalkForward = field(default_factory=WalkForward)
    validation: Validation = field(default_factory=Validation)
    optimise: Optimise = field(default_factory=Optimise)
    quality: Quality = field(default_factory=Quality)
    fetch: Fetch = field(default_factory=Fetch)
    demo: Demo = field(default_factory=Demo)


@dataclass(frozen=True, eq=False)
class World:
    """A tape with what is worked out from it once: the tradable universe (T, N) and the features (T, N, 8)."""

    tape: Tape
    hash: str
    eligible: NDArray[np.bool_]
    features: Panel


def draw_demo(settings: Settings) -> Tape:
    """The demo market of `settings.demo`, with the findings of the quality checks."""
    tape, _ = checks.clean(draw_market(settings.demo))
    return tape


def load_bars(
    path: Table | Mapping[str, Table],
    vix: Table | None = None,
    members: Table | None = None,
    events: Table | None = None,
    benchmark: Table | None = None,
    prices: str | None = None,
) -> Tape:
    """The tape of a table of bars: a file, a folder with a file for each name or yearly ones, a frame of pandas, Polars or Arrow, or a
    frame for each name by its symbol. The tables beside it may be files or frames too. The findings begin with what was made of them.
    `prices` says what the prices are, raw, split or total: as printed, adjusted for splits, or for dividends too; None: the data tell.
    Raises one `MissingData` on all files that are not there, `InputError`.
    """
    told = {"bars": path, "vix": vix, "members": members, "events": events, "benchmark": benchmark}
    files = {name: Path(one) for name, one in told.items() if isinstance(one, str | Path)}
    absent = [str(one) for one in files.values() if not one.exists()]
    if absent:
        raise MissingData(f"{' and '.join(absent)} {'do' if len(absent) > 1 else 'does'} not exist: give files, or a folder of bars")
    besides = {name: one for name, one in told.items() if name != "bars" and one is not None}
    folder = files.get("bars")
    if folder is not None and folder.is_dir():
        if one_a_name.yearly(folder):
            if besides:
                raise InputError(f"{path} has yearly files and brings its own tables beside them: leave --{', --'.join(besides)} out")
            if prices is not None:
                raise InputError(f"{path} has yearly files, whose prices are adjusted for splits: leave --prices out")
            tape = csv_folder.read(folder)
            return quarantine.imposed(tape, tape.quarantine)
        besides = one_a_name.beside(folder) | besides
    with understanding() as heard:
        tape = csv_file.read(_given("bars", path), prices=prices, **{name: _given(name, one) for name, one in besides.items()})
    return dataclasses.replace(tape, findings=(*(one.line for one in heard), *tape.findings))


def _given(name: str, table: Any) -> Any:
    return Path(table) if isinstance(table, str | Path) else Given(table, f"the frame of {name}")


def source_of(name: str, settings: Settings, keys: Keys | None = None, path: Path | None = None) -> Source:
    """The source of that name; `keys` for those in `NEED_KEYS`, `path` for a LEAN folder. Raises `InputError`."""
    from springback.data.sources import alpaca, lean_folder, tiingo, yahoo

    if (path is not None) != (name == "lean"):
        raise InputError("--source lean needs --path: a LEAN data folder" if path is None else f"--source {name} takes no --path")
    made: dict[str, Callable[[], Source]] = {
        "yahoo": lambda: yahoo.Yahoo(settings.fetch),
        "tiingo": lambda: tiingo.Tiingo(settings.fetch, keys or Keys({})),
        "alpaca": lambda: alpaca.Alpaca(settings.fetch, keys or Keys({})),
        "lean": lambda: lean_folder.LeanFolder(path or Path()),
    }
    return made[name]()


def has_store(store: Path) -> bool:
    """Whether a store lies there."""
    return Store(store).exists()


def open_store(store: Path, as_of: str | None = None) -> tuple[Tape, str]:
    """The tape of a store, under the quarantine beside it, and its content hash, now or as known on a day.

    Raises `MissingData`, `StoreError`, `BadTable`.
    """
    tape, digest = Store(store).open(as_of=as_of)
    return under_quarantine(tape, store), digest


def under_quarantine(tape: Tape, store: Path) -> Tape:
    """`tape` without the rows that STORE/quarantine.json leaves out, and with a finding that says so; the same tape without such a file."""
    return quarantine.imposed(tape, quarantine.read(store))


def place_rows(days: Dates, symbols: Sequence[str], columns: Mapping[str, NDArray[np.float64]]) -> Bars:
    """Long rows (R,), in any order, as bars: the door behind every source."""
    frame = pd.DataFrame({"date": days.astype("datetime64[s]"), "symbol": pd.Categorical(list(symbols)), **columns})
    return data_rows.to_bars(frame, data_rows.place(frame))


def world(tape: Tape, settings: Settings, hash_: str = "") -> World:
    """The universe and the features of `tape`."""
    return World(tape, hash_ or content_hash(tape), eligible(tape, settings.universe), workbench.panel(tape.bars, tape.actions))


def dated(settings: Settings, tape: Tape) -> Settings:
    """`settings` with the days of the backtest known: where they are empty, the usual ones of the tape. Raises `MissingData`."""
    known = settings.backtest.on(tape.bars.sessions, settings.walk_forward.min_sessions)
    return settings if known == settings.backtest else dataclasses.replace(settings, backtest=known)


def features_to(tape: Tape, out: Path) -> int:
    """Writes date, symbol and the 8 features to `out`, CSV or Parquet by suffix; returns how many names."""
    write_features(out, tape.bars, workbench.FEATURES, workbench.panel(tape.bars, tape.actions))
    return len(tape.bars.symbols)


def train(made: World, settings: Settings, progress: Progress | None = None) -> Trained:
    """Long and short models by the 80/20 split in time, judged on the newest sessions."""
    return teach(made.tape, made.eligible, made.features, settings.training, _now(), progress)


def keep(trained: Trained, folder: Path) -> Models:
    """Saves the pair under `folder` at the specified names, the card last, and the evaluation beside them."""
    kept = model_store.save(trained.models, folder)
    _write_json(folder / "evaluation.json", dataclasses.asdict(trained.evaluation))
    return kept


def evaluation_of(folder: Path) -> dict[str, Any] | None:
    """The evaluation saved beside the models, or None. Raises `ModelError` where the file is damaged."""
    path = folder / "evaluation.json"
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not the evaluation of models ({error}): train again") from None
    if not isinstance(told, dict):
        raise ModelError(f"{path} is not the evaluation of models (it holds no table): train again")
    return told


def forecast(
    made: World, settings: Settings, models: Path | None = None, progress: Progress | None = None, workers: Workers | None = None
) -> WalkForwardResult:
    """Quarterly walk-forward forecasts of the backtest's window.

    With a folder `models`, each pair is kept under `models/walk_forward/AS_OF` as soon as it is ready, and found again there by the next
    run if it was trained on the same rows under the same settings. `workers` fit; None is this machine.
    """
    place = models / "walk_forward" if models else None

    def save(as_of: np.datetime64, pair: Models) -> Models | None:
        return model_store.save(pair, model_store.place(place, as_of)) if place and not pair.card.files else None

    def known(as_of: np.datetime64) -> Models | None:
        try:
            return model_store.load(model_store.place(place, as_of)) if place else None
        except ModelError:
            return None

    settings = dated(settings, made.tape)
    start, end = (np.datetime64(day) for day in settings.backtest.days)
    lesson = made.tape, made.eligible, made.features, settings.training, settings.walk_forward
    result = walk(*lesson, _now(), start, end, save, known, progress, workers)
    return dataclasses.replace(result, forecasts=_triggered(made, settings, result.forecasts))


def keep_forecasts(made: World, result: WalkForwardResult, out: Path) -> None:
    """Writes the forecasts to `out` (CSV or Parquet by suffix) and the record of each fold beside it as `folds.json`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    write_forecasts(out, made.tape.bars, result.forecasts)
    _write_json(out.parent / "folds.json", [dataclasses.asdict(fold) for fold in result.folds])


def forecast_fixed(made: World, models: Path, settings: Settings) -> tuple[Forecasts, Models]:
    """Forecasts of every session by the one pair in `models`. Raises `ModelError`."""
    pair = model_store.load(models)
    return _triggered(made, settings, forecast_panel(pair, made.features, made.eligible, mean_volume(made.tape.bars))), pair


def _triggered(made: World, settings: Settings, said: Forecasts) -> Forecasts:
    """`said` with the rule's own indicator for QPI, where it is another; a name that has none yet is not ranked."""
    if settings.strategy.indicator == "qpi":
        return said
    rare = rarity(made.tape.bars, made.tape.actions)
    unranked = np.isnan(said.qpi) | np.isnan(rare)
    return Forecasts(*(np.where(unranked, np.nan, panel) for panel in (rare, said.p_long, said.p_short, said.adv)))


def in_sample(pair: Models, settings: Settings) -> bool:
    """Whether a session of the backtest lies before the end of what the pair was trained on."""
    return bool(np.datetime64(settings.backtest.days[0]) <= np.datetime64(pair.card.known_by))


def forecasts_from(path: Path, tape: Tape) -> Forecasts:
    """The forecasts of a file: date, symbol, qpi, p_long, p_short, adv_63. Raises `InputError`."""
    return read_forecasts(path, tape.bars)


def run_backtest(
    tape: Tape,
    forecasts: Forecasts,
    settings: Settings,
    profile: Profile | None = None,
    flat_bp: float = 0.0,
    market: Market | None = None,
    data_hash: str = "",
    kind: str = "backtest",
    command: str = "",
    models: str = "",
    store: Path | None = None,
) -> Result:
    """The rule on `tape` under one cost profile (default: `backtest.profile`), with `flat_bp` a side on top.

    It is a trial, and is written into the ledger beside `store` before it is returned (see `trials`); `kind` one of `ledger.look.KINDS`,
    `command` and `models` in words. Raises `Unwritable`, `LedgerError` before the work.
    """
    record.ready(store)
    result = simulate(tape, forecasts, settings, profile, flat_bp, market)
    note_backtest(tape, data_hash or content_hash(tape), settings, result, profile, flat_bp, kind, command, models, store)
    return result


def note_backtest(
    tape: Tape,
    data_hash: str,
    settings: Settings,
    result: Result,
    profile: Profile | None = None,
    flat_bp: float = 0.0,
    kind: str = "backtest",
    command: str = "",
    models: str = "",
    store: Path | None = None,
    hold_out_start: str = "",
) -> None:
    """Writes into the ledger what `simulate` gave, under the settings it was given."""
    settings = dated(settings, tape)
    under = profile or settings.backtest.profile
    told = flat(settings) | {"backtest.profile": under} | ({"backtest.flat_bp": flat_bp} if flat_bp else {})
    record.note(tape, data_hash, told, under, result, kind, command, models, store, hold_out_start)


def simulate(
    tape: Tape,
    forecasts: Forecasts,
    settings: Settings,
    profile: Profile | None = None,
    flat_bp: float = 0.0,
    market: Market | None = None,
) -> Result:
    """`run_backtest` without the ledger, for runs shown beside one that is written down; `tests/test_architecture.py` says who may."""
    account = dataclasses.replace(dated(settings, tape).backtest, profile=profile or settings.backtest.profile)
    return replay(tape, forecasts, account, settings.strategy, settings.regime, settings.costs, flat_bp, market)


class Ground:
    """A tape and its forecasts, on which many settings are run; what the loop reads is made once in each process for each kind of rule."""

    def __init__(self, tape: Tape, forecasts: Forecasts) -> None:
        self.tape = tape
        self.forecasts = forecasts
        self._markets: dict[tuple[int, str, str], Market] = {}
        self._lock = Lock()

    def market(self, settings: Settings) -> Market:
        """What the loop reads, for rules like that of `settings`."""
        kind = settings.regime.window, settings.strategy.exit_rule, settings.strategy.trend
        with self._lock:
            if kind not in self._markets:
                self._markets[kind] = prepared(self.tape, self.forecasts, settings)
            return self._markets[kind]

    def __getstate__(self) -> tuple[Tape, Forecasts]:
        return self.tape, self.forecasts

    def __setstate__(self, told: tuple[Tape, Forecasts]) -> None:
        Ground.__init__(self, *told)


def run_backtests(
    ground: Ground,
    many: Sequence[Settings],
    workers: Workers,
    data_hash: str,
    kind: str = "backtest",
    command: str = "",
    models: str = "",
    store: Path | None = None,
    hold_out_start: str = "",
) -> Iterator[Result]:
    """The rule under each of `many` settings, in order, side by side; each is written into the ledger before it is handed on.

    Of each run the account only, `daily` and `funnel`: orders, fills and trades would be most of what a cluster sends.
    """
    record.ready(store)
    for settings, result in zip(many, workers.each(_run_one, ground, many), strict=True):
        note_backtest(
            ground.tape, data_hash, settings, result, kind=kind, command=command, models=models, store=store, hold_out_start=hold_out_start
        )
        yield result


def _run_one(ground: Ground, settings: Settings) -> Result:
    whole = simulate(ground.tape, ground.forecasts, settings, market=ground.market(settings))
    return dataclasses.replace(whole, orders={}, fills={}, trades={})


def prepared(tape: Tape, forecasts: Forecasts, settings: Settings) -> Market:
    """What the loop reads, made once for many backtests."""
    return prepare(tape, forecasts, settings.regime, settings.strategy)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _write_json(path: Path, value: Any) -> None:
    with atomic(path) as part:
        part.write_text(json.dumps(value, indent=2, default=str), encoding="utf-8")
