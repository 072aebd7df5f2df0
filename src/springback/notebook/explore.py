"""What the notebook looks at: tables of a market, its features and labels, and of how a pair of models did on rows it never saw.

Each function gives a plain frame; `analytics.exhibits_market` and `exhibits_models` draw them.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from springback.analytics.figures import shown
from springback.analytics.performance import returns_of
from springback.analytics.report_data import ReportData
from springback.analytics.summary import summarise
from springback.features import FEATURES
from springback.forecasting.models import Models
from springback.market.actions import split_scale
from springback.market.market_data import MarketData
from springback.statistics.returns import annual_return
from springback.statistics.significance import block_rows
from springback.strategy.rule import is_bear, vix_mean
from springback.training.evaluate import Side, auc_by_day
from springback.training.rows import QPI, TrainingRows, gather
from springback.training.splits import split_by_time
from springback.training.train import Evaluation, Trained
from springback.workflow.prepare import PreparedData
from springback.workflow.report import importance_of, reliability_of
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo, has_store, open_store

EDGES = (0.0, 5.0, 15.0, 30.0, 50.0, 70.0, 85.0, 95.0, 100.0)
BLOCK = 20
DRAWS = 2000
POINTS = 400
Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Exam:
    """The newest rows, which the models never saw, and what they said about them: `p_long`, `p_short` (R,); `dates` of the market data."""

    rows: TrainingRows
    p_long: Values
    p_short: Values
    dates: pd.DatetimeIndex

    def sides(self) -> tuple[tuple[str, Flags, Values], ...]:
        """(side, what came true (R,), its probability (R,)) of long and short."""
        return ("long", self.rows.forward > 0, self.p_long), ("short", self.rows.forward < 0, self.p_short)


def home() -> Path:
    """The working folder: the nearest one upwards that holds settings/default.toml, or else the current one."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "settings" / "default.toml").is_file()), here)


def market(settings: Settings, store: Path = Path("store")) -> tuple[MarketData, str]:
    """The market data and content hash of `store` if there is one, else the demo market, drawn and kept nowhere."""
    if has_store(store):
        return open_store(store)
    market_data = draw_demo(settings)
    return market_data, ""


def facts(prepared: PreparedData) -> pd.DataFrame:
    """What is on the market data, in a few lines."""
    bars, ranked = prepared.market_data.bars, prepared.eligible.sum(axis=1)
    told = {
        "names": f"{bars.shape[1]:,}",
        "sessions": f"{bars.shape[0]:,}, {bars.sessions[0]} to {bars.sessions[-1]}",
        "bars": f"{int(bars.traded.sum()):,}",
        "marks: rows that nobody traded": f"{int(bars.marks.sum()):,}",
        "in the universe on the median session": f"{np.median(ranked[ranked > 0]) if ranked.any() else 0:,.0f}",
        "corporate actions": f"{len(prepared.market_data.actions.row):,}",
        "findings of the quality checks": f"{len(prepared.market_data.findings)}",
    }
    return pd.DataFrame({"": told.values()}, index=pd.Index(told.keys()))


def days(prepared: PreparedData, settings: Settings) -> pd.DataFrame:
    """A row a session: date, level (`yardstick`, from 1), vix, bear, ranked, and low and high, the names past the QPI marks."""
    market_data, qpi = prepared.market_data, np.where(prepared.eligible, prepared.features[..., QPI], np.nan)
    means = [vix_mean(market_data.vix, row, settings.regime.window) for row in range(len(market_data.vix))]
    with np.errstate(invalid="ignore"):
        low, high = (qpi < settings.strategy.qpi_low).sum(axis=1), (qpi > settings.strategy.qpi_high).sum(axis=1)
    return pd.DataFrame(
        {
            "date": pd.DatetimeIndex(market_data.bars.sessions),
            "level": _level(market_data),
            "vix": market_data.vix,
            "bear": [is_bear(float(vix), float(mean), settings.regime.multiple) for vix, mean in zip(market_data.vix, means, strict=True)],
            "ranked": prepared.eligible.sum(axis=1),
            "low": low,
            "high": high,
        }
    )


