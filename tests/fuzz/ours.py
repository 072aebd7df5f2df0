"""The readers of files that we or our user wrote: settings, keys, names to ask for, the ledger, the shelf, run folders, searches."""

import csv
import dataclasses
import functools
import io
import json
import re
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from springback.analytics import report, run_folder
from springback.analytics.linked_studies import stress_of
from springback.analytics.report_data import ReportData
from springback.analytics.summary import Summary, summarise, summary_json
from springback.data.sources import members
from springback.data.sources.keys import NAMES, Keys, read_keys
from springback.data.sources.request import read_symbols
from springback.errors import SpringbackError
from springback.forecasting import model_store
from springback.ledger.book import Ledger
from springback.search import kept
from springback.search.knobs import Values, parse_all
from springback.search.optimizer import Memory, Trial, TrialResult
from springback.settings import load
from springback.verbs import ledger as ledger_verb
from springback.verbs.console import Console
from springback.workflow.models import evaluation_of
from springback.workflow.settings import Settings, searchable
from tests.analytics.materials import account, report_data
from tests.forecasting.shelves import small_models
from tests.fuzz import oracle
from tests.fuzz.reader import Reader
from tests.ledger.looks import filled

SPAN = date(2020, 1, 1), date(2020, 1, 9)
SECRETS = ("t1ingo-k3y-0123456789", "PKALPACA0123456789", "s3cr3t/of+alpaca=0123456789")
SETTINGS = """[strategy]
slots = 10
probability = 0.6
trend = "off"

[regime]
window = 15

[universe]
members = "index"
min_price = 2.5

[backtest]
start = 2020-01-01
cash = 1e6

[optimise]
knobs = ["strategy.slots=5:40"]
"""
KNOBS = parse_all(("strategy.slots=5:40", "strategy.probability=0.5:0.7"), searchable(Settings()))
TRIED: tuple[Values, ...] = tuple({"strategy.slots": 10 + k, "strategy.probability": 0.55 + k / 100} for k in range(3))
TRIALS = tuple(Trial(k, values, TrialResult(0.5 + k / 8, np.arange(4) / (k + 3))) for k, values in enumerate(TRIED))


def market(folder: Path) -> None:
    """The small files that stand alone."""
    (folder / "settings.toml").write_text(SETTINGS)
    (folder / "keys.toml").write_text("".join(f'{name} = "{key}"\n' for name, key in zip(NAMES, SECRETS, strict=True)))
    (folder / "keys.toml").chmod(0o600)
    (folder / "symbols.txt").write_text("AAPL\nBRK.B\nmsft\n^GSPC\n7203.T\n")
    (folder / "symbols.csv").write_text('name,symbol,weight\n"Apple, Inc.",AAPL,6.1\nBerkshire,BRK.B,1.4\nMicrosoft,MSFT,5.9\n')
    stays = "AAA,2019-01-02,2020-01-07\nBBB,2020-01-03,\nRAD_2019,2019-01-02,\nCCC,2020-02-03,\n"
    (folder / "roll.csv").write_text("symbol,start,end\n" + stays)
    filled(folder / "ledger.sqlite", 1, 2)
    memory = Memory(folder / "study.sqlite", "the stamp", KNOBS)
    for one in TRIALS:
        memory.add(one)
    told = {"row": 3, "at": "2024-05-06T12:00:00+00:00", "sharpe": 0.5, "specified_sharpe": None, "sessions": 200}
    (folder / "held_back.json").write_text(json.dumps(told))
    winner = {"strategy.slots": 11, "strategy.probability": 0.56}
    (folder / "optimise.json").write_text(json.dumps({"stamp": "the stamp", "finding": {"winner": winner, "sharpe": 0.5}}))


def models(folder: Path) -> None:
    """A pair of models with its evaluation."""
    model_store.save(small_models(), folder)
    (folder / "evaluation.json").write_text(json.dumps({"long": {"auc": 0.5, "rows": 200}, "short": {"auc": None, "rows": 200}}))


def full(folder: Path) -> None:
    """A run folder with every part, two profiles and a stress test beside it."""
    made = report_data(accounts=(account(count=80, trades=12), account("lean", count=80, trades=12)))
    run_folder.write(folder, made, lambda *_: None)
    base = {"annual_return": 0.1, "sharpe": 0.5, "max_drawdown": -0.2}
    worse = {"name": "Spreads doubled", **base, "less_a_year": -0.02, "touched": 12, "touches": "fills"}
    told = {
        "data_hash": made.provenance.data_hash,
        "models": made.models,
        "profile": "realistic",
        "settings": dict(made.provenance.settings),
    }
    (folder / "stress.json").write_text(json.dumps({**told, "finding": "It bends", "base": base, "scenarios": [worse]}))


