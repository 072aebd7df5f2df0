"""A law of the command line: every option of every verb changes something, or is refused; none is taken and not heard.

The tree of verbs is walked as it is. Each option must be handed on by its verb, and has a row in the table below that says how it is shown
to be heard: a value that cannot be is refused by name (a file is opened, a place is asked whether it can be written), or a test that is
named shows what it does. A new option without a row fails.
"""

import ast
import dataclasses
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from springback.cli.app import app
from springback.cli.main import main
from springback.cli.options import Plan, Stored
from tests.terminal import REPOSITORY

DAYS = [f"2020-01-{day:02d}" for day in (2, 3, 6, 7, 8, 9, 10)]
BARS = "date,symbol,open,high,low,close,volume\n" + "".join(
    f"{day},{name},{price},{price + 1},{price - 1},{price + 0.5},100000\n" for day in DAYS for name, price in (("AAA", 10), ("BBB", 20))
)
FORECASTS = "date,symbol,qpi,p_long,p_short,adv_63\n2020-01-03,AAA,5,0.9,0.1,100000\n2020-01-06,BBB,95,0.1,0.9,100000\n"
FILES = {
    "bars.csv": BARS,
    "vix.csv": "date,close\n" + "".join(f"{day},15\n" for day in DAYS),
    "forecasts.csv": FORECASTS,
    "members.csv": "symbol,start,end\nAAA,2020-01-02,\n",
    "book.csv": "symbol,quantity,entry_price\nAAA,100,10\n",
    "events.csv": "date,symbol,event,value\n2020-01-07,AAA,dividend,0.01\n",
}
SPAN = "--set backtest.start=2020-01-02 --set backtest.end=2020-01-10"
SAID = "backtest --forecasts forecasts.csv"
BASE = {  # verb -> what it needs beside the option that is tried
    "universe": "--on 2020-01-06",
    "features": "--out f.csv",
    "fetch": "--source csv --path bars.csv --vix vix.csv --store other",
    "lean backtest": "--dry-run",
    "promote": "2020 --by me",
    "rollback": "--by me",
    "rehearse": "--from 2020-01-03 --to 2020-01-10",
    "book init": "--cash 1000",
    "book set": "AAA 100",
    "book import": "book.csv",
    "pause": "--why holidays",
    "flatten": "--why ended",
    "adopt": "AAA --as foreign",
    "restrict": "AAA",
    "state backup": "copy",
    "state restore": "copy",
    "journal rebuild": "bars.csv --account PA1 --why lost",
}
NO_ACCOUNT = "nowhere", "nowhere holds no account: open one with 'springback book init"
POSITIONAL = ("restrict", "adopt", "book set", "book import", "state restore", "journal rebuild")  # what they need is the argument tried
WRITES = "bars.csv/x", "cannot be written"
READS = "nowhere.csv", "nowhere.csv does not exist"
PROBES: dict[str, tuple[str, str]] = {  # option -> a value that cannot be, and what is said of it
    "--settings": ("nowhere.toml", "nowhere.toml does not exist"),
    "--set": ("strategy.slot=3", "no knob 'strategy.slot'"),
    "--as-of": ("soon", "--as-of must be a day"),
    "--store": ("nowhere", "nowhere holds no store"),
    "--models": ("crystal", "--models must be walk-forward or fixed, was 'crystal'"),
    "--models-dir": ("nowhere", "nowhere holds no models"),
    "--out": WRITES,
    "--original": ("--set backtest.start=2024-01-02", "must be before backtest.end, was 2024-01-02 and 2023-12-31"),
    "--path": READS,
    "--bars": ("nowhere.csv --vix vix.csv", READS[1]),
    "--vix": READS,
    "--members": READS,
    "--benchmark": READS,
    "--events": ("nowhere.csv", "--events belongs to a CSV file of bars"),
    "--prices": ("raw", "--prices says what a table of bars holds: name it"),
    "--forecasts": (f"nowhere.csv {SPAN}", READS[1]),
    "--source": ("moon", "--source must be demo or csv, was 'moon'"),
    "--cluster": ("nowhere", "no Dask scheduler answers at nowhere"),
    "--profile": ("dreamy", "dreamy"),
    "--method": ("dreamy", "--method must be walk-forward or combinatorial, was 'dreamy'"),
    "--seed": ("-1", "--seed"),
    "--knob": ("strategy.slot=1:2", "did you mean strategy.slots"),
    "--trials": ("0", "optimise.trials must be at least 1, was 0"),
    "--on": ("soon", "--on must be a date such as 2020-03-23, was 'soon'"),
    "--holdings": ("nowhere", "nowhere"),
    "--symbols": ("AAA", "--symbols goes with"),
    "--start": ("2020-01-02", "--start goes with"),
    "--end": ("2020-01-02", "--end goes with"),
    "--keys": ("keys.toml", "--keys goes with"),
    "--downloads": ("kept", "--downloads goes with"),
    "--renames": READS,
    "--interest-rate": READS,
    "--data-folder": (f"nowhere --forecasts forecasts.csv {SPAN}", "nowhere holds no equity/usa/daily"),
    "--time-limit": ("0 --forecasts forecasts.csv", "--time-limit must be above 0 minutes, was 0"),
    "--against": ("nowhere", "nowhere"),
    "--quarantine": ("--path bars.csv --vix vix.csv", "--quarantine is written beside a store"),
    "folder": ("nowhere", "nowhere is not a finished run folder"),
}
OWN: dict[tuple[str, str], tuple[str, str]] = {  # the same, where a verb reads or says it otherwise
    ("retrain", "--models-dir"): WRITES,
    **dict.fromkeys([("run", "--models-dir"), ("train", "--models-dir"), ("forecast", "--models-dir")], WRITES),
    **dict.fromkeys([("run", "--store"), ("fetch", "--store")], WRITES),
    **dict.fromkeys(
        [("run", "--vix"), ("run", "--members"), ("run", "--events"), ("run", "--benchmark")], ("nowhere.csv --path bars.csv", READS[1])
    ),
    ("run", "--source"): ("moon", "moon"),
    ("fetch", "--source"): ("moon", "moon"),
    ("monitor", "--desk"): ("nowhere", "nowhere holds no decision"),
    ("monitor", "--clear"): ("", "--clear needs --by WHO"),
    ("monitor", "--by"): ("Ann", "say --clear too"),
    ("monitor", "--prometheus"): WRITES,
    **{
        (verb, "--desk"): NO_ACCOUNT
        for verb in ("daily", "orders", "attribution", "book", "book set", "book import", "pause", "resume", "restrict", "flatten", "adopt")
    },
    **{(verb, "--desk"): ("bars.csv/x", "cannot be") for verb in ("rehearse", "book init", "state restore")},
    ("kill", "--desk"): ("bars.csv/x", "could not be written"),
    ("flatten", "--confirm"): ("PA2", "type its name"),
    **{(verb, "--account"): ("PA9", "has no account PA9") for verb in ("pause", "resume", "flatten", "adopt")},
    ("resume", "--broker"): ("moon", "--broker must be"),
    ("adopt", "symbol"): ("A/B --as foreign", "A/B"),
    ("adopt", "--as"): ("mine", "--as must be ours or foreign, was 'mine'"),
    ("adopt", "--quantity"): ("many", "--quantity must be signed shares"),
    ("adopt", "--price"): ("-1", "--price must be above 0 dollars"),
    ("adopt", "--opened"): ("soon", "Invalid value for '--opened'"),
    ("orders", "--session"): ("soon", "Invalid value for '--session'"),
    ("attribution", "--session"): ("soon", "Invalid value for '--session'"),
    ("paper", "--desk"): ("nowhere", "nowhere holds no account at a broker"),
    ("daily", "--source"): ("moon", "--source must be yahoo, tiingo, alpaca or lean, was 'moon'"),
    ("trade", "--source"): ("moon", "--source must be yahoo, tiingo, alpaca or lean, was 'moon'"),
    ("trade", "step"): ("dance", "trade takes decide, send, check, collect, reconcile or nothing, was 'dance'"),
    ("trade", "--broker"): ("moon", "--broker must be"),
    ("trade", "--live"): ("", "--live trades real money"),
    ("trade", "--session"): ("soon", "Invalid value for '--session'"),
    ("trade", "--clock"): ("soon", "--clock must be an instant"),
    ("trade", "--until"): ("soon", "--until must be an instant"),
    ("trade", "--desk"): ("bars.csv/x", "cannot be"),
    ("status", "--desk"): ("nowhere", "nowhere holds no account: begin with 'springback trade'"),
    ("daily", "--members"): ("nowhere.csv --source yahoo", READS[1]),
    ("daily", "--holdings"): ("nowhere --source yahoo", "nowhere does not exist"),
    ("daily", "--keys"): ("nowhere.toml --source tiingo", "nowhere.toml does not exist"),
    ("daily", "--clock"): ("soon", "--clock must be an instant such as 2026-11-27T17:00-05:00, was 'soon'"),
    ("rehearse", "--from"): ("soon", "Invalid value for '--from'"),
    ("rehearse", "--to"): ("2020-01-02", "--from must lie before --to, were 2020-01-03 and 2020-01-02"),
    ("rehearse", "--data"): ("then", "--data must be today or known, was 'then'"),
    ("rehearse", "--faults"): ("-1", "--faults must be a seed of 0 or more, was -1"),
    ("rehearse", "--models-dir"): WRITES,
    ("restrict", "symbol"): ("A/B", "A/B"),
    ("restrict", "--from"): ("soon", "Invalid value for '--from'"),
    ("restrict", "--to"): ("soon", "Invalid value for '--to'"),
    ("restrict", "--remove"): ("", "AAA is not restricted"),
    ("book init", "--cash"): ("0", "the cash of an account must be above 0 dollars, was 0"),
    ("book set", "symbol"): ("A/B 100", "A/B"),
    ("book set", "quantity"): ("AAA many", "Invalid value for '[QUANTITY]'"),
    ("book set", "--price"): ("-1", "--price must be above 0 dollars, was -1"),
    ("book set", "--opened"): ("soon", "Invalid value for '--opened'"),
    ("book set", "--cash"): ("much", "Invalid value for '--cash'"),
    ("book import", "file"): ("nowhere.csv", READS[1]),
    ("state backup", "--desk"): ("nowhere", "there is no state nowhere/state.sqlite to back up"),
    ("state restore", "file"): ("nowhere", "there is no backup nowhere"),
    **{(verb, "--desk"): ("nowhere", "there is no state nowhere/state.sqlite: name the desk") for verb in ("journal", "journal rebuild")},
    ("journal rebuild", "file"): ("nowhere --account PA1 --why lost", "there is no file nowhere"),
    ("review", "--desk"): ("nowhere", "nowhere holds no decision"),
    ("review", "--quarter"): ("soon", "--quarter takes a quarter such as 2026Q3, was 'soon'"),
    ("review", "--by"): ("Ann", "--by goes with --apply"),
    ("review", "--only"): ("strategy.slots", "--only goes with --apply"),
    ("review", "--apply"): ("", "--apply needs --by WHO"),
    ("runs", "folder"): ("nowhere", "nowhere holds no run"),
    ("fetch", "--events"): READS,
    ("features", "--out"): ("bars.csv/x.csv", WRITES[1]),
    ("features", "--bars"): READS,
    ("fetch", "--prices"): ("dreamy", "--prices must be raw, split or total, was 'dreamy'"),
    ("run", "--as-of"): ("2020-01-10 --source demo", "--as-of reads a store as it was known"),
    ("universe", "--out"): ("x.csv", "--out goes with --holdings"),
    **{("data check", f"--{one}"): (f"{one}.csv", "stand beside a CSV file") for one in ("vix", "members", "events", "benchmark")},
    ("data check", "--prices"): ("raw", "stand beside a CSV file"),
}
EVENINGS = "tests/test_evening_verbs.py"
TESTS: dict[tuple[str, str], str] = {  # the file of tests that shows it, by the option's own name or, behind ::, the argument's
    ("fetch", "--accept-restatement"): "tests/test_data_verbs.py",
    ("audit", "--quick"): "tests/auditing/test_verb.py",
    ("audit", "--sessions"): "tests/auditing/test_verb.py",
    ("optimize", "--reveal"): "tests/test_optimise_verb.py",
    ("retrain", "--now"): "tests/test_models_verbs.py",
    ("models", "--desk"): "tests/test_models_verbs.py",
    ("promote", "name"): "tests/test_models_verbs.py::promote",
    ("promote", "--override"): "tests/test_models_verbs.py",
    **{(verb, f"--{one}"): "tests/test_models_verbs.py" for verb in ("promote", "rollback") for one in ("by", "why", "store", "desk")},
    ("schedule", "--desk"): "tests/alerting/test_schedule.py::desk",
    **{("web", f"--{one}"): "tests/web/test_verb.py" for one in ("desk", "host", "port", "clock")},
    ("state backup", "out"): "tests/state/test_verb.py::copies/friday.backup",
    ("journal", "--verify"): "tests/journal/test_journal_verb.py",
    **{("journal rebuild", f"--{one}"): "tests/journal/test_journal_verb.py" for one in ("account", "why", "by")},
    **{("journal rebuild", f"--{one}"): "tests/trading/test_trade_halting.py" for one in ("broker", "live")},
    ("daily", "--dry-run"): EVENINGS,
    ("doctor", "--desk"): EVENINGS,
    **{(verb, "--by"): EVENINGS for verb in ("pause", "resume", "restrict", "book init", "book set", "book import")},
    **{("kill", f"--{one}"): "tests/test_halting_verbs.py" for one in ("account", "broker", "live", "settings", "set")},
    **{(verb, f"--{one}"): "tests/test_halting_verbs.py" for verb in ("kill", "flatten", "adopt") for one in ("by", "why")},
    **{("trade", f"--{one}"): "tests/trading/test_live_gate.py" for one in ("override", "by", "why")},
    **{("resume", f"--{one}"): "tests/test_halting_verbs.py" for one in ("only", "yes", "live")},
    **{(verb, "--why"): EVENINGS for verb in ("pause", "restrict", "book set")},
    **{("orders", one): "tests/operation/test_orders.py" for one in ("--csv", "--out", "--why")},
    ("ledger", "--store"): "tests/ledger/test_verb.py",
    ("lean backtest", "--dry-run"): "tests/lean/test_lean_backtest.py",
    ("lean backtest", "--launcher"): "tests/lean/test_lean_backtest.py",
    ("lean backtest", "--out"): "tests/lean/test_whole_way.py",
    ("lean backtest", "--project"): "tests/lean/test_lean_backtest.py",
    ("lean bundle", "--project"): "tests/lean/test_lean_backtest.py",
    ("lean bundle", "--out"): "tests/lean/test_lean_backtest.py",
    ("lean import", "result"): "tests/lean/test_import.py",
    ("lean import", "--out"): "tests/lean/test_import.py",
    ("lean import", "--interest-rate"): "tests/lean/test_import.py::rates",
    ("lean compare", "--fill-tolerance"): "tests/lean/test_compare.py::Tolerance(fill=",
    ("lean compare", "--equity-tolerance"): "tests/lean/test_compare.py::equity",
    **dict.fromkeys([("lean compare", one) for one in ("a", "b", "--out")], "tests/lean/test_compare.py"),
}
SPEAKS = ("--json", "--quiet")  # handed to the voice; tests/test_cli.py shows what it does with them
Row = tuple[str, str]


