"""What came out beside what the validated backtest led to expect: returns, sides, regimes, the forecasts; and what moved the account."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.analytics.figures import Unit
from springback.market.bars import Dates
from springback.market.prose import Prose
from springback.monitoring.label_maturity import MaturedLabel, hit_rate
from springback.operation.attribution_study import AttributionStudy
from springback.review.desk_frames import DeskFrames
from springback.review.document import Absence, Curve, Figure, Section, Source, State, counted, curve, estimated, missing
from springback.statistics.significance import block_rows, mean_interval

Numbers = NDArray[np.float64]
DRAWS, BLOCK, FEWEST = 2000, 10, 60
"""Of the band; under so many sessions no band is given."""
LEVELS = (0.025, 0.975)
TERMS = ("fees", "slippage", "borrow", "financing", "dividends")
"""Columns of the account's daily table that say what moved it beside prices."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The validated backtest that says what to expect: its `days` (R,) and `returns` (R,) over the risk-free rate, fractions; `same`:
    whether it was run under the settings of the newest decision.
    """

    days: Dates
    returns: Numbers
    same: bool
    source: Source


@dataclass(frozen=True, eq=False)
class Ripe:
    """Frozen forecasts whose labels are known, (R,) each, by session and then name: session number, name number, both probabilities, the
    return from close to close over the `horizon` of sessions, a fraction; `threshold` from which a model fires."""

    session: NDArray[np.int64]
    name: NDArray[np.int64]
    p_long: Numbers
    p_short: Numbers
    forward: Numbers
    threshold: float
    horizon: int
    source: Source


@dataclass(frozen=True, eq=False)
class Band:
    """Returns of as many sessions as the quarter has, drawn from the reference: `low..high` of the whole, `deepest` fall that one in twenty
    passes (all fractions), and `path` (3, S), the lower end, middle and upper end of the sum so far; NaN where the reference is too short.
    """

    low: float
    high: float
    deepest: float
    path: Numbers


def band(reference: Numbers, sessions: int, seed: int = 1) -> Band:
    """The band of `sessions` sessions by blocks of whole sessions of the `reference` (R,): the stationary bootstrap."""
    if len(reference) < FEWEST or not sessions:
        return Band(*(float("nan"),) * 3, path=np.full((3, sessions), np.nan))
    count = max(len(reference), sessions)
    rows = block_rows(count, DRAWS, BLOCK, np.random.default_rng(seed))[:, :sessions] % len(reference)
    worth = np.cumprod(1 + reference[rows], axis=1)
    low, high = np.quantile(worth[:, -1] - 1, LEVELS)
    falls = (worth / np.maximum.accumulate(np.maximum(worth, 1.0), axis=1) - 1).min(axis=1)
    return Band(float(low), float(high), float(np.quantile(falls, 0.05)), np.quantile(worth - 1, [LEVELS[0], 0.5, LEVELS[1]], axis=0))


def account_returns(whole: DeskFrames, part: DeskFrames) -> Numbers:
    """Return of each session of `part` (S,), the first against the decision before it in `whole`; without one the first is left out, and so
    are decisions without an equity: the return after them is of all sessions since.
    """
    own = sessions_told(part)
    if not len(own):
        return np.zeros(0)
    days = whole.days[whole.days["session"].isin(sessions_told(whole))]
    equity = days["equity"].to_numpy(np.float64)
    first = int(np.searchsorted(days["session"].to_numpy(str), own[0]))
    kept = equity[max(first - 1, 0) : first + len(own)]
    return np.asarray(kept[1:] / kept[:-1] - 1)


def sessions_told(desk: DeskFrames) -> list[str]:
    """The sessions whose decision knows the account's equity, ISO."""
    return list(desk.days["session"][desk.days["equity"].notna()])


def known_equity(desk: DeskFrames) -> Numbers:
    """Equity in dollars after each decision, (S,), to set dollars beside; where it is unknown that of the decision before it."""
    return np.asarray(desk.days["equity"].astype(np.float64).ffill().bfill().to_numpy(np.float64))


def deepest_fall(returns: Numbers) -> float:
    """The deepest fall of `returns` (S,) from the highest close so far, a negative fraction; 0 where there is none."""
    worth = np.cumprod(1 + returns)
    return float(min(0.0, (worth / np.maximum.accumulate(np.maximum(worth, 1.0)) - 1).min(initial=0.0)))