def _settings(folder: Path, found: Settings) -> None:
    """Every knob is what the file says, and of its kind."""
    for table, knobs in tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8")).items():
        for name, value in knobs.items():
            got = getattr(getattr(found, table), name)
            said = value.isoformat() if isinstance(got, str) and isinstance(value, date) else value
            got = got.isoformat() if isinstance(got, date) and isinstance(said, str) else list(got) if isinstance(got, tuple) else got
            assert isinstance(got, bool) == isinstance(said, bool) or isinstance(said, str), (name, got, said)
            assert got == said or str(got) == str(said) or float(got) == float(said), (name, got, said)


def _read_keys(folder: Path) -> Keys:
    try:
        return read_keys(folder / "keys.toml", {})
    except SpringbackError as error:
        if any(key in str(error) for key in SECRETS):
            raise AssertionError("a key is shown") from None
        raise


def _keys(folder: Path, found: Keys) -> None:
    told = tomllib.loads((folder / "keys.toml").read_text(encoding="utf-8"))
    for name, key in told.items():
        assert not key or (found.of(name) == (key,) and key.isascii() and key.isprintable())
        assert not key or key not in repr(found)


def _listed(path: Path, found: tuple[str, ...]) -> None:
    """The symbols among the cells of the column, or among the whole lines of a list without one, each once under one of its spellings."""
    text = path.read_bytes().decode("utf-8-sig")
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = next((one for one in "|\t;" if one in first), ",")
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark) if any(cell.strip() for cell in row)]
    header = [cell.strip().lower() for cell in rows[0]]
    head = next((word for word in ("symbol", "ticker") if word in header), None)
    at = 0 if head is None else header.index(head)
    words = [mark.join(row) for row in rows] if head is None else [row[at] for row in rows[1:] if len(row) == len(header)]
    there = {name for word in words for name in _symbol(word)}
    assert set(found) <= there and len(set(found)) == len(found)
    assert {re.sub("[.-]", "", name) for name in there} == {re.sub("[.-]", "", name) for name in found}


def _symbol(word: str) -> list[str]:
    """The word as the symbol that it is, in capitals, a share class behind a dot; nothing where it is none."""
    name = re.sub(r"^([A-Z0-9]+)[ /]([A-Z])$", r"\1.\2", word.strip().upper()) if word.isascii() else ""
    return [name] if re.fullmatch(r"\^?[A-Z0-9][A-Z0-9._^=-]{0,31}", name) else []


def _roll(folder: Path, found: members.MemberList) -> None:
    there = []
    for row in oracle.rows(folder / "roll.csv"):
        start, end = oracle.day(row["start"]), oracle.day(row["end"])
        if start is not None and start <= SPAN[1] and (end is None or end > SPAN[0]):
            there.append(row["symbol"])
    assert set(found.symbols) | set(found.succeeded) == set(there)


def _book(folder: Path) -> Any:
    ledger = Ledger(folder / "ledger.sqlite")
    entries = ledger.entries()
    records = ledger.records(frozenset(one.returns for one in entries))
    return entries, ledger.fault(), records, [ledger.settings(one.settings) for one in entries]


def _same_book(folder: Path, found: Any) -> None:
    """A ledger in which no row was changed says what it said; of a record that is given, every bit is right."""
    entries, fault, records, settings = found
    sound = _book(folder.parent / "sound")
    if not fault:
        assert entries == sound[0] and settings == sound[3]
    for hash_, (days, excess) in records.items():
        assert np.array_equal(days, sound[2][hash_][0]) and np.array_equal(excess, sound[2][hash_][1])


def _ledger_verb(folder: Path) -> dict[str, Any]:
    console = Console(as_json=True, quiet=True)
    ledger_verb.ledger(console, folder / "store")
    return json.loads(json.dumps(console.payload["ledger"], allow_nan=False))  # type: ignore[no-any-return]


def _same_table(folder: Path, found: dict[str, Any]) -> None:
    if not found["fault"]:
        sound = _ledger_verb(folder.parent / "sound")
        assert found | {"file": ""} == sound | {"file": ""}


def _pair(target: str) -> Callable[[Path, Any], None]:
    """Only the file of the card is opened; a card that is taken says what it says."""

    def agree(folder: Path, found: Any) -> None:
        if target != model_store.CARD:
            assert (folder / target).read_bytes() == (folder.parent / "sound" / target).read_bytes()
        told = json.loads((folder / model_store.CARD).read_bytes())
        assert json.loads(json.dumps(dataclasses.asdict(found.card))) == told
        assert isinstance(found.card.known_by, str) and oracle.day(found.card.known_by) and isinstance(found.card.rows, int)

    return agree


def _evaluation(folder: Path, found: Any) -> None:
    assert isinstance(found, dict) and found == json.loads((folder / "evaluation.json").read_bytes())


