"""The readers on LEAN's side: what the algorithm reads inside LEAN, what a run leaves, what a comparison and an export go on from."""

import io
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from springback.comparison import comparison_words
from springback.comparison.compare import Tolerance, compare
from springback.comparison.comparison_statistics import statistics
from springback.comparison.sides import read_side, read_sides
from springback.forecasting import model_store
from springback.lean import bundle, engines, outcome, prepare, stored
from springback.lean.export_log import ExportLog
from springback.lean.launch import EngineOutput
from springback.lean.parameters import Lean, Parameters
from springback.market.account import Account
from springback.market.membership import Membership
from springback.trading.day_forecasts import FileForecasts
from tests.fuzz import oracle
from tests.fuzz.reader import Reader
from tests.fuzz.samples import DAYS, SYMBOLS
from tests.lean import runs

AS_OF = ("2019-06-28", "2019-09-30")
FIELDS = ("qpi", "p_long", "p_short", "adv_63")
SPAN = date(2020, 1, 1), date(2020, 12, 31)
IDENTITY = {"tape": "sha256:0", "first": "2020-01-02"}
OUTPUT = """20201101 10:00:00 TRACE:: Engine.Run(): started
20201101 10:00:01 TRACE:: Log: 2020-01-02: equity 1,000,000, 3 long, 0 short
20201101 10:00:02 TRACE:: Isolator.ExecuteWithTimeLimit(): Used: 7, CurrentTimeStepElapsed: 00:00
20201101 10:00:03 TRACE:: Log: 2020-02-03: equity 1,000,100, 3 long, 1 short
20201101 10:00:04 ERROR:: no data for AAA
"""


class Pair:
    """A model that a pickle can hold."""

    def __init__(self, chance: float) -> None:
        self.chance = chance


def store(folder: Path) -> None:
    """An object store: forecasts, lists and two pairs of models, with the record of the forecast."""
    draw = np.random.default_rng(4)
    rows = [
        f"{day},{name},{draw.uniform(0, 100):.17g},{draw.random():.17g},{draw.random():.6g},{draw.integers(1, 10**8)}\n"
        for day in DAYS
        for name in SYMBOLS
    ]
    (folder / "springback").mkdir()
    (folder / "springback" / "forecasts.csv").write_text("date,symbol,qpi,p_long,p_short,adv_63\n" + "".join(rows))
    (folder / "springback" / "symbols.csv").write_text("symbol\nAAA\nBBB\nBRK.B\n")
    (folder / "springback" / "members.csv").write_text("symbol,start,end\nAAA,2019-01-02,2020-01-07\nBBB,2020-01-03,\nAAA,2020-01-09,\n")
    (folder / "springback" / "barred.csv").write_text("symbol,start,end\nAAA,2020-01-02,2020-01-07\nBBB,2020-01-03,2020-01-03\n")
    from tests.forecasting.shelves import small_models

    place = folder / "models" / "walk_forward"
    for day in AS_OF:
        model_store.save(small_models(), place / day)
    (place / "folds.json").write_text(json.dumps([{"as_of": day, "rows": 300} for day in AS_OF]))


def ended(folder: Path) -> None:
    """What a run left: its result, its output, and the name of the container it ran in."""
    (folder / "7.json").write_text(json.dumps({"state": {"Status": "Completed", "RuntimeError": ""}, "charts": {}}))
    (folder / "7-order-events.json").write_text("[]")
    (folder / "config").write_text(json.dumps({"container": "lean_cli_0123"}))
    (folder / "output.txt").write_text(OUTPUT)


def exports(folder: Path) -> None:
    """An export that was interrupted, one that is finished, and a folder of ours."""
    for name in ("progress", "done"):
        (folder / name).mkdir()
        log = ExportLog(folder / name, IDENTITY)
        log.open(["daily/aaa.zip", "daily/bbb.zip"])
        for one in ("aaa", "bbb"):
            log.finish(one, {f"daily/{one}.zip": log.write(f"daily/{one}.zip", one.encode())}, {"bars": 10, "names": 1})
        if name == "done":
            log.close({"window": ["2020-01-02", "2020-01-09"]})
    bundle.lay(folder / "ours", {"a.py": b"a", "b/c.py": b"c"})
    (folder / "precious.txt").write_text("not ours")