def side_profits(whole: DeskFrames) -> pd.DataFrame:
    """Profit in dollars of each session by side, `long` and `short`: what positions are worth now less what they were worth at the decision
    before, less what fills cost, fees included; dividends, borrow and interest are not in it. The first session has none before it.
    """
    lines, fills = whole.lines, whole.fills
    names = sorted({*lines["symbol"], *fills["symbol"]})
    value = _by_name(lines, lines["quantity"] * lines["mark"], whole, names)
    cost = _by_name(fills, fills["quantity"] * fills["price"] + fills["fee"].fillna(0.0), whole, names)
    profit = (value - value.shift(1, fill_value=0.0) - cost).iloc[1:]
    side = value.where(value != 0, value.shift(1, fill_value=0.0))
    signs = side.where(side != 0, cost).iloc[1:]
    return pd.DataFrame({"long": profit[signs > 0].sum(axis=1), "short": profit[signs < 0].sum(axis=1)})


def _by_name(frame: pd.DataFrame, dollars: "pd.Series[float]", whole: DeskFrames, names: list[str]) -> pd.DataFrame:
    """Sums of `dollars` by session and name, a row each decision, 0 where there is nothing."""
    sums = dollars.astype(np.float64).groupby([frame["session"], frame["symbol"]]).sum().unstack("symbol")
    return sums.reindex(index=whole.days["session"], columns=names).fillna(0.0)


def outcome(whole: DeskFrames, part: DeskFrames, reference: Reference | None, ripe: Ripe | None) -> Section:
    """Section 3: the quarter's return inside the band of the reference, by side, by regime, and what the forecasts were worth."""
    returns = account_returns(whole, part)
    absent: list[Absence] = [] if len(returns) else ["account" if part.days.empty else "equity"]
    figures: list[Figure] = []
    state: State = "unknown"
    curves = (_picture(returns, part, reference),) if len(returns) else ()
    if len(returns):
        figures += [*_returns(returns, part), *_parts(whole, part)]
    if reference is None:
        absent.append("ledger")
    elif len(returns):
        state, beside = _expected(returns, reference)
        figures += beside
    if ripe is None or not len(ripe.session):
        absent.append("forecasts")
    else:
        figures += accuracy(ripe)
    title = "Outcome against expectation"
    return Section("outcome", title, state, tuple(figures), (), _words(state), missing(*absent), (), _failed(state), curves)


def _picture(returns: Numbers, part: DeskFrames, reference: Reference | None) -> Curve:
    lines = [("account", curve(np.cumprod(1 + returns) - 1))]
    if reference is not None:
        path = band(reference.returns, len(returns)).path
        lines = [*((name, curve(one)) for name, one in zip(("low", "middle", "high"), path, strict=True)), *lines]
    note = Prose("Sum of returns since the quarter began; the band holds 95 of 100 such quarters drawn from the validated backtest.")
    return Curve("outcome", "The quarter in its band", note, tuple(sessions_told(part)[-len(returns) :]), tuple(lines), "fraction")


def _returns(returns: Numbers, part: DeskFrames) -> list[Figure]:
    total = float(np.prod(1 + returns) - 1)
    daily = estimated("Return a session", float(returns.mean()), _interval(returns), "percent2", part.source, "mean, with its interval")
    lacking = len(part.days) - len(sessions_told(part))
    figures = [counted("Return of the quarter", total, "percent2", part.source, f"{len(returns)} sessions, as the account stood"), daily]
    return [*figures, counted("Decisions without an equity", lacking, "count", part.source)] if lacking else figures


def _interval(values: Numbers) -> tuple[float, float]:
    return mean_interval(values, 0.95) if len(values) >= 30 else (float("nan"),) * 2


def _expected(returns: Numbers, reference: Reference) -> tuple[State, list[Figure]]:
    """The state, and the band with the fall that one quarter in twenty passes."""
    drawn, total, fall = band(reference.returns, len(returns)), float(np.prod(1 + returns) - 1), deepest_fall(returns)
    if not np.isfinite(drawn.low):
        return "unknown", []
    state: State = "red" if total < drawn.low else "amber" if fall < drawn.deepest or total > drawn.high else "green"
    note = "blocks of whole sessions of the backtest, over the risk-free rate"
    note += "" if reference.same else "; it was run under other settings than the newest decision"
    middle = estimated("Return to expect", float(drawn.path[1, -1]), (drawn.low, drawn.high), "percent2", reference.source, note)
    limit = counted("Fall that one quarter in twenty passes", drawn.deepest, "percent2", reference.source)
    return state, [middle, limit, counted("Deepest fall of the quarter", fall, "percent2", Source("the account's returns"))]


def _parts(whole: DeskFrames, part: DeskFrames) -> list[Figure]:
    """Profit over equity a session by side, and by the regime that the decision before it saw."""
    equity = known_equity(whole)
    own = whole.days["session"].isin(part.days["session"]).to_numpy()[1:]
    profits, found = side_profits(whole), []
    for side in ("long", "short"):
        daily = (profits[side].to_numpy(np.float64) / equity[:-1])[own]
        found.append(_mean(f"Profit a session, {side} side", daily, part.source))
    returns = equity[1:] / equity[:-1] - 1
    for name in ("bull", "bear"):
        flag = whole.days["bear"].eq(name == "bear").to_numpy()[:-1]
        found.append(_mean(f"Return a session, {name} regime", returns[flag & own], part.source))
    return found


