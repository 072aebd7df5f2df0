"""Is it still true: what live forecasts were worth once their labels are known."""
