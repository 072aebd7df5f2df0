"""The quarterly review: gathers what there is, of the desk, the ledger and the market, builds the document and writes it. Changes
nothing.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from springback import __version__
from springback.analytics import encode, evidence
from springback.cluster import Workers
from springback.data.hours import between as between_days
from springback.data.sessions import exchange_days
from springback.data.store.store import Store
from springback.errors import BadTable, InputError, MissingData, ModelError, SettingsError
from springback.ledger import entry
from springback.ledger.book import Ledger
from springback.market import recorded
from springback.market.bars import Dates
from springback.market.prose import Prose
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import FrozenDecision
from springback.review import review_page
from springback.review.build import Materials, build
from springback.review.desk_frames import DeskFrames, desk_frames
from springback.review.document import NOWHERE, Missing, Quarter, Review, Source, missing, quarter_from, quarter_of
from springback.review.governance import ContestFact, IncidentFact, LedgerFacts
from springback.review.outcome import Reference, Ripe
from springback.review.threshold import NEVER, Tried
from springback.settings import flat
from springback.statistics.returns import account_excess
from springback.training.labels import forward_return
from springback.workflow import places, record, state_place
from springback.workflow.attribution import chains_of
from springback.workflow.backtests import BacktestCache, run_backtests
from springback.workflow.forecasts import Choice, forecasts_for
from springback.workflow.inputs import Inputs, Loaded, stored
from springback.workflow.prepare import bare, survey
from springback.workflow.progress import SILENT, Progress
from springback.workflow.provenance import provenance
from springback.workflow.recorder import Recorder
from springback.workflow.settings import Settings, between, window_of
from springback.workflow.version_file import TABLES
from springback.workflow.versions import version_of

JSON, PAGE, TEXT = "review.json", "review.html", "review.md"


@dataclass(frozen=True)
class Ground:
    """Where a review looks: the folder of the account, the market's place, and whose forecasts the thresholds are tried on."""

    desk: Path
    inputs: Inputs
    choice: Choice


def review(settings: Settings, ground: Ground, quarter: str, workers: Workers, recorder: Recorder, progress: Progress = SILENT) -> Review:
    """The review of `quarter` (2026Q3); each threshold that it tries is a trial of the ledger. Raises `InputError`, `LedgerError`, and as
    a backtest does where there is a market.
    """
    chosen = quarter_from(quarter)
    step = progress.step("review")
    step(0, 3, f"decisions in {ground.desk}")
    desk, market = _desk(DeskFolder(ground.desk), chosen), _market(ground)
    step(1, 3, "ledger and market")
    tried, untried = _tried(settings, ground, market, chosen, workers, recorder, progress)
    whole = replace(_materials(settings, desk, market, chosen, recorder), tried=tried, untried=untried)
    step(2, 3, "sections")
    return build(replace(whole, incidents=_incidents(ground.desk, chosen), chains=chains_of(ground.desk, chosen.first, chosen.next.first)))


def _materials(settings: Settings, desk: DeskFrames, market: Loaded | None, quarter: Quarter, recorder: Recorder) -> Materials:
    """What the desk, the market until the quarter's end and the ledger tell."""
    known = _until(market, quarter)
    facts, reference = _ledger(settings, market, quarter, recorder.store)
    return Materials(
        quarter=quarter,
        desk=desk,
        rules=settings.review,
        strategy=settings.strategy,
        costs=settings.costs,
        version=version_of(settings),
        market_data=None if known is None else known.market_data,
        market_source=NOWHERE if market is None else Source(f"store, {market.how}", market.hash),
        reference=reference,
        ripe=_ripe(settings, desk, known, quarter),
        ledger=facts,
        contests=_contests(recorder.store, market, quarter),
        calendar=_calendar(settings, quarter),
        flags=_flags(settings, market),
        facts={"Springback": __version__, "Python": platform.python_version(), "Command": recorder.command},
    )


def write(document: Review, out: Path) -> dict[str, Any]:
    """Writes review.json, review.html and review.md into `out`; returns what the first holds. Raises `Unwritable`."""
    figures = as_json(document)
    places.write(out, {JSON: encode.text(figures), PAGE: review_page.page(document), TEXT: review_page.markdown(document)})
    return figures


def as_json(document: Review) -> dict[str, Any]:
    """The review as one JSON object; what is not known is null."""
    told = {
        **vars(document),
        "quarter": str(document.quarter),
        "state": document.sections[0].state,
        "proposals": document.proposals,
        "sources": document.sources,
    }
    return dict(encode.plain(told))