def two(folder: Path) -> None:
    """A run and the same run again, the second as bare tables."""
    runs.ours(folder / "a", runs.random_result(3), "2020-01-01", "2020-05-05")
    runs.ours(folder / "b", runs.random_result(3), "2020-01-01", "2020-05-05")
    for name in ("summary.json", "report.json"):
        (folder / "b" / name).unlink()
    (folder / "b" / "lean_statistics.json").write_text(json.dumps({"statistics": {"Sharpe Ratio": "0.5", "Total Fees": "$1,200.00"}}))
    (folder / "b" / "settings.json").write_text(json.dumps({"cash": 1e6, "start": "2020-01-01"}))


def _find(folder: Path) -> Callable[[str], Path | None]:
    return lambda key: folder / key if (folder / key).is_file() else None


def _told(models: str) -> Parameters:
    return Parameters(backtest=Account(start=date(2020, 1, 1), end=date(2020, 1, 9)), lean=Lean(models=models))  # type: ignore[arg-type]


def _outlook(folder: Path) -> FileForecasts:
    found = stored.outlook(_told("forecasts"), _find(folder))
    assert isinstance(found, FileForecasts)
    return found


def _forecasts(folder: Path, found: FileForecasts) -> None:
    told = {(row["date"].strip(), row["symbol"]): row for row in oracle.rows(folder / "springback/forecasts.csv")}
    assert len(told) == len(found._days)
    for day, symbol, values in zip(found._days, found._symbols, found._values, strict=True):
        for value, field in zip(values, FIELDS, strict=True):
            assert oracle.same(float(value), oracle.number(told[(str(day), symbol)][field])), (day, symbol, field)


def _names(folder: Path) -> tuple[list[str], Membership | None]:
    return stored.names(_told("forecasts"), _find(folder))


def _members(folder: Path, found: tuple[list[str], Membership | None]) -> None:
    listed, who = found
    known = {row["symbol"] for row in oracle.rows(folder / "springback/symbols.csv")}
    stays = [(row["symbol"], oracle.day(row["start"]), oracle.day(row["end"])) for row in oracle.rows(folder / "springback/members.csv")]
    first, last = date(2020, 1, 1), date(2020, 1, 9)
    assert listed == sorted({name for name, start, end in stays if name in known and start and start <= last and (end or last) >= first})
    _stays(stays, who)


def _stays(stays: list[tuple[str, date | None, date | None]], who: Membership | None) -> None:
    assert who is not None
    names = sorted({name for name, _, _ in stays})
    for when in DAYS:
        day = date.fromisoformat(when)
        must = [any(name == one and start and start <= day and (end or day) >= day for one, start, end in stays) for name in names]
        assert list(who.on(np.datetime64(when), names)) == must


def _barred(folder: Path, found: Membership | None) -> None:
    stays = [(row["symbol"], oracle.day(row["start"]), oracle.day(row["end"])) for row in oracle.rows(folder / "springback/barred.csv")]
    _stays(stays, found)


def _days(folder: Path, found: Any) -> None:
    """The pairs of the days that the record lists, and of no others."""
    days = {str(np.datetime64(one, "D")) for one in found}
    assert days == {one["as_of"] for one in json.loads((folder / "models/walk_forward/folds.json").read_bytes())} <= set(AS_OF)


def _stored_models(folder: Path) -> list[str]:
    files, cards = prepare.models(folder / "models", "walk-forward", SPAN[0])
    assert all(".." not in Path(key).parts and not Path(key).is_absolute() for key in files), "a key that climbs"
    assert len(cards) * (len(model_store.FILES)) == len(files) - 1
    return sorted({key.split("/")[2] for key in files if key.count("/") == 3})


def _heard(content: bytes) -> EngineOutput:
    heard = EngineOutput(io.BytesIO(), SPAN, None)
    for at in range(0, len(content), 64):
        heard.take(content[at : at + 64])
    heard.finish()
    return heard


def _ended(folder: Path) -> Path:
    return outcome.result_of(folder, 0, _heard((folder / "output.txt").read_bytes()), folder / "log")[0]


def _completed(folder: Path, found: Path) -> None:
    state = json.loads((folder / "7.json").read_text(encoding="utf-8-sig")).get("state", {})
    told = {name.lower(): value for name, value in state.items()}
    assert found == folder / "7.json" and told.get("status") in (None, "", "Completed") and not told.get("runtimeerror")


def _output(folder: Path, found: EngineOutput) -> None:
    """What it said goes on as it was; a session is a day of the run."""
    assert not found.session or SPAN[0] <= date.fromisoformat(found.session) <= SPAN[1]
    assert all(len(one) <= 500 for one in found.tail)


