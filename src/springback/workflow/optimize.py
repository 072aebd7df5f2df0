"""The search for settings before a held-back period, its finding and page; and one look at what was held back."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from springback.analytics import encode
from springback.analytics.evidence import pair
from springback.analytics.figures import shown
from springback.cluster import Workers
from springback.errors import LedgerError, MissingData, SettingsError
from springback.ledger import entry as looks
from springback.ledger.book import Ledger
from springback.market.origin import Provenance
from springback.search import kept, search_words
from springback.search.knobs import Values, parse_all
from springback.search.optimizer import Memory, Trial, TrialResult, alone, importances, search
from springback.search.search_finding import Line, Plane, Revealed, SearchFinding, SearchReport, as_json, judge
from springback.search.search_page import page
from springback.statistics.overfitting import Search
from springback.statistics.returns import account_excess
from springback.workflow import places, record
from springback.workflow.backtests import BacktestCache, run_backtests
from springback.workflow.prepare import survey
from springback.workflow.progress import SILENT, Progress, Step
from springback.workflow.provenance import provenance
from springback.workflow.report import universe_of
from springback.workflow.search import BacktestCaches, SearchJob, forecast, looker, ratio_of, sessions_of, with_knobs
from springback.workflow.settings import MOVED, Settings, between, searchable

FIGURES, PAGE, WINNER, STUDY, HELD = "optimise.json", "optimise.html", "winner.toml", "study.sqlite", "held_back.json"
LOOKED = "the held-back period, looked at once"


def checked(settings: Settings) -> Settings:
    """`settings`, if they can be searched: every value that a knob may take is one, and costs are realistic. Raises `SettingsError`."""
    for knob in parse_all(settings.optimise.knobs, searchable(settings)):
        for value in knob.choices or (knob.low, knob.high):
            with_knobs(settings, {knob.name: int(value) if knob.whole else value})
    if settings.backtest.profile != "realistic":
        raise SettingsError(
            f"optimize searches under realistic costs only, backtest.profile was '{settings.backtest.profile}'",
            value=settings.backtest.profile,
        )
    return settings


def optimize(one: SearchJob, workers: Workers, progress: Progress = SILENT) -> SearchReport:
    """Searches, judges, maps the neighbourhood, and writes the study's folder; a search that was killed goes on.

    Raises `Unwritable`, `LedgerError`, `Taken` before the work.
    """
    one.record.ready()
    with alone(one.folder):
        settings = one.settings.optimise
        memory = Memory(one.folder / STUDY, one.stamp, one.knobs)
        caches = BacktestCaches(one, workers, progress)
        look = looker(one, caches, workers)
        specified = next(look([one.spec]))
        found = search(one.knobs, settings.trials, settings.batch, settings.seed, memory, look, progress.step("optimise"))
        shares = importances(one.knobs, found, settings.seed)
        first = judge(found, one.spec, specified, Search(len(found)), settings, sessions_of(one, caches))
        lines, plane = _map(progress.step("map"), one, look, first.winner, shares)
        stands = one.record.standing(one.whole, sessions_of(one, caches))  # the map's trials count as well
        entries = next(look([first.winner])).entries
        finding = judge(found, one.spec, specified, stands.search, settings, sessions_of(one, caches), entries)
        report = _report(one, caches, _Searched(found, finding, shares, lines, plane, stands.fault))
        _write(one, report)
    return report


def reveal(one: SearchJob, workers: Workers, progress: Progress = SILENT) -> SearchReport:
    """The winner and the specification on the held-back period, once: the ledger's row is the seal. Raises `SettingsError`.

    Both are written down before either is shown; then the page is drawn again, with what was seen.
    """
    one.record.ready()
    _unsealed(one)
    if not (one.folder / FIGURES).is_file():
        raise MissingData(f"{one.folder} holds no finished search: run the same command without --reveal first")
    with alone(one.folder):
        winner = kept.winner_of(one.folder / FIGURES, one.stamp, one.knobs)
        chosen = between(one.settings, one.hold_out_start.item(), one.end.item())
        made = survey(chosen, one.whole, one.hash, progress)
        figures = {}
        for name, values in (("winner", winner), ("specification", one.spec)):
            settings = with_knobs(chosen, values)
            backtest_cache = BacktestCache(one.whole, forecast(one, made, settings, workers, progress).forecasts)
            sealed = one.record.of(f"{LOOKED}: {name} of {one.folder.name}", "optimise", str(one.hold_out_start))
            (result,) = run_backtests(backtest_cache, [settings], workers, sealed)
            figures[name] = ratio_of(account_excess(result, one.whole))
        row = _seals(one)[0]
        found = Revealed(row.row, row.at, figures["winner"], figures["specification"], row.sessions)
        places.write(one.folder, {HELD: encode.text(found)})
    return optimize(one, workers, progress)


def _unsealed(one: SearchJob) -> None:
    """Raises `SettingsError` where the period was looked at before, whatever the search."""
    fault = Ledger(record.place(one.record.store)).fault()
    if fault:
        raise LedgerError(f"the trial ledger is damaged ({fault}): whether the held-back period was looked at before cannot be known")
    if rows := _seals(one):
        old = rows[0]
        raise SettingsError(
            f"the held-back period was looked at on {old.at[:10]} (ledger row {old.row}, {old.first} to {old.last}, Sharpe ratio "
            f"{shown(old.sharpe, 'ratio')}): a second look would be a choice; hold back a later period"
        )


def _seals(one: SearchJob) -> list[looks.Entry]:
    """The rows of looks at the held-back period, oldest first."""
    market = record.market_of(one.whole, one.hash)
    return [
        row
        for row in Ledger(record.place(one.record.store)).entries()
        if row.market == market and row.hold_out and row.first <= str(one.end) and str(one.hold_out_start) <= row.last
    ]


def _map(
    step: Step, one: SearchJob, look: Callable[[Sequence[Values]], Iterator[TrialResult]], winner: Values, shares: dict[str, float]
) -> tuple[tuple[Line, ...], Plane | None]:
    """The winner's neighbours along each fast knob, and over the two that matter most; trials as well, though none is chosen from."""
    fast = [knob for knob in one.knobs if MOVED[knob.name] != "forecasts"]  # the others need a walk-forward for each value
    count = one.settings.optimise.grid
    points = {knob.name: knob.around(winner[knob.name], count) for knob in fast}
    first = sorted(fast, key=lambda knob: -shares.get(knob.name, 0.0))[:2]
    wanted = [winner | {name: value} for name, values in points.items() for value in values]
    if len(first) == 2:
        across, down = (knob.name for knob in first)
        wanted += [winner | {down: low, across: high} for low in points[down] for high in points[across]]
    figures = []
    for k, seen in enumerate(look(wanted)):
        figures.append(ratio_of(seen.excess) if len(seen.excess) else None)
        step(k + 1, len(wanted), "the winner's neighbours")
    answers = iter(figures)
    lines = tuple(Line(name, tuple(values), tuple(next(answers) for _ in values)) for name, values in points.items())
    if len(first) < 2:
        return lines, None
    of = {line.name: line for line in lines}
    return lines, Plane(of[across], of[down], tuple(tuple(next(answers) for _ in points[across]) for _ in points[down]))


