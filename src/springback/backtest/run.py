"""One backtest: market data, forecasts and settings in; orders, fills, account and trades out."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np

from springback.backtest.endings import Endings, ends_of
from springback.backtest.loop import replay
from springback.backtest.result import Result
from springback.backtest.state import Account as State
from springback.backtest.state import Floats, LoopInputs, Rules, columns, empty_account, empty_paper
from springback.errors import MissingData, SettingsError
from springback.market.account import HISTORY, Account, usual_start
from springback.market.bars import Dates
from springback.market.costs import Costs, Profile, charges
from springback.market.forecasts import Forecasts
from springback.market.limits import UNLIMITED, Limits, moved
from springback.market.liquidity import mean_dollar_volume, mean_volume
from springback.market.market_data import MarketData, payouts
from springback.market.quarantine import barred
from springback.strategy.knobs import Regime, Strategy, rule_parameters
from springback.strategy.lookback import trend_mean, yesterday
from springback.strategy.rule import vix_mean

STANDARD = Strategy()


@dataclass(frozen=True)
class Backtest:
    """The account, its span, and the cost profile it is charged by.

    An empty `start` is `usual_start` of the bars, an empty `end` their last session; see `Account` for the rest. `endings`: that a name
    ends is "known" on its last session, or "learned" once it has been silent, as a live desk does (`backtest.endings`).
    """

    start: date | Literal[""] = field(default="", metadata={"moves": "forecasts"})
    end: date | Literal[""] = field(default="", metadata={"moves": "forecasts"})
    cash: float = Account.cash
    profile: Profile = "realistic"
    endings: Endings = "known"

    def __post_init__(self) -> None:
        if self.endings not in ("known", "learned"):
            raise SettingsError(f"backtest.endings must be known or learned, was '{self.endings}'", value=self.endings)
        Account(self.start or date.min, self.end or date.max, self.cash)

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day. Raises `SettingsError` where the bars were not asked yet."""
        if not (self.start and self.end):
            raise SettingsError("backtest.start and backtest.end are empty, and no bars are at hand to take them from: set both")
        return self.start, self.end

    def on(self, sessions: Dates, history: int = HISTORY) -> "Backtest":
        """The same with both days known. Raises `MissingData` where the bars are too short to have a usual window."""
        if self.start and self.end:
            return self
        end = self.end or (sessions[-1].astype("datetime64[D]").item() if len(sessions) else "")
        return replace(self, start=self.start or usual_start(sessions, history), end=end)


def prepare(
    market_data: MarketData,
    forecasts: Forecasts,
    regime: Regime,
    strategy: Strategy = STANDARD,
    endings: Endings = "known",
    entry_factor: Floats | None = None,
    limits: Limits = UNLIMITED,
    since: int = 0,
) -> LoopInputs:
    """The market data and the forecasts as the loop reads them; made once, used for many backtests with the same regime window, variants,
    `endings` and `limits`.

    A forecast of a row in quarantine is none, wherever it comes from: nothing is bought there, what is held goes on to its exit.
    `entry_factor` (T,), None for ones, multiplies the gross of the entries decided on each session: an alarm of the monitor as it was.
    A loop that begins at row `since` needs no liquidity of sessions before the one that precedes it: those are NaN.
    Dollars and shares. Raises `MissingData` where a panel of the forecasts has another shape than the bars (T, N), or the factor than T.
    """
    bars, actions = market_data.bars, market_data.actions
    sessions, names = bars.shape
    _check_shapes(forecasts, bars.shape)
    factor = np.ones(sessions) if entry_factor is None else entry_factor
    if factor.shape != (sessions,) or not (factor >= 0).all():
        raise MissingData(f"entry_factor must have one number of at least 0 for each of {sessions} sessions, has shape {factor.shape}")
    means = np.array([vix_mean(market_data.vix, row, regime.window) for row in range(sessions)])
    unused = np.empty((0, names))
    beyond = strategy.exit_rule == "above_yesterday_high"
    high_before, low_before = yesterday(bars, actions) if beyond else (unused, unused)
    nights = np.zeros(sessions)
    ends = ends_of(market_data, endings)
    nights[1:] = np.diff(bars.sessions).astype(np.float64)
    qpi = np.where(barred(bars, market_data.quarantine), np.nan, forecasts.qpi) if market_data.quarantine else forecasts.qpi
    return LoopInputs(
        open=bars.printed("open"),
        high=bars.high,
        low=bars.low,
        close=bars.printed("close"),
        mark=bars.close,
        qpi=np.where(moved(bars, actions, limits.move), np.nan, qpi) if limits.move else qpi,
        p_long=forecasts.p_long,
        p_short=forecasts.p_short,
        adv=forecasts.adv,
        mean_volume=mean_volume(bars, since=max(0, since - 1)),
        mean_dollars=mean_dollar_volume(bars, since=max(0, since - 1)),
        high_before=high_before,
        low_before=low_before,
        trend=trend_mean(bars, actions) if strategy.trend == "sma200" else unused,
        vix=market_data.vix,
        vix_mean=means,
        risk_free=np.zeros(sessions) if market_data.risk_free is None else np.nan_to_num(market_data.risk_free),
        nights=nights,
        entry_factor=factor,
        end_row=ends.row,
        end_name=ends.name,
        ending=ends.ending,
        payout=payouts(market_data),
        action_row=actions.row,
        action_name=actions.name,
        action_kind=actions.kind,
        action_value=actions.value,
        recall_row=np.empty(0, np.int64),
        recall_name=np.empty(0, np.int64),
        day_loss=float(limits.day_loss),
        drawdown=float(limits.drawdown),
    )


