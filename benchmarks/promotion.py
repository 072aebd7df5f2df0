"""How often a contest of champion and challenger is won: without an edge, with one, and by the bound alone.

    python benchmarks/promotion.py [RUNS]

Daily differences of the two models: Student's t with 5 degrees of freedom, each leaning on the one before (AR(1)); an edge is stated as the
annual Sharpe ratio of the difference. Without an edge a win is a false promotion, with one a loss is a missed promotion.
"""

import sys

import numpy as np
from scipy.signal import lfilter

from springback.statistics.contest import Retraining, verdict

RULES = Retraining()


def differences(runs: int, lean: float, edge: float, seed: int = 1) -> np.ndarray:
    """(runs, sessions) with standard deviation 1 and a mean of `edge` / sqrt(252)."""
    shocks = np.random.default_rng(seed).standard_t(5, (runs, RULES.sessions + 100)) * np.sqrt(0.6 * (1 - lean**2))
    return np.asarray(lfilter([1.0], [1.0, -lean], shocks, axis=1)[:, 100:]) + edge / np.sqrt(252)


def rates(many: np.ndarray) -> tuple[float, float, float]:
    """Share of the contests that were won, of those won by the bound before the end, and the mean sessions to a win (NaN: none)."""
    won = [found for one in many if (found := verdict(one, RULES)).state == "won"]
    early = sum(found.low is None for found in won)
    return len(won) / len(many), early / len(many), float(np.mean([found.sessions for found in won])) if won else float("nan")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    print(f"{runs:,} contests of {RULES.sessions} sessions each; {100 * RULES.level:g} % false promotions are asked for")
    print("leaning  edge   won %   asked %   ratio   by the bound %   missed %   sessions to a win")
    for lean, edge in ((0.1, 0.0), (0.3, 0.0), (0.6, 0.0), (0.1, 0.5), (0.1, 1.0), (0.1, 2.0), (0.1, 4.0)):
        won, early, sessions = rates(differences(runs, lean, edge))
        asked = "        -       -" if edge else f"{100 * RULES.level:9.1f}   {won / RULES.level:5.2f}"
        missed = f"{100 * (1 - won):8.1f}" if edge else "       -"
        print(f"{lean:7.1f}  {edge:4.1f}  {100 * won:6.1f} {asked}   {100 * early:14.2f}   {missed}   {sessions:17.0f}", flush=True)


if __name__ == "__main__":
    main()
