"""Springback: machine-learning mean reversion on US equities, from raw bars to an honest report."""

__version__ = "0.1.0"