def tree() -> Iterator[tuple[str, Any]]:
    """Every verb of the command as it is, with its command."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for name, inner in command.commands.items():
            if not hasattr(inner, "commands") or inner.invoke_without_command:  # a group that does something by itself, as `book`
                yield " ".join((*path, name)), inner
            if hasattr(inner, "commands"):
                yield from walk(inner, (*path, name))

    yield from walk(typer.main.get_command(app), ())


def options() -> dict[Row, Any]:
    return {(verb, one.opts[0]): one for verb, command in tree() for one in command.params}


def probe_of(row: Row) -> tuple[str, str] | None:
    return OWN.get(row) or PROBES.get(row[1])


PROBED = [row for row in options() if row not in TESTS and row[1] not in SPEAKS and probe_of(row)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, files and an account, without models."""
    folder = tmp_path_factory.mktemp("desk")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in ("fetch --source csv --path bars.csv --vix vix.csv", "book init --cash 1000"):
            code, said = spoken(patch, f"{words} --quiet")
            assert code == 0, said
    return folder


def spoken(patch: pytest.MonkeyPatch, words: str) -> tuple[int, str]:
    """Exit code of a command, and how it was refused."""
    told: list[str] = []
    patch.setattr(sys, "argv", ["springback", *words.split()])
    patch.setattr(sys.stderr, "write", told.append)
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0), "".join(told)