def _reopened(name: str) -> Callable[[Path], Any]:
    """An export taken up again: only what is whole counts as done, and nothing outside its folder is touched."""

    def read(folder: Path) -> Any:
        work = folder / "work"
        shutil.copytree(folder / name, work)
        try:
            log = ExportLog(work, IDENTITY)
            log.open(["daily/aaa.zip", "daily/bbb.zip"])
            return log.parts, [sum(counts.values()) for _, counts in log.parts.values()]
        finally:
            assert (folder / "precious.txt").read_text() == "not ours"
            shutil.rmtree(work)

    return read


def _whole_parts(folder: Path, found: Any) -> None:
    done, counts = found
    for files, _ in done.values():
        for path, said in files.items():
            assert path in ("daily/aaa.zip", "daily/bbb.zip"), path
            assert said
    assert all(isinstance(one, int) for one in counts)


def _compared(folder: Path) -> Any:
    found = compare(*read_sides(folder / "a", folder / "b"), Tolerance())
    told = statistics(found)
    said = comparison_words.headline(found), comparison_words.differences(found), comparison_words.counts(found)
    return said, json.dumps(comparison_words.as_json(found, told), default=str)


def _same_tables(folder: Path, found: Any) -> None:
    """The tables of B as a slow reading has them; where they are A's, no difference is told."""
    frame = read_side(folder / "b")[0]
    for name in ("orders", "fills", "daily"):
        rows = oracle.rows(folder / "b" / f"{name}.csv")
        table = getattr(frame, name)
        assert len(table) == len(rows)
        for column in ("price", "fee", "equity", "cash", "quantity"):
            if column in table and column in rows[0]:
                for value, row in zip(table[column], rows, strict=True):
                    truth = row[column].lower() in ("true", "false")
                    assert truth or oracle.same(float(value), oracle.number(row[column])), (name, column, value)


SAMPLES = {"store": store, "ended": ended, "exports": exports, "two": two}


def _laid(folder: Path) -> None:
    """The folder laid anew; what its list names outside of it stays."""
    work = folder / "work"
    shutil.copytree(folder / "ours", work)
    try:
        bundle.lay(work, {"a.py": b"a"})
    finally:
        assert (folder / "precious.txt").read_text() == "not ours"
        shutil.rmtree(work)


READERS: dict[str, Reader] = {
    "stored forecasts": Reader("store", "springback/forecasts.csv", "csv", 700, _outlook, _forecasts),
    "stored symbols": Reader("store", "springback/symbols.csv", "csv", 300, _names, _members),
    "stored members": Reader("store", "springback/members.csv", "csv", 500, _names, _members),
    "stored barred": Reader("store", "springback/barred.csv", "csv", 300, lambda f: stored.barred(_told("forecasts"), _find(f)), _barred),
    "stored folds": Reader(
        "store",
        "models/walk_forward/folds.json",
        "json",
        200,
        lambda f: stored.walk_forward(_find(f), "models"),
        _days,
        "models/walk_forward",
    ),
    "folds": Reader("store", "models/walk_forward/folds.json", "json", 300, _stored_models, None, "models/walk_forward"),
    "stored card": Reader(
        "store",
        f"models/walk_forward/{AS_OF[0]}/card.json",
        "json",
        150,
        lambda f: stored.pair(_find(f), f"models/walk_forward/{AS_OF[0]}"),
        None,
        "models/walk_forward",
    ),
    "outcome": Reader("ended", "7.json", "json", 500, _ended, _completed, "the whole output: "),
    "engine output": Reader("ended", "output.txt", "csv", 200, lambda f: _heard((f / "output.txt").read_bytes()), _output),
    "container": Reader("ended", "config", "json", 100, lambda f: engines.remove_container(f, {"PATH": ""})),
    "export progress": Reader("exports", "progress/springback/export.progress", "json", 250, _reopened("progress"), _whole_parts),
    "export manifest": Reader("exports", "done/springback/export.json", "json", 250, _reopened("done"), _whole_parts),
    "exported": Reader("exports", "done/springback/export.json", "json", 150, lambda f: prepare.exported(f / "done", "sha256:0")),
    "bundle list": Reader("exports", f"ours/{bundle.OURS}", "json", 200, _laid),
    "compared daily": Reader("two", "b/daily.csv", "csv", 60, _compared, _same_tables),
    "compared fills": Reader("two", "b/fills.csv", "csv", 60, _compared, _same_tables),
    "compared orders": Reader("two", "b/orders.csv", "csv", 60, _compared, _same_tables),
    "compared settings": Reader("two", "b/settings.json", "json", 60, _compared),
    "compared statistics": Reader("two", "b/lean_statistics.json", "json", 60, _compared),
    "compared report": Reader("two", "a/report.json", "json", 80, _compared),
}
