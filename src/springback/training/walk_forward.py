"""Quarterly models, each trained on what was known before its quarter, and the forecasts of the champion of each session as one panel."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from springback.cluster import Cores, Workers
from springback.errors import MissingData
from springback.forecasting.card import Card
from springback.forecasting.forecast import forecast_panel
from springback.forecasting.models import Classifier, Models
from springback.forecasting.timeline import WALK, Timeline
from springback.market.bars import Dates, Panel
from springback.market.forecasts import Forecasts
from springback.market.liquidity import mean_volume
from springback.market.market_data import MarketData
from springback.statistics.contest import Retraining
from springback.training.daily_scores import DailyScore, daily_scores
from springback.training.estimators import fit, targets
from springback.training.evaluate import Side, complement_correlation, judge
from springback.training.labels import forward_return
from springback.training.rows import TrainingRows, gather
from springback.training.splits import Period, walk
from springback.training.succession import judged
from springback.training.train import Progress, write_card
from springback.training.training_settings import Training, WalkForward

Save = Callable[[np.datetime64, Models], Models | None]
Lookup = Callable[[Card], Models | None]
FIELDS = ("qpi", "p_long", "p_short", "adv")


@dataclass(frozen=True)
class WalkOptions:
    """What a walk may do without.

    `start` and `end` bound the sessions it forecasts. `save(as_of, models)` is called as each pair is ready, oldest first, and may hand
    back the pair with its completed card; `lookup(card)` may hand back a pair of an earlier run that learned what `card` says. `progress`
    hears of each period; `workers` fit, None is this machine. `retraining`: how a newer pair may take over; `ranked` (T, N) are the names
    whose forecasts count in a contest, None: all that are forecast.
    """

    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    save: Save | None = None
    lookup: Lookup | None = None
    progress: Progress | None = None
    workers: Workers | None = None
    retraining: Retraining = field(default_factory=Retraining)
    ranked: NDArray[np.bool_] | None = None


NO_OPTIONS = WalkOptions()
"""All sessions, nothing saved or looked up, no progress."""


@dataclass(frozen=True)
class Fold:
    """One quarter: its sessions `first..last`, the session `as_of` by whose close all training labels of the newest pair by then were known
    (ISO dates), its training `rows`, the name of the `champion` of the first session, the number of `forecasts`, and how they did,
    afterwards, on the rows whose label came to be known by the end of the market data.
    """

    as_of: str
    first: str
    last: str
    rows: int
    champion: str
    forecasts: int
    long: Side
    short: Side
    mirror: float | None


@dataclass(frozen=True, eq=False)
class WalkForwardResult:
    """`forecasts` (T, N) on the market data's sessions, NaN outside the walk; `folds` oldest first; `models` by as-of date; and who was
    champion when.
    """

    forecasts: Forecasts
    folds: tuple[Fold, ...]
    models: dict[np.datetime64, Models]
    timeline: Timeline

    @property
    def champions(self) -> dict[np.datetime64, Models]:
        """The pair that speaks after the close of each day, until the next."""
        named = {pair.card.name: pair for pair in self.models.values()}
        return {np.datetime64(one.after, "D"): named[one.model] for one in self.timeline.tenures}


def walk_forward(
    market_data: MarketData,
    eligible: NDArray[np.bool_],
    features: Panel,
    training: Training,
    settings: WalkForward,
    now: str,
    options: WalkOptions = NO_OPTIONS,
) -> WalkForwardResult:
    """Forecasts of the sessions of `options` by models that are trained anew for each period on every label known before it, those of each
    session by the champion of that session.

    `eligible` (T, N), `features` (T, N, 8), NaN missing; `now` is the instant the cards record. A pair that `options.lookup` hands back is
    used if it was trained on the same rows under the same settings and libraries: so an interrupted walk goes on where it stopped. Raises
    `MissingData` when there is too little to learn from.
    """
    sessions = market_data.bars.sessions
    rows = gather(market_data, eligible, features, training)
    quarters = walk(rows, sessions, settings, options.start, options.end)
    trained = quarters[:1] if settings.policy == "never" else quarters
    lessons = [_lesson(rows, sessions, one.as_of, training) for one in trained]
    cards = [write_card(lesson, sessions, training, one.as_of, now) for lesson, one in zip(lessons, trained, strict=True)]
    course = _Course(market_data, eligible, features, training.horizon, settings.policy, options)
    folds: list[Fold] = []
    pairs = _pairs(rows, sessions, trained, cards, training, options)
    for period in quarters:
        if (pair := next(pairs, None)) is not None:
            as_of = sessions[period.as_of]
            course.enter(as_of, (options.save(as_of, pair) if options.save else None) or pair)
        course.play(period)
        folds.append(_fold(market_data, rows, period, course, training))
        if options.progress:
            options.progress(len(folds), len(quarters), f"{folds[-1].first} to {folds[-1].last}, {folds[-1].rows:,} rows")
    return WalkForwardResult(course.joined, tuple(folds), course.models, course.timeline)


class _Course:
    """A walk as far as it has come: the models, who is champion, and the forecasts."""

    def __init__(
        self, market_data: MarketData, eligible: NDArray[np.bool_], features: Panel, horizon: int, policy: str, options: WalkOptions
    ) -> None:
        bars = market_data.bars
        self.sessions, self.horizon, self.policy, self.rules = bars.sessions, horizon, policy, options.retraining
        self.ranked = np.ones(bars.shape, dtype=np.bool_) if options.ranked is None else options.ranked
        self.features, self.eligible, self.adv = features, eligible, mean_volume(bars)
        self.joined = Forecasts(*(np.full(bars.shape, np.nan) for _ in FIELDS))
        self.models: dict[np.datetime64, Models] = {}
        self.named: dict[str, Models] = {}
        self.timeline = Timeline()
        self.board: dict[str, DailyScore] = {}
        self.before: dict[str, Panel] = {}
        if policy == "if_better":
            self.forward, self.dollars = forward_return(bars, market_data.actions, horizon), self.adv * bars.close

    def enter(self, as_of: np.datetime64, pair: Models) -> None:
        """A pair that was trained on what was known at the close of `as_of`: the first champion, the next, or a challenger."""
        card, after = pair.card, str(as_of)
        self.models[as_of] = self.named[card.name] = pair
        if not self.timeline.tenures:
            timeline = self.timeline.begun(card.name, after, WALK, "the first")
        elif self.policy == "newest":
            timeline = self.timeline.succeeded(card.name, after, WALK, "the newest")
        else:
            timeline = self.timeline.registered(card.name, after)
        hashes = {**timeline.hashes, card.name: card.hash} if card.files else timeline.hashes
        self.timeline = replace(timeline, hashes=hashes, tried=after)

    def play(self, period: Period) -> None:
        """The forecasts of `period` by all that are in use, the contests judged at each close, and the champion's forecasts joined."""
        span = slice(period.first, period.end)
        now = self.features[span], self.eligible[span], self.adv[span]
        names = (self.timeline.champion, *self.timeline.challengers)
        said = {name: forecast_panel(self.named[name], *now) for name in names}
        if self.policy == "if_better":
            self._score(period, said)
            last = period.end - 1
            self.timeline = judged(self.timeline, self.board, self.sessions, last, self.horizon, self.rules, WALK)
        champions = np.array([self.timeline.champion_on(day) for day in self.sessions[span]])
        for name in np.unique(champions):
            its = champions == name
            for one in FIELDS:
                getattr(self.joined, one)[span][its] = getattr(said[name], one)[its]

    def _score(self, period: Period, forecasts: Mapping[str, Forecasts]) -> None:
        span = slice(period.first, period.end)
        signals = {name: np.where(self.ranked[span], one.p_long - one.p_short, np.nan) for name, one in forecasts.items()}
        for name, signal in signals.items():
            scores = self.board.setdefault(name, DailyScore.unknown(len(self.sessions)))
            scores.put(period.first, daily_scores(signal, self.forward[span], self.dollars[span], self.before.get(name)))
        self.before = {name: signal[-1] for name, signal in signals.items()}


