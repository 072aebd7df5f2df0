"""How often `monitoring.promotion.judge` promotes a challenger: without an edge, with one, and asked once or each quarter.

    python benchmarks/promotion.py [RUNS]

Daily differences of the two models: Student's t with 5 degrees of freedom, each leaning on the one before (AR(1)); an edge is stated as the
annual Sharpe ratio of the difference. No edge: the share should be 2.5 %, the upper half of what a 95 % interval leaves out.
"""

import sys

import numpy as np
from scipy.signal import lfilter

from springback.monitoring.promotion import Contest, judge

LONGEST = 504
LOOKS = tuple(range(126, LONGEST + 1, 63))
DAYS = np.asarray(np.busday_offset("2020-01-01", np.arange(LONGEST), roll="forward"), dtype="datetime64[D]")
SEEN = np.datetime64("2019-12-31")


def differences(runs: int, lean: float, edge: float, seed: int = 1) -> np.ndarray:
    """(runs, LONGEST) with standard deviation 1 and a mean of `edge` / sqrt(252)."""
    shocks = np.random.default_rng(seed).standard_t(5, (runs, LONGEST + 100)) * np.sqrt(0.6 * (1 - lean**2))
    return np.asarray(lfilter([1.0], [1.0, -lean], shocks, axis=1)[:, 100:]) + edge / np.sqrt(252)


def promoted(many: np.ndarray, sessions: tuple[int, ...], contest: Contest) -> float:
    """Share of the contests in which any of the looks after `sessions` promotes."""
    still = np.zeros(LONGEST)
    return float(np.mean([any(judge(DAYS[:k], one[:k], still[:k], SEEN, contest).promoted for k in sessions) for one in many]))


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(f"{runs:,} contests each; per cent promoted")
    print("leaning  edge   120   252   504   asked 7 times, as planned   asked 7 times, one planned")
    for lean, edge in ((0.1, 0.0), (0.3, 0.0), (0.6, 0.0), (0.1, 0.5), (0.1, 1.0), (0.1, 2.0)):
        many = differences(runs, lean, edge)
        once = [promoted(many, (sessions,), Contest()) for sessions in (120, 252, 504)]
        often = [promoted(many, LOOKS, Contest(looks=looks)) for looks in (len(LOOKS), 1)]
        shown = "  ".join(f"{100 * one:4.1f}" for one in once)
        print(f"{lean:7.1f}  {edge:4.1f}  {shown}   {100 * often[0]:25.1f}   {100 * often[1]:26.1f}", flush=True)


if __name__ == "__main__":
    main()
