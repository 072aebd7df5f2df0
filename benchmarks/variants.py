"""Every named variant beside the rule as specified: forecasts walk-forward, realistic costs, one table in Markdown.

    python benchmarks/variants.py --store STORE --models-dir MODELS [--only NAME,NAME]

Variants of the rule share the shelf of the specified models; variants of the training keep their own under MODELS. Each row is a trial
in the ledger beside the store, as `springback backtest --set ...` would write it. Without a store: the demo market, in a folder of its own.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from springback import settings
from springback.analytics.figures import shown
from springback.analytics.performance import account_figures
from springback.analytics.trades import trade_figures
from springback.backtest.result import Result, daily_frame, trades_frame
from springback.market.forecasts import Forecasts
from springback.quality import entry
from springback.statistics.returns import account_excess
from springback.statistics.significance import sharpe_error
from springback.workflow import record
from springback.workflow.backtests import run_backtest
from springback.workflow.models import forecast_walk_forward
from springback.workflow.prepare import PreparedData, prepare_world
from springback.workflow.recorder import Recorder
from springback.workflow.report import judgement
from springback.workflow.settings import Settings
from springback.workflow.sources import draw_demo, open_store

ANCESTOR = ("strategy.indicator=return_percentile", "strategy.exit_rule=above_yesterday_high", "strategy.trend=sma200")
RULE: dict[str, tuple[str, ...]] = {
    "as specified": (),
    "no stop": ("strategy.stop_mode=none",),
    "stop inside the day": ("strategy.stop_mode=intraday",),
    "exit above yesterday's high": ("strategy.exit_rule=above_yesterday_high",),
    "with the trend": ("strategy.trend=sma200",),
    "cool-down": ("strategy.cool_down=6",),
    "regime over the book": ("regime.scope=book",),
    "return percentile for QPI": ("strategy.indicator=return_percentile",),
}
TRAINING: dict[str, tuple[str, ...]] = {
    "trained on events": ("training.rows=events",),
    "calibrated scores": ("training.scores=calibrated",),
    "target beyond the market": ("training.target=residual_market",),
    "target beyond the sector": ("training.target=residual_sector",),
}
VARIANTS = {**RULE, **TRAINING, "the ancestor": (*ANCESTOR, "training.rows=events")}
HEAD = (
    "variant",
    "--set",
    "AUC (by day)",
    "rows with P > 0.60",
    "of them signals",
    "annual return",
    "Sharpe (95 %)",
    "drawdown",
    "win rate",
    "trades",
    "turnover a year",
)


def shelf_of(models: Path, given: tuple[str, ...]) -> Path:
    """Where the models of these settings stand: those of another training beside the specified ones."""
    taught = [one.partition("=")[2] for one in given if one.startswith("training.")]
    return models.joinpath("-".join(taught)) if taught else models


def row(name: str, given: tuple[str, ...], scores: Mapping[str, Any], result: Result, rate: "pd.Series[float] | None") -> str:
    """One line of the table."""
    said = account_figures(daily_frame(result), result.cash, rate, None, 1) | trade_figures(trades_frame(result))
    own = {key: shown(one.value, one.unit) for key, one in said.items()}
    by_day = np.mean([scores["long_auc_by_day"], scores["short_auc_by_day"]])
    cells = (
        *(name, "<br>".join(f"`{one}`" for one in given) or "–", f"{scores['auc']:.3f} ({by_day:.3f})"),
        *(f"{scores[f'long_{kind}'] + scores[f'short_{kind}']:,}" for kind in ("fired", "signals")),
        *(own["annual_return"], f"{own['sharpe']} ({own['sharpe_low']} to {own['sharpe_high']})", own["max_drawdown"], own["win_rate"]),
        *(own["trades"], own["annual_turnover"]),
    )
    return f"| {' | '.join(cells)} |"


def compare(made: PreparedData, store: Path, models: Path, only: list[str]) -> None:
    """Prints the table row by row, and what the ledger says of the search."""
    market_data, known = made.market_data, dict[tuple[str, ...], tuple[Forecasts, Mapping[str, Any]]]()
    rate = None if market_data.risk_free is None else pd.Series(market_data.risk_free, index=pd.DatetimeIndex(market_data.bars.sessions))
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    for name in only:
        given = VARIANTS[name]
        chosen = settings.load(Settings, [], given)
        lesson = tuple(one for one in given if one.startswith("training.") or "indicator" in one)
        if lesson not in known:
            said = forecast_walk_forward(made, chosen, shelf_of(models, given)).forecasts
            known = {lesson: (said, judgement(market_data, said, chosen)["scores"])}  # one at a time: they are large
        forecasts, scores = known[lesson]
        result = run_backtest(market_data, forecasts, chosen, Recorder(store, made.hash, " --set ".join(["variants", *given])))
        print(row(name, given, scores, result, rate), flush=True)
        search = record.standing(market_data, made.hash, result.sessions, store).search
    luck = search.luck(sharpe_error(account_excess(result, market_data)))
    print(
        f"\nTrials on this period in the ledger: {search.trials}, {search.independent:.1f} independent; the best of so many without skill "
        f"has a Sharpe ratio of {shown(luck, 'ratio')}; probability of overfitting {shown(search.overfitting, 'fraction')}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--models-dir", type=Path)
    parser.add_argument("--only", default=",".join(VARIANTS))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        store, models = asked.store or Path(place) / "store", asked.models_dir or Path(place) / "models"
        if asked.store is None:
            entry.fetch(draw_demo(Settings()), store)
        market_data, digest = open_store(store)
        compare(prepare_world(market_data, Settings(), digest), store, models, asked.only.split(","))


if __name__ == "__main__":
    main()
