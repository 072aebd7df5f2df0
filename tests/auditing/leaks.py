"""Planted leaks: the real pipeline with one thing wrong, the checks that must find it, and what their line must say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from springback import features as workbench
from springback.auditing.pipeline import Flags, ModelForecasts, Pipeline
from springback.backtest.result import Result
from springback.forecasting.forecast import forecast_panel
from springback.market.actions import Actions
from springback.market.bars import Bars, Panel
from springback.market.forecasts import Forecasts
from springback.market.liquidity import mean_volume
from springback.market.market_data import MarketData
from springback.strategy.rule import RESTING_STOP, STOP_LOSS
from springback.strategy.universe import eligible
from springback.training.labels import forward_return
from springback.training.rows import TrainingRows
from springback.training.splits import walk
from springback.training.train import fit_models
from springback.workflow import audit
from springback.workflow.settings import Settings

Lesson = Callable[[TrainingRows, int], TrainingRows]
Change = Callable[[Pipeline, Settings], Pipeline]


@dataclass(frozen=True)
class Leak:
    """`change` plants it; `finds` maps a check that must FAIL to words of its line; `knobs` are settings it needs."""

    change: Change
    finds: dict[str, str]
    knobs: tuple[str, ...] = ()


def taught_by(settings: Settings, lesson: Lesson) -> Callable[[MarketData, Flags, Panel], ModelForecasts]:
    """A walk-forward like the real one whose models learn what `lesson` gives out of every eligible row, known or not, as of a session."""

    def forecast(market_data: MarketData, ranked: Flags, panel: Panel) -> ModelForecasts:
        rows = every_row(market_data, ranked, panel, settings.training.horizon)
        start, end = (np.datetime64(day) for day in (settings.backtest.start, settings.backtest.end))
        known = rows.pick(~np.isnan(rows.forward))
        adv, sessions = mean_volume(market_data.bars), market_data.bars.sessions
        joined = Forecasts(*(np.full(market_data.bars.shape, np.nan) for _ in range(4)))
        models = {}
        for period in walk(known, sessions, settings.walk_forward, start, end):
            pair = fit_models(lesson(rows, period.as_of), sessions, settings.training, period.as_of, "")
            models[str(sessions[period.as_of])] = audit.fingerprint(pair)
            span = slice(period.first, period.end)
            said = forecast_panel(pair, panel[span], ranked[span], adv[span])
            for name in ("qpi", "p_long", "p_short", "adv"):
                getattr(joined, name)[span] = getattr(said, name)
        return ModelForecasts(joined, models)

    return forecast


def every_row(market_data: MarketData, ranked: Flags, panel: Panel, horizon: int) -> TrainingRows:
    """Every eligible row with all features; its forward return NaN where it is unknown."""
    session, name = np.nonzero(ranked & ~np.isnan(panel).any(axis=2))
    forward = forward_return(market_data.bars, market_data.actions, horizon)[session, name]
    return TrainingRows(panel[session, name].astype(np.float32), forward, forward, session, name, session + horizon)


def purged(rows: TrainingRows, as_of: int) -> TrainingRows:
    """What the real one learns."""
    return rows.pick((rows.known_at <= as_of) & ~np.isnan(rows.forward))


def _unpurged(rows: TrainingRows, as_of: int) -> TrainingRows:
    return rows.pick((rows.session <= as_of) & ~np.isnan(rows.forward))


def _this_quarter_too(rows: TrainingRows, as_of: int) -> TrainingRows:
    return rows.pick((rows.session <= as_of + 63) & ~np.isnan(rows.forward))


def _everything(rows: TrainingRows, _: int) -> TrainingRows:
    return rows.pick(~np.isnan(rows.forward))


def _unknown_is_zero(rows: TrainingRows, as_of: int) -> TrainingRows:
    unknown = (rows.known_at > as_of) | np.isnan(rows.forward)
    return replace(rows, forward=np.where(unknown, 0.0, rows.forward)).pick(rows.session <= as_of)


def _learns(lesson: Lesson) -> Change:
    return lambda clean, settings: replace(clean, forecast=taught_by(settings, lesson))


def _sees(view: Callable[[MarketData], Panel]) -> Change:
    return lambda clean, _: replace(clean, features=view)


def _ranks(view: Callable[[MarketData, Settings], Flags]) -> Change:
    return lambda clean, settings: replace(clean, eligible=lambda market_data: view(market_data, settings))


def _trades(view: Callable[[MarketData], MarketData]) -> Change:
    return lambda clean, _: replace(clean, backtest=lambda market_data, said: clean.backtest(view(market_data), said))


def _says(view: Callable[[Forecasts], Forecasts]) -> Change:
    def change(clean: Pipeline, _: Settings) -> Pipeline:
        def forecast(*seen: Any) -> ModelForecasts:
            learned = clean.forecast(*seen)
            return ModelForecasts(view(learned.forecasts), learned.models)

        return replace(clean, forecast=forecast)

    return change


def _books(view: Callable[[MarketData, Result], Result]) -> Change:
    return lambda clean, _: replace(clean, backtest=lambda market_data, said: view(market_data, clean.backtest(market_data, said)))


def _panel(market_data: MarketData) -> Panel:
    return workbench.panel(market_data.bars, market_data.actions)


def _tomorrows_close(market_data: MarketData) -> Panel:
    panel = _panel(market_data)
    panel[:-1, :, 4] = market_data.bars.close[1:] / market_data.bars.close[:-1] - 1
    return panel


def _scaled_by_all(market_data: MarketData) -> Panel:
    panel = _panel(market_data)
    panel[..., 6] = (panel[..., 6] - np.nanmean(panel[..., 6])) / np.nanstd(panel[..., 6])
    return panel


def _scaled_by_all_so_far(market_data: MarketData) -> Panel:
    panel = _panel(market_data)
    known = np.nan_to_num(panel[..., 6])
    panel[..., 6] -= (known.cumsum(axis=0).sum(axis=1) / (np.arange(len(known)) + 1))[:, None]
    return panel


def _split_known_early(market_data: MarketData) -> Panel:
    actions = market_data.actions
    return workbench.panel(market_data.bars, Actions(np.maximum(actions.row - 1, 0), actions.name, actions.kind, actions.value))


def _place_as_a_feature(market_data: MarketData) -> Panel:
    panel = _panel(market_data)
    panel[..., 2] += 1e-6 * np.arange(market_data.bars.shape[1])
    return panel


def _members_of_today(market_data: MarketData, settings: Settings) -> Flags:
    assert market_data.members is not None
    return eligible(
        replace(market_data, members=np.broadcast_to(market_data.members[-1], market_data.members.shape).copy()), settings.universe
    )


def _survivors(market_data: MarketData, settings: Settings) -> Flags:
    return eligible(market_data, settings.universe) & (market_data.last == len(market_data.bars.sessions) - 1)


def _vix_of_tomorrow(market_data: MarketData) -> MarketData:
    return replace(market_data, vix=np.concatenate([market_data.vix[1:], market_data.vix[-1:]]))


def _open_is_yesterdays_close(market_data: MarketData) -> MarketData:
    bars = market_data.bars
    opens = np.where(np.isnan(bars.open), np.nan, np.vstack([bars.open[:1], bars.close[:-1]]))
    opens = np.where(np.isnan(opens), bars.open, opens)
    return replace(market_data, bars=Bars(bars.sessions, bars.symbols, opens, bars.high, bars.low, bars.close, bars.volume))


def _ahead(panel: Panel) -> Panel:
    return np.concatenate([panel[1:], panel[-1:]])


def _volume_of_tomorrow(said: Forecasts) -> Forecasts:
    return replace(said, adv=np.where(np.isnan(said.adv), np.nan, _ahead(said.adv)))


def _forecasts_of_tomorrow(said: Forecasts) -> Forecasts:
    return Forecasts(*(_ahead(panel) for panel in (said.qpi, said.p_long, said.p_short, said.adv)))


def _same_bar(market_data: MarketData, result: Result) -> Result:
    fills = {name: column.copy() for name, column in result.fills.items()}
    ordered = dict(zip(result.orders["order_id"], result.orders["row"], strict=True))
    market = fills["midnight"] == 0
    fills["row"][market] = [ordered[one] for one in fills["order_id"][market]]
    return replace(result, fills=fills)


def _stop_at_its_level(_: MarketData, result: Result) -> Result:
    """Every stop fills at its level, whatever the open."""
    fills = {name: column.copy() for name, column in result.fills.items()}
    stops = result.orders["reason"] == RESTING_STOP
    level = dict(zip(result.orders["order_id"][stops], result.orders["level"][stops], strict=True))
    for k in np.flatnonzero(fills["reason"] == STOP_LOSS):
        fills["price"][k] = level.get(fills["order_id"][k], fills["price"][k])
        fills["slippage"][k] = 0.0
    return replace(result, fills=fills)


def _fees_forgotten(_: MarketData, result: Result) -> Result:
    back = np.cumsum(result.daily["fees"])
    return replace(result, daily={**result.daily, "cash": result.daily["cash"] + back, "equity": result.daily["equity"] + back})


LEAKS: dict[str, Leak] = {
    "tomorrow's close in a feature": Leak(
        _sees(_tomorrows_close), {"truncated": "mom_5 of", "corrupted": "mom_5 of", "noise": "noise shows AUC"}
    ),
    "full-sample scaling": Leak(_sees(_scaled_by_all), {"truncated": "mom_20 of", "corrupted": "mom_20 of", "warm-up": "mom_20 of"}),
    "scaling that depends on where the history begins": Leak(_sees(_scaled_by_all_so_far), {"warm-up": "mom_20 of"}),
    "a split known early": Leak(_sees(_split_known_early), {"corrupted": " of "}),
    "a name's place as a feature": Leak(_sees(_place_as_a_feature), {"renamed": "bb_position of"}),
    "unpurged labels": Leak(_learns(_unpurged), {"labels": "model as of"}),
    "labels in retraining": Leak(
        _learns(_this_quarter_too), {"labels": "model as of", "truncated": "model as of", "corrupted": "model as of"}
    ),
    "a model of all rows": Leak(_learns(_everything), {"corrupted": "model as of"}),
    "an unknown label cast to class 0": Leak(_learns(_unknown_is_zero), {"labels": "not known yet", "unlabelled": "without a label"}),
    "today's membership": Leak(_ranks(_members_of_today), {"universe": "universe of", "survivors": "survivors only"}),
    "survivor-only universe": Leak(_ranks(_survivors), {"survivors": "survivors only", "truncated": "universe of"}),
    "VIX a day early": Leak(_trades(_vix_of_tomorrow), {"vix": "VIX of later sessions"}),
    "fills at the close of the decision": Leak(_trades(_open_is_yesterdays_close), {"fills": "the open was"}),
    "same-bar fills": Leak(_books(_same_bar), {"fills": "in the session that decided it", "money": " of "}),
    "a stop filled at its level through a gap": Leak(
        _books(_stop_at_its_level), {"fills": "the bar opened beyond the stop"}, ("strategy.stop_mode=intraday", "strategy.stop_loss=0.01")
    ),
    "fees forgotten": Leak(_books(_fees_forgotten), {"money": "cash of"}),
    "mean volume with tomorrow's": Leak(_says(_volume_of_tomorrow), {"corrupted": "forecast adv of"}),
    "forecasts of tomorrow": Leak(_says(_forecasts_of_tomorrow), {"truncated": "forecast", "corrupted": "forecast"}),
}
