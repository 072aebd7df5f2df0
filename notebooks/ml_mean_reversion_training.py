# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Training the models, and looking for what is wrong with them
#
# From bars to two models to a backtest, with the pictures that `springback run` does not draw. Every cell calls the package; change a
# setting and run it again.
#
# **Which data.** If a `store/` lies in the working folder (`springback fetch` writes it), its data are used. Otherwise a **demo market** is
# drawn: invented names with a *planted* reversal, so that there is something to find. What it shows is that the pipeline works. On
# [real prices](../docs/results.md) the AUC came out at 0.49, and at 0.50 by day: nothing.

# %%
import os
from pathlib import Path

import springback as sb
from springback.notebook import explore, market_plots, model_plots
from springback.workflow.settings import choose

os.chdir(explore.home())  # the folder that holds settings/, store/ and models/
settings = choose(file=None, sets=[])  # settings/default.toml; try sets=["demo.reversal=0"]
market_data, digest = explore.market(settings, Path("store"))
prepared = sb.prepare(market_data, settings, digest)
print(market_data.origin)
explore.facts(prepared)

# %% [markdown]
# ## The market

# %%
days = explore.days(prepared, settings)
market_plots.market(days, explore.yardstick(market_data))

# %% [markdown]
# ## The 3-day QPI
#
# The move of three sessions in units of its own volatility, less for heavy volume, held between 0 and 100. Low is oversold. Put any symbol
# here.

# %%
symbol = explore.typical(prepared, settings)
market_plots.one_name(explore.name_days(prepared, symbol), symbol, settings.strategy.qpi_low, settings.strategy.qpi_high)

# %% [markdown]
# Signals come in crowds. A sell-off makes most of the market "oversold" at once, and twenty slots are gone on the first day of it.

# %%
market_plots.firing(days, settings.strategy.qpi_low, settings.strategy.qpi_high)

# %% [markdown]
# ## The eight features

# %%
rows = explore.labelled(prepared, settings)
features = explore.sample(rows)
market_plots.distributions(features)

# %%
market_plots.correlation(features)

# %% [markdown]
# ## The label
#
# The return from today's close to the close six sessions later. The thin bars are the honest ones: labels of one day share the market's
# move, and labels of neighbouring days share five sessions of six.

# %%
labels = explore.by_qpi(rows, settings.training.seed)
market_plots.labels(labels, settings.training.horizon)

# %% [markdown]
# ## Training
#
# The oldest 80 % of the sessions teach two gradient-boosting models, P(up) and P(down); the newest 20 % judge them. Between the two lie the
# horizon and 20 sessions of embargo, so that no label reaches across.

# %%
trained = sb.train(prepared, settings)
evaluation = trained.evaluation
explore.parts(evaluation)

# %% [markdown]
# The gates ask for AUC and accuracy above 0.60 on both sides. A fail is a result, and it stays in the table.

# %%
explore.judged(evaluation, settings)

# %% [markdown]
# The pair goes to `models/`, with a card that says what it was trained on.

# %%
models = Path("models")
explore.kept(sb.keep(trained, models))

# %% [markdown]
# ## What the models look at

# %%
model_plots.importance(explore.importance(evaluation))

# %% [markdown]
# Features that repeat each other share their importance: shuffle one, and the other still knows.

# %% [markdown]
# ## How good they are on rows they never saw

# %%
exam = explore.examine(prepared, trained, settings)
model_plots.roc(explore.roc(exam), {"long": evaluation.long.auc, "short": evaluation.short.auc})

# %% [markdown]
# Within a day the market's move is the same for everyone, so AUC by day measures the ranking alone.

# %%
model_plots.auc_over_time(explore.auc_by_month(exam), "month", "Mean AUC within the days of a month.")

# %% [markdown]
# Does 60 % mean 60 %? And how often do the models say so?

# %%
model_plots.reliability(explore.reliability(evaluation), settings.training.threshold)

# %% [markdown]
# ## The split that flatters
#
# Draw the test rows at random instead of by time, and the same features look better. This is the commonest way to fool oneself here; on
# real prices it turns 0.49 into 0.62.

# %%
model_plots.splits(explore.splits(evaluation))

# %% [markdown]
# ## Walking forward
#
# One split is one sample. Here each quarter gets its own pair of models, trained on what was known before it. They are kept in
# `models/archive/`, so the second run is quick; a newer pair is used once it has won a contest with the champion.

# %%
walked = sb.forecast(prepared, settings, models)
how = "walk-forward, trained anew each quarter on what was known, a newer pair used once it proved better"
honest = sb.tell(market_data, walked.forecasts, settings, prepared.hash, how)
model_plots.auc_over_time(explore.quarters(honest), "quarter", "Each quarter by models that had not seen it.")

# %% [markdown]
# ## The backtest
#
# Decided at the close, filled at the next open. The profile `lean` pays commission only; `realistic` adds spread, impact, borrow and
# interest.

# %%
print(sb.summary_of(honest))
model_plots.equity(honest)

# %%
model_plots.costs(honest.cost_sweep)

# %% [markdown]
# ## What would fool you here
#
# Each line is a choice that looks harmless and what it does to a figure. The second one asks the pair that was trained above, once, for the
# whole period, most of which it has seen.

# %%
seen, pair = sb.forecast_fixed(prepared, models, settings)
fixed = sb.tell(market_data, seen, settings, prepared.hash, "one fixed pair", sb.in_sample(pair, settings))
explore.fooled(evaluation, labels, honest, fixed)

# %% [markdown]
# And three that no table shows:
#
# - **The demo market.** Its edge was planted. A good figure above is a test passed, not a discovery.
# - **Trying again.** Change a setting until the Sharpe pleases, and the best of fifty skill-less trials will show more than 1.
# - **The threshold.** P > 0.6 fires because boosted scores are surer than they should be; look at the firing counts before the hit rate.