def test_every_option_of_every_verb_has_a_row_that_says_how_it_is_heard() -> None:
    without = [row for row in options() if not (row in TESTS or row[1] in SPEAKS or probe_of(row))]
    assert not without, f"say in {Path(__file__).name} how these are shown to be heard: {without}"
    gone = {*OWN, *TESTS} - set(options())
    assert not gone, f"rows without an option: {gone}"
    assert set(PROBES) <= {name for _, name in options()}


def test_every_option_is_handed_on_by_its_verb() -> None:
    for verb, command in tree():
        own = inspect.unwrap(command.callback)
        function = ast.parse(textwrap.dedent(inspect.getsource(own))).body[0]
        assert isinstance(function, ast.FunctionDef)
        unheard = {one.name for one in command.params} - heard(function, inspect.signature(own)) - {"as_json", "quiet"}
        assert not unheard, f"springback {verb} does nothing with {unheard}"
        assert own is not command.callback, f"springback {verb} opens no voice, which hears --json and --quiet"


def read(nodes: Iterable[ast.AST]) -> set[Row]:
    """What is read of what: `group.field`."""
    return {(node.value.id, node.attr) for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}


def own(group: Any, name: str) -> set[str]:
    """The fields that the method `name` of a group reads; none where it is no method."""
    method = getattr(group, name, None)
    if not inspect.isfunction(method):
        return set()
    return {field for of, field in read(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(method))))) if of == "self"}


