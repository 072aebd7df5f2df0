"""The quality gate: is this market fit to learn from and to trade on, what is wrong with it, and which rows are left out."""
