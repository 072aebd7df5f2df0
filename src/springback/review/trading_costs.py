"""What trading cost by the fills that a broker told, by bucket, beside what the model charges; and whether that should change."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.analytics.figures import shown
from springback.market.bars import Dates
from springback.market.costs import Charges, Costs, charges
from springback.market.market_data import MarketData
from springback.market.prose import Prose
from springback.review.desk_frames import ENTRY, DeskFrames
from springback.review.document import Figure, Grid, Proposal, Quarter, Section, Source, State, counted, estimated, missing
from springback.review.review_settings import ReviewRules
from springback.statistics.shrinkage import FEWEST_CLUSTERS, ClusteredMean, between_variance, clustered_mean, shrunk, winsorised

Numbers = NDArray[np.float64]
TIERS = ("largest", "large", "medium", "small")
STEP = 0.1  # basis points to which a proposed half-spread is rounded


@dataclass(frozen=True, eq=False)
class Evidence:
    """Fills at the open that a broker told, (F,) each: session number, its `day`, spread `tier` 0 to 3, long or short `side` (+1 bought, -1
    sold), `slippage` and what the model charges (`prior`, and the `impact` in it), basis points of the official open; `entry` orders, and
    how many fills were `assumed` and left out.
    """

    session: NDArray[np.int64]
    day: Dates
    tier: NDArray[np.int64]
    side: Numbers
    slippage: Numbers
    prior: Numbers
    impact: Numbers
    entry: NDArray[np.bool_]
    assumed: int


@dataclass(frozen=True)
class Bucket:
    """A `tier` and side: the clustered mean of its winsorised slippage and the `raw` one, the model's `prior`, and the mean drawn towards
    it with its `error`; basis points. `change` is where `shrunk` lies beside the prior: 1 above, -1 below, 0 its interval holds it, or
    unknown.
    """

    tier: int
    side: str
    mean: ClusteredMean
    raw: ClusteredMean
    prior: float
    shrunk: float
    error: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of `shrunk`."""
        return self.shrunk - 1.96 * self.error, self.shrunk + 1.96 * self.error

    @property
    def change(self) -> int:
        """1, -1 or 0."""
        low, high = self.interval
        return 1 if low > self.prior else -1 if high < self.prior else 0


def evidence(desk: DeskFrames, market_data: MarketData | None, costs: Costs, adv_fraction: float) -> Evidence | None:
    """The fills at the open of `desk` that no one assumed, beside the official opens of `market_data`; None without market data.

    Mean volume is the order's `adv_limit` over `adv_fraction`, dollars are that times the last close: as the order was frozen.
    """
    if market_data is None:
        return None
    told = desk.fills["assumed"].eq(False) if len(desk.fills) else pd.Series(dtype=bool)
    real = desk.fills[told & (desk.fills["reason"] != "resting_stop")] if len(desk.fills) else desk.fills
    orders = desk.orders.drop_duplicates("order_id", keep="last")[["order_id", "last_close", "adv_limit"]]
    rows = real.merge(orders, on="order_id", how="left")
    opens = _opens(rows, market_data)
    rows, opens = rows[opens > 0].reset_index(drop=True), opens[opens > 0]
    quantity, price = rows["quantity"].to_numpy(np.float64), rows["price"].to_numpy(np.float64)
    volume = rows["adv_limit"].to_numpy(np.float64) / adv_fraction
    charged = charges(costs, "realistic")
    tier = _tier(charged, volume * rows["last_close"].to_numpy(np.float64))
    spread = np.array(costs.half_spread_bp)[tier] * costs.open_multiple
    impact = costs.impact_bp * np.sqrt(np.where(volume > 0, np.abs(quantity) / np.where(volume > 0, volume, 1.0), 1.0))
    day = rows["session"].to_numpy(str).astype("datetime64[D]")
    return Evidence(
        session=np.unique(day, return_inverse=True)[1].astype(np.int64),
        day=day,
        tier=tier,
        side=np.sign(quantity),
        slippage=1e4 * np.sign(quantity) * (price - opens) / opens,
        prior=spread + impact,
        impact=impact,
        entry=(rows["reason"] == ENTRY).to_numpy(bool),
        assumed=int(len(desk.fills) - told.sum()),
    )