def heard(function: ast.FunctionDef, declared: inspect.Signature) -> set[str]:
    """The options that a verb reads: by name, or out of a group, one by one, by a method of it, or with `vars` all of them."""
    nodes = [node for part in function.body for node in ast.walk(part)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    fields = read(nodes)
    whole = {ast.unparse(node.args[0]) for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "vars"}
    found = set()
    for one in declared.parameters.values():
        if not dataclasses.is_dataclass(one.annotation):
            found |= {one.name} & names
            continue
        inside = {part for group, name in fields if group == one.name for part in (name, *own(one.annotation, name))}
        found |= {part.name for part in dataclasses.fields(one.annotation) if one.name in whole or part.name in inside}
    return found


def test_an_option_of_a_group_that_is_not_read_is_noticed() -> None:
    def verb(console: Any, *, stored: Stored, plan: Plan) -> None:
        print(console, vars(stored), plan.sets)

    function = ast.parse(textwrap.dedent(inspect.getsource(verb))).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert heard(function, inspect.signature(verb)) - {"console"} == {"store", "as_of", "sets"}


@pytest.mark.parametrize("row", PROBED, ids=" ".join)
def test_a_value_that_cannot_be_is_refused_by_name(row: Row, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verb, option = row
    value, said = probe_of(row) or ("", "")
    monkeypatch.chdir(desk)
    before = sorted(str(path) for path in desk.rglob("*"))
    needed = BASE.get(verb, "")
    if option in needed.split():  # the option that is tried comes last, and once
        needed = re.sub(rf"{option} \S+", "", needed)
    argument = not option.startswith("--")
    given = value if argument else f"{option} {value}"
    if argument and verb in POSITIONAL:
        needed = ""
    code, told = spoken(monkeypatch, f"{verb} {needed} {given} --quiet")
    assert code in (1, 2) and said in told, (code, told)
    assert told.count("\n") == 1
    made = set(map(str, desk.rglob("*"))) - set(before)
    assert not [one for one in made if "ledger.sqlite" not in one and "desk/state.sqlite" not in one], "refused, and nothing created"


@pytest.mark.parametrize("row", TESTS, ids=" ".join)
def test_a_test_that_shows_an_option_names_it(row: Row) -> None:
    file, _, word = TESTS[row].partition("::")
    text = (REPOSITORY / file).read_text(encoding="utf-8")
    assert (word or row[1]) in text and row[0].split()[-1] in text, f"{TESTS[row]} says nothing of {row}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{SAID} --models fixed {SPAN}", "--forecasts brings what models would say: leave --models and --models-dir out"),
        (f"{SAID} --models-dir models {SPAN}", "leave --models and --models-dir out"),
        ("stress --forecasts forecasts.csv --models fixed", "leave --models and --models-dir out"),
        ("lean backtest --dry-run --forecasts forecasts.csv --models fixed", "leave --models and --models-dir out"),
        ("lean backtest --dry-run --store store --data-folder lean/data", "--store and --data-folder both name the data"),
        (f"{SAID} --members members.csv {SPAN}", "--members changes nothing beside --forecasts"),
        (f"{SAID} --bars bars.csv --vix vix.csv --members members.csv {SPAN}", "--members changes nothing beside --forecasts"),
        (f"{SAID} --events events.csv {SPAN}", "--events belongs to a CSV file of bars: the store holds its own"),
        ("features --out f.csv --events events.csv", "--events belongs to a CSV file of bars"),
        ("run --events events.csv", "--events belongs to a CSV file of bars"),
        ("run --as-of 2030-01-01 --events events.csv", "--events belongs to a CSV file of bars"),
        ("lean export --events events.csv", "--events belongs to a CSV file of bars"),
        ("validate --method combinatorial --models-dir models", "leave --models-dir out"),
        ("universe --on 2020-01-06 --holdings held --store store", "--store goes with a store: --holdings reads files"),
        ("fetch --source yahoo --symbols AAA --keys keys.toml", "--keys goes with tiingo, alpaca: yahoo needs none"),
        ("fetch --source demo --members members.csv", "leave --path, --vix, --members, --events"),
    ],
)
def test_what_would_change_nothing_beside_another_option_is_refused(
    words: str, said: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk)
    code, told = spoken(monkeypatch, f"{words} --quiet")
    assert code == 2 and said in told, (code, told)