def sessions_of(desk: Path) -> tuple[str, ...]:
    """The sessions that were decided in the folder `desk`, ISO, in order."""
    return DeskFolder(desk).sessions()


def usual_quarter(sessions: tuple[str, ...], today: date) -> Quarter:
    """The newest quarter that the decided `sessions` (ISO) complete, or the only one that they are of; without any the one before
    today's.
    """
    if not sessions:
        return quarter_of(today).previous
    last = date.fromisoformat(sessions[-1])
    own = quarter_of(last)
    complete = str(exchange_days(last, own.next.first - timedelta(days=1))[-1]) == sessions[-1]
    return own if complete or sessions[0] >= str(own.first) else own.previous


def _market(ground: Ground) -> Loaded | None:
    """The store that is named, or the usual one where there is one. Raises `MissingData` where the one that is named is none."""
    inputs = ground.inputs
    if inputs.store is None and not inputs.as_of and not Store(inputs.folder).exists():
        if ground.choice.file is not None:
            raise InputError(f"--forecasts {ground.choice.file}: there is no store to try thresholds on: name it by --store")
        return None
    return stored(inputs)


def _desk(folder: DeskFolder, quarter: Quarter) -> DeskFrames:
    """The decisions until the end of the quarter; those that are damaged are named and not used."""
    decisions: list[FrozenDecision] = []
    damaged: list[str] = []
    hashes = hashlib.sha256()
    for session in folder.sessions():
        if session >= str(quarter.next.first):
            break
        try:
            decisions.append(folder.decision(session))
            hashes.update(decisions[-1].hash.encode())
        except BadTable:
            damaged.append(session)
    name = f"{folder.path}/DATE/decision.json, {len(decisions):,} decisions"
    source = Source(name, hashes.hexdigest() if decisions else "")
    return desk_frames(decisions, source, quarter.first, tuple(damaged))


def _until(market: Loaded | None, quarter: Quarter) -> Loaded | None:
    """The market as it was known at the end of the quarter; None where it holds nothing before it."""
    if market is None:
        return None
    end = market.market_data.bars.row(np.datetime64(quarter.next.first))
    return replace(market, market_data=market.market_data.until(end)) if end else None


def _calendar(settings: Settings, quarter: Quarter) -> Dates:
    """The sessions of the quarter whose next open has passed: those that were decided by then, or missed."""
    hours = between_days(quarter.first, quarter.next.first + timedelta(days=10), settings.calendar.closed)
    over = [one.day for one, after in pairwise(hours) if quarter.holds(one.day) and after.opens <= datetime.now(UTC)]
    return np.array(over, "datetime64[D]")


def _flags(settings: Settings, market: Loaded | None) -> tuple[str, ...]:
    if market is None:
        return ()
    return evidence.flags(provenance(market.market_data, market.hash, settings, "", ""), evidence.NO_EVIDENCE)


def _ledger(settings: Settings, market: Loaded | None, quarter: Quarter, store: Path | None) -> tuple[LedgerFacts | None, Reference | None]:
    """What the ledger says, and the newest backtest of this market that says what to expect: one under today's settings before another."""
    book = Ledger(record.place(store))
    entries = book.entries()
    if not entries:
        return None, None
    past = entries[-1].market if market is None else record.market_of(market.market_data, market.hash)
    own = [one for one in entry.trials(entries) if one.entry.market == past]
    source = Source(f"{book.file}, row {entries[-1].row}", entries[-1].hash)
    added = sum(str(quarter.first) <= one.entry.at[:10] < str(quarter.next.first) for one in own)
    facts = LedgerFacts(source, len(own), added, book.fault())
    before = [one for one in own if one.entry.kind in record.ACCOUNTS and one.entry.first < str(quarter.first)]
    ruled = {name: value for name, value in flat(settings).items() if name.partition(".")[0] in TABLES}
    wanted = json.loads(json.dumps(ruled, default=str))
    same = {one.entry.row: _same(book.settings(one.entry.settings), wanted) for one in before}
    ordered = sorted(before, key=lambda one: (same[one.entry.row], one.newest))
    for one in reversed(ordered):
        held = book.records(frozenset([one.entry.returns])).get(one.entry.returns)
        days = () if held is None else held[0] < np.datetime64(quarter.first)
        if held is not None and np.any(days):
            return facts, Reference(
                held[0][days], held[1][days], same[one.entry.row], Source(f"{book.file}, row {one.entry.row}", one.entry.hash)
            )
    return facts, None