def _opens(rows: pd.DataFrame, market_data: MarketData) -> Numbers:
    """The official open of each row's name and session, dollars, (F,); NaN where there is none."""
    bars = market_data.bars
    columns = {symbol: column for column, symbol in enumerate(bars.symbols)}
    lines = {str(session): row for row, session in enumerate(bars.sessions)}
    opens, found = bars.printed("open"), np.full(len(rows), np.nan)
    for k, (session, symbol) in enumerate(zip(rows["session"], rows["symbol"], strict=True)):
        if session in lines and symbol in columns:
            found[k] = opens[lines[session], columns[symbol]]
    return found


def _tier(charged: Charges, dollars: Numbers) -> NDArray[np.int64]:
    """The spread tier of names of such mean `dollars` a day, (F,); unknown is the worst, as in `costs.slippage_rate`."""
    bounds = (charged.tier_1, charged.tier_2, charged.tier_3)
    return np.asarray(3 - sum((np.nan_to_num(dollars) > bound).astype(np.int64) for bound in bounds))


def buckets(proof: Evidence, rules: ReviewRules) -> tuple[Bucket, ...]:
    """The buckets that hold a fill, tier by tier and side by side: deviations from the model, clustered by session, drawn towards it.

    The variance between buckets is about the model itself, by Paule and Mandel's iteration of DerSimonian and Laird's moments. A bucket of
    under 10 sessions cannot say how sure it is, and stays at the model.
    """
    cells = [(tier, side) for tier in range(len(TIERS)) for side in (1.0, -1.0) if ((proof.tier == tier) & (proof.side == side)).any()]
    found = []
    for tier, side in cells:
        own = (proof.tier == tier) & (proof.side == side)
        values, session = proof.slippage[own], proof.session[own]
        mean = clustered_mean(winsorised(values, rules.winsor), session)
        prior = float(proof.prior[own].mean())
        raw = clustered_mean(values, session)
        found.append(Bucket(tier, "bought" if side > 0 else "sold", mean, raw, prior, prior, float("nan")))
    sure = [k for k, one in enumerate(found) if np.isfinite(one.mean.error) and one.mean.error > 0]
    if sure:
        effects = np.array([found[k].mean.mean for k in sure])
        variances = np.array([found[k].mean.error ** 2 for k in sure])
        priors = np.array([found[k].prior for k in sure])
        between = between_variance(effects - priors, variances, "paule_mandel", 0.0)
        drawn, errors = shrunk(effects, variances, priors, between)
        for k, value, error in zip(sure, drawn, errors, strict=True):
            found[k] = replace(found[k], shrunk=float(value), error=float(error))
    return tuple(found)


def of_quarter(proof: Evidence, quarter: Quarter) -> Evidence:
    """The fills of a quarter."""
    own = (proof.day >= np.datetime64(quarter.first)) & (proof.day < np.datetime64(quarter.next.first))
    columns = ("session", "day", "tier", "side", "slippage", "prior", "impact", "entry")
    return replace(proof, **{name: getattr(proof, name)[own] for name in columns})


PAPER = Prose("A paper account fills at the quote and not in the auction: its fills prove the plumbing, and propose no cost.")


def trading_costs(proof: Evidence | None, desk: DeskFrames, quarter: Quarter, costs: Costs, rules: ReviewRules, mode: str = "") -> Section:
    """Section 8: slippage in basis points of the quarter's fills by bucket, raw and winsorised, and the half-spreads that they propose.

    A cost that rose is proposed at once, one that fell after two quarters running; by fills of a broker's paper (`mode`), or of a
    rehearsal, none.
    """
    if proof is None:
        return Section("costs", "Trading costs", "unknown", absent=missing("market"))
    now = of_quarter(proof, quarter)
    assumed = int(desk.fills["assumed"].ne(False).sum()) if len(desk.fills) else 0
    note = Prose(f"{assumed:,} fills of the quarter were assumed; they say nothing of what trading costs and enter no figure.")
    if not len(now.slippage):
        return Section("costs", "Trading costs", "unknown", words=(note,), absent=missing("evidence"))
    cells, before = buckets(now, rules), buckets(of_quarter(proof, quarter.previous), rules)
    if mode in {"paper", "rehearsal"}:
        return Section("costs", "Trading costs", "unknown", _whole(now, rules, desk.source), (_grid(cells),), (note, PAPER))
    proposals = propose(now, cells, before, costs, rules)
    figures = _whole(now, rules, desk.source)
    if len(now.slippage) < rules.fills:
        few = Prose(f"{len(now.slippage)} fills, {rules.fills} are needed before a cost is proposed.")
        return Section("costs", "Trading costs", "unknown", figures, (_grid(cells),), (note, few))
    failures = tuple(Prose(f"half-spread of the {TIERS[k]} names: {p.why}") for k, p in _by_tier(proposals, costs))
    state: State = "amber" if proposals else "green"
    return Section("costs", "Trading costs", state, figures, (_grid(cells),), (note,), (), proposals, failures)


