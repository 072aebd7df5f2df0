"""The demo market, drawn from a seed."""