def _contests(store: Path | None, market: Loaded | None, quarter: Quarter) -> tuple[ContestFact, ...]:
    """What the ledger says happened to contests on this market by the sessions of the quarter."""
    past = None if market is None else record.market_of(market.market_data, market.hash)
    events = [one.event for one in Ledger(record.place(store)).contests()]
    return tuple(
        ContestFact(one.session, one.event, one.challenger, one.champion, one.sessions, one.gain, one.by, Prose(one.why))
        for one in events
        if str(quarter.first) <= one.session < str(quarter.next.first) and past in (None, one.market)
    )


def _incidents(desk: Path, quarter: Quarter) -> tuple[IncidentFact, ...] | None:
    """The incidents of the account that were opened in the quarter; None where no state database is there, and none is made."""
    where = state_place.place(desk)
    if "://" not in where and not Path(where).exists():
        return None
    told = state_place.open_state(desk).incidents(desk.resolve().name, history=True)
    return tuple(
        IncidentFact(
            one.cause,
            one.opened_at.isoformat(sep=" ", timespec="minutes")[:16],
            None if one.closed_at is None else (one.closed_at - one.opened_at).total_seconds() / 3600,
            one.words,
        )
        for one in told
        if quarter.holds(one.opened_at.date())
    )


def _same(text: str, rule: Mapping[str, Any]) -> bool:
    """Whether the recorded settings in `text` say of rule, regime and costs what `rule` says."""
    told = recorded.named(json.loads(text))
    return all(told.get(name) == value for name, value in rule.items())


def _ripe(settings: Settings, desk: DeskFrames, market: Loaded | None, quarter: Quarter) -> Ripe | None:
    """The champion's frozen forecasts of the quarter whose labels were known at its end."""
    frozen = desk.within(quarter.first, quarter.next.first)
    if market is None or frozen.forecasts.empty:
        return None
    bars = market.market_data.bars
    forward = forward_return(bars, market.market_data.actions, settings.training.horizon)
    champion = dict(zip(frozen.days["session"], frozen.days["champion"], strict=True))
    told = frozen.forecasts
    told = told[[champion.get(day) == model for day, model in zip(told["session"], told["model"], strict=True)]]
    rows = {str(day): row for row, day in enumerate(bars.sessions)}
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    told = told[told["session"].isin(rows) & told["symbol"].isin(columns)].sort_values(["session", "symbol"])
    row = told["session"].map(rows).to_numpy(np.int64)
    name = told["symbol"].map(columns).to_numpy(np.int64)
    grown = forward[row, name]
    known = ~np.isnan(grown) & told["p_long"].notna().to_numpy() & told["p_short"].notna().to_numpy()
    long, short = (told[side].to_numpy(np.float64)[known] for side in ("p_long", "p_short"))
    return Ripe(row[known], name[known], long, short, grown[known], settings.strategy.probability, settings.training.horizon, desk.source)


def _tried(
    settings: Settings, ground: Ground, market: Loaded | None, quarter: Quarter, workers: Workers, recorder: Recorder, progress: Progress
) -> tuple[Tried | None, tuple[Missing, ...]]:
    """Each threshold of `review.multiples`, the one in force and no regime, backtested until the quarter's end; or why none was tried."""
    if market is None:
        return None, missing("market")
    if ground.choice.file is None and not places.holds_models(ground.choice.models):
        return None, missing("models")
    data = market.market_data
    end = data.bars.row(np.datetime64(quarter.next.first))
    if end < len(data.bars.sessions):
        settings = between(settings, end=data.bars.sessions[max(end - 1, 0)].item())
    try:
        settings = window_of(settings, data)
        prepared = bare(settings, data, market.hash) if ground.choice.file else survey(settings, data, market.hash, progress)
        by = forecasts_for(settings, prepared, ground.choice, progress)
    except (MissingData, ModelError, SettingsError) as error:
        if ground.choice.file is not None:
            raise
        return None, (Missing("sessions", Prose(str(error))),)
    current = settings.regime.multiple
    multiples = tuple(sorted({*settings.review.multiples, current}))
    many = [replace(settings, regime=replace(settings.regime, multiple=one)) for one in (*multiples, NEVER)]
    results = list(run_backtests(BacktestCache(data, by.forecasts), many, workers, recorder.of(by.words).on(data)))
    returns = np.array([account_excess(one, data) for one in results])
    daily = results[0].daily
    source = Source(f"{len(many)} backtests of {ground.inputs.folder}", market.hash)
    return Tried(multiples, returns[:-1], returns[-1], results[0].sessions, current, daily["vix"], daily["vix_sma15"], source), ()