def _by_tier(proposals: tuple[Proposal, ...], costs: Costs) -> list[tuple[int, Proposal]]:
    """(tier, proposal) of every tier whose half-spread rises."""
    return [
        (k, one)
        for one in proposals
        if isinstance(one.value, tuple)
        for k, value in enumerate(one.value)
        if value > costs.half_spread_bp[k]
    ]


def _whole(now: Evidence, rules: ReviewRules, source: Source) -> tuple[Figure, ...]:
    raw, tamed = clustered_mean(now.slippage, now.session), clustered_mean(winsorised(now.slippage, rules.winsor), now.session)
    note = f"{raw.count:,} fills on {raw.clusters} sessions, clustered by session; basis points"
    auction = float((np.abs(now.slippage) < 1e-9).mean())
    rest = np.abs(now.slippage) >= 1e-9
    away = clustered_mean(now.slippage[rest], now.session[rest])
    return (
        counted("Fills at the official open", auction, "fraction", source, "of all: the auction's price; their impact on it is not seen"),
        estimated("Slippage, raw", raw.mean, (raw.low, raw.high), "ratio", source, note),
        estimated(f"Slippage, winsorised at {100 * rules.winsor:g} %", tamed.mean, (tamed.low, tamed.high), "ratio", source, note),
        estimated("Slippage of those away from the open", away.mean, (away.low, away.high), "ratio", source, "basis points"),
        counted("What the model charges", float(now.prior.mean()), "ratio", Source("settings"), "basis points, spread and impact"),
    )


def propose(now: Evidence, cells: tuple[Bucket, ...], before: tuple[Bucket, ...], costs: Costs, rules: ReviewRules) -> tuple[Proposal, ...]:
    """New half-spreads in basis points for tiers whose buckets all moved one way: up at once, down where they did so `before` too."""
    if len(now.slippage) < rules.fills:
        return ()
    spreads, reasons = list(costs.half_spread_bp), []
    for tier in range(len(TIERS)):
        moves = {one.change for one in cells if one.tier == tier}
        earlier = {one.change for one in before if one.tier == tier}
        up = 1 in moves and -1 not in moves
        if not (up or (moves == {-1} and earlier == {-1})) or costs.open_multiple <= 0:
            continue
        own = [one for one in cells if one.tier == tier]
        count = sum(one.mean.count for one in own)
        drawn = sum(one.shrunk * one.mean.count for one in own) / count
        spread = max(0.0, (drawn - float(now.impact[now.tier == tier].mean())) / costs.open_multiple)
        spreads[tier] = round(round(spread / STEP) * STEP, 6)
        reasons.append(f"{TIERS[tier]} names cost {drawn:.1f} bp at the open in {count:,} fills, the model charges {_prior(own):.1f}")
    if tuple(spreads) == costs.half_spread_bp:
        return ()
    return (Proposal("costs.half_spread_bp", costs.half_spread_bp, tuple(spreads), Prose("; ".join(reasons))),)


def _prior(own: list[Bucket]) -> float:
    return sum(one.prior * one.mean.count for one in own) / sum(one.mean.count for one in own)


def _grid(cells: tuple[Bucket, ...]) -> Grid:
    rows = tuple(
        (
            f"{TIERS[one.tier]} names, {one.side}",
            f"{one.mean.count:,}",
            f"{one.mean.clusters:,}",
            *(shown(value, "ratio") for value in (one.raw.mean, one.mean.mean, one.prior, one.shrunk)),
            "too few" if np.isnan(one.error) else " to ".join(shown(end, "ratio") for end in one.interval),
        )
        for one in cells
    )
    heads = ("Bucket", "Fills", "Sessions", "Raw", "Winsorised", "Model", "Shrunk", "95 % interval")
    note = f"Basis points of the official open. Under {FEWEST_CLUSTERS} sessions a bucket stays at the model."
    return Grid("Slippage by spread tier and side", heads, rows, (True, *(False,) * 7), Prose(note))
