"""The embedded backtest: a compiled session loop over the rule and the fills."""