def _check_shapes(forecasts: Forecasts, shape: tuple[int, int]) -> None:
    for label, panel in vars(forecasts).items():
        if panel.shape != shape:
            raise MissingData(f"forecasts: {label} has shape {panel.shape}, the bars say {shape}")


def span(market_data: MarketData, account: Backtest) -> tuple[int, int]:
    """Rows `first <= row < end` of the backtest's sessions. Raises `MissingData` where the market data or its VIX does not cover them."""
    account = account.on(market_data.bars.sessions)
    first, end = (market_data.bars.row(day) for day in (np.datetime64(account.days[0]), np.datetime64(account.days[1]) + 1))
    if end - first < 2:
        known = f"{market_data.bars.sessions[0]} to {market_data.bars.sessions[-1]}" if market_data.bars.shape[0] else "nothing"
        raise MissingData(
            f"backtest {account.start} to {account.end} has {end - first} sessions, needs at least 2; the bars hold {known}: "
            "set backtest.start and backtest.end, or fetch more"
        )
    unknown = np.flatnonzero(np.isnan(market_data.vix[first:end]))
    if len(unknown):
        raise MissingData(
            f"no VIX for session {market_data.bars.sessions[first + unknown[0]]} ({len(unknown)} of {end - first} sessions lack it): "
            "give --vix a file that covers the backtest"
        )
    return first, end


def backtest(
    market_data: MarketData,
    forecasts: Forecasts,
    account: Backtest,
    strategy: Strategy,
    regime: Regime,
    costs: Costs,
    flat_bp: float = 0.0,
    inputs: LoopInputs | None = None,
) -> Result:
    """The rule of `strategy` and `regime` on `market_data`, from `account.cash`, charged as `account.profile` says plus `flat_bp` a side.

    `inputs` is `prepare(market data, forecasts, regime, strategy, endings)` where it is known already. Raises `MissingData` where bars or
    VIX do not cover the span, `SettingsError` where `strategy` and `regime` do not go together."""
    first, end = span(market_data, account)
    charged = charges(costs, account.profile, flat_bp)
    parameters = rule_parameters(strategy, regime, charged.no_short_price, charged.no_short_dollar_volume)
    names = market_data.bars.shape[1]
    state = empty_account(account.cash, end - first, names, strategy.slots)
    ready = prepare(market_data, forecasts, regime, strategy, account.endings) if inputs is None else inputs
    replay(ready, first, end, Rules(parameters, charged, float(regime.multiple)), state, empty_paper(names, strategy.slots))
    log, counts = state.log, state.counts[0]
    return Result(
        sessions=market_data.bars.sessions[first:end],
        symbols=market_data.bars.symbols,
        first=first,
        cash=account.cash,
        profile=account.profile,
        orders=columns(log.orders[: counts["orders"]]),
        fills=columns(log.fills[: counts["fills"]]),
        trades=columns(log.trades[: counts["trades"]]),
        daily=columns(log.daily),
        positions=_open_positions(state),
        funnel=log.funnel,
    )


def _open_positions(state: State) -> dict[str, Floats]:
    """Positions that are open at the end; `profit` is what they would have made at their marks, net of what they cost so far."""
    book = state.book
    held = np.flatnonzero(book.quantity)
    quantity, mark = book.quantity[held], book.mark[held]
    life = columns(state.lives[held])
    found = {
        "name": held,
        "entry_row": life["entry_row"],
        "quantity": quantity,
        "entry_price": life["entry_price"],
        "mark": mark,
        "profit": life["flow"] + quantity * mark,
        "value": life["value"],
        "closing": book.closing[held],
    }
    return {name: column.astype(np.float64) for name, column in found.items()}
