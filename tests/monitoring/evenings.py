"""A desk as the evenings leave it: frozen decisions of a market, one a session, by the loop's own law."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback.market.forecasts import Forecasts
from springback.market.market_data import MarketData
from springback.operation.account_state import AccountState, opening
from springback.operation.evening import Curbs, Evening, Terms, play
from springback.operation.frozen_decision import ORDER_COLUMNS, FrozenDecision, Reason, freeze
from springback.operation.window import sessions_needed, window
from springback.settings import flat
from springback.strategy.rule import REASONS
from springback.workflow.settings import Settings


def decided(
    desk: Path,
    settings: Settings,
    market_data: MarketData,
    forecasts: Forecasts,
    rows: Sequence[int],
    models: Mapping[str, str],
    factor: Mapping[int, float] | None = None,
    barred: Mapping[int, frozenset[str]] | None = None,
    blind: Collection[int] = (),
) -> list[Evening]:
    """Plays and freezes the evenings of `rows`; the first of `models` (name -> hash) is champion, the others say the same. Evenings that
    are `blind` have no model and enter nothing."""
    terms = Terms(settings.strategy, settings.regime, settings.costs, settings.backtest)
    needed = sessions_needed(settings.strategy, settings.regime, settings.universe)
    state, out = opening(settings.backtest.cash), []
    for row in rows:
        seen = window(market_data, row + 1, needed, state.symbols)
        own = cut(forecasts, market_data, seen)
        curbs = Curbs(row not in blind, (barred or {}).get(row, frozenset()), (factor or {}).get(row, 1.0))
        evening = play(state, seen, own, terms, curbs)
        state = evening.after
        said = {} if row in blind else models
        frozen_evening(desk, settings, evening, own, said, curbs, (market_data.bars.sessions[row], market_data.bars.sessions[row] + 1))
        out.append(evening)
    return out


def frozen_evening(
    desk: Path, settings: Settings, evening: Evening, own: Forecasts, models: Mapping[str, str], curbs: Curbs, days: tuple[Any, Any]
) -> FrozenDecision:
    """The decision of one evening in its folder."""
    session, champion = str(days[0]), next(iter(models), "")
    reasons = tuple(Reason("restricted", "a test", one) for one in sorted(curbs.barred))
    daily = {name: float(evening.daily[name]) for name in evening.daily.dtype.names}
    decision = FrozenDecision(
        session=session,
        kind="frozen",
        frozen_at=f"{session}T21:31:00+00:00",
        next_open=f"{days[1]}T14:30:00+00:00",
        account="desk",
        profile=settings.backtest.profile,
        regime={"bear": bool(daily["bear"])},
        equity=daily["equity"],
        cash=daily["cash"],
        exits_only=not curbs.entries,
        reasons=reasons,
        halts=(),
        restricted=(),
        alarm_factor=curbs.factor,
        settings=flat(settings),
        settings_version=None,
        champion=champion,
        challengers=tuple(models)[1:],
        hashes={"models": dict(models)},
        book={},
        fills=(),
        ended=(),
        daily=daily,
        funnel={},
    )
    return freeze(decision, desk / session, orders_of(evening, session), forecasts_of(evening, own, models), evening.after)


def orders_of(evening: Evening, session: str) -> pd.DataFrame:
    frame = pd.DataFrame(columns=list(ORDER_COLUMNS))
    for k, one in enumerate(evening.orders):
        symbol, reason = evening.symbols[int(one["name"])], REASONS[int(one["reason"])]
        frame.loc[k] = [int(one["order_id"]), session, symbol, int(one["quantity"]), reason, "", 0.0, 0.0, 0, 0.0]
    return frame


def forecasts_of(evening: Evening, own: Forecasts, models: Mapping[str, str]) -> pd.DataFrame:
    ranked = np.flatnonzero(~np.isnan(own.qpi[-1]))
    columns = {name: getattr(own, name)[-1, ranked] for name in ("qpi", "p_long", "p_short", "adv")}
    symbols = [evening.symbols[one] for one in ranked]
    if not models:
        return pd.DataFrame(columns=["symbol", "model", *columns])
    return pd.concat([pd.DataFrame({"symbol": symbols, "model": model, **columns}) for model in models], ignore_index=True)


def last_state(evenings: Sequence[Evening]) -> AccountState:
    return evenings[-1].after


def cut(forecasts: Forecasts, whole: MarketData, part: MarketData) -> Forecasts:
    """`forecasts` of the market `whole` for the sessions and names of its `part`."""
    first = whole.bars.row(part.bars.sessions[0])
    end = first + part.bars.shape[0]
    column = np.searchsorted(whole.bars.symbols, part.bars.symbols)
    return Forecasts(**{name: panel[first:end, column] for name, panel in vars(forecasts).items()})
