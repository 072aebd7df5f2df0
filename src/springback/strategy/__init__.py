"""The heart: regime, rule, decision. Pure, compiled where numba is installed, and the same lines in every host."""