def yardstick(market_data: MarketData) -> str:
    """What `level` of `days` is, in words."""
    if market_data.benchmark is None:
        return "The mean name"
    return "The demo index" if market_data.origin.demo else "SPY"


def typical(prepared: PreparedData, settings: Settings) -> str:
    """A name to look at: of those in the universe as often as any, the one whose count of oversold sessions is the median."""
    often = prepared.eligible.sum(axis=0)
    whole = np.flatnonzero(often == often.max())
    with np.errstate(invalid="ignore"):
        count = (prepared.features[:, whole, QPI] < settings.strategy.qpi_low).sum(axis=0)
    middle = int(whole[np.argsort(count, kind="stable")[len(whole) // 2]])
    return str(prepared.market_data.bars.symbols[middle])


def name_days(prepared: PreparedData, symbol: str) -> pd.DataFrame:
    """A row a session of one name: date, close (on the last split scale), qpi."""
    market_data = prepared.market_data
    column = market_data.bars.symbols.index(symbol)
    scale = split_scale(market_data.actions, market_data.bars.shape)
    close = market_data.bars.close[:, column] * (1.0 if scale is None else scale[-1, column] / scale[:, column])
    return pd.DataFrame({"date": pd.DatetimeIndex(market_data.bars.sessions), "close": close, "qpi": prepared.features[:, column, QPI]})


def labelled(prepared: PreparedData, settings: Settings) -> TrainingRows:
    """Every row that can be learned from: in the universe, all features known, label known."""
    return gather(prepared.market_data, prepared.eligible, prepared.features, settings.training)


def sample(rows: TrainingRows, most: int = 20_000) -> pd.DataFrame:
    """The features of at most `most` rows, evenly taken in time."""
    return pd.DataFrame(rows.thinned(most).features.astype(np.float64), columns=list(FEATURES))


def by_qpi(rows: TrainingRows, seed: int) -> pd.DataFrame:
    """The label by bucket of QPI: low, high, rows, mean, band_low, band_high, naive (fractions), and everyone (the mean of all rows).

    The band holds 95 % of the means of resampled sessions, taken in blocks of 20 on average: labels of one day, and of the next five,
    are not independent. `naive` is the half-width that independent rows would give.
    """
    qpi = rows.features[:, QPI]
    bucket = np.clip(np.searchsorted(EDGES, qpi, side="right") - 1, 0, len(EDGES) - 2)
    day = np.unique(rows.session, return_inverse=True)[1]
    shape = (int(day.max()) + 1, len(EDGES) - 1)
    place = day * shape[1] + bucket
    count = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    total = np.bincount(place, weights=rows.forward, minlength=shape[0] * shape[1]).reshape(shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = [total[at].sum(axis=0) / count[at].sum(axis=0) for at in block_rows(shape[0], DRAWS, BLOCK, np.random.default_rng(seed))]
    low, high = np.nanquantile(np.array(drawn), [0.025, 0.975], axis=0)
    spread = [float(rows.forward[bucket == k].std(ddof=1)) if count[:, k].sum() > 1 else np.nan for k in range(shape[1])]
    table = pd.DataFrame({"low": EDGES[:-1], "high": EDGES[1:], "rows": count.sum(axis=0), "mean": total.sum(axis=0) / count.sum(axis=0)})
    naive = 1.96 * np.array(spread) / np.sqrt(count.sum(axis=0))
    return table.assign(band_low=low, band_high=high, naive=naive, everyone=float(rows.forward.mean()))


def examine(prepared: PreparedData, trained: Trained, settings: Settings) -> Exam:
    """What the trained pair says about the newest rows."""
    newer = split_by_time(labelled(prepared, settings), settings.training)[1]
    return Exam(newer, *trained.models.probabilities(newer.features), pd.DatetimeIndex(prepared.market_data.bars.sessions))


def judged(evaluation: Evaluation, settings: Settings) -> pd.DataFrame:
    """The judgement of both models against the gates, in words."""
    gate = {"AUC": 0.60, "accuracy": 0.60}
    table = {side: _told(one, settings.training.threshold) for side, one in (("long", evaluation.long), ("short", evaluation.short))}
    worst = {
        "AUC": min(evaluation.long.auc or 0.0, evaluation.short.auc or 0.0),
        "accuracy": min(evaluation.long.accuracy or 0.0, evaluation.short.accuracy or 0.0),
    }
    frame = pd.DataFrame(table)
    frame["gate"] = [
        f"> {gate[name]:.2f}: {'PASS' if worst[name] > gate[name] else 'FAIL'}" if name in gate else "" for name in frame.index
    ]
    return frame


def parts(evaluation: Evaluation) -> pd.DataFrame:
    """What the models learned from and what they were judged on."""
    told = {
        "trained on": (evaluation.train_first, evaluation.train_last, f"{evaluation.train_rows:,}"),
        "judged on": (evaluation.test_first, evaluation.test_last, f"{evaluation.test_rows:,}"),
    }
    return pd.DataFrame(told.values(), index=pd.Index(told.keys()), columns=["first session", "last session", "rows"])


def kept(models: Models) -> pd.DataFrame:
    """The files of a saved pair and the beginning of each one's SHA-256, as its card vouches for them."""
    return pd.DataFrame({"SHA-256": {name: f"{digest[:16]}…" for name, digest in sorted(models.card.files.items())}})


def importance(evaluation: Evaluation) -> pd.DataFrame:
    """AUC lost by each feature: side, feature, auc_lost, spread."""
    told = importance_of(dataclasses.asdict(evaluation))
    return pd.DataFrame(columns=["side", "feature", "auc_lost", "spread"]) if told is None else told


def reliability(evaluation: Evaluation) -> pd.DataFrame:
    """What share came true by tenths of probability: side, probability, came_true, rows."""
    return reliability_of(evaluation.long, evaluation.short)


def roc(exam: Exam) -> pd.DataFrame:
    """The ROC curve of each side, at most 400 points: side, false_rate, true_rate, from (0, 0) to (1, 1)."""
    curves = []
    for side, came_true, said in exam.sides():
        order = np.argsort(-said, kind="stable")
        last = np.append(np.flatnonzero(np.diff(said[order])), len(order) - 1)  # rows of equal probability are one point
        right = np.concatenate([[0], np.cumsum(came_true[order])[last]])
        wrong = np.concatenate([[0], last + 1]) - right
        picked = np.unique(np.linspace(0, len(right) - 1, POINTS).astype(np.int64))
        rates = {"false_rate": wrong[picked] / max(wrong[-1], 1), "true_rate": right[picked] / max(right[-1], 1)}
        curves.append(pd.DataFrame({"side": side, **rates}))
    return pd.concat(curves, ignore_index=True)


def auc_by_month(exam: Exam) -> pd.DataFrame:
    """Mean AUC within the days of each month: side, period, auc, error (standard error, days taken as independent)."""
    month = exam.dates[exam.rows.session].strftime("%Y-%m")
    told: list[dict[str, Any]] = []
    for one in month.unique():
        at = np.asarray(month == one)
        for side, came_true, said in exam.sides():
            daily = auc_by_day(came_true[at], said[at], exam.rows.session[at])
            if len(daily) > 1:
                told.append({"side": side, "period": one, "auc": daily.mean(), "error": daily.std(ddof=1) / np.sqrt(len(daily))})
    return pd.DataFrame(told, columns=["side", "period", "auc", "error"])


def quarters(report_data: ReportData) -> pd.DataFrame:
    """AUC of the walk-forward by quarter: side, period, auc, error."""
    found = report_data.quarters
    return pd.DataFrame(columns=["side", "period", "auc", "error"]) if found is None else found.rename(columns={"quarter": "period"})


def splits(evaluation: Evaluation) -> pd.DataFrame:
    """AUC by the split in time, and by a random split of the same rows: side, by_time, random."""
    pairs = zip(("long", "short"), (evaluation.long, evaluation.short), evaluation.random_split_auc, strict=True)
    return pd.DataFrame([{"side": side, "by_time": one.auc, "random": random} for side, one, random in pairs])


def fooled(evaluation: Evaluation, labels: pd.DataFrame, honest: ReportData, fixed: ReportData) -> pd.DataFrame:
    """Each way to a finer figure, what it would show, and what is so. `fixed`: one pair for the whole period, partly in-sample."""
    figures = summarise(honest).figures
    real, cheap = figures[honest.headline.profile], figures["lean"]
    seen = summarise(fixed).figures[fixed.headline.profile]
    best, without = _without_best_year(honest)
    low = {str(name): float(value) for name, value in zip(labels.columns, labels.to_numpy(np.float64)[0], strict=True)}
    growth, sharpe = _share(real["annual_return"].number()), _two(real["sharpe"].number())
    band, wide = f"{_two(real['sharpe_low'].number())} to {_two(real['sharpe_high'].number())}", (low["band_high"] - low["band_low"]) / 2
    told = (
        ("split the rows at random", "AUC, long", _three(evaluation.random_split_auc[0]), _three(evaluation.long.auc)),
        ("use one model for the whole period", "Sharpe", _two(seen["sharpe"].number()), sharpe),
        ("pay commission only", "annual return", _share(cheap["annual_return"].number()), growth),
        (f"keep {best}, the best year", "annual return", growth, _share(without)),
        ("take rows as independent", f"error of the mean, QPI < {low['high']:g}", f"± {_share(low['naive'])}", f"± {_share(wide)}"),
        ("name the Sharpe without its band", "Sharpe", sharpe, band),
    )
    return pd.DataFrame(told, columns=["what you could do", "figure", "it would show", "it is"]).set_index("what you could do")


def _without_best_year(report_data: ReportData) -> tuple[int, float]:
    """The best calendar year and the annual return of all the others; NaN where there is no other."""
    returns = returns_of(report_data.headline.daily, report_data.headline.cash)
    year = pd.DatetimeIndex(returns.index).year.to_numpy()
    best = max(sorted({int(one) for one in year}), key=lambda one: float((1 + returns[year == one]).prod()))
    return best, annual_return(returns[year != best].to_numpy())


def _told(one: Side, threshold: float) -> dict[str, str]:
    return {
        "AUC": _three(one.auc),
        "AUC by day": f"{_three(one.auc_by_day)} ± {_three(one.auc_by_day_error)}",
        "accuracy": _share(one.accuracy),
        "share that came true (a coin)": _share(one.base_rate),
        f"rows with P > {threshold:g}": f"{one.fired:,}",
        "those that came true": _share(one.precision),
        "signals: P and QPI both": f"{one.signals:,}",
        "signals that came true": _share(one.signal_precision),
        "signals, mean return open to open": _share(one.signal_tradable),
    }


def _level(market_data: MarketData) -> Values:
    """The benchmark, or the mean of all names' daily moves, from 1."""
    if market_data.benchmark is not None:
        known = pd.Series(market_data.benchmark).ffill().bfill()
        return np.asarray(known / known.iloc[0])
    close, scale = market_data.bars.printed("close"), split_scale(market_data.actions, market_data.bars.shape)
    moves = pd.DataFrame(close if scale is None else close / scale).pct_change(fill_method=None).mean(axis=1).fillna(0.0)
    return np.asarray((1 + moves).cumprod())


def _three(value: float | None) -> str:
    return shown(value, "three")


def _two(value: float | None) -> str:
    return shown(value, "ratio")


def _share(value: float | None) -> str:
    return shown(value, "fraction" if value is None or abs(value) >= 0.1 else "percent2")