def _drawn(folder: Path) -> tuple[ReportData, Summary, str]:
    """What `springback report` works out, all but the picture."""
    made = run_folder.read(folder)
    summary = summarise(made)
    return made, summary, json.dumps(summary_json(made, summary), default=str) + report.page(made, summary, stress_of(folder, made))


@functools.cache
def _material(folder: Path) -> ReportData:
    return run_folder.read(folder)


def _stressed(folder: Path) -> Any:
    return stress_of(folder, _material(folder.parent / "sound"))


def _same_stress(folder: Path, found: Any) -> None:
    """Figures are shown only of a file that holds them as they were."""
    if found.table is not None:
        told = json.loads((folder / "stress.json").read_bytes())
        assert len(found.table.rows) == 1 + len(told["scenarios"]) and found.words == f"{told['finding']}."


def _tables(name: str) -> Callable[[Path, Any], None]:
    def agree(folder: Path, found: Any) -> None:
        frame, told = getattr(found.accounts[1], name), oracle.rows(folder / f"profiles/lean/{name}.csv")
        assert len(frame) == len(told)
        for column in frame.columns:
            for value, row in zip(frame[column], told, strict=True):
                cell = row[column]
                truth = cell.lower() in ("true", "false")
                number = float(cell.lower() == "true") if truth else value if isinstance(value, str) else oracle.number(cell)
                assert value == cell if isinstance(value, str) else oracle.same(float(value), float(number)), (column, value)

    return agree


def _study(folder: Path, found: list[Trial]) -> None:
    """A trial that is given is one that was kept."""
    for one in found:
        kept = TRIALS[one.number]
        assert (
            one.values == kept.values and one.result.figure == kept.result.figure and np.array_equal(one.result.excess, kept.result.excess)
        )


def _held(folder: Path, found: Any) -> None:
    assert dataclasses.asdict(found) == json.loads((folder / "held_back.json").read_bytes())
    assert isinstance(found.sessions, int) and not isinstance(found.sharpe, str | bool)


def _winner(folder: Path, found: Any) -> None:
    assert found == json.loads((folder / "optimise.json").read_bytes())["finding"]["winner"] and set(found) == {one.name for one in KNOBS}


SAMPLES = {"ours alone": market, "models": models, "full": full}
READERS: dict[str, Reader] = {
    "settings": Reader("ours alone", "settings.toml", "toml", 700, lambda f: load(Settings, [f / "settings.toml"]), _settings),
    "keys": Reader("ours alone", "keys.toml", "toml", 400, _read_keys, _keys),
    "symbols": Reader(
        "ours alone",
        "symbols.txt",
        "csv",
        300,
        lambda f: read_symbols(str(f / "symbols.txt")),
        lambda f, found: _listed(f / "symbols.txt", found),
    ),
    "symbols column": Reader(
        "ours alone",
        "symbols.csv",
        "csv",
        300,
        lambda f: read_symbols(str(f / "symbols.csv")),
        lambda f, found: _listed(f / "symbols.csv", found),
    ),
    "roll": Reader("ours alone", "roll.csv", "csv", 400, lambda f: members.read_member_list(f / "roll.csv", *SPAN), _roll),
    "ledger": Reader("ours alone", "ledger.sqlite", "binary", 300, _book, _same_book),
    "ledger verb": Reader("ours alone", "ledger.sqlite", "binary", 300, _ledger_verb, _same_table),
    "study": Reader("ours alone", "study.sqlite", "binary", 60, lambda f: Memory(f / "study.sqlite", "the stamp", KNOBS).trials(), _study),
    "held back": Reader("ours alone", "held_back.json", "json", 200, lambda f: kept.held_of(f / "held_back.json"), _held),
    "winner": Reader(
        "ours alone", "optimise.json", "json", 200, lambda f: kept.winner_of(f / "optimise.json", "the stamp", KNOBS), _winner
    ),
    **{
        f"shelf {name}": Reader("models", name, "json" if name == model_store.CARD else "binary", 150, model_store.load, _pair(name))
        for name in model_store.FILES
    },
    "evaluation": Reader("models", "evaluation.json", "json", 150, evaluation_of, _evaluation),
    "whole report.json": Reader("full", "report.json", "json", 300, run_folder.read),
    "drawn report.json": Reader("full", "report.json", "json", 60, _drawn),
    "drawn daily.csv": Reader("full", "daily.csv", "csv", 40, _drawn),
    "drawn trades.csv": Reader("full", "trades.csv", "csv", 40, _drawn),
    "drawn fills.csv": Reader("full", "fills.csv", "csv", 40, _drawn),
    **{
        f"profile {name}": Reader("full", f"profiles/lean/{name}.csv", "csv", 40, run_folder.read, _tables(name))
        for name in ("orders", "fills", "daily", "trades")
    },
    "stress": Reader("full", "stress.json", "json", 300, _stressed, _same_stress),
}