@pytest.mark.slow
def test_vix_beside_a_store_is_heard_and_the_report_says_so(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of one session fills that session: the others are the store's."""
    monkeypatch.chdir(desk)
    (desk / "one.csv").write_text("date,close\n2020-01-07,44\n")
    assert spoken(monkeypatch, f"{SAID} --vix one.csv {SPAN} --out heard --quiet")[0] == 0
    daily = [row.split(",") for row in (desk / "heard" / "daily.csv").read_text().splitlines()]
    vix = [row[daily[0].index("vix")] for row in daily[1:]]
    assert [float(one) for one in vix] == [15, 15, 15, 44, 15, 15, 15]
    told = json.loads((desk / "heard" / "summary.json").read_text())
    assert "VIX is that of one.csv on 1 of 7 sessions: 0 had none, 1 had another" in told["findings"]


def test_members_beside_a_store_are_heard(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    assert spoken(monkeypatch, "lean export --members members.csv --out exported --quiet")[0] == 0
    assert "AAA" in (desk / "exported" / "springback" / "members.csv").read_text()
    assert spoken(monkeypatch, "lean export --out bare --quiet")[0] == 0
    assert not (desk / "bare" / "springback" / "members.csv").exists()


def test_no_vix_is_found_out_before_the_training(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    (desk / "short.csv").write_text("date,close\n2020-01-02,15\n")
    assert spoken(monkeypatch, "fetch --source csv --path bars.csv --vix short.csv --store blind/store --quiet")[0] == 0
    for verb in ("backtest", "stress", "optimize", "audit"):
        code, told = spoken(monkeypatch, f"{verb} --store blind/store {SPAN} --quiet")
        assert code == 2 and "no VIX for session 2020-01-03 (6 of 7 sessions lack it): give --vix" in told, (verb, told)
    assert not (desk / "models").exists()
