"""What if: the same rule and forecasts on named windows of the past, on shocks made up around what was held, and on resampled histories."""
