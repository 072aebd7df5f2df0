"""Desks with real frozen decisions in them: a small market, models that learned from its past, evenings played and frozen one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from springback.backtest.run import Backtest
from springback.data.demo.demo import Demo, draw
from springback.data.hours import following, hours_of
from springback.forecasting import Models, model_store
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, opening
from springback.operation.desk_folder import DeskFolder
from springback.operation.evening import FREE, Curbs, Evening, Terms, play
from springback.operation.freezing import Circumstances, decision_of
from springback.operation.frozen_decision import FrozenDecision, Reason, freeze
from springback.operation.funnel import funnel
from springback.operation.order_table import forecasts_frame, orders_frame
from springback.operation.spoken import ModelsInUse, SessionForecasts, session_forecasts
from springback.operation.window import sessions_needed, window
from springback.strategy.knobs import Strategy
from springback.training import Training, train
from springback.workflow.prepare import prepare_world
from springback.workflow.settings import Settings, plain_settings

NOW = "2023-01-02T03:04:05+00:00"
DEMO = Demo(names=60, seed=4, start="2021-11-01", end="2023-03-31", shocks=1)
LEARNED = "2022-12-30"
"""The models learned from the market up to this day; the evenings begin after it."""
SETTINGS = Settings(
    strategy=Strategy(qpi_low=30.0, qpi_high=70.0, probability=0.5, slots=6), backtest=Backtest(cash=1_000_000.0, endings="learned")
)
"""Fires often on few names."""


@cache
def market(demo: Demo = DEMO) -> MarketData:
    """A market of real sessions."""
    return draw(demo)


@cache
def pair(training: Training | None = None) -> Models:
    """Models that learned from the market before the evenings."""
    past = market().until(market().bars.row(LEARNED) + 1)
    prepared = prepare_world(past, SETTINGS)
    training = training or Training(trees=20, depth=3)
    return model_store.seal(train(prepared.market_data, prepared.eligible, prepared.features, training, NOW).models)[0]


@dataclass(frozen=True, eq=False)
class Night:
    """An evening, what it saw and what the models said."""

    seen: MarketData
    said: SessionForecasts
    evening: Evening
    decision: FrozenDecision


def evenings(
    desk: Path,
    count: int,
    models: Mapping[str, Models] | None = None,
    settings: Settings = SETTINGS,
    curbs: Mapping[int, Curbs] | None = None,
    tape: MarketData | None = None,
) -> Iterator[Night]:
    """`count` evenings after `LEARNED`, each played on what was frozen the evening before, and frozen into `desk`. The first of `models`
    is the champion; `curbs` by the number of the evening; `tape` is another market of the same sessions.
    """
    named = models or {"2022-12-30": pair()}
    in_use = ModelsInUse(next(iter(named)), named, {name: one.card.hash for name, one in named.items()})
    folder, state = DeskFolder(desk), opening(settings.backtest.cash)
    tape = tape or market()
    begin = tape.bars.row(LEARNED) + 1
    for number in range(count):
        night = _night(folder, state, tape.until(begin + number + 1), in_use, settings, (curbs or {}).get(number, FREE))
        yield night
        again = night.decision.state()
        assert again is not None
        state = again


def freeze_evenings(desk: Path, count: int = 12, **more: object) -> DeskFolder:
    """The folder of `desk` after `count` evenings; `more` as in `evenings`."""
    for _ in evenings(desk, count, **more):  # type: ignore[arg-type]
        pass
    return DeskFolder(desk)


def _night(folder: DeskFolder, state: AccountState, past: MarketData, models: ModelsInUse, settings: Settings, curbs: Curbs) -> Night:
    terms = Terms(settings.strategy, settings.regime, settings.costs, settings.backtest)
    length = sessions_needed(settings.strategy, settings.regime, settings.universe)
    seen = window(past, past.bars.shape[0], length, state.symbols)
    said = session_forecasts(seen, models, settings.universe, settings.strategy.indicator)
    evening = play(state, seen, said.decisive, terms, curbs)
    session = str(seen.bars.sessions[-1])
    stages = funnel(evening, seen, said.decisive, settings.universe, terms, curbs)
    decision = decision_of(evening, session, said, terms, curbs, around(session, models, settings, curbs), "frozen", stages.plain())
    orders = orders_frame(evening, seen, said.decisive, terms)
    table = forecasts_frame(said.by_model, said.features, seen.bars.symbols)
    return Night(seen, said, evening, freeze(decision, folder.place(session), orders, table, evening.after))


def around(session: str, models: ModelsInUse, settings: Settings, curbs: Curbs = FREE) -> Circumstances:
    """What the decision of `session` stands on."""
    day = date.fromisoformat(session)
    frozen_at: datetime = hours_of(day).closes
    halt = (Reason("paused", "a person paused the desk"),) if not curbs.entries else ()
    reasons = (*halt, *(Reason("restricted", "its row contradicts itself", one) for one in sorted(curbs.barred)))
    return Circumstances(
        account="paper",
        frozen_at=frozen_at,
        next_open=following(day).opens,
        settings=plain_settings(settings),
        hashes={"data": "d" * 64, "settings": "e" * 64, "program": "f" * 64, "models": dict(models.hashes)},
        reasons=reasons,
        restricted=tuple(sorted(curbs.barred)),
        challengers=models.challengers,
    )


def keep_models(models: Path, pair: Models) -> Models:
    """`pair` in the folder of models `models`, as the champion's copy."""
    return model_store.save(pair, models)
