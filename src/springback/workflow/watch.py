"""The watch over the champion: brought up to date as labels ripen, kept beside the frozen decisions, cleared by a person.

DESK/monitor.json     the state of the watch: one value, replaced whole
"""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.alone import alone
from springback.data.files.reading import atomic
from springback.data.files.tables import read_forecasts
from springback.errors import InputError, MissingData, SpringbackError
from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.monitoring import decay
from springback.monitoring.accuracy import DayScores, LiveForecasts, day_scores
from springback.monitoring.decay import Decay
from springback.operation.desk_folder import DeskFolder
from springback.operation.frozen_decision import FrozenDecision
from springback.state.rows import Alarm
from springback.state.state import State
from springback.training.labels import forward_return
from springback.workflow.forecast_cache import FILE
from springback.workflow.frozen import before, champion_of, frozen, since, until
from springback.workflow.settings import Settings

STATE = "monitor.json"
WALKED = Path("walk_forward") / FILE
"""In a folder of models: the forecasts of the newest walk-forward."""
REFERENCE = 504
"""Sessions before the desk's first that a reference is taken from."""
ENDED = "another watch"
"""Who ends an alarm that no person cleared."""
Numbers = NDArray[np.float64]


def state_of(desk: Path) -> Decay | None:
    """The watch as it was left in the folder `desk`; None where there is none. Raises `InputError` where it is damaged."""
    try:
        return decay.read((desk / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{desk / STATE} cannot be read ({error}): free it, or move it away") from None


def clear(desk: Path, by: str, rows: State, at: datetime) -> Decay:
    """Clears the alarm in the name of `by`, in the state too; the watch begins anew. Raises `InputError` where there is no alarm, `Taken`
    where an evening is at work, which would bring it back.
    """
    with alone(desk):
        state = state_of(desk)
        if state is None or not state.alarm:
            raise InputError(f"no alarm stands in {desk}: there is nothing to clear")
        cleared = state.clear(by)
        noted(rows, desk.resolve().name, state, at)
        noted(rows, desk.resolve().name, cleared, at)
        return _kept(desk, cleared)


def noted(rows: State, account: str, state: Decay | None, at: datetime) -> None:
    """Keeps in the state of `account` that an alarm of the watch stands, or how it ended: by a person, or with its champion."""
    if state is None:
        return
    for one in rows.alarms(account):
        if one.model != state.champion or not state.alarm:
            rows.clear_alarm(account, one.model, (state.cleared if one.model == state.champion else "") or ENDED, at)
    if state.alarm:
        rows.raise_alarm(account, Alarm(state.champion, date.fromisoformat(state.alarm), state.shortfall, state.limit))


def watch(
    settings: Settings,
    desk: Path,
    market_data: MarketData,
    models: Path,
    whole: Callable[[], MarketData] | None = None,
    again: bool = False,
) -> Decay | None:
    """The watch after every session whose labels `market_data` knows, written down where it changed; None where no champion decided yet. A
    champion without a reference is not watched, and one is looked for once, or `again` where that is asked.

    Where another champion begins, the reference is looked for in `whole`, the market with all of its past (None: `market_data` has it).
    Sessions decided late or without data are no evidence. Raises `InputError`, `BadTable`, `Unwritable`.
    """
    folder = DeskFolder(desk)
    champion = next((one for session in reversed(folder.sessions()) if (one := folder.decision(session).champion)), "")
    if not champion:
        return None
    known = state_of(desk)
    if known is None or known.champion != champion or (again and not known.watched):
        market_data = market_data if whole is None else until(whole(), market_data.bars.sessions[-1])
        state = _begun(settings, folder, market_data, models)
    else:
        state = known
    if state.watched:
        state = _updated(settings, state, _unseen(folder, state), market_data)
    return state if state == known else _kept(desk, state)


def entry_factor(settings: Settings, desk: Path, champion: str) -> float:
    """What an evening multiplies the gross of its new entries by while `champion` decides: the watch as the evening before left it.

    Raises `InputError` where its state is damaged.
    """
    state = state_of(desk)
    return decay.alarm_factor(state if state is not None and state.champion == champion else None, settings.monitor)


def reference_scores(
    settings: Settings, decisions: tuple[FrozenDecision, ...], market_data: MarketData, walked: Forecasts | None
) -> Numbers:
    """Daily rank IC of the newest decision's champion before its first session, out of sample, (R,): from what it said as a challenger if
    that is long enough, else from the forecasts `walked` (T, N) of the sessions before the desk's first.
    """
    champion, first = champion_of(decisions), len(decisions)
    while first and decisions[first - 1].champion in ("", champion):
        first -= 1
    start = market_data.bars.row(decisions[first].session)
    least = max(settings.monitor.sessions, 2 * settings.monitor.block)
    own = frozen([one for one in decisions[:first] if champion in one.challengers], market_data, champion)
    found = scores(settings, own.forecasts, market_data, start - 1).rank_ic
    if np.count_nonzero(~np.isnan(found)) >= least or walked is None:
        return found
    begin = market_data.bars.row(decisions[0].session)
    return scores(settings, before(walked, begin), market_data, begin - 1).rank_ic


def scores(settings: Settings, forecasts: Forecasts, market_data: MarketData, now: int) -> DayScores:
    """The scores of every session of `forecasts` (T, N) that is ripe at the close of row `now`."""
    rows = np.flatnonzero(~np.isnan(forecasts.qpi).all(axis=1))
    horizon = settings.training.horizon
    forward = forward_return(market_data.bars, market_data.actions, horizon)
    live = LiveForecasts(forecasts.p_long, forecasts.p_short, forward, rows)
    return day_scores(live, now, horizon, settings.training.threshold, settings.validation.names)


def walked_forecasts(models: Path, market_data: MarketData) -> Forecasts | None:
    """The forecasts (T, N) that the newest walk-forward left in `models`, out of sample all, of the sessions and names that `market_data`
    has; None where there are none, or the file is damaged.
    """
    bars, file = market_data.bars, models / WALKED
    try:
        frame = pd.read_parquet(file) if file.is_file() else pd.DataFrame()
        if frame.empty:
            return None
        known = np.isin(pd.to_datetime(frame["date"]).to_numpy("datetime64[D]"), bars.sessions) & frame["symbol"].isin(bars.symbols)
        return read_forecasts(frame[known], bars)
    except (SpringbackError, OSError, ValueError, KeyError):
        return None


def _begun(settings: Settings, folder: DeskFolder, market_data: MarketData, models: Path) -> Decay:
    decisions = tuple(folder.decisions())
    part = since(market_data, decisions[0].session, REFERENCE)
    reference = reference_scores(settings, decisions, part, walked_forecasts(models, part))
    try:
        return decay.begin(champion_of(decisions), reference, settings.monitor)
    except MissingData:
        return decay.unwatched(champion_of(decisions), settings.monitor)


def _unseen(folder: DeskFolder, state: Decay) -> list[FrozenDecision]:
    """The decisions of the champion since the newest session that the watch has scored; late ones and those without data are none."""
    found = []
    for session in reversed(folder.sessions()):
        one = folder.decision(session)
        if session <= state.newest or one.champion not in ("", state.champion):
            break
        if one.kind == "frozen" and one.champion:
            found.append(one)
    return found[::-1]


def _updated(settings: Settings, state: Decay, decisions: list[FrozenDecision], market_data: MarketData) -> Decay:
    if not decisions:
        return state
    part = since(market_data, decisions[0].session, 0)
    found = scores(settings, frozen(decisions, part).forecasts, part, part.bars.shape[0] - 1)
    for row, score in zip(found.row, found.rank_ic, strict=True):
        day: date = part.bars.sessions[row].item()
        state = state.update(day, float(score))
    return state


def _kept(desk: Path, state: Decay) -> Decay:
    with atomic(desk / STATE) as part:
        part.write_text(state.text(), encoding="utf-8")
    return state