def _lesson(rows: TrainingRows, sessions: Dates, as_of: int, training: Training) -> TrainingRows:
    """What may be learned from at the close of row `as_of`."""
    return rows.known_by(as_of).newest(sessions, as_of, training.years)


def _pairs(
    rows: TrainingRows, sessions: Dates, quarters: list[Period], cards: list[Card], training: Training, options: WalkOptions
) -> Iterator[Models]:
    """The models of each period in order: found, or fitted side by side."""
    found = [options.lookup(card) if options.lookup else None for card in cards]
    found = [old if old is not None and old.card.lesson == card.lesson else None for old, card in zip(found, cards, strict=True)]
    missing = [(quarter, side) for quarter, old in zip(quarters, found, strict=True) if old is None for side in (0, 1)]
    workers = options.workers or Cores(training.threads)
    fitted = workers.each(_learn, (rows, sessions, training), missing)
    for old, card in zip(found, cards, strict=True):
        yield old if old is not None else Models(next(fitted), next(fitted), card)


def _learn(shared: tuple[TrainingRows, Dates, Training], task: tuple[Period, int]) -> Classifier:
    """One side's model of one period."""
    (rows, sessions, training), (period, side) = shared, task
    learned = _lesson(rows, sessions, period.as_of, training).thinned(training.max_rows)
    return fit(learned, targets(learned)[side], training)


def _fold(market_data: MarketData, rows: TrainingRows, period: Period, course: _Course, training: Training) -> Fold:
    """The record of one period."""
    tested = rows.between(period.first, period.end)
    p_long, p_short = (panel[tested.session, tested.name] for panel in (course.joined.p_long, course.joined.p_short))
    long, short = judge(tested, p_long, p_short, training)
    first, last = (market_data.bars.sessions[row] for row in (period.first, period.end - 1))
    newest = list(course.models.values())[-1].card
    return Fold(
        as_of=newest.known_by,
        first=str(first),
        last=str(last),
        rows=newest.rows,
        champion=course.timeline.champion_on(first),
        forecasts=int((~np.isnan(course.joined.p_long[period.first : period.end])).sum()),
        long=long,
        short=short,
        mirror=complement_correlation(p_long, p_short),
    )


def challenger(
    market_data: MarketData,
    eligible: NDArray[np.bool_],
    features: Panel,
    training: Training,
    row: int,
    now: str,
    options: WalkOptions = NO_OPTIONS,
) -> Models:
    """The pair that a walk-forward would train on what was known at the close of `row`, found by `options.lookup` or fitted.

    `eligible` (T, N), `features` (T, N, 8), NaN missing; `now` is the instant the card records. Raises `MissingData` where no label was
    known by then.
    """
    sessions = market_data.bars.sessions
    rows = gather(market_data, eligible, features, training)
    lesson = _lesson(rows, sessions, row, training)
    if not len(lesson):
        raise MissingData(f"no label was known by {sessions[row]}: fetch a longer history")
    card = write_card(lesson, sessions, training, row, now)
    return next(_pairs(rows, sessions, [Period(row, row + 1, row + 1)], [card], training, options))
