"""The run folder: everything about one backtest in files, one run's whole or not at all, and read back without loss.

summary.json                     every figure with its definition, settings, data hash, versions, seed; written last
orders.csv fills.csv daily.csv   columns of LEAN's golden runs first;  trades.csv
positions.csv                    what is open at the end; runs recorded before it was told have none
profiles/NAME/*.csv              the same of each further cost profile
report.json                      what else the report needs to be drawn again
report.html report.png
"""

import csv
import dataclasses
import json
import os
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from springback.alone import alone
from springback.analytics import encode
from springback.analytics.linked_studies import STRESS_FIGURES, STRESS_PAGE
from springback.analytics.orders import POSITION_COLUMNS
from springback.analytics.report_data import GOLDEN_COLUMNS, Account, ReportData, file_name
from springback.analytics.soundness import check_facts, check_frame, check_series, check_table
from springback.analytics.summary import Summary, summarise, summary_json
from springback.analytics.whole import check_replaceable, mend, moved_aside, whole
from springback.errors import BadTable, MissingData
from springback.market import older_prose, recorded
from springback.market.origin import Provenance, plain_provenance, provenance_from
from springback.market.symbols import harmless
from springback.statistics.overfitting import Search

FRAMES = ("events", "quarters", "reliability", "importance", "cost_sweep", "ablations", "funnel")
SERIES = ("benchmark", "risk_free")
POSITIONS = "positions.csv"
FLAT = (
    *("origin", "universe", "settings", "data_hash", "versions", "seed"),
    *("command", "demo", "planted", "biases", "findings", "benchmark_name"),
)
"""Facts that an older report.json names among the rest, and a newer one under `provenance`."""
KNOWN = frozenset(
    {
        *(f"{name}.csv" for name in GOLDEN_COLUMNS),
        *(POSITIONS, "profiles", "summary.json", "report.json", "report.html", "report.png"),
        *(STRESS_FIGURES, STRESS_PAGE, "lean_statistics.json", "compare.html"),
    }
)
"""What may lie in a run folder, and goes with it when another run takes its place."""
Draw = Callable[[ReportData, Summary, Path], None]


def write(folder: Path, report_data: ReportData, draw: Draw | None = None) -> Summary:
    """Writes the run folder and returns its figures. `draw` adds report.html and report.png (default: `report.draw`).

    The folder is replaced whole, by rename, under a lock (see `whole`): what another run left in it is gone. Raises `InputError` where it
    holds what no run wrote, `Unwritable`, `Taken` while another process writes it.
    """
    summary = summarise(report_data)
    with whole(Path(folder), KNOWN) as part:
        _fill(part, report_data, summary, draw or _report())
    return summary