def _mean(name: str, values: Numbers, source: Source) -> Figure:
    value = float(values.mean()) if len(values) else float("nan")
    return estimated(name, value, _interval(values), "percent2", source, f"{len(values)} sessions")


def accuracy(ripe: Ripe) -> list[Figure]:
    """Rank IC by day, hit rate of what fired, and calibration, of forecasts whose labels are known."""
    frame = pd.DataFrame({"session": ripe.session, "score": ripe.p_long - ripe.p_short, "forward": ripe.forward})
    ranks = frame.groupby("session")[["score", "forward"]].rank()
    ics = ranks.groupby(frame["session"]).apply(lambda day: day["score"].corr(day["forward"])).dropna().to_numpy(np.float64)
    found = [_figure("Rank IC by day", ics, "three", ripe.source)]
    for side, probability, sign in (("long", ripe.p_long, 1.0), ("short", ripe.p_short, -1.0)):
        true = sign * ripe.forward > 0
        rate = hit_rate(MaturedLabel(ripe.session, ripe.name, probability, true, 0, 0), ripe.threshold, ripe.horizon)
        note = f"{rate.count:,} forecasts, worth {rate.worth:,.0f} independent ones"
        found.append(estimated(f"Hit rate, {side}", rate.share, (rate.low, rate.high), "fraction", ripe.source, note))
        off = pd.Series(true - probability).groupby(ripe.session).mean().to_numpy(np.float64)
        found.append(_figure(f"Came true less probability, {side}", off, "three", ripe.source))
    return found


def _figure(name: str, daily: Numbers, unit: Unit, source: Source) -> Figure:
    value = float(daily.mean()) if len(daily) else float("nan")
    return estimated(name, value, _interval(daily), unit, source, f"mean of {len(daily)} sessions")


def _words(state: State) -> tuple[Prose, ...]:
    said = {
        "red": "The quarter's return lies below the band of the validated backtest.",
        "amber": "The return or the fall lies outside what the validated backtest leads to expect, but not below its band.",
        "green": "The quarter's return lies inside the band of the validated backtest.",
        "unknown": "Nothing says what to expect of this quarter.",
    }
    return (Prose(said[state]),)


def _failed(state: State) -> tuple[Prose, ...]:
    return (Prose("returns like those of the validated backtest: the quarter fell below its band"),) if state == "red" else ()


def attribution(whole: DeskFrames, part: DeskFrames, chains: AttributionStudy | None = None) -> Section:
    """Section 4: the change of equity by the chain of worlds of the quarter's sessions (`chains`), red where one is not reconciled; without
    a broker the terms that the account's daily table tells.
    """
    if chains is not None and chains.days:
        return _chained(chains, part)
    returns = account_returns(whole, part)
    if not len(returns):
        lacking: Absence = "account" if part.days.empty else "equity"
        return Section("attribution", "Attribution", "unknown", absent=missing(lacking, "broker"))
    equity = known_equity(part)
    start = equity[-1] / float(np.prod(1 + returns))
    figures = [counted("Change of equity", float(equity[-1] - start), "dollars", part.source)]
    for name in TERMS:
        if name in part.days:
            total = float(pd.to_numeric(part.days[name], errors="coerce").sum())
            figures.append(counted(name.capitalize(), total, "dollars", part.source, "sum of the daily table, as the account books it"))
    return Section("attribution", "Attribution", "unknown", tuple(figures), absent=missing("broker"))


def _chained(chains: AttributionStudy, part: DeskFrames) -> Section:
    """From the backtest to the account, term by term, exact."""
    open_days = [one.session for one in chains.days if one.state == "unreconciled"]
    source = Source(f"state of {chains.account}, attributions", part.source.hash)
    equity = "cash, positions at the store's closes, dividends to come"
    figures = [counted("Change of equity", float(chains.change), "dollars", source, equity)]
    for name, value in chains.terms.items():
        figures.append(counted(name.capitalize(), float(value), "dollars", source, "term of the chain of worlds"))
    figures.append(counted("Not explained", float(chains.residual), "dollars", source, "must be nothing every session"))
    state: State = "red" if open_days else "green" if all(one.final for one in chains.days) else "amber"
    words = Prose(f"{len(chains.days)} sessions, {len(open_days)} of them not reconciled; {chains.shadow.sentence}")
    return Section("attribution", "Attribution", state, tuple(figures), words=(words,))