@dataclass(frozen=True, eq=False)
class _Searched:
    """What a finished search knows: its trials, the finding, the share of each knob, the map around the winner, and what is wrong with the
    ledger, in words.
    """

    trials: list[Trial]
    finding: SearchFinding
    shares: dict[str, float]
    lines: tuple[Line, ...]
    plane: Plane | None
    fault: str


def _report(one: SearchJob, caches: BacktestCaches, searched: _Searched) -> SearchReport:
    sessions = sessions_of(one, caches)
    hold_out = one.folder / HELD
    return SearchReport(
        name=one.folder.name,
        first=str(sessions[0]),
        last=str(sessions[-1]),
        held_first=str(one.hold_out_start),
        held_last=str(one.end),
        seen_before=_seen_before(one),
        finding=searched.finding,
        trials=tuple(
            (t.number, t.values, t.result.figure, ratio_of(t.result.excess) if len(t.result.excess) else None) for t in searched.trials
        ),
        knobs=one.knobs,
        importances=searched.shares,
        lines=searched.lines,
        plane=searched.plane,
        objective=one.settings.optimise.objective,
        how=_how(one, caches),
        provenance=_provenance(one, caches),
        ledger_fault=searched.fault,
        revealed=kept.held_of(hold_out) if hold_out.is_file() else None,
    )


def _seen_before(one: SearchJob) -> int:
    """How many other trials of the ledger saw sessions of the held-back period."""
    market = record.market_of(one.whole, one.hash)
    trials = looks.trials(Ledger(record.place(one.record.store)).entries())
    known = looks.overlapping(trials, market, str(one.hold_out_start), str(one.end))
    return sum(not row.entry.hold_out for row in record.tries(known))


def _how(one: SearchJob, caches: BacktestCaches) -> str:
    settings = one.settings.optimise
    return (
        f"Optuna's tree-structured Parzen estimator, {settings.trials} trials, {settings.batch} at a time, seed {settings.seed}; net of "
        f"realistic costs, on the {len(caches.base.folds)} periods of a walk-forward that end before {one.hold_out_start}. The data "
        "handed to the search end there too. Every trial, and every neighbour on the map, was entered in the trial ledger before its "
        "figure was used."
    )


def _provenance(one: SearchJob, caches: BacktestCaches) -> Provenance:
    universe = universe_of(one.prepared.market_data, caches.base.forecasts)
    return provenance(one.whole, one.hash, one.settings, universe, one.record.command, one.settings.optimise.seed)


def _write(one: SearchJob, report: SearchReport) -> None:
    figures = {"headline": [search_words.verdict(report.finding)], "stamp": one.stamp, **as_json(report)}
    places.write(one.folder, pair("optimise", figures, page(report)) | {WINNER: winner_toml(report)})


def winner_toml(report: SearchReport) -> str:
    """The winner's knobs as a settings file."""
    tables: dict[str, list[str]] = {}
    for name, value in report.finding.winner.items():
        part, _, knob = name.partition(".")
        tables.setdefault(part, []).append(f"{knob} = {json.dumps(value)}")
    body = "\n".join(f"\n[{part}]\n" + "\n".join(lines) for part, lines in tables.items())
    return f"# Winner of {report.name}, searched on {report.first} to {report.last}. {search_words.verdict(report.finding)}\n{body}\n"