def redraw(folder: Path, draw: Draw | None = None, add: Mapping[str, str] | None = None) -> Summary:
    """Draws report.html and report.png of a run folder again, from its files alone; `add` lays files beside them first, name -> text.

    Everything else in the folder stays. Raises `MissingData`, `BadTable`, `Unwritable`, `Taken`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        read(folder)  # says what is missing
    with alone(Path(os.path.realpath(folder))):
        report_data = read(folder)
        summary = summarise(report_data)
        with whole(folder, KNOWN, keep=True) as part:
            for name, text in (add or {}).items():
                (part / name).write_text(text, encoding="utf-8", newline="\n")
            _fill(part, report_data, summary, draw or _report())
    return summary


def check(folder: Path) -> None:
    """Nothing, if a run may be written into `folder`. Raises `InputError` where something of another would go with it, `Unwritable`."""
    check_replaceable(Path(folder), KNOWN)


def read(folder: Path) -> ReportData:
    """The material of a run folder. Raises `MissingData` where it is not one, `BadTable` where a file of it is damaged."""
    folder = Path(folder)
    if moved_aside(folder):
        real = Path(os.path.realpath(folder))
        with alone(real):
            mend(real)
    for name in ("summary.json", "report.json", *(f"{name}.csv" for name in GOLDEN_COLUMNS)):
        if not (folder / name).is_file():
            raise MissingData(
                f"{folder} is not a finished run folder: it has no {name}: make it with 'springback run' or 'springback backtest'"
            )
    try:
        told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        check_facts(told)
        accounts = tuple(_account(folder, one) for one in told.pop("accounts"))
        parts: dict[str, Any] = {name: encode.frame(told.pop(file_name(name))) for name in FRAMES} | {
            name: encode.series(told.pop(name)) for name in SERIES
        }
        for name in SERIES:
            check_series(name, parts[name])
        for name in FRAMES:
            check_frame(file_name(name), parts[name])
        parts["vix_days"] = tuple(map(str, told.pop("vix_days")))
        parts["provenance"] = _provenance(told)
        found = told.pop("search", None)
        return ReportData(accounts=accounts, search=None if found is None else Search(**found), **parts, **told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        raise BadTable(f"{folder}: report.json or a table beside it is damaged ({error}): run the backtest again") from None


def table_text(frame: pd.DataFrame, first: tuple[str, ...]) -> str:
    """`frame` as CSV with the columns `first` at the front; floats to the last bit, missing numbers as nan, dates without a time."""
    ordered = frame[[*first, *(name for name in frame.columns if name not in first)]].copy()
    for name in ordered.columns:
        if ordered[name].dtype == object:
            ordered[name] = [harmless(cell) if isinstance(cell, str) else cell for cell in ordered[name]]
        if pd.api.types.is_datetime64_any_dtype(ordered[name]):
            ordered[name] = ordered[name].dt.strftime("%Y-%m-%d %H:%M:%S" if name == "time" else "%Y-%m-%d").fillna("")
    return str(ordered.to_csv(index=False, na_rep="nan", lineterminator="\n"))


def read_frame(file: Path) -> pd.DataFrame:
    """A table as `table_text` wrote it, dates as ISO text; a name such as NA stays a name.

    Raises `BadTable` on a file that is no whole table: a row longer or shorter than the header, a column twice, a number that is none.
    """
    texts: dict[Hashable, type[str]] = dict.fromkeys(
        ("symbol", "side", "reason", "date", "time", "decided", "entry_date", "exit_date", "status", "ended", "why"), str
    )
    numbers = [name for name in _checked_header(file) if name not in texts]
    empty = {name: ["nan", ""] for name in numbers}
    frame: pd.DataFrame = pd.read_csv(file, dtype=texts, na_values=empty, keep_default_na=False, float_precision="round_trip")
    odd = [name for name in numbers if not (pd.api.types.is_numeric_dtype(frame[name]) or pd.api.types.is_bool_dtype(frame[name]))]
    if odd and len(frame):
        raise BadTable(f"{file}: the column '{odd[0]}' must hold numbers: write the run again")
    return frame


def _checked_header(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.reader(lines, strict=True)
            header = next(table, [])
            odd = next((table.line_num for row in table if len(row) != len(header) or any("\0" in cell for cell in row)), 0)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadTable(f"{file} is no whole table ({error}): write the run again") from None
    if odd:
        raise BadTable(f"{file}: line {odd} must have the {len(header)} cells of the header, and no NUL: write the run again")
    if not header or len(set(header)) < len(header):
        raise BadTable(f"{file} has {'a column twice' if header else 'no header'}: write the run again")
    return header


def _report() -> Draw:
    from springback.analytics.report import draw

    return draw


def _fill(part: Path, report_data: ReportData, summary: Summary, draw: Draw) -> None:
    for account, home in zip(report_data.accounts, _homes(part, report_data), strict=True):
        home.mkdir(parents=True, exist_ok=True)
        for name, first in GOLDEN_COLUMNS.items():
            (home / f"{name}.csv").write_text(table_text(getattr(account, name), first), encoding="utf-8", newline="")
        if account.positions is not None:
            (home / POSITIONS).write_text(table_text(account.positions, POSITION_COLUMNS), encoding="utf-8", newline="")
    (part / "report.json").write_text(encode.text(_remainder(report_data), indent=None), encoding="utf-8")
    draw(report_data, summary, part)
    (part / "summary.json").write_text(encode.text(summary_json(report_data, summary)), encoding="utf-8")


def _homes(folder: Path, report_data: ReportData) -> list[Path]:
    return [folder, *(folder / "profiles" / account.profile for account in report_data.accounts[1:])]


def _remainder(report_data: ReportData) -> dict[str, Any]:
    """What the tables do not hold; of the events only the splits of names that were traded."""
    told = {file_name(one.name): getattr(report_data, one.name) for one in dataclasses.fields(report_data)}
    told["provenance"] = plain_provenance(report_data.provenance)
    told["accounts"] = [{"profile": account.profile, "cash": account.cash} for account in report_data.accounts]
    if report_data.events is not None:
        traded = set().union(*(set(account.fills["symbol"]) for account in report_data.accounts))
        told["events"] = report_data.events[(report_data.events["event"] == "split") & report_data.events["symbol"].isin(traded)]
    return told


def _provenance(facts: dict[str, Any]) -> Provenance:
    """What is said of it in `facts`, the facts of report.json, and taken out of them."""
    new = facts.pop("provenance", None)
    flat = {name: facts.pop(name) for name in FLAT if name in facts}
    provenance = older_prose.provenance(flat) if new is None else provenance_from(new)
    return dataclasses.replace(provenance, settings=recorded.named(provenance.settings))


def _account(folder: Path, facts: dict[str, Any]) -> Account:
    home = folder / "profiles" / facts["profile"]
    home = home if home.is_dir() else folder
    frames = {name: read_frame(home / f"{name}.csv") for name in GOLDEN_COLUMNS}
    held = read_frame(home / POSITIONS) if (home / POSITIONS).is_file() else None
    if held is not None and (absent := [name for name in POSITION_COLUMNS if name not in held]):
        raise BadTable(f"{home / POSITIONS} has no column {absent[0]}: write the run again")
    try:
        made = Account(facts["profile"], facts["cash"], **frames, positions=held)
    except BadTable as error:
        raise BadTable(f"{folder}: {error}") from None
    for name, frame in frames.items():
        check_table(home / f"{name}.csv", name, frame)
    return made
